"""Gates: how much a mixture trusts each of its experts, from a few features of a row.

    p = softmax(A_L relu(... relu(A_1 z + b_1) ...) + b_L),    z = (features - mean) / std,    sum_k p_k = 1

`logistic` has one layer and learns which bin a row is in, by multinomial regression (`multinomial.py`).
`mixture` learns what helps the prediction: with the experts' predictions e_k as they are,

    minimise mean (y - sum_k p_k e_k)^2

by Adam (`training.py`); without hidden layers it is the linear gate. A fifth of its rows judges the epochs.

References: Jacobs, Jordan, Nowlan & Hinton 1991, Neural Computation 3, 79, doi:10.1162/neco.1991.3.1.79
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from scipy.special import softmax

from runner.findings import JobFailed
from runner.numerics.multinomial import ROUGH, Multinomial, multinomial
from runner.numerics.networks import perceptron
from runner.numerics.training import Lessons, Schedule, Told, one_thread, seeded, set_aside, shuffled, trained

PENALTIES = (0.1, 1.0, 10.0, 100.0, 1000.0)  # values of C that `cv` walks
FOLDS = 5
STOPPING = 0.2  # of the rows, which judge the epochs

Layer = tuple[np.ndarray, np.ndarray]  # [out, in], [out]


@dataclass(frozen=True, slots=True)
class Gate:
    """A trained gate: what is subtracted from features and what they are divided by, and its layers."""

    mean: np.ndarray  # [k]
    scale: np.ndarray  # [k]
    layers: tuple[Layer, ...]
    scalars: Mapping[str, float] = field(default_factory=dict)  # what is worth telling of how it was trained

    def weights(self, features: np.ndarray) -> np.ndarray:
        """Return how much each expert is trusted on each row: [n, k] -> [n, experts], rows that sum to 1."""
        return np.asarray(softmax(self.scores(features), axis=1))

    def scores(self, features: np.ndarray) -> np.ndarray:
        """Return the numbers that the softmax turns into weights: [n, k] -> [n, experts]."""
        z = (features - self.mean) / self.scale
        for place, (matrix, bias) in enumerate(self.layers):
            z = (np.maximum(z, 0) if place else z) @ matrix.T + bias
        return np.asarray(z)


def logistic(features: np.ndarray, bins: np.ndarray, experts: int, penalty: float | None = None) -> Gate:
    """Return the gate that tells the bins of rows apart, with this C, or the best of `PENALTIES` by five folds.

    `bins` [n] are numbers from 0 to experts - 1. An expert whose bin has no row is never trusted.
    """
    _check(features, bins)
    if penalty is not None and not 0 < penalty < math.inf:
        raise JobFailed(f"`c` is {penalty:g}; it must be above 0", fix="write c: cv")
    mean, scale = _standard(features)
    there, classes = np.unique(bins, return_inverse=True)
    with one_thread():
        fit, c = _multinomial((features - mean) / scale, classes, len(there), penalty)
    matrix, bias = np.zeros((experts, len(mean))), np.full(experts, -np.inf)
    matrix[there], bias[there] = fit.weights, fit.intercepts
    return Gate(mean, scale, ((matrix, bias),), {"gate_c": c, "gate_converged": float(fit.converged)})


def mixture(  # noqa: PLR0913 - the rows, and the settings an experiment may choose
    features: np.ndarray,
    predictions: np.ndarray,
    target: np.ndarray,
    schedule: Schedule,
    *,
    hidden: tuple[int, ...] = (),
    batch: int = 256,
    seed: int = 0,
    device: str = "cpu",
    told: Told = lambda _done, _total, _note: None,
) -> Gate:
    """Return the gate that mixes frozen experts' predictions [n, experts] to be nearest to the target [n]."""
    if min((batch, *hidden)) < 1:
        raise JobFailed(f"`batch` is {batch} and `hidden` {list(hidden)}; each must be 1 or more")
    _check(features, target)
    if len(target) < 2:  # noqa: PLR2004 - one to learn from, one to judge by
        raise JobFailed("there are too few rows to train a gate on")
    aside = set_aside(len(target), STOPPING)
    mean, scale = _standard(features[~aside])
    given = tuple(
        torch.as_tensor(array, dtype=torch.float64, device=device)
        for array in ((features - mean) / scale, predictions, target)
    )
    learnt, held = (tuple(tensor[torch.from_numpy(part).to(device)] for tensor in given) for part in (~aside, aside))
    with seeded(seed, device), one_thread():
        model = perceptron(features.shape[1], hidden, predictions.shape[1]).double().to(device)

        def loss(z: torch.Tensor, said: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return mixture_loss(model(z), said, y)

        rows = len(learnt[0])
        lessons = Lessons(lambda *_: shuffled(learnt, batch), loss, lambda: float(loss(*held)), rows)
        news = trained(model, lessons, schedule, told)
    scalars = {"best_epoch": float(news.best_epoch), "epochs": float(len(news.errors)), "gate_mse": min(news.errors)}
    return Gate(mean, scale, _layers(model), scalars)


def mixture_loss(scores: torch.Tensor, predictions: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return the mean squared error of the mixture with these scores [n, experts]."""
    return (target - (scores.softmax(1) * predictions).sum(1)).square().mean()


def _layers(model: torch.nn.Sequential) -> tuple[Layer, ...]:
    """Return the linear layers of a perceptron as arrays."""
    linear = (layer for layer in model if isinstance(layer, torch.nn.Linear))
    return tuple((layer.weight.detach().cpu().numpy(), layer.bias.detach().cpu().numpy()) for layer in linear)


def _standard(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean of every feature and what makes its spread 1; a constant one is left as it is."""
    spread = features.std(axis=0)
    return features.mean(axis=0), np.where(spread > 0, spread, 1.0)


def _check(features: np.ndarray, target: np.ndarray) -> None:
    """Refuse rows that teach nothing."""
    if not len(features):
        raise JobFailed("there are no rows to train a gate on", fix="give the router more rows")
    if not (np.isfinite(features).all() and np.isfinite(target).all()):
        raise JobFailed("the features of a gate or its target hold numbers that are not finite")


def _multinomial(z: np.ndarray, bins: np.ndarray, experts: int, penalty: float | None) -> tuple[Multinomial, float]:
    """Return the fit with this C, or with the one of `PENALTIES` under which held-out bins are most likely."""
    if penalty is not None:
        return multinomial(z, bins, experts, penalty), penalty
    folds = np.arange(len(z)) % FOLDS  # rows come in no order
    surprise = sum(_surprises(z, bins, experts, folds == fold) for fold in range(min(FOLDS, len(z))))
    best = PENALTIES[int(np.argmin(surprise))]
    return multinomial(z, bins, experts, best), best


def _surprises(z: np.ndarray, bins: np.ndarray, experts: int, held: np.ndarray) -> np.ndarray:
    """Return how unlikely the bins of the held-out rows are, in all, for the fits of every C to the others."""
    out, fit = [], None
    for c in PENALTIES:
        fit = multinomial(z[~held], bins[~held], experts, c, start=fit, tolerance=ROUGH)
        out.append(-fit.log_shares(z[held])[np.arange(held.sum()), bins[held]].sum())
    return np.array(out)
