"""The multilayer perceptron: a straight line without hidden layers, the same bytes twice, raw or standardised."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pytest

from runner.contract import Context, JobName, Output, Split
from runner.findings import JobFailed
from runner.jobs.mlp import Params, run
from runner.numerics.networks import moments
from runner.numerics.observation import Observed
from runner.numerics.portions import Splits
from runner.numerics.training import one_thread, set_aside

RANDOM = np.random.default_rng(6)
CLEAN = (RANDOM.normal(size=(700, 6)) * [1, 5, 0.2, 1, 1, 0] + [0, 40, -3, 0, 1, 0.3]).astype(np.float32)
TARGET = 100 + 30 * np.abs(CLEAN[:, 0].astype(float)) + CLEAN[:, 3] + 50 * CLEAN[:, 2]
QUICK = Params(hidden=(16,), epochs=3, dropout=0.1, batch=50)


def split(name: str, part: slice, target: np.ndarray = TARGET, times: int = 1) -> Observed:
    """Some of the made-up rows as one split, without noise."""
    return Observed(times * CLEAN[part], np.ones_like(CLEAN[part]), target[part], split=name, noise=0.0, seed=1)


PARTS = {"train": slice(500), "val": slice(500, 600), "test": slice(600, None)}
DATA = Splits(*(split(name, part) for name, part in PARTS.items()))


@pytest.fixture(autouse=True)
def _small() -> Iterator[None]:
    """Networks of a few numbers on one core."""
    with one_thread():
        yield


def predicted(params: Params, data: Splits = DATA, **context: Any) -> bytes:
    """Return the bytes of the test predictions."""
    return run(params, data, Context(**context)).predictions["test"].tobytes()


def r2(output: Output) -> float:
    """Return R² on the test rows."""
    truth = TARGET[600:]
    return float(1 - ((output.predictions["test"] - truth) ** 2).mean() / truth.var())


def test_without_hidden_layers_it_is_least_squares() -> None:
    """Its predictions come to those of numpy's least squares on the same rows."""
    noisy = TARGET + RANDOM.normal(size=700)
    data = Splits(split("train", slice(500), noisy), split("val", slice(500), noisy), DATA.test)
    output = run(Params(hidden=(), epochs=150, patience=0, batch=500, lr=0.05), data, Context())
    x = np.column_stack([CLEAN.astype(float), np.ones(700)])
    fit = np.linalg.lstsq(x[:500], noisy[:500], rcond=None)[0]

    np.testing.assert_allclose(output.predictions["test"], x[600:] @ fit, atol=2e-3 * noisy.std())
    assert output.scalars["parameters"] == 7


def test_hidden_layers_learn_what_a_line_cannot() -> None:
    """A bend; and absolute errors train as well as squared ones, one bend as well as the other."""
    straight = r2(run(Params(hidden=(), lr=0.03, epochs=40), DATA, Context()))
    params = Params(hidden=(64, 64), dropout=0.0, lr=3e-3, epochs=60, batch=50)

    assert straight < 0.8
    for other in (params, replace(params, loss="l1", activation="gelu", clip=1.0)):
        assert r2(run(other, DATA, Context())) > 0.97


@pytest.mark.parametrize("hidden", [(), (8,), (16, 4)])
def test_parameters_are_counted_by_the_formula(hidden: tuple[int, ...]) -> None:
    """Sum of (inputs + 1) times outputs over the layers."""
    output = run(replace(QUICK, hidden=hidden), DATA, Context())
    sizes = (6, *hidden, 1)

    assert output.scalars["parameters"] == sum((a + 1) * b for a, b in pairwise(sizes))
    assert output.scalars["train_rows"] == 500
    assert 1 <= output.scalars["best_epoch"] <= output.scalars["epochs"] <= 3


def test_a_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    """Start, order and dropout all come from it."""
    assert predicted(QUICK, seed=1) == predicted(QUICK, seed=1) != predicted(QUICK, seed=2)


def test_the_best_epoch_is_the_one_that_predicts() -> None:
    """Stopped there, the same run ends with the same bytes; the epochs are told."""
    told: list[tuple[int, int, str]] = []
    long = Params(hidden=(32,), dropout=0.0, lr=0.1, epochs=60, patience=3, batch=50)
    output = run(long, DATA, Context(progress=lambda *news: told.append(news)))
    best = int(output.scalars["best_epoch"])

    assert best < output.scalars["epochs"]
    done, total, note = told[-1]
    assert (done, total) == (500 * output.scalars["epochs"], 500 * 60)
    assert note.startswith(f"train: epoch {int(output.scalars['epochs']) + 1} of 60, loss ")
    assert note.endswith(f"val R2 {output.curves['val_r2'][-1]:.4f}")
    assert predicted(replace(long, epochs=best)) == output.predictions["test"].tobytes()


def test_moments_are_those_of_all_rows() -> None:
    """However far from 0 they are; an input that never changes has no spread."""
    mean, std = moments(DATA.train)

    np.testing.assert_allclose(mean, CLEAN[:500].mean(0, dtype=float), atol=1e-5)
    np.testing.assert_allclose(std, [*CLEAN[:500, :5].std(0, dtype=float), 1], rtol=1e-5)


