"""The outlook: what `execute` would run and why, what it would take from the cache, and at what cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from runner.documents.reading import Document
from runner.execution.fits import Cache, key_of
from runner.execution.supply import offered_rows, shortage
from runner.findings import ArtefactDamaged
from runner.plans.estimates import Estimate, Past, duration, estimate, total
from runner.plans.specs import JobRun, job_runs
from runner.plans.staleness import Reason, reasons
from runner.report import Report
from runner.results.files import RECORDED, Result
from runner.results.runs import last_run
from runner.verdicts.knowledge import Knowledge

JOBLESS = "  no job is declared yet"
SHOWN = 3  # names of parameters


@dataclass(frozen=True)
class Planned:
    """One run as it stands: what would happen to it, why, and at what cost."""

    document: Document
    run: JobRun
    reason: Reason | None  # None: it is filed as declared
    cached: bool
    cost: Estimate
    again: tuple[Planned, ...] = ()  # runs it needs that are filed, and of which the cache holds no more than is filed

    @property
    def computes(self) -> bool:
        """Tell whether the job would run."""
        return self.reason is not None and not self.cached

    @property
    def line(self) -> str:
        """Write the run as a line of the plan."""
        cost = self.cost
        rows = f"{self.run.job.job}, train {cost.train}, val {cost.val}, test {cost.test}"
        if self.reason is None:
            return f"  {self.run.name}: is filed; {rows}; {self._time}"
        why = f"({self.reason.part}: {self.reason.text})"
        if self.cached:
            return f"  {self.run.name}: from the cache of fits {why}; {rows}"
        again = "".join(f"; may compute `{each.run.name}` again, {each._time}" for each in self.again)  # noqa: SLF001
        return f"  {self.run.name}: runs {why}; {rows}; {self._time}{again}"

    @property
    def _time(self) -> str:
        if self.cost.seconds is None:
            return "time unknown until the first run"
        memory = f", {self.cost.megabytes:.0f} MB" if self.cost.megabytes else ""
        unlike = f" with other {_listed(self.cost.other)}" if self.cost.other else ""
        judge = self.cost.source or ("its last run" if unlike else "")
        judged = f", judged by {judge}{unlike}" if judge else ""
        return f"about {duration(self.cost.seconds)}{memory}{judged}"

    @property
    def data(self) -> dict[str, Any]:
        """Return the run as a program reads it."""
        return {
            "experiment": self.document.id,
            "run": self.run.name,
            "point": dict(self.run.point),
            "runs": self.reason is not None,
            "cached": self.cached,
            "part": self.reason.part if self.reason else "",
            "why": self.reason.text if self.reason else "",
            "fit": self.run.fit,
            "rows": {"train": self.cost.train, "val": self.cost.val, "test": self.cost.test},
            "seconds": self.cost.seconds,
            "megabytes": self.cost.megabytes,
            "judged by": self.cost.source,
            "with other": list(self.cost.other),
            "may compute again": [each.run.name for each in self.again],
        }


class Outlook:
    """What would be done about experiments, in their order."""

    def __init__(self, chosen: Iterable[Document], knowledge: Knowledge) -> None:
        """Look at every run of these experiments."""
        self.knowledge, self.cache = knowledge, Cache(knowledge.library.root)
        self.planned = [(document, *self._looked_at(document)) for document in chosen]

    @cached_property
    def past(self) -> dict[str, Past]:
        """Return the run files of all experiments."""
        return {document.id: self._past(document) for document in self.knowledge.library.experiments}

    def report(self) -> Report:
        """Return the plan, with its total at the end."""
        runs = [each for _, planned, _ in self.planned for each in planned]
        lines = []
        for document, planned, dropped in self.planned:
            lines += [f"{document.id}  {document.title}", *(each.line for each in planned), *dropped]
        due = [each for each in runs if each.computes]
        cached = sum(each.cached for each in runs)
        counted = f"{len(due)} of {len(runs)} run{'' if len(runs) == 1 else 's'} to make"
        parts = [counted, *([f"{cached} from the cache of fits"] if cached else [])]
        cost = total(each.cost for each in due)
        lines.append(f"total: {', '.join(parts)}{f'; {cost}' if cost else ''}")
        summed = {"runs": len(runs), "to make": len(due), "cached": cached, "cost": cost}
        return Report(lines, {"plans": [each.data for each in runs], "total": summed})

    def _looked_at(self, document: Document) -> tuple[list[Planned], list[str]]:
        """Return the runs of an experiment, and what else there is to say about them."""
        if document.jobless:
            return [], [JOBLESS]
        planned, library = list(self._runs(document)), self.knowledge.library
        protocol, due = library.protocol(document), [each.run for each in planned if each.reason is not None]
        short = shortage(document, due, offered_rows(protocol, library) if protocol else None)
        return planned, [*self._dropped(document), *([f"  refused: {short}"] if short else [])]

    def _runs(self, document: Document) -> Iterable[Planned]:
        result, protocol = self.knowledge.store.result(document), self.knowledge.library.protocol(document)
        runs = job_runs(document, self.knowledge.library, result)
        assert protocol is not None  # noqa: S101 - job_runs refused the experiment otherwise
        why = {reason.run: reason for reason in reasons(runs, result)}
        planned: dict[str, Planned] = {}
        for run in runs:
            reason = why.get(run.name)
            cached = reason is not None and self.cache.holds(key_of(run))
            cost = estimate(run, protocol, self.past.get(document.id, {}), self.past)
            planned[run.name] = Planned(document, run, reason, cached, cost)
        return [replace(each, again=tuple(self._lost(each, planned, result))) for each in planned.values()]

    def _lost(self, asking: Planned, planned: Mapping[str, Planned], result: Result | None) -> Iterator[Planned]:
        """Yield the runs whose latents another one may ask for, which are filed nowhere and no longer in the cache."""
        filed = {name for name, run in result.runs.items() if run.job != RECORDED} if result else set()
        for needed in (planned[name] for name in asking.run.needs if asking.computes and name in filed):
            if needed.reason is None and not self.cache.holds(key_of(needed.run)):
                yield needed

    def _dropped(self, document: Document) -> list[str]:
        """Return lines for what is filed and no longer declared."""
        result = self.knowledge.store.result(document)
        runs = job_runs(document, self.knowledge.library, result)
        declared = {run.name for run in runs}
        gone = (reason for reason in reasons(runs, result) if reason.run not in declared)
        return [f"  {reason.run}: is dropped ({reason.part}: {reason.text})" for reason in gone]

    def _past(self, document: Document) -> Past:
        try:
            past, result = last_run(document, self.knowledge.library) or {}, self.knowledge.store.result(document)
        except ArtefactDamaged:
            return {}
        params = {name: {"params": run.params} for name, run in result.runs.items()} if result else {}
        return {**past, "runs": {name: {**cost, **params.get(name, {})} for name, cost in past.get("runs", {}).items()}}


def _listed(names: tuple[str, ...]) -> str:
    """Write a few names, and how many more there are."""
    shown = ", ".join(names[:SHOWN])
    return shown if len(names) <= SHOWN else f"{shown} and {len(names) - SHOWN} more"
