"""Rows as LightGBM holds them: a byte for every value, filled from a stream that is never held whole.

The edges of the bins come from rows spread evenly over all, at most `SAMPLED` values of them: LightGBM copies
those into float64, 0.27 GB in all. Of 4096 inputs that is 4096 rows, 16 to each of 255 bins. Then all rows go by
once more, some at a time, and are binned by these edges. Rows of another split are binned by the edges of the first.

What is made here depends on rows and bins alone, neither on a seed nor on how trees are grown, so that it can be kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import torch

SAMPLED = 1 << 24  # values that the edges of the bins are taken from
FEWEST, MOST = 1024, 200_000  # rows these are, unless there are fewer; LightGBM itself takes 200 000
BATCH = 1024  # rows that are binned at a time

Pair = tuple[torch.Tensor, torch.Tensor]


def binning(bins: int) -> dict[str, Any]:
    """Return what LightGBM is told of bins: nothing that how trees are grown may change."""
    return {
        "max_bin": bins,
        "bin_construct_sample_cnt": MOST,
        "enable_bundle": False,  # that is for inputs which are mostly zero
        "feature_pre_filter": False,  # it leaves out inputs that no leaf of today's size can split
        "verbosity": -1,
    }


def sample_size(width: int) -> int:
    """Return how many rows of a width the edges of the bins are taken from."""
    return min(MOST, max(FEWEST, SAMPLED // width))


def edges(inputs: Iterable[torch.Tensor], rows: int, width: int, bins: int) -> lgb.Dataset:
    """Return a few of the rows in bins of their own, by which others can be binned."""
    sample = spread(inputs, rows, min(rows, sample_size(width)), width)
    return lgb.Dataset(sample, params=binning(bins)).construct()


def binned(pairs: Iterator[Pair], rows: int, width: int, by: lgb.Dataset, bins: int) -> lgb.Dataset:
    """Return rows with their targets, in the bins of others."""
    stream = Rows(pairs, rows, width)
    data = lgb.Dataset(stream, reference=by, params=binning(bins)).construct()
    return data.set_label(stream.targets)


def save(data: lgb.Dataset, path: Path) -> None:
    """Write binned rows into a file."""
    path.unlink(missing_ok=True)  # LightGBM writes nothing, and does not say so, where there is a file
    data.save_binary(path)


def load(path: Path, bins: int) -> lgb.Dataset:
    """Return the binned rows of a file."""
    return lgb.Dataset(path, params=binning(bins)).construct()


def spread(batches: Iterable[torch.Tensor], rows: int, count: int, width: int) -> np.ndarray:
    """Return `count` of the rows of a stream, evenly spread: float32 [count, width]."""
    chosen = np.arange(count) * rows // max(1, count)
    out, start, done = np.empty((count, width), np.float32), 0, 0
    for batch in batches:
        here = chosen[np.searchsorted(chosen, start) : np.searchsorted(chosen, start + len(batch))]
        out[done : done + len(here)] = batch.cpu().numpy()[here - start]
        start, done = start + len(batch), done + len(here)
    return out


class Rows(lgb.Sequence):
    """The inputs of a stream, handed over once and in their order; the targets that came with them stay here."""

    batch_size = BATCH

    def __init__(self, pairs: Iterator[Pair], rows: int, width: int) -> None:
        """Take a stream of (inputs, targets) that has this many rows."""
        self._pairs, self._width = pairs, width
        self._left = np.empty((0, width), np.float32)  # rows off the stream that were not asked for yet
        self._read = 0
        self.targets = np.empty(rows)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.targets)

    def __getitem__(self, part: slice) -> np.ndarray:  # type: ignore[override]
        """Return the rows that come next, which are the ones that LightGBM asks for."""
        out, done = np.empty((part.stop - part.start, self._width), np.float32), 0
        while done < len(out):
            if not len(self._left):
                self._left = self._next()
            take = min(len(out) - done, len(self._left))
            out[done : done + take], self._left = self._left[:take], self._left[take:]
            done += take
        return out

    def _next(self) -> np.ndarray:
        """Take a batch off the stream."""
        x, y = next(self._pairs)
        self.targets[self._read : self._read + len(x)] = y.cpu().numpy()
        self._read += len(x)
        inputs: np.ndarray = x.cpu().numpy()
        return inputs
