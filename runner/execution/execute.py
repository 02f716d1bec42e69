"""Execute one experiment: open its data, fit what is missing, file what came out."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any

from runner.documents.reading import Document
from runner.execution import provenance
from runner.execution.checkpoints import sweep_checkpoints
from runner.execution.filing import Made, file_fits, file_result, file_rows, filed, rows_to_file, run_is_told
from runner.execution.fits import HIDDEN, Cache, Fit, filed_fit
from runner.execution.interrupts import Stopped
from runner.execution.keeping import keeper
from runner.execution.progress import Progress
from runner.execution.supply import refuse_lack
from runner.execution.workshop import Workshop, open_workshop
from runner.findings import ArtefactDamaged, Interrupted, RunnerError
from runner.plans.specs import JobRun, compute_key, job_runs
from runner.plans.staleness import reasons, stands
from runner.results import places
from runner.results.files import Result
from runner.results.runs import last_run
from runner.safety import atomic
from runner.verdicts.knowledge import Knowledge, over


@dataclass(frozen=True)
class Execution:
    """What came of executing one experiment."""

    document: Document
    made: list[Made]
    changed: bool
    seconds: float
    refused: RunnerError | None = None

    @property
    def failed(self) -> list[Made]:
        """Return the runs that failed."""
        return [made for made in self.made if made.fit.failed]


@dataclass(frozen=True)
class Settings:
    """How to execute: where, whether to ignore what is there already, and whom to tell."""

    device: str | None = None
    force: bool = False
    limit: int | None = None  # rows of a rehearsal
    again: bool = False  # compare with what is filed
    progress: Progress = field(default_factory=Progress)


def execute_all(chosen: list[Document], knowledge: Knowledge, settings: Settings) -> list[Execution]:
    """Execute experiments one after the other; one that is refused does not stop its neighbours.

    A request to stop names those that are left.
    """
    done: list[Execution] = []
    for document in chosen:
        try:
            done.append(execute(document, knowledge, settings))
        except Interrupted as stopped:
            left = " ".join(document.id for document in chosen[len(done) :])
            again = f"runner execute {left}{' --force' if settings.force else ''}"
            raise Interrupted(stopped.message, fix=again) from stopped
        except RunnerError as error:
            if len(chosen) == 1:
                raise
            done.append(Execution(document, [], changed=False, seconds=0.0, refused=error))
    sweep_checkpoints(knowledge.library.root)
    return done


def execute(document: Document, knowledge: Knowledge, settings: Settings) -> Execution:
    """Run what is missing of one experiment and file its result; one run per experiment at a time."""
    hidden = knowledge.library.root / HIDDEN
    started, began = provenance.now(), time.monotonic()
    with atomic.lock(hidden / "locks" / document.id):
        knowledge = over(knowledge.library)  # another run may have filed since this one read
        _sweep(document, knowledge)
        old = filed(document, knowledge)
        runs = job_runs(document, knowledge.library, None if settings.force else old)
        if not settings.force and not reasons(runs, old) and _complete(document, knowledge):
            return Execution(document, [], _rescore(document, runs, knowledge), 0.0)
        workshop = open_workshop(document, knowledge, settings.device, settings.progress)
        workshop.cache, workshop.force = Cache(knowledge.library.root), settings.force
        workshop.keeper = keeper(knowledge.library.root, force=settings.force)
        ready = _ready(document, runs, old, knowledge) if old else {}
        rows = rows_to_file(document, workshop.source, knowledge)
        due = [run for run in runs if settings.force or run.name not in ready]
        refuse_lack(document, due, workshop.source, knowledge.library)
        for run in runs:
            if run.name in ready and not settings.force:
                workshop.put(run, ready[run.name])
        made = _made(runs, workshop)
        seconds = time.monotonic() - began
        if all(each.fit.failed for each in made) and _worth_keeping(old):
            return Execution(document, made, changed=False, seconds=seconds)
        file_rows(document, rows, knowledge)
        told = {"format": 1, "started": started, "seconds": round(seconds, 1), "runs": _costs(made)}
        told |= provenance.surroundings(knowledge.library.root, workshop.device)
        kept = [Made(m.run, ready.get(m.run.name, m.fit)) if m.fit.failed else m for m in made]
        changed = file_fits(document, kept, knowledge, told)
    return Execution(document, made, changed, seconds)


def _ready(document: Document, runs: list[JobRun], old: Result, knowledge: Knowledge) -> dict[str, Fit]:
    """Return what is filed as it is declared today, as long as its predictions can be read."""
    try:
        stored = knowledge.store.predictions(document)
        costs = (last_run(document, knowledge.library) or {}).get("runs", {})
    except ArtefactDamaged:
        return {}
    found = {}
    for run in runs:
        there = old.runs.get(run.name)
        if there and not there.failed and stands(run, there):
            found[run.name] = replace(filed_fit(old, run.name, stored), cost=costs.get(run.name, {}), fresh=False)
    return found


def _made(runs: list[JobRun], workshop: Workshop) -> list[Made]:
    """Make what is not there yet; a request to stop says how far it was, and leaves what is filed as it is."""
    try:
        return [Made(run, workshop.make(run)) for run in runs]
    except Stopped as stopped:
        done, kept = sum(map(workshop.has, runs)), " and ".join(workshop.unfinished)
        also = f", a checkpoint of {kept} is kept" if kept else ""
        raise Interrupted(f"stopped, {done} of {len(runs)} runs are done{also}") from stopped


def _costs(made: list[Made]) -> dict[str, Any]:
    """Return what each run cost, and whether it was made now."""
    return {each.run.name: {**each.fit.cost, "fresh": each.fit.fresh} for each in made}


def _worth_keeping(old: Result | None) -> bool:
    """Tell whether a result holds more than a run that failed altogether would put in its place."""
    return old is not None and not all(run.failed for run in old.runs.values())


def _sweep(document: Document, knowledge: Knowledge) -> None:
    """Remove what runs that were killed left half-written beside the files of this one, and in the cache."""
    protocol = knowledge.library.protocol_document(document)
    root = knowledge.library.root
    own = {places.result_file(knowledge.library, document).parent, Cache(root).folder, keeper(root).folder}
    for folder in {*own, *({protocol.path.parent} if protocol else ())}:
        if folder.is_dir():
            atomic.sweep(folder)


def _complete(document: Document, knowledge: Knowledge) -> bool:
    """Tell whether predictions, rows and run file of a result are as they were filed."""
    try:
        knowledge.store.scores(document)
    except ArtefactDamaged:
        return False
    return run_is_told(document, knowledge)


def _rescore(document: Document, runs: list[JobRun], knowledge: Knowledge) -> bool:
    """File the result again from its own predictions: a new slice or metric needs no run."""
    result = knowledge.store.result(document)
    if result is None:
        return False
    predictions = knowledge.store.predictions(document)
    return file_result(document, result.runs, predictions, result.scalars, knowledge, compute_key(runs))
