"""The ridge path, against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from runner.findings import JobFailed
from runner.numerics.gram import Gram, gram_of
from runner.numerics.shrinkage import Factor, Linear, ridge_path, ridge_path_of_rows, side_by_side
from runner.numerics.symmetric import symmetric

ALPHAS = [1e-6, 1e-3, 1.0, 30.0, 1e4]


def problem(n: int, p: int, condition: float = 10.0) -> tuple[np.ndarray, np.ndarray]:
    """Rows whose singular values fall from 1 to 1 / condition, with an offset and a noisy target."""
    random = np.random.default_rng(n + p)
    u, _, v = np.linalg.svd(random.normal(size=(n, p)), full_matrices=False)
    x = u * np.geomspace(1, 1 / condition, len(v)) @ v * np.sqrt(n) + 3 * random.normal(size=p)
    return x, x @ random.normal(size=p) + 0.1 * random.normal(size=n) + 5


def fitted(x: np.ndarray, y: np.ndarray, alphas: list[float]) -> Linear:
    """The path on all rows at once."""
    return ridge_path(gram_of([(torch.tensor(x), torch.tensor(y))]), alphas)


@pytest.mark.parametrize("solver", ["svd", "cholesky"])
@pytest.mark.parametrize(("n", "p"), [(300, 40), (50, 2), (50, 1), (2, 3), (1, 4)])
def test_every_alpha_is_scikit_learns_solution(n: int, p: int, solver: str) -> None:
    """Weights, intercepts and predictions agree to 1e-8 along the whole path."""
    x, y = problem(n, p)
    path = fitted(x, y, ALPHAS)

    for k, alpha in enumerate(ALPHAS):
        oracle = Ridge(alpha=alpha, solver=solver).fit(x, y)
        np.testing.assert_allclose(path.weights[:, k], oracle.coef_, rtol=0, atol=1e-8 * abs(oracle.coef_).max())
        np.testing.assert_allclose(path.intercepts[k], oracle.intercept_, rtol=1e-8)
        np.testing.assert_allclose(path.predict(torch.tensor(x))[:, k], oracle.predict(x), rtol=1e-8)


def test_fewer_rows_than_columns_are_fitted() -> None:
    """With 20 rows and 60 columns, where X'X has no inverse, every alpha is right."""
    x, y = problem(20, 60)
    path = fitted(x, y, ALPHAS[1:])

    for k, alpha in enumerate(ALPHAS[1:]):
        oracle = Ridge(alpha=alpha, solver="svd").fit(x, y)
        np.testing.assert_allclose(path.weights[:, k], oracle.coef_, rtol=0, atol=1e-8 * abs(oracle.coef_).max())


@pytest.mark.parametrize(("n", "p"), [(20, 60), (7, 200), (2, 3), (1, 4), (40, 40), (60, 20)])
def test_the_path_of_rows_is_scikit_learns_too(n: int, p: int) -> None:
    """Solved between rows instead of columns, weights and intercepts agree to 1e-8, whichever are more."""
    x, y = problem(n, p)
    path = ridge_path_of_rows(torch.tensor(x), torch.tensor(y), ALPHAS[1:])

    for k, alpha in enumerate(ALPHAS[1:]):
        oracle = Ridge(alpha=alpha, solver="svd").fit(x, y)
        np.testing.assert_allclose(
            path.weights[:, k], oracle.coef_, rtol=0, atol=1e-8 * max(abs(oracle.coef_).max(), 1e-300)
        )
        np.testing.assert_allclose(path.intercepts[k], oracle.intercept_, rtol=1e-8)


@pytest.mark.parametrize("alpha", [1e-9, 1e-6, 1e-2])
def test_few_ill_conditioned_rows_are_fitted(alpha: float) -> None:
    """Thirty rows of 500 columns at condition 1e6: predictions agree with the singular value solution to 1e-8."""
    x, y = problem(30, 500, condition=1e6)
    oracle = Ridge(alpha=alpha, solver="svd").fit(x, y)
    path = ridge_path_of_rows(torch.tensor(x), torch.tensor(y), [alpha])

    np.testing.assert_allclose(path.predict(torch.tensor(x))[:, 0], oracle.predict(x), rtol=1e-8)


def test_rows_that_cannot_be_fitted_are_refused() -> None:
    """No rows, no finite rows, a penalty that rounding swallows: one line each, as for the path of columns."""
    x, y = (torch.tensor(array) for array in problem(20, 60))
    with pytest.raises(JobFailed, match="no rows"):
        ridge_path_of_rows(x[:0], y[:0], [1.0])
    with pytest.raises(JobFailed, match="not finite"):
        ridge_path_of_rows(x * float("nan"), y, [1.0])
    with pytest.raises(JobFailed, match="lost in the rounding"):
        ridge_path_of_rows(x, y, [1e-18])


@pytest.mark.parametrize("alpha", [1e-9, 1e-6, 1e-2])
def test_ill_conditioned_rows_are_fitted(alpha: float) -> None:
    """At condition 1e6 (1e12 for X'X) predictions agree with the singular value solution to 1e-8."""
    x, y = problem(500, 30, condition=1e6)
    oracle = Ridge(alpha=alpha, solver="svd").fit(x, y)

    np.testing.assert_allclose(fitted(x, y, [alpha]).predict(torch.tensor(x))[:, 0], oracle.predict(x), rtol=1e-8)


def test_streamed_rows_give_the_same_path() -> None:
    """Batches of 7 and of all rows lead to the same weights to 1e-12."""
    x, y = (torch.tensor(array) for array in problem(300, 40))
    streamed = ridge_path(gram_of((x[i : i + 7], y[i : i + 7]) for i in range(0, 300, 7)), [1.0, 10.0])

    torch.testing.assert_close(
        streamed.weights, ridge_path(gram_of([(x, y)]), [1.0, 10.0]).weights, rtol=1e-12, atol=1e-12
    )


