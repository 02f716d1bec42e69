"""Nearest neighbours: a row is like the training rows that look like it.

    y(x) = mean of y_i over the k rows i with the smallest |x - x_i|

With `k: val` the k of `choices` with the smallest squared error on the validation rows is taken.

Reference: Cover & Hart 1967, IEEE Transactions on Information Theory 13, 21, doi:10.1109/TIT.1967.1053964
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from runner.contract import Context, Data, Output, Split

VERSION = 1
USES_VAL = True
USES_SEED = False

BATCH = 512  # rows at a time


@dataclass(frozen=True)
class Params:
    """What an experiment may set."""

    # how many neighbours; `val` takes the best of `choices` on the validation rows
    k: int | Literal["val"] = "val"
    # what `val` tries
    choices: tuple[int, ...] = (1, 3, 9, 27)


def run(params: Params, data: Data, context: Context) -> Output:
    """Sort the training rows by distance once, choose k, predict."""
    x, y = told(data.train)
    choices = params.choices if isinstance(params.k, str) else (params.k,)
    of_val = neighbours(seen(data.val), x, y, max(choices))
    _, truth = told(data.val)
    errors = [float(np.square(of_val[:, :k].mean(axis=1) - truth).mean()) for k in choices]
    best = choices[int(np.argmin(errors))]
    of_test = neighbours(seen(data.test), x, y, best)
    context.progress(data.test.rows, data.test.rows, "test")
    return Output(
        predictions={"val": of_val[:, :best].mean(axis=1), "test": of_test.mean(axis=1)},
        scalars={"k": float(best)},
        tables={"val_mse": {str(k): error for k, error in zip(choices, errors, strict=True)}},
    )


def told(split: Split) -> tuple[np.ndarray, np.ndarray]:
    """Return the inputs and targets of a split."""
    pairs = [(x.cpu().numpy(), y.cpu().numpy()) for x, y in split.pairs(BATCH)]
    return np.concatenate([x for x, _ in pairs]), np.concatenate([y for _, y in pairs])


def seen(split: Split) -> np.ndarray:
    """Return the inputs of a split."""
    return np.concatenate([x.cpu().numpy() for x in split.inputs(BATCH)])


def neighbours(rows: np.ndarray, x: np.ndarray, y: np.ndarray, k: int) -> np.ndarray:
    """Return the targets of the k nearest training rows of every row, nearest first: [rows, k]."""
    squares = np.square(rows).sum(axis=1)[:, None] - 2 * rows @ x.T + np.square(x).sum(axis=1)
    return np.asarray(y[np.argsort(squares, axis=1, kind="stable")[:, :k]])
