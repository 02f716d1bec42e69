"""The quantile function of Beta(1.25, 1.25) against scipy's."""

from __future__ import annotations

import numpy as np
from scipy import stats

from runner.numerics.beta import beta_quantile

SHARES = np.concatenate([np.linspace(0, 1, 20_001), 10.0 ** -np.arange(3, 17), 1 - 10.0 ** -np.arange(3, 16)])


def test_quantiles_are_scipys() -> None:
    """All shares, the extreme ones too, agree to the stated accuracy and stay in [0, 1]."""
    x = beta_quantile(SHARES)

    np.testing.assert_allclose(x, stats.beta.ppf(SHARES, 1.25, 1.25), rtol=0, atol=5e-14)
    assert (x.min(), x.max()) == (0, 1)


def test_quantiles_rise() -> None:
    """More share is never less x, across the middle too."""
    assert (np.diff(beta_quantile(np.sort(SHARES))) >= -5e-14).all()
