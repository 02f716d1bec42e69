"""Execute one experiment: open its data, fit what is missing, file what came out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from runner.contract import Source
from runner.documents.library import FOLDER
from runner.documents.reading import Document
from runner.execution import plugins, provenance
from runner.execution.filing import Made, file_fits, file_result, file_rows, filed, rows_to_file, run_is_told
from runner.execution.fits import Fit, Workshop, fit
from runner.findings import ArtefactDamaged, InputRefused
from runner.plans.specs import JobRun, compute_key, job_runs
from runner.plans.staleness import reasons
from runner.results import places
from runner.results.files import Result
from runner.safety import atomic
from runner.verdicts.knowledge import Knowledge, over

Say = Callable[[str], None]
HIDDEN = ".logg"


@dataclass(frozen=True)
class Execution:
    """What came of executing one experiment."""

    document: Document
    made: list[Made]
    changed: bool
    seconds: float

    @property
    def failed(self) -> list[Made]:
        """Return the runs that failed."""
        return [made for made in self.made if made.fit.failed]


@dataclass(frozen=True)
class Settings:
    """How to execute: where, whether to ignore what is there already, and whom to tell."""

    device: str | None = None
    force: bool = False
    say: Say = lambda _line: None


def execute(document: Document, knowledge: Knowledge, settings: Settings) -> Execution:
    """Run what is missing of one experiment and file its result; one run per experiment at a time."""
    hidden = knowledge.library.root / HIDDEN
    started, began = provenance.now(), time.monotonic()
    with atomic.lock(hidden / "locks" / document.id):
        knowledge = over(knowledge.library)  # another run may have filed since this one read
        _sweep(document, knowledge)
        runs, old = job_runs(document, knowledge.library), filed(document, knowledge)
        if not settings.force and not reasons(runs, old) and _complete(document, knowledge):
            return Execution(document, [], _rescore(document, runs, knowledge), 0.0)
        device = settings.device or plugins.default_device()
        workshop = _workshop(document, knowledge, device)
        rows = rows_to_file(document, workshop.source, knowledge)
        made = [Made(run, _fit(run, workshop, settings)) for run in runs]
        seconds = time.monotonic() - began
        if all(each.fit.failed for each in made) and _worth_keeping(old):
            return Execution(document, made, changed=False, seconds=seconds)
        content = {**provenance.surroundings(knowledge.library.root, device), "started": started}
        content |= {"format": 1, "runs": {m.run.name: {**m.fit.cost, "fresh": m.fit.fresh} for m in made}}
        file_rows(document, rows, knowledge)
        changed = file_fits(document, made, knowledge, {**content, "seconds": round(seconds, 1)})
    return Execution(document, made, changed, seconds)


def _worth_keeping(old: Result | None) -> bool:
    """Tell whether a result holds more than a run that failed altogether would put in its place."""
    return old is not None and not all(run.failed for run in old.runs.values())


def _sweep(document: Document, knowledge: Knowledge) -> None:
    """Remove what runs that were killed left half-written beside the files of this one."""
    protocol = knowledge.library.protocol_document(document)
    folders = {places.result_file(knowledge.library, document).parent, *({protocol.path.parent} if protocol else ())}
    for folder in folders:
        if folder.is_dir():
            atomic.sweep(folder)


def _complete(document: Document, knowledge: Knowledge) -> bool:
    """Tell whether predictions, rows and run file of a result are as they were filed."""
    try:
        knowledge.store.scores(document)
    except ArtefactDamaged:
        return False
    return run_is_told(document, knowledge)


def _fit(run: JobRun, workshop: Workshop, settings: Settings) -> Fit:
    settings.say(f"{run.name}: {run.job.job} on {int(run.axes['train'])} rows, noise {run.axes['noise']:g}")

    def progress(done: int, total: int, note: str) -> None:
        settings.say(f"\r{run.name}: {note} {done}/{total}")

    made = fit(run, workshop, progress, force=settings.force)
    outcome = made.failed or f"{made.cost['seconds']:.1f} s" + ("" if made.fresh else " (from the cache of fits)")
    settings.say(f"{run.name}: {outcome}")
    return made


def _workshop(document: Document, knowledge: Knowledge, device: str) -> Workshop:
    protocol = knowledge.library.protocol(document)
    if protocol is None:
        raise InputRefused(f"{document.id} has no readable protocol", code="LG207")
    module = plugins.load("data", protocol.source)
    told = {"val": protocol.val, "test": protocol.test, "seed": protocol.seed}
    asked = knowledge.library.plugins.sources[protocol.source].parameters
    options = {**protocol.options, **{name: value for name, value in told.items() if name in asked}}
    source: Source = module.open_source(options, knowledge.library.root / FOLDER)
    return Workshop(source, protocol, device, knowledge.library.root / HIDDEN / "cache" / "fits")


def _rescore(document: Document, runs: list[JobRun], knowledge: Knowledge) -> bool:
    """File the result again from its own predictions: a new slice or metric needs no run."""
    result = knowledge.store.result(document)
    if result is None:
        return False
    predictions = knowledge.store.predictions(document)
    return file_result(document, result.runs, predictions, result.scalars, knowledge, compute_key(runs))
