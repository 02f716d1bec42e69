"""Matched filters on rows whose likeliest coefficients, and whose noise, are known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import chi2, kstest

from runner.findings import JobFailed
from runner.numerics.matched_filters import MatchedFilters, matched_to

P, K = 60, 3
RANDOM = np.random.default_rng(19)
MEAN, AXES = RANDOM.normal(size=P) + 20, RANDOM.normal(size=(K, P))
SHAPES = RANDOM.uniform(0.5, 2, (2, P))  # of the noise of calm rows and of loud ones
SHAPES[1] *= 4
CLEAN = MEAN + RANDOM.normal(size=(600, K)) @ AXES
LOUD = np.arange(600) % 2
SIGMA = SHAPES[LOUD]


def matched(components: int = K, weightings: int = 2) -> MatchedFilters:
    """Return filters for the toy."""
    clean, sigma = (torch.from_numpy(array.astype(np.float32)) for array in (CLEAN, SIGMA))
    return matched_to(clean, sigma, components, weightings)


FILTERS = matched()
ROWS = torch.from_numpy((CLEAN + SIGMA * RANDOM.normal(size=CLEAN.shape)).astype(np.float32))


def basis(filters: MatchedFilters) -> torch.Tensor:
    """Return B, which (B W B') (B W B')^-1 B W divided by W is."""
    return filters.products[0] @ filters.filters[0] / filters.weights[0]


def test_every_group_of_noise_has_its_weights() -> None:
    """The calm half of the templates and the loud one: the inverse of the mean variance of each."""
    np.testing.assert_allclose(FILTERS.weights, 1 / SHAPES**2, rtol=1e-5)
    np.testing.assert_allclose(FILTERS.mean, CLEAN.mean(0), rtol=1e-6)
    np.testing.assert_allclose(matched(weightings=1).weights[0], 1 / (SHAPES**2).mean(0), rtol=1e-5)
    assert FILTERS.width == FILTERS.numbers(ROWS[:2]).shape[1] == 2 * (K + 1)


def test_coefficients_are_generalised_least_squares() -> None:
    """What they make of a row is its weighted fit by numpy's least squares, on the directions the rows were made of."""
    fitted = np.einsum("nmk,kp->nmp", FILTERS.coefficients(ROWS), basis(FILTERS))
    for weighting, sigma in enumerate(SHAPES):
        y = (ROWS.double().numpy() - CLEAN.mean(0)) / sigma
        c = np.linalg.lstsq((AXES / sigma).T, y.T, rcond=None)[0]
        np.testing.assert_allclose(fitted[:, weighting], c.T @ AXES, atol=2e-3 * abs(AXES).max())


def test_coefficients_of_a_clean_row_are_the_same_at_every_weighting() -> None:
    """A row in the plane is where it is, however it is weighted."""
    first, second = FILTERS.coefficients(torch.from_numpy(CLEAN.astype(np.float32))).unbind(1)

    np.testing.assert_allclose(first, second, atol=1e-4 * float(first.abs().max()))


def test_noise_is_recovered_from_the_row_alone() -> None:
    """What is left is chi square with p - k degrees of freedom, times how much noisier a row is than its weighting."""
    q = FILTERS.noise(ROWS, FILTERS.coefficients(ROWS)).numpy()
    calm, loud = q[LOUD == 0, 0], q[LOUD == 1, 1]
    thrice = torch.from_numpy(MEAN + 3 * SHAPES[0] * RANDOM.normal(size=(400, P))).float()

    for values in (calm, loud):
        assert kstest(values * (P - K), chi2(P - K).cdf).pvalue > 0.01
    np.testing.assert_allclose(FILTERS.noise(thrice, FILTERS.coefficients(thrice))[:, 0].mean(), 9, rtol=0.02)
    np.testing.assert_allclose(FILTERS.numbers(ROWS)[:, -2:].exp(), q, rtol=1e-5)


def test_numbers_of_a_row_do_not_depend_on_its_neighbours() -> None:
    """Alone, among others, in another order."""
    numbers = FILTERS.numbers(ROWS)
    order = torch.randperm(len(ROWS), generator=torch.Generator().manual_seed(1))

    for rows in (order, order[:7], order[:1]):
        np.testing.assert_allclose(FILTERS.numbers(ROWS[rows]), numbers[rows], rtol=1e-3, atol=1e-3)


def test_a_row_without_noise_has_a_number_for_it() -> None:
    """Rounding may leave less than nothing: what is told is small and finite."""
    numbers = FILTERS.numbers(torch.from_numpy(CLEAN.astype(np.float32)))

    assert torch.isfinite(numbers).all()
    assert numbers[:, -2:].max() < -8


def test_one_direction_is_always_left_for_the_noise() -> None:
    """Fewer components than inputs, however many are asked for."""
    few = matched_to(torch.rand(50, 4), torch.ones(50, 4), 40, 1)

    assert few.filters.shape == (1, 3, 4)
    assert torch.isfinite(few.numbers(torch.rand(9, 4))).all()


def test_rows_without_noise_are_refused() -> None:
    """Nothing says what to weight by."""
    with pytest.raises(JobFailed, match="no noise") as failure:
        matched_to(torch.rand(50, 4), torch.zeros(50, 4), 2, 1)
    assert "above 0" in str(failure.value.fix)
