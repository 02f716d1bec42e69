"""Compare what an experiment declares with what its result was computed from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from runner.plans.specs import JobRun
from runner.results.files import Result, Run


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one run has to be made again."""

    run: str
    part: str  # new, failed, job, version, parameters, axes or data
    text: str


def reasons(runs: list[JobRun], result: Result | None) -> list[Reason]:
    """Return why each run that is not filed as declared would run, naming the part that differs."""
    filed = result.runs if result else {}
    found = [reason for run in runs if (reason := _reason(run, filed.get(run.name)))]
    gone = [name for name in filed if name not in {run.name for run in runs}]
    return [*found, *(Reason(name, "job", f"`{name}` is no longer declared") for name in gone)]


def _reason(run: JobRun, filed: Run | None) -> Reason | None:
    if filed is None:
        return Reason(run.name, "new", "no result yet")
    if filed.failed:
        return Reason(run.name, "failed", f"failed last time: {filed.failed}")
    if filed.fit == run.fit:
        return None
    return next(_differences(run, filed), Reason(run.name, "data", "validation or test rows differ"))


def _differences(run: JobRun, filed: Run) -> Iterator[Reason]:
    job = run.job
    if filed.job != job.job:
        yield Reason(run.name, "job", f"was {filed.job}, is {job.job}")
    if filed.version != job.version:
        yield Reason(run.name, "version", f"{job.job} version {filed.version} -> {job.version}")
    changed = [name for name in job.params if _plain(job.params[name]) != filed.params.get(name)]
    if changed or set(filed.params) - set(job.params):
        old, new = (
            filed.params.get(changed[0]) if changed else "",
            job.params.get(changed[0]) if changed else "",
        )
        yield Reason(run.name, "parameters", f"{changed[0]}: {old} -> {new}" if changed else "a parameter is gone")
    for axis, value in run.axes.items():
        if filed.axes.get(axis) != value:
            yield Reason(run.name, "axes", f"{axis}: {filed.axes.get(axis, 0):g} -> {value:g}")
    if filed.data != run.data:
        yield Reason(run.name, "data", "the data file or its options changed")


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def code_moved(runs: list[JobRun], result: Result) -> list[JobRun]:
    """Return the runs whose job file changed while its VERSION did not."""
    return [
        run
        for run in runs
        if (filed := result.runs.get(run.name)) and filed.fit == run.fit and filed.code != run.job.code
    ]
