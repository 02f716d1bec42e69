"""Gradient-boosted regression trees, as LightGBM grows them.

    F_0 = mean y,   F_m(x) = F_(m-1)(x) + lr * sum_j w_mj [x in leaf mj],   w = -S(G) / (n + l2)

with n the rows of a leaf, G the sum of F_(m-1) - y over them, and S the soft threshold by `l1`. A tree is grown leaf
by leaf where that lowers the squared error most, and sees a share of the rows and of the inputs.

The inputs are taken raw: trees do not change when an input is rescaled. Rescaling the target matters to `l1` alone.
Growing ends when `patience` trees in a row have not lowered the error on the validation rows, and the trees up to
the best one predict. Fewer than 30 validation rows decide nothing: then all trees predict and `watched_rows` is 0.

Raw inputs go by in batches and are held as bytes. While trees grow, their histograms take 16 bytes for every leaf,
input and bin: 0.5 GB for 31 leaves of 4096 inputs in 255 bins.

Reference: Ke et al. 2017, Advances in Neural Information Processing Systems 30, 3146
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import lightgbm as lgb
import numpy as np

from runner.contract import Context, Data, Output, Split
from runner.findings import JobFailed
from runner.numerics import binned_rows
from runner.numerics.binned_rows import BATCH, Pair

if TYPE_CHECKING:
    import torch

VERSION = 1
USES_VAL = True
USES_SEED = True
CLOSE = 1.0  # where rounding moves one value over an edge of a bin the trees part ways, almost as other seeds do

PRESETS: dict[str, dict[str, Any]] = {
    "published": {"bins": 255, "input_share": 0.8, "row_share": 0.8, "redraw": 5},
    "quick": {"bins": 63, "input_share": 0.2, "row_share": 0.8, "redraw": 5},
}
LEAST = {"trees": 1, "leaves": 2, "bins": 2, "min_rows": 0, "l1": 0, "l2": 0, "redraw": 0, "patience": 0}
MOST = {"lr": 1.0, "input_share": 1.0, "row_share": 1.0}  # of what has to be above 0
UNLIMITED = -1  # as a depth
WATCHED = 30  # validation rows that may decide where to stop
STEP = 100  # trees from one point of the learning curve to the next
SMALL = 1 << 20  # values that one thread is done with before several have met
SEEDS = 2**31 - 1  # how many LightGBM has


@dataclass(frozen=True)
class Params:
    """What an experiment may set."""

    # bins and shares where they are not set below: `published` 255 bins, 0.8 of the inputs and 0.8 of the rows, drawn
    # anew every 5 trees; `quick` the same with 63 bins and 0.2 of the inputs
    preset: Literal["published", "quick"] = "published"
    # the most trees that are grown
    trees: int = 1000
    # how much of each tree is taken
    lr: float = 0.1
    # the most leaves of a tree
    leaves: int = 31
    # the most splits above a leaf; -1 sets no limit
    depth: int = 7
    # the fewest training rows of a leaf
    min_rows: int = 20
    # what the sum G of a leaf is brought towards 0 by, in units of the target
    l1: float = 0.0
    # what is added to the number of rows of a leaf
    l2: float = 0.0
    # trees without a lower validation error after which growing ends; 0 grows them all
    patience: int = 100
    # the validation error: mean absolute or mean squared
    metric: Literal["mae", "mse"] = "mae"
    # bins an input is cut into
    bins: int | None = None
    # the share of the inputs that a tree sees
    input_share: float | None = None
    # the share of the rows that a tree sees
    row_share: float | None = None
    # trees after which these rows are drawn anew; 0 shows every tree all rows
    redraw: int | None = None


def run(params: Params, data: Data, context: Context) -> Output:
    """Bin the training rows, or take them from an earlier run; grow trees; predict validation and test."""
    chosen = PRESETS[params.preset] | {name: value for name, value in vars(params).items() if value is not None}
    _refuse(chosen, data.train.rows)
    train = _train(data.train, chosen["bins"], context)
    watched = data.val.rows if data.val.rows >= WATCHED else 0
    val = [_binned(data.val, "val", train, chosen["bins"], context)] if watched else []
    booster, errors = _grown(chosen, train, val, context)
    best = booster.best_iteration or booster.current_iteration()

    gains = booster.feature_importance("gain", iteration=best)
    return Output(
        predictions={
            "val": _predicted(booster, best, data.val, "val", context),
            "test": _predicted(booster, best, data.test, "test", context),
        },
        scalars={
            "best_tree": float(best),
            "grown_trees": float(booster.current_iteration()),
            "train_rows": float(data.train.rows),
            "watched_rows": float(watched),
        },
        tables={f"val_{params.metric}": {str(tree): errors[tree - 1] for tree in range(STEP, len(errors) + 1, STEP)}},
        profiles={"importance": gains / (gains.sum() or 1.0)},  # all 0 where no tree has a split
    )


def _refuse(chosen: Mapping[str, Any], rows: int) -> None:
    """Refuse what LightGBM would end on, or read otherwise than it is written."""
    for name, least in LEAST.items():
        if not least <= chosen[name] < math.inf:
            raise JobFailed(f"{name} is {chosen[name]}", fix=f"give {name} a number from {least} on")
    for name, most in MOST.items():
        if not 0 < chosen[name] <= most:
            raise JobFailed(f"{name} is {chosen[name]}", fix=f"give {name} a number above 0 and not above {most:g}")
    if chosen["depth"] < 1 and chosen["depth"] != UNLIMITED:
        raise JobFailed(f"depth is {chosen['depth']}", fix="give depth a number from 1 on, or -1 for no limit")
    if rows * chosen["row_share"] < 1:
        raise JobFailed(f"there are {rows} training rows, and a tree would see none of them")


def _train(split: Split, bins: int, context: Context) -> lgb.Dataset:
    """Return the training rows in bins of their own, from an earlier run where files are kept."""

    def made() -> lgb.Dataset:
        edges = binned_rows.edges(_inputs(split, "bins", context), split.rows, split.width, bins)
        return _binned(split, "train", edges, bins, context)

    if context.keeper is None:
        return made()
    of = [split.key, binned_rows.binning(bins), binned_rows.sample_size(split.width), lgb.__version__]
    path = context.kept("lightgbm-data", of, lambda path: binned_rows.save(made(), path))
    return binned_rows.load(path, bins)


def _binned(split: Split, note: str, by: lgb.Dataset, bins: int, context: Context) -> lgb.Dataset:
    """Return all rows of a split in the bins of others."""
    return binned_rows.binned(_pairs(split, note, context), split.rows, split.width, by, bins)


def _grown(
    chosen: Mapping[str, Any], train: lgb.Dataset, val: list[lgb.Dataset], context: Context
) -> tuple[lgb.Booster, list[float]]:
    """Return the trees, and the validation error after each of them where there are rows to tell it."""
    told: dict[str, dict[str, list[float]]] = {}
    callbacks: list[Any] = [
        lambda state: context.progress(state.iteration + 1, state.end_iteration, "tree"),
        lgb.record_evaluation(told),
    ]
    if val and chosen["patience"]:
        callbacks.append(lgb.early_stopping(chosen["patience"], verbose=False))
    booster = lgb.train(
        _told_lightgbm(chosen, context.seed, _threads(train.num_data() * train.num_feature())),
        train,
        chosen["trees"],
        valid_sets=val,
        valid_names=["val"] * len(val),
        feval=ERRORS[chosen["metric"]],
        callbacks=callbacks,
        keep_training_booster=True,
    )
    return booster, told["val"][chosen["metric"]] if val else []


def _threads(values: int) -> int:
    """Return how many threads grow trees, 0 for as many as there are cores: no prediction depends on it."""
    return 1 if values < SMALL else 0


def _told_lightgbm(chosen: Mapping[str, Any], seed: int, threads: int) -> dict[str, Any]:
    """Return the parameters as LightGBM names them; those of the bins went with the rows."""
    return {
        "objective": "regression",
        "metric": "none",  # ours is summed in an order that does not hang on the number of threads
        "learning_rate": chosen["lr"],
        "num_leaves": chosen["leaves"],
        "max_depth": chosen["depth"],
        "min_data_in_leaf": chosen["min_rows"],
        "lambda_l1": chosen["l1"],
        "lambda_l2": chosen["l2"],
        "feature_fraction": chosen["input_share"],
        "bagging_fraction": chosen["row_share"],
        "bagging_freq": chosen["redraw"],
        "seed": seed % SEEDS,
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": threads,
        "verbosity": -1,
    }


def _mae(predicted: np.ndarray, val: lgb.Dataset) -> tuple[str, float, bool]:
    """Return the mean absolute error: what it is called, its value, and that less is better."""
    return "mae", float(np.abs(predicted - val.get_label()).mean()), False


def _mse(predicted: np.ndarray, val: lgb.Dataset) -> tuple[str, float, bool]:
    """Return the mean squared error, likewise."""
    return "mse", float(np.square(predicted - val.get_label()).mean()), False


ERRORS = {"mae": _mae, "mse": _mse}


def _predicted(booster: lgb.Booster, best: int, split: Split, note: str, context: Context) -> np.ndarray:
    """Return what the trees up to the best one say of every row."""
    out, done = np.empty(split.rows), 0
    for x in _inputs(split, note, context):
        out[done : done + len(x)] = booster.predict(x.cpu().numpy(), num_iteration=best)
        done += len(x)
    return out


def _inputs(split: Split, note: str, context: Context) -> Iterator[torch.Tensor]:
    """Walk the inputs of a split and tell how many went by."""
    done = 0
    for x in split.inputs(BATCH):
        done += len(x)
        context.progress(done, split.rows, note)
        yield x


def _pairs(split: Split, note: str, context: Context) -> Iterator[Pair]:
    """Walk inputs and targets, likewise."""
    done = 0
    for x, y in split.pairs(BATCH):
        done += len(x)
        context.progress(done, split.rows, note)
        yield x, y
