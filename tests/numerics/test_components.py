"""Principal components from sums of products, against scikit-learn's on the rows themselves."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from runner.findings import JobFailed
from runner.numerics.components import leading
from runner.numerics.gram import gram_of

RANDOM = np.random.default_rng(8)
X = RANDOM.normal(size=(400, 3)) @ RANDOM.normal(size=(3, 90)) * 4 + RANDOM.normal(size=(400, 90)) + 7
GRAM = gram_of([(torch.from_numpy(X), torch.zeros(400))])


@pytest.mark.parametrize("k", [1, 2, 5, 90])
def test_directions_and_scores_are_those_of_a_singular_value_decomposition(k: int) -> None:
    """Few come from Lanczos steps and many from all eigenvectors: either way signs, scores and variances agree."""
    oracle, found = PCA(k, svd_solver="full").fit(X), leading(GRAM, k)

    np.testing.assert_allclose(found.vectors.T, oracle.components_, atol=1e-9)
    np.testing.assert_allclose(found.variances, oracle.explained_variance_, rtol=1e-9)
    np.testing.assert_allclose(found.scores(torch.from_numpy(X)), oracle.transform(X), atol=1e-8)
    np.testing.assert_allclose(found.scores(torch.from_numpy(X), k=1), oracle.transform(X)[:, :1], atol=1e-8)


def test_the_same_again_has_the_same_bytes() -> None:
    """Nothing is left to chance: neither the start nor the signs."""
    assert leading(GRAM, 2).vectors.numpy().tobytes() == leading(GRAM, 2).vectors.numpy().tobytes()


def test_rows_that_do_not_vary_have_directions_all_the_same() -> None:
    """The smallest case for Lanczos steps gives up on is done the long way."""
    found = leading(gram_of([(torch.ones(5, 90), torch.zeros(5))]), 2)

    np.testing.assert_allclose(found.vectors.T @ found.vectors, np.eye(2), atol=1e-12)
    np.testing.assert_array_equal(found.scores(torch.ones(5, 90)), np.zeros((5, 2)))


def test_no_more_directions_than_inputs() -> None:
    """None at all are possible, more than there are inputs are refused."""
    assert leading(GRAM, 0).vectors.shape == (90, 0)
    with pytest.raises(JobFailed, match="91 components"):
        leading(GRAM, 91)
