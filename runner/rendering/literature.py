"""Published values beside ours, and values that were withdrawn: shown, never judged."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from runner.documents.kinds import Published, Stated
from runner.documents.published import address_of
from runner.documents.sweeps import spoken
from runner.expressions.parse import parse
from runner.expressions.syntax import Call, Expression, Reference
from runner.findings import InputRefused
from runner.rendering import digits, wording
from runner.rendering.desk import Desk
from runner.results import published
from runner.results.evaluation import Pending

DECIMALS = re.compile(r"[+-]?[0-9]+\.[0-9]+")
SAME = "same"  # the population of values that stand on our very rows


@dataclass(frozen=True)
class Line:
    """One published value with what we have at its address."""

    source: str
    population: str
    address: str
    stated: Stated
    ours: float | None = None
    instead: str = ""  # the address ours is taken from, where it is another one
    why: str = ""

    @property
    def same(self) -> bool:
        """Tell whether the source speaks of our rows."""
        return self.population == SAME

    @property
    def shown(self) -> str:
        """Return the value as its source gives it."""
        return shown(self.stated)

    @property
    def difference(self) -> float | None:
        """Return how much larger ours is, where there are both."""
        return None if self.ours is None else self.ours - self.stated.value


def compared(desk: Desk, compare: str) -> list[Line]:
    """Return what was published, each value beside ours of the same address, else beside the one to compare."""
    other = _ours(desk, compare) if compare else None
    entries = published.published(desk.document, desk.knowledge.library)
    return [_beside(line, desk, compare, other) for line in _lines(entries)]


def withdrawn(desk: Desk) -> list[Line]:
    """Return what was withdrawn."""
    experiment = desk.document.experiment
    return list(_lines(experiment.withdrawn if experiment else ()))


def shown(value: Stated) -> str:
    """Write a value with the interval its source gives, digit by digit."""
    numbers = (value.value, *(value.interval or ()))
    said, *ends = map(_given, numbers, value.written or [""] * len(numbers))
    return f"{said} [{ends[0]},{wording.BLANK}{ends[1]}]" if ends else said


def _given(number: float, written: str) -> str:
    """Write a number with the decimals its source gives it."""
    size = written.lstrip("+-") if DECIMALS.fullmatch(written) else wording.plain(abs(number))
    return f"{digits.MINUS if number < 0 else ''}{size}"


def quoted(tree: Expression, desk: Desk) -> str:
    """Return the published value that an expression is, as its source gives it, or nothing."""
    if not isinstance(tree, Call) or tree.function != "published":
        return ""
    return shown(published.cited(tree.arguments[0], desk.document, desk.knowledge.library)[0])


def provenance(entry: Published, labels: Mapping[str, Any]) -> str:
    """Return where a published value comes from: `published · report · 1000 rows`."""
    population = labels["same_rows"] if entry.population == SAME else entry.population
    return f"{labels['published']} · {entry.source} · {population}"


def _lines(entries: tuple[Published, ...]) -> Iterator[Line]:
    for entry in entries:
        for address, value in entry.values.items():
            yield Line(entry.source, entry.population, _spoken(address), value, why=entry.why)


def _spoken(address: str) -> str:
    """Write an address the way people say it: `vit(1M).r2`."""
    tree = parse(address)
    return address_of(tree, spoken) if isinstance(tree, Reference) else address


def _beside(line: Line, desk: Desk, compare: str, other: float | None) -> Line:
    own = _ours(desk, line.address, quiet=True)
    if own is None and other is not None:
        return Line(line.source, line.population, line.address, line.stated, other, compare)
    return Line(line.source, line.population, line.address, line.stated, own)


def _ours(desk: Desk, text: str, *, quiet: bool = False) -> float | None:
    """Return our value of an expression; an address that only the source knows has none."""
    try:
        point = desk.knowledge.evaluator.expression(text, parse(text), desk.document).point
    except Pending:
        return None
    except InputRefused:
        if quiet:
            return None
        raise
    return point if math.isfinite(point) else None
