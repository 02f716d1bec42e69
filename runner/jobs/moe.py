"""A mixture of experts: a model for each bin of the label space, and a router that says how far each is trusted.

    y'(x) = sum_k p_k(x) e_k(x),    sum_k p_k = 1        e_k: the expert fitted on the rows of bin k

Bins lie over true labels, which a router may or may not know:

    oracle               the true bin of each row by its labels: what routing could gain at most, not to be deployed
    pseudo               the bin of the labels that a ridge on all rows predicts
    logistic             p_k = the probability of bin k, multinomial regression on a few features of the row
    mlp, linear          p = softmax(network(features)), trained on the squared error of the mixture, experts frozen

Features, their windows and continua: `numerics/windows.py`; the gates: `numerics/gates.py`. A gate learns from a share
of the training rows that neither an expert nor the global ridge is fitted on: the same rows whatever the seed, so that
gates share their experts. With `rows: val` these are the validation rows, which choose alphas and calibrate, too; with
`rows: train` they are the experts' own rows, as was published: optimistic, since experts are better there.

Experts that are a plain `ridge` come from one pass over the training rows, which sums the products of every bin; the
global ridge is their sum (with `alpha: cv`, one pass for every bin). Any other expert is fitted as a job of its
own. Rows in no bin are predicted by the nearest one, which is not fitted on them, or by one expert more: `outside`.

What a gate retains of the oracle's gain is no scalar, because it needs models scored on the same rows. Write

    define: {rho: (soft.covered.r2 - ridge.covered.r2) / (oracle.covered.r2 - ridge.covered.r2)}

over jobs of one experiment; it then has an interval. Give the oracle the gate's `rows`, so that both have the same
experts. A `ridge` job learns from the gate's rows, too, which makes the gain look smaller; an oracle over one bin that
holds everything, with the same `rows`, is the ridge on equal rows. Values above 1 are possible: soft mixing smooths the
bins' edges.

References: Jacobs, Jordan, Nowlan & Hinton 1991, Neural Computation 3, 79, doi:10.1162/neco.1991.3.1.79
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch

from runner.contract import Context, Data, Job, Output, Partition, Split
from runner.counter import key_of
from runner.findings import JobFailed
from runner.numerics import gates, routing, windows
from runner.numerics.bins import labels_of, quantile_bins
from runner.numerics.experts import GENERAL, TEST, Said, heard
from runner.numerics.mixtures import Plan, calibrated, features_of, gate_rows, numbered, planned, routed
from runner.numerics.noise import normals
from runner.numerics.training import Schedule

VERSION = 2
USES_VAL = True
USES_SEED = True
CLOSE = 0.05  # on another machine other roundings lead the training of a gate elsewhere


@dataclass(frozen=True)
class Quantiles:
    """Bins of one label that hold equal shares of the training rows, ties aside; the outer two have no end."""

    kind: Literal["quantiles"] = "quantiles"
    # the label column
    by: str = "mh"
    # how many bins
    parts: int = 4


@dataclass(frozen=True)
class Oracle:
    """The true bin of every row, by its labels."""

    kind: Literal["oracle"] = "oracle"
    # deviation of Gaussian noise on the label of the validation and test rows, in its unit; for bins over one label
    jitter: float = 0.0
    # which draw of that noise
    draw: int = 0
    # share of the training rows that no expert is fitted on, so that gates can have the same experts
    rows: float = 0.0


@dataclass(frozen=True)
class Pseudo:
    """The bin of the labels that a ridge on all rows predicts."""

    kind: Literal["pseudo"] = "pseudo"
    # share of the training rows that no expert is fitted on, so that gates can have the same experts
    rows: float = 0.0


@dataclass(frozen=True)
class Logistic:
    """The probability of each bin, by multinomial regression."""

    kind: Literal["logistic"] = "logistic"
    # what it looks at, one kind or several side by side
    features: tuple[Literal["physical11", "physical13", "physical37", "snr10"], ...] = ("physical13",)
    # the rows it learns from: a share of the training rows, held out from all experts; `val`; or the experts' `train`
    rows: float | Literal["val", "train"] = 0.2
    # the experts' mean by their weights, or the one with the largest weight alone
    mix: Literal["soft", "hard"] = "soft"
    # inverse of the penalty on its weights; `cv` takes the best of 0.1 ... 1000 by five folds
    c: float | Literal["cv"] = "cv"


@dataclass(frozen=True)
class Mlp:
    """Weights by a small network, trained on the error of the mixture."""

    kind: Literal["mlp"] = "mlp"
    # what it looks at, one kind or several side by side
    features: tuple[Literal["physical11", "physical13", "physical37", "snr10"], ...] = ("physical13",)
    # the rows it learns from: a share of the training rows, held out from all experts; `val`; or the experts' `train`
    rows: float | Literal["val", "train"] = 0.2
    # the experts' mean by their weights, or the one with the largest weight alone
    mix: Literal["soft", "hard"] = "soft"
    # units of every hidden layer
    hidden: tuple[int, ...] = (64,)
    # step of Adam
    lr: float = 1e-3
    # the most epochs
    epochs: int = 100
    # epochs without a better error on a fifth of its rows after which it stops; 0: never
    patience: int = 10
    # rows of a step
    batch: int = 256


@dataclass(frozen=True)
class Linear:
    """Weights by a softmax of linear scores, trained on the error of the mixture."""

    kind: Literal["linear"] = "linear"
    # what it looks at, one kind or several side by side
    features: tuple[Literal["physical11", "physical13", "physical37", "snr10"], ...] = ("physical13",)
    # the rows it learns from: a share of the training rows, held out from all experts; `val`; or the experts' `train`
    rows: float | Literal["val", "train"] = 0.2
    # the experts' mean by their weights, or the one with the largest weight alone
    mix: Literal["soft", "hard"] = "soft"
    # step of Adam
    lr: float = 1e-3
    # the most epochs
    epochs: int = 100
    # epochs without a better error on a fifth of its rows after which it stops; 0: never
    patience: int = 10
    # rows of a step
    batch: int = 256


Router = Oracle | Pseudo | Logistic | Mlp | Linear


@dataclass(frozen=True)
class Params:
    """What an experiment may set."""

    # the bins: a partition of the protocol by its name, `{by, edges, names}`, or `{kind: quantiles, by: mh, parts: 4}`
    split: Partition | Quantiles
    # the job that is fitted on the rows of each bin
    experts: Job
    # jobs for named bins that take another one
    instead: dict[str, Job] | None = None
    # who says how far each expert is trusted
    router: Oracle | Pseudo | Logistic | Mlp | Linear = Oracle()
    # rows in no bin: they are predicted by the nearest bin, which is not fitted on them, and gates know of no other; or
    # by the ridge fitted on all rows, or by an expert of their own; the latter two are one more class of a gate
    outside: Literal["clamp", "global", "expert"] = "clamp"
    # whether what an expert says is corrected by a line fitted on the validation rows of its bin
    calibrate: bool = False
    # the ridge fitted on all rows speaks where no weight is as large as this
    fallback: float = 0.0


def run(params: Params, data: Data, context: Context) -> Output:
    """Fit the experts, weigh them row by row, and tell how that went."""
    _check(params, data.train)
    plan = _plan(params, data)
    said = heard(plan.crew, data, plan.asked, context)
    tables: dict[str, Any] = {**said.tables, "rows": plan.crew.assigned.rows}
    if params.calibrate:
        tables |= calibrated(said, plan)
    if params.outside == GENERAL:
        said.experts = {name: np.column_stack([values, said.general[name]]) for name, values in said.experts.items()}

    weights, scalars = _weights(params.router, plan, said, context)
    strongest = {name: weights[name].max(axis=1) for name in ("val", TEST)}
    predictions = {name: routing.mixed(_mix(params.router, weights[name]), said.experts[name]) for name in strongest}
    if params.fallback:
        unsure = {name: values < params.fallback for name, values in strongest.items()}
        predictions = {name: np.where(unsure[name], said.general[name], predictions[name]) for name in unsure}
        scalars["fallback_share"] = float(unsure[TEST].mean())

    exact = isinstance(params.router, Oracle) and not params.router.jitter
    told, shown = routed(plan, weights[TEST], exact=exact)
    return Output(predictions, scalars={**scalars, **told}, tables={**tables, **shown}, profiles=said.profiles)


def _check(params: Params, train: Split) -> None:
    """Refuse, before any expert is fitted, what cannot be done with them."""
    router, split = params.router, params.split
    if not 0 <= params.fallback <= 1:
        raise JobFailed(f"`fallback` is {params.fallback:g}; it is a weight", fix="write a number from 0 to 1")
    if isinstance(router, Oracle) and router.jitter and isinstance(split, Partition) and len(split.by) > 1:
        raise JobFailed("`jitter` is noise on one label, and these bins lie over several", fix="split by one label")
    for kind in getattr(router, "features", ()):
        if kind != "snr10":
            windows.placed(kind, train.positions)


def _plan(params: Params, data: Data) -> Plan:
    """Find the bins, the rows held out for a gate, and the job of every expert."""
    split, router = params.split, params.router
    if isinstance(split, Quantiles):
        split = quantile_bins(split.by, data.train.column(split.by), split.parts)
    gate, held = gate_rows(router.rows, data, gated=not isinstance(router, Oracle | Pseudo))
    asked = {"val": data.val, TEST: data.test} | ({} if gate is None else {"gate": gate})
    general = params.outside == GENERAL or params.fallback > 0 or isinstance(router, Pseudo)
    general |= any(windows.COMPONENTS[kind] for kind in getattr(router, "features", ()))
    how: Any = {"usual": params.experts, "instead": params.instead or {}, "outside": params.outside}
    plan = planned(split, data, asked, held, **how, general=general)
    if isinstance(router, Pseudo) and not plan.crew.by:
        raise JobFailed("`pseudo` needs validation rows, and labels that are numbers in every training row")
    return plan


def _weights(
    router: Router, plan: Plan, said: Said, context: Context
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Return how far every column is trusted on the validation and test rows, and what the router tells."""
    names = ("val", TEST)
    if isinstance(router, Oracle):
        labels = {name: _jittered(router, name, plan) for name in names}
    elif isinstance(router, Pseudo):
        labels = {name: said.labels[name] for name in names}
    else:
        looks = features_of(router.features, plan, said, context)
        gate, rows = _trained(router, looks["gate"], plan, said, context)
        return {name: gate.weights(looks[name]) for name in names}, {"n_gate": float(rows), **gate.scalars}
    return {name: routing.certain(plan.sent(labels[name]), len(plan.columns)) for name in names}, {}


