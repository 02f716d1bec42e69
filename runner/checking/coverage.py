"""Coverage: which decimals of the prose are tied to something, counted and never guessed.

Whole numbers are not counted. A decimal is bound when it stands in a citation that can be compared with the evidence;
where the citation was refused it is unchecked, whatever it is called.
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
from runner.rendering.decimals import DECIMAL, PERCENT, decimals, settled
from runner.rendering.decimals import Decimal as Found
from runner.rendering.page import refusals
from runner.safety import bounded_yaml as yaml
from runner.verdicts.knowledge import Knowledge

KINDS = ("bound", "unchecked", "declared", "struck", "unbound")
FROM_ELSEWHERE = {"published", "withdrawn", "retired", "signed", "title", "id", "date"}  # no settings of the document
UNCHECKED = " is not checked"
SHOWN = 48  # characters of a line that tell where a number stands

LITERAL = re.compile(rf"(?<![\w.@])(?<!\w-){NUMBER}(?:[kM](?!\w)| ?%)?")  # in no id


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
    def loose(self) -> list[Decimal]:
        """Return the decimals that nothing ties, or whose citation is compared with nothing."""
        return [decimal for decimal in self.decimals if decimal.kind in {"unbound", "unchecked"}]


def coverage(document: Document, knowledge: Knowledge) -> Coverage:
    """Look at every decimal in the prose of a document."""
    known = _literals(document)
    protocol = _protocol(document, knowledge.library)
    if protocol is not None:
        known |= _literals(protocol)
    refused = tuple((each.text_start, each.text_end) for each in refusals(document, knowledge))
    found = (
        _decimal(document, stretch, each, known, refused)
        for stretch in stretches(document.source.text, DECIMAL)
        for each in decimals(stretch.text, heading=stretch.heading)
    )
    return Coverage(document, tuple(sorted(found, key=lambda decimal: decimal.place)))


def summary(covered: list[Coverage]) -> tuple[list[str], dict[str, Any]]:
    """Return the table of a library and every number that nothing ties, as lines and as data."""
    covered = [each for each in covered if each.decimals]
    rows = {each.document.name: each.counts for each in covered}
    rows["total"] = sum(rows.values(), Counter[str]())
    width = max(map(len, rows))
    lines = [
        f"{each.place}: {each.written}{UNCHECKED * (each.kind == 'unchecked')}  {each.line}"
        for one in covered
        for each in one.loose
    ]
    lines += ["", f"{'decimals in prose':<{width}}  {'  '.join(f'{kind:>9}' for kind in KINDS)}"]
    lines += [f"{name:<{width}}  {'  '.join(f'{count[kind]:>9}' for kind in KINDS)}" for name, count in rows.items()]
    data = {name: {kind: count[kind] for kind in KINDS} for name, count in rows.items()}
    return lines, {
        "total": data.pop("total"),
        "documents": data,
        "loose": [_entry(d) for c in covered for d in c.loose],
    }


def _entry(decimal: Decimal) -> dict[str, Any]:
    place = decimal.place
    return {
        "path": place.path,
        "line": place.line,
        "column": place.column,
        "number": decimal.written,
        "kind": decimal.kind,
    }


def _protocol(document: Document, library: Library) -> Document | None:
    if isinstance(document.body, Hub):
        return library.find(document.body.protocol)
    return library.protocol_document(document)


def _decimal(
    document: Document, stretch: Stretch, found: Found, known: set[float], refused: tuple[Span, ...]
) -> Decimal:
    source, span = document.source, (found.start, found.end)
    start, end = stretch.source(span[0]), stretch.source(span[1] - 1) + 1
    if _within(span, stretch.cited):
        kind = "unchecked" if _within((start, end), refused) else "bound"
    elif _within(span, stretch.struck):
        kind = "struck"
    else:
        kind = "declared" if settled(found.size) in known else "unbound"
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
    return {settled(number) for number in numbers if number is not None}


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
