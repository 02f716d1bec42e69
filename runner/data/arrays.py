"""Any table of numbers: inputs, their noise and their labels from one npz file.

The file holds `X` [rows, width], optionally `sigma` of the same shape (the noise of one measurement) and `positions`
[width] (where the inputs stand along an axis of their own), and any number of label columns [rows]. Training rows are
taken from the top, test rows are the last ones and validation rows those before them. Other arrays in the file are
left alone; nothing is ever unpickled.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from runner.contract import Origin, Split
from runner.findings import InputRefused
from runner.numerics.npz import load_numbers
from runner.numerics.observation import Asked, Observed, noise_of
from runner.numerics.origins import RowsOrigin
from runner.safety.paths import inside

VERSION = 1
FILES = ("path",)
SHARED = "X"
AXES = {"noise": ()}  # axis -> the label columns that follow it

POSITIONS = "positions"
LARGEST = 16 * 2**30  # bytes one file may unpack to


@dataclass(frozen=True)
class Params:
    """What a protocol's `data:` may set."""

    # the npz file, relative to `logg/`
    path: str
    # rows of the validation split
    val: int
    # rows of the test split
    test: int
    # label column -> unit; columns left out have no unit
    columns: dict[str, str] | None = None


def open_source(options: Mapping[str, Any], folder: Path) -> Arrays:
    """Open the file that `options` name below `folder`."""
    params = Params(**options)
    path = inside(folder, params.path, "data.path")
    if path.suffix in {".h5", ".hdf5"}:
        raise InputRefused(
            f"{params.path}: HDF5 is another source", fix="write `source: hdf5`, or numpy.savez the arrays"
        )
    return Arrays(params, load_numbers(path, params.path, LARGEST))


class Arrays:
    """A source whose rows are held in memory as they were stored."""

    def __init__(self, params: Params, arrays: Mapping[str, np.ndarray]) -> None:
        """Check that the arrays fit each other, the splits the rows and the units the columns."""
        self.path = params.path
        self.x = _inputs(arrays, self.path)
        self.sigma = _sigma(arrays, self.x.shape, self.path)
        self.positions = _positions(arrays, self.x.shape[1], self.path)
        self.targets = _columns(arrays, len(self.x), self.path)
        self.ranges = _ranges(len(self.x), params)
        units = params.columns or {}
        for name in units:
            self._column(name)
        self.columns: Mapping[str, str] = {name: units.get(name, "") for name in self.targets}

    def size(self, split: str) -> int:
        """Return how many rows the split can offer."""
        return len(self.ranges[split])

    def labels(self, split: str, rows: int, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
        """Return the label columns of the first `rows` rows of a split, all or those named: float64."""
        part = self._part(split, rows)
        return {name: self._column(name)[part].copy() for name in (self.targets if names is None else names)}

    def split(
        self, name: str, rows: int, *, target: str, axes: Mapping[str, float], seed: int, device: str, draw: int = 0
    ) -> Split:
        """Return the first `rows` rows of a split as a job may see them."""
        part, noise = self._part(name, rows), noise_of(axes, AXES, "arrays")
        sigma = None if self.sigma is None else self.sigma[part]
        y = self._column(target)[part]
        asked = Asked(self, name, rows, target, axes, seed, device, draw)
        seen = Observed(self.x[part], sigma, y, split=name, noise=noise, seed=seed, device=device, asked=asked)
        seen.positions = self.positions
        return seen

    def origin(self, train: Split, test: Split) -> Origin:
        """Return what stands behind these rows: the same without noise."""
        return RowsOrigin(cast("Observed", train), cast("Observed", test))

    def _part(self, split: str, rows: int) -> slice:
        """Return where the first `rows` rows of a split stand in the file."""
        offered = self.ranges[split]
        if not 0 <= rows <= len(offered):
            raise InputRefused(f"{rows} {split} rows were asked for; {self.path} has {self._tally()}")
        return slice(offered.start, offered.start + rows)

    def _tally(self) -> str:
        """Say how the rows of the file are shared out."""
        shares = ", ".join(f"{len(rows)} {name}" for name, rows in self.ranges.items())
        return f"{len(self.x)} rows: {shares}"

    def _column(self, name: str) -> np.ndarray:
        """Return one label column, or name those there are."""
        if name not in self.targets:
            there = ", ".join(sorted(self.targets)) or "none"
            raise InputRefused(f"{self.path} has no label column `{name}`; it has {there}")
        return self.targets[name]


def _ranges(rows: int, params: Params) -> dict[str, range]:
    """Share the rows out: training from the top, then validation, test last."""
    train = rows - params.val - params.test
    if params.val < 0 or params.test < 0 or train < 0:
        counts = f"val {params.val} + test {params.test}"
        raise InputRefused(f"{params.path} has {rows} rows, which cannot give {counts}")
    middle = train + params.val
    return {"train": range(train), "val": range(train, middle), "test": range(middle, rows)}


def _inputs(arrays: Mapping[str, np.ndarray], path: str) -> np.ndarray:
    """Return X, of rows and columns."""
    if "X" not in arrays:
        there = ", ".join(sorted(arrays)) or "nothing"
        raise InputRefused(f"{path} has no array `X`; it has {there}")
    x = arrays["X"]
    if x.ndim != 2 or not x.size:  # noqa: PLR2004 - rows and columns
        raise InputRefused(f"{path}: `X` must have rows and columns; its shape is {x.shape}")
    return _finite(_single(x), "X", path)


def _sigma(arrays: Mapping[str, np.ndarray], shape: tuple[int, ...], path: str) -> np.ndarray | None:
    """Return the noise of one measurement, where the file has it."""
    if "sigma" not in arrays:
        return None
    sigma = arrays["sigma"]
    if sigma.shape != shape:
        raise InputRefused(f"{path}: `sigma` has shape {sigma.shape} and `X` has {shape}")
    if sigma.min() < 0:
        raise InputRefused(f"{path}: `sigma` must not be negative; its smallest value is {sigma.min():g}")
    return _finite(_single(sigma), "sigma", path)


def _columns(arrays: Mapping[str, np.ndarray], rows: int, path: str) -> dict[str, np.ndarray]:
    """Return the arrays with one number per row: float64."""
    return {
        name: _finite(array.astype(np.float64), name, path)
        for name, array in arrays.items()
        if array.shape == (rows,) and name != POSITIONS
    }


def _positions(arrays: Mapping[str, np.ndarray], width: int, path: str) -> np.ndarray | None:
    """Return where the inputs stand, where the file says it: float64."""
    if POSITIONS not in arrays:
        return None
    positions = arrays[POSITIONS].astype(np.float64)
    if positions.shape != (width,):
        raise InputRefused(f"{path}: `{POSITIONS}` has shape {positions.shape} and `X` has {width} columns")
    return _finite(positions, POSITIONS, path)


def _single(array: np.ndarray) -> np.ndarray:
    """Return the array as jobs will see it: half and single precision stay, all else becomes single."""
    if array.dtype in {np.dtype(np.float16), np.dtype(np.float32)}:
        return array
    with np.errstate(over="ignore"):  # what overflows is found by the test for finite numbers
        return array.astype(np.float32)


def _finite(array: np.ndarray, name: str, path: str) -> np.ndarray:
    """Return the array, refusing one with a hole."""
    holes = ~np.isfinite(array)
    if holes.any():
        row = int(np.argwhere(holes)[0][0])
        raise InputRefused(f"{path}: `{name}` is not finite in {holes.sum()} places, first in row {row}")
    return array
