"""Evaluate expressions on values and on all resamples at once; populations that differ refuse to combine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from runner.documents.kinds import Formula, Stated, Value
from runner.documents.library import Library
from runner.documents.reading import Document
from runner.expressions.parse import never_judged
from runner.expressions.syntax import (
    Arithmetic,
    Call,
    Comparison,
    Expression,
    Logic,
    Negative,
    Number,
    Reference,
    children,
)
from runner.expressions.tokens import ExpressionRefused
from runner.findings import RunnerError
from runner.results.addresses import (
    DEEPEST,
    NOWHERE,
    Definition,
    Every,
    FactAddress,
    Meaning,
    ScalarAddress,
    Seeds,
    evaluated,
    leaves,
    left_out,
    resolve,
)
from runner.results.files import Recorded
from runner.results.metrics import COUNT, LIMITS, unit_of
from runner.results.operators import ARITHMETIC, FUNCTIONS, compare, logic
from runner.results.points import SEED, At, AxisLeftOut, Lacking, NoSuchRun, unmeasured
from runner.results.populations import Population
from runner.results.published import cited
from runner.results.quantities import (
    REDUCE,
    Parts,
    Quantity,
    Worth,
    alike,
    corners,
    crossed,
    each,
    ends_of,
    ends_together,
    joined,
    reduced,
)
from runner.results.replicates import over_seeds
from runner.results.store import Store

ENOUGH_SEEDS = 3  # from which a mean speaks about the method
EXTREME = ("min", "max")  # of the parts of a `*`, or of what is written out
Combine = Callable[[list[np.ndarray]], np.ndarray]
Asked = tuple[str, frozenset[tuple[str, Value]]]
Known = tuple[str, str, tuple[tuple[str, Value], ...], tuple[tuple[str, Value], ...]]


class Pending(RunnerError):
    """A value that no run has produced yet; `document` is the experiment that would."""

    def __init__(self, document: Document) -> None:
        """Remember who owes the value."""
        super().__init__(f"{document.id} has no result yet", fix=f"runner execute {document.id}")
        self.document = document


class NotMeasured(Lacking):
    """A metric of a run that gives nothing it could be computed from."""

    def __init__(self, address: FactAddress, known: Sequence[str], start: int = 0, end: int = 0) -> None:
        """Say what is missing, and what the run has instead."""
        self.address, self.known = address, known
        lacks = "gives no bounds" if address.metric in LIMITS else "predicts nothing"
        message = f"`{address.run}` {lacks}, so it has no {address.metric}"
        has = ", ".join(known) or "no metric of its protocol"
        super().__init__(message, start, end, fix=f"it has {has}", code="LG302")

    def seen_from(self, reference: Reference) -> NotMeasured:
        """Return the same refusal pointing at the metric that is asked for."""
        last = reference.segments[-1]
        return NotMeasured(self.address, self.known, last.start, last.end)


@dataclass(frozen=True)
class Scope:
    """Where an expression is evaluated: in which document, at which point, below which row of a table."""

    document: Document
    at: At = field(default_factory=dict)
    above: At | None = None  # the row before, for prev()
    loose: bool = False  # inside across()


class Evaluator:
    """Gives every expression of every document its value."""

    def __init__(self, library: Library, store: Store) -> None:
        """Evaluate against a library of documents and the store of their results."""
        self.library = library
        self.store = store
        self._known: dict[Known, Worth] = {}
        self._depths: dict[Asked, int] = {}  # of definitions whose names are sound where they are asked

    def formula(self, formula: Formula, document: Document, at: At = NOWHERE) -> Quantity:
        """Evaluate a formula in the document it stands in; names are checked before values."""
        return self.expression(formula.text, formula.tree, document, at)

    def expression(
        self, text: str, tree: Expression, document: Document, at: At = NOWHERE, above: At | None = None
    ) -> Quantity:
        """Evaluate an expression to one quantity, once however often a document repeats it."""
        worth = self.worth(text, tree, document, at, above)
        if isinstance(worth, Quantity):
            return worth
        message = f"`*` gives {len(worth.by_name)} values, one is due"
        fix = f"combine them: {', '.join(REDUCE)}"
        raise ExpressionRefused(message, tree.start, tree.end, fix=fix, code="LG304")

    def worth(
        self, text: str, tree: Expression, document: Document, at: At = NOWHERE, above: At | None = None
    ) -> Worth:
        """Evaluate an expression, to its parts where a `*` is not combined."""
        key = (document.name, text, tuple(at.items()), tuple((above or {}).items()))
        if key not in self._known:
            self.check_names(tree, document, at=at)
            self._known[key] = self._value(tree, Scope(document, at, above))
        return self._known[key]

    def check_names(self, tree: Expression, document: Document, seen: tuple[str, ...] = (), at: At = NOWHERE) -> int:
        """Refuse unknown names and definitions that never end; say how deep the definitions go."""
        return max((self._depth(reference, document, seen, at) for reference in evaluated(tree)), default=0)

    def check_definition(self, formula: Formula, document: Document) -> None:
        """Refuse a definition that has no value anywhere: one that leaves axes out is asked at their first values."""
        at = left_out(formula.tree, document, self.library)
        try:
            self.worth(formula.text, formula.tree, document, at)
        except Lacking:  # what is lacking there may be had at other values
            if not at:
                raise

    def _depth(self, reference: Reference, document: Document, seen: tuple[str, ...], at: At) -> int:
        meanings = leaves(resolve(reference, document, self.library, at))
        return max((self._depth_of(reference, meaning, seen, at) for meaning in meanings), default=0)

    def _depth_of(self, reference: Reference, meaning: Meaning, seen: tuple[str, ...], at: At) -> int:
        if not isinstance(meaning, Definition):
            return 0
        name = f"{meaning.document.name} {meaning.name}"
        if name in seen:
            raise _unsound(reference, f"`{meaning.name}` is defined by itself", "break the circle")
        asked = (name, frozenset({**at, **dict(meaning.at)}.items()))
        if asked not in self._depths and len(seen) < DEEPEST:
            self._depths[asked] = 1 + self._depth_behind(reference, meaning, (*seen, name), at)
        if self._depths.get(asked, 1) + len(seen) > DEEPEST:
            raise _unsound(reference, f"more than {DEEPEST} definitions rest on each other", "write some of them out")
        return self._depths[asked]

    def _depth_behind(self, reference: Reference, meaning: Definition, seen: tuple[str, ...], at: At) -> int:
        try:
            return self.check_names(meaning.formula.tree, meaning.document, seen, {**at, **dict(meaning.at)})
        except AxisLeftOut as error:
            raise error.seen_from(reference) from error
        except ExpressionRefused as error:
            raise _inside(meaning, error, reference) from error

    def _value(self, tree: Expression, scope: Scope) -> Worth:
        match tree:
            case Number(value=value):
                return Quantity(np.array([value]))
            case Reference():
                return self._reference(tree, scope)
            case Call():
                return self._call(tree, scope)
        given = [self._value(part, scope) for part in children(tree)]
        return each(tree, given, lambda parts: _combined(tree, parts, loose=scope.loose))

    def _reference(self, reference: Reference, scope: Scope) -> Worth:
        return self._meaning(reference, resolve(reference, scope.document, self.library, scope.at), scope)

    def _meaning(self, reference: Reference, meaning: Meaning, scope: Scope) -> Worth:
        match meaning:
            case Definition():
                return self._definition(reference, meaning, scope)
            case FactAddress():
                return self._single(reference, meaning)
            case ScalarAddress():
                return self.scalar(reference, meaning)
            case Seeds():
                return self._seeds(reference, meaning)
            case Every():
                return self._every(reference, meaning, scope)

    def _definition(self, reference: Reference, meaning: Definition, scope: Scope) -> Worth:
        """Return what a definition is worth where it is asked; what is wrong inside is told where it is named."""
        try:
            at = {**scope.at, **dict(meaning.at)}
            return self.worth(meaning.formula.text, meaning.formula.tree, meaning.document, at)
        except (AxisLeftOut, NoSuchRun):
            raise
        except ExpressionRefused as error:
            raise _inside(meaning, error, reference) from error

    def _every(self, reference: Reference, meaning: Every, scope: Scope) -> Parts:
        found: dict[str, Quantity] = {}
        for name, part in meaning.parts:
            worth = self._meaning(reference, part, scope)
            if isinstance(worth, Parts):
                message = "a `*` inside a `*`"
                raise ExpressionRefused(message, reference.start, reference.end, fix="combine the inner one first")
            found[name] = replace(worth, fits=worth.fits and len(meaning.seeds) < ENOUGH_SEEDS)
        seeds = tuple(float(seed) for seed in meaning.seeds)
        return Parts(found, seeds if len(seeds) == len(found) else (), meaning.over)

    def _seeds(self, reference: Reference, meaning: Seeds) -> Quantity:
        parts = [self._single(reference, part) for part in meaning.parts]
        seeds = tuple(float(seed) for seed in meaning.seeds)
        values = over_seeds(seeds, alike([part.values for part in parts]))
        whole = joined(reference, parts, values, parts[0].unit, loose=False)
        ends = ends_together(parts, "mean")
        return replace(whole, fits=len(parts) < ENOUGH_SEEDS, seeds=len(parts) > 1, ends=ends)

    def _single(self, reference: Reference, address: FactAddress | ScalarAddress) -> Quantity:
        if isinstance(address, ScalarAddress):
            return self.scalar(reference, address)
        try:
            return self.fact(address)
        except NotMeasured as error:
            raise error.seen_from(reference) from error

    def fact(self, address: FactAddress) -> Quantity:
        """Return a fact with its resamples and its population."""
        result = self.store.result(address.document)
        if result is None or address.run not in result.runs or result.runs[address.run].failed:
            raise Pending(address.document)
        protocol = self.library.protocol(address.document)
        unit = unit_of(address.metric, protocol.unit if protocol else "")
        fact = result.recorded.get(address.key)
        if fact is not None:
            return _recorded(fact, address, unit)
        scores = self.store.scores(address.document)
        if address.run not in scores.settings:  # recorded without rows, and not this one
            raise Pending(address.document)
        population = (scores.population(address.run, address.slice),)
        if address.metric == COUNT:
            return Quantity(np.array([float(population[0].n)]), population, population, (address,))
        values = scores.values.get((address.run, address.slice, address.metric))
        if values is None:
            known = result.metrics_of(address.run, protocol.metrics if protocol else ())
            raise NotMeasured(address, known)
        fits = SEED in result.runs[address.run].axes
        return Quantity(values, population, population, (address,), unit, fits=fits)

    def scalar(self, reference: Reference, address: ScalarAddress) -> Quantity:
        """Return a number a job returned, or refuse its name with the nearest one there is."""
        result = self.store.result(address.document)
        if result is None or address.run not in result.runs or result.runs[address.run].failed:
            raise Pending(address.document)
        if address.key not in result.scalars:
            last = reference.segments[-1]
            known = [key.removeprefix(f"{address.run}.") for key in result.scalars if key.startswith(f"{address.run}.")]
            protocol = self.library.protocol(address.document)
            run = result.runs[address.run]
            if address.name in {**run.profiles, **run.curves}:
                every = "input" if address.name in run.profiles else "epoch"
                message = f"`{address.name}` has a number for every {every}, one is due"
                raise ExpressionRefused(message, last.start, last.end, fix="draw it in a figure", code="LG304")
            known += run.profiles
            raise unmeasured(replace(last, name=address.name), [*(protocol.metrics if protocol else ()), *known])
        fits = SEED in result.runs[address.run].axes
        return Quantity(np.array([result.scalars[address.key]]), (), (), (address,), fits=fits)

    def _call(self, call: Call, scope: Scope) -> Worth:
        match call.function:
            case "published":
                return self._published(call, scope)
            case "prev":
                return self._previous(call, scope)
            case "across":
                worth = self._value(call.arguments[0], replace(scope, loose=True))
                return each(call, [worth], lambda parts: crossed(parts[0]))
        given = [self._value(part, scope) for part in call.arguments]
        if call.function in REDUCE and len(given) == 1:
            if isinstance(given[0], Parts):
                return reduced(call, given[0])
            if call.function not in EXTREME:
                message = f"`{call.function}` combines what `*` gives"
                fix = f"write {call.function}(job.bin(*).r2) with a partition or an axis"
                raise ExpressionRefused(message, call.start, call.end, fix=fix, code="LG304")
        return each(call, given, lambda parts: _called(call, parts, loose=scope.loose))

    def _previous(self, call: Call, scope: Scope) -> Worth:
        if scope.above is None:
            message = "there is no row above"
            raise ExpressionRefused(message, call.start, call.end, fix="use prev() in the columns of a table")
        return self._value(call.arguments[0], replace(scope, at={**scope.at, **scope.above}, above=None))

    def _published(self, call: Call, scope: Scope) -> Quantity:
        stated, source = cited(call.arguments[0], scope.document, self.library, scope.at)
        return Quantity(np.array([stated.value]), published=(source,))


def _recorded(fact: Recorded, address: FactAddress, unit: str) -> Quantity:
    """Return a fact without rows: it speaks of rows that nobody else does."""
    population = (Population(fact.key, fact.population, fact.n),)
    said = Stated(fact.value, fact.interval)
    return Quantity(np.array([fact.value]), population, population, (address,), unit, recorded=said, ends=fact.interval)


def _inside(definition: Definition, error: ExpressionRefused, reference: Reference) -> ExpressionRefused:
    """Return the refusal of a definition as it is seen where the definition is named, lacking what it lacks."""
    message = f"in `{definition.name}`: {error.message}"
    fix = f"write across(...) in `{definition.name}` itself" if error.code == "LG303" else error.fix
    kind = Lacking if isinstance(error, Lacking) else ExpressionRefused
    return kind(message, reference.start, reference.end, fix=fix, code=error.code)


def _unsound(reference: Reference, message: str, fix: str) -> ExpressionRefused:
    return ExpressionRefused(message, reference.start, reference.end, fix=fix, code="LG302")


def _combined(tree: Expression, parts: list[Quantity], *, loose: bool) -> Quantity:
    match tree:
        case Negative():
            return _moved(parts[0], np.negative, parts[0].unit)
        case Arithmetic(operator=operator):
            return _calculated(tree, parts, lambda v: ARITHMETIC[operator](*v), _unit(operator, parts), loose=loose)
        case Comparison(operators=operators):
            return _comparison(tree, parts, lambda values: compare(values, operators), loose=loose)
        case Logic(operator=operator):  # predicates on different rows may be joined: each was judged on its own
            values = logic(operator, alike([part.values for part in parts]))
            return joined(tree, parts, values, "", loose=True)
    raise TypeError(tree)


def _comparison(tree: Expression, parts: list[Quantity], holds: Combine, *, loose: bool) -> Quantity:
    if any(part.published for part in parts):
        raise never_judged(tree)
    if not all(np.isfinite(part.point) for part in parts):
        raise ExpressionRefused("a side of the comparison is not finite", tree.start, tree.end, code="LG305")
    truth = joined(tree, parts, holds([part.values for part in parts]), "", loose=loose)
    finite = all(np.isfinite(part.values).all() for part in parts)
    possible = {bool(holds(list(place))[0]) for place in corners(parts)}
    return replace(truth, holes=truth.holes or not finite, open=truth.open or len(possible) > 1)


def _calculated(tree: Expression, parts: list[Quantity], operate: Combine, unit: str, *, loose: bool) -> Quantity:
    """Return what an operation makes of quantities, with the ends it may lie between."""
    with np.errstate(divide="ignore", invalid="ignore"):
        values = operate([part.values for part in parts])
    return replace(joined(tree, parts, values, unit, loose=loose), ends=ends_of(parts, operate))


def _moved(part: Quantity, operate: Callable[[np.ndarray], np.ndarray], unit: str) -> Quantity:
    """Return what a function of one quantity gives; the interval that a fact without rows brings moves with it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        values = operate(part.values)
    ends = ends_of([part], lambda given: operate(given[0]))
    said = Stated(float(values[0]), ends) if part.recorded else None
    return replace(part, values=values, unit=unit, recorded=said, ends=ends)


def _called(call: Call, parts: list[Quantity], *, loose: bool) -> Quantity:
    """Return what a function of single quantities gives."""
    match call.function:
        case "ci":  # its argument; who shows it asks for the interval
            return parts[0]
        case "p":
            return _probability(call, parts[0])
        case "near":
            return _comparison(call, parts, FUNCTIONS["near"], loose=loose)
        case "min" | "max" as name:
            return _calculated(call, parts, FUNCTIONS[name], _unit("+", parts), loose=loose)
    unit = parts[0].unit if call.function == "abs" else ""
    return _moved(parts[0], lambda values: FUNCTIONS[call.function]([values]), unit)


def _probability(call: Call, truth: Quantity) -> Quantity:
    if truth.probability is None:
        raise ExpressionRefused(
            "there is no probability here", call.start, call.end, fix="cite the words", code="LG305"
        )
    return replace(truth, values=np.array([truth.probability]), unit="")


def _unit(operator: str, parts: list[Quantity]) -> str:
    units = {part.unit for part in parts}
    return units.pop() if operator in "+-" and len(units) == 1 else ""
