"""Blocks that may be open while lines are read: containers, and the leaf in the last of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from runner.documents.markdown import markup
from runner.documents.markdown.passages import Piece
from runner.documents.markdown.row import TAB, Row

_FENCE_END = re.compile(r"(?:`{3,}+|~{3,}+)(?=[ \t]*+\Z)")


@dataclass(slots=True)
class Container:
    """A quote, a list item or a footnote: what other blocks stand in."""

    kind: str
    width: int = 0
    children: int = 0


@dataclass(slots=True)
class Paragraph:
    """Lines of text; no table once a row of dashes did not fit its last line."""

    pieces: list[Piece]
    no_table: bool = False


@dataclass(slots=True)
class Fence:
    """Code between two rows of backticks or tildes."""

    sign: str
    length: int

    def is_closed_by(self, row: Row) -> bool:
        """Say whether this line is the second row."""
        if row.indent >= TAB or row.sign != self.sign:
            return False
        end = _FENCE_END.match(row.source, row.first, row.end)
        return end is not None and end.end() - row.first >= self.length

    def after(self, source: str, start: int) -> int:
        """Return where to go on behind the second row, outside all containers."""
        closing = re.compile(rf"^ {{0,3}}{self.sign}{{{self.length},}}+[ \t]*+\n", re.MULTILINE)
        match = closing.search(source, start)
        return match.end() if match else len(source)


@dataclass(slots=True)
class IndentedCode:
    """Code indented by four columns."""


@dataclass(slots=True)
class Html:
    """Raw html of one of the seven kinds."""

    kind: int
    start: int

    def is_closed_by(self, row: Row) -> bool:
        """Say whether this line is its last."""
        if self.kind >= markup.FIRST_LOOSE:
            return row.blank
        return markup.block_ends(row.source, self.kind, row.first, row.end)


@dataclass(slots=True)
class Table:
    """A pipe table."""

    columns: int


Leaf = Paragraph | Fence | IndentedCode | Html | Table
