"""Run again and compare: does an experiment give what is filed?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from runner.contract import Contract, involved
from runner.documents.metrics import BOUNDS, TEST
from runner.documents.reading import Document
from runner.execution import provenance
from runner.execution.execute import Settings
from runner.execution.fits import Fit, filed_fit
from runner.execution.workshop import open_workshop
from runner.plans.specs import JobRun, job_runs
from runner.plans.staleness import reasons
from runner.report import Report
from runner.results import arrays
from runner.results.files import Result
from runner.results.runs import last_run
from runner.verdicts.knowledge import Knowledge

MACHINE = ("device", "host")
CODE = {"exact": 0, "close": 0, "recorded": 0, "differs": 1, "failed": 6}
Machine = Mapping[str, Any]
DECISIVE = ("numpy", "scipy", "torch", "lightgbm")  # packages whose version may move a digit


@dataclass(frozen=True, slots=True)
class Compared:
    """How near a run came to what is filed of it."""

    run: str
    verdict: str  # exact, close, differs, failed or recorded
    text: str
    distance: float = 0.0  # of the farthest prediction, in spreads of the filed ones
    allowed: float = 0.0  # what the job calls close

    @property
    def data(self) -> dict[str, Any]:
        """Return the comparison as a program reads it; a distance without end is none."""
        return asdict(self) | {"distance": self.distance if np.isfinite(self.distance) else None}


def compare(chosen: Iterable[Document], knowledge: Knowledge, settings: Settings) -> Report:
    """Run filed experiments again without the cache and compare; nothing is filed."""
    report = Report(data={"compared": []})
    for document in chosen:
        result = knowledge.store.result(document)
        runs = job_runs(document, knowledge.library, result)
        moved = reasons(runs, result)
        if result is None or moved:
            _tell_missing(document, moved[0].text, report)
        else:
            _compare(document, result, runs, knowledge, settings, report)
    return report


def _tell_missing(document: Document, why: str, report: Report) -> None:
    """Report that nothing is filed of what an experiment declares today."""
    report.lines.append(f"{document.id}  nothing to compare with: {why} -> runner execute {document.id}")
    report.data["compared"].append({"experiment": document.id, "missing": why, "runs": []})
    report.code = max(report.code, 1)


def _compare(
    document: Document, result: Result, runs: list[JobRun], knowledge: Knowledge, settings: Settings, report: Report
) -> None:
    stored, jobs = knowledge.store.predictions(document), knowledge.library.plugins.jobs
    workshop = open_workshop(document, knowledge, settings.device, settings.progress)
    compared = []
    for run in runs:
        filed = filed_fit(result, run.name, stored)
        if filed.recorded:
            workshop.put(run, filed)
            compared.append(Compared(run.name, "recorded", "made elsewhere, there is nothing to run again"))
            continue
        compared.append(_compared(run.name, filed, workshop.make(run), close_of(run, jobs)))
    then = _machine(last_run(document, knowledge.library) or {})
    now = _machine(provenance.surroundings(knowledge.library.root, workshop.device))
    _tell(document, compared, (then, now), report)


def close_of(run: JobRun, jobs: Mapping[str, Contract]) -> float:
    """Return how far predictions may be off that a job makes, with the jobs inside it."""
    return max(contract.close for contract, _ in involved(run.job.job, run.job.params, jobs))


def _compared(run: str, filed: Fit, again: Fit, allowed: float) -> Compared:
    if again.failed:
        return Compared(run, "failed", again.failed, allowed=allowed)
    moved = [name for name in {**filed.scalars, **again.scalars} if not _same(name, filed.scalars, again.scalars)]
    before, after = arrays.digests(filed.curves), arrays.digests(again.curves)
    curved = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    if filed.digests == again.digests and not moved:
        what = "prediction" if again.predictions else "bound"
        return Compared(run, "exact", f"every {what} is the same", allowed=allowed)
    distances = _distances(filed.by_row, again.by_row) | _distances(filed.profiles, again.profiles)
    farthest, distance = max(distances.items(), key=lambda entry: entry[1], default=(TEST, 0.0))
    what = {"val": "prediction", TEST: "prediction", BOUNDS: "bound"}.get(farthest, f"number of `{farthest}`")
    also = "".join(
        f"; {kind} that moved: {', '.join(sorted(names)[:3])}"
        for kind, names in (("scalars", moved), ("curves", curved))
        if names
    )
    near = f"the farthest {what} moved by {distance:.2g} of their spread, {allowed:g} is close"
    return Compared(run, "close" if distance <= allowed else "differs", near + also, distance, allowed)


def _same(name: str, one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    """Tell whether a scalar is filed as the same number."""
    return name in one and name in other and round(one[name], 10) == round(other[name], 10)


def _distances(filed: arrays.Arrays, again: arrays.Arrays) -> dict[str, float]:
    """Return how far the farthest number of each array moved."""
    return {name: _distance(filed.get(name), again.get(name)) for name in {**filed, **again}}


def _distance(filed: np.ndarray | None, again: np.ndarray | None) -> float:
    """Return how far the farthest prediction moved, in spreads of the filed ones, beyond the rounding of storage."""
    if filed is None or again is None or filed.shape != again.shape:
        return float("inf")
    ended = np.isfinite(filed)  # a bound may be without end
    if (ended != np.isfinite(again)).any():
        return float("inf")
    before, after = filed[ended].astype(np.float64), again[ended]
    beyond = np.maximum(np.abs(before - after) - arrays.step(before), 0.0)
    spread = float(np.std(before)) if before.size else 0.0
    return float(beyond.max(initial=0.0)) / (spread or 1.0)


def _machine(told: Mapping[str, Any]) -> Machine:
    """Return what may move a digit: device, host class, versions."""
    versions = told.get("versions", {})
    return {name: told[name] for name in MACHINE if name in told} | {
        "versions": {name: versions[name] for name in DECISIVE if name in versions}
    }


def _tell(document: Document, compared: list[Compared], machines: tuple[Machine, Machine], report: Report) -> None:
    """Report how near each run came, and on which machines."""
    then, now = machines
    width = max(len(each.run) for each in compared)
    report.lines.append(f"{document.id}  filed on {_named(then)}; again on {_named(now)}")
    report.lines += [f"  {each.run:<{width}}  {each.verdict:<7}  {each.text}" for each in compared]
    entry = {"experiment": document.id, "filed on": then, "again on": now, "runs": [each.data for each in compared]}
    report.data["compared"].append(entry)
    report.code = max(report.code, *(CODE[each.verdict] for each in compared))


def _named(machine: Machine) -> str:
    parts = [machine[name] for name in MACHINE if name in machine]
    parts += [f"{name} {version}" for name, version in machine["versions"].items()]
    return ", ".join(parts) or "a machine that left no word"
