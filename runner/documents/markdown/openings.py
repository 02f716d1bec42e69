"""The first signs of a line and what they open; the patterns are those of GitHub's parser."""

from __future__ import annotations

import re
from typing import NamedTuple

from runner.documents.markdown.row import Row

_HEADING = re.compile(r"(#{1,6})(?:[ \t]+|\Z)")
_UNDERLINE = re.compile(r"(?:=++|-++)[ \t]*+\Z")
_BREAK = re.compile(r"(?:(?:\*[ \t]*+){3,}+|(?:-[ \t]*+){3,}+|(?:_[ \t]*+){3,}+)\Z")
_FENCE = re.compile(r"(?:`{3,}+(?=[^`]*+\Z)|~{3,}+)")
_LONGEST_FENCE = 255
_NOTE = re.compile(r"\[\^[^\] \t]+\]:[ \t]*")
_ITEM = re.compile(r"(?:[-+*]|([0-9]{1,9})[.)])(?=[ \t]|\Z)")
_TASK = re.compile(r"[ \t\v\f]*(?:[-+*]|[0-9]+\.)[ \t\v\f]+\[[ xX]\][ \t\v\f]+")


class Heading(NamedTuple):
    """A heading with `#`: its level, and where its text lies."""

    level: int
    start: int
    end: int


def heading(row: Row) -> Heading | None:
    """Read the heading that starts here."""
    match = _HEADING.match(row.source, row.first, row.end)
    if not match:
        return None
    text = row.source[match.end() : row.end].rstrip(" \t")
    bare = text.rstrip("#")
    if bare[-1:] in ("", " ", "\t"):
        text = bare.rstrip(" \t")
    return Heading(len(match[1]), match.end(), match.end() + len(text))


def is_underline(row: Row) -> bool:
    """Say whether the line turns the paragraph above into a heading."""
    return _UNDERLINE.match(row.source, row.first, row.end) is not None


def is_thematic_break(row: Row) -> bool:
    """Say whether the line is a rule across the page."""
    return _BREAK.match(row.source, row.first, row.end) is not None


def fence_length(row: Row) -> int:
    """Return the number of backticks or tildes that open a fence, or 0."""
    match = _FENCE.match(row.source, row.first, row.end)
    return min(match.end() - row.first, _LONGEST_FENCE) if match else 0


def note_end(row: Row) -> int:
    """Return where the text of a footnote starts, or 0."""
    match = _NOTE.match(row.source, row.first, row.end)
    return match.end() if match else 0


def item_end(row: Row, *, in_paragraph: bool) -> int:
    """Return the end of the mark of a list item, or 0; not every mark breaks off a paragraph."""
    match = _ITEM.match(row.source, row.first, row.end)
    if not match:
        return 0
    numbered_on = match[1] is not None and int(match[1]) != 1
    if in_paragraph and (numbered_on or not row.source[match.end() : row.end].strip(" \t")):
        return 0
    return match.end()


def is_task(row: Row) -> bool:
    """Say whether the line is a list item with a box."""
    return _TASK.match(row.source, row.start, row.end) is not None
