"""Spectra in one or more HDF5 files, read a few rows at a time as if they were one set.

A file is looked at when the set is opened (names, shapes, sizes: no spectrum is read), and opened again when its
rows are due; one file is open at a time and no more rows are held than are asked for.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np

from runner.findings import InputRefused
from runner.numerics.hdf5_layout import PARAMS, WAVE
from runner.numerics.pandas_table import PandasTable
from runner.numerics.safe_hdf5 import SafeArray, SafeFile
from runner.safety.data_files import DataFile

SAME = 1e-6  # of a wavelength: what single precision leaves of it, a few times over


@dataclass(frozen=True, slots=True)
class Places:
    """Where in a file the arrays are; a set without `error` has no noise of its own."""

    flux: str
    error: str | None
    noisy: str | None


@dataclass(frozen=True, slots=True)
class Shard:
    """One file of a set, as far as it is known without its spectra."""

    file: DataFile
    rows: int
    width: int
    columns: frozenset[str]  # of the params, those that are numbers
    noisy: bool  # whether it has spectra with their noise
    wave: np.ndarray | None = field(compare=False)  # where its pixels stand, float64 [width], if it says


def inspected(file: DataFile, places: Places) -> Shard:
    """Look at a file: what it lacks, and whether its arrays fit each other."""
    with SafeFile(file.path, file.name) as opened:
        shape = opened.dataset(places.flux, 2).shape
        noisy = places.noisy is not None and opened.has(places.noisy)
        table = PandasTable(opened, PARAMS)
        for other in (places.error, places.noisy if noisy else None):
            if other is not None:
                _fit(file.name, (places.flux, shape), (other, opened.dataset(other, 2).shape))
        _fit(file.name, (places.flux, shape[:1]), (PARAMS, (table.rows,)))
        if not shape[0] or not shape[1]:
            raise InputRefused(f"{file.name}: `{places.flux}` is empty, its shape is {shape}")
        wave = _wave(opened, shape[1])
        return Shard(file, shape[0], shape[1], columns=frozenset(table.columns), noisy=noisy, wave=wave)


def _wave(opened: SafeFile, width: int) -> np.ndarray | None:
    """Return where the pixels of a file stand, None where it does not say."""
    if not opened.has(WAVE):
        return None
    stored = opened.dataset(WAVE, 1)
    if stored.shape != (width,):
        raise InputRefused(f"{opened.name}: `{WAVE}` is {stored.shape}, the spectra have {width} pixels")
    wave = np.asarray(stored[:], dtype=np.float64)
    if not np.isfinite(wave).all():
        pixel = int(np.flatnonzero(~np.isfinite(wave))[0])
        raise InputRefused(f"{opened.name}: `{WAVE}` is not finite in pixel {pixel}")
    return wave


def _fit(name: str, one: tuple[str, tuple[int, ...]], other: tuple[str, tuple[int, ...]]) -> None:
    """Refuse arrays of one file that differ in rows or pixels."""
    if one[1] != other[1]:
        what = "rows" if one[1][:1] != other[1][:1] else "pixels"
        raise InputRefused(f"{name}: `{one[0]}` is {one[1]} and `{other[0]}` {other[1]}; their {what} differ")


class Shards:
    """The files of one set, in order."""

    def __init__(self, files: Sequence[DataFile], places: Places) -> None:
        """Look at every file, and refuse files that do not belong together."""
        self.places = places
        self.shards = [inspected(file, places) for file in files]
        self.starts = [0, *accumulate(shard.rows for shard in self.shards)]
        self.rows, self.width = self.starts[-1], self.shards[0].width
        self.noisy = self.shards[0].noisy
        self.wave = next((shard.wave for shard in self.shards if shard.wave is not None), None)
        self.name = f"{files[0].name} and {len(files) - 1} more" if len(files) > 1 else files[0].name
        for shard in self.shards:
            if shard.width != self.width:
                raise InputRefused(f"{shard.file.name} has {shard.width} pixels and {files[0].name} has {self.width}")
            if shard.noisy != self.noisy:
                fix = "use files that all have it or all have it not, or set `noisy: none`"
                raise InputRefused(f"{shard.file.name} and {files[0].name} differ in `{places.noisy}`", fix=fix)
            refuse_other_wave(shard.file.name, shard.wave, files[0].name, self.wave)

    def pieces(self, start: int, stop: int) -> Iterator[tuple[Shard, slice]]:
        """Yield the files that hold the rows from `start` up to `stop`, and which of their rows these are."""
        while start < stop:
            number = bisect_right(self.starts, start) - 1
            first, end = self.starts[number], min(stop, self.starts[number + 1])
            yield self.shards[number], slice(start - first, end - first)
            start = end

    def labels(self, names: Mapping[str, str], rows: range) -> dict[str, np.ndarray]:
        """Return columns of the params for a range of rows; `names` are ours -> the file's."""
        out = {name: np.empty(len(rows)) for name in names}
        done = 0
        for shard, part in self.pieces(rows.start, rows.stop):
            here = slice(done, done + part.stop - part.start)
            for name, values in self._labels(shard, part, names).items():
                out[name][here] = values
            done = here.stop
        return out

    def _labels(self, shard: Shard, part: slice, names: Mapping[str, str]) -> dict[str, np.ndarray]:
        """Return columns of one file."""
        with SafeFile(shard.file.path, shard.file.name) as opened:
            table = PandasTable(opened, PARAMS)
            if table.rows != shard.rows or not table.columns.keys() >= set(names.values()):
                raise _changed(shard)
            columns = table.read(names.values(), part.start, part.stop)
        for name, values in columns.items():
            if holes := np.flatnonzero(~np.isfinite(values)).tolist():
                at = part.start + holes[0]
                fix = "list the columns you need in `columns`, without it"
                raise InputRefused(f"{shard.file.name}: label column `{name}` is not finite in row {at}", fix=fix)
        return {ours: columns[name] for ours, name in names.items()}


