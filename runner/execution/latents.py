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

from runner.findings import ArtefactDamaged, Place
from runner.safety import atomic, canonical


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
