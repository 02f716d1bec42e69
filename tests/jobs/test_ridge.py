"""The ridge job, against a loop of scikit-learn fits on the same observed rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pytest
import torch
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from runner.contract import Context, JobSpec, Origin, Output, Split
from runner.counter import key_of
from runner.findings import JobFailed
from runner.jobs import ridge
from runner.jobs.ridge import Params, Pca, Pls, Top, run
from runner.numerics.noise import normals
from runner.numerics.observation import Asked, Observed
from runner.numerics.penalty import fold_of
from tests.jobs.made_up_data import MadeUp

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
    origin: Any = None


DATA = Splits(split("train", slice(500)), split("val", slice(500, 700)), split("test", slice(700, None)))


@dataclass
class Shop:
    """A source that shows the made-up rows at any noise."""

    columns: Mapping[str, str] = field(default_factory=dict)

    def size(self, split: str) -> int:
        """Return all there are."""
        return {"train": 500, "val": 200, "test": 200}[split]

    def labels(self, split: str, rows: int, names: Collection[str] | None = None) -> dict[str, np.ndarray]:  # noqa: ARG002
        """Return none: there are none."""
        return {}

    def split(
        self, name: str, rows: int, *, target: str, axes: Mapping[str, float], seed: int, device: str, draw: int = 0
    ) -> Observed:
        """Return a split at a noise."""
        first = {"train": 0, "val": 500, "test": 700}[name]
        part = slice(first, first + rows)
        asked = Asked(self, name, rows, target, axes, seed, device, draw)
        return Observed(CLEAN[part], SIGMA[part], TARGET[part], split=name, noise=axes["noise"], seed=seed, asked=asked)

    def origin(self, train: Split, test: Split) -> Origin:
        """Return nothing: what stands behind the rows is not sold."""
        raise NotImplementedError


def stocked() -> Splits:
    """The three splits, which can be asked for at other noises."""
    opened: dict[str, Any] = {"target": "y", "axes": {"noise": 1.0}, "seed": 1, "device": "cpu"}
    return Splits(*(Shop().split(name, Shop().size(name), **opened) for name in ("train", "val", "test")))


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
    explained = fit.score(rows(DATA.train), DATA.train.target)
    assert output.scalars == {"alpha": 2.5, "train_rows": 500, "train_r2": pytest.approx(explained, rel=1e-10)}
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
    explained = oracle(best).score(rows(DATA.train), DATA.train.target)
    assert output.scalars == {
        "alpha": best, "alpha_at_edge": 0, "train_rows": 500, "train_r2": pytest.approx(explained, rel=1e-10),
    }  # fmt: skip
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


def test_cross_validation_takes_the_alpha_that_refitting_would_take() -> None:
    """The table holds every alpha's error on the folds, the fit is on all rows, and validation targets do not count."""
    folds, alphas = PredefinedSplit(fold_of(torch.arange(500), 5).numpy()), (1e-3, 1.0, 30.0, 1e3)
    x, y = rows(DATA.train), DATA.train.target
    predicted = {a: cross_val_predict(Ridge(alpha=a), x, y, cv=folds) for a in alphas}
    errors = {alpha: float(((told - y) ** 2).mean()) for alpha, told in predicted.items()}
    best = min(errors, key=lambda alpha: errors[alpha])
    output = ran(alpha="cv", alphas=alphas)

    assert dict(output.tables["cv_mse"]) == {f"{a:g}": pytest.approx(error, rel=1e-7) for a, error in errors.items()}
    assert output.scalars["alpha"] == best
    np.testing.assert_allclose(output.predictions["val"], oracle(best).predict(rows(DATA.val)), rtol=1e-8)
    np.testing.assert_allclose(output.predictions["test"], oracle(best).predict(rows(DATA.test)), rtol=1e-8)


@pytest.mark.parametrize("count", [500, 12])
def test_standardised_inputs_are_those_of_a_scaler(count: int) -> None:
    """Alpha means what it means after scikit-learn's StandardScaler, for many rows and for few."""
    few = Splits(split("train", slice(count)), DATA.val, DATA.test)
    fit = make_pipeline(StandardScaler(), Ridge(alpha=2.5, solver="svd")).fit(rows(few.train), few.train.target)
    output = run(Params(alpha=2.5, standardise=True), few, Context())

    np.testing.assert_allclose(output.predictions["test"], fit.predict(rows(DATA.test)), rtol=1e-7)
    assert output.scalars["train_r2"] == pytest.approx(fit.score(rows(few.train), few.train.target))