def test_raw_numbers_stay_raw() -> None:
    """Without standardising, a target of 100 and inputs of 40 are what the network has to cope with: it does worse."""
    params = Params(hidden=(32,), dropout=0.0, epochs=30)

    assert (
        r2(run(replace(params, standardise=False, labels="none"), DATA, Context()))
        < r2(run(params, DATA, Context())) - 0.2
    )


@pytest.mark.parametrize(("loss", "low", "high"), [("mse", 2.85, 3.15), ("l1", 1.0, 1.5)])
def test_each_loss_has_its_best_constant(loss: Literal["mse", "l1"], low: float, high: float) -> None:
    """Of inputs that say nothing: the mean for squared errors, near the median for absolute ones.

    Only near it, because the epoch that is kept is the one with the smallest squared error.
    """
    dark, y = np.zeros((500, 2), np.float32), np.where(np.arange(500) % 5, 1.0, 11.0)
    one, two, rest = (
        Observed(dark, np.ones_like(dark), y, split=name, noise=0.0, seed=1) for name in ("train", "val", "test")
    )
    output = run(
        Params(hidden=(), loss=loss, lr=0.01, epochs=30, batch=20, patience=0), Splits(one, two, rest), Context()
    )

    assert low <= output.predictions["test"].min() == output.predictions["test"].max() <= high


def test_dropout_and_bend_count() -> None:
    """Each changes what is learnt."""
    others = (replace(QUICK, dropout=0.0), replace(QUICK, activation="gelu"), QUICK)

    assert len({predicted(params) for params in others}) == 3


def test_an_input_that_never_changes_has_no_spread() -> None:
    """Not even where its mean in single precision is off by a rounding."""
    levels = np.random.default_rng(1).normal(size=200).astype(np.float32)
    flat = np.tile(levels, (3001, 1))
    mean, std = moments(Observed(flat, flat, flat[:, 0], split="train", noise=0.0, seed=1))

    np.testing.assert_allclose(mean, levels, rtol=1e-6)
    np.testing.assert_array_equal(std, 1)


@pytest.mark.parametrize("standardise", [True, False])
def test_the_unit_of_the_inputs_counts_only_where_they_are_raw(standardise: bool) -> None:  # noqa: FBT001
    """Twice the inputs are the same bytes of standardised ones, and other bytes of raw ones."""
    params = replace(QUICK, standardise=standardise)
    doubled = Splits(*(split(n, part, times=2) for n, part in PARTS.items()))

    assert (predicted(params) == predicted(params, doubled)) is standardise


def test_without_validation_rows_a_tenth_of_the_training_rows_judges() -> None:
    """And trains nothing: what those rows are worth may change without any change of the first epoch."""
    empty, aside = split("val", slice(0)), set_aside(500, 0.1)
    once = replace(QUICK, epochs=1, labels="none")
    other = TARGET.copy()
    other[:500][aside] += 1000
    output, changed = (
        run(once, Splits(split("train", slice(500), y), empty, DATA.test), Context()) for y in (TARGET, other)
    )

    assert output.scalars["train_rows"] == 450
    assert output.predictions["val"].shape == (0,)
    np.testing.assert_array_equal(output.predictions["test"], changed.predictions["test"])


def test_what_another_job_leaves_over_is_learnt() -> None:
    """It misses a thousandth of the target, a line in one input: the sum is nearer than the network ever is alone."""
    said = TARGET - 7 - CLEAN[:, 4] / 30
    parts = {"train": said[:500], "val": said[500:600], "test": said[600:]}
    context = Context(predictions=lambda job, name: parts[name] if job == "ridge" else np.array([]))
    params = Params(hidden=(), lr=0.05, epochs=40, batch=100, residual_on=JobName("ridge"))
    output = run(params, DATA, context)

    np.testing.assert_allclose(output.predictions["test"], TARGET[600:], atol=2e-3)
    np.testing.assert_allclose(output.predictions["val"], TARGET[500:600], atol=2e-3)


@pytest.mark.parametrize(
    ("params", "train", "message"),
    [
        (replace(QUICK, batch=0), DATA.train, "batch is 0"),
        (replace(QUICK, hidden=(8, 0)), DATA.train, "every hidden layer"),
        (replace(QUICK, dropout=1.0), DATA.train, "dropout from 0 to below 1"),
        (replace(QUICK, lr=1e30, labels="none"), DATA.train, "ran away"),
        (QUICK, split("train", slice(0)), "no rows to fit"),
        (QUICK, split("train", slice(500), TARGET + np.where(TARGET > 0, np.nan, 0)), "labels of the train rows"),
    ],
)
def test_what_cannot_be_trained_is_refused(params: Params, train: Split, message: str) -> None:
    """In one line."""
    with pytest.raises(JobFailed, match=message):
        run(params, Splits(train, DATA.val, DATA.test), Context())
