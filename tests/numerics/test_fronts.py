"""What stands in front of a ridge, against scikit-learn on the rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from runner.findings import JobFailed
from runner.numerics import fronts
from runner.numerics.gram import Gram, gram_of

RANDOM = np.random.default_rng(5)
X = RANDOM.normal(size=(400, 90)) @ (RANDOM.normal(size=(90, 90)) * np.geomspace(1, 1e-2, 90)) + RANDOM.normal(size=90)
Y = X @ RANDOM.normal(size=90) + 3 * RANDOM.normal(size=400) + 7


@pytest.fixture(scope="module", name="gram")
def sums() -> Gram:
    """The sums over the made-up rows."""
    return gram_of([(torch.tensor(X), torch.tensor(Y))])


@pytest.mark.parametrize("components", [1, 7, 90])
@pytest.mark.parametrize("alpha", [1e-3, 30.0])
def test_principal_components_are_those_of_the_rows(gram: Gram, components: int, alpha: float) -> None:
    """A ridge on the leading components predicts as scikit-learn's pipeline does."""
    path = fronts.path_onto(gram, fronts.principal(gram, components), [alpha, 5.0])
    oracle = make_pipeline(PCA(components, svd_solver="full"), Ridge(alpha=alpha)).fit(X, Y)

    np.testing.assert_allclose(path.predict(torch.tensor(X))[:, 0], oracle.predict(X), rtol=1e-7)


@pytest.mark.parametrize("components", [1, 5, 25])
def test_partial_least_squares_is_scikit_learns(gram: Gram, components: int) -> None:
    """With next to no penalty the predictions are those of PLS1, from the sums alone."""
    path = fronts.path_onto(gram, fronts.partial_least_squares(gram, components), [1e-9])
    oracle = PLSRegression(components, scale=False).fit(X, Y)

    np.testing.assert_allclose(path.predict(torch.tensor(X))[:, 0], oracle.predict(X).ravel(), rtol=1e-6)


def test_the_columns_with_the_largest_weights_are_kept(gram: Gram) -> None:
    """For every alpha those are picked that the ridge at that alpha weighs most, and fitted again at it."""
    path = fronts.path_of_largest(gram, 8, [0.1, 1e4])

    for k, alpha in enumerate([0.1, 1e4]):
        top = np.sort(np.argsort(-abs(Ridge(alpha=alpha, solver="svd").fit(X, Y).coef_))[:8])
        oracle = Ridge(alpha=alpha, solver="svd").fit(X[:, top], Y)
        np.testing.assert_allclose(path.weights[top, k], oracle.coef_, rtol=1e-7)
        np.testing.assert_allclose(path.intercepts[k], oracle.intercept_, rtol=1e-7)
        assert int((path.weights[:, k] != 0).sum()) == 8


def test_of_equal_weights_the_first_are_kept() -> None:
    """Which columns are kept does not hang on how they were sorted."""
    assert fronts.largest(torch.tensor([0.0, -2.0, 2.0, 1.0, 2.0]), 2).tolist() == [1, 2]


@pytest.mark.parametrize("count", [0, 91])
@pytest.mark.parametrize(
    "front",
    [fronts.principal, fronts.partial_least_squares, lambda gram, count: fronts.path_of_largest(gram, count, [1.0])],
)
def test_more_than_there_is_is_refused(gram: Gram, front: Callable[[Gram, int], object], count: int) -> None:
    """No components, or more than inputs, are an error with a name."""
    with pytest.raises(JobFailed, match=f"is {count}; it must be from 1 to the 90 inputs"):
        front(gram, count)


def test_components_end_where_the_target_is_explained() -> None:
    """Two columns that say all leave nothing for a third component."""
    x = np.zeros((50, 4))
    x[:, :2] = RANDOM.normal(size=(50, 2))
    gram = gram_of([(torch.tensor(x), torch.tensor(x @ np.array([1.0, 2.0, 0, 0])))])

    with pytest.raises(JobFailed, match="nothing more of the target after 2 components"):
        fronts.partial_least_squares(gram, 3)
