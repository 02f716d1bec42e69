"""Synthetic stars: a synthetic LTE stand-in for BOSZ seen through PFS. It is not BOSZ; nothing is downloaded.

4096 pixels from 7100 to 8850 Angstrom, five labels, flux relative to its median (which is near 0.5), noise
from magnitude and seeing. Every row is made when it is asked for, as a function of the seed, the split and
its number alone:

    labels    teff ~ U, logg ~ U, mh, am, cm ~ Beta(1.25, 1.25) on their ranges (`continuous`), or, as the
              published sets have them (`grid`), all ~ U, four of the five snapped to the nearest BOSZ node
              and one, drawn for each row, left as it is
    mag       ~ U, and a factor on the signal-to-noise ratio for seeing and airmass, ln ~ N(0.12, 0.15)
    inputs    max(f(labels), 0) + noise * sigma(f, mag, factor) * z

The column `snr` is the median over the pixels of flux over sigma at noise 1. The split `train` has no end.
Where the numbers come from: `DATA_SOURCES.md`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from runner.contract import Split
from runner.counter import hashed, key_of, top
from runner.findings import InputRefused
from runner.numerics import emulator, instrument
from runner.numerics.beta import beta_quantile
from runner.numerics.observation import View
from runner.numerics.snr import median_snr

VERSION = 1
COLUMNS = {
    "teff": "K", "logg": "dex", "mh": "dex", "am": "dex", "cm": "dex", "mag": "mag", "snr": "",
}  # fmt: skip

BLOCK = {"cpu": 256}  # rows synthesised together; always the same ones, because BLAS rounds by shape
LARGE_BLOCK = 8192

LOW = np.array([3750, 1, -2.5, -0.25, -0.75])
HIGH = np.array([6000, 5, 0.75, 0.5, 0.5])
STEP = np.array([250, 0.5, 0.25, 0.25, 0.25])  # between the nodes of BOSZ
MAG, SPREAD, ANGLE, FREE = 5, 6, 7, 8  # which uniform number of a row is for what, after the five labels
FACTOR_MEAN, FACTOR_STD = 0.12, 0.15


@dataclass(frozen=True)
class Params:
    """What a protocol's `data:` may set."""

    # rows of the validation split
    val: int
    # rows of the test split
    test: int
    # `continuous`, or `grid` for the published mixture of grid nodes
    labels: Literal["continuous", "grid"] = "continuous"
    # faintest and brightest magnitude, in any order; one value fixes it
    mag: tuple[float, ...] = (20.5, 22.5)
    # of the draw of labels, magnitudes and seeing
    seed: int = 42


@dataclass(frozen=True, slots=True)
class Stars:
    """Drawn stars and how they are observed: float64."""

    labels: np.ndarray  # [n, 5]
    mag: np.ndarray  # [n]
    factor: np.ndarray  # [n], on the signal-to-noise ratio


def open_source(options: Mapping[str, Any], folder: Path) -> Mockstar:  # noqa: ARG001 - it needs no file of yours
    """Open the stand-in as `options` say."""
    return Mockstar(Params(**options))


