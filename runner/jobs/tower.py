"""A global feature tower: a small network that corrects a ridge regression by a few features of the whole row.

    y' = y_ridge + s g((z - mean) / std),    z = (pca, ridge, top, error, latents),    g a perceptron, s a spread

    pca        how far the row lies along the leading principal components of the training rows, noise and all
    ridge      y_ridge itself
    top        means of the inputs with the largest |ridge weight|, taken in stretches of equal numbers of them
    error      mean, deviation, maximum and quartiles of the row's sigma, as a job may know them
    latents    what another job makes of the row, where one is named

The published ridge was fitted on the training rows it spoke of, and so left less of them over than of new rows. Here
every training row is told by the ridge without its fold (`numerics/folds.py`), and validation and test rows by the
ridge on all training rows. Labels of validation rows choose the penalty and the epoch; all else is fitted on training
rows. Without validation rows the tenth of them that judges epochs still counts in ridge and components. With its
defaults the network has 126 features and 49,025 parameters.

Reference: Hastie, Tibshirani & Friedman 2009, The Elements of Statistical Learning, 2nd ed., 8.8 (stacking)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from torch import nn

from runner.contract import Context, Data, JobName, Output, Split
from runner.findings import JobFailed
from runner.numerics import windows
from runner.numerics.components import leading
from runner.numerics.feature_table import FeatureTable
from runner.numerics.folds import FoldedRidge, folded_ridge
from runner.numerics.fronts import largest
from runner.numerics.networks import perceptron, standardised
from runner.numerics.penalty import Penalty
from runner.numerics.portions import Splits
from runner.numerics.recipe import Recipe
from runner.numerics.regression import Task, regressed
from runner.numerics.shrinkage import Linear, side_by_side
from runner.numerics.snr import STATISTICS

VERSION = 1
USES_VAL = True
USES_SEED = True
CLOSE = 0.05  # on another machine other roundings lead the training elsewhere

BATCH = 4096  # rows at a time
ERROR = [STATISTICS.index(name) for name in ("mean", "std", "max", "q25", "q75")]


@dataclass(frozen=True)
class Params(Recipe):
    """What an experiment may set."""

    # rows of a step
    batch: int = 2048
    # how the steps change
    schedule: Literal["cosine", "plateau", "constant"] = "constant"
    # share of all steps over which their length rises first
    warm: float = 0.0
    # epochs without a better validation score after which training stops; 0: never
    patience: int = 20
    # the error that training makes small
    loss: Literal["mse", "l1", "huber"] = "l1"
    # the families of features
    families: tuple[Literal["pca", "ridge", "top", "error"], ...] = ("pca", "ridge", "top", "error")
    # the job of this experiment whose latents are a family more
    latents: JobName | None = None
    # principal components of `pca`
    components: int = 96
    # inputs of `top`
    pixels: int = 512
    # stretches they are cut into, whose means are the features
    segments: int = 24
    # units of every hidden layer
    hidden: tuple[int, ...] = (256, 64)
    # share of the hidden units that each step leaves out
    dropout: float = 0.3
    # penalty of the ridge; `val` takes the best of `alphas` on the validation rows, by the folds where there are none
    alpha: float | Literal["val", "cv"] = "val"
    # the path that is walked, smallest to largest
    alphas: tuple[float, ...] = (
        1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0, 3.0, 1e1, 3e1, 1e2, 3e2, 1e3, 3e3, 1e4,
    )  # fmt: skip
    # of the training rows; each is told by the ridge on the others
    folds: int = 5


def run(params: Params, data: Data, context: Context) -> Output:
    """Fit the ridge and the features, train on what the ridge leaves over, predict validation and test."""
    _check(params, data)
    ridge = folded_ridge(data, Penalty(params.alpha, params.alphas, params.folds), context.progress)
    rules = _rules(params, ridge)
    tables, said, widths = {}, {}, {}
    for name, split in (("train", data.train), ("val", data.val), ("test", data.test)):
        told = _answers(rules, split, context)
        said[name] = ridge.unseen(told["ridges"]) if name == "train" else told["ridges"][:, 0]
        families = _families(params, name, split, {**told, "ridge": said[name][:, None]}, context)
        tables[name] = FeatureTable(
            split, np.hstack([part.astype(np.float32) for part in families.values()]), context.device
        )
        widths = {family: float(features.shape[1]) for family, features in families.items()}

    def build(rows: Split) -> nn.Sequential:
        return nn.Sequential(standardised(rows), perceptron(rows.width, params.hidden, 1, params.dropout))

    output = regressed(build, params, Task(Splits(**tables), said=said), context)
    choice = ridge.choice
    scalars = {"alpha": choice.alpha, "features": sum(widths.values())}
    if choice.errors is not None:  # an alpha at an end of the path says that the path was too short
        scalars["alpha_at_edge"] = float(choice.at_edge)
    tables_of = {"widths": widths, **({"alpha_mse": choice.table} if choice.table else {})}
    return replace(output, scalars={**output.scalars, **scalars}, tables=tables_of)


def _check(params: Params, data: Data) -> None:
    """Refuse features and networks there cannot be, before the rows are read."""
    if not params.families and params.latents is None:
        raise JobFailed("a tower without features has nothing to say", fix="name one of `families` at least")
    if not 0 <= params.dropout < 1 or min(params.hidden, default=1) < 1:
        raise JobFailed("every hidden layer must be 1 or more, and dropout from 0 to below 1")
    if params.folds < 2:  # noqa: PLR2004 - one to learn from, one to tell
        raise JobFailed(f"folds is {params.folds}; it must be 2 or more")
    if not 1 <= params.segments <= params.pixels:
        raise JobFailed(f"{params.pixels} inputs cannot be cut into {params.segments} segments")
    if params.fresh:
        raise JobFailed("features are made once, so no epoch can see other noise", fix="leave `fresh` out")
    if "error" in params.families:
        try:
            data.train.statistics(1)
        except JobFailed as error:
            raise JobFailed(error.message, fix="leave `error` out of `families`") from error


# ---- the features ----


def _rules(params: Params, ridge: FoldedRidge) -> dict[str, Linear]:
    """Return all that is linear in the inputs: the ridges, and the families `pca` and `top`."""
    rules = {"ridges": ridge.rules}
    if "pca" in params.families:
        axes = leading(ridge.whole, params.components)
        rules["pca"] = Linear(axes.vectors, -axes.mean @ axes.vectors)
    if "top" in params.families:
        rules["top"] = _means(largest(ridge.rule.weights[:, 0], params.pixels), params.segments, ridge.whole.xx.p)
    return rules


def _means(columns: torch.Tensor, segments: int, width: int) -> Linear:
    """Return the means of the inputs with these numbers, ascending, in stretches that differ by one input at most."""
    weights = torch.zeros(width, segments, dtype=torch.float64)
    for segment, part in enumerate(columns.tensor_split(segments)):
        weights[part, segment] = 1 / len(part)
    return Linear(weights, weights.new_zeros(segments))


def _answers(rules: Mapping[str, Linear], split: Split, context: Context) -> dict[str, np.ndarray]:
    """Return what all rules say of every row of a split, read once: float64 [rows, k] each."""
    bank = side_by_side(list(rules.values()))
    said, done = np.empty((split.rows, len(bank.intercepts))), 0
    for x in split.inputs(BATCH):
        said[done : done + len(x)] = bank.predict(x).cpu().numpy()
        done += len(x)
        context.progress(done, split.rows, "features")
    ends = np.cumsum([len(rule.intercepts) for rule in rules.values()])
    return dict(zip(rules, np.split(said, ends[:-1], axis=1), strict=True))


def _families(
    params: Params, name: str, split: Split, told: Mapping[str, np.ndarray], context: Context
) -> dict[str, np.ndarray]:
    """Return the features of one split by family, [rows, k] each."""
    families: dict[str, np.ndarray] = {family: told[family] for family in params.families if family in told}
    if "error" in params.families:
        families["error"] = windows.features(split, "snr10")[:, ERROR]
    if params.latents is not None:
        families["latents"] = context.latents(params.latents, name)
    return families
