"""Which outcomes predicates leave possible, decided on the cells between their thresholds.

A comparison of sums is a threshold on one quantity: `a >= b + 0.05` is `a - b >= 0.05`. Between the thresholds
nothing changes, so one value per cell decides. Quantities are taken as independent: what is called impossible is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise, product

from runner.documents.metrics import ANY, COUNT, METRICS
from runner.expressions.syntax import (
    COMPARISONS,
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

MOST_CELLS = 5000
RANGES = {COUNT: (0.0, math.inf), **{name: metric.range for name, metric in METRICS.items()}}
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
ONE = ""  # the term that holds the constants of a sum

Sum = Mapping[str, Fraction]
Value = Fraction | bool
Cell = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A quantity compared with a number."""

    quantity: str
    operator: str
    bound: Fraction

    def holds(self, cell: Cell) -> bool:
        """Tell whether it holds where the quantities have these values."""
        return bool(COMPARISONS[self.operator](cell[self.quantity], self.bound))


@dataclass(frozen=True, slots=True)
class Joined:
    """Conditions joined by `and`, `or` or `not`."""

    operator: str
    parts: tuple[Condition, ...]

    def holds(self, cell: Cell) -> bool:
        """Tell whether it holds where the quantities have these values."""
        truths = [part.holds(cell) for part in self.parts]
        if self.operator == "not":
            return not truths[0]
        return all(truths) if self.operator == "and" else any(truths)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A predicate that may come out either way: `all(...)`."""

    text: str

    def holds(self, cell: Cell) -> bool:
        """Tell whether it holds in this cell."""
        return bool(cell[self.text])


Condition = Threshold | Joined | Unknown


def never_taken(rungs: Sequence[Expression]) -> list[int]:
    """Return which rungs of a ladder can never be the first that holds; the `else` comes after all of them."""
    reader = _Reader()
    conditions = [reader.condition(rung) for rung in rungs]
    cells = reader.cells()
    if cells is None:
        return []
    taken = {next((index for index, each in enumerate(conditions) if each.holds(cell)), len(rungs)) for cell in cells}
    return [index for index in range(len(rungs) + 1) if index not in taken]


def settled(predicate: Expression) -> bool | None:
    """Return how a predicate comes out when it can come out one way only."""
    never = never_taken([predicate])
    return bool(never[0]) if never else None


class _Reader:
    """Reads predicates as conditions on quantities, and remembers where each quantity is cut."""

    def __init__(self) -> None:
        self.cuts: dict[str, set[Fraction]] = {}
        self.ranges: dict[str, tuple[float, float]] = {}
        self.unknown: set[str] = set()

    def condition(self, tree: Expression) -> Condition:
        match tree:
            case Logic(operator=word, operands=parts):
                return Joined(word, tuple(self.condition(part) for part in parts))
            case Comparison(operands=operands, operators=signs):
                chain = zip(pairwise(operands), signs, strict=True)
                return Joined("and", tuple(self.threshold(left, sign, right) for (left, right), sign in chain))
            case Call(function="across", arguments=(inner,)):
                return self.condition(inner)
            case Call(function="near", arguments=(left, right, tolerance)) if isinstance(tolerance, Number):
                return self.near(left, right, tolerance)
            case _:
                self.unknown.add(_spelled(tree))
                return Unknown(_spelled(tree))

    def near(self, left: Expression, right: Expression, tolerance: Number) -> Condition:
        gap = Arithmetic("-", left, right, left.start, right.end)
        below = Negative(tolerance, tolerance.start, tolerance.end)
        return Joined("and", (self.threshold(gap, "<=", tolerance), self.threshold(gap, ">=", below)))

    def threshold(self, left: Expression, sign: str, right: Expression) -> Condition:
        terms = dict(_plus(_sum(left), _sum(right), Fraction(-1)))
        constant = terms.pop(ONE, Fraction(0))
        terms = {name: factor for name, factor in terms.items() if factor}
        if not terms:
            return Joined("and" if COMPARISONS[sign](constant, 0) else "or", ())
        scale = terms[min(terms)]
        quantity = " + ".join(f"{factor / scale} {name}" for name, factor in sorted(terms.items()))
        bound = -constant / scale
        self.cuts.setdefault(quantity, set()).add(bound)
        self.ranges[quantity] = _range({name: factor / scale for name, factor in terms.items()})
        return Threshold(quantity, sign if scale > 0 else MIRRORED[sign], bound)

    def cells(self) -> Iterator[Cell] | None:
        """Return one point of every cell, or nothing where there are too many."""
        axes: dict[str, Sequence[Value]] = {
            name: list(_points(cuts, self.ranges[name])) for name, cuts in self.cuts.items()
        }
        axes |= dict.fromkeys(self.unknown, (False, True))
        if math.prod(len(points) for points in axes.values()) > MOST_CELLS:
            return None
        return (dict(zip(axes, values, strict=True)) for values in product(*axes.values()))


def _points(cuts: Iterable[Fraction], allowed: tuple[float, float]) -> Iterator[Fraction]:
    """Yield every threshold, and one value on either side of each, as far as a quantity can go there."""
    low, high = allowed
    edges = sorted({*cuts, *(Fraction(bound) for bound in allowed if math.isfinite(bound))})
    between = [(left + right) / 2 for left, right in pairwise(edges)]
    candidates = [edges[0] - 1, *edges, *between, edges[-1] + 1]
    return (value for value in candidates if low <= value <= high)


def _range(terms: Sum) -> tuple[float, float]:
    """Return between which values a sum of metrics can lie."""
    ends = [(float(factor), RANGES.get(name.rpartition(".")[2], ANY)) for name, factor in terms.items()]
    low = sum(min(factor * bound for bound in bounds) for factor, bounds in ends)
    high = sum(max(factor * bound for bound in bounds) for factor, bounds in ends)
    return low, high


def _sum(tree: Expression) -> Sum:
    """Read a quantity as a sum of terms with factors; what is no sum is one term."""
    match tree:
        case Number(value=value):
            return {ONE: Fraction(repr(value))}
        case Arithmetic(operator="+" | "-" as sign, left=left, right=right):
            return _plus(_sum(left), _sum(right), Fraction(1 if sign == "+" else -1))
    part, factor = _scaled(tree)
    return {_spelled(tree): Fraction(1)} if part is tree else _plus({}, _sum(part), factor)


def _scaled(tree: Expression) -> tuple[Expression, Fraction]:
    """Take a factor off a quantity; one without is returned as it is."""
    match tree:
        case Negative(operand=part):
            return part, Fraction(-1)
        case Arithmetic(operator="*", left=part, right=Number(value=factor)):
            return part, Fraction(repr(factor))
        case Arithmetic(operator="*", left=Number(value=factor), right=part):
            return part, Fraction(repr(factor))
        case Arithmetic(operator="/", left=part, right=Number(value=factor)) if factor:
            return part, 1 / Fraction(repr(factor))
        case Call(function="across", arguments=(part,)):
            return part, Fraction(1)
        case _:
            return tree, Fraction(1)


def _plus(first: Sum, second: Sum, factor: Fraction) -> Sum:
    names = {*first, *second}
    return {name: first.get(name, Fraction(0)) + factor * second.get(name, Fraction(0)) for name in names}


def _spelled(tree: Expression) -> str:
    """Spell an expression so that two of the same meaning read alike, wherever they stand."""
    match tree:
        case Number(value=value):
            return f"{value!r}"
        case Reference(segments=segments):
            points = (",".join(f"{each.key}={each.value}" for each in segment.point) for segment in segments)
            spelled = zip(segments, points, strict=True)
            return ".".join(f"{segment.name}({point})" if point else segment.name for segment, point in spelled)
        case Comparison(operators=operators):
            head = " ".join(operators)
        case Arithmetic(operator=head) | Logic(operator=head) | Call(function=head):
            pass
        case Negative():
            head = "minus"
    return f"{head}({', '.join(map(_spelled, children(tree)))})"