@pytest.mark.parametrize(
    ("front", "steps"),
    [
        (Pca(components=6), [PCA(6, svd_solver="full")]),
        (Top(pixels=25), []),
    ],
    ids=["pca", "top, all of them"],
)
@pytest.mark.parametrize("standardise", [False, True])
@pytest.mark.parametrize("count", [500, 20])
def test_what_stands_in_front_is_scikit_learns(
    front: Pca | Top, steps: list[Any], count: int, *, standardise: bool
) -> None:
    """Scaled first, then projected, then fitted, as a pipeline would."""
    few = Splits(split("train", slice(count)), DATA.val, DATA.test)
    scaler = [StandardScaler()] * standardise
    fit = make_pipeline(*scaler, *steps, Ridge(alpha=2.5, solver="svd")).fit(rows(few.train), few.train.target)
    output = run(Params(alpha=2.5, front=front, standardise=standardise), few, Context())

    np.testing.assert_allclose(output.predictions["test"], fit.predict(rows(DATA.test)), rtol=1e-7)


def test_partial_least_squares_stands_in_front() -> None:
    """With a small alpha it is scikit-learn's PLS1."""
    fit = PLSRegression(3, scale=False).fit(rows(DATA.train), DATA.train.target)
    output = ran(alpha=1e-9, front=Pls(components=3))

    np.testing.assert_allclose(output.predictions["test"], fit.predict(rows(DATA.test)).ravel(), rtol=1e-6)


def test_the_folds_make_their_own_components() -> None:
    """What stands in front is fitted anew without every fold."""
    folds = PredefinedSplit(fold_of(torch.arange(500), 5).numpy())
    pipeline = make_pipeline(PCA(6, svd_solver="full"), Ridge(alpha=10.0))
    told = cross_val_predict(pipeline, rows(DATA.train), DATA.train.target, cv=folds)
    output = ran(alpha="cv", alphas=(10.0, 100.0), front=Pca(components=6))

    assert output.tables["cv_mse"]["10"] == pytest.approx(((told - DATA.train.target) ** 2).mean(), rel=1e-7)


def test_another_job_may_rank_the_inputs() -> None:
    """The inputs it finds important are kept and no others."""
    importance = np.arange(25.0) % 7
    spec = JobSpec("trees", 1, {})
    told = Output(predictions={}, profiles={"importance": importance})
    context = Context(nested=lambda asked, _data, _seed: told if asked is spec else Output({}))
    output = run(Params(alpha=2.5, front=Top(pixels=3, by=spec)), DATA, context)
    fit = Ridge(alpha=2.5, solver="svd").fit(rows(DATA.train)[:, [6, 13, 20]], DATA.train.target)

    assert np.flatnonzero(output.profiles["weights"]).tolist() == [6, 13, 20]
    np.testing.assert_allclose(output.predictions["test"], fit.predict(rows(DATA.test)[:, [6, 13, 20]]), rtol=1e-8)
    with pytest.raises(JobFailed, match="is 26; it must be from 1 to the 25 inputs"):
        run(Params(alpha=2.5, front=Top(pixels=26, by=spec)), DATA, context)


@pytest.mark.parametrize("order", [1, 2])
def test_weights_may_depend_on_a_label(order: Literal[1, 2]) -> None:
    """The fit is that on [x, m x, m^2 x]; the profiles are the weights of each."""
    data = MadeUp()
    x, y = data.train.numbers()
    test, _ = data.test.numbers()
    powers = range(order + 1)
    bent, told = (np.hstack([part * part[:, [1]] ** k for k in powers]).astype(float) for part in (x, test))
    fit = Ridge(alpha=0.5, solver="svd").fit(bent, y)
    output = run(Params(alpha=0.5, conditional="metal", order=order), data, Context())

    np.testing.assert_allclose(output.predictions["test"], fit.predict(told), rtol=1e-4, atol=1e-5)
    profiles = [output.profiles[name] for name in ("weights", "weights_1", "weights_2")[: order + 1]]
    np.testing.assert_allclose(np.concatenate(profiles), fit.coef_, rtol=1e-4, atol=1e-5)


