"""Files in the published layout, small and written by pandas and h5py: what the tests of spectra read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest

from runner.findings import InputRefused

RANDOM = np.random.default_rng(10)
ROWS, WIDTH = 60, 6
FLUX = RANDOM.normal(0.5, 0.4, size=(ROWS, WIDTH)).astype(np.float32)
ERROR = RANDOM.uniform(0.1, 0.2, size=(ROWS, WIDTH)).astype(np.float32)
NOISY = RANDOM.normal(size=(ROWS, WIDTH)).astype(np.float32)
FRAME = pd.DataFrame(
    {
        "T_eff": RANDOM.uniform(3750, 6000, ROWS),
        "log_g": np.arange(ROWS) / 10,
        "M_H": np.float32(RANDOM.uniform(-2.5, 0.75, ROWS)),
        "mag": RANDOM.uniform(20.5, 22.5, ROWS),
        "id": np.arange(ROWS),
    }
)
ARRAYS = {"flux": FLUX, "error": ERROR}
LAYOUTS: dict[str, dict[str, Any]] = {
    "contiguous": {},
    "gzip": {"chunks": (7, 4), "compression": "gzip", "shuffle": True},
}


def store(
    path: Path, rows: slice = slice(None), arrays: Mapping[str, Any] = ARRAYS, layout: str = "contiguous", **frame: Any
) -> None:
    """Write some rows as the published sets have them; other arrays may take the place of ours."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = FRAME.drop(columns=frame.pop("without", []))[rows].reset_index(drop=True)
    content.to_hdf(path, key="dataset/params", mode="w", **frame)
    with h5py.File(path, "a") as file:
        for name, array in arrays.items():
            file.create_dataset(f"dataset/arrays/{name}/value", data=array[rows], **LAYOUTS[layout])


def changed(array: np.ndarray, *places: tuple[int, int], to: float = np.nan) -> np.ndarray:
    """An array with other values in some places."""
    out = array.copy()
    for row, pixel in places:
        out[row, pixel] = to
    return out


def refusal(act: Callable[[], Any]) -> str:
    """What is said when something is refused."""
    with pytest.raises(InputRefused) as caught:
        act()
    return str(caught.value)
