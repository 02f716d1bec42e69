"""Ridge regression: least squares with a penalty on the length of the weights.

    minimise |y - X w - b|^2 + alpha |w|^2          w = (X'X + alpha I)^-1 X'y,  X and y centred

The inputs are taken raw unless `standardise` says otherwise, the intercept b is not penalised, and the sums are over
rows, so alpha means what it means in scikit-learn. One pass over the rows gives X'X; the whole path of alphas costs one
factorisation of it, or of XX' where there are fewer rows than inputs. `alpha: val` takes the alpha with the smallest
squared error on the validation rows, `alpha: cv` that of k-fold cross-validation over the training rows.

With `conditional: m` the weights depend on a label m, w(m) = w_0 + m w_1 (+ m^2 w_2): the inputs are x, m x (and
m^2 x). The label of the test rows is their true one: what only an oracle knows. With `noises` the training rows are
seen once at each of these noises, and `conditional: noise` makes the weights depend on it; `val` still chooses on the
validation rows as the experiment sees them.

Sums are in double precision, products by default in single where rows are many: on 32,000 synthetic stars of 4096
pixels that gives the R² of double on 1000 others to the sixth digit, at noise 0 with alpha 1e-3 (0.999028) as at
noise 0.2 with alpha 10 (0.863019). An alpha is refused where X'X came out with an eigenvalue as far below 0; one that
rounding touches less than that is not, so at next to no noise compare with `products: double`.

Reference: Hoerl & Kennard 1970, Technometrics 12, 55, doi:10.1080/00401706.1970.10488634
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Literal

import numpy as np
import torch

from runner.contract import Context, Data, Job, Output, Split
from runner.counter import key_of
from runner.findings import JobFailed
from runner.numerics import fronts
from runner.numerics.conditioning import Conditioned
from runner.numerics.gram import Gram, gram_of, grams_of, precision, summed
from runner.numerics.noise import normals
from runner.numerics.penalty import Choice, Penalty, folded
from runner.numerics.shrinkage import Linear, ridge_path, ridge_path_of_rows

VERSION = 3
USES_VAL = True
USES_SEED = False

BATCH = 4096  # rows at a time
NOISE = "noise"  # the one thing `conditional` may name that is no label
Pair = tuple[torch.Tensor, torch.Tensor]
Seen = Split | Conditioned
Fit = Callable[[Gram, Sequence[float]], Linear]
Fitted = tuple[Linear, torch.Tensor]  # a path and the R² of every rule on the rows it was fitted on


@dataclass(frozen=True)
class Pca:
    """The inputs projected onto the directions in which they vary most."""

    kind: Literal["pca"] = "pca"
    # directions kept
    components: int = 100


@dataclass(frozen=True)
class Pls:
    """The scores of partial least squares, which look at the target, too."""

    kind: Literal["pls"] = "pls"
    # directions kept
    components: int = 20


@dataclass(frozen=True)
class Top:
    """The few inputs that matter most."""

    kind: Literal["top"] = "top"
    # inputs kept
    pixels: int = 500
    # a job whose profile `importance` or `weights` ranks them; none: the ridge on all inputs at the same alpha
    by: Job | None = None


@dataclass(frozen=True)
class Params:
    """What an experiment may set."""

    # the penalty; `val` takes the best of `alphas` on the validation rows, `cv` by cross-validation
    alpha: float | Literal["val", "cv"] = "val"
    # the path that is walked, smallest to largest
    alphas: tuple[float, ...] = (
        1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0, 3.0, 1e1, 3e1, 1e2, 3e2, 1e3, 3e3, 1e4,
    )  # fmt: skip
    # of the cross-validation; a row's number says which fold it is in
    folds: int = 5
    # float type of the products in X'X: `single` takes half the time of `double` and loses alphas near its rounding,
    # about 1e-9 |X'X|; `auto` is single from 512 inputs and three rows to two inputs on
    products: Literal["auto", "single", "double"] = "auto"
    # divide every input by its standard deviation over the training rows
    standardise: bool = False
    # label column that the weights depend on, or `noise` where `noises` are given
    conditional: str | None = None
    # highest power of that label in the weights
    order: Literal[1, 2] = 1
    # deviation of Gaussian noise on that label, added for the test rows only: how much an imperfect label costs
    label_noise: float = 0.0
    # which draw of that noise
    draw: int = 0
    # noises at which the training rows are seen, each once; none: the noise of the experiment
    noises: tuple[float, ...] | None = None
    # what stands in front: `{kind: pca, components: 100}`, `{kind: pls, components: 20}` or `{kind: top, pixels: 500}`
    front: Pca | Pls | Top | None = None


def run(params: Params, data: Data, context: Context) -> Output:
    """Fit the path on the training rows, choose, predict validation and test."""
    _check(params)
    train, val = _train(params, data.train), _seen(params, data.val)
    penalty = Penalty(params.alpha, params.alphas, params.folds)
    fit = partial(_path, params=params, ranking=_ranking(params.front, data, context))

    (path, explained), choice = _fitted(params, penalty, fit, train, context)
    if params.alpha == "val":
        predicted, errors = _validated(path, val, context)
        choice = penalty.by_validation(errors)
        path, explained = path.rule(choice.best), explained[[choice.best]]
        in_val = predicted[:, choice.best]
    else:
        in_val = _predicted(path, val, "val", context)

    scalars = {"alpha": choice.alpha, "train_rows": float(sum(part.rows for part in train))}
    if torch.isfinite(explained).all():  # a target that never changes has no R²
        scalars["train_r2"] = float(explained[0])
    if choice.errors is not None:  # an alpha at an end of the path says that the path was too short
        scalars["alpha_at_edge"] = float(choice.at_edge)
    return Output(
        predictions={"val": in_val, "test": _predicted(path, _tested(params, data.test), "test", context)},
        scalars=scalars,
        tables={f"{params.alpha}_mse": choice.table} if choice.table else {},
        profiles=_profiles(path, data.train.width),
    )


def _check(params: Params) -> None:
    """Refuse parameters that do not go together."""
    if params.conditional == NOISE and not params.noises:
        raise JobFailed("`conditional: noise` needs several noises in training", fix="give `noises`")
    if params.label_noise and params.conditional is None:
        raise JobFailed("`label_noise` is noise on the label of `conditional`", fix="name it, or leave the noise out")
    by_job = isinstance(params.front, Top) and params.front.by is not None
    if by_job and params.alpha == "cv":
        raise JobFailed("a job that ranks the inputs sees all training rows, so no fold is left out", fix="alpha: val")
    if by_job and params.conditional is not None:
        raise JobFailed("a job can rank the inputs, and not their products with a label", fix="leave `by` out")


# ---- the rows as they are seen ----


def _train(params: Params, train: Split) -> list[Seen]:
    """Return the training rows, once for every noise they are seen at."""
    views = [train.at(noise=noise) for noise in params.noises] if params.noises else [train]
    return [_seen(params, view) for view in views]


def _seen(params: Params, split: Split) -> Seen:
    """Return a split with the label that the weights depend on."""
    return split if params.conditional is None else Conditioned(split, _label(params.conditional, split), params.order)


def _tested(params: Params, test: Split) -> Seen:
    """Return the test rows, with noise on their label."""
    if params.conditional is None:
        return test
    key = key_of("label noise", params.conditional, params.draw)
    z = normals(key, torch.arange(test.rows), 1)[:, 0].double()
    return Conditioned(test, _label(params.conditional, test) + params.label_noise * z, params.order)


def _label(name: str, split: Split) -> torch.Tensor:
    """Return a label of every row, or the noise it is seen at."""
    if name != NOISE:
        return torch.from_numpy(split.column(name)).double()
    if NOISE not in split.axes:
        raise JobFailed("the rows are seen at no noise that could be told")
    return torch.full((split.rows,), split.axes[NOISE], dtype=torch.float64)


# ---- the fit ----


def _fitted(
    params: Params, penalty: Penalty, fit: Fit, train: Sequence[Seen], context: Context
) -> tuple[Fitted, Choice]:
    """Return the path, of one rule where cross-validation has chosen it, and the choice so far."""
    rows, width = sum(part.rows for part in train), train[0].width
    dtype = precision(params.products, rows, width)
    if params.alpha == "cv":
        batches = chain.from_iterable(folded(pairs, params.folds) for pairs in _passes(train, context))
        folds = grams_of(batches, params.folds, dtype)
        choice = penalty.by_folds(folds, lambda gram: fit(gram, penalty.path))
        return _of_gram(fit, summed(part for part in folds if part is not None), [choice.alpha]), choice
    pairs = chain.from_iterable(_passes(train, context))
    if rows < width and params.front is None:
        return _of_rows(params, pairs, penalty.path, dtype), penalty.given()
    return _of_gram(fit, gram_of(pairs, dtype), penalty.path), penalty.given()


def _of_gram(fit: Fit, gram: Gram, alphas: Sequence[float]) -> Fitted:
    """Return the path from sums over many rows that went by."""
    path = fit(gram, alphas)
    return path, 1 - path.squares(gram) / gram.yy[0, 0]


def _of_rows(params: Params, pairs: Iterable[Pair], alphas: Sequence[float], dtype: torch.dtype) -> Fitted:
    """Return the path from a few rows held at once."""
    batches = list(pairs)
    if not batches:
        raise JobFailed("there are no rows to fit")
    x, y = (torch.cat(parts) for parts in zip(*batches, strict=True))
    path = ridge_path_of_rows(x, y, alphas, dtype, standardise=params.standardise)
    errors = (path.predict(x) - y[:, None]).square().sum(0) / (y - y.mean()).square().sum()
    return path, 1 - errors.cpu()


def _path(gram: Gram, alphas: Sequence[float], params: Params, ranking: torch.Tensor | None) -> Linear:
    """Return the ridge path with what stands in front of it."""
    if params.standardise:
        scale = gram.spread()
        return _path(gram.divided(scale), alphas, replace(params, standardise=False), ranking).divided(scale)
    match params.front:
        case Pca(components=components):
            return fronts.path_onto(gram, fronts.principal(gram, components), alphas)
        case Pls(components=components):
            return fronts.path_onto(gram, fronts.partial_least_squares(gram, components), alphas)
        case Top(pixels=pixels) if ranking is not None:
            return fronts.path_of_columns(gram, fronts.largest(ranking, pixels), alphas)
        case Top(pixels=pixels):
            return fronts.path_of_largest(gram, pixels, alphas)
    return ridge_path(gram, alphas)


def _ranking(front: Pca | Pls | Top | None, data: Data, context: Context) -> torch.Tensor | None:
    """Return what another job thinks of every input, where one is to be asked."""
    if not isinstance(front, Top) or front.by is None:
        return None
    profiles = context.fit(front.by, data).profiles
    for name in ("importance", "weights"):
        if name in profiles:
            return torch.from_numpy(np.asarray(profiles[name], dtype=float))
    raise JobFailed(f"the job `{front.by.job}` ranks no inputs", fix="name one with importances or weights")


# ---- what it says ----


def _validated(path: Linear, val: Seen, context: Context) -> tuple[np.ndarray, np.ndarray]:
    """Return every rule's validation predictions [rows, k] and mean squared error [k]."""
    k = path.weights.shape[1]
    predicted, squares, done = np.empty((val.rows, k)), np.zeros(k), 0
    for x, y in _told(val.pairs(BATCH), val.rows, "val", context):
        batch = path.predict(x)  # [n, k]
        predicted[done : done + len(x)] = batch.cpu().numpy()
        squares += (batch - y[:, None]).square().sum(0).cpu().numpy()
        done += len(x)
    return predicted, squares / val.rows if val.rows else squares + np.nan


