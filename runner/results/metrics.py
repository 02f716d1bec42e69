"""Metrics as functions of weighted sums, so that one product scores a thousand resamples."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from runner.documents.protocol import COUNT as COUNT  # noqa: PLC0414 - scored like a metric, known without scoring

BETTER = {"r2": "higher", "mae": "lower", "rmse": "lower", "bias": "zero"}
UNITLESS = frozenset({"r2"})
FLAT = 1e-12  # share of y² below which a spread about the mean is the rounding of equal values
SYMBOLS = {"r2": "R²", "mae": "MAE", "rmse": "RMSE", "bias": "bias"}


Array = npt.NDArray[np.float64]


def moments(truth: Array, predicted: Array) -> Array:
    """Return per row what every metric is a sum of: 1, y, y², e, e², |e|, with y about its mean."""
    error, y = predicted - truth, truth - truth.mean()  # R² does not move with y, and keeps its digits
    return np.stack([np.ones_like(y), y, y**2, error, error**2, np.abs(error)], axis=1)


def r2(sums: Array) -> Array:
    """Coefficient of determination about the mean of the very rows scored."""
    n, y, yy, _, ee, _ = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = yy - y**2 / n
        return np.asarray(1 - ee / np.where(spread > FLAT * yy, spread, 0.0))


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


METRICS: dict[str, Callable[[Array], Array]] = {"r2": r2, "mae": mae, "rmse": rmse, "bias": bias}


def best_first(metric: str) -> Callable[[float], float]:
    """Return the key by which values of a metric sort, the best one first."""
    return {"higher": lambda value: -value, "lower": lambda value: value, "zero": abs}[BETTER[metric]]


def unit_of(metric: str, target_unit: str) -> str:
    """Return the unit a metric is given in."""
    return "" if metric in UNITLESS else target_unit
