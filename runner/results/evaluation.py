"""Evaluate expressions on values and on all resamples at once; populations that differ refuse to combine."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from runner.documents.kinds import Formula
from runner.documents.library import Library
from runner.documents.reading import Document
from runner.expressions.names import suggestion
from runner.expressions.syntax import (
    Arithmetic,
    Comparison,
    Expression,
    Logic,
    Negative,
    Number,
    Reference,
    children,
    references,
)
from runner.expressions.tokens import ExpressionRefused
from runner.findings import RunnerError
from runner.results.addresses import Definition, FactAddress, Meaning, ScalarAddress, resolve
from runner.results.metrics import unit_of
from runner.results.operators import ARITHMETIC, compare, logic
from runner.results.populations import Population
from runner.results.replicates import FEWEST, interval
from runner.results.store import Store

DEEPEST = 16  # definitions resting on each other


class Pending(RunnerError):
    """A value that no run has produced yet; `document` is the experiment that would."""

    def __init__(self, document: Document) -> None:
        """Remember who owes the value."""
        super().__init__(f"{document.id} has no result yet", fix=f"runner execute {document.id}")
        self.document = document


@dataclass(frozen=True)
class Quantity:
    """A value with its resamples (values[0] is the value itself) and where it comes from."""

    values: np.ndarray
    populations: tuple[Population, ...] = ()
    facts: tuple[FactAddress | ScalarAddress, ...] = ()
    unit: str = ""
    holes: bool = False  # some resamples gave no finite value, so nothing can be said about their share

    @property
    def point(self) -> float:
        """Return the value itself."""
        return float(self.values[0])

    @property
    def enough(self) -> bool:
        """Tell whether the rows are enough for an interval."""
        return not self.holes and all(population.n >= FEWEST for population in self.populations)

    @property
    def interval(self) -> tuple[float, float] | None:
        """Return the 95 % interval over resampled test rows, where there is one."""
        return interval(self.values) if self.enough else None

    @property
    def probability(self) -> float | None:
        """Return for a predicate the share of resamples in which it holds, where there are any."""
        return float(self.values[1:].mean()) if len(self.values) > 1 and self.enough else None


class Evaluator:
    """Gives every expression of every document its value."""

    def __init__(self, library: Library, store: Store) -> None:
        """Evaluate against a library of documents and the store of their results."""
        self.library = library
        self.store = store
        self._known: dict[tuple[str, str], Quantity] = {}
        self._depths: dict[str, int] = {}  # of definitions whose names are sound

    def formula(self, formula: Formula, document: Document) -> Quantity:
        """Evaluate a formula in the document it stands in; names are checked before values."""
        return self.expression(formula.text, formula.tree, document)

    def expression(self, text: str, tree: Expression, document: Document) -> Quantity:
        """Evaluate an expression once, however often a document repeats it."""
        key = (document.name, text)
        if key not in self._known:
            self.check_names(tree, document)
            self._known[key] = self._value(tree, document)
        return self._known[key]

    def check_names(self, tree: Expression, document: Document, seen: tuple[str, ...] = ()) -> int:
        """Refuse unknown names and definitions that never end; say how deep the definitions go."""
        return max((self._depth(reference, document, seen) for reference in references(tree)), default=0)

    def _depth(self, reference: Reference, document: Document, seen: tuple[str, ...]) -> int:
        meaning = resolve(reference, document, self.library)
        if not isinstance(meaning, Definition):
            return 0
        name = f"{meaning.document.name} {meaning.name}"
        if name in seen:
            raise _unsound(reference, f"`{meaning.name}` is defined by itself", "break the circle")
        if name not in self._depths and len(seen) < DEEPEST:
            self._depths[name] = 1 + self._depth_behind(reference, meaning, (*seen, name))
        if self._depths.get(name, 1) + len(seen) > DEEPEST:
            raise _unsound(reference, f"more than {DEEPEST} definitions rest on each other", "write some of them out")
        return self._depths[name]

    def _depth_behind(self, reference: Reference, meaning: Definition, seen: tuple[str, ...]) -> int:
        try:
            return self.check_names(meaning.formula.tree, meaning.document, seen)
        except ExpressionRefused as error:
            message = f"in `{meaning.name}`: {error.message}"
            raise ExpressionRefused(message, reference.start, reference.end, fix=error.fix, code=error.code) from error

    def _value(self, tree: Expression, document: Document) -> Quantity:
        if isinstance(tree, Number):
            return Quantity(np.array([tree.value]))
        if isinstance(tree, Reference):
            return self._reference(tree, document)
        return _combined(tree, [self._value(part, document) for part in children(tree)])

    def _reference(self, reference: Reference, document: Document) -> Quantity:
        meaning: Meaning = resolve(reference, document, self.library)
        match meaning:
            case Definition():
                return self.formula(meaning.formula, meaning.document)
            case FactAddress():
                return self.fact(meaning)
            case ScalarAddress():
                return self._scalar(reference, meaning)

    def fact(self, address: FactAddress) -> Quantity:
        """Return a fact with its resamples and its population."""
        result = self.store.result(address.document)
        if result is None or address.run not in result.runs or result.runs[address.run].failed:
            raise Pending(address.document)
        scores = self.store.scores(address.document)
        protocol = self.library.protocol(address.document)
        unit = unit_of(address.metric, protocol.unit if protocol else "")
        values = scores.values[address.run, address.slice, address.metric]
        return Quantity(values, (scores.population(address.slice),), (address,), unit)

    def _scalar(self, reference: Reference, address: ScalarAddress) -> Quantity:
        result = self.store.result(address.document)
        if result is None or address.run not in result.runs or result.runs[address.run].failed:
            raise Pending(address.document)
        if address.key not in result.scalars:
            last = reference.segments[-1]
            known = [key.split(".", 1)[1] for key in result.scalars if key.startswith(f"{address.run}.")]
            protocol = self.library.protocol(address.document)
            message = f"unknown name `{last.name}`"
            fix = suggestion(last.name, [*(protocol.metrics if protocol else ()), *known])
            raise ExpressionRefused(message, last.start, last.end, fix=fix, code="LG302")
        return Quantity(np.array([result.scalars[address.key]]), (), (address,))


def _unsound(reference: Reference, message: str, fix: str) -> ExpressionRefused:
    return ExpressionRefused(message, reference.start, reference.end, fix=fix, code="LG302")


def _combined(tree: Expression, parts: list[Quantity]) -> Quantity:
    match tree:
        case Negative():
            return replace(parts[0], values=-parts[0].values)
        case Arithmetic(operator=operator):
            return _arithmetic(tree, operator, parts)
        case Comparison(operators=operators):
            return _comparison(tree, operators, parts)
        case Logic(operator=operator):
            holes = any(part.holes for part in parts)
            return Quantity(logic(operator, _same_length(parts)), _union(parts), _facts(parts), holes=holes)
        case _:  # ci() is its argument; who shows it asks for the interval
            return parts[0]


def _arithmetic(tree: Expression, operator: str, parts: list[Quantity]) -> Quantity:
    with np.errstate(divide="ignore", invalid="ignore"):
        values = ARITHMETIC[operator](parts[0].values, parts[1].values)
    return _joined(tree, parts, values, _unit(operator, parts))


def _comparison(tree: Expression, operators: tuple[str, ...], parts: list[Quantity]) -> Quantity:
    if not all(np.isfinite(part.point) for part in parts):
        raise ExpressionRefused("a side of the comparison is not finite", tree.start, tree.end, code="LG305")
    joined = _joined(tree, parts, compare([part.values for part in parts], operators), "")
    return replace(joined, holes=not all(np.isfinite(part.values).all() for part in parts))


def _joined(tree: Expression, parts: list[Quantity], values: np.ndarray, unit: str) -> Quantity:
    populations = _union(parts)
    if len(populations) > 1:
        message = f"populations differ: {populations[0]} and {populations[1]}"
        fix = "compare numbers of the same rows, noise and slice"
        raise ExpressionRefused(message, tree.start, tree.end, fix=fix, code="LG303")
    return Quantity(np.atleast_1d(values), populations, _facts(parts), unit)


def _union(parts: list[Quantity]) -> tuple[Population, ...]:
    return tuple(dict.fromkeys(population for part in parts for population in part.populations))


def _facts(parts: list[Quantity]) -> tuple[FactAddress | ScalarAddress, ...]:
    return tuple(dict.fromkeys(fact for part in parts for fact in part.facts))


def _unit(operator: str, parts: list[Quantity]) -> str:
    units = {part.unit for part in parts}
    return units.pop() if operator in "+-" and len(units) == 1 else ""


def _same_length(parts: list[Quantity]) -> list[np.ndarray]:
    longest = max(len(part.values) for part in parts)
    return [part.values if len(part.values) == longest else np.repeat(part.values, longest) for part in parts]
