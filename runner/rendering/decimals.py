"""Decimals: the numbers of a text that results have, told from counts, years, ids, sections and versions.

A decimal is a number with a point or a percent sign. Whole numbers are none, because in real reports they are nearly
always counts, sizes, years and ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from runner.rendering import digits

NEAR = 48  # characters before a number that tell what it names
PERCENT = re.compile(r"[ \u00a0\u2009\u202f]?[%\uff05\u2030]")
DECIMAL = re.compile(rf"\.[0-9]|[0-9]{PERCENT.pattern}|[0-9][eE]-[0-9]")
POWER = re.compile(r"(?<![\w.])(?:[0-9]+(?:\.[0-9]+)?[eE]-|[0-9]+\.[0-9]+[eE]\+?)[0-9]+(?!\w)")
NUMBERING = re.compile(r"\W*[0-9]+(?:\.[0-9]+)+(?=[.):]?\s|[\u3001\uff09\uff1a])")
# `section 4.1`, `v2.1`, `Python 3.11`: no number that begins with 0 is one of these.
REFERRING = re.compile(
    r"""(?: \b(?i:sections?|sec\.|chapters?|tables?|tab\.|figures?|figs?\.?|equations?|eqs?\.?|appendix|steps?|phases?
              |versions?|releases?|python|torch|pytorch|numpy|cuda)
          | § | 第 | 见 | 表 | 图 | 式 | 章 | 节 | 版本 )
        [ \u00a0]?[(\uff08]?$""",
    re.VERBOSE,
)
REFERRED = re.compile(r" ?(?:小?节|章|版)")


@dataclass(frozen=True, slots=True)
class Decimal:
    """One decimal of a text: where it stands, and its size, the sign left out."""

    start: int
    end: int
    size: float


def decimals(text: str, *, heading: bool = False) -> Iterator[Decimal]:
    """Yield the decimals of a text; a heading may begin with the number of its section."""
    for match in POWER.finditer(text):
        yield Decimal(*match.span(), float(match[0]))
    for slot in digits.slots(text):
        if not slot.placeholder and (slot.decimals or slot.scale > 1) and not _is_name(slot, text, heading=heading):
            yield Decimal(slot.start, slot.end, abs(slot.number) / slot.scale)


def settled(value: float) -> float:
    """Return a number without the rounding of its percent sign, so that equal numbers are equal."""
    return float(f"{value:.12g}")


def _is_name(slot: digits.Slot, text: str, *, heading: bool) -> bool:
    """Tell whether a number names a section, a table or a version."""
    before, after = text[: slot.start], text[slot.end :]
    if slot.sign or slot.percent or slot.written.startswith(("0", ".")):
        return False
    numbering = NUMBERING.match(text) if heading else None
    in_numbering = numbering is not None and slot.end <= numbering.end()
    return in_numbering or bool(REFERRING.search(before[-NEAR:])) or bool(REFERRED.match(after))
