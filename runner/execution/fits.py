"""Fits: what a run gave, and the cache that keeps it under the key of all it was computed from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.documents.metrics import BOUNDS
from runner.execution.latents import KeptLatents, keep_latents
from runner.findings import ArtefactDamaged, JobFailed
from runner.plans.specs import JobRun
from runner.results import arrays
from runner.results.files import CURVE, RECORDED, Result, beside, load_json
from runner.results.store import INPUTS
from runner.safety import atomic, canonical

if TYPE_CHECKING:
    import numpy as np

HIDDEN = ".logg"  # beside `logg/`: what can be made again
PROFILE = "profile"


@dataclass(frozen=True)
class Fit:
    """What one run gave: predictions rounded as they are stored, scalars by their own names, and what it cost."""

    predictions: arrays.Arrays = field(default_factory=dict)
    scalars: Mapping[str, float] = field(default_factory=dict)
    cost: Mapping[str, Any] = field(default_factory=dict)
    failed: str = ""
    fresh: bool = True
    recorded: str = ""  # the hash of the file it was recorded from, where it was made elsewhere
    profiles: arrays.Arrays = field(default_factory=dict)  # one number per input, rounded as they are stored
    inputs: np.ndarray | None = None  # where the inputs of its profiles stand, as they are stored
    bounds: np.ndarray | None = None  # one per test row, rounded as they are stored
    curves: arrays.Arrays = field(default_factory=dict)  # one number per epoch, rounded as they are stored
    latents: arrays.Arrays | KeptLatents | None = None  # never filed: None where only a result is known
    strange: bool = False  # its latents are of another fit than all the rest

    @property
    def by_row(self) -> dict[str, np.ndarray]:
        """Return what it holds for rows: predictions of each split, and bounds."""
        return {**self.predictions, **({BOUNDS: self.bounds} if self.bounds is not None else {})}

    @property
    def beside(self) -> dict[str, np.ndarray]:
        """Return what it holds beside the rows, as it is filed: profiles and curves."""
        return beside(self.profiles, self.curves)

    @property
    def kept(self) -> dict[str, np.ndarray]:
        """Return all it holds of arrays, as the cache of fits calls them."""
        parts = {PROFILE: self.profiles, CURVE: self.curves}
        named = {f"{part}/{name}": values for part, held in parts.items() for name, values in held.items()}
        return {**self.by_row, **named, **({INPUTS: self.inputs} if self.inputs is not None else {})}

    @property
    def digests(self) -> dict[str, str]:
        """Return the hash of every array it holds."""
        return arrays.digests(self.kept)

    def predicted(self, split: str, name: str) -> np.ndarray:
        """Return its predictions of a split; a run without, such as one that only gives bounds, is refused by name."""
        if split not in self.predictions:
            lacks = f"has no predictions of the {split} rows" if self.predictions else "predicts nothing"
            raise JobFailed(f"`{name}` {lacks}", fix="name a job that predicts")
        return self.predictions[split]

    def represented(self, split: str, name: str) -> np.ndarray | None:
        """Return its latents of a split, None where they are not at hand; a run that makes none is refused by name."""
        if self.recorded:
            raise JobFailed(f"`{name}` was made elsewhere, nobody knows its latents", fix="name a job that is run here")
        if self.latents is not None and not self.latents:
            raise JobFailed(f"`{name}` makes no latents", fix="name a job that does")
        if self.latents is None or (isinstance(self.latents, KeptLatents) and not self.latents.whole):
            return None
        return self.latents[split]


def filed_fit(result: Result, name: str, stored: arrays.Arrays) -> Fit:
    """Return a run as it is filed, from the arrays of its experiment."""
    run = result.runs[name]
    return Fit(
        {split: stored[f"{name}/{split}"] for split in run.arrays if split != BOUNDS},
        result.scalars_of(name),
        recorded=run.fit if run.job == RECORDED else "",
        profiles={profile: stored[f"{name}/{profile}"] for profile in run.profiles},
        inputs=stored.get(INPUTS) if run.profiles else None,
        bounds=stored[f"{name}/{BOUNDS}"] if BOUNDS in run.arrays else None,
        curves={curve: stored[f"{name}/{CURVE}/{curve}"] for curve in run.curves},
    )


def key_of(run: JobRun) -> str:
    """Return the key a run's fit is kept under: of its training, and of the rows predicted, as no model is kept."""
    return f"{run.fit}-{run.asked}"


@dataclass(frozen=True)
class Cache:
    """The cache of fits of one knowledge base; nothing in it is believed that does not fit its hash."""

    root: Path

    @property
    def folder(self) -> Path:
        """Return the folder of the fits."""
        return self.root / HIDDEN / "cache" / "fits"

    def holds(self, key: str) -> bool:
        """Tell whether a fit is there, without reading it."""
        return all(file.is_file() for file in self._files(key))

    def lock(self, key: str, waiting: Callable[[str], None] | None = None) -> AbstractContextManager[None]:
        """Hold a key, so that no two processes compute one fit; `waiting` hears who holds it, or it is Busy."""
        return atomic.lock(self.root / HIDDEN / "locks" / "fits" / key, waiting)

    def keep(self, key: str, fit: Fit) -> Fit:
        """Write the arrays first, then the note that vouches for them by hash; from then on its latents are on disk."""
        note, packed = self._files(key)
        self.folder.mkdir(parents=True, exist_ok=True)
        latents = keep_latents(self.folder / key, fit.latents or {})
        atomic.replace(packed, arrays.pack(fit.kept))
        content = {"arrays": fit.digests, "cost": dict(fit.cost), "scalars": dict(fit.scalars)}
        content |= {"latents": dict(latents.hashes)}
        atomic.replace(note, canonical.dumps({**content, "seal": canonical.digest(content)}).encode())
        return replace(fit, latents=latents)

    def take(self, key: str) -> Fit | None:
        """Return a fit that is there and whole; a damaged one is only computed again."""
        if not self.holds(key):
            return None
        note, packed = self._files(key)
        try:
            stored, found = load_json(note, note.name), arrays.unpack(packed, packed.name)
            scalars = {name: float(value) for name, value in stored["scalars"].items()}
            latents = KeptLatents(self.folder / key, dict(stored.get("latents", {})))
            fit = _unpacked(found, Fit(scalars=scalars, cost=dict(stored["cost"]), fresh=False, latents=latents))
            whole = stored.pop("seal") == canonical.digest(stored) and stored["arrays"] == fit.digests
        except (ArtefactDamaged, AttributeError, LookupError, TypeError, ValueError):
            return None
        return fit if whole else None

    def _files(self, key: str) -> tuple[Path, Path]:
        return self.folder / f"{key}.json", self.folder / f"{key}.npz"


def _unpacked(stored: arrays.Arrays, fit: Fit) -> Fit:
    """Return a fit with the arrays that the cache kept of it."""
    predictions = {name: v for name, v in stored.items() if "/" not in name and name not in {INPUTS, BOUNDS}}
    profiles, curves = _part(stored, PROFILE), _part(stored, CURVE)
    inputs, bounds = stored.get(INPUTS), stored.get(BOUNDS)
    return replace(fit, predictions=predictions, profiles=profiles, inputs=inputs, bounds=bounds, curves=curves)


def _part(stored: arrays.Arrays, part: str) -> dict[str, np.ndarray]:
    """Return the arrays of one part by their own names."""
    start = f"{part}/"
    return {name.removeprefix(start): values for name, values in stored.items() if name.startswith(start)}
