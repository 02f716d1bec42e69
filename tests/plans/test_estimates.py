"""Estimates: rows from the spec, time and memory from the last run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runner.plans.estimates import Estimate, estimate
from runner.plans.specs import job_runs
from runner.verdicts.knowledge import gather
from tests.knowledge import toy


def of_weak(root: Path, past: dict[str, Any]) -> Estimate:
    """Return the estimate of the job `weak` after a past run."""
    library = gather(toy(root)).library
    document = library.named("TOY-1")
    protocol = library.protocol(document)
    assert protocol is not None
    return estimate(job_runs(document, library)[0], protocol, past)


@pytest.mark.parametrize("past", [{}, {"runs": {}}, {"runs": {"strong": {"seconds": 9.0, "train": 200}}}])
def test_before_the_first_run_only_rows_are_known(tmp_path: Path, past: dict[str, Any]) -> None:
    """What another job took says nothing about this one."""
    assert of_weak(tmp_path, past) == Estimate(200, 40, 80, None, None)


@pytest.mark.parametrize(("train", "expected"), [(200, 3.0), (100, 6.0), (400, 1.5), (0, 3.0)])
def test_time_grows_with_the_training_rows(tmp_path: Path, train: int, expected: float) -> None:
    """Twice the rows of the last run take twice its time; memory is taken as it was."""
    past = {"runs": {"weak": {"seconds": 3.0, "train": train, "megabytes": 250}}}

    assert of_weak(tmp_path, past) == Estimate(200, 40, 80, expected, 250)
