"""Shared resamples of the test rows, drawn from the counter hash of the row set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from runner import counter

RESAMPLES = 1000
LOW, HIGH = 25, 974  # of the sorted replicates: the 26th and the 975th
BLOCK = 1 << 16  # draws at a time: they stay in the processor's cache
ROWS = 2048  # whose weights are turned to float64 at a time
DRAWN = 1 << 20  # weights of a slice that are put in order at a time
FEWEST = 30  # rows below which no interval is given


def weights(rowset: str, rows: int) -> np.ndarray:
    """Return how often each row is drawn: [1 + R, rows], the first line the rows themselves."""
    key = counter.key_of("resample", rowset)
    drawn = np.ones((1 + RESAMPLES, rows), dtype=np.uint8)
    columns = np.arange(rows, dtype=np.int64)
    step = max(1, BLOCK // rows)
    for first in range(0, RESAMPLES, step):
        lines = np.arange(first, min(first + step, RESAMPLES), dtype=np.int64)[:, None]
        index = counter.below(counter.hashed(key, lines, columns), rows) + (lines - first) * rows
        counts = np.bincount(index.ravel(), minlength=lines.size * rows)
        drawn[1 + first : 1 + first + lines.size] = counts.reshape(-1, rows)
    return drawn


def census(rows: int) -> np.ndarray:
    """Return the weights of rows that are all there is: each once, no resamples."""
    return np.ones((1, rows), dtype=np.uint8)


def over_seeds(seeds: tuple[float, ...], values: list[np.ndarray]) -> np.ndarray:
    """Return the mean over seeds with both spreads: of the rows, and of the seeds that happened to be taken.

    Replicate r is the mean over all seeds on row resample r, plus sqrt(k / (k - 1)) times how far the mean over k
    seeds drawn with replacement lies from it. The draw is keyed on the seeds, so all jobs share it.
    """
    stacked = np.stack(values)  # [k, 1 + R]
    mean: np.ndarray = stacked.mean(axis=0)
    k, replicates = len(values), stacked.shape[1] - 1
    if k == 1 or not replicates:
        return mean
    key = counter.key_of("seeds", ",".join(f"{seed:g}" for seed in seeds))
    lines = np.arange(replicates, dtype=np.int64)[:, None]
    drawn = counter.below(counter.hashed(key, lines, np.arange(k, dtype=np.int64)), k)  # [R, k]
    taken = stacked[drawn, 1 + lines].mean(axis=1)
    mean[1:] += np.sqrt(k / (k - 1)) * (taken - mean[1:])
    return mean


class Resamples:
    """The weights of a row set, its rows kept cell by cell: a cell holds the rows that fall into the same slices."""

    def __init__(self, drawn: np.ndarray, masks: Mapping[str, np.ndarray]) -> None:
        """Group the rows by the slices they fall into; the weights are reordered in place."""
        codes = _codes(np.stack(list(masks.values()), axis=1))
        patterns, first, cell_of = np.unique(codes, return_index=True, return_inverse=True)
        self._order = np.argsort(cell_of, kind="stable")
        self._ends = np.searchsorted(cell_of[self._order], np.arange(len(patterns)), side="right")
        self._slices = {name: np.flatnonzero(mask[first]) for name, mask in masks.items()}
        for line in drawn:
            line[:] = line[self._order]
        self._drawn = drawn

    def sums(self, moments: Sequence[np.ndarray]) -> list[dict[str, np.ndarray]]:
        """Return for each model and slice the weighted sums of the model's moments, [1 + R, k]: sums of its cells.

        Every model has products of its own, so that its digits do not depend on which others are scored beside it.
        """
        ordered = [model[self._order] for model in moments]
        starts = [0, *self._ends[:-1]]
        cells = [self._cell(start, end, ordered) for start, end in zip(starts, self._ends, strict=True)]
        return [self._by_slice([cell[model] for cell in cells]) for model in range(len(moments))]

    def inside(self, name: str) -> np.ndarray:
        """Return which rows a slice holds, in the order in which it keeps their weights."""
        return np.asarray(self._order[self._places(name)])

    def drawn(self, name: str, ranked: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield how often the rows of a slice are drawn, put in an order: few resamples at a time, [lines, rows]."""
        columns = self._places(name)[ranked]
        step = max(1, DRAWN // max(len(columns), 1))
        for first in range(0, len(self._drawn), step):
            lines = slice(first, min(first + step, len(self._drawn)))
            yield lines, np.take(self._drawn[lines], columns, axis=1)

    def _places(self, name: str) -> np.ndarray:
        """Return where the weights of a slice stand."""
        starts = [0, *self._ends[:-1]]
        cells = [np.arange(starts[cell], self._ends[cell]) for cell in self._slices[name]]
        return np.concatenate([np.empty(0, dtype=np.intp), *cells])

    def _by_slice(self, cells: list[np.ndarray]) -> dict[str, np.ndarray]:
        nothing = np.zeros_like(cells[0])
        return {name: sum((cells[cell] for cell in inside), nothing) for name, inside in self._slices.items()}

    def _cell(self, start: int, end: int, ordered: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return the weighted sums of one cell, few rows at a time: the weights are bytes, the products are not."""
        totals = [np.zeros((len(self._drawn), model.shape[1])) for model in ordered]
        for first in range(start, end, ROWS):
            last = min(first + ROWS, end)
            weights = self._drawn[:, first:last].astype(np.float64)
            for total, model in zip(totals, ordered, strict=True):
                np.add(total, weights @ model[first:last], out=total)
        return totals


def _codes(membership: np.ndarray) -> np.ndarray:
    """Return one word per row that tells the slices it falls into."""
    packed = np.packbits(membership, axis=1)
    return np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1]))).ravel()


def interval(values: np.ndarray) -> tuple[float, float] | None:
    """Return the 95 % interval of replicates (the first value is the point), or none where one is not finite."""
    if len(values) == 1 or not np.isfinite(values).all():
        return None
    ordered = np.sort(values[1:])
    return float(ordered[LOW]), float(ordered[HIGH])
