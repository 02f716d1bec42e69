"""The shapes an expression can take; every node knows where it stands in its text."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Number:
    """A literal number, `0.5` or `50k`."""

    value: float
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a point, `1M`, `noise=0.1` or `seed=*`; the value is text."""

    key: str
    value: str

    @property
    def every(self) -> bool:
        """Tell whether it stands for all values there are."""
        return self.value == "*"


@dataclass(frozen=True, slots=True)
class Segment:
    """One dotted part of a reference, with the point that may follow it."""

    name: str
    point: tuple[Argument, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reference:
    """A dotted name: `gain`, `vit.covered.r2`, `vit(1M).bin(7.1).r2`."""

    segments: tuple[Segment, ...]
    start: int
    end: int

    @property
    def names(self) -> tuple[str, ...]:
        """Return the dotted names without their points."""
        return tuple(segment.name for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Negative:
    """A minus sign in front of a quantity."""

    operand: Expression
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Two quantities joined by `+ - * /`."""

    operator: str
    left: Expression
    right: Expression
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """A chain of comparisons, `0 < a.r2 <= 1`."""

    operands: tuple[Expression, ...]
    operators: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Logic:
    """Predicates joined by `and` or `or`, or one behind `not`."""

    operator: str
    operands: tuple[Expression, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the language, `ci(gain)`."""

    function: str
    arguments: tuple[Expression, ...]
    start: int
    end: int


COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
JUDGING = ("all", "any", "near")  # functions that say something true or false
Expression = Number | Reference | Negative | Arithmetic | Comparison | Logic | Call


def children(node: Expression) -> tuple[Expression, ...]:
    """Return the direct parts of a node, in reading order."""
    match node:
        case Negative(operand=operand):
            return (operand,)
        case Arithmetic(left=left, right=right):
            return (left, right)
        case Comparison(operands=parts) | Logic(operands=parts) | Call(arguments=parts):
            return parts
        case _:
            return ()


def with_children(node: Expression, parts: Sequence[Expression]) -> Expression:
    """Return a node with other parts in the place of its own."""
    match node:
        case Negative():
            return replace(node, operand=parts[0])
        case Arithmetic():
            return replace(node, left=parts[0], right=parts[1])
        case Comparison() | Logic():
            return replace(node, operands=tuple(parts))
        case Call():
            return replace(node, arguments=tuple(parts))
    return node


def followed(reference: Reference, name: str) -> Reference:
    """Return an address with one more name behind it, which stands nowhere in the text."""
    return replace(reference, segments=(*reference.segments, Segment(name, (), reference.end, reference.end)))


def walk(node: Expression) -> Iterator[Expression]:
    """Yield a node and all its parts, in reading order."""
    yield node
    for child in children(node):
        yield from walk(child)


def references(node: Expression) -> Iterator[Reference]:
    """Yield every reference of an expression, in reading order."""
    return (part for part in walk(node) if isinstance(part, Reference))


def is_predicate(node: Expression) -> bool:
    """Tell whether a node says something true or false rather than a quantity."""
    if isinstance(node, Call):
        return node.function in JUDGING or (node.function == "across" and is_predicate(node.arguments[0]))
    return isinstance(node, Comparison | Logic)
