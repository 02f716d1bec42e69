"""Bins of rows by label columns: which one a row lies in, and where a row outside of all of them is nearest.

A bin holds its lower edge and not its upper one, the last bin of a column holds both; the last column goes fastest:
bin = i K + j for bin i of the first column and bin j of the K bins of the second.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from runner.contract import Partition, Split
from runner.findings import JobFailed

NONE = -1  # the bin of a row in no bin


def labels_of(split: Split, by: Sequence[str]) -> np.ndarray:
    """Return the label columns of a split side by side: float64 [rows, columns]."""
    return np.stack([split.column(name) for name in by], axis=1) if by else np.empty((split.rows, 0))


def bins_of(partition: Partition, labels: np.ndarray) -> np.ndarray:
    """Return the bin of every row, -1 for a row in none: labels [rows, columns] -> int64 [rows]."""
    shape = tuple(len(row) - 1 for row in partition.edges)
    places = [_place(column, row) for column, row in zip(labels.T, partition.edges, strict=True)]
    inside = np.logical_and.reduce([place != NONE for place in places])
    found = np.full(len(labels), NONE)
    found[inside] = np.ravel_multi_index([place[inside] for place in places], shape)
    return found


def nearest_bins(partition: Partition, labels: np.ndarray) -> np.ndarray:
    """Return the bin of every row, that of the nearest edge for a row in none: int64 [rows]."""
    columns = zip(labels.T, partition.edges, strict=True)
    return bins_of(partition, np.stack([np.clip(column, row[0], row[-1]) for column, row in columns], axis=1))


def quantile_bins(by: str, values: np.ndarray, parts: int) -> Partition:
    """Return bins of one column that hold equal shares of the values, ties aside; the outer two have no end."""
    if parts < 1:
        raise JobFailed(f"`parts` is {parts}; there is one bin at least")
    if not len(values) or not np.isfinite(values).all():
        raise JobFailed(f"the quantiles of `{by}` need rows with finite labels")
    inner = np.quantile(values, np.arange(1, parts) / parts)
    if not np.bincount(np.searchsorted(inner, values, side="right"), minlength=parts).all():
        raise JobFailed(f"too many rows have the same `{by}`: a bin of {parts} is empty", fix="take fewer `parts`")
    edges = (-np.inf, *(float(edge) for edge in inner), np.inf)
    return Partition((by,), (edges,), tuple(f"q{part + 1}" for part in range(parts)))


def _place(values: np.ndarray, edges: Sequence[float]) -> np.ndarray:
    """Return the interval each value lies in, -1 for one in none, as is one that is no number."""
    place = np.searchsorted(edges, values, side="right") - 1
    place[values == edges[-1]] = len(edges) - 2
    place[place > len(edges) - 2] = NONE
    return place
