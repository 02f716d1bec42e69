"""The choice of the penalty, against scikit-learn on the same folds."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, PredefinedSplit, cross_val_predict

from runner.findings import JobFailed
from runner.numerics.gram import Gram, grams_of
from runner.numerics.penalty import Choice, Penalty, fold_of, folded
from runner.numerics.shrinkage import Linear, ridge_path

ALPHAS = (1e-3, 1e-1, 1.0, 10.0, 1e3)
FOLDS = 4


def problem(n: int, p: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows of unequal columns with a mean, and a target with noise."""
    random = np.random.default_rng(n + p)
    x = random.normal(size=(n, p)) * np.geomspace(1, 1e-2, p) + 5 * random.normal(size=p)
    return x, x @ random.normal(size=p) + noise * random.normal(size=n) + 100


def fold_sums(x: np.ndarray, y: np.ndarray, kind: torch.dtype = torch.float64) -> list[Gram | None]:
    """The sums over every fold, in one pass of small batches."""
    batches = ((torch.tensor(x[i : i + 37]), torch.tensor(y[i : i + 37])) for i in range(0, len(x), 37))
    return grams_of(folded(batches, FOLDS), FOLDS, kind)


def path(gram: Gram) -> Linear:
    """The ridge path."""
    return ridge_path(gram, ALPHAS)


def folds_of(n: int) -> PredefinedSplit:
    """The same folds for scikit-learn."""
    return PredefinedSplit(fold_of(torch.arange(n), FOLDS).numpy())


@pytest.mark.parametrize(
    ("n", "p", "noise"), [(300, 20, 1.0), (60, 40, 0.1), (40, 90, 0.3)], ids=["many", "few", "fewer"]
)
def test_the_errors_are_those_of_refitting_every_fold(n: int, p: int, noise: float) -> None:
    """Each alpha's mean squared error is that of scikit-learn's predictions, and so is the alpha taken."""
    x, y = problem(n, p, noise)
    choice = Penalty("cv", ALPHAS, FOLDS).by_folds(fold_sums(x, y), path)
    told = [cross_val_predict(Ridge(alpha=a, solver="svd"), x, y, cv=folds_of(n)) for a in ALPHAS]
    errors = [((predicted - y) ** 2).mean() for predicted in told]

    assert choice.alpha == ALPHAS[int(np.argmin(errors))]
    assert choice.table == {f"{a:g}": pytest.approx(error, rel=1e-7) for a, error in zip(ALPHAS, errors, strict=True)}


def test_a_grid_search_takes_the_same_alpha() -> None:
    """Against scikit-learn's own search; it averages over folds, we over rows."""
    x, y = problem(400, 30, 3.0)
    search = GridSearchCV(Ridge(), {"alpha": ALPHAS}, cv=folds_of(400), scoring="neg_mean_squared_error").fit(x, y)
    choice = Penalty("cv", ALPHAS, FOLDS).by_folds(fold_sums(x, y), path)

    assert choice.alpha == search.best_params_["alpha"]
    assert choice.errors is not None
    scores = np.stack([search.cv_results_[f"split{k}_test_score"] for k in range(FOLDS)])
    rows = np.bincount(fold_of(torch.arange(400), FOLDS))
    np.testing.assert_allclose(choice.errors, -rows @ scores / 400, rtol=1e-7)


@pytest.mark.parametrize(
    ("kind", "noise", "close"),
    [(torch.float64, 4e-2, 1e-9), (torch.float64, 1e-3, 1e-6), (torch.float32, 4e-2, 1e-3)],
    ids=["double, R² 0.999", "double, R² 0.999999", "single, R² 0.999"],
)
def test_little_is_lost_where_little_is_left(kind: torch.dtype, noise: float, close: float) -> None:
    """The error on a fold still comes out of the sums where most of them cancels."""
    x, y = problem(500, 30, noise)
    choice = Penalty("cv", ALPHAS, FOLDS).by_folds(fold_sums(x, y, kind), path)
    error = ((cross_val_predict(Ridge(alpha=ALPHAS[0], solver="svd"), x, y, cv=folds_of(500)) - y) ** 2).mean()

    assert choice.errors is not None
    np.testing.assert_allclose(choice.errors[0], error, rtol=close)
    assert error < noise**2 * y.var()


def test_folds_follow_from_the_number_of_a_row() -> None:
    """The first rows of a longer split are in the folds they were in, and folds are about as large as each other."""
    folds = fold_of(torch.arange(10_000), 5)

    assert torch.equal(folds[:77], fold_of(torch.arange(77), 5))
    assert (folds.bincount() - 2000).abs().max() < 200
    assert folds.bincount().shape == (5,)


def test_a_choice_says_whether_the_path_was_long_enough() -> None:
    """An end of the path is told, in whatever order it is written; what is given was no choice."""
    validated = Penalty("val", (10.0, 1.0, 100.0)).by_validation(np.array([3.0, 2.0, 4.0]))

    assert (validated.alpha, validated.at_edge) == (1.0, True)
    assert not Choice((10.0, 1.0, 100.0), 0).at_edge
    assert Penalty(7.0, ALPHAS).path == (7.0,)
    assert Penalty(7.0, ALPHAS).given().table == {}


@pytest.mark.parametrize("rows", [0, 1])
def test_too_few_rows_to_leave_some_out_are_refused(rows: int) -> None:
    """Nothing is left to fit on where all rows are in one fold."""
    x, y = problem(50, 3, 1.0)
    with pytest.raises(JobFailed, match="two folds or more"):
        Penalty("cv", ALPHAS, FOLDS).by_folds(fold_sums(x[:rows], y[:rows]), path)
    with pytest.raises(JobFailed, match="two folds or more"):
        Penalty("cv", ALPHAS, 1).by_folds(grams_of(folded([(torch.tensor(x), torch.tensor(y))], 1), 1), path)


def test_errors_that_are_no_numbers_are_refused() -> None:
    """No validation rows, no choice."""
    with pytest.raises(JobFailed, match="needs validation rows"):
        Penalty("val", ALPHAS).by_validation(np.array([1.0, np.nan]))
