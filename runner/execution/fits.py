"""Fits: what a run gave, and the cache that keeps it under the key of all it was computed from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.findings import ArtefactDamaged
from runner.plans.specs import JobRun
from runner.results import arrays
from runner.results.files import load_json
from runner.safety import atomic, canonical

HIDDEN = ".logg"  # beside `logg/`: what can be made again


@dataclass(frozen=True)
class Fit:
    """What one run gave: predictions rounded as they are stored, scalars by their own names, and what it cost."""

    predictions: arrays.Arrays = field(default_factory=dict)
    scalars: Mapping[str, float] = field(default_factory=dict)
    cost: Mapping[str, Any] = field(default_factory=dict)
    failed: str = ""
    fresh: bool = True
    recorded: str = ""  # the hash of the file it was recorded from, where it was made elsewhere


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
        atomic.replace(packed, arrays.pack(fit.predictions))
        content = {"arrays": arrays.digests(fit.predictions), "cost": dict(fit.cost), "scalars": dict(fit.scalars)}
        atomic.replace(note, canonical.dumps({**content, "seal": canonical.digest(content)}).encode())

    def take(self, key: str) -> Fit | None:
        """Return a fit that is there and whole; a damaged one is only computed again."""
        if not self.holds(key):
            return None
        note, packed = self._files(key)
        try:
            stored, predictions = load_json(note, note.name), arrays.unpack(packed, packed.name)
            scalars = {name: float(value) for name, value in stored["scalars"].items()}
            fit = Fit(predictions, scalars, dict(stored["cost"]), fresh=False)
            whole = stored.pop("seal") == canonical.digest(stored) and stored["arrays"] == arrays.digests(predictions)
        except (ArtefactDamaged, AttributeError, LookupError, TypeError, ValueError):
            return None
        return fit if whole else None

    def _files(self, key: str) -> tuple[Path, Path]:
        return self.folder / f"{key}.json", self.folder / f"{key}.npz"
