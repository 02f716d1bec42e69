"""Stored results that do not agree with themselves, their predictions, or their spec."""

from __future__ import annotations

import math
from collections.abc import Iterator

from runner.documents.reading import Document
from runner.findings import ArtefactDamaged, Finding, InputRefused, Place, RunnerError
from runner.plans.specs import data_digest, job_runs
from runner.plans.staleness import code_moved, reasons
from runner.rendering.desk import legible
from runner.results import places
from runner.results.files import Result
from runner.results.scoring import facts_of, populations_of
from runner.results.store import Scores
from runner.verdicts.knowledge import Knowledge

CLOSE = 1e-9


def result_trouble(document: Document, knowledge: Knowledge) -> Iterator[Finding]:
    """Yield what is wrong with an experiment's files."""
    if document.experiment is None or not legible(document, knowledge):
        return
    try:
        result = knowledge.store.result(document)
        if result is None:
            yield from _left_over(document, knowledge)
            return
        scores = knowledge.store.scores(document)
    except ArtefactDamaged as error:
        yield Finding(error.code, error.place or document.source.place(0), error.message, error.fix)
        return
    except RunnerError:
        return  # the protocol is unreadable, which is reported with it
    place = Place(knowledge.library.name_of(places.result_file(knowledge.library, document)))
    yield from _fact_trouble(document, result, scores, place)
    yield from _staleness(document, result, knowledge)


def _left_over(document: Document, knowledge: Knowledge) -> Iterator[Finding]:
    """Yield that a result is gone whose other files are still there."""
    library = knowledge.library
    files = (places.predictions_file(library, document), places.run_file(library, document))
    left = next((path for path in files if path.is_file()), None)
    if left is not None:
        place = Place(library.name_of(places.result_file(library, document)))
        message, fix = f"the result file is gone, {left.name} is still there", "restore it from git"
        yield Finding("LG401", place, message, f"{fix}, or runner execute {document.id}")


def _fact_trouble(document: Document, result: Result, scores: Scores, place: Place) -> Iterator[Finding]:
    """Recompute every fact; more facts than filed means a new slice or metric."""
    again = f"runner execute {document.id}"
    if set(populations_of(scores)) != set(result.populations):
        yield Finding("LG406", place, "the rows or slices of the protocol are not those of this result", again)
        return
    for address, (value, population) in facts_of(scores).items():
        if address not in result.facts:
            yield Finding("LG403", place, f"{address} is not filed, it is {value} now", again)
            continue
        filed, filed_population = result.facts[address]
        if not _same(value, filed) or population != filed_population:
            yield Finding("LG403", place, f"{address} is filed as {filed}, its predictions give {value}", again)


def _same(a: float | None, b: float | None) -> bool:
    if a is None or b is None:
        return a is b
    return math.isclose(a, b, rel_tol=CLOSE, abs_tol=CLOSE)


def _staleness(document: Document, result: Result, knowledge: Knowledge) -> Iterator[Finding]:
    place = document.source.place(0)
    again = f"runner execute {document.id}"
    protocol = knowledge.library.protocol(document)
    if protocol is None:
        return
    try:  # data that are not here cannot be compared; that is no disagreement
        data = data_digest(knowledge.library, protocol) or result.data
    except InputRefused as error:
        yield Finding(error.code or "LG207", error.place or place, error.message, error.fix)
        return
    runs = job_runs(document, knowledge.library, result, data=data)
    for reason in reasons(runs, result):
        code = "LG408" if reason.part == "failed" else "LG404"
        yield Finding(code, place, f"`{reason.run}` ({reason.part}): {reason.text}", again)
    for run in code_moved(runs, result):
        message = f"the job file of `{run.job.job}` changed, its VERSION did not"
        yield Finding("LG405", place, message, "raise VERSION if results change, else runner execute --force")
