"""Ridge predictions of rows that the ridge was not fitted on, against scikit-learn on the same folds."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, PredefinedSplit, cross_val_predict

from runner.findings import JobFailed
from runner.numerics.bin_ridges import answers
from runner.numerics.folds import FoldedRidge, folded_ridge, ridge_at
from runner.numerics.gram import gram_of
from runner.numerics.observation import Observed
from runner.numerics.penalty import Penalty, fold_of
from runner.numerics.portions import Splits

RANDOM = np.random.default_rng(11)
X = (RANDOM.normal(size=(500, 12)) * np.geomspace(3, 0.1, 12) + 4).astype(np.float32)
Y = X.astype(float) @ RANDOM.normal(size=12) + RANDOM.normal(size=500) + 50
ALPHAS = (1e-2, 1.0, 30.0, 1e3)
FOLDS = 4


def split(name: str, part: slice, y: np.ndarray = Y) -> Observed:
    """Some rows as one split, without noise."""
    return Observed(X[part], None, y[part], split=name, noise=0.0, seed=1)


def data(train: int = 300, val: int = 100, y: np.ndarray = Y) -> Splits:
    """Three splits, of which the test rows may not be told."""
    end = train + val
    return Splits(split("train", slice(train), y), split("val", slice(train, end), y), split("test", slice(end, None)))


def fitted(given: Splits, alpha: float | str, folds: int = FOLDS) -> FoldedRidge:
    """Fit the rules of all folds."""
    return folded_ridge(given, Penalty(alpha, ALPHAS, folds), lambda _done, _total, _note: None)  # type: ignore[arg-type]


def folds_of(n: int, folds: int = FOLDS) -> PredefinedSplit:
    """The same folds for scikit-learn."""
    return PredefinedSplit(fold_of(torch.arange(n), folds).numpy())


@pytest.mark.parametrize(("alpha", "folds"), [(1.0, 4), (1e3, 4), (1e-2, 2), (30.0, 10)])
def test_every_training_row_is_told_by_the_fit_without_its_fold(alpha: float, folds: int) -> None:
    """As scikit-learn predicts by cross-validation; the rule of all rows is its plain fit."""
    given = data()
    ridge = fitted(given, alpha, folds)
    said = answers(ridge.rules, given.train, known=False)[0]
    x, y = X[:300].astype(float), Y[:300]
    model = Ridge(alpha=alpha, solver="svd")

    np.testing.assert_allclose(ridge.unseen(said), cross_val_predict(model, x, y, cv=folds_of(300, folds)), rtol=1e-9)
    np.testing.assert_allclose(said[:, 0], model.fit(x, y).predict(x), rtol=1e-9)
    assert ridge.choice.alpha == alpha
    assert ridge.choice.errors is None


def test_the_penalty_is_chosen_by_the_validation_rows_or_by_the_folds() -> None:
    """By their squared errors in scikit-learn; without validation rows `val` means the folds."""
    given = data()
    x = X.astype(float)
    errors = [((Ridge(alpha=a).fit(x[:300], Y[:300]).predict(x[300:400]) - Y[300:400]) ** 2).mean() for a in ALPHAS]
    search = GridSearchCV(Ridge(), {"alpha": ALPHAS}, cv=folds_of(300), scoring="neg_mean_squared_error")
    crossed = search.fit(x[:300], Y[:300]).best_params_["alpha"]

    chosen = fitted(given, "val").choice
    assert chosen.alpha == ALPHAS[int(np.argmin(errors))]
    np.testing.assert_allclose(list(chosen.table.values()), errors, rtol=1e-7)
    assert fitted(given, "cv").choice.alpha == crossed
    assert fitted(data(val=0), "val").choice.alpha == crossed


def test_a_fold_without_rows_is_no_trouble() -> None:
    """Three rows fill no ten folds."""
    ridge = fitted(data(train=3), 1.0, folds=10)
    said = answers(ridge.rules, data(train=3).train, known=False)[0]

    assert said.shape == (3, 11)
    assert np.isfinite(ridge.unseen(said)).all()


def test_what_has_no_solution_is_refused() -> None:
    """Too little penalty for columns that repeat each other; rows of one fold alone; no rows; holes."""
    double = torch.from_numpy(np.hstack([X, X]))
    with pytest.raises(JobFailed, match="alpha 0 is lost in the rounding"):
        ridge_at(gram_of([(double, torch.from_numpy(Y))]), 0.0)
    with pytest.raises(JobFailed, match="no rows to fit"):
        fitted(data(train=300), 1.0, folds=1)
    with pytest.raises(JobFailed, match="no rows to fit"):
        fitted(data(train=0), 1.0)
    with pytest.raises(JobFailed, match="not finite"):
        fitted(data(y=np.where(Y > 50, np.nan, Y)), 1.0)
