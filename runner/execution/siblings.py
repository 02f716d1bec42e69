"""Runs that ask each other: which run a job's name means to another one, and whether both see the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.findings import JobFailed
from runner.plans.specs import JobRun


def sibling(run: JobRun, name: str, runs: Mapping[str, JobRun]) -> JobRun:
    """Return the run of a job that another one declares to need."""
    needed = next((runs[need] for need in run.needs if runs[need].job.name == name), None)
    if needed is None:
        raise JobFailed(f"{run.name} does not declare that it needs `{name}`")
    return needed


def refuse_other_rows(run: JobRun, needed: JobRun, split: str) -> None:
    """Refuse what a run says of rows of a split that another one does not see, or sees otherwise."""
    if _shown(needed, split) != _shown(run, split):
        raise JobFailed(f"`{needed.job.name}` was made on other {split} rows than {run.name}")


def _shown(run: JobRun, split: str) -> Any:
    """Return what says which rows of a split a run sees, and with which settings."""
    if split == "test":
        return run.asked
    if split == "val":  # seen as the training rows are
        return run.asked, run.axes.get("train_noise")
    return {axis: value for axis, value in run.axes.items() if axis != "seed"}
