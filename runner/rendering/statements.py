"""What a document says about a key in words: the row, bullet or sentence that carries it, and its fingerprint."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from runner.documents.reading import Document
from runner.documents.scanner import Citation
from runner.findings import Place
from runner.rendering import templates, wording
from runner.rendering.citations import cite
from runner.rendering.desk import Desk
from runner.safety.canonical import digest_bytes

DIGITS = 8
ITEM = r"[ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?"
STARTS_ITEM = re.compile(ITEM)
STARTS_ROW = re.compile(r"[ \t>]*\|")
FENCE = re.compile(r"[ \t>]*(?:```|~~~)")
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
    span = _headed(key, document) or (_around(citing, text) if citing else None)
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
    return "" if words == "?" or wording.is_judgement(words, templates.languages()) else words


def _headed(key: str, document: Document) -> Span | None:
    """Return the row, bullet or paragraph that starts with the key: `| K2 |`, `- **Q1.2** ...`."""
    name = rf"(?:\[{re.escape(key)}\]\[[^\]]*\]|{re.escape(key)})"
    row = re.compile(rf"[ \t>]*\|[ \t]*(?:{name}|\*\*{name}\*\*)[ \t]*\|")
    bold = re.compile(rf"(?:{ITEM}|[ \t>]*)\*\*{name}(?:\*\*|[:：])")
    lines = prose(document)
    for number, (start, end) in enumerate(lines):
        line = document.source.text[start:end]
        if row.match(line):
            return start, end
        if bold.match(line):
            return start, _last(lines, number, document.source.text)
    return None


def _last(lines: list[Span], number: int, text: str) -> int:
    """Return where the bullet or paragraph that starts on a line ends."""
    end = lines[number][1]
    for start, following in lines[number + 1 :]:
        if start > end + 1 or _opens(text[start:following]):
            break
        end = following
    return end


def _opens(line: str) -> bool:
    return not line.strip("> \t\r") or any(pattern.match(line) for pattern in (STARTS_ITEM, STARTS_ROW, FENCE, BREAKS))


def prose(document: Document) -> list[Span]:
    """Return the lines of the body outside blocks and fences."""
    text, scanned = document.source.text, document.scan
    hidden = [(block.start, block.end) for block in scanned.blocks]
    at, lines, fenced = (scanned.front[1] if scanned.front else 0), list[Span](), False
    for line in text[at:].split("\n"):
        fence = FENCE.match(line) is not None
        if not (fenced or fence or any(start <= at < end for start, end in hidden)):
            lines.append((at, at + len(line)))
        fenced, at = fenced != fence, at + len(line) + 1
    return lines


def _around(citation: Citation, text: str) -> Span:
    """Return the row, the bullet or the sentence that a citation stands in."""
    start, end = text.rfind("\n", 0, citation.start) + 1, (text.find("\n", citation.end) + 1 or len(text) + 1) - 1
    if citation.place == "table":
        return start, end
    while start and not _opens(text[start:end]) and not _opens(above := _line_above(text, start)):
        start -= len(above) + 1
    while end < len(text) and not _opens(below := text[end + 1 :].partition("\n")[0]):
        end += len(below) + 1
    return (start, end) if STARTS_ITEM.match(text, start) else _sentence(text, (start, end), citation)


def _line_above(text: str, start: int) -> str:
    return text[text.rfind("\n", 0, start - 1) + 1 : start - 1]


def _sentence(text: str, span: Span, citation: Citation) -> Span:
    ends = [match.end() for match in SENTENCE.finditer(text, *span)]
    outside = [end for end in ends if not citation.start < end <= citation.end]
    index = bisect_right(outside, citation.start)
    start = outside[index - 1] if index else span[0]
    return start, outside[index] if index < len(outside) else span[1]
