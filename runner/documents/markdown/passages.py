"""Passages: the stretches of a text in which inline structure is read."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from runner.documents.markdown.anatomy import Place

Piece = tuple[int, int]


class Passage:
    """The content of one paragraph, heading or cell, and the way back to the source."""

    __slots__ = ("_sources", "_starts", "content", "place")

    def __init__(self, source: str, pieces: list[Piece], place: Place) -> None:
        """Join the pieces; what lies between them (`> `, indents) is no content."""
        self.place: Place = place
        self.content = "".join([source[start:end] for start, end in pieces])
        self._sources = [start for start, _ in pieces]
        self._starts = []
        length = 0
        for start, end in pieces:
            self._starts.append(length)
            length += end - start

    def source(self, offset: int) -> int:
        """Return the offset in the source of a character of the content."""
        index = bisect_right(self._starts, offset) - 1
        return self._sources[index] + offset - self._starts[index]

    def lines(self) -> Iterator[int]:
        """Yield where in the source the text of each line of the content starts."""
        offset = 0
        for line in self.content.split("\n"):
            if line.strip():
                yield self.source(offset)
            offset += len(line) + 1


def without_first(pieces: list[Piece], count: int) -> list[Piece]:
    """Drop the first `count` characters of the content."""
    kept = []
    for start, end in pieces:
        dropped = min(count, end - start)
        count -= dropped
        if start + dropped < end:
            kept.append((start + dropped, end))
    return kept
