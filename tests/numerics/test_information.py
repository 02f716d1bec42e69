"""Fisher information: closed forms, the whole inverse, and what happens where labels cannot be told apart."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from runner.numerics.information import information, limits

RANDOM = np.random.default_rng(11)
ROWS, WIDTH = 50, 1300  # more than two stretches, and not a whole number of them


def rows(labels: int, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    """Slopes that have much in common, in very different units, and sigma."""
    common = RANDOM.normal(size=(ROWS, 1, WIDTH))
    slopes = (common + RANDOM.normal(size=(ROWS, labels, WIDTH))) * np.logspace(-3, 2, labels)[:, None]
    return torch.tensor(slopes, dtype=dtype), torch.tensor(RANDOM.uniform(0.1, 3, (ROWS, WIDTH)), dtype=dtype)


@pytest.mark.parametrize("labels", [1, 2, 5])
@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float64, 1e-11), (torch.float32, 1e-5)])
def test_bounds_are_those_of_the_whole_inverse(labels: int, dtype: torch.dtype, rtol: float) -> None:
    """The bound of every label is its entry of numpy's inverse, the decay what that leaves of its own information."""
    slopes, sigma = rows(labels, dtype)
    j, w = slopes.double().numpy(), 1 / sigma.double().numpy() ** 2
    fisher = np.einsum("nlp,np,nkp->nlk", j, w, j)
    inverse = np.linalg.inv(fisher)
    unit = 1 / np.sqrt(fisher.diagonal(axis1=1, axis2=2))
    scaled = fisher * unit[:, :, None] * unit[:, None]

    for label in range(labels):
        found = limits(information(slopes, sigma), label)
        np.testing.assert_allclose(found.bound, inverse[:, label, label], rtol=rtol)
        np.testing.assert_allclose(found.schur, 1 / inverse[:, label, label] / fisher[:, label, label], rtol=rtol)
        np.testing.assert_allclose(found.condition, np.linalg.cond(scaled), rtol=rtol)


def test_the_best_linear_estimate_reaches_the_bound() -> None:
    """Where inputs are linear in the labels, weighted least squares scatters over 20,000 draws as the bound says."""
    slopes, sigma = (part[0].numpy() for part in rows(3))
    slopes, sigma = slopes[:, :40], sigma[:40]
    x = sigma * RANDOM.normal(size=(20_000, 40))

    estimates = np.linalg.lstsq((slopes / sigma).T, (x / sigma).T, rcond=None)[0]

    fisher = information(torch.tensor(slopes)[None], torch.tensor(sigma)[None])
    for label in range(3):
        np.testing.assert_allclose(estimates[label].var(), limits(fisher, label).bound[0], rtol=0.05)


def test_two_labels_in_closed_form() -> None:
    """With correlation r of the slopes, 1 - r² of the information is left, and the condition is (1 + r) / (1 - r)."""
    r = torch.tensor([0.0, 0.5, 0.99, 1 - 1e-5], dtype=torch.float64)
    fisher = torch.stack([torch.ones(4), r, r, torch.ones(4)], dim=1).reshape(4, 2, 2) * 4

    found = limits(fisher, 0)

    np.testing.assert_allclose(found.schur, (1 - r) * (1 + r), rtol=1e-10)
    np.testing.assert_allclose(found.bound, 0.25 / ((1 - r) * (1 + r)), rtol=1e-10)
    np.testing.assert_allclose(found.condition, (1 + r) / (1 - r), rtol=1e-10)


def test_units_do_not_matter() -> None:
    """Other units of the rest change nothing; another unit of the label scales its bound and nothing else."""
    slopes, sigma = rows(4)
    plain = limits(information(slopes, sigma), 1)
    rest = torch.tensor([1e-7, 1, 1e6, 1e3], dtype=torch.float64)[:, None]

    for found in (limits(information(slopes * rest, sigma), 1), limits(information(slopes * 1e5, sigma), 1)):
        np.testing.assert_allclose(found.schur, plain.schur, rtol=1e-9)
        np.testing.assert_allclose(found.condition, plain.condition, rtol=1e-9)
    np.testing.assert_allclose(limits(information(slopes * rest, sigma), 1).bound, plain.bound, rtol=1e-9)
    np.testing.assert_allclose(limits(information(slopes * 1e5, sigma), 1).bound, plain.bound * 1e-10, rtol=1e-9)


def test_more_unknown_labels_never_help() -> None:
    """Each label that has to be found as well raises the bound, or leaves it."""
    slopes, sigma = rows(5)
    bounds = [limits(information(slopes[:, :count], sigma), 0).bound for count in range(1, 6)]

    for fewer, more in pairwise(bounds):
        assert (more >= fewer * (1 - 1e-12)).all()
    assert (bounds[-1] > 1.5 * bounds[0]).any()


def test_what_cannot_be_told_apart_has_no_bound() -> None:
    """Two labels that do the same, one that does nothing, or unknown slopes: infinite there, as ever elsewhere."""
    slopes, sigma = rows(3, torch.float32)
    plain = limits(information(slopes, sigma), 1)
    slopes[3, 2] = 2 * slopes[3, 0]
    slopes[4, 0] = 0
    slopes[5, 2] = torch.nan
    slopes[6, 2] = slopes[6, 1] * (1 + 1e-7)

    found = limits(information(slopes, sigma), 1)

    lost = [3, 4, 5, 6]
    assert found.bound[lost].tolist() == found.condition[lost].tolist() == [torch.inf] * 4
    assert found.schur[lost].tolist() == [0] * 4
    kept = [row for row in range(ROWS) if row not in lost]
    for ours, theirs in zip(found, plain, strict=True):
        np.testing.assert_allclose(ours[kept], theirs[kept], rtol=1e-12)


def test_what_cannot_be_told_apart_does_not_depend_on_the_label() -> None:
    """A row whose other labels are the same has no bound for this one either, though it stands alone."""
    slopes, sigma = rows(3)
    slopes[:, 2] = slopes[:, 1]

    assert limits(information(slopes, sigma), 0).bound.isinf().all()
