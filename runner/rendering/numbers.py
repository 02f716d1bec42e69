"""The numbers a document cites, one line each: what each is worth, on which rows, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from runner.documents.kinds import Formula
from runner.documents.reading import Document
from runner.expressions.names import is_key
from runner.expressions.parse import parse
from runner.expressions.syntax import Call, is_predicate
from runner.findings import InputRefused
from runner.rendering import literature, wording
from runner.rendering.cards import Card, card
from runner.rendering.desk import Desk
from runner.results.evaluation import Pending
from runner.verdicts.judgements import Evidence


@dataclass(frozen=True)
class CitedNumber:
    """One number of a document; without evidence, the experiment that owes it."""

    text: str
    evidence: Evidence | None
    rows: tuple[str, ...] = ()
    sources: tuple[Card, ...] = ()
    owing: Card | None = None
    value: str = wording.DASH


def cited_numbers(desk: Desk) -> list[CitedNumber]:
    """Return every number the document on the desk cites, in the order of its first citation."""
    found = (_cited(formula, desk) for formula in _formulas(desk.document))
    return [number for number in found if number is not None]


def _formulas(document: Document) -> Iterator[Formula]:
    """Yield what is cited and is a quantity, each once however often it stands there."""
    seen = set[str]()
    for citation in document.scan.citations:
        label = citation.label.strip()
        if is_key(label):
            continue
        with suppress(InputRefused):  # a finding where it stands
            tree = parse(label)
            if isinstance(tree, Call) and tree.function in {"ci", "p"}:
                tree = tree.arguments[0]
            text = label[tree.start : tree.end]
            if text not in seen and not is_predicate(tree):
                seen.add(text)
                yield Formula(text, tree, document.source.place(citation.label_start))


def _cited(formula: Formula, desk: Desk) -> CitedNumber | None:
    try:
        quantity = desk.knowledge.evaluator.formula(formula, desk.document)
    except Pending as error:
        return CitedNumber(formula.text, None, owing=card(error.document, desk))
    except InputRefused:
        return None
    evidence = desk.knowledge.judge.evidence(formula, desk.document)
    rows = (*map(str, quantity.populations), *(literature.provenance(e, desk.labels) for e in quantity.published))
    documents = dict.fromkeys(fact.document for fact in quantity.facts)
    sources = tuple(card(document, desk) for document in documents)
    return CitedNumber(formula.text, evidence, rows, sources, value=_written(formula, evidence, desk))


def _written(formula: Formula, evidence: Evidence | None, desk: Desk) -> str:
    """Write a value as its kind is written: a chosen name, what a source gave, a setting, or digits with a unit."""
    if evidence is None:
        return wording.DASH
    quantity = evidence.quantity
    as_given = quantity.text or literature.quoted(formula.tree, desk)
    if as_given or not (quantity.populations or quantity.published):
        return as_given or wording.plain(quantity.point)
    return " ".join(part for part in (wording.found(evidence), quantity.unit) if part)
