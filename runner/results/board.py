"""What a figure may ask: truth and predictions of a job, a quantity with its interval."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from runner.documents.kinds import Value
from runner.documents.library import Library
from runner.documents.reading import Document
from runner.expressions.names import suggestion
from runner.expressions.parse import parse
from runner.expressions.syntax import Call, Expression, Reference, Segment
from runner.expressions.tokens import ExpressionRefused
from runner.findings import InputRefused
from runner.results import arrays
from runner.results.addresses import Definition, FactAddress, ScalarAddress, along, leaves, left_out, resolve
from runner.results.evaluation import Evaluator, Pending
from runner.results.metrics import COUNT, SYMBOLS, unit_of
from runner.results.points import NoSuchRun
from runner.results.quantities import Quantity
from runner.results.store import SPLIT
from runner.safety import canonical


class Stop(NamedTuple):
    """One value of a quantity along an axis: what people call the place, the place itself, the quantity there."""

    label: str
    value: Value
    quantity: Quantity


class Board:
    """The evidence of one document, as a figure sees it."""

    def __init__(self, evaluator: Evaluator, document: Document) -> None:
        """Look at one document through the evaluator."""
        self._evaluator = evaluator
        self._document = document

    @property
    def target(self) -> str:
        """Return the name of what is predicted, with its unit."""
        protocol = self._evaluator.library.protocol(self._document)
        unit = f" ({protocol.unit})" if protocol and protocol.unit else ""
        return f"{protocol.target}{unit}" if protocol else ""

    def measure(self, items: Iterable[str]) -> str:
        """Return the metric that all items are values of, with its unit, `MAE (kg)`; nothing where it is not one."""
        library = self._evaluator.library
        units = {unit for item in items for unit in _measures(parse(item), self._document, library)}
        return units.pop() if len(units) == 1 else ""

    def truth(self) -> np.ndarray:
        """Return the true values of the test rows."""
        protocol = self._evaluator.library.protocol(self._document)
        columns = self._evaluator.store.rows(self._document).columns
        return np.asarray(columns[protocol.target if protocol else ""], dtype=np.float64)

    def predicted(self, item: str) -> np.ndarray:
        """Return what a run predicted for the test rows."""
        predictions = self._evaluator.store.predictions(self._document)
        return np.asarray(predictions[f"{self.run(item)}/{SPLIT}"], dtype=np.float64)

    def run(self, item: str) -> str:
        """Return the name of the run that a job, with its point where it varies, stands for; nothing if it is none."""
        tree, jobs = parse(item), self._document.experiment.jobs if self._document.experiment else {}
        if not isinstance(tree, Reference) or len(tree.segments) > 1 or tree.segments[0].name not in jobs:
            return ""
        rows = replace(tree, segments=(*tree.segments, Segment(COUNT, (), tree.end, tree.end)))  # every run has some
        at = left_out(rows, self._document, self._evaluator.library)
        meaning = resolve(rows, self._document, self._evaluator.library, at)
        first, *others = [leaf.run for leaf in leaves(meaning) if isinstance(leaf, FactAddress)]
        if at or others:
            message, fix = f"`{item}` has several runs, one is due", f'name one: "{first}"'
            raise ExpressionRefused(message, tree.start, tree.end, fix=fix, code="LG306")
        return first

    def quantity(self, text: str) -> Quantity:
        """Return the value of an expression, with its interval."""
        return self._evaluator.expression(text, parse(text), self._document)

    def series(self, text: str, axis: str) -> list[Stop]:
        """Return the values of an expression along an axis it leaves open, or over the parts of a partition."""
        found = along(axis, parse(text), self._document, self._evaluator.library)
        stops = [(label, at, self._at(text, axis, at)) for label, at in found]
        return [Stop(label, at, quantity) for label, at, quantity in stops if quantity is not None]

    def _at(self, text: str, axis: str, value: Value) -> Quantity | None:
        try:
            return self._evaluator.expression(text, parse(text), self._document, {axis: value})
        except NoSuchRun:
            return None

    def evidence(self, items: list[str], axis: str = "") -> list[Any]:
        """Return all that is drawn of the items, so that it tells one drawing from another; empty while pending."""
        try:
            drawn = [self._of_item(item, axis) for item in items]
        except Pending:
            return []
        return [self.target, self.measure(item for item in items if axis or not self.run(item)), drawn]

    def _of_item(self, item: str, axis: str) -> list[Any]:
        try:
            if not axis and (run := self.run(item)):
                return [item, *self._behind(run)]
            series = self.series(item, axis) if axis else [Stop("", "", self.quantity(item))]
        except ExpressionRefused as error:
            jobs = self._document.experiment.jobs if self._document.experiment else ()
            fix = error.fix or suggestion(item, jobs)
            raise InputRefused(f"`{item}`: {error.message}", code=error.code, fix=fix) from error
        if not series:
            raise InputRefused(f"`{item}` does not vary over `{axis}`", code="LG208", fix="name an axis of its sweep")
        return [item, [[stop.label, stop.value, *_drawn(stop.quantity)] for stop in series]]

    def _behind(self, run: str) -> list[Any]:
        """Return what identifies the predictions of a run and the rows they are compared with."""
        result = self._evaluator.store.result(self._document)
        if result is None or run not in result.runs or result.runs[run].failed:
            raise Pending(self._document)
        found = dict(result.runs[run].arrays)
        if SPLIT not in found:
            raise InputRefused(f"`{run}` was recorded without predictions", code="LG305", fix="draw its numbers")
        return [found, self._evaluator.store.rows(self._document).key]


def _drawn(quantity: Quantity) -> list[Any]:
    """Return what a figure may show of a quantity, rounded as facts are."""
    interval = [arrays.digest(_rounded(np.array(quantity.interval)))] if quantity.interval else []
    populations = [population.key for population in quantity.populations]
    return [arrays.digest(_rounded(quantity.values)), interval, quantity.unit, populations]


def _rounded(values: np.ndarray) -> np.ndarray:
    """Return values to ten digits of the largest: what machines disagree on beyond them shows in no figure."""
    finite = np.abs(values[np.isfinite(values)])
    largest = float(finite.max(initial=0.0)) or 1.0
    decimals = canonical.DECIMALS - int(np.ceil(np.log10(largest)))
    plain = np.round(values.astype(np.float64), decimals) + 0.0  # + 0.0 turns -0.0 into 0.0
    return np.where(np.isnan(plain), np.nan, plain)


def _measures(tree: Expression, document: Document, library: Library) -> Iterator[str]:
    """Yield the metrics, with their units, that an expression is a value of; nothing named where it is another one."""
    match tree:
        case Call(function="mean" | "min" | "max" | "across" | "ci", arguments=parts):
            for part in parts:
                yield from _measures(part, document, library)
        case Reference():
            at = left_out(tree, document, library)
            for leaf in leaves(resolve(tree, document, library, at)):
                yield from _measure(leaf, library)
        case _:
            yield ""


def _measure(leaf: FactAddress | ScalarAddress | Definition, library: Library) -> Iterator[str]:
    match leaf:
        case FactAddress(document=document, metric=metric) if metric in SYMBOLS:
            protocol = library.protocol(document)
            unit = unit_of(metric, protocol.unit if protocol else "")
            yield f"{SYMBOLS[metric]} ({unit})" if unit else SYMBOLS[metric]
        case Definition(document=document, formula=formula):
            yield from _measures(formula.tree, document, library)
        case _:
            yield ""
