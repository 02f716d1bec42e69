"""The global feature tower: its families by other means, its size, and that no row is told by what it was fitted on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.model_selection import PredefinedSplit, cross_val_predict

from runner.contract import Context, JobName, Output
from runner.findings import JobFailed
from runner.jobs import tower
from runner.jobs.tower import Params, run
from runner.numerics.feature_table import FeatureTable
from runner.numerics.observation import Observed
from runner.numerics.penalty import fold_of
from runner.numerics.portions import Splits
from runner.numerics.regression import Task, regressed
from runner.numerics.snr import told_statistics
from runner.numerics.training import one_thread

RANDOM = np.random.default_rng(12)
WIDTH = 40
STATES = RANDOM.normal(size=(900, 3))
X = (STATES @ RANDOM.normal(size=(3, WIDTH)) + 0.5 * RANDOM.normal(size=(900, WIDTH)) + 3).astype(np.float32)
SIGMA = RANDOM.uniform(0.1, 0.3, (900, WIDTH)).astype(np.float32)
BENT = 50 + 2 * STATES[:, 0] + 3 * np.abs(STATES[:, 1])  # no line tells all of it
PARTS = {"train": slice(600), "val": slice(600, 750), "test": slice(750, None)}
QUICK = Params(components=3, pixels=10, segments=4, hidden=(16,), batch=50, epochs=2, alpha=1.0, lr=3e-3)


def split(
    name: str, part: slice, y: np.ndarray = BENT, x: np.ndarray = X, sigma: np.ndarray | None = SIGMA
) -> Observed:
    """Some of the made-up rows as one split, as noisy as they stand there."""
    told = None if sigma is None else sigma[part]
    return Observed(x[part], told, y[part], split=name, noise=0.0, seed=1)


def data(**given: Any) -> Splits:
    """Return the three splits."""
    return Splits(*(split(name, part, **given) for name, part in PARTS.items()))


@pytest.fixture(autouse=True)
def _small() -> Iterator[None]:
    """Networks of a few numbers on one core."""
    with one_thread():
        yield


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> list[Task]:
    """Return the tasks that networks are given from here on; they are trained all the same."""
    given: list[Task] = []

    def watched(build: Any, recipe: Any, task: Task, context: Context) -> Output:
        given.append(task)
        return regressed(build, recipe, task, context)

    monkeypatch.setattr(tower, "regressed", watched)
    return given


def columns(task: Task, name: str) -> np.ndarray:
    """Return the features of a split."""
    table = getattr(task.data, name)
    assert isinstance(table, FeatureTable)
    return table.features.double().numpy()


def r2(output: Output, truth: np.ndarray = BENT, name: str = "test") -> float:
    """Return R² on one split."""
    part = truth[PARTS[name]]
    return float(1 - ((output.predictions[name] - part) ** 2).mean() / part.var())


def test_the_features_are_those_of_other_libraries(tasks: list[Task]) -> None:
    """Scores of scikit-learn's PCA up to their sign, its ridge, means that numpy takes, five numbers of sigma."""
    run(QUICK, data(), Context())
    rows, test = X[:600].astype(float), X[750:].astype(float)
    found = columns(tasks[0], "test")
    ridge = Ridge(alpha=1.0).fit(rows, BENT[:600])
    top = np.sort(np.argsort(-np.abs(ridge.coef_))[:10])
    means = np.column_stack([test[:, part].mean(1) for part in np.array_split(top, 4)])
    told = told_statistics(torch.from_numpy(SIGMA[750:])).numpy()[:, [0, 1, 3, 6, 7]]

    assert found.shape == (150, 3 + 1 + 4 + 5)
    np.testing.assert_allclose(np.abs(found[:, :3]), np.abs(PCA(3).fit(rows).transform(test)), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[:, 3], ridge.predict(test), rtol=1e-6)
    np.testing.assert_allclose(found[:, 4:8], means, rtol=1e-6)
    np.testing.assert_allclose(found[:, 8:], told, rtol=1e-6)


def test_training_rows_are_told_by_the_ridge_without_their_fold(tasks: list[Task]) -> None:
    """As scikit-learn cross-validates, in what is learnt and among the features; other rows by all training rows."""
    run(QUICK, data(), Context())
    rows, truth = X[:600].astype(float), BENT[:600]
    folds = PredefinedSplit(fold_of(torch.arange(600), 5).numpy())
    unseen = cross_val_predict(Ridge(alpha=1.0, solver="svd"), rows, truth, cv=folds)
    seen = Ridge(alpha=1.0, solver="svd").fit(rows, truth)

    np.testing.assert_allclose(tasks[0].said["train"], unseen, rtol=1e-8)
    np.testing.assert_allclose(columns(tasks[0], "train")[:, 3], unseen, rtol=1e-6)
    np.testing.assert_allclose(tasks[0].said["val"], seen.predict(X[600:750].astype(float)), rtol=1e-8)
    assert not np.allclose(unseen, seen.predict(rows), rtol=1e-4)


