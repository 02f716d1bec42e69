"""Multinomial regression, against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from runner.numerics import multinomial as module
from runner.numerics.multinomial import multinomial

RANDOM = np.random.default_rng(4)
Z = RANDOM.normal(size=(600, 5))
Z[:, 4] = Z[:, 0] + Z[:, 1]  # one that the others say, as the sum of three equivalent widths is
LABELS = (Z @ RANDOM.normal(size=(5, 4)) + RANDOM.gumbel(size=(600, 4))).argmax(1)


@pytest.mark.parametrize("c", [0.01, 1.0, 1000.0])
@pytest.mark.parametrize("classes", [2, 4])
def test_shares_are_scikit_learns(c: float, classes: int) -> None:
    """For every C; of two classes scikit-learn penalises the one difference, half as much as two vectors."""
    labels = LABELS % classes
    oracle = LogisticRegression(C=c if classes > 2 else 2 * c, tol=1e-10, max_iter=10_000).fit(Z, labels)
    fit = multinomial(Z, labels, classes, c)

    assert fit.converged
    np.testing.assert_allclose(np.exp(fit.log_shares(Z)), oracle.predict_proba(Z), atol=1e-5)
    np.testing.assert_allclose(fit.intercepts.sum(), 0, atol=1e-6)


def test_a_start_nearby_leads_to_the_same_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """And rows taken in chunks give the same curvature."""
    alone = multinomial(Z, LABELS, 4, 10.0)
    monkeypatch.setattr(module, "CHUNK", 77)
    led = multinomial(Z, LABELS, 4, 10.0, start=multinomial(Z, LABELS, 4, 1.0))

    np.testing.assert_allclose(led.weights, alone.weights, atol=1e-6)


def test_classes_a_line_divides_have_an_end_too() -> None:
    """The penalty keeps the weights finite however sure they are."""
    labels = (Z[:, 0] > 0).astype(int)
    fit = multinomial(Z, labels, 2, 1e6)

    assert fit.converged
    assert (fit.log_shares(Z).argmax(1) == labels).all()


def test_steps_that_run_out_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What came of them is returned, and that it is not the end."""
    monkeypatch.setattr(module, "STEPS", 2)

    assert not multinomial(Z, LABELS, 4, 1000.0).converged