def _predicted(rule: Linear, split: Seen, note: str, context: Context) -> np.ndarray:
    """Return one rule's prediction for every row of a split."""
    predicted, done = np.empty(split.rows), 0
    for x in split.inputs(BATCH):
        predicted[done : done + len(x)] = rule.predict(x)[:, 0].cpu().numpy()
        done += len(x)
        context.progress(done, split.rows, note)
    return predicted


def _profiles(rule: Linear, width: int) -> dict[str, np.ndarray]:
    """Return the weight of every input, and those that go with the powers of a label."""
    parts = rule.weights[:, 0].numpy().reshape(-1, width)
    return {f"weights_{power}" if power else "weights": part for power, part in enumerate(parts)}


def _passes(train: Sequence[Seen], context: Context) -> Iterator[Iterator[Pair]]:
    """Yield the batches of every view of the training rows, one view after the other."""
    rows, done = sum(part.rows for part in train), 0
    for part in train:
        yield _told(part.pairs(BATCH), rows, "train", context, done)
        done += part.rows


def _told(pairs: Iterable[Pair], rows: int, note: str, context: Context, done: int = 0) -> Iterator[Pair]:
    """Pass batches on and report how many rows have gone by."""
    for x, y in pairs:
        yield x, y
        done += len(x)
        context.progress(done, rows, note)
