"""Rows of pipe tables: how many cells they have, and where these lie."""

from __future__ import annotations

import re
from itertools import pairwise

from runner.documents.markdown.passages import Piece

_MARK = r"[ \t\v\f]*+:?-++:?[ \t\v\f]*+"
_DELIMITER = re.compile(rf"\|?{_MARK}(?:\|{_MARK})*+\|?[ \t\v\f]*+\Z")
_PIPE = re.compile(r"(?<!\\)\|")
_EMPTY_ROW = re.compile(r"\|?[ \t\v\f]*\Z")


def delimiter_columns(source: str, start: int, end: int) -> int:
    """Return how many columns this row of dashes has, 0 where the line is none."""
    return len(cells(source, start, end)) if _DELIMITER.match(source, start, end) else 0


def last_line(source: str, pieces: list[Piece]) -> tuple[list[Piece], Piece]:
    """Split the last line, without its line feed, off a paragraph."""
    start, end = pieces[-1]
    cut = source.rfind("\n", start, end - 1) + 1 or start
    return [*pieces[:-1], (start, cut)], (cut, end - 1)


def is_row(source: str, start: int, end: int) -> bool:
    """Say whether this line holds at least one cell."""
    return _EMPTY_ROW.match(source, start, end) is None


def cells(source: str, start: int, end: int) -> list[Piece]:
    """Return where the cells of a row lie."""
    bounds = [pipe.start() for pipe in _PIPE.finditer(source, start, end)]
    if not bounds or bounds[0] != start:
        bounds.insert(0, start - 1)
    if source[bounds[-1] + 1 : end].strip(" \t\v\f"):
        bounds.append(end)
    return [(left + 1, right) for left, right in pairwise(bounds)]


def unescaped(source: str, pieces: list[Piece]) -> list[Piece]:
    r"""Leave out the backslash of every `\|`, as the parser does before it reads a cell."""
    parts = []
    for start, end in pieces:
        left = start
        while (escape := source.find("\\|", left, end)) >= 0:
            parts.append((left, escape))
            left = escape + 1
        parts.append((left, end))
    return [(start, end) for start, end in parts if start < end]
