"""How rows on a regular grid move with its labels: differences between neighbours.

    dx / dl = (x_up - x_down) / (l_up - l_down)

where up and down are the next nodes along the label l, and all other columns of the grid are equal. At an edge, and
beside a node that is missing, the row itself stands in for its neighbour. Where both neighbours are missing nothing is
known, and the derivatives are NaN. Between two neighbours at equal steps, parabolas are followed exactly.

The columns of the grid are the labels asked for and, of the others in their order, each that tells apart rows that
agree in all before it, until no two rows agree. One with more values than half the rows is none: it was measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True, slots=True)
class Axis:
    """The neighbours of every row along one label; a row without one is its own."""

    up: torch.Tensor  # int64 [n], rows
    down: torch.Tensor  # int64 [n], rows
    step: torch.Tensor  # float64 [n], from down to up; 0 where a row has no neighbour at all


def axes(labels: Sequence[np.ndarray], others: Iterable[np.ndarray]) -> Iterator[Axis]:
    """Yield the neighbours along every label, [n] each; no more of the other columns is read than it takes."""
    codes = [_coded(values) for values in labels]
    codes += _needed(codes, others)
    for k, values in enumerate(labels):
        yield _axis(values, codes[k], _joined(codes[:k] + codes[k + 1 :], len(values)))


def slopes(clean: torch.Tensor, along: Sequence[Axis], rows: slice) -> torch.Tensor:
    """Return how some rows move, from the clean inputs of all: [n, width] -> [rows, labels, width]."""
    moves = clean.new_empty(len(clean[rows]), len(along), clean.shape[1])
    for k, axis in enumerate(along):
        torch.sub(clean[axis.up[rows]], clean[axis.down[rows]], out=moves[:, k])
        moves[:, k] /= axis.step[rows, None].to(clean)  # 0 / 0 where a row has no neighbour
    return moves


def _needed(labels: Sequence[np.ndarray], others: Iterable[np.ndarray]) -> list[np.ndarray]:
    """Return those of the other columns that the grid has besides these."""
    found: list[np.ndarray] = []
    rows, columns = len(labels[0]), iter(others)
    groups = _joined(labels, rows)
    while groups.max() + 1 < rows and (values := next(columns, None)) is not None:
        codes = _coded(values)
        finer = _joined([groups, codes], rows)
        if finer.max() > groups.max() and codes.max() + 1 <= rows // 2:
            found.append(codes)
            groups = finer
    return found


def _axis(values: np.ndarray, codes: np.ndarray, line: np.ndarray) -> Axis:
    """Find the neighbours along a label among the rows of the same line."""
    order = np.lexsort((codes, line))
    lower, upper = order[:-1], order[1:]
    near = (line[lower] == line[upper]) & (codes[upper] - codes[lower] == 1)
    up, down = np.arange(len(codes)), np.arange(len(codes))
    up[lower[near]] = upper[near]
    down[upper[near]] = lower[near]
    return Axis(torch.from_numpy(up), torch.from_numpy(down), torch.from_numpy(values[up] - values[down]))


def _coded(values: np.ndarray) -> np.ndarray:
    """Number the values of a column in their order."""
    return np.unique(values, return_inverse=True)[1]


def _joined(columns: Iterable[np.ndarray], rows: int) -> np.ndarray:
    """Number the rows so that those which agree in all these columns have one number."""
    groups = np.zeros(rows, dtype=np.int64)
    for codes in columns:
        groups = _coded(groups * (codes.max() + 1) + codes)
    return groups
