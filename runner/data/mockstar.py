"""Synthetic stars: a synthetic LTE stand-in for BOSZ seen through PFS. It is not BOSZ; nothing is downloaded.

4096 pixels from 7100 to 8850 Angstrom, five labels, flux relative to its median (which is near 0.5), noise
from magnitude and seeing. Every row is made when it is asked for, as a function of the seed, the split and
its number alone:

    labels    teff ~ U, logg ~ U, mh, am, cm ~ Beta(1.25, 1.25) on their ranges (`continuous`), or, as the
              published sets have them (`grid`), all ~ U, four of the five snapped to the nearest BOSZ node
              and one, drawn for each row, left as it is; with `nodes` the test rows are all nodes of BOSZ
              in the box, each once, cm fastest, and the other splits are `continuous`
    mag       ~ U, and a factor on the signal-to-noise ratio for seeing and airmass, ln ~ N(0.12, 0.15);
              the factor of a node is 1
    inputs    max(f(labels), 0) + noise * sigma(f, mag, factor) * z

The column `snr_med` is the median over the pixels of flux over sigma at noise 1. The split `train` has no end.
As an axis, `mag` puts all stars at one magnitude; the columns `mag` and `snr_med` know nothing of it. Where the
numbers come from: `DATA_SOURCES.md`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import torch

from runner.contract import Origin, Split
from runner.counter import hashed, key_of, top
from runner.findings import InputRefused, JobFailed
from runner.numerics import emulator, instrument
from runner.numerics.beta import beta_quantile
from runner.numerics.hdf5_layout import Batch
from runner.numerics.observation import Asked, View, noise_of
from runner.numerics.origins import RowsOrigin, place_of
from runner.numerics.snr import median_snr
from runner.numerics.star_law import FACTOR_MEAN, FACTOR_STD, HIGH, LOW, NODES, STEP, StarLaw

VERSION = 1
COLUMNS = {
    "teff": "K", "logg": "dex", "mh": "dex", "am": "dex", "cm": "dex", "mag": "mag", "snr_med": "",
}  # fmt: skip
INPUTS = "wavelength (Å)"
AXES = {"noise": (), "mag": ("mag", "snr_med")}  # axis -> the label columns that follow it
GRIDS = {"labels": {"nodes": 30_240}}  # option -> its value -> rows of the regular grid that the test split then is

BLOCK = {"cpu": 256}  # rows synthesised together; always the same ones, because BLAS rounds by shape
LARGE_BLOCK = 1024

MAG, SPREAD, ANGLE, FREE = 5, 6, 7, 8  # which uniform number of a row is for what, after the five labels


@dataclass(frozen=True)
class Params:
    """What a protocol's `data:` may set."""

    # rows of the validation split
    val: int
    # rows of the test split
    test: int
    # `continuous`, `grid` for the published mixture of grid nodes, or `nodes` for all of them, once, as test rows
    labels: Literal["continuous", "grid", "nodes"] = "continuous"
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
        nodes = GRIDS["labels"].get(params.labels)
        if nodes not in {None, params.test}:
            raise InputRefused(f"there are {nodes} nodes, not {params.test}", fix="write `rows: {test: grid}`")
        emulator.load()

    def size(self, split: str) -> int:
        """Return how many rows the split can offer."""
        return {"train": sys.maxsize, "val": self.params.val, "test": self.params.test}[split]

    def labels(self, split: str, rows: int, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
        """Return the label columns of the first `rows` rows of a split, all or those named: float64."""
        self._check(split, rows)
        return {name: self.column(name, split, range(rows)) for name in (COLUMNS if names is None else names)}

    def split(
        self, name: str, rows: int, *, target: str, axes: Mapping[str, float], seed: int, device: str, draw: int = 0
    ) -> Split:
        """Return the first `rows` rows of a split as a job may see them."""
        self._check(name, rows)
        noise = noise_of(axes, AXES, "mockstar")
        _check_target(target, axes)
        asked = Asked(self, name, rows, target, axes, seed, device, draw)
        return _Spectra(self, asked, noise=noise)

    def origin(self, train: Split, test: Split) -> Origin:
        """Return what stands behind these rows."""
        return _Behind(cast("_Spectra", train), cast("_Spectra", test))

    def law(self, axes: Mapping[str, float], device: str) -> StarLaw:
        """Return how the test rows are made that are seen at these axes."""
        mags = self.params.mag if "mag" not in axes else (axes["mag"],)
        return StarLaw((min(mags), max(mags)), noise_of(axes, AXES, "mockstar"), device, self.params.labels)

    def export(self, path: Path, split: str, rows: int, *, noisy: bool) -> None:
        """Write the first rows of a split in the layout that `hdf5` reads, with their noise drawn if `noisy`."""
        from runner.numerics.hdf5_writer import write_layout  # it needs h5py, which making rows does not

        columns = {**self.labels(split, rows), "redshift": np.zeros(rows)}
        write_layout(path, self._stored(split, rows, noisy=noisy), columns, emulator.wavelengths())

    def _stored(self, split: str, rows: int, *, noisy: bool) -> Iterator[Batch]:
        """Yield rows as they are stored, block by block."""
        size, axes = BLOCK["cpu"], {"noise": 1.0}
        seen = self.split(split, rows, target="logg", axes=axes, seed=self.params.seed, device="cpu").inputs(size)
        for first in range(0, rows, size):
            whole = self._measured(split, range(first, first + size), torch.float32)
            flux, error = (array[: rows - first].numpy() for array in whole)
            yield Batch(flux, error, next(seen).numpy() if noisy else None)

    def column(self, name: str, split: str, rows: range) -> np.ndarray:
        """Return one label column of some rows of a split; only `snr_med` needs their pixels."""
        if name == "snr_med":
            return self._snr(split, rows)
        stars = self.draw(split, rows)
        return stars.mag if name == "mag" else stars.labels[:, emulator.LABELS.index(name)]

    def draw(self, split: str, rows: range, mag: float | None = None) -> Stars:
        """Draw the stars of some rows of a split, all at one magnitude where one is given."""
        u = self._uniforms(split, rows)
        nearest, farthest = min(self.params.mag), max(self.params.mag)
        mags = nearest + (farthest - nearest) * u[:, MAG] if mag is None else np.full(len(rows), mag)
        if self.params.labels == "nodes" and split == "test":
            return Stars(_nodes(rows), mags, np.ones(len(rows)))
        labels = _grid(u) if self.params.labels == "grid" else _continuous(u)
        z = np.sqrt(-2 * np.log(u[:, SPREAD])) * np.cos(2 * np.pi * u[:, ANGLE])
        return Stars(labels, mags, np.exp(FACTOR_MEAN + FACTOR_STD * z))

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
        return median_snr(*self._measured(split, rows, torch.float64)).numpy()

    def _measured(self, split: str, rows: range, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the flux and the noise of the rows of one block."""
        stars = self.draw(split, rows)
        clean = emulator.clean(stars.labels, dtype=dtype).clamp_(min=0)
        return clean, instrument.sigma(clean, torch.from_numpy(stars.mag), torch.from_numpy(stars.factor))

    def _check(self, split: str, rows: int) -> None:
        """Refuse rows a split does not have."""
        if not 0 <= rows <= self.size(split):
            raise InputRefused(f"{rows} {split} rows were asked for; there are {self.size(split)}")


class _Spectra(View):
    """The rows of one split, synthesised block by block."""

    def __init__(self, source: Mockstar, asked: Asked, *, noise: float) -> None:
        """Prepare the emulator and the instrument on the device."""
        seen: Any = {"split": asked.split, "seed": asked.seed, "device": asked.device, "asked": asked}
        super().__init__(asked.rows, emulator.PIXELS, noise=noise, **seen)
        self._source, self._mag = source, asked.axes.get("mag")
        self.positions = emulator.wavelengths()
        self._emulator = emulator.load(self._device)
        self._instrument = instrument.load(self._device)
        self._size = BLOCK.get(torch.device(self._device).type, LARGE_BLOCK)
        self._flux = torch.empty(self._size, emulator.PIXELS, device=self._device)
        self._made: tuple[int, Stars] | None = None

    def column(self, name: str) -> np.ndarray:
        """Return a label column; one that follows an axis says nothing of rows that were put on it."""
        if any(name in AXES[axis] for axis in self.axes):
            raise JobFailed(f"the column `{name}` says nothing of rows that were all put at one magnitude")
        return super().column(name)

    def _clean(self, rows: range) -> torch.Tensor:
        """Return the flux of these rows."""
        first, _ = self._block(rows.start)
        return self._flux[rows.start - first : rows.stop - first]

    def _sigma(self, rows: range, clean: torch.Tensor) -> torch.Tensor:
        """Return the noise of these rows."""
        first, stars = self._block(rows.start)
        part = slice(rows.start - first, rows.stop - first)
        mag, factor = (torch.tensor(array[part], device=self._device) for array in (stars.mag, stars.factor))
        return self._instrument.sigma(clean, mag, factor)

    def _target(self, rows: range) -> np.ndarray:
        """Return the target of these rows."""
        return self._source.column(self._target_name, self._split, rows)

    @property
    def _law(self) -> StarLaw:
        """How these rows are made."""
        return self._source.law(self.axes, str(self._device))

    def _jacobian(self, rows: range, by: Sequence[int]) -> torch.Tensor:
        """Return how the clean inputs of these rows move with some labels: [n, by, 4096]."""
        return self._emulator.jacobian(self._source.draw(self._split, rows, self._mag).labels, by)

    def _block(self, row: int) -> tuple[int, Stars]:
        """Make the flux of the block of rows that holds this one; return where it starts and its stars."""
        first = row - row % self._size
        if self._made is None or self._made[0] != first:
            stars = self._source.draw(self._split, range(first, first + self._size), self._mag)
            self._emulator.clean(stars.labels, out=self._flux).clamp_(min=0)
            self._made = first, stars
        return self._made


class _Behind(RowsOrigin):
    """What stands behind the rows: the law is known, and so is every derivative."""

    def __init__(self, train: _Spectra, test: _Spectra) -> None:
        """Take the rows to learn from and those to ask about."""
        super().__init__(train, test)
        self._stars = test

    @property
    def law(self) -> StarLaw:
        """How the test rows are made."""
        return self._stars._law  # noqa: SLF001 - see RowsOrigin

    def sensitivities(self, labels: Sequence[str], size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield for the test rows how their clean inputs move with labels, and their sigma."""
        self.truth = True
        places = [place_of(label, emulator.LABELS) for label in labels]
        done = 0
        for _, sigma, _ in self._unveiled(self._stars, size):
            rows = range(done, done + len(sigma))
            yield self._stars._jacobian(rows, places), sigma  # noqa: SLF001 - see RowsOrigin
            done = rows.stop


def _check_target(target: str, axes: Mapping[str, float]) -> None:
    """Refuse a target there is not, or not at these axes, and a magnitude that is none."""
    if target not in COLUMNS:
        raise InputRefused(f"mockstar has no label column `{target}`; it has {', '.join(COLUMNS)}")
    if any(target in AXES[axis] for axis in axes):
        raise InputRefused(f"the target `{target}` follows the axis `mag`, so there is nothing to learn along it")
    if not math.isfinite(axes.get("mag", 0.0)):
        raise InputRefused(f"mag is {axes['mag']}; it must be a magnitude")


def _continuous(u: np.ndarray) -> np.ndarray:
    """Return teff and logg uniform in their ranges, the abundances denser in the middle: [n, 5]."""
    shares = np.concatenate([u[:, :2], beta_quantile(u[:, 2:5])], axis=1)
    return np.asarray(LOW + (HIGH - LOW) * shares)


def _grid(u: np.ndarray) -> np.ndarray:
    """Return all five uniform in their ranges, then all but one snapped to the nearest node: [n, 5]."""
    labels = LOW + (HIGH - LOW) * u[:, :5]
    free = np.floor(5 * u[:, FREE])[:, None] == np.arange(5)
    return np.asarray(np.where(free, labels, LOW + STEP * np.rint((labels - LOW) / STEP)))


def _nodes(rows: range) -> np.ndarray:
    """Return the nodes with these numbers, the last label fastest: [n, 5]; numbers behind the last start again."""
    numbers = np.arange(rows.start, rows.stop) % math.prod(NODES)
    return np.asarray(LOW + STEP * np.stack(np.unravel_index(numbers, NODES), axis=1))
