"""Compare what an experiment declares with what its result was computed from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from runner.plans.specs import JobRun
from runner.results.files import Result, Run
from runner.safety import canonical


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one run has to be made again."""

    run: str
    part: str  # new, failed, job, version, parameters, axes, data or protocol
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
    rest = Reason(run.name, "protocol", "its target, validation rows or test rows changed")
    return next(_differences(run, filed), rest)


def _differences(run: JobRun, filed: Run) -> Iterator[Reason]:
    job = run.job
    if filed.job != job.job:
        yield Reason(run.name, "job", f"was {filed.job}, is {job.job}")
    if filed.version != job.version:
        yield Reason(run.name, "version", f"{job.job} version {filed.version} -> {job.version}")
    for name in sorted({*job.params, *filed.params}):
        old, new = filed.params.get(name, "absent"), job.params.get(name, "absent")
        if canonical.digest(old) != canonical.digest(new):
            yield Reason(run.name, "parameters", f"{name}: {old} -> {new}")
    for axis, value in run.axes.items():
        if filed.axes.get(axis) != value:
            yield Reason(run.name, "axes", f"{axis}: {filed.axes.get(axis, 0):g} -> {value:g}")
    if filed.data != run.data:
        yield Reason(run.name, "data", "the data, their options or their source changed")


def code_moved(runs: list[JobRun], result: Result) -> list[JobRun]:
    """Return the runs whose job file changed while its VERSION did not."""
    return [
        run
        for run in runs
        if (filed := result.runs.get(run.name)) and filed.fit == run.fit and filed.code != run.job.code
    ]
