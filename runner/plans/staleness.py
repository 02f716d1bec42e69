"""Compare what an experiment declares with what its result was computed from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from runner.documents.sweeps import spelled
from runner.plans.specs import JobRun
from runner.results.files import RECORDED, Result, Run
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
    moved = {run.name for run in runs if run.name in filed and not _same_fit(run, filed[run.name])}
    found = [reason for run in runs if (reason := _reason(run, filed.get(run.name), moved))]
    gone = [name for name in filed if name not in {run.name for run in runs}]
    return [*found, *(Reason(name, "job", f"`{name}` is no longer declared") for name in gone)]


def stands(run: JobRun, filed: Run) -> bool:
    """Tell whether a run is filed as it is declared; of one made elsewhere only its rows are known, if those."""
    elsewhere = filed.job == RECORDED and filed.data not in {"", run.data}
    return _same_fit(run, filed) and filed.asked == run.asked and not elsewhere


def _same_fit(run: JobRun, filed: Run) -> bool:
    return filed.job == RECORDED or filed.fit == run.fit


def _reason(run: JobRun, filed: Run | None, moved: Collection[str]) -> Reason | None:
    if filed is None:
        return Reason(run.name, "new", "no result yet")
    if filed.failed:
        return Reason(run.name, "failed", f"failed last time: {filed.failed}")
    if stands(run, filed):
        return None
    given = [Reason(run.name, "job", f"it is given `{name}`, which changed") for name in run.needs if name in moved]
    rest = Reason(run.name, "protocol", "its target, seed, validation rows or test rows changed")
    return rest if filed.job == RECORDED else next(_differences(run, filed), next(iter(given), rest))


def _differences(run: JobRun, filed: Run) -> Iterator[Reason]:
    job = run.job
    if filed.job != job.job:
        yield Reason(run.name, "job", f"was {filed.job}, is {job.job}")
    if filed.version != job.version:
        yield Reason(run.name, "version", f"{job.job} version {filed.version} -> {job.version}")
    for name in sorted({*job.params, *filed.params}):
        for text in _moved(name, filed.params.get(name, "absent"), job.params.get(name, "absent")):
            yield Reason(run.name, "parameters", text)
    for axis in sorted({*run.axes, *filed.axes}):
        old, new = (spelled(axes[axis]) if axis in axes else "absent" for axes in (filed.axes, run.axes))
        if old != new:
            yield Reason(run.name, "axes", f"{axis}: {old} -> {new}")
    if filed.data != run.data:
        yield Reason(run.name, "data", "the data, their options or their source changed")


def _moved(name: str, old: Any, new: Any) -> Iterator[str]:
    """Yield what differs in a parameter; of two records of one kind, or two jobs, the fields that do."""
    if canonical.digest(old) == canonical.digest(new):
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping) and old.keys() == new.keys():
        for key in old:
            yield from _moved(f"{name}.{key}", old[key], new[key])
    else:
        yield f"{name}: {old} -> {new}"


def code_moved(runs: list[JobRun], result: Result) -> list[JobRun]:
    """Return the runs whose job file changed while its VERSION did not."""
    return [
        run
        for run in runs
        if (filed := result.runs.get(run.name)) and filed.fit == run.fit and filed.code != run.job.code
    ]