def test_noise_on_the_label_is_for_the_test_rows_alone() -> None:
    """The rule and the validation predictions stay; the test rows see a label off by the deviation asked for."""
    data = MadeUp()
    given: dict[str, Any] = {"alpha": 0.5, "conditional": "metal"}
    exact, noisy, again, other = (
        run(Params(**given, label_noise=noise, draw=draw), data, Context())
        for noise, draw in ((0, 0), (0.3, 0), (0.3, 0), (0.3, 1))
    )
    x, _ = data.test.numbers()
    slope = x @ exact.profiles["weights_1"]  # of a prediction with the label
    off = (noisy.predictions["test"] - exact.predictions["test"]) / slope

    np.testing.assert_array_equal(exact.predictions["val"], noisy.predictions["val"])
    np.testing.assert_array_equal(exact.profiles["weights"], noisy.profiles["weights"])
    np.testing.assert_allclose(
        off, 0.3 * normals(key_of("label noise", "metal", 0), torch.arange(30), 1)[:, 0], rtol=1e-2
    )
    np.testing.assert_array_equal(noisy.predictions["test"], again.predictions["test"])
    assert (noisy.predictions["test"] != other.predictions["test"]).all()


def test_training_rows_may_be_seen_at_several_noises() -> None:
    """The fit is that on all views one after the other; with `conditional: noise` its weights depend on it."""
    data = stocked()
    levels = (0.0, 0.5, 2.0)
    views = [rows(data.train.at(noise=level)) for level in levels]
    y = np.tile(TARGET[:500], 3)
    mixed = run(Params(alpha=2.5, noises=levels), data, Context())
    bent = run(Params(alpha=2.5, noises=levels, conditional="noise"), data, Context())
    test = rows(data.test)

    fit = Ridge(alpha=2.5, solver="svd").fit(np.vstack(views), y)
    np.testing.assert_allclose(mixed.predictions["test"], fit.predict(test), rtol=1e-8)
    assert mixed.scalars["train_rows"] == 1500
    x = np.vstack([np.hstack([view, level * view]) for level, view in zip(levels, views, strict=True)])
    fit = Ridge(alpha=2.5, solver="svd").fit(x, y)
    np.testing.assert_allclose(bent.predictions["test"], fit.predict(np.hstack([test, test])), rtol=1e-6)


def test_a_row_is_in_one_fold_however_often_it_is_seen() -> None:
    """All views of a star are left out together: else its twin would tell."""
    data = stocked()
    views = np.vstack([rows(data.train.at(noise=level)) for level in (0.5, 1.0)])
    y = np.tile(TARGET[:500], 2)
    folds = PredefinedSplit(np.tile(fold_of(torch.arange(500), 5).numpy(), 2))
    told = cross_val_predict(Ridge(alpha=2.5, solver="svd"), views, y, cv=folds)
    output = run(Params(alpha="cv", alphas=(2.5, 5.0), noises=(0.5, 1.0)), data, Context())

    assert output.tables["cv_mse"]["2.5"] == pytest.approx(((told - y) ** 2).mean(), rel=1e-7)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"conditional": "noise"}, "needs several noises"),
        ({"label_noise": 0.1}, "noise on the label of `conditional`"),
        ({"alpha": "cv", "front": Top(by=JobSpec("trees", 1, {}))}, "no fold is left out"),
        ({"conditional": "metal", "front": Top(by=JobSpec("trees", 1, {}))}, "not their products"),
        ({"front": Top(by=JobSpec("trees", 1, {}))}, "ranks no inputs"),
    ],
)
def test_parameters_that_do_not_go_together_are_refused(params: dict[str, Any], message: str) -> None:
    """One line says which and why."""
    with pytest.raises(JobFailed, match=message):
        run(Params(**params), DATA, Context(nested=lambda *_: Output({})))


def test_a_target_that_never_changes_has_no_r2() -> None:
    """The scalar is left out; the fit stands."""
    flat = Observed(CLEAN[:500], SIGMA[:500], np.full(500, 3.0), split="train", noise=1.0, seed=1)
    output = run(Params(alpha=1.0), Splits(flat, DATA.val, DATA.test), Context())

    assert "train_r2" not in output.scalars
    np.testing.assert_allclose(output.predictions["test"], 3.0)
