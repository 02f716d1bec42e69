"""Fits: what a run gave, and the cache that keeps it under the key of all it was computed from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.documents.metrics import BOUNDS
from runner.findings import ArtefactDamaged, JobFailed
from runner.plans.specs import JobRun
from runner.results import arrays
from runner.results.files import RECORDED, Result, load_json
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

    @property
    def by_row(self) -> dict[str, np.ndarray]:
        """Return what it holds for rows: predictions of each split, and bounds."""
        return {**self.predictions, **({BOUNDS: self.bounds} if self.bounds is not None else {})}

    @property
    def kept(self) -> dict[str, np.ndarray]:
        """Return all it holds of arrays, as the cache of fits calls them."""
        profiles = {f"{PROFILE}/{name}": values for name, values in self.profiles.items()}
        return {**self.by_row, **profiles, **({INPUTS: self.inputs} if self.inputs is not None else {})}

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

    def lock(self, key: str, waiting: Callable[[str], None]) -> AbstractContextManager[None]:
        """Hold a key, so that no two processes compute one fit; `waiting` hears who holds it before."""
        return atomic.lock(self.root / HIDDEN / "locks" / "fits" / key, waiting)

    def keep(self, key: str, fit: Fit) -> None:
        """Write the arrays first, then the note that vouches for them by hash."""
        note, packed = self._files(key)
        self.folder.mkdir(parents=True, exist_ok=True)
        atomic.replace(packed, arrays.pack(fit.kept))
        content = {"arrays": fit.digests, "cost": dict(fit.cost), "scalars": dict(fit.scalars)}
        atomic.replace(note, canonical.dumps({**content, "seal": canonical.digest(content)}).encode())

    def take(self, key: str) -> Fit | None:
        """Return a fit that is there and whole; a damaged one is only computed again."""
        if not self.holds(key):
            return None
        note, packed = self._files(key)
        try:
            stored, found = load_json(note, note.name), arrays.unpack(packed, packed.name)
            scalars = {name: float(value) for name, value in stored["scalars"].items()}
            fit = _unpacked(found, Fit(scalars=scalars, cost=dict(stored["cost"]), fresh=False))
            whole = stored.pop("seal") == canonical.digest(stored) and stored["arrays"] == fit.digests
        except (ArtefactDamaged, AttributeError, LookupError, TypeError, ValueError):
            return None
        return fit if whole else None

    def _files(self, key: str) -> tuple[Path, Path]:
        return self.folder / f"{key}.json", self.folder / f"{key}.npz"


def _unpacked(stored: arrays.Arrays, fit: Fit) -> Fit:
    """Return a fit with the arrays that the cache kept of it."""
    start = f"{PROFILE}/"
    profiles = {name.removeprefix(start): values for name, values in stored.items() if name.startswith(start)}
    other = {*(f"{start}{name}" for name in profiles), INPUTS, BOUNDS}
    predictions = {name: values for name, values in stored.items() if name not in other}
    inputs, bounds = stored.get(INPUTS), stored.get(BOUNDS)
    return replace(fit, predictions=predictions, profiles=profiles, inputs=inputs, bounds=bounds)
