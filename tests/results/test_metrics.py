"""Metrics from weighted sums give what scikit-learn gives from rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn import metrics as oracle

from runner.documents.metrics import BOUNDS, METRICS, TEST
from runner.results import bounds
from runner.results.metrics import LIMITS, OF_PREDICTIONS, SYMBOLS, best_first, moments, unit_of

ORACLES: dict[str, Callable[..., float]] = {
    "r2": oracle.r2_score,
    "mae": oracle.mean_absolute_error,
    "rmse": oracle.root_mean_squared_error,
    "bias": lambda truth, predicted, sample_weight=None: float(np.average(predicted - truth, weights=sample_weight)),
}


def normals(count: int, seed: int = 1) -> np.ndarray:
    """Return normal numbers, the same every time."""
    return np.random.default_rng(seed).normal(size=count)


def score(metric: str, truth: np.ndarray, predicted: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Score rows the way the engine does: weights times moments, then the metric."""
    weights = np.ones(len(truth)) if weights is None else weights
    return float(OF_PREDICTIONS[metric]((weights @ moments(truth, predicted))[None])[0])


@pytest.mark.parametrize("metric", OF_PREDICTIONS)
@pytest.mark.parametrize(("offset", "spread"), [(0.0, 1.0), (5777.0, 300.0), (-1e6, 1.0), (0.3, 1e-6)])
def test_metrics_are_those_of_scikit_learn(metric: str, offset: float, spread: float) -> None:
    """Every metric agrees with its oracle, for labels of any scale and far from zero."""
    truth = offset + spread * normals(500)
    predicted = truth + spread * (0.1 + 0.7 * normals(500, seed=2))

    assert score(metric, truth, predicted) == pytest.approx(ORACLES[metric](truth, predicted), rel=1e-9)


@pytest.mark.parametrize("metric", OF_PREDICTIONS)
def test_metrics_of_weighted_rows_are_those_of_scikit_learn(metric: str) -> None:
    """A row drawn three times counts three times, a row not drawn not at all."""
    truth, predicted = 4 + normals(200), 4 + normals(200, seed=2)
    drawn = np.random.default_rng(3).integers(0, 4, size=200)

    assert score(metric, truth, predicted, drawn.astype(float)) == pytest.approx(
        ORACLES[metric](truth, predicted, sample_weight=drawn), rel=1e-12
    )


@pytest.mark.parametrize("offset", [0.0, 0.1, -3.7, 1e5])
def test_r2_of_equal_labels_is_no_number(offset: float) -> None:
    """Where the true values do not differ there is nothing to explain, whatever rounding leaves of their spread."""
    truth = np.concatenate([np.full(50, offset + 0.3), np.full(37, offset + 1.7)])
    predicted = truth + normals(len(truth))
    alone = (truth == truth[0]).astype(float)

    assert not np.isfinite(score("r2", truth, predicted, alone))
    assert np.isfinite(score("mae", truth, predicted, alone))


@pytest.mark.parametrize("metric", OF_PREDICTIONS)
def test_no_rows_have_no_metric(metric: str) -> None:
    """An empty slice gives no number, and no warning either."""
    assert not np.isfinite(score(metric, normals(9), normals(9, seed=2), np.zeros(9)))


def test_shares_of_the_variance_have_no_unit() -> None:
    """Errors come in the unit of the target, R² and what limits it in none."""
    units = {metric: unit_of(metric, "kg") for metric in METRICS}

    assert unit_of("n", "kg") == ""
    assert {metric for metric, unit in units.items() if unit} == {"mae", "rmse", "bias", "sigma"}
    assert set(units.values()) == {"kg", ""}


def test_every_metric_is_computed_from_what_it_says() -> None:
    """The names a protocol may list are those that are implemented, no more."""
    assert {name for name, metric in METRICS.items() if metric.of == TEST} == set(OF_PREDICTIONS)
    assert {name for name, metric in METRICS.items() if metric.of == BOUNDS} == LIMITS
    assert {"bound", bounds.MEAN, *bounds.SHARES} == LIMITS


def test_every_metric_is_written_in_its_own_way() -> None:
    """No two have one symbol, and each says which way is better."""
    assert len(set(SYMBOLS.values())) == len(SYMBOLS) == len(METRICS)
    assert [best_first(metric)(-2.0) for metric in ("r2", "bias", "sigma")] == [2.0, 2.0, -2.0]
