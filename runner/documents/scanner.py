"""The document scanner: citations, blocks, headings and definitions of a text, with exact offsets.

It agrees with cmark-gfm, GitHub's own parser, on what is a link; time grows with the length of the text.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace

from runner.documents.markdown.anatomy import (
    Block,
    Citation,
    Definition,
    Heading,
    Place,
    Scan,
    Trouble,
    TroubleKind,
    fold_label,
)
from runner.documents.markdown.inlines import Inlines, Link
from runner.documents.markdown.lines import read_lines
from runner.documents.markdown.passages import Passage
from runner.documents.markdown.structure import CITATIONS, Structure

__all__ = [
    "Block",
    "Citation",
    "Definition",
    "Heading",
    "Place",
    "Scan",
    "Trouble",
    "TroubleKind",
    "fold_label",
    "scan",
]

LONGEST_LABEL = 400
LONGEST_TEXT = 200
_FRONT = re.compile(r"\ufeff?---[ \t]*\n((?:(?!---[ \t]*(?:\n|\Z))[^\n]*\n)*+)---[ \t]*(?:\n|\Z)")
_UNCLOSED_FRONT = re.compile(r"\ufeff?---[ \t]*\n[A-Za-z_][\w-]*:[ \n]")
_CONTROL = re.compile(r"(?P<sign>[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f])[^\n]*")


def scan(text: str) -> Scan:
    """Find everything the engine reads in the text of a document."""
    front, structure = read_structure(text)
    if not front and _UNCLOSED_FRONT.match(structure.source):
        start = int(text.startswith("\ufeff"))
        structure.report(start, "unclosed front matter", "the front matter does not end", "end it with a line `---`")
    defined = {fold_label(definition.label) for definition in structure.definitions}
    citations, troubles = _citations(text, structure.passages, defined)
    troubles += _unseen(text, front.end() if front else 0)
    return Scan(
        front.span(1) if front else None,
        tuple(citations),
        tuple(structure.blocks),
        tuple(structure.headings),
        tuple(structure.definitions),
        _in_order(structure.troubles + troubles),
    )


def read_structure(text: str, sought: re.Pattern[str] = CITATIONS) -> tuple[re.Match[str] | None, Structure]:
    """Return the front matter, and the block structure below it with the passages that hold what is sought."""
    source = _with_line_feeds(text)
    front = _FRONT.match(source)
    return front, read_lines(text, source, front.end() if front else int(text.startswith("\ufeff")), sought)


def _in_order(troubles: list[Trouble]) -> tuple[Trouble, ...]:
    once = {(trouble.offset, trouble.kind): trouble for trouble in reversed(troubles)}
    return tuple(once[key] for key in sorted(once))


def _with_line_feeds(text: str) -> str:
    """Return a text of the same length in which every line, also the last, ends with a line feed."""
    source = text.replace("\r\n", " \n").replace("\r", "\n").replace("\0", "\ufffd")
    return source if source.endswith("\n") else source + "\n"


def _citations(text: str, passages: list[Passage], defined: set[str]) -> tuple[list[Citation], list[Trouble]]:
    readings = [Inlines(passage.content, defined).read() for passage in passages]
    asked = set[str]().union(*[reading.asked for reading in readings]) - defined
    cited = _cited(readings) if asked else set()
    if asked & cited:
        # A cited label alone in brackets is a link too, and no link may hold another.
        readings = [Inlines(passage.content, defined | cited).read() for passage in passages]
    citations: list[Citation] = []
    troubles: list[Trouble] = []
    for passage, reading in zip(passages, readings, strict=True):
        troubles += [replace(each, offset=passage.source(each.offset)) for each in reading.troubles]
        for citation in _of_passage(text, passage, reading):
            found = list(_trouble(citation, defined))
            troubles += found
            if not any(each.kind in ("label too long", "text too long") for each in found):
                citations.append(citation)
    return sorted(citations, key=lambda citation: citation.start), troubles


def _unseen(text: str, start: int) -> Iterator[Trouble]:
    """Yield the first sign of every line that no screen shows; YAML has its own word for them above `start`."""
    for match in _CONTROL.finditer(text, start):
        message = f"an invisible character U+{ord(match['sign']):04X}"
        yield Trouble(match.start("sign"), "control sign", message, "delete it")


def _cited(readings: list[Inlines]) -> set[str]:
    return {
        fold_label(reading.content[link.label_start : link.label_end]) for reading in readings for link in reading.links
    }


def _of_passage(text: str, passage: Passage, reading: Inlines) -> Iterator[Citation]:
    formulas = reading.math() if reading.links else []
    for link in reading.links:
        before = bisect_left(formulas, (link.start, 0))
        in_math = before > 0 and link.start < formulas[before - 1][1]
        yield _citation(text, passage, link, "math" if in_math else passage.place)


def _citation(text: str, passage: Passage, link: Link, place: Place) -> Citation:
    start = passage.source(link.start)
    text_start, text_end = start + 1, passage.source(link.text_end)
    label_start, label_end = text_end + len("]["), passage.source(link.label_end)
    words, label = text[text_start:text_end], text[label_start:label_end]
    return Citation(start, label_end + 1, text_start, text_end, label_start, label_end, words, label, place)


def _trouble(citation: Citation, defined: set[str]) -> Iterator[Trouble]:
    too_long = len(citation.label) > LONGEST_LABEL
    too_wordy = len(citation.text) > LONGEST_TEXT
    wrapped = "\n" in citation.label or "\r" in citation.label
    if not (too_long or too_wordy or wrapped) or fold_label(citation.label) in defined:
        return
    if too_long:
        message = f"this label has more than {LONGEST_LABEL} signs"
        yield Trouble(citation.label_start, "label too long", message, "give the expression a name in define:")
    if too_wordy:
        yield Trouble(
            citation.start, "text too long", f"this citation has more than {LONGEST_TEXT} signs", "cite fewer words"
        )
    if wrapped:
        yield Trouble(
            citation.label_start, "wrapped label", "this label is broken over two lines", "put it on one line"
        )
