"""Numbers in words over a verdict: what they are compared with, if with anything."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

from runner.documents.kinds import Formula, Judged, Ladder, Predicate
from runner.expressions.syntax import Comparison, Number, walk
from runner.rendering import digits
from runner.rendering.decimals import decimals, settled


class Stated(Enum):
    """What the numbers of a text are compared with."""

    NOTHING_ELSE = auto()  # words, and perhaps thresholds of the predicate
    LEFT_SIDE = auto()  # one number or placeholder: the quantity that a comparison is about
    UNCHECKED = auto()  # a number that the predicate says nothing about


def stated(text: str, label: str, formulas: Sequence[Formula]) -> Stated:
    """Say what the numbers in words over a key or a predicate are compared with."""
    sizes = {settled(abs(node.value)) for each in formulas for node in walk(each.tree) if isinstance(node, Number)}
    found = [decimal for decimal in decimals(text) if settled(decimal.size) not in sizes]
    loose = [decimal for decimal in found if text[decimal.start : decimal.end] not in label]  # `Gate 2.1` over its key
    slots = digits.slots(text)
    open_ = any(slot.placeholder and not _asks(slot, text) for slot in slots)
    if not loose and not open_:
        return Stated.NOTHING_ELSE
    compared = len(formulas) == 1 and isinstance(formulas[0].tree, Comparison)
    return Stated.LEFT_SIDE if compared and (open_ or len(slots) == 1) else Stated.UNCHECKED


def formulas_of(judged: Judged | None) -> tuple[Formula, ...]:
    """Return the predicates that decide a keyed entry."""
    match judged:
        case Predicate(formula=formula):
            return (formula,)
        case Ladder(rungs=rungs):
            return tuple(rung.formula for rung in rungs if rung.formula is not None)
        case _:
            return ()


def _asks(slot: digits.Slot, text: str) -> bool:
    """Tell whether a question mark ends a question rather than waits for a number."""
    return slot.bare and not slot.sign and slot.scale == 1 and bool(text[: slot.start].rstrip("?").strip())
