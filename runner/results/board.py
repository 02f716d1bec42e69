"""What a figure may ask: truth and predictions of a job, quantities with their intervals, tables, profiles, curves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, cast

import numpy as np

from runner.documents.kinds import Value
from runner.documents.library import Library
from runner.documents.metrics import BOUNDS
from runner.documents.reading import Document
from runner.expressions.names import suggestion
from runner.expressions.parse import parse
from runner.expressions.syntax import Expression, Reference, followed
from runner.expressions.tokens import ExpressionRefused
from runner.findings import InputRefused
from runner.results import arrays
from runner.results.addresses import (
    NOWHERE,
    FactAddress,
    along,
    evaluated,
    leaves,
    left_out,
    resolve,
)
from runner.results.curves import Curve, Training, curves, trainings
from runner.results.evaluation import Evaluator, Pending
from runner.results.evidence import drawn, ten_digits
from runner.results.measures import measure_of, measures
from runner.results.metrics import COUNT, SYMBOLS
from runner.results.points import At, NoSuchRun
from runner.results.quantities import Quantity
from runner.results.quoted import asked, quoted
from runner.results.returned import (
    Cells,
    Grid,
    Returned,
    Stop,
    cells,
    gridded,
    listed,
    profile,
    returned,
    squared,
    tables,
    tables_of,
    vouchers,
)
from runner.results.store import SPLIT


class Board:
    """The evidence of one document, as a figure sees it."""

    def __init__(self, evaluator: Evaluator, document: Document) -> None:
        """Look at one document through the evaluator."""
        self._evaluator = evaluator
        self._document = document
        self._library = evaluator.library

    @property
    def target(self) -> str:
        """Return the name of what is predicted, with its unit."""
        protocol = self._library.protocol(self._document)
        unit = f" ({protocol.unit})" if protocol and protocol.unit else ""
        return f"{protocol.target}{unit}" if protocol else ""

    def measure(self, items: Iterable[str]) -> str:
        """Return the metric that all items are values of, with its unit, `MAE (kg)`; nothing where it is not one."""
        units = {unit for item in items for unit in self._measures(self._tree(item))}
        return units.pop() if len(units) == 1 else ""

    def truth(self) -> np.ndarray:
        """Return the true values of the test rows."""
        protocol = self._library.protocol(self._document)
        columns = self._evaluator.store.rows(self._document).columns
        return np.asarray(columns[protocol.target if protocol else ""], dtype=np.float64)

    def predicted(self, item: str) -> np.ndarray:
        """Return what a run predicted for the test rows."""
        return self._array(item, SPLIT, "predicts nothing")

    def bounds(self, item: str) -> np.ndarray:
        """Return below what a run says the squared error does not fall, per test row."""
        return self._array(item, BOUNDS, "returned no bounds")

    def run(self, item: str) -> str:
        """Return the name of the run that a job, with its point where it varies, stands for; nothing if it is none."""
        tree = parse(item)
        if not self._is_job(tree):
            return ""
        rows = followed(cast("Reference", tree), COUNT)  # every run has some
        at = left_out(rows, self._document, self._library)
        meaning = resolve(rows, self._document, self._library, at)
        first, *others = [leaf.run for leaf in leaves(meaning) if isinstance(leaf, FactAddress)]
        if at or others:
            message, fix = f"`{item}` has several runs, one is due", f'name one: "{first}"'
            raise ExpressionRefused(message, tree.start, tree.end, fix=fix, code="LG306")
        return first

    def quantity(self, item: str, at: At = NOWHERE) -> Quantity:
        """Return the value of an expression with its interval; a job stands for its first metric."""
        if self._cells(item) or self._vouchers(item):
            fix = "name its place, or draw it over `x`"
            raise InputRefused(f"`{item}` is many numbers, one is due", code="LG304", fix=fix)
        return self._evaluator.expression(self._text(item), self._tree(item), self._document, at)

    def series(self, item: str, axis: str, at: At = NOWHERE) -> list[Stop]:
        """Return the values of an item along an axis it leaves open, over the parts of a partition, or of a table."""
        if table := self._cells(item):
            return listed(item, table, self._library.protocol(self._document))
        if address := asked(self._tree(item)):
            return quoted(address, axis, self._document, self._library)
        found = along(axis, self._tree(item), self._document, self._library, at)
        spans = self._spans(item, axis)
        stops = [(label, value, self._at(item, {**at, axis: value})) for label, value in found]
        return [Stop(label, value, there, spans.get(value)) for label, value, there in stops if there is not None]

    def grid(self, item: str, x: str = "", y: str = "") -> Grid:
        """Return the values of an item over two axes it leaves open, or a table that has rows and columns."""
        if not x:
            return squared(item, self._cells(item), self._library.protocol(self._document))
        rows = along(y, self._tree(item), self._document, self._library)
        found = {label: {s.label: s.quantity.point for s in self.series(item, x, {y: value})} for label, value in rows}
        columns = tuple(dict.fromkeys(label for row in found.values() for label in row))
        return gridded(tuple(found), columns, {(row, column): v for row in found for column, v in found[row].items()})

    def profile(self, item: str) -> np.ndarray:
        """Return one number per input, as a job returned them."""
        found = self._returned(item)
        if found is None:
            raise InputRefused(f"`{item}` is no profile", code="LG302", fix="name one that a job returned")
        return profile(found, self._evaluator.store)

    def positions(self, item: str) -> np.ndarray | None:
        """Return where the inputs of a profile stand along an axis of their own, if anywhere."""
        found = self._returned(item)
        return self._evaluator.store.inputs(found.document) if found else None

    def inputs(self, item: str) -> str:
        """Return what the axis is called that the inputs of a profile stand along, with its unit."""
        found = self._returned(item)
        protocol = self._library.protocol(found.document) if found else None
        source = self._library.plugins.sources.get(protocol.source) if protocol else None
        return source.inputs if source else ""

    def curves(self, items: Sequence[str], curve: str, over: str = "") -> list[Curve]:
        """Return what jobs said of every epoch under one name, for each run that they stand for."""
        found = [training for item in items for training in self._trainings(item, curve, over)]
        return curves(found, curve, self._evaluator.store)

    def _trainings(self, item: str, curve: str, over: str) -> list[Training]:
        return trainings(item, curve, self._document, self._library, self._evaluator.store, over)

    def evidence(self, items: Sequence[str], x: str = "", y: str = "", curve: str = "", over: str = "") -> list[Any]:
        """Return all that is drawn of the items, so that it tells one drawing from another; empty while pending."""
        if y and not x:
            raise InputRefused(f"there is `y: {y}` and no `x`", code="LG208", fix="name both axes")
        try:
            shown = [[item, *self._of_item(item, (x, y), (curve, over))] for item in items]
        except Pending:
            return []
        return [self.target, "" if curve else self.measure(items), shown]

    def _of_item(self, item: str, axes: tuple[str, str], curve: tuple[str, str]) -> list[Any]:
        try:
            if curve[0]:
                return [training.evidence(curve[0]) for training in self._trainings(item, *curve)]
            return self._of_axes(item, *axes) if axes[0] else self._of_one(item)
        except ExpressionRefused as error:
            jobs = self._document.experiment.jobs if self._document.experiment else ()
            fix = error.fix or suggestion(item, jobs)
            raise InputRefused(f"`{item}`: {error.message}", code=error.code, fix=fix) from error

    def _of_one(self, item: str) -> list[Any]:
        """Return what identifies a job, a table, a profile or a quantity."""
        if run := self.run(item):
            return self._behind(run)
        if table := self._cells(item):
            return [sorted([*place, value] for place, value in table.items())]
        if hashes := self._vouchers(item):
            return [*hashes, self.inputs(item)]
        return [[["", "", *drawn(self._evaluator.expression(item, parse(item), self._document))]]]

    def _of_axes(self, item: str, x: str, y: str) -> list[Any]:
        """Return what identifies an item along one axis or two."""
        if not y:
            stops = self.series(item, x)
            if not stops:
                raise self._invariant(item, x)
            return [[[stop.label, stop.value, *drawn(stop.quantity)] for stop in stops]]
        grid = self.grid(item, x, y)
        if not grid.values.size:
            raise self._invariant(item, x if grid.rows else y)
        return [list(grid.rows), list(grid.columns), arrays.digest(ten_digits(grid.values.ravel()))]

    def _invariant(self, item: str, axis: str) -> InputRefused:
        if found := self._returned(item):
            fix = suggestion(found.name, tables(found, self._evaluator.store))
            return InputRefused(f"`{item}` is no table that a job returned", code="LG302", fix=fix)
        protocol = self._library.protocol(self._document)
        sweep = self._document.experiment.sweep if self._document.experiment else ()
        known = [*sweep, *(protocol.partitions if protocol else ())]
        fix = suggestion(axis, known) or "name an axis of its sweep"
        return InputRefused(f"`{item}` does not vary over `{axis}`", code="LG208", fix=fix)

    def _behind(self, run: str) -> list[Any]:
        """Return what identifies the predictions of a run, the rows they are compared with, and its tables."""
        result = self._evaluator.store.result(self._document)
        if result is None or run not in result.runs or result.runs[run].failed:
            raise Pending(self._document)
        found = dict(result.runs[run].arrays)
        if not {SPLIT, BOUNDS} & {*found}:
            raise InputRefused(f"`{run}` was recorded without predictions", code="LG305", fix="draw its numbers")
        return [found, self._evaluator.store.rows(self._document).key, tables_of(result, run)]

    def _array(self, item: str, name: str, lack: str) -> np.ndarray:
        """Return what a run has for every test row."""
        stored = self._evaluator.store.predictions(self._document)
        if (key := f"{self.run(item)}/{name}") not in stored:
            raise InputRefused(f"`{item}` {lack}", code="LG305", fix="name another run")
        return np.asarray(stored[key], dtype=np.float64)

    def _measures(self, tree: Expression) -> Iterator[str]:
        """Yield the metrics that an expression is a value of; that of a published one is what its address says."""
        address = asked(tree)
        if address is None:
            yield from measures(tree, self._document, self._library)
            return
        metric = address.names[-1]
        yield measure_of(metric, self._document, self._library) if metric in SYMBOLS else metric

    def _is_job(self, tree: Expression) -> bool:
        jobs = self._document.experiment.jobs if self._document.experiment else {}
        return isinstance(tree, Reference) and len(tree.segments) == 1 and tree.segments[0].name in jobs

    def _text(self, item: str) -> str:
        """Return an item as an expression: a job alone stands for the first metric of its protocol that it has."""
        protocol, tree = self._library.protocol(self._document), parse(item)
        if protocol is None or not self._is_job(tree):
            return item
        result, job = self._evaluator.store.result(self._document), cast("Reference", tree).segments[0].name
        runs = [run for run in (result.runs if result else ()) if run.partition("(")[0] == job]
        has = [metric for run in runs if result for metric in result.metrics_of(run, protocol.metrics)]
        return f"{item}.{next(iter(has), protocol.metrics[0])}"

    def _tree(self, item: str) -> Expression:
        return parse(self._text(item))

    def _returned(self, item: str) -> Returned | None:
        return returned(self._tree(item), self._document, self._library)

    def _cells(self, item: str) -> Cells:
        found = self._returned(item)
        return cells(found, self._evaluator.store) if found else {}

    def _vouchers(self, item: str) -> list[str]:
        found = self._returned(item)
        return vouchers(found, self._evaluator.store) if found else []

    def _at(self, item: str, at: At) -> Quantity | None:
        try:
            return self._evaluator.expression(self._text(item), self._tree(item), self._document, at)
        except NoSuchRun:
            return None

    def _spans(self, item: str, axis: str) -> dict[Value, tuple[float, float]]:
        """Return between what the bins of a partition lie that have no names but their edges."""
        tree = self._tree(item)
        at = left_out(tree, self._document, self._library)
        for document in _documents(tree, self._document, self._library, at):
            protocol = self._library.protocol(document)
            if protocol and axis in protocol.partitions:
                part = protocol.partitions[axis]
                unnamed = part.edges and part.parts != part.shown
                return dict(zip(part.parts, pairwise(part.edges), strict=True)) if unnamed else {}
        return {}


def _documents(tree: Expression, document: Document, library: Library, at: At) -> Iterator[Document]:
    """Yield the documents that an expression takes values of."""
    for reference in evaluated(tree):
        yield from (leaf.document for leaf in leaves(resolve(reference, document, library, at)))
