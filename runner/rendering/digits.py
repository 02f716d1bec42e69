"""The numbers in a citation's text: find them, compare them as shown, rewrite only what disagrees.

A number is ASCII digits with an optional sign; digits that belong to a word (R2, v1.2, 500k, 5-D,
10², 2025-12-27, 95 % CI) are not numbers. A placeholder is made of question marks: ?, ?.??, +?.???.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

MINUS: Final = "\u2212"
PERCENT: Final = 100.0
SCALES: Final = {"%": PERCENT, "\uff05": PERCENT, "\u2030": 1000.0, "k": 1e-3, "M": 1e-6}
SIGNIFICANT: Final = 4  # digits a bare ? shows of a value that is no integer
INTERVAL: Final = 2
INTERVAL_SIGNIFICANT: Final = 3  # digits a bare ? shows of the larger bound of an interval
MOST_DECIMALS: Final = 12
LARGEST: Final = 1e15  # beyond it a double has no digits behind the point
RELATIVE: Final = 1e-9
IDEOGRAPHS: Final = "\u2e80"  # from here on letters are CJK, which touch numbers without a blank

BLANK: Final = "[ \u00a0\u2009\u202f]?"
RAISED: Final = "\u00b2\u00b3\u00b9\u2070-\u207f"
CANDIDATE: Final = re.compile(
    rf"""(?P<sign>[+\-{MINUS}])?
    (?P<digits> [0-9]{{1,3}} (?P<group>[,\u2009\u202f]) [0-9]{{3}} (?:(?P=group)[0-9]{{3}})* (?:\.[0-9]+)?
      | [0-9]+ (?:\.[0-9]+)? | \.[0-9]+ | \?+ (?:,\?{{3}})* (?:\.\?+)? | \.\?+ )
    (?: {BLANK} (?P<percent>[%\uff05\u2030]) | (?P<factor>[kM]) | x )?""",
    re.VERBOSE,
)
# Digits inside these belong to the word: dates, and ids such as Gate-4 or VIT-20251204-gate-01.
WORD: Final = re.compile(r"(?<!\d)\d{4}-\d\d(?:-\d\d)?(?!\d)|[A-Za-z_]\w*(?:-[A-Za-z0-9]+)+", re.ASCII)
# What directly in front or behind makes digits part of a word, a version or a power.
GLUED_BEFORE: Final = frozenset("0123456789?_^#@.\u00a7")
GLUED_AFTER: Final = re.compile(
    rf"[0-9_^@{RAISED}]|[.?][0-9?]|\?\.|-[A-Za-z]|{BLANK}\u00d7{BLANK}10[\^{RAISED}]",
)
# A sign after one of these is an operator or a range: 0.93-0.95.
OPERAND: Final = frozenset("0123456789?%\uff05)]")
CONFIDENCE: Final = re.compile(rf"(?i:{BLANK}(?:CI\b|confidence|interval|\u7f6e\u4fe1|\u533a\u95f4))")
BOUND: Final = re.compile(r"(?:[<\u2264\u2265\u2a7d\u2a7e]|(?<![-=])>|[<>]=|&[lg][te];)\s*$")


class SlotMismatch(ValueError):
    """A citation's text cannot show the values that are due; the message says why."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One number or placeholder in a text; start and end enclose its sign and digits."""

    start: int
    end: int
    written: str  # without the sign
    sign: str  # "", "+", "-" or the minus U+2212
    group: str  # the thousands separator, or ""
    scale: float  # 100 where a percent sign follows, 1e-6 where M does, else 1
    bounded: bool  # a < or > stands in front

    @property
    def placeholder(self) -> bool:
        """Whether it still waits for its number."""
        return "?" in self.written

    @property
    def decimals(self) -> int:
        """How many digits stand behind the point."""
        return len(self.written.partition(".")[2])

    @property
    def percent(self) -> bool:
        """Whether a percent sign follows."""
        return self.scale == PERCENT

    @property
    def bare(self) -> bool:
        """Whether it is a placeholder that leaves its precision open."""
        return self.placeholder and "." not in self.written

    @property
    def number(self) -> float:
        """The number as displayed, not divided by its scale."""
        digits = float(self.written.replace(self.group, "") if self.group else self.written)
        return -digits if self.sign in {"-", MINUS} else digits


def slots(text: str) -> list[Slot]:
    """Find the numbers and placeholders of a text, in order."""
    words = [found.span() for found in WORD.finditer(text)]
    found = (_slot(candidate, text) for candidate in CANDIDATE.finditer(text))
    return [slot for slot in found if slot and not any(a <= slot.start < b for a, b in words)]


def agrees(text: str, values: Sequence[float]) -> bool:
    """Tell whether the text shows these values, at the precision it shows them."""
    found = slots(text)
    if _is_lone(found, values):
        return False
    return all(_shows(slot, value) for slot, value in _paired(found, values))


def fill(text: str, values: Sequence[float]) -> str:
    """Rewrite the placeholders and the numbers that disagree; every other character stays."""
    text = _opened(text, slots(text), values)
    found = slots(text)
    minus = "-" if {slot.sign for slot in found} & {"-", MINUS} == {"-"} else MINUS
    for slot, value in reversed(_paired(found, values)):
        if not _shows(slot, value):
            text = text[: slot.start] + _written(slot, value, minus) + text[slot.end :]
    if len(slots(text)) != len(values) or not agrees(text, values):
        raise SlotMismatch("the numbers run into each other: put a blank between them")
    return text