class Rows:
    """A range of rows of one array of a set, read when they are sliced: float32 [n, width]."""

    def __init__(self, shards: Shards, role: str, rows: range) -> None:
        """Say which array ("flux", "error" or "noisy") and which rows."""
        self.shards, self.role, self.rows = shards, role, rows
        self.shape = (len(rows), shards.width)
        self._open: tuple[Shard, SafeFile, SafeArray] | None = None

    def __getitem__(self, part: slice) -> np.ndarray:
        """Read some rows."""
        chosen = self.rows[part]
        out = np.empty((len(chosen), self.shards.width), np.float32)
        done = 0
        for shard, piece in self.shards.pieces(chosen.start, chosen.stop):
            rows = out[done : done + piece.stop - piece.start]
            self._read(shard, piece, rows)
            done += len(rows)
        return out

    def _read(self, shard: Shard, piece: slice, out: np.ndarray) -> None:
        """Read rows of one file into `out`, mended as their role wants it."""
        stored = self._opened(shard)
        with np.errstate(over="ignore"):  # what overflows is found by the test for finite numbers
            out[:] = stored[piece]
        where = f"{shard.file.name}: `{getattr(self.shards.places, self.role)}`"
        if self.role == "error":
            copy_edges(out)
        refuse_flawed(~np.isfinite(out), f"{where} is not finite", piece.start)
        if self.role == "error":
            refuse_flawed(out < 0, f"{where} is negative", piece.start)
        if self.role == "flux":
            np.maximum(out, 0, out=out)

    def _opened(self, shard: Shard) -> SafeArray:
        """Return the array of one file, closing the file before."""
        if self._open is None or self._open[0] is not shard:
            if self._open is not None:
                self._open[1].close()
                self._open = None
            file = SafeFile(shard.file.path, shard.file.name)
            dataset = file.dataset(getattr(self.shards.places, self.role), 2)
            if dataset.shape != (shard.rows, shard.width):
                raise _changed(shard)
            self._open = shard, file, dataset
        return self._open[2]


def refuse_other_wave(name: str, wave: np.ndarray | None, first: str, due: np.ndarray | None) -> None:
    """Refuse spectra whose pixels stand elsewhere than those they are to be used with."""
    if wave is not None and due is not None and not np.allclose(wave, due, rtol=SAME, atol=0):
        raise InputRefused(f"{name} and {first} differ in `{WAVE}`: their pixels are not the same")


def copy_edges(error: np.ndarray) -> None:
    """Give the first and the last pixel, where they are NaN, the value of their neighbour."""
    if error.shape[1] > 1:
        for edge, neighbour in ((0, 1), (-1, -2)):
            holes = np.isnan(error[:, edge])
            error[holes, edge] = error[holes, neighbour]


def refuse_flawed(flaws: np.ndarray, what: str, start: int) -> None:
    """Refuse rows with a flaw, naming the first row of the file and the pixel."""
    if flaws.any():
        row, pixel = (int(at) for at in np.argwhere(flaws)[0])
        raise InputRefused(f"{what} in row {start + row}, pixel {pixel}")


def _changed(shard: Shard) -> InputRefused:
    return InputRefused(f"{shard.file.name} changed while it was in use", fix="run the command again")
