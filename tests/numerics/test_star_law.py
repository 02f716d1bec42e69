"""The law of synthetic stars: the distributions it draws from, what is seen of a star, and every slope."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

from runner.data.mockstar import open_source
from runner.numerics import emulator, instrument
from runner.numerics.star_law import HIGH, LOW, STEP, StarLaw

RANDOM = np.random.default_rng(14)
MAGS = (20.5, 22.5)
SCORES = torch.tensor(RANDOM.normal(size=(200, 7)))


def exact(noise: float = 0.5) -> StarLaw:
    """The law in double precision, so that differences can be taken of it."""
    law = StarLaw(MAGS, noise, "cpu")
    law._emulator, law._instrument = emulator.load(dtype=torch.float64), instrument.load(dtype=torch.float64)
    return law


def test_states_are_quantiles_of_the_law() -> None:
    """A score becomes the quantile of its own probability: scipy's uniform, beta and log-normal ones."""
    share = stats.norm.cdf(SCORES)
    low, width = np.append(LOW, MAGS[0]), np.append(HIGH - LOW, MAGS[1] - MAGS[0])
    expected = np.empty((200, 7))
    for k in (0, 1, 5):
        expected[:, k] = stats.uniform(low[k], width[k]).ppf(share[:, k])
    for k in (2, 3, 4):
        expected[:, k] = stats.beta(1.25, 1.25, low[k], width[k]).ppf(share[:, k])
    expected[:, 6] = stats.lognorm(0.15, scale=math.exp(0.12)).ppf(share[:, 6])

    states, _ = StarLaw(MAGS, 1.0, "cpu").states(SCORES)

    np.testing.assert_allclose(states, expected, rtol=1e-9, atol=1e-9)


def test_states_are_drawn_as_the_source_draws() -> None:
    """Labels, magnitudes and factors of 4000 stars of the source and of the law have one distribution each."""
    drawn = open_source({"val": 0, "test": 0}, Path()).draw("train", range(4000))
    states, _ = StarLaw(MAGS, 1.0, "cpu").states(torch.tensor(RANDOM.normal(size=(4000, 7))))

    theirs = np.column_stack([drawn.labels, drawn.mag, drawn.factor])
    for k in range(7):
        assert stats.ks_2samp(theirs[:, k], states[:, k].numpy()).pvalue > 1e-3


def test_states_grow_as_their_slopes_say() -> None:
    """The slope of every state by its score is the central difference."""
    law, step = StarLaw(MAGS, 1.0, "cpu"), 1e-5
    _, slopes = law.states(SCORES)
    up, down = (law.states(SCORES + side)[0] for side in (step, -step))

    np.testing.assert_allclose(slopes, (up - down) / (2 * step), rtol=1e-5, atol=1e-9)


def test_far_scores_stay_in_the_box() -> None:
    """However far a score, states stay inside their ranges, where all but the factor have stopped to move."""
    far = torch.tensor([[-40.0] * 7, [40.0] * 7, [-8.0] * 7, [8.0] * 7], dtype=torch.float64)
    states, slopes = StarLaw(MAGS, 1.0, "cpu").states(far)

    assert states.isfinite().all()
    assert slopes.isfinite().all()
    np.testing.assert_allclose(states[:2, :6], np.array([[*LOW, 20.5], [*HIGH, 22.5]]), rtol=1e-6)
    assert torch.equal(states[:2], states[2:])
    assert ((slopes[:, :6] >= 0) & (slopes[:, :6] < 1e-6)).all()


def test_nodes_are_seen_at_nominal_seeing() -> None:
    """The factor of the regular grid is 1 and does not move."""
    states, slopes = StarLaw((21.5, 21.5), 1.0, "cpu", "nodes").states(SCORES)

    assert (states[:, 6] == 1).all()
    assert (slopes[:, 6] == 0).all()
    assert (states[:, 5] == 21.5).all()


