"""What a document says about a key in words: the row, bullet or sentence that carries it, and its fingerprint."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from runner.documents.reading import Document
from runner.documents.scanner import Citation, read_structure
from runner.findings import Place
from runner.rendering import templates, wording
from runner.rendering.citations import cite
from runner.rendering.desk import Desk
from runner.safety.canonical import digest_bytes

DIGITS = 8
ITEM = r"[ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?"
TEXT = re.compile(r"\S")
STARTS_ITEM = re.compile(ITEM)
STARTS_ROW = re.compile(r"[ \t>]*\|")
BREAKS = re.compile(r"[ \t>]*(?:#{1,6}[ \t]|<!--)")  # a heading or a marker ends what stands above it
SENTENCE = re.compile(r"[。！？](?:[”’」』）])*|[.!?](?=\s|$)")
BAR = re.compile(r"\s*\|\s*")

Span = tuple[int, int]


@dataclass(frozen=True)
class Statement:
    """The words about one key, and a fingerprint of how a reader sees them."""

    place: Place
    fingerprint: str


def statement(key: str, desk: Desk) -> Statement | None:
    """Return what a document says about a key: where it heads a row or a bullet, else where it is cited first."""
    document = desk.document
    text = document.source.text
    citing = next((each for each in document.scan.citations if each.label.strip() == key), None)
    lines = prose(document)
    span = _headed(key, lines, text) or (_around(citing, lines, text) if citing else None)
    if span is None:
        return None
    return Statement(document.source.place(span[0]), digest_bytes(_shown(span, desk).encode(), DIGITS))


def _shown(span: Span, desk: Desk) -> str:
    """Return the words of a span as rendering leaves them for a reader, without verdicts and probabilities."""
    text, at, parts = desk.document.source.text, span[0], list[str]()
    for citation in desk.document.scan.citations:
        if span[0] <= citation.start < span[1]:
            parts += [text[at : citation.start], _words(citation, desk)]
            at = citation.end
    joined = "".join([*parts, text[at : span[1]]])
    return BAR.sub("|", " ".join(joined.split()))


def _words(citation: Citation, desk: Desk) -> str:
    edit = cite(citation, desk).edit
    words = edit.text if edit else citation.text
    return "" if words == "?" or wording.is_judgement(words, templates.judgements()) else words


def _headed(key: str, lines: list[Span], text: str) -> Span | None:
    """Return the row, bullet or paragraph that starts with the key: `| K2 |`, `- **Q1.2** ...`."""
    name = rf"(?:\[{re.escape(key)}\]\[[^\]]*\]|{re.escape(key)})"
    row = re.compile(rf"[ \t>]*\|[ \t]*(?:{name}|\*\*{name}\*\*)[ \t]*\|")
    bold = re.compile(rf"(?:{ITEM}|[ \t>]*)\*\*{name}(?:\*\*|[:：])")
    for number, (start, end) in enumerate(lines):
        line = text[start:end]
        if row.match(line):
            return start, end
        if bold.match(line):
            return start, _last(lines, number, text)
    return None


def _last(lines: list[Span], number: int, text: str) -> int:
    """Return where the bullet or paragraph that starts on a line ends."""
    end = lines[number][1]
    for line in lines[number + 1 :]:
        if line[0] > end + 1 or _opens(line, text):
            break
        end = line[1]
    return end


def _runs_on(line: Span, below: Span, text: str) -> bool:
    """Tell whether the line below continues a paragraph that this line does not open as an item or a row."""
    return line[1] + 1 == below[0] and not _opens(line, text)


def _opens(line: Span, text: str) -> bool:
    return any(pattern.match(text, *line) for pattern in (STARTS_ITEM, STARTS_ROW, BREAKS))


def prose(document: Document) -> list[Span]:
    """Return the lines of the body that hold text, in their order: none of blocks, code and html."""
    text = document.source.text
    _, structure = read_structure(text, TEXT)
    starts = {text.rfind("\n", 0, at) + 1 for passage in structure.passages for at in passage.lines()}
    return [(start, _end(start, text)) for start in sorted(starts)]


def _end(start: int, text: str) -> int:
    end = text.find("\n", start)
    return end if end >= 0 else len(text)


def _around(citation: Citation, lines: list[Span], text: str) -> Span:
    """Return the row, the bullet or the sentence that a citation stands in."""
    first = bisect_right(lines, citation.start, key=lambda line: line[0]) - 1
    if citation.place == "table":
        return lines[first]
    while first and not _opens(lines[first], text) and _runs_on(lines[first - 1], lines[first], text):
        first -= 1
    span = lines[first][0], _last(lines, first, text)
    return span if STARTS_ITEM.match(text, span[0]) else _sentence(text, span, citation)


def _sentence(text: str, span: Span, citation: Citation) -> Span:
    ends = [match.end() for match in SENTENCE.finditer(text, *span)]
    outside = [end for end in ends if not citation.start < end <= citation.end]
    index = bisect_right(outside, citation.start)
    start = outside[index - 1] if index else span[0]
    return start, outside[index] if index < len(outside) else span[1]
