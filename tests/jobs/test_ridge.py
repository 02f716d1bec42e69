"""The ridge job, against a loop of scikit-learn fits on the same observed rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from runner.contract import Context, Output
from runner.findings import JobFailed
from runner.jobs import ridge
from runner.jobs.ridge import Params, run
from runner.numerics.observation import Observed

RANDOM = np.random.default_rng(3)
CLEAN = RANDOM.normal(size=(900, 25)).astype(np.float32) + 4
TARGET = CLEAN @ RANDOM.normal(size=25) + 10 * RANDOM.normal(size=900)
SIGMA = np.full_like(CLEAN, 0.3)


def split(name: str, part: slice) -> Observed:
    """Some of the made-up rows as one split."""
    return Observed(CLEAN[part], SIGMA[part], TARGET[part], split=name, noise=1.0, seed=1)


@dataclass
class Splits:
    """The three splits a job is given."""

    train: Any
    val: Any
    test: Any


DATA = Splits(split("train", slice(500)), split("val", slice(500, 700)), split("test", slice(700, None)))


def rows(part: Observed) -> np.ndarray:
    """All observed inputs of a split in float64."""
    return torch.cat(list(part.inputs(100))).double().numpy()


def oracle(alpha: float) -> Ridge:
    """The scikit-learn fit on the observed training rows."""
    return Ridge(alpha=alpha, solver="svd").fit(rows(DATA.train), DATA.train.target)


def ran(**params: Any) -> Output:
    """What the job returns on the made-up rows."""
    return run(Params(**params), DATA, Context())


def test_a_given_alpha_is_scikit_learns_ridge() -> None:
    """Validation and test predictions, weights and intercept are those of the oracle."""
    output, fit = ran(alpha=2.5), oracle(2.5)

    np.testing.assert_allclose(output.predictions["val"], fit.predict(rows(DATA.val)), rtol=1e-10)
    np.testing.assert_allclose(output.predictions["test"], fit.predict(rows(DATA.test)), rtol=1e-10)
    np.testing.assert_allclose(output.profiles["weights"], fit.coef_, rtol=1e-8)
    assert output.scalars == {"alpha": 2.5, "train_rows": 500}
    assert output.tables == {}


def test_fewer_rows_than_inputs_give_the_same_rule() -> None:
    """With 12 training rows of 25 inputs the oracle's fit comes out, in double and nearly so in single precision."""
    few = Splits(split("train", slice(12)), DATA.val, DATA.test)
    fit = Ridge(alpha=2.5, solver="svd").fit(rows(few.train), few.train.target)
    double, single = (run(Params(alpha=2.5, products=p), few, Context()) for p in ("double", "single"))

    np.testing.assert_allclose(double.predictions["test"], fit.predict(rows(DATA.test)), rtol=1e-8)
    np.testing.assert_allclose(single.predictions["test"], fit.predict(rows(DATA.test)), rtol=1e-4)
    assert double.scalars["train_rows"] == 12


def test_val_takes_the_alpha_that_a_loop_of_fits_would_take() -> None:
    """The table holds the validation error of every alpha and the smallest one is taken."""
    output, x = ran(), rows(DATA.val)
    errors = {a: float(((oracle(a).predict(x) - DATA.val.target) ** 2).mean()) for a in Params().alphas}
    best = min(errors, key=lambda alpha: errors[alpha])

    assert dict(output.tables["val_mse"]) == {f"{alpha:g}": pytest.approx(error) for alpha, error in errors.items()}
    assert {"alpha": best, "alpha_at_edge": 0, "train_rows": 500} == output.scalars
    np.testing.assert_allclose(output.predictions["test"], oracle(best).predict(rows(DATA.test)), rtol=1e-10)


@pytest.mark.parametrize("alphas", [(1e-3, 1e-2, 1e-1), (1e3, 1e4), (1e4, 1e3), (7.0,)])
def test_an_alpha_at_an_end_of_the_path_is_reported(alphas: tuple[float, ...]) -> None:
    """A path too short to hold the best alpha says so, in whatever order it is written."""
    assert ran(alphas=alphas).scalars["alpha_at_edge"] == 1


def test_small_batches_change_no_digit_that_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading 33 rows at a time gives the same predictions to 1e-12."""
    whole = ran(alpha=1.0).predictions["test"]
    monkeypatch.setattr(ridge, "BATCH", 33)

    np.testing.assert_allclose(ran(alpha=1.0).predictions["test"], whole, rtol=1e-12)


def test_single_precision_products_are_close() -> None:
    """Products in float32 move a prediction by less than 1e-5 on well-conditioned rows."""
    single, double = (ran(alpha=1.0, products=kind).predictions["test"] for kind in ("single", "double"))

    np.testing.assert_allclose(single, double, rtol=1e-5)
    assert not np.array_equal(single, double)


def test_progress_is_told_after_every_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each split counts its rows up to the last one."""
    told: list[tuple[int, int, str]] = []
    monkeypatch.setattr(ridge, "BATCH", 150)

    run(Params(alpha=1.0), DATA, Context(progress=lambda *news: told.append(news)))

    assert [(n, 500, "train") for n in (150, 300, 450, 500)] == told[:4]
    assert told[4:] == [(150, 200, "val"), (200, 200, "val"), (150, 200, "test"), (200, 200, "test")]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (Splits(split("train", slice(0)), DATA.val, DATA.test), "no rows"),
        (Splits(DATA.train, split("val", slice(0)), DATA.test), "needs validation rows"),
    ],
    ids=["train", "val"],
)
def test_empty_splits_are_refused(data: Splits, message: str) -> None:
    """Nothing to fit and nothing to choose by are errors with a name."""
    with pytest.raises(JobFailed, match=message):
        run(Params(), data, Context())


def test_a_given_alpha_needs_no_validation_rows() -> None:
    """Without a choice to make, an empty validation split is predicted as it is."""
    output = run(Params(alpha=1.0), Splits(DATA.train, split("val", slice(0)), DATA.test), Context())

    assert output.predictions["val"].shape == (0,)
    assert output.predictions["test"].shape == (200,)