def blank(text: str) -> str:
    """Turn every number back into the placeholder it came from; a minus is not kept, a plus is."""
    for slot in reversed(slots(text)):
        sign = "+" if slot.sign == "+" else ""
        whole = "?,???" if slot.group == "," else "?"
        text = text[: slot.start] + sign + whole + _marks(slot.decimals) + text[slot.end :]
    return text


def shown(value: float, decimals: int, *, sign: bool = False, percent: bool = False) -> str:
    """Write a value with so many decimals: 0.9310, +0.0097, −0.0176, 16 %."""
    number = _scaled(value, PERCENT if percent else 1.0)
    return _signed(number, f"{abs(number):.{decimals}f}", "+" if sign else "", MINUS) + " %" * percent


def _slot(found: re.Match[str], text: str) -> Slot | None:
    """Turn a candidate into a slot, or into nothing where its digits belong to a word."""
    sign, start = found["sign"] or "", found.start()
    if sign and text[start - 1 : start] in OPERAND:
        sign, start = "", start + 1
    scale = found["percent"] or found["factor"] or ""
    if _is_glued(found, text, sign) or (found["factor"] and "." not in found["digits"]):
        return None
    return Slot(
        start=start,
        end=found.end("digits"),
        written=found["digits"],
        sign=sign,
        group=found["group"] or ("," if "," in found["digits"] else ""),
        scale=SCALES.get(scale, 1.0),
        bounded=bool(BOUND.search(text[:start])),
    )


def _is_glued(found: re.Match[str], text: str, sign: str) -> bool:
    before = text[: found.start("digits")]
    if _ends_word(before[:-1] if sign else before) or (not sign and before[-1:] in GLUED_BEFORE):
        return True
    if found["percent"]:
        return bool(CONFIDENCE.match(text, found.end()))
    return _starts_word(text[found.end() :]) or bool(GLUED_AFTER.match(text, found.end()))


def _ends_word(text: str) -> bool:
    return text[-1:] == "_" or _starts_word(text[-1:])


def _starts_word(text: str) -> bool:
    return text[:1].isalpha() and text[:1] < IDEOGRAPHS


def _paired(found: list[Slot], values: Sequence[float]) -> list[tuple[Slot, float]]:
    """Match slots with values one to one."""
    if len(found) != len(values):
        numbers = f"{len(found) or 'no'} number{'s' * (len(found) > 1)}"
        raise SlotMismatch(f"the text holds {numbers} where {len(values)} {_are(values)} due")
    if any(slot.bounded for slot in found):
        raise SlotMismatch("a bound such as <0.01 would go stale unseen: write the number itself")
    return list(zip(found, values, strict=True))


def _are(values: Sequence[float]) -> str:
    return "is" if len(values) == 1 else "are"


def _is_lone(found: list[Slot], values: Sequence[float]) -> bool:
    """Tell whether a single bare ? has to hold an interval."""
    return len(values) == INTERVAL and len(found) == 1 and found[0].bare and found[0].scale == 1.0


def _opened(text: str, found: list[Slot], values: Sequence[float]) -> str:
    """Turn a lone ? that has to hold an interval into [?.??, ?.??]."""
    if not _is_lone(found, values):
        return text
    slot = found[0]
    decimals = _decimals(max(abs(_scaled(value, 1.0)) for value in values), INTERVAL_SIGNIFICANT)
    each = f"{slot.sign}?{_marks(decimals)}"
    return f"{text[: slot.start]}[{each}, {each}]{text[slot.end :]}"


def _marks(decimals: int) -> str:
    return f".{'?' * decimals}" if decimals else ""


def _shows(slot: Slot, value: float) -> bool:
    number = _scaled(value, slot.scale)
    unit = 10.0**-slot.decimals
    return not slot.placeholder and abs(slot.number - number) <= unit / 2 + RELATIVE * abs(number)


def _scaled(value: float, scale: float) -> float:
    number = value * scale
    if not abs(number) < LARGEST:
        raise SlotMismatch(f"{value} is no number a sentence can show")
    return number


def _written(slot: Slot, value: float, minus: str) -> str:
    number = _scaled(value, slot.scale)
    digits = _bare(slot, abs(number)) if slot.bare else f"{abs(number):,.{slot.decimals}f}"
    return _signed(number, digits.replace(",", slot.group), slot.sign, minus)


def _signed(number: float, digits: str, sign: str, minus: str) -> str:
    """Put the sign in front: a plus once shown stays, and zero is never negative."""
    if number < 0 and re.search("[1-9]", digits):
        return (sign if sign in {"-", MINUS} else minus) + digits
    return digits if sign != "+" else sign + digits


def _bare(slot: Slot, number: float) -> str:
    """Choose the precision a lone ? leaves open: integers, whole percents, else four digits."""
    if slot.group or math.isclose(number, round(number), rel_tol=RELATIVE, abs_tol=10.0**-MOST_DECIMALS):
        return f"{number:,.0f}"
    digits = f"{number:,.{_decimals(number, 1 if slot.percent else SIGNIFICANT)}f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _decimals(number: float, significant: int) -> int:
    if not number:
        return significant - 1
    return min(MOST_DECIMALS, max(0, significant - 1 - math.floor(math.log10(number))))
