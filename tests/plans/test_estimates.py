"""Estimates: rows from the spec, time and memory from the last run, or from the most similar one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runner.plans.estimates import Estimate, duration, estimate, total
from runner.plans.specs import job_runs
from runner.verdicts.knowledge import gather
from tests.knowledge import toy


def of_weak(root: Path, past: dict[str, Any], others: Mapping[str, Any] | None = None) -> Estimate:
    """Return the estimate of the job `weak` after a past run."""
    library = gather(toy(root)).library
    document = library.named("TOY-1")
    protocol = library.protocol(document)
    assert protocol is not None
    return estimate(job_runs(document, library)[0], protocol, past, others or {})


def ran(**runs: dict[str, Any]) -> dict[str, Any]:
    """Return a run file."""
    return {"runs": runs}


@pytest.mark.parametrize("past", [{}, {"runs": {}}, ran(strong={"seconds": 9.0, "train": 200})])
def test_before_the_first_run_only_rows_are_known(tmp_path: Path, past: dict[str, Any]) -> None:
    """What a run of an unnamed job took says nothing about this one."""
    assert of_weak(tmp_path, past, {"TOY-1": past}) == Estimate(200, 40, 80)


@pytest.mark.parametrize(("train", "expected"), [(200, 3.0), (100, 6.0), (400, 1.5), (0, 3.0)])
def test_time_grows_with_the_training_rows(tmp_path: Path, train: int, expected: float) -> None:
    """Twice the rows of the last run take twice its time; memory is taken as it was."""
    past = ran(weak={"seconds": 3.0, "train": train, "megabytes": 250})

    assert of_weak(tmp_path, past) == Estimate(200, 40, 80, expected, 250)


def test_a_run_without_a_past_is_judged_by_the_most_similar_one(tmp_path: Path) -> None:
    """Of the runs of the same job, the one with the nearest number of rows counts, and is named."""
    others = {
        "A": ran(a={"job": "ridge", "seconds": 50.0, "train": 20_000}, b={"job": "moe", "seconds": 1.0, "train": 200}),
        "B": ran(c={"job": "ridge", "seconds": 2.0, "train": 100, "megabytes": 300}, d={"job": "ridge", "train": 200}),
        "C": ran(e={"job": "ridge", "seconds": 7.0, "train": -5}, f={}),
    }

    assert of_weak(tmp_path, {}, others) == Estimate(200, 40, 80, 4.0, 300, "B c")


def test_time_grows_with_the_epochs(tmp_path: Path) -> None:
    """Twice as many as then take twice the time; a job that knows none takes one."""
    library = gather(toy(tmp_path)).library
    document = library.named("TOY-1")
    (run, *_), protocol = job_runs(document, library), library.protocol(document)
    assert protocol is not None
    longer = replace(run, job=replace(run.job, params={**run.job.params, "epochs": 8}))
    past = ran(weak={"seconds": 3.0, "train": 200, "params": {**run.job.params, "epochs": 2}})

    assert estimate(longer, protocol, past, {}) == Estimate(200, 40, 80, 12.0)


def test_a_run_with_other_parameters_is_named_with_them(tmp_path: Path) -> None:
    """One with the same comes first, however many rows it had."""
    library = gather(toy(tmp_path)).library
    params = job_runs(library.named("TOY-1"), library)[0].job.params
    other = {"job": "ridge", "seconds": 5.0, "train": 200, "params": {**params, "alpha": 77.0}}
    same = {"job": "ridge", "seconds": 5.0, "train": 400, "params": dict(params)}

    assert of_weak(tmp_path, {}, {"A": ran(a=other)}) == Estimate(200, 40, 80, 5.0, None, "A a", ("alpha",))
    assert of_weak(tmp_path, {}, {"A": ran(a=other), "B": ran(b=same)}).source == "B b"


def test_its_own_past_comes_first(tmp_path: Path) -> None:
    """Who ran before is judged by that, however similar another run is."""
    past = ran(weak={"job": "ridge", "seconds": 3.0, "train": 100})
    others = {"A": ran(a={"job": "ridge", "seconds": 50.0, "train": 200})}

    assert of_weak(tmp_path, past, others).seconds == 6.0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0.00 s"),
        (0.042, "0.04 s"),
        (1.24, "1.2 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (200.0, "3 min"),
        (3569.0, "59 min"),
        (3571.0, "1 h 00 min"),
        (7500.0, "2 h 05 min"),
    ],
)
def test_a_time_is_written_as_people_say_it(seconds: float, text: str) -> None:
    """Two digits, in the unit that suits."""
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("estimates", "text"),
    [
        ([], ""),
        ([Estimate(1, 1, 1)], "1 of unknown length"),
        ([Estimate(1, 1, 1, 60.0, 250), Estimate(1, 1, 1, 60.0, 900)], "about 2 min, up to 900 MB"),
        ([Estimate(1, 1, 1, 5.0), Estimate(1, 1, 1)], "about 5.0 s, 1 of unknown length"),
        (
            [Estimate(1, 1, 1, 5.0, None, "A a", ("alpha",)), Estimate(1, 1, 1, 5.0)],
            "about 10 s, 1 of them judged by runs with other parameters",
        ),
    ],
)
def test_a_total_admits_what_it_does_not_know(estimates: list[Estimate], text: str) -> None:
    """Times add up, memory does not, and runs of unknown length are counted."""
    assert total(estimates) == text
