"""Metrics of predictions as functions of weighted sums, so that one product scores a thousand resamples."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from runner.documents.metrics import BOUNDS, METRICS
from runner.documents.metrics import COUNT as COUNT  # noqa: PLC0414 - scored like a metric, known without scoring

FLAT = 1e-12  # share of y² below which a spread about the mean is the rounding of equal values
SYMBOLS = {name: metric.symbol for name, metric in METRICS.items()}
LIMITS = frozenset(name for name, metric in METRICS.items() if metric.of == BOUNDS)

Array = npt.NDArray[np.float64]


def moments(truth: Array, predicted: Array) -> Array:
    """Return per row what every metric is a sum of: 1, y, y², e, e², |e|, with y about its mean."""
    error, y = predicted - truth, truth - truth.mean()  # R² does not move with y, and keeps its digits
    return np.stack([np.ones_like(y), y, y**2, error, error**2, np.abs(error)], axis=1)


def spread(n: Array, y: Array, yy: Array) -> Array:
    """Return the squares about the mean of the very rows scored, summed: zero where all are equal."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = yy - y**2 / n
    return np.where(found > FLAT * yy, found, 0.0)


def r2(sums: Array) -> Array:
    """Coefficient of determination about the mean of the very rows scored."""
    n, y, yy, _, ee, _ = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(1 - ee / spread(n, y, yy))


def mae(sums: Array) -> Array:
    """Mean absolute error."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return sums[:, 5] / sums[:, 0]


def rmse(sums: Array) -> Array:
    """Root of the mean squared error."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.sqrt(sums[:, 4] / sums[:, 0]))


def bias(sums: Array) -> Array:
    """Mean of predicted minus true."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return sums[:, 3] / sums[:, 0]


OF_PREDICTIONS: dict[str, Callable[[Array], Array]] = {"r2": r2, "mae": mae, "rmse": rmse, "bias": bias}


def best_first(metric: str) -> Callable[[float], float]:
    """Return the key by which values of a metric sort, the best one first."""
    return {"higher": lambda value: -value, "lower": lambda value: value, "zero": abs}[METRICS[metric].better]


def unit_of(metric: str, target_unit: str) -> str:
    """Return the unit a metric is given in; a count has none."""
    return "" if metric == COUNT or METRICS[metric].unitless else target_unit
