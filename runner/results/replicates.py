"""Shared resamples of the test rows, drawn from the counter hash of the row set."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from runner import counter

RESAMPLES = 1000
LOW, HIGH = 25, 974  # of the sorted replicates: the 26th and the 975th
BLOCK = 1 << 16  # draws at a time: they stay in the processor's cache
ROWS = 2048  # whose weights are turned to float64 at a time
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


def slice_sums(drawn: np.ndarray, moments: np.ndarray, masks: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return for each slice the weighted sums of the moments, [1 + R, k], by cells of rows alike in membership."""
    names = list(masks)
    membership = np.stack([masks[name] for name in names], axis=1)
    patterns, cell_of = np.unique(membership, axis=0, return_inverse=True)
    sums = {name: np.zeros((len(drawn), moments.shape[1])) for name in names}
    for cell, pattern in enumerate(patterns):
        rows = np.flatnonzero(cell_of.ravel() == cell)
        part = _product(drawn, rows, moments)
        for name, inside in zip(names, pattern, strict=True):
            if inside:
                sums[name] += part
    return sums


def _product(drawn: np.ndarray, rows: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """Return the weighted sums over some rows, few at a time: the weights are bytes, the products are not."""
    total = np.zeros((len(drawn), moments.shape[1]))
    for first in range(0, len(rows), ROWS):
        some = rows[first : first + ROWS]
        total += drawn[:, some].astype(np.float64) @ moments[some]
    return total


def interval(values: np.ndarray) -> tuple[float, float] | None:
    """Return the 95 % interval of replicates (the first value is the point), or none where one is not finite."""
    if len(values) == 1 or not np.isfinite(values).all():
        return None
    ordered = np.sort(values[1:])
    return float(ordered[LOW]), float(ordered[HIGH])