def _mix(router: Router, weights: np.ndarray) -> np.ndarray:
    """Return the weights that a router mixes by."""
    hard = not isinstance(router, Oracle | Pseudo) and router.mix == "hard"
    return routing.hardened(weights) if hard else weights


def _jittered(router: Oracle, name: str, plan: Plan) -> np.ndarray:
    """Return the true labels of rows, with noise where some is asked for."""
    split, by = plan.asked[name], plan.partition.by
    labels = labels_of(split, by)
    if not router.jitter:
        return labels
    key = key_of("label noise", by[0], router.draw)  # that of a ridge with this label as its condition
    return labels + router.jitter * normals(key, torch.arange(split.rows), 1).double().numpy()


def _trained(
    router: Logistic | Mlp | Linear, looks: np.ndarray, plan: Plan, said: Said, context: Context
) -> tuple[gates.Gate, int]:
    """Return the gate of a router, and how many rows it learnt from; rows in no bin need a column of their own."""
    count, bins = len(plan.columns), plan.bins["gate"]
    used = np.ones(len(bins), dtype=bool) if count > len(plan.partition.names) else bins >= 0
    rows = int(used.sum())
    if isinstance(router, Logistic):
        penalty = None if router.c == "cv" else router.c
        return gates.logistic(looks[used], numbered(bins[used], count - 1), count, penalty), rows
    gate = gates.mixture(
        looks[used], said.experts["gate"][used], said.target["gate"][used],
        Schedule(router.lr, router.epochs, router.patience),
        hidden=router.hidden if isinstance(router, Mlp) else (), batch=router.batch,
        seed=context.seed, device=context.device, told=context.progress,
    )  # fmt: skip
    return gate, rows