@pytest.mark.parametrize(
    ("families", "features", "size"),
    [
        (("pca", "ridge", "top", "error"), 126, 49_025),
        (("pca", "ridge", "top"), 121, 47_745),
        (("pca", "ridge"), 97, 41_601),
    ],
)
def test_parameters_are_as_many_as_published(families: Any, features: int, size: int) -> None:
    """With the defaults, on rows of 520 inputs."""
    wide = RANDOM.normal(size=(900, 520)).astype(np.float32)
    given = data(x=wide, sigma=np.full((900, 520), 0.2, np.float32))
    output = run(Params(families=families, epochs=1, alpha=10.0), given, Context())

    assert output.scalars["parameters"] == size
    assert output.scalars["features"] == features == sum(dict(output.tables["widths"]).values())  # type: ignore[arg-type]


def test_it_mends_what_a_line_cannot_say() -> None:
    """A bend in the target, seen in the components; the penalty is the best on the validation rows."""
    output = run(replace(QUICK, epochs=60, hidden=(32, 32), dropout=0.0, alpha="val"), data(), Context())
    line = max(
        r2(Output({"test": Ridge(alpha=alpha).fit(X[:600], BENT[:600]).predict(X[750:])})) for alpha in (0.1, 10, 100)
    )
    errors = dict(output.tables["alpha_mse"])

    assert r2(output) > line + 0.2
    assert output.scalars["alpha"] == float(min(errors, key=lambda alpha: float(errors[alpha])))  # type: ignore[arg-type]
    assert output.scalars["alpha_at_edge"] in {0.0, 1.0}


def test_labels_that_mean_nothing_are_not_learnt() -> None:
    """With targets permuted nothing is explained on rows that were not learnt from, and training knows it."""
    output = run(replace(QUICK, epochs=15), data(y=RANDOM.permutation(BENT)), Context())

    assert output.curves["val_r2"].max() < 0.05


def test_nothing_is_fitted_on_rows_that_are_predicted(tasks: list[Task]) -> None:
    """Other test rows leave all as it was; so do other validation rows, but for the penalty and the epoch."""
    moved = X.copy()
    moved[750:] *= 3
    first, second = (run(QUICK, data(x=x), Context()) for x in (X, moved))
    assert first.predictions["val"].tobytes() == second.predictions["val"].tobytes()

    moved[600:750] *= 3
    once = replace(QUICK, epochs=1)
    judged = (Splits(data().train, given.val, data().test) for given in (data(), data(x=moved)))
    third, fourth = (run(once, given, Context()) for given in judged)
    assert third.predictions["test"].tobytes() == fourth.predictions["test"].tobytes()
    assert len({columns(task, "train").tobytes() for task in tasks}) == 1


def test_latents_of_another_job_are_a_family_of_their_own(tasks: list[Task]) -> None:
    """Given by the name of the job and of the split, they may be all there is."""
    asked = []

    def given(job: str, name: str) -> np.ndarray:
        asked.append((job, name))
        return np.abs(STATES[PARTS[name], :2]).astype(np.float32)

    params = replace(QUICK, families=(), latents=JobName("cleaned"), epochs=40)
    output = run(params, data(), Context(latents_of=given))

    assert asked == [("cleaned", "train"), ("cleaned", "val"), ("cleaned", "test")]
    assert output.tables["widths"] == {"latents": 2.0}
    np.testing.assert_allclose(columns(tasks[0], "val"), np.abs(STATES[PARTS["val"], :2]), rtol=1e-6)
    assert r2(output) > r2(run(replace(params, latents=None, families=("ridge",)), data(), Context())) + 0.2


def test_without_validation_rows_training_rows_judge() -> None:
    """The folds choose the penalty, a tenth of the rows the epoch."""
    given = data()
    output = run(replace(QUICK, alpha="val"), Splits(given.train, split("val", slice(0)), given.test), Context())

    assert output.scalars["train_rows"] == 540
    assert output.predictions["val"].shape == (0,)
    assert "alpha_mse" in output.tables


def test_a_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    """Start, order and dropout all come from it."""
    first, again, other = (run(QUICK, data(), Context(seed=seed)).predictions["test"].tobytes() for seed in (1, 1, 2))

    assert first == again != other


@pytest.mark.parametrize(
    ("params", "sigma", "message"),
    [
        (QUICK, None, "no statistics of it -> leave `error` out of `families`"),
        (replace(QUICK, families=()), SIGMA, "without features"),
        (replace(QUICK, fresh=True), SIGMA, "features are made once"),
        (replace(QUICK, segments=11), SIGMA, "10 inputs cannot be cut into 11 segments"),
        (replace(QUICK, components=41), SIGMA, "41 components were asked for"),
        (replace(QUICK, pixels=41), SIGMA, "`pixels` is 41"),
        (replace(QUICK, dropout=1.0), SIGMA, "dropout from 0 to below 1"),
        (replace(QUICK, alpha=-1.0), SIGMA, "alpha is -1"),
    ],
)
def test_what_cannot_be_made_is_refused(params: Params, sigma: np.ndarray | None, message: str) -> None:
    """In one line, that says what to do."""
    with pytest.raises(JobFailed) as error:
        run(params, data(sigma=sigma), Context())
    assert message in str(error.value)
