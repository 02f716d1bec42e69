"""Coverage: which decimals of the prose are tied to something, counted and never guessed.

A decimal is a number with a point or a percent sign: results have one. Whole numbers are not counted, because in real
reports they are nearly always counts, sizes, years and ids.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from runner.documents.kinds import Hub
from runner.documents.library import Library
from runner.documents.prose import Span, Stretch, stretches
from runner.documents.reading import Document
from runner.expressions.tokens import NUMBER, quantity
from runner.findings import Place
from runner.rendering import digits
from runner.safety import bounded_yaml as yaml

KINDS = ("bound", "declared", "struck", "unbound")
FROM_ELSEWHERE = {"published", "withdrawn", "retired", "signed", "title", "id", "date"}  # no settings of the document
SHOWN = 48  # characters of a line that tell where a number stands

PERCENT = re.compile(r"[ \u00a0\u2009\u202f]?[%\uff05\u2030]")
DECIMAL = re.compile(rf"\.[0-9]|[0-9]{PERCENT.pattern}|[0-9][eE]-[0-9]")
POWER = re.compile(r"(?<![\w.])(?:[0-9]+(?:\.[0-9]+)?[eE]-|[0-9]+\.[0-9]+[eE]\+?)[0-9]+(?!\w)")
LITERAL = re.compile(rf"(?<![\w.@])(?<!\w-){NUMBER}(?:[kM](?!\w)| ?%)?")  # in no id
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
    """One number in prose: where it stands, what ties it, and how its line begins."""

    place: Place
    written: str
    kind: str
    line: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """The decimals of one document."""

    document: Document
    decimals: tuple[Decimal, ...]

    @property
    def counts(self) -> Counter[str]:
        """Return how many decimals there are of each kind."""
        return Counter(decimal.kind for decimal in self.decimals)

    @property
    def unbound(self) -> list[Decimal]:
        """Return the decimals that nothing ties."""
        return [decimal for decimal in self.decimals if decimal.kind == "unbound"]


def coverage(document: Document, library: Library) -> Coverage:
    """Look at every decimal in the prose of a document."""
    known = _literals(document)
    protocol = _protocol(document, library)
    if protocol is not None:
        known |= _literals(protocol)
    found = (
        _decimal(document, stretch, span, value, known)
        for stretch in stretches(document.source.text, DECIMAL)
        for span, value in _numbers(stretch)
    )
    return Coverage(document, tuple(sorted(found, key=lambda decimal: decimal.place)))


def summary(covered: list[Coverage]) -> tuple[list[str], dict[str, Any]]:
    """Return the table of a library and every number that nothing ties, as lines and as data."""
    covered = [each for each in covered if each.decimals]
    rows = {each.document.name: each.counts for each in covered}
    rows["total"] = sum(rows.values(), Counter[str]())
    width = max(map(len, rows))
    lines = [f"{each.place}: {each.written}  {each.line}" for one in covered for each in one.unbound]
    lines += ["", f"{'decimals in prose':<{width}}  {'  '.join(f'{kind:>8}' for kind in KINDS)}"]
    lines += [f"{name:<{width}}  {'  '.join(f'{count[kind]:>8}' for kind in KINDS)}" for name, count in rows.items()]
    data = {name: {kind: count[kind] for kind in KINDS} for name, count in rows.items()}
    return lines, {
        "total": data.pop("total"),
        "documents": data,
        "unbound": [_entry(d) for c in covered for d in c.unbound],
    }


def _entry(decimal: Decimal) -> dict[str, Any]:
    place = decimal.place
    return {"path": place.path, "line": place.line, "column": place.column, "number": decimal.written}


def _protocol(document: Document, library: Library) -> Document | None:
    if isinstance(document.body, Hub):
        return library.find(document.body.protocol)
    return library.protocol_document(document)


def _numbers(stretch: Stretch) -> Iterator[tuple[Span, float]]:
    """Yield the decimals of a stretch with their size, the sign left out."""
    for match in POWER.finditer(stretch.text):
        yield match.span(), float(match[0])
    for slot in digits.slots(stretch.text):
        if not slot.placeholder and (slot.decimals or slot.percent) and not _is_name(slot, stretch):
            yield (slot.start, slot.end), abs(slot.number) / slot.scale


def _is_name(slot: digits.Slot, stretch: Stretch) -> bool:
    """Tell whether a number names a section, a table or a version."""
    before, after = stretch.text[: slot.start], stretch.text[slot.end :]
    if slot.sign or slot.percent or slot.written.startswith(("0", ".")):
        return False
    numbering = NUMBERING.match(stretch.text) if stretch.heading else None
    in_numbering = numbering is not None and slot.end <= numbering.end()
    return in_numbering or bool(REFERRING.search(before[-SHOWN:])) or bool(REFERRED.match(after))


def _decimal(document: Document, stretch: Stretch, span: Span, value: float, known: set[float]) -> Decimal:
    source = document.source
    start, end = stretch.source(span[0]), stretch.source(span[1] - 1) + 1
    if _within(span, stretch.cited):
        kind = "bound"
    elif _within(span, stretch.struck):
        kind = "struck"
    else:
        kind = "declared" if _rounded(value) in known else "unbound"
    line = source.text[source.text.rfind("\n", 0, start) + 1 :].partition("\n")[0].strip()
    sign = PERCENT.match(source.text, end)
    return Decimal(source.place(start), source.text[start : sign.end() if sign else end], kind, line[:SHOWN])


def _within(span: Span, others: tuple[Span, ...]) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in others)


def _literals(document: Document) -> set[float]:
    """Return every number of a front matter that its author set; what others published is none."""
    if document.scan.front is None or not document.id:
        return set()
    start, end = document.scan.front
    try:
        node = yaml.load(document.source.text[start:end])
    except yaml.YamlRefused:
        return set()
    entries = node.entries if isinstance(node, yaml.Mapping) else ()
    texts = [text for key, inner in entries if key.text not in FROM_ELSEWHERE for text in _texts(inner)]
    numbers = (quantity(match[0]) for text in texts for match in LITERAL.finditer(text))
    return {_rounded(number) for number in numbers if number is not None}


def _texts(node: yaml.Node) -> Iterator[str]:
    match node:
        case yaml.Scalar(text=text):
            yield text
        case yaml.Sequence(items=items):
            for item in items:
                yield from _texts(item)
        case yaml.Mapping(entries=entries):
            for key, inner in entries:
                yield key.text
                yield from _texts(inner)


def _rounded(value: float) -> float:
    """Return a number without the rounding of its percent sign, so that equal numbers are equal."""
    return float(f"{value:.12g}")