class Mockstar:
    """A source whose rows are functions of their number."""

    columns: Mapping[str, str] = COLUMNS

    def __init__(self, params: Params) -> None:
        """Check the options and the tables the package ships with."""
        self.params = params
        if min(params.val, params.test) < 0:
            raise InputRefused(f"val {params.val} and test {params.test} must be 0 or more")
        if len(params.mag) not in {1, 2} or not np.isfinite(params.mag).all():
            raise InputRefused(f"mag is {list(params.mag)}; it must be one magnitude or two")
        emulator.load()

    def size(self, split: str) -> int:
        """Return how many rows the split can offer."""
        return {"train": sys.maxsize, "val": self.params.val, "test": self.params.test}[split]

    def labels(self, split: str, rows: int) -> dict[str, np.ndarray]:
        """Return the label columns of the first `rows` rows of a split: float64."""
        self._check(split, rows)
        return {name: self.column(name, split, range(rows)) for name in COLUMNS}

    def split(self, name: str, rows: int, *, target: str, noise: float, seed: int, device: str) -> Split:
        """Return the first `rows` rows of a split as a job may see them."""
        self._check(name, rows)
        if target not in COLUMNS:
            raise InputRefused(f"mockstar has no label column `{target}`; it has {', '.join(COLUMNS)}")
        return _Spectra(self, rows, target, split=name, noise=noise, seed=seed, device=device)

    def column(self, name: str, split: str, rows: range) -> np.ndarray:
        """Return one label column of some rows of a split; only `snr` needs their pixels."""
        if name == "snr":
            return self._snr(split, rows)
        stars = self.draw(split, rows)
        return stars.mag if name == "mag" else stars.labels[:, emulator.LABELS.index(name)]

    def draw(self, split: str, rows: range) -> Stars:
        """Draw the stars of some rows of a split."""
        u = self._uniforms(split, rows)
        nearest, farthest = min(self.params.mag), max(self.params.mag)
        z = np.sqrt(-2 * np.log(u[:, SPREAD])) * np.cos(2 * np.pi * u[:, ANGLE])
        labels = _continuous(u) if self.params.labels == "continuous" else _grid(u)
        return Stars(labels, nearest + (farthest - nearest) * u[:, MAG], np.exp(FACTOR_MEAN + FACTOR_STD * z))

    def _uniforms(self, split: str, rows: range) -> np.ndarray:
        """Return nine numbers in (0, 1) for every row: float64 [n, 9]."""
        key = key_of("mockstar", self.params.seed, split)
        words = hashed(key, np.arange(rows.start, rows.stop)[:, None], np.arange(FREE + 1)[None, :])
        return (top(words, 52) + 0.5) * 2.0**-52

    def _snr(self, split: str, rows: range) -> np.ndarray:
        """Return the median signal-to-noise ratio; in double, so that every machine files the same number."""
        size = BLOCK["cpu"]
        first = rows.start - rows.start % size
        blocks = [self._block_snr(split, range(start, start + size)) for start in range(first, rows.stop, size)]
        return np.concatenate([np.empty(0), *blocks])[rows.start - first : rows.stop - first]

    def _block_snr(self, split: str, rows: range) -> np.ndarray:
        """Return the median signal-to-noise ratio of the rows of one block."""
        stars = self.draw(split, rows)
        clean = emulator.clean(stars.labels, dtype=torch.float64).clamp_(min=0)
        sigma = instrument.sigma(clean, torch.from_numpy(stars.mag), torch.from_numpy(stars.factor))
        return median_snr(clean, sigma).numpy()

    def _check(self, split: str, rows: int) -> None:
        """Refuse rows a split does not have."""
        if not 0 <= rows <= self.size(split):
            raise InputRefused(f"{rows} {split} rows were asked for; there are {self.size(split)}")


class _Spectra(View):
    """The rows of one split, synthesised block by block."""

    def __init__(self, source: Mockstar, rows: int, target: str, **seen: Any) -> None:
        """Prepare the emulator and the instrument on the device."""
        super().__init__(rows, emulator.PIXELS, **seen)
        self._source, self._target_name = source, target
        self._emulator = emulator.load(self._device)
        self._instrument = instrument.load(self._device)
        self._size = BLOCK.get(torch.device(self._device).type, LARGE_BLOCK)
        self._made: tuple[int, torch.Tensor, Stars] | None = None

    def _clean(self, rows: range) -> torch.Tensor:
        """Return the flux of these rows."""
        first, flux, _ = self._block(rows.start)
        return flux[rows.start - first : rows.stop - first]

    def _sigma(self, rows: range, clean: torch.Tensor) -> torch.Tensor:
        """Return the noise of these rows."""
        first, _, stars = self._block(rows.start)
        part = slice(rows.start - first, rows.stop - first)
        mag, factor = (torch.tensor(array[part], device=self._device) for array in (stars.mag, stars.factor))
        return self._instrument.sigma(clean, mag, factor)

    def _target(self, rows: range) -> np.ndarray:
        """Return the target of these rows."""
        return self._source.column(self._target_name, self._split, rows)

    def _block(self, row: int) -> tuple[int, torch.Tensor, Stars]:
        """Return the block of rows that holds this one: where it starts, its flux and its stars."""
        first = row - row % self._size
        if self._made is None or self._made[0] != first:
            stars = self._source.draw(self._split, range(first, first + self._size))
            self._made = first, self._emulator.clean(stars.labels).clamp_(min=0), stars
        return self._made


def _continuous(u: np.ndarray) -> np.ndarray:
    """Return teff and logg uniform in their ranges, the abundances denser in the middle: [n, 5]."""
    shares = np.concatenate([u[:, :2], beta_quantile(u[:, 2:5])], axis=1)
    return np.asarray(LOW + (HIGH - LOW) * shares)


def _grid(u: np.ndarray) -> np.ndarray:
    """Return all five uniform in their ranges, then all but one snapped to the nearest node: [n, 5]."""
    labels = LOW + (HIGH - LOW) * u[:, :5]
    free = np.floor(5 * u[:, FREE])[:, None] == np.arange(5)
    return np.asarray(np.where(free, labels, LOW + STEP * np.rint((labels - LOW) / STEP)))
