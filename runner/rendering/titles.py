"""Definitions: what a citation links to, and the provenance its title carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.documents.kinds import Formula
from runner.documents.reading import Document
from runner.expressions.syntax import Expression
from runner.rendering import literature, wording
from runner.rendering.changes import LinkDefinition
from runner.rendering.desk import Desk
from runner.results import places
from runner.results.quantities import Quantity
from runner.safety import escaping, paths
from runner.verdicts.judgements import Judgement, Outcome, State, Tally, Verdict

REFUSED = "~refused"
SHOWN = 2  # populations of those a number was combined across


def of_quantity(quantity: Quantity, labels: Mapping[str, Any]) -> str:
    """Return `0.9310 [0.9140, 0.9450] test rows`, the interval where there is one, or the name that was chosen."""
    if quantity.choices:
        return quantity.text
    unit = f" {quantity.unit}" if quantity.unit else ""
    if not quantity.populations:
        return f"{wording.plain(quantity.point)}{unit}"
    return f"{wording.number(quantity.point)}{unit}{_spread(quantity, labels)}"


def of_verdict(verdict: Verdict, formula: Formula, labels: Mapping[str, Any]) -> str:
    """Return the verdict word with its probability and the predicate it is about."""
    return f"{wording.judgement(verdict, labels)} · {formula.text}"


def _spread(quantity: Quantity, labels: Mapping[str, Any]) -> str:
    pair = quantity.interval
    shown = f" {wording.interval(pair)}" if pair else ""
    if quantity.recorded is not None:
        return f"{shown} · {labels['recorded']}"
    rows = labels["rows_and_seeds"] if quantity.seeds else labels["test_rows"]
    return f"{shown} {rows}" if pair else ""


def define(label: str, quantity: Quantity, lead: str, document: Document, desk: Desk) -> LinkDefinition:
    """Return the definition of a label whose value comes from filed facts."""
    if not quantity.facts:
        return LinkDefinition(label, _link(document, document), escaping.title(lead), document.id)
    source = quantity.facts[0].document
    file = places.result_file(desk.knowledge.library, source)
    parts = [lead, *_rows_behind(quantity, desk.labels), source.date]
    title = " · ".join(part for part in parts if part)
    return LinkDefinition(label, paths.relative_link(document.path, file), escaping.title(title), source.id)


def _rows_behind(quantity: Quantity, labels: Mapping[str, Any]) -> list[str]:
    """Return the populations a title names: the one a number belongs to, or those it was combined across."""
    if not quantity.across:
        return [str(population) for population in quantity.bound or quantity.populations]
    across = str(labels["across_populations"]).format(count=len(quantity.populations))
    return [across, *map(str, quantity.populations[:SHOWN])]


def of_expression(label: str, tree: Expression, quantity: Quantity, desk: Desk) -> LinkDefinition:
    """Return the definition of an expression; published values in it name their source and its rows."""
    value = literature.quoted(tree, desk) or of_quantity(quantity, desk.labels)
    title = " · ".join([value, *(literature.provenance(entry, desk.labels) for entry in quantity.published)])
    if quantity.facts or not quantity.published:
        return define(label, quantity, title, desk.document, desk)
    entry = quantity.published[0]
    target = paths.relative_link(desk.document.path, desk.knowledge.library.root / entry.place.path)
    return LinkDefinition(label, target, escaping.title(title), entry.place.path)


def of_key(label: str, judgement: Judgement, desk: Desk) -> LinkDefinition:
    """Return the definition of a key: its evidence, or the document that decides it."""
    document = desk.document
    if isinstance(judgement, State):
        return _of_state(label, judgement, desk)
    word = wording.judgement(judgement, desk.labels)
    if isinstance(judgement, Tally):
        home = judgement.document
        return LinkDefinition(label, _link(document, home), escaping.title(word), home.id)
    quantity = judgement.truth or (judgement.grounds if isinstance(judgement, Verdict) else None)
    if quantity is not None:
        return define(label, quantity, word, document, desk)
    found = desk.knowledge.library.key(label, document) or desk.knowledge.judge.rung(label, document)
    home = found[0] if found else document
    return LinkDefinition(label, _link(document, home), escaping.title(f"{word}{_reason(judgement, desk)}"), home.id)


def _reason(judgement: Verdict | Outcome, desk: Desk) -> str:
    """Return why nothing can be said yet, or any more, where the word does not say it."""
    if judgement.state == "bypassed" and isinstance(judgement, Outcome):
        return f" · {desk.labels['after']} {judgement.after}"
    if judgement.owing:
        return f" · {str(desk.labels['owing']).format(document=judgement.owing)}"
    return f" · {judgement.reason}" if judgement.reason else ""


def _of_state(label: str, state: State, desk: Desk) -> LinkDefinition:
    target = state.document
    parts = (target.title, wording.judgement(state, desk.labels), target.date)
    title = " · ".join(part for part in parts if part)
    return LinkDefinition(label, _link(desk.document, target), escaping.title(title), target.id)


def pending(label: str, owing: Document, desk: Desk) -> LinkDefinition:
    """Return the definition of a value that no run has produced."""
    title = f"{desk.labels['verdicts']['pending']}: runner execute {owing.id}"
    return LinkDefinition(label, _link(desk.document, owing), escaping.title(title), owing.id)


def refused(label: str, reason: str, desk: Desk) -> LinkDefinition:
    """Return the definition of a label that cannot be given a value."""
    title = escaping.title(f"{desk.labels['refused']}{reason}")
    return LinkDefinition(label, _link(desk.document, desk.document), title, REFUSED)


def _link(document: Document, target: Document) -> str:
    return paths.relative_link(document.path, target.path)
