"""Answers to `runner facts`: values with their interval, their rows, and what else they rest on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from runner.documents.reading import Document
from runner.expressions.parse import parse
from runner.expressions.syntax import Expression, is_predicate
from runner.expressions.tokens import ExpressionRefused
from runner.findings import InputRefused, UsageError
from runner.rendering import literature, wording
from runner.results.addresses import FactAddress
from runner.results.evaluation import Pending
from runner.results.quantities import Parts, Quantity
from runner.verdicts.judgements import verdict
from runner.verdicts.knowledge import Knowledge


@dataclass(frozen=True)
class Answer:
    """One value by the name it was asked for."""

    name: str
    quantity: Quantity
    judged: bool = False  # it is true or false, not a number

    def shown(self, labels: Mapping[str, Any]) -> str:
        """Write the value with everything it rests on."""
        quantity = self.quantity
        notes = [
            *([labels["recorded"]] if quantity.recorded else []),
            *map(str, quantity.bound or quantity.populations),
            *(literature.provenance(entry, labels) for entry in quantity.published),
            *([labels["these_fits"]] if quantity.fits and not self.judged else []),
            *([labels["across"]] if quantity.across and not self.judged else []),
        ]
        return "  ".join([self._value(labels), *notes])

    def _value(self, labels: Mapping[str, Any]) -> str:
        quantity = self.quantity
        if self.judged:
            return wording.judgement(verdict(quantity), labels)
        if quantity.choices:
            return quantity.text
        if not quantity.populations:
            return wording.plain(quantity.point)
        unit = f" {quantity.unit}" if quantity.unit else ""
        return f"{wording.number(quantity.point)}{unit} {wording.interval(quantity.interval)}"

    @property
    def data(self) -> dict[str, Any]:
        """Return the same for programs."""
        quantity = self.quantity
        return {
            "name": self.name,
            "value": self._plain,
            "interval": None if self.judged else quantity.interval,
            "probability": quantity.probability if self.judged else None,
            "unit": quantity.unit,
            "populations": [{"name": population.name, "n": population.n} for population in quantity.populations],
            "published": [{"source": entry.source, "population": entry.population} for entry in quantity.published],
            "recorded": quantity.recorded is not None,
            "across": quantity.across,
            "fits": quantity.fits,
        }

    @property
    def _plain(self) -> bool | float | str | None:
        """Return the value as JSON has it, which knows no infinity."""
        point = self.quantity.point
        if self.judged:
            return bool(point)
        return self.quantity.text or (point if math.isfinite(point) else None)


def home_of(text: str, knowledge: Knowledge) -> Document:
    """Return the one document that knows every name of an expression."""
    tree = _parsed(text)
    knowing = [document for document in knowledge.library.documents if _knows(document, tree, knowledge)]
    if len(knowing) == 1:
        return knowing[0]
    if knowing:
        message = f"{len(knowing)} documents know the names of `{text}`"
        raise UsageError(message, fix=f"say which one is meant: --in {knowing[0].called}")
    raise UsageError(f"no document knows all names of `{text}`", fix="say which one is meant: --in ID")


def answers(text: str, document: Document, knowledge: Knowledge) -> list[Answer]:
    """Evaluate an expression in a document; a `*` that is not combined gives an answer per part."""
    tree = _parsed(text)
    try:
        worth = knowledge.evaluator.worth(text, tree, document)
    except Pending as error:
        raise InputRefused(error.message, fix=error.fix) from error
    except ExpressionRefused as error:
        raise _pointed(text, error) from error
    named = worth.by_name if isinstance(worth, Parts) else {text: worth}
    return [Answer(name, quantity, is_predicate(tree)) for name, quantity in named.items()]


def facts_of(document: Document, knowledge: Knowledge) -> list[Answer]:
    """Return every value of a document: what it names, metrics by run and slice, what its jobs said themselves."""
    return [*_defined(document, knowledge), *_filed(document, knowledge)]


def _defined(document: Document, knowledge: Knowledge) -> Iterator[Answer]:
    """Yield the definitions that have a value by now."""
    for name in document.names.define:
        with suppress(InputRefused):
            yield from answers(name, document, knowledge)


def _filed(document: Document, knowledge: Knowledge) -> Iterator[Answer]:
    result = knowledge.store.result(document) if document.experiment else None
    if result is None:
        return
    for run, piece, metric in knowledge.store.scores(document).values:
        fact = FactAddress(document, run, piece, metric)
        yield Answer(fact.key, knowledge.evaluator.fact(fact))
    for address in result.recorded:
        yield from answers(address, document, knowledge)
    for address, value in result.scalars.items():
        yield Answer(address, Quantity(np.array([value])))


def _parsed(text: str) -> Expression:
    try:
        return parse(text)
    except ExpressionRefused as error:
        raise _pointed(text, error) from error


def _pointed(text: str, error: ExpressionRefused) -> InputRefused:
    return InputRefused(f"`{text}`, column {error.start + 1}: {error.message}", fix=error.fix, code=error.code)


def _knows(document: Document, tree: Expression, knowledge: Knowledge) -> bool:
    try:
        knowledge.evaluator.check_names(tree, document)
    except InputRefused:
        return False
    return document.experiment is not None or bool(document.names.cites) or bool(document.names.define)
