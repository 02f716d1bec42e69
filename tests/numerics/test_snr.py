"""Three signal-to-noise ratios and the ten statistics of a noise vector."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import stats

from runner.numerics.snr import (
    STATISTICS,
    mean_snr,
    median_snr,
    norm_snr,
    quantiles,
    sigma_statistics,
    told_statistics,
)

RANDOM = np.random.default_rng(7)
CLEAN, SIGMA = RANDOM.normal(0.5, 0.4, (40, 1000)), RANDOM.lognormal(-2, 1.5, (40, 1000))

DEFINITIONS: list[tuple[Callable[..., torch.Tensor], Callable[..., np.ndarray]]] = [
    (median_snr, lambda f, s: np.median(f / s, axis=1)),
    (norm_snr, lambda f, s: np.linalg.norm(f, axis=1) / np.linalg.norm(s, axis=1)),
    (mean_snr, lambda f, s: np.mean(abs(f / s), axis=1)),
]


@pytest.mark.parametrize(("ours", "oracle"), DEFINITIONS)
def test_every_definition_is_its_formula(ours: Callable[..., torch.Tensor], oracle: Callable[..., np.ndarray]) -> None:
    """Each function is the formula of its name, and at noise 0.2 five times as large."""
    clean, sigma = torch.tensor(CLEAN), torch.tensor(SIGMA)

    np.testing.assert_allclose(ours(clean, sigma), oracle(CLEAN, SIGMA), rtol=1e-12)
    torch.testing.assert_close(ours(clean, 0.2 * sigma), 5 * ours(clean, sigma))


def test_the_definitions_differ() -> None:
    """No two of the three agree, so a number needs the name of its definition."""
    a, b, c = (ours(torch.tensor(CLEAN), torch.tensor(SIGMA)) for ours, _ in DEFINITIONS)

    for one, other in [(a, b), (b, c), (a, c)]:
        assert float((one / other).log().abs().min()) > 0.1


@pytest.mark.parametrize("width", [1, 2, 7, 1000])
def test_quantiles_are_numpys(width: int) -> None:
    """Any share of any number of pixels is interpolated as numpy does."""
    shares = (0.0, 0.25, 0.3, 0.5, 0.75, 1.0)

    found = torch.stack(quantiles(torch.tensor(SIGMA[:, :width]), *shares))

    np.testing.assert_allclose(found, np.quantile(SIGMA[:, :width], shares, axis=1), rtol=1e-12)


def test_the_ten_statistics_are_those_of_scipy() -> None:
    """Every column is the statistic of its name."""
    oracle = {
        "mean": SIGMA.mean(1),
        "std": SIGMA.std(1),
        "min": SIGMA.min(1),
        "max": SIGMA.max(1),
        "median": np.median(SIGMA, axis=1),
        "sum": SIGMA.sum(1),
        "q25": np.quantile(SIGMA, 0.25, axis=1),
        "q75": np.quantile(SIGMA, 0.75, axis=1),
        "skew": stats.skew(SIGMA, axis=1),
        "kurtosis": stats.kurtosis(SIGMA, axis=1),
    }

    found = sigma_statistics(torch.tensor(SIGMA))

    assert found.shape == (40, 10)
    np.testing.assert_allclose(found, np.stack([oracle[name] for name in STATISTICS], axis=1), rtol=1e-10)


def test_what_is_told_is_the_statistic_to_five_percent() -> None:
    """Every number is within half a step of the exact one, of its sign, and one of few."""
    exact, told = sigma_statistics(torch.tensor(SIGMA)), told_statistics(torch.tensor(SIGMA))

    assert 0.02 < float((told / exact).log().abs().max()) <= 0.025 + 1e-12
    steps = told.abs().log() / 0.05
    torch.testing.assert_close(steps, steps.round(), atol=1e-9, rtol=0)


def test_a_flat_noise_has_no_shape() -> None:
    """Of the same sigma everywhere every statistic is a finite number; its skewness is 0."""
    told = told_statistics(torch.full((2, 50), 0.25))

    assert torch.isfinite(told).all()
    assert told[0, STATISTICS.index("skew")] == 0
