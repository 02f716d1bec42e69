"""Ridge regression: least squares with a penalty on the length of the weights.

    minimise |y - X w - b|^2 + alpha |w|^2          w = (X'X + alpha I)^-1 X'y,  X and y centred

The inputs are taken raw, the intercept b is not penalised, and the sums are over rows, so alpha means
what it means in scikit-learn. With `alpha: val` the alpha of the path with the smallest squared error on
the validation rows is taken; the whole path costs one factorisation, of X'X, or of XX' where there are fewer rows
than inputs.

Reference: Hoerl & Kennard 1970, Technometrics 12, 55, doi:10.1080/00401706.1970.10488634
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from runner.contract import Context, Data, Output, Split
from runner.findings import JobFailed
from runner.numerics.gram import gram_of
from runner.numerics.shrinkage import Linear, ridge_path, ridge_path_of_rows

VERSION = 2
USES_VAL = True
USES_SEED = False

BATCH = 4096  # rows at a time
Pair = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Params:
    """What an experiment may set."""

    # the penalty; `val` takes the best of `alphas` on the validation rows
    alpha: float | Literal["val"] = "val"
    # the path that `val` walks, smallest to largest
    alphas: tuple[float, ...] = (
        1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0, 3.0, 1e1, 3e1, 1e2, 3e2, 1e3, 3e3, 1e4,
    )  # fmt: skip
    # float type of the products in X'X: `single` takes half the time and loses alphas under 1e-6 |X'X|
    products: Literal["double", "single"] = "double"


def run(params: Params, data: Data, context: Context) -> Output:
    """Fit the path on the training rows, choose on the validation rows, predict validation and test."""
    alphas = params.alphas if isinstance(params.alpha, str) else (params.alpha,)
    train = _told(data.train.pairs(BATCH), data.train.rows, "train", context)
    val = _told(data.val.pairs(BATCH), data.val.rows, "val", context)

    path = _path(train, data.train, alphas, torch.float64 if params.products == "double" else torch.float32)
    predicted, mse = _validated(path, val, data.val.rows)
    best = _best(mse) if params.alpha == "val" else 0
    rule = path.rule(best)

    scalars = {"alpha": alphas[best], "train_rows": float(data.train.rows)}
    tables = {}
    if params.alpha == "val":  # an alpha at an end of the path says that the path was too short
        scalars["alpha_at_edge"] = float(alphas[best] in (min(alphas), max(alphas)))
        tables["val_mse"] = {f"{alpha:g}": float(error) for alpha, error in zip(alphas, mse, strict=True)}
    return Output(
        predictions={"val": predicted[:, best], "test": _predicted(rule, data.test, context)},
        scalars=scalars,
        tables=tables,
        profiles={"weights": rule.weights[:, 0].numpy()},
    )


def _path(pairs: Iterable[Pair], train: Split, alphas: Sequence[float], dtype: torch.dtype) -> Linear:
    """Return the ridge path by the smaller matrix: few rows are held at once, many go by."""
    if train.rows >= train.width:
        return ridge_path(gram_of(pairs, dtype), alphas)
    inputs, targets = zip(*pairs, strict=True) if train.rows else ((torch.empty(0, train.width),), (torch.empty(0),))
    return ridge_path_of_rows(torch.cat(inputs), torch.cat(targets), alphas, dtype)


def _validated(path: Linear, val: Iterable[Pair], rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return every rule's validation predictions [rows, k] and mean squared error [k]."""
    k = path.weights.shape[1]
    predicted, squares, done = np.empty((rows, k)), np.zeros(k), 0
    for x, y in val:
        batch = path.predict(x)  # [n, k]
        predicted[done : done + len(x)] = batch.cpu().numpy()
        squares += (batch - y[:, None]).square().sum(0).cpu().numpy()
        done += len(x)
    return predicted, squares / rows if rows else squares + np.nan


def _best(mse: np.ndarray) -> int:
    """Return the position of the smallest validation error."""
    if not np.isfinite(mse).all():
        raise JobFailed("alpha: val needs validation rows with finite targets", fix="give alpha a number")
    return int(mse.argmin())


def _predicted(rule: Linear, split: Split, context: Context) -> np.ndarray:
    """Return one rule's prediction for every row of a split."""
    predicted, done = np.empty(split.rows), 0
    for x in split.inputs(BATCH):
        predicted[done : done + len(x)] = rule.predict(x)[:, 0].cpu().numpy()
        done += len(x)
        context.progress(done, split.rows, "test")
    return predicted


def _told(pairs: Iterable[Pair], rows: int, note: str, context: Context) -> Iterator[Pair]:
    """Pass batches on and report how many rows have gone by."""
    done = 0
    for x, y in pairs:
        yield x, y
        done += len(x)
        context.progress(done, rows, note)
