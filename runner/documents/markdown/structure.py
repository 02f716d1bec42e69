"""Block structure as it is found: passages to read, headings, definitions, blocks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from runner.documents.markdown import references, tables
from runner.documents.markdown.anatomy import Block, Definition, Heading, Place, Trouble, TroubleKind
from runner.documents.markdown.markers import OPENING
from runner.documents.markdown.passages import Passage, Piece, without_first

CITATIONS = re.compile(rf"\][ \t]*+(?:\[|\n)|{OPENING}")


@dataclass(slots=True)
class Structure:
    """What a pass over the lines of `source` finds; every line of it ends with a line feed."""

    source: str
    sought: re.Pattern[str] = CITATIONS  # what a passage worth reading holds
    passages: list[Passage] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    definitions: list[Definition] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)

    def passage(self, pieces: list[Piece], place: Place) -> None:
        """Keep these pieces if they may hold what is sought."""
        for start, end in pieces:
            if self.sought.search(self.source, start, end):
                self.passages.append(Passage(self.source, pieces, place))
                return

    def heading(self, span: Piece, level: int, pieces: list[Piece]) -> None:
        """Keep a heading; `span` reaches over its marks."""
        lines = Passage(self.source, pieces, "heading").content.strip(" \t\n").split("\n")
        self.headings.append(Heading(*span, level, " ".join(line.strip(" \t") for line in lines)))
        self.passage(pieces, "heading")

    def cells(self, start: int, end: int, columns: int) -> None:
        """Keep the cells of a row; a renderer drops those beyond the header's columns."""
        if self.sought.search(self.source, start, end):
            for cell in tables.cells(self.source, start, end)[:columns]:
                self.passage(tables.unescaped(self.source, [cell]), "table")

    def without_definitions(self, pieces: list[Piece]) -> list[Piece]:
        """Keep the definitions at the head of a paragraph; return the pieces after them."""
        if not pieces or self.source[pieces[0][0]] != "[":
            return pieces
        passage = Passage(self.source, pieces, "prose")
        read = 0
        while found := references.definition(passage.content, read):
            start, end = passage.source(read), passage.source(found.end - 1) + 1
            self.definitions.append(Definition(start, end, found.label, found.target))
            read = found.next
        return without_first(pieces, read)

    def report(self, offset: int, kind: TroubleKind, message: str, fix: str) -> None:
        """Keep a trouble."""
        self.troubles.append(Trouble(offset, kind, message, fix))
