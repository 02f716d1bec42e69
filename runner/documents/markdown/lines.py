"""Block structure: which stretches of a text are prose, headings and cells, line by line.

The rules are those of cmark-gfm, GitHub's parser; a generated block is opaque.
"""

from __future__ import annotations

import re

from runner.documents.markdown import markup
from runner.documents.markdown.leaves import Fence, Html, IndentedCode, Paragraph, Table
from runner.documents.markdown.markers import OPENING, Conflicts, Markers
from runner.documents.markdown.row import Row
from runner.documents.markdown.rules import opens
from runner.documents.markdown.stack import Stack
from runner.documents.markdown.structure import CITATIONS, Structure

_PLAIN_LINES = re.compile(r"(?:[^ \t\n>#`~<=+*_|:\[0-9-][^\n]*+\n)++")
_BLANK_LINES = re.compile(r"(?:[ \t]*+\n)++")
_NO_LINES = re.compile(r"[\r\n]++")
_TABLE_ROW = re.compile(r"\|[ \t\v\f]*+[^\n]++\n")
_SETTLED = 2  # blank lines after which a further one changes nothing


def read_lines(text: str, source: str, start: int, sought: re.Pattern[str] = CITATIONS) -> Structure:
    """Read the block structure from `start` on; `source` is `text` with every line end as a line feed."""
    found = Structure(source, sought)
    _Lines(text, found, start).read()
    return found


class _Lines:
    """The open blocks, and where the next line starts."""

    def __init__(self, text: str, found: Structure, start: int) -> None:
        self.text = text
        self.source = found.source
        self.found = found
        self.stack = Stack(found)
        self.next = start
        self.blank_lines = 0
        self.markers = Markers(self.source)
        self.conflicts = Conflicts(self.source)

    def read(self) -> None:
        """Read all lines, each once; most need no closer look."""
        while self.next < len(self.source):
            if not (self._lines_at_root() or self._block() or self._plain_lines()):
                self._line()
        leaf = self.stack.leaf
        if isinstance(leaf, Html) and leaf.kind == markup.COMMENT and not self.stack.containers:
            self.found.report(
                leaf.start, "unclosed comment", "this comment hides everything after it", "close it with -->"
            )
        self.stack.cut_all()
        self.found.troubles += self.markers.troubles + self.conflicts.troubles

    def _lines_at_root(self) -> bool:
        """Take blank lines, a fence, or a row of the open table, where no container is open."""
        leaf = self.stack.leaf
        if self.stack.containers or isinstance(leaf, Html | IndentedCode):
            return False
        if isinstance(leaf, Fence):
            self.next = leaf.after(self.source, self.next)
            self.stack.cut()
        elif match := _BLANK_LINES.match(self.source, self.next):
            self.next = match.end()
            self.stack.cut()
        elif isinstance(leaf, Table) and (match := _TABLE_ROW.match(self.source, self.next)):
            self.found.cells(self.next, match.end() - 1, leaf.columns)
            self.next = match.end()
        else:
            return False
        return True

    def _block(self) -> bool:
        """Take a generated block; its opening marker stands at column 0, whatever is open."""
        start = self.next
        if self.source[start] not in "<>":
            return False
        self.conflicts.see(start)
        if not self.source.startswith("<!-- ", start) or self._in_html(start):
            return False
        block = self.markers.block(start)
        if block:
            self.stack.cut_all()
            self.found.blocks.append(block)
            self.next = self.source.index("\n", block.end) + 1
        return block is not None

    def _in_html(self, start: int) -> bool:
        leaf = self.stack.leaf
        if not isinstance(leaf, Html) or self.stack.containers:
            return False
        if leaf.kind >= markup.FIRST_LOOSE and self.source.startswith(OPENING, start):
            self.found.report(
                start, "marker in html", "this marker belongs to the html above it", "leave a blank line between"
            )
        return True

    def _plain_lines(self) -> bool:
        """Take lines whose first sign opens nothing."""
        if isinstance(self.stack.leaf, Html | Table) and not self.stack.containers:
            return False
        match = _PLAIN_LINES.match(self.source, self.next)
        if match:
            self.next = match.end()
            self.stack.depth = 0
            self.stack.text(match.span())
        return match is not None

    def _line(self) -> None:
        """Read one line: what it continues, what it opens, and the text left over."""
        row = self._row()
        stack = self.stack
        if row.blank:
            self._skip_blank_lines()
        stack.match(row)
        if stack.leaf_takes(row) or opens(stack, row):
            return
        if row.blank:
            stack.cut()
        else:
            # A line that continues a paragraph without its marks keeps its indent, and so defines nothing.
            lazy = isinstance(stack.leaf, Paragraph) and not stack.all_matched
            stack.text((row.offset if lazy else row.first, row.following))

    def _row(self) -> Row:
        start, feed = self.next, self.source.index("\n", self.next)
        self.next = feed + 1
        row = Row(self.source, start, feed - (feed > start and self.text[feed - 1] == "\r"), feed + 1)
        self.blank_lines = self.blank_lines + 1 if row.blank else 0
        return row

    def _skip_blank_lines(self) -> None:
        """Skip the rest of a run of blank lines once they change nothing; there may be very many."""
        containers = self.stack.containers
        settled = self.blank_lines > _SETTLED
        if not settled or not all(each.children and each.kind != "quote" for each in containers):
            return
        # A footnote goes on after empty lines only, an item after any blank line.
        in_note = any(each.kind == "note" for each in containers)
        match = _NO_LINES.match(self.text, self.next) if in_note else _BLANK_LINES.match(self.source, self.next)
        self.next = match.end() if match else self.next