@pytest.mark.parametrize("noise", [1.0, 0.2])
def test_what_is_seen_of_a_star(noise: float) -> None:
    """Its flux, clipped at 0, and the square of its noise at the level of the run."""
    law = StarLaw(MAGS, noise, "cpu")
    states, _ = law.states(SCORES)
    mean, variance = law.seen(states)

    clean = emulator.clean(states[:, :5]).clamp(min=0)
    assert torch.equal(mean, clean)
    sigma = noise * instrument.sigma(clean, states[:, 5], states[:, 6])
    np.testing.assert_allclose(variance, sigma**2, rtol=1e-5, atol=0)


def test_what_is_seen_moves_as_the_slopes_say() -> None:
    """In double precision, mean and variance follow each of the seven numbers as central differences do."""
    law = exact()
    states = law.states(SCORES[:20])[0]
    slopes = law.slopes(states)

    for k, step in enumerate([2e-2, 4e-5, 3e-5, 1e-5, 1e-5, 1e-5, 1e-5]):
        side = step * torch.eye(7, dtype=torch.float64)[k]
        up, down = law.seen(states + side), law.seen(states - side)
        for found, ends in zip(slopes, zip(up, down, strict=True), strict=True):
            expected = (ends[0] - ends[1]) / (2 * step)
            np.testing.assert_allclose(found[:, k], expected, rtol=1e-5, atol=1e-6 * float(expected.abs().max()))


def test_continuous_labels_have_no_lattice() -> None:
    """There is no list of all labels where they are continuous."""
    assert StarLaw(MAGS, 1.0, "cpu").lattice(4) is None


def test_nodes_are_a_lattice_of_equal_shares() -> None:
    """The regular grid holds every node once."""
    found = StarLaw(MAGS, 1.0, "cpu", "nodes").lattice(1)

    assert found is not None
    labels, shares, widths = found
    assert not widths.any()
    assert len(np.unique(labels, axis=0)) == len(labels) == 30_240
    np.testing.assert_allclose(shares, 1 / 30_240)
    np.testing.assert_allclose([labels.min(0), labels.max(0)], [LOW, HIGH])


def test_the_lattice_of_the_grid_has_the_shares_of_its_draws() -> None:
    """One label is free: its cells, and the nodes of the rest, have their shares among 50,000 stars of the source."""
    found = StarLaw(MAGS, 1.0, "cpu", "grid").lattice(1)
    drawn = open_source({"labels": "grid", "val": 0, "test": 0}, Path()).draw("train", range(50_000)).labels
    assert found is not None
    places, shares = (found[0] - LOW) / STEP, found[1]
    stars = (drawn - LOW) / STEP

    for free in range(5):
        points, weights = _free(places, free), shares[_is_free(places, free)]
        some = _free(stars, free)
        assert weights.sum() == pytest.approx(0.2, rel=1e-12)
        widths = found[2][_is_free(places, free)]
        assert (widths[:, free] == STEP[free]).all()
        assert (np.count_nonzero(widths, axis=1) == 1).all()
        assert len(some) == pytest.approx(10_000, rel=0.05)
        for axis in range(5):
            values, which = np.unique(points[:, axis], return_inverse=True)
            seen = [(some[:, axis] == value).sum() for value in values]
            assert stats.chisquare(seen, 5 * np.bincount(which, weights) * len(some)).pvalue > 1e-4


def _free(places: np.ndarray, axis: int) -> np.ndarray:
    """Those whose label is free on this axis, there in the middle of their cell: in half steps from the first node."""
    chosen = places[_is_free(places, axis)]
    chosen[:, axis] = np.floor(chosen[:, axis]) + 0.5
    return np.asarray(np.rint(2 * chosen))


def _is_free(places: np.ndarray, axis: int) -> np.ndarray:
    """Tell which stand between two nodes on this axis."""
    return np.asarray(abs(places[:, axis] - np.rint(places[:, axis])) > 1e-9)
