"""The tables the synthetic stand-in ships with, believed only when their sha256 is the one pinned here."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from runner.findings import ArtefactDamaged
from runner.numerics.npz import load_numbers

if TYPE_CHECKING:
    import numpy as np

PATH = Path(__file__).parent.parent / "data" / "assets" / "mockstar_v1.npz"
SHA256 = "ce4ab36fe66e3c6252d5bb97244f8f6127eb4ec36b31250ebb32d0ba64858f06"
LARGEST = 1 << 23  # bytes the file may unpack to


@functools.cache
def tables() -> dict[str, np.ndarray]:
    """Return every table: the emulator's weights, basis and mean, the throughput and the background."""
    return read_tables(PATH, SHA256)


def read_tables(path: Path, sha256: str) -> dict[str, np.ndarray]:
    """Return the arrays of a file that has this sha256, or refuse it."""
    fix = "install the package again, or restore the file from version control"
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ArtefactDamaged(f"{path.name} cannot be read: {error.strerror or error}", fix=fix) from error
    if found != sha256:
        raise ArtefactDamaged(f"{path.name} is not the file that was shipped: its sha256 is {found[:12]}…", fix=fix)
    return load_numbers(path, path.name, LARGEST)
