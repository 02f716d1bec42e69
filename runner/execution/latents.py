"""Latents: what a job made of its rows for other jobs, kept beside its fit and read when one of them asks."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from io import BufferedReader
from pathlib import Path

import numpy as np

from runner.contract import Data
from runner.findings import ArtefactDamaged, JobFailed, Place
from runner.safety import atomic, canonical


def checked_latents(said: Mapping[str, np.ndarray], splits: Data) -> dict[str, np.ndarray]:
    """Return the latents a job gave as they are kept, or refuse them: as many numbers for each row of every split."""
    if not said:
        return {}
    due = {"train": splits.train.rows, "val": splits.val.rows, "test": splits.test.rows}
    missing = next((split for split in due if split not in said), None)
    if missing is not None:
        raise JobFailed(f"it returns no {missing} latents", fix="return those of train, val and test, or none at all")
    width = np.shape(said["train"])[-1] if np.ndim(said["train"]) else 0
    return {split: _checked(f"{split} latents", said[split], rows, width) for split, rows in due.items()}


def _checked(what: str, said: np.ndarray, rows: int, width: int) -> np.ndarray:
    values = np.asarray(said)
    if values.shape != (rows, width) or not width:
        raise JobFailed(f"{what} have shape {values.shape}, ({rows}, n) is due, with one n for all rows")
    if values.dtype.kind not in "fiu":
        raise JobFailed(f"{what} are {values.dtype}, real numbers are due")
    with np.errstate(over="ignore"):  # what does not fit becomes infinite
        stored = np.ascontiguousarray(values, dtype=np.float32)
    wrong = rows * width - int(np.isfinite(stored).sum())
    if wrong:
        raise JobFailed(f"{wrong} {what} are not finite")
    return stored


@dataclass(frozen=True)
class KeptLatents(Mapping[str, np.ndarray]):
    """Latents that lie in files beside a fit: each is read when it is asked for, and believed by its hash.

    Those of one split mean nothing beside those of another fit, so all are lost where one is.
    """

    stem: Path
    hashes: Mapping[str, str]  # split -> SHA-256 of its file

    @cached_property
    def whole(self) -> bool:
        """Tell whether every file was there and fitted its hash when this was asked first."""
        try:
            for split in self.hashes:
                with self._opened(split):
                    pass
        except (ArtefactDamaged, OSError):
            return False
        return True

    def __getitem__(self, split: str) -> np.ndarray:
        """Read the latents of a split."""
        with self._opened(split) as file:
            values: np.ndarray = np.load(file, allow_pickle=False)
        return values

    @contextmanager
    def _opened(self, split: str) -> Iterator[BufferedReader]:
        """Open the file of a split, if it fits its hash."""
        path = latents_file(self.stem, split)
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != self.hashes[split]:
                fix = "run the command again"
                raise ArtefactDamaged("changed while it was used", place=Place(path.name), fix=fix)
            file.seek(0)
            yield file

    def __iter__(self) -> Iterator[str]:
        """Name the splits."""
        return iter(self.hashes)

    def __len__(self) -> int:
        """Return how many splits there are: none, where a job makes no latents."""
        return len(self.hashes)


def keep_latents(stem: Path, latents: Mapping[str, np.ndarray]) -> KeptLatents:
    """Write latents, one file for each split, and return them as they lie there."""
    hashes = {}
    for split, values in latents.items():
        buffer = io.BytesIO()
        np.save(buffer, values, allow_pickle=False)
        atomic.replace(latents_file(stem, split), buffer.getvalue())
        hashes[split] = canonical.digest_bytes(buffer.getvalue(), 64)
    return KeptLatents(stem, hashes)


def latents_file(stem: Path, split: str) -> Path:
    """Return the file of a split's latents."""
    return stem.with_name(f"{stem.name}.{split}.npy")
