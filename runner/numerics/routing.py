"""How a mixture puts together what its experts say, and what there is to tell of it.

    y'(x) = sum_k p_k(x) e_k(x),    sum_k p_k = 1

with e_k what expert k predicts. Hard mixing takes the expert with the largest p alone. Where even that one is smaller
than a threshold, a rule of all rows speaks instead.

Calibration replaces e_k by a_k e_k + b_k, least squares on the rows of bin k among those it is fitted on.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from runner.findings import JobFailed

STEPS = 20  # of the histogram of the largest weight, which goes from 0 to 1
Table = dict[str, dict[str, float]]


def certain(classes: np.ndarray, count: int) -> np.ndarray:
    """Return weights that trust one expert alone, by its number: [n] -> [n, count]."""
    return np.asarray(np.eye(count)[classes])


def hardened(weights: np.ndarray) -> np.ndarray:
    """Return weights that trust the expert with the largest weight alone: [n, experts]."""
    return certain(weights.argmax(axis=1), weights.shape[1])


def mixed(weights: np.ndarray, said: np.ndarray) -> np.ndarray:
    """Return what the experts say together: weights and predictions [n, experts] -> [n]."""
    together: np.ndarray = (weights * said).sum(axis=1)
    return together


def calibration(
    said: np.ndarray, target: np.ndarray, classes: np.ndarray, names: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Return slope and offset [experts] of the line from what each expert says of its own rows to their target."""
    lines = [_line(said[classes == k, k], target[classes == k], name) for k, name in enumerate(names)]
    slopes, offsets = np.array(lines).T
    return slopes, offsets


def _line(said: np.ndarray, target: np.ndarray, name: str) -> tuple[float, float]:
    """Return slope and offset of the line of least squares."""
    if len(said) < 2 or not np.ptp(said):  # noqa: PLR2004 - a line takes two points
        raise JobFailed(f"`calibrate` has too few validation rows in {name}", fix="leave it out, or take wider bins")
    spread = said - said.mean()
    slope = float(spread @ (target - target.mean()) / (spread @ spread))
    return slope, float(target.mean() - slope * said.mean())


def confusion(classes: np.ndarray, chosen: np.ndarray, rows: Sequence[str], columns: Sequence[str]) -> Table:
    """Return how many rows of each bin were sent to each expert; a row in no bin, -1, counts as the last of `rows`."""
    truth = classes % len(rows)
    counts = np.bincount(truth * len(columns) + chosen, minlength=len(rows) * len(columns))
    return _table(counts.reshape(len(rows), len(columns)), rows, columns)


def mean_weights(classes: np.ndarray, weights: np.ndarray, rows: Sequence[str], columns: Sequence[str]) -> Table:
    """Return the mean weight of each expert on the rows of each bin that has rows."""
    truth = classes % len(rows)
    there = [k for k in range(len(rows)) if (truth == k).any()]
    means = np.array([weights[truth == k].mean(axis=0) for k in there])
    return _table(means, [rows[k] for k in there], columns)


def largest_weights(weights: np.ndarray) -> dict[str, float]:
    """Return how many rows have their largest weight in each of 20 steps, by the upper edge of the step."""
    steps = np.ceil(weights.max(axis=1) * STEPS - 1e-9).clip(1, STEPS).astype(np.int64)  # 0.15 is no more than 0.15
    counts = np.bincount(steps, minlength=STEPS + 1)[1:]
    return {f"{step / STEPS:g}": float(count) for step, count in zip(range(1, STEPS + 1), counts, strict=True)}


def _table(values: np.ndarray, rows: Sequence[str], columns: Sequence[str]) -> Table:
    """Return a matrix as a table."""
    return {
        row: {column: float(value) for column, value in zip(columns, line, strict=True)}
        for row, line in zip(rows, values, strict=True)
    }
