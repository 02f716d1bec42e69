"""What a figure may ask: truth and predictions of a job, a quantity with its interval."""

from __future__ import annotations

from typing import Any

import numpy as np

from runner.documents.kinds import Value
from runner.documents.reading import Document
from runner.expressions.names import suggestion
from runner.expressions.parse import parse
from runner.expressions.tokens import ExpressionRefused
from runner.findings import InputRefused
from runner.results.addresses import FactAddress, ScalarAddress, along
from runner.results.evaluation import Evaluator, Pending
from runner.results.points import NoSuchRun
from runner.results.quantities import Quantity


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

    @property
    def slices(self) -> list[str]:
        """Return the names of the protocol's slices."""
        protocol = self._evaluator.library.protocol(self._document)
        return list(protocol.slices) if protocol else []

    def truth(self) -> np.ndarray:
        """Return the true values of the test rows."""
        protocol = self._evaluator.library.protocol(self._document)
        columns = self._evaluator.store.rows(self._document).columns
        return np.asarray(columns[protocol.target if protocol else ""], dtype=np.float64)

    def predicted(self, job: str) -> np.ndarray:
        """Return what a job predicted for the test rows."""
        return np.asarray(self._evaluator.store.predictions(self._document)[f"{job}/test"], dtype=np.float64)

    def is_job(self, item: str) -> bool:
        """Tell whether a name is a job of this document."""
        return self._document.experiment is not None and item in self._document.experiment.jobs

    def quantity(self, text: str) -> Quantity:
        """Return the value of an expression, with its interval."""
        return self._evaluator.expression(text, parse(text), self._document)

    def series(self, text: str, axis: str) -> list[tuple[Value, Quantity]]:
        """Return the values of an expression along an axis it leaves open, or over the parts of a partition."""
        tree, document = parse(text), self._document
        found = along(axis, tree, document, self._evaluator.library)
        values = [(at, self._at(text, axis, at)) for _, at in found]
        return [(at, quantity) for at, quantity in values if quantity is not None]

    def spoken(self, axis: str, text: str) -> list[str]:
        """Return what people call the values along an axis."""
        return [label for label, _ in along(axis, parse(text), self._document, self._evaluator.library)]

    def _at(self, text: str, axis: str, value: Value) -> Quantity | None:
        try:
            return self._evaluator.expression(text, parse(text), self._document, {axis: value})
        except NoSuchRun:
            return None

    def evidence(self, items: list[str], axis: str = "") -> list[Any]:
        """Return what identifies everything behind the items: empty while something is pending."""
        try:
            return [self.target, *(part for item in items for part in self._of_item(item, axis))]
        except Pending:
            return []

    def _of_item(self, item: str, axis: str) -> list[Any]:
        if self.is_job(item):
            return [item, *self._run(self._document, item)]
        try:
            series = self.series(item, axis) if axis else [("", self.quantity(item))]
        except ExpressionRefused as error:
            jobs = self._document.experiment.jobs if self._document.experiment else ()
            fix = error.fix or suggestion(item, jobs)
            raise InputRefused(f"`{item}`: {error.message}", code=error.code, fix=fix) from error
        if not series:
            raise InputRefused(f"`{item}` does not vary over `{axis}`", code="LG208", fix="name an axis of its sweep")
        return [item, *(part for at, quantity in series for part in (at, *self._behind(quantity)))]

    def _behind(self, quantity: Quantity) -> list[Any]:
        populations = [population.key for population in quantity.populations]
        return [populations, *(part for fact in quantity.facts for part in self._fact(fact))]

    def _fact(self, fact: FactAddress | ScalarAddress) -> list[Any]:
        behind = [fact.key, *self._run(fact.document, fact.run)]
        result = self._evaluator.store.result(fact.document)
        if isinstance(fact, ScalarAddress) and result is not None:
            behind.append(result.scalars[fact.key])  # may move while the predictions stay
        return behind

    def _run(self, document: Document, run: str) -> list[Any]:
        result = self._evaluator.store.result(document)
        if result is None or run not in result.runs or result.runs[run].failed:
            raise Pending(document)
        return [dict(result.runs[run].arrays), self._evaluator.store.rows(document).key]
