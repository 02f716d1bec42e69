"""Definitions: what a citation links to, and the provenance its title carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.documents.kinds import Formula
from runner.documents.reading import Document
from runner.rendering import wording
from runner.rendering.changes import LinkDefinition
from runner.rendering.desk import Desk
from runner.results import places
from runner.results.evaluation import Quantity
from runner.safety import escaping, paths
from runner.verdicts.judge import Judgement, Outcome, State, Verdict

REFUSED = "~refused"


def of_quantity(quantity: Quantity) -> str:
    """Return `0.9310 [0.9140, 0.9450] test rows`, the interval where there is one."""
    unit = f" {quantity.unit}" if quantity.unit else ""
    if not quantity.populations:
        return f"{wording.plain(quantity.point)}{unit}"
    return f"{wording.number(quantity.point)}{unit}{_spread(quantity)}"


def of_verdict(verdict: Verdict, formula: Formula, labels: Mapping[str, Any]) -> str:
    """Return the verdict word with its probability and the predicate it is about."""
    return f"{wording.judgement(verdict, labels)} · {formula.text}"


def _spread(quantity: Quantity) -> str:
    pair = quantity.interval
    return f" {wording.interval(pair)} test rows" if pair else ""


def define(label: str, quantity: Quantity, lead: str, document: Document, desk: Desk) -> LinkDefinition:
    """Return the definition of a label whose value comes from filed facts."""
    if not quantity.facts:
        return LinkDefinition(label, _link(document, document), escaping.title(lead), document.id)
    source = quantity.facts[0].document
    file = places.result_file(desk.knowledge.library, source)
    parts = [lead, *(str(population) for population in quantity.populations), source.date]
    title = " · ".join(part for part in parts if part)
    return LinkDefinition(label, paths.relative_link(document.path, file), escaping.title(title), source.id)


def of_key(label: str, judgement: Judgement, desk: Desk) -> LinkDefinition:
    """Return the definition of a key: its evidence, or the document that decides it."""
    document = desk.document
    if isinstance(judgement, State):
        return _of_state(label, judgement, desk)
    word = wording.judgement(judgement, desk.labels)
    reason = f" · {judgement.reason}" if judgement.reason else ""
    quantity = judgement.truth
    if isinstance(judgement, Verdict | Outcome) and quantity is not None:
        return define(label, quantity, word, document, desk)
    found = desk.knowledge.library.key(label, document)
    home = found[0] if found else document
    return LinkDefinition(label, _link(document, home), escaping.title(f"{word}{reason}"), home.id)


def _of_state(label: str, state: State, desk: Desk) -> LinkDefinition:
    target = state.document
    parts = (target.title, desk.labels["states"][state.state], target.date)
    title = " · ".join(part for part in parts if part)
    return LinkDefinition(label, _link(desk.document, target), escaping.title(title), target.id)


def pending(label: str, owing: Document, desk: Desk) -> LinkDefinition:
    """Return the definition of a value that no run has produced."""
    title = f"{desk.labels['verdicts']['pending']}: runner execute {owing.id}"
    return LinkDefinition(label, _link(desk.document, owing), escaping.title(title), owing.id)


def refused(label: str, reason: str, document: Document) -> LinkDefinition:
    """Return the definition of a label that cannot be given a value."""
    return LinkDefinition(label, _link(document, document), escaping.title(f"refused: {reason}"), REFUSED)


def _link(document: Document, target: Document) -> str:
    return paths.relative_link(document.path, target.path)
