"""The job: whole runs on a few synthetic stars and on stored rows, what it says of them, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from runner.contract import Context, Output
from runner.data.mockstar import Mockstar, open_source
from runner.execution.workshop import Splits
from runner.findings import JobFailed
from runner.jobs.bayes import Params, _calibration, run
from runner.numerics.observation import Observed
from runner.numerics.origins import RowsOrigin
from runner.numerics.posterior import Belief
from runner.numerics.training import one_thread

ROWS = 32
QUICK = Params(templates=1024, draws=512)
RANDOM = np.random.default_rng(8)


@pytest.fixture(autouse=True)
def _small() -> Iterator[None]:
    """Small products on one core."""
    with one_thread():
        yield


def stars(target: str = "logg", labels: str = "continuous", **axes: float) -> tuple[Mockstar, Splits]:
    """Return a source of stars and what a job sees of a few of them."""
    source = open_source({"val": ROWS, "test": 30_240, "labels": labels, "mag": (20.5, 22.5)}, Path())
    seen: Any = {"target": target, "axes": {"noise": 1.0} | axes, "seed": 42, "device": "cpu"}
    train, val, test = (source.split(name, ROWS, **seen) for name in ("train", "val", "test"))
    return source, Splits(train, val, test, source.origin)


def ran(data: Splits, params: Params = QUICK, seed: int = 0) -> Output:
    """Run the job."""
    return run(params, data, Context(seed=seed))


def bounds(output: Output) -> np.ndarray:
    """Return the bounds, which are there."""
    assert output.bounds is not None
    return output.bounds


def test_stars_are_predicted_as_well_as_their_bounds_say() -> None:
    """Squared errors come to the variances as far as a few rows show it; another seed says nearly the same."""
    source, data = stars()
    output, other = ran(data), ran(data, seed=1)
    truth = source.column("logg", "test", range(ROWS))
    assert 0.4 < np.mean((output.predictions["test"] - truth) ** 2 / bounds(output)) < 2.2
    assert bounds(output).mean() < 0.6 * truth.var()
    assert abs(output.scalars["excess"]) < 3
    assert output.scalars["ess"] > output.scalars["ess_p5"] > 5
    assert list(output.tables["coverage"]) == ["0.5", "0.68", "0.9", "0.95"]
    off = (output.predictions["test"] - other.predictions["test"]) / bounds(output) ** 0.5
    assert 0 < np.sqrt(np.mean(off**2)) < 0.4
    assert not data.origin.truth


def test_validation_rows_are_seen_as_the_test_rows_are() -> None:
    """At one magnitude: validation rows that models choose on at another noise change nothing."""
    quiet, loud = stars(noise=0.5, mag=21.0)[1], stars(noise=2.0, mag=21.0)[1]
    one, two = ran(loud), ran(replace(loud, val=quiet.val))
    for split in ("val", "test"):
        assert one.predictions[split].tobytes() == two.predictions[split].tobytes()


def test_stars_on_nodes_are_found_there() -> None:
    """At little noise nearly all belief is on the one node where a star is."""
    source, data = stars("am", "nodes", noise=0.02)
    output = ran(data)
    assert np.median(np.abs(output.predictions["test"] - source.column("am", "test", range(ROWS)))) < 0.01


def test_calibration_is_that_of_the_intervals_between_quantiles() -> None:
    """Shares below the truth at 0.05, 0.2, 0.5 and 0.97 lie in the intervals of 0.9, 0.6, 0 and 0.94."""
    rank = torch.tensor([0.051, 0.2, 0.5, 0.97], dtype=torch.float64)
    truth = torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.float64)
    said = Belief(truth + torch.tensor([1.0, -2.0, 0.0, 1.0]), torch.ones(4, dtype=torch.float64), truth, rank)
    scalars, tables = _calibration(said, truth)
    assert tables == {"coverage": {"0.5": 0.25, "0.68": 0.5, "0.9": 0.75, "0.95": 1.0}}
    excess = np.array([0.0, 3.0, -1.0, 0.0])
    assert scalars["excess"] == pytest.approx(excess.mean() / (excess.std(ddof=1) / 2))
    assert _calibration(Belief(*(values[:1] for values in said)), truth[:1]) == ({}, {})


def test_rows_without_a_law_are_compared_with_the_training_rows() -> None:
    """A linear target with Gaussian inputs: the posterior mean is the closed one as far as templates are dense."""
    matrix = RANDOM.normal(size=(1, 6))
    target = RANDOM.normal(size=3000)
    clean = (target[:, None] @ matrix).astype(np.float32)
    parts = {"train": slice(2600), "val": slice(2600, 2800), "test": slice(2800, None)}
    train, val, test = (
        Observed(clean[part], np.ones_like(clean[part]), target[part], split=name, noise=1.0, seed=1)
        for name, part in parts.items()
    )
    output = ran(Splits(train, val, test, RowsOrigin))
    variance = 1 / (1 + (matrix**2).sum())
    observed = torch.cat(list(test.inputs(99))).double().numpy()

    np.testing.assert_allclose(output.predictions["test"], variance * observed @ matrix[0], atol=0.12)
    np.testing.assert_allclose(bounds(output), variance, rtol=0.3)
    assert abs(output.scalars["excess"]) < 3


@pytest.mark.parametrize(
    ("params", "words"),
    [
        (replace(QUICK, draws=300), "multiple of 512"),
        (replace(QUICK, draws=0), "multiple of 512"),
        (replace(QUICK, templates=5), "templates must be"),
        (replace(QUICK, parts=0), "parts 1 or more"),
    ],
)
def test_parameters_that_leave_nothing_to_sample_are_refused(params: Params, words: str) -> None:
    """One line says which."""
    with pytest.raises(JobFailed, match=words):
        ran(stars()[1], params)


def test_targets_and_noises_without_an_answer_are_refused() -> None:
    """No noise, with a law or without, and a column that the law does not know."""
    with pytest.raises(JobFailed, match="without noise"):
        ran(stars(noise=0.0)[1])
    with pytest.raises(JobFailed, match="the law of the rows has no `snr_med`"):
        ran(stars(target="snr_med")[1])
    still = np.ones((5, 3), dtype=np.float32)
    train, val, test = (
        Observed(still, None, np.arange(5.0), split=name, noise=0.0, seed=1) for name in ("train", "val", "test")
    )
    with pytest.raises(JobFailed, match="without noise"):
        ran(Splits(train, val, test, RowsOrigin))
