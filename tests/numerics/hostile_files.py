"""HDF5 files that h5py writes to order, and what is said when they are read the safe way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import pytest

from runner.findings import InputRefused
from runner.numerics.safe_hdf5 import SafeFile

if TYPE_CHECKING:
    import numpy as np


def written(folder: Path, write: Callable[[h5py.File], Any]) -> Path:
    """A file that `write` filled."""
    path = folder / "x.h5"
    with h5py.File(path, "w") as file:
        write(file)
    return path


def read(path: Path, name: str = "d", rank: int = 2) -> np.ndarray:
    """Read one dataset the safe way."""
    with SafeFile(path, path.name) as file:
        return file.dataset(name, rank)[:]


def refusal(folder: Path, write: Callable[[h5py.File], Any], name: str = "d", rank: int = 2) -> str:
    """What is said about a dataset of a file."""
    with pytest.raises(InputRefused) as caught:
        read(written(folder, write), name, rank)
    return str(caught.value)