def test_one_rule_of_the_path_predicts_alone() -> None:
    """Taking the second rule out of a path keeps its predictions."""
    x, y = problem(30, 4)
    path = fitted(x, y, ALPHAS)

    assert torch.equal(path.predict(torch.tensor(x))[:, [1]], path.rule(1).predict(torch.tensor(x)))


@pytest.mark.parametrize("alpha", [0.0, -1.0, float("nan"), float("inf")])
def test_penalties_that_are_not_positive_are_refused(alpha: float) -> None:
    """Ordinary least squares and nonsense are not ridge regression."""
    with pytest.raises(JobFailed, match="must be positive"):
        fitted(*problem(30, 4), [1.0, alpha])


def test_an_empty_path_is_refused() -> None:
    """No alpha, no fit."""
    with pytest.raises(JobFailed, match="no alpha"):
        fitted(*problem(30, 4), [])


def test_a_penalty_below_rounding_is_refused() -> None:
    """Where X'X has no inverse, an alpha that rounding swallows is an error, never a wrong answer."""
    with pytest.raises(JobFailed, match="lost in the rounding"):
        fitted(*problem(20, 60), [1e-18])


@pytest.mark.parametrize("place", ["xx", "xy"])
def test_sums_that_are_not_finite_are_refused(place: str) -> None:
    """A hole in the data stops the job before LAPACK sees it."""
    sums = {"xx": torch.eye(3).double(), "xy": torch.ones(3, 1).double()}
    sums[place][0] = torch.nan
    one = torch.ones(1, 1).double()

    with pytest.raises(JobFailed, match="not finite"):
        ridge_path(Gram(5, torch.zeros(3).double(), one[0], symmetric(sums["xx"]), sums["xy"], one), [1.0])


def test_targets_share_one_factorisation() -> None:
    """Every target's path is the one it has alone."""
    x, y = problem(300, 40)
    targets = np.column_stack([y, np.sin(y), x[:, 0]])
    factor = Factor(gram_of([(torch.tensor(x), torch.tensor(targets))]))

    for k, target in enumerate(targets.T):
        oracle = Ridge(alpha=3.0, solver="svd").fit(x, target)
        path = factor.path([3.0], k)
        np.testing.assert_allclose(path.weights[:, 0], oracle.coef_, rtol=0, atol=1e-8 * abs(oracle.coef_).max())
        np.testing.assert_allclose(path.intercepts[0], oracle.intercept_, rtol=1e-8)


@pytest.mark.parametrize(("n", "p"), [(300, 40), (20, 60)])
def test_standardised_inputs_are_those_of_scikit_learn(n: int, p: int) -> None:
    """Alpha means what it means after a StandardScaler, from the sums and from the rows alike."""
    x, y = problem(n, p)
    x[:, 3] = 2.0
    rows, target = torch.tensor(x), torch.tensor(y)
    of_sums = ridge_path(gram_of([(rows, target)]), ALPHAS[1:], standardise=True)
    of_rows = ridge_path_of_rows(rows, target, ALPHAS[1:], standardise=True)

    for k, alpha in enumerate(ALPHAS[1:]):
        oracle = make_pipeline(StandardScaler(), Ridge(alpha=alpha, solver="svd")).fit(x, y).predict(x)
        np.testing.assert_allclose(of_sums.predict(rows)[:, k], oracle, rtol=1e-8)
        np.testing.assert_allclose(of_rows.predict(rows)[:, k], oracle, rtol=1e-8)


def test_squared_errors_follow_from_sums() -> None:
    """On rows a path has not seen, of another mean, the sums give the errors that the predictions have."""
    x, y = problem(300, 40)
    other, told = 2 * x[:80] + 1, y[:80] ** 2
    path = fitted(x, y, ALPHAS)
    squares = ((path.predict(torch.tensor(other)) - torch.tensor(told)[:, None]) ** 2).sum(0)
    two = gram_of([(torch.tensor(other), torch.tensor(np.column_stack([y[:80], told])))])

    np.testing.assert_allclose(path.squares(two, 1), squares, rtol=1e-10)


def test_rules_stand_side_by_side() -> None:
    """Paths put together predict as each alone."""
    x, y = problem(30, 4)
    one, other = fitted(x, y, [1.0, 2.0]), fitted(x, -y, [3.0])
    both, rows = side_by_side([one, other]), torch.tensor(x)

    torch.testing.assert_close(both.predict(rows), torch.cat([one.predict(rows), other.predict(rows)], 1))


def test_an_alpha_near_the_rounding_of_single_products_is_refused() -> None:
    """Where X'X has no inverse its negative eigenvalues tell the rounding, and what an alpha has to exceed."""
    x, y = problem(100, 300)
    gram = gram_of([(torch.tensor(x).float(), torch.tensor(y))], torch.float32)
    rounding = -float(torch.linalg.eigvalsh(gram.dense())[0])
    rounded = torch.tensor(x).float().double().numpy()
    oracle = Ridge(alpha=1000 * rounding, solver="svd").fit(rounded, y)

    np.testing.assert_allclose(ridge_path(gram, [1000 * rounding]).weights[:, 0], oracle.coef_, rtol=0, atol=1e-2)
    for alpha in (0.5 * rounding, 1.5 * rounding):
        with pytest.raises(JobFailed, match="lost in the rounding") as refusal:
            ridge_path(gram, [alpha])
        assert "products: double" in refusal.value.fix
