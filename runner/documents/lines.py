"""Block structure: which stretches of a text are prose, headings and cells, line by line.

The rules and their order are those of cmark-gfm, GitHub's parser; a generated block is opaque.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from runner.documents import markup, openings, tables
from runner.documents.leaves import Container, Fence, Html, IndentedCode, Leaf, Paragraph, Table
from runner.documents.markers import OPENING, Conflicts, Markers
from runner.documents.passages import Piece
from runner.documents.row import TAB, Row
from runner.documents.structure import Structure

DEEPEST = 32
_PLAIN_LINES = re.compile(r"(?:[^ \t\n>#`~<=+*_|:\[0-9-][^\n]*+\n)++")
_BLANK_LINES = re.compile(r"(?:[ \t]*+\n)++")
_NO_LINES = re.compile(r"[\r\n]++")
_TABLE_ROW = re.compile(r"\|[ \t\v\f]*+[^\n]++\n")
_SETTLED = 2  # blank lines after which a further one changes nothing
_WIDEST_GAP = 4


def read_lines(text: str, source: str, start: int) -> Structure:
    """Read the block structure from `start` on; `source` is `text` with every line end as a line feed."""
    lines = _Lines(Structure(text, source), start)
    lines.read()
    return lines.found


class _Lines:
    """The open containers, the open leaf in the last of them, and where the next line starts."""

    def __init__(self, found: Structure, start: int) -> None:
        self.found = found
        self.text, self.source = found.text, found.source
        self.next = start
        self.containers: list[Container] = []
        self.leaf: Leaf | None = None
        self.depth = 0  # how many containers the line being read continues
        self.blank_lines = 0
        self.markers = Markers(self.source)
        self.conflicts = Conflicts(self.source)

    def read(self) -> None:
        """Read all lines, each once; most need no closer look."""
        while self.next < len(self.source):
            if not (self._block() or self._plain_lines() or self._lines_at_root()):
                self._line()
        if isinstance(self.leaf, Html) and self.leaf.kind == markup.COMMENT and not self.containers:
            self.found.report(self.leaf.start, "unclosed comment", "this comment hides everything after it")
        self.depth = 0
        self._cut()
        self.found.troubles += self.markers.troubles + self.conflicts.troubles

    # Whole lines at column 0.

    def _block(self) -> bool:
        start = self.next
        if self.source[start] not in "<>|":
            return False
        self.conflicts.see(start)
        if not self.source.startswith("<!-- ", start) or self._in_html(start):
            return False
        block = self.markers.block(start)
        if block:
            self.depth = 0
            self._cut()
            self.found.blocks.append(block)
            self.next = self.source.index("\n", block.end) + 1
        return block is not None

    def _in_html(self, start: int) -> bool:
        if not isinstance(self.leaf, Html) or self.containers:
            return False
        if self.leaf.kind >= markup.FIRST_LOOSE and self.source.startswith(OPENING, start):
            self.found.report(start, "marker in html", "leave a blank line between the html and this marker")
        return True

    def _plain_lines(self) -> bool:
        if isinstance(self.leaf, Html | Table) and not self.containers:
            return False
        match = _PLAIN_LINES.match(self.source, self.next)
        if match:
            self.next = match.end()
            self.depth = 0
            self._text(match.span())
        return match is not None

    def _lines_at_root(self) -> bool:
        """Take blank lines, or a row of the open table, where no container is open."""
        if self.containers or isinstance(self.leaf, Html | IndentedCode):
            return False
        if match := _BLANK_LINES.match(self.source, self.next):
            self._cut()
            self.next = match.end()
        elif isinstance(self.leaf, Table) and (match := _TABLE_ROW.match(self.source, self.next)):
            self.found.cells(self.next, match.end() - 1, self.leaf.columns)
            self.next = match.end()
        return match is not None

    # One line: what it continues, what it opens, and the text left over.

    def _line(self) -> None:
        row = self._row()
        if row.blank and self._blank_again():
            return
        self.depth = 0
        while self.depth < len(self.containers) and self._continues(self.containers[self.depth], row):
            self.depth += 1
        if self._continues_leaf(row) or self._opens(row):
            return
        if row.blank:
            self._cut()
        else:
            lazy = self.depth < len(self.containers)  # such a line keeps its indent, and so defines nothing
            self._text((row.offset if lazy else row.first, self.next))

    def _row(self) -> Row:
        start, feed = self.next, self.source.index("\n", self.next)
        self.next = feed + 1
        return Row(self.source, start, feed - (feed > start and self.text[feed - 1] == "\r"))

    def _blank_again(self) -> bool:
        """Skip a run of blank lines once they change nothing; there may be very many."""
        self.blank_lines += 1
        settled = self.blank_lines > _SETTLED
        if not settled or not all(each.children and each.kind != "quote" for each in self.containers):
            return False
        # A footnote goes on after empty lines only, an item after any blank line.
        in_note = any(each.kind == "note" for each in self.containers)
        match = _NO_LINES.match(self.text, self.next) if in_note else _BLANK_LINES.match(self.source, self.next)
        self.next = match.end() if match else self.next
        return not in_note

    def _continues(self, container: Container, row: Row) -> bool:
        if container.kind == "quote":
            return self._quote_mark(row)
        if row.indent >= container.width:
            row.skip_columns(container.width)
        elif container.kind == "note":
            return self.text[row.start : row.start + 1] in ("", "\n", "\r")
        elif row.blank and container.children:
            row.skip_to(row.first)
        else:
            return False
        return True

    def _continues_leaf(self, row: Row) -> bool:
        """Say whether the line belongs to a leaf in which nothing opens."""
        leaf = self.leaf
        if self.depth < len(self.containers) or leaf is None or isinstance(leaf, Paragraph):
            return False
        if isinstance(leaf, Fence | Html):
            self.leaf = None if leaf.is_closed_by(row) else leaf
            return True
        if isinstance(leaf, IndentedCode) and (row.blank or row.indent >= TAB):
            return True
        if isinstance(leaf, IndentedCode) or row.blank or not tables.is_row(self.source, row.first, row.end):
            self.leaf = None
        return False

    def _opens(self, row: Row) -> bool:
        """Open what the line starts; say whether nothing of it is left as text."""
        while not row.blank:
            if row.indent >= TAB:
                return self._indented_code()
            if self._follows(_LEAVES.get(row.sign, ()), row):
                return True
            if not self._follows(_CONTAINERS.get(row.sign, ()), row):
                return self._header(row) or self._table_row(row) or self._task(row)
        return False

    def _follows(self, rules: tuple[_Rule, ...], row: Row) -> bool:
        return any(rule(self, row) for rule in rules)

    # Containers: the line goes on behind their mark.

    def _quote(self, row: Row) -> bool:
        return self._nest(Container("quote"), row) and self._quote_mark(row)

    def _quote_mark(self, row: Row) -> bool:
        if row.indent >= TAB or row.sign != ">":
            return False
        row.skip_columns(row.indent + 1)
        row.skip_columns(min(row.indent, 1))
        return True

    def _note(self, row: Row) -> bool:
        end = openings.note_end(row)
        if not end or not self._nest(Container("note", TAB), row):
            return False
        row.skip_to(end)
        return True

    def _item(self, row: Row) -> bool:
        end = openings.item_end(row, in_paragraph=self._in_paragraph())
        if not end or not self._nest(Container("item"), row):
            return False
        mark = row.indent + end - row.first
        row.skip_to(end)
        gap = 1 if row.blank or row.indent > _WIDEST_GAP else row.indent
        self.containers[-1].width = mark + gap
        row.skip_columns(min(row.indent, gap))
        return True

    def _task(self, row: Row) -> bool:
        """Step over the box of a task."""
        at_start = self.leaf is None and self.containers and self.depth == len(self.containers)
        if at_start and self.containers[-1].kind == "item" and openings.is_task(row):
            row.skip_to(row.offset + len("[x]"))
        return False

    # Leaves: the line is used up.

    def _heading(self, row: Row) -> bool:
        heading = openings.heading(row)
        if heading:
            self._add(None)
            self.found.heading((row.first, row.text_end()), heading.level, [(heading.start, heading.end)])
        return heading is not None

    def _underline(self, row: Row) -> bool:
        paragraph = self.leaf
        if not isinstance(paragraph, Paragraph) or not self._in_paragraph() or not openings.is_underline(row):
            return False
        paragraph.pieces = self.found.without_definitions(paragraph.pieces)
        if paragraph.pieces:
            self.leaf = None
            span = (paragraph.pieces[0][0], row.text_end())
            self.found.heading(span, 1 if row.sign == "=" else 2, paragraph.pieces)
        else:
            paragraph.pieces = [(row.first, self.next)]
        return True

    def _rule(self, row: Row) -> bool:
        found = openings.is_rule(row)
        if found:
            self._add(None)
        return found

    def _fence(self, row: Row) -> bool:
        length = openings.fence_length(row)
        if not length:
            return False
        fence = Fence(row.sign, length)
        self._add(fence)
        if not self.containers:
            self.next = fence.after(self.source, self.next)
            self.leaf = None
        return True

    def _html(self, row: Row) -> bool:
        kind = markup.block_kind(self.source, row.first, row.end)
        if not kind or (kind == markup.LONE_TAG and self._in_paragraph()):
            return False
        html = Html(kind, row.first)
        self._add(html)
        if row.first > row.start and self.source.startswith(OPENING, row.first):
            self._misplaced(row.first)
        if kind < markup.FIRST_LOOSE and html.is_closed_by(row):
            self.leaf = None
        return True

    def _misplaced(self, start: int) -> None:
        if self.containers:
            message = "move this marker out of the list or quote, to column 0"
            self.found.report(start, "marker in container", message)
        else:
            self.found.report(start, "marker in text", "a marker starts at column 0")

    def _indented_code(self) -> bool:
        if isinstance(self.leaf, Paragraph):
            return False
        self._add(IndentedCode())
        return True

    def _header(self, row: Row) -> bool:
        """Turn the last line of the paragraph into the header of a table."""
        paragraph = self.leaf
        if not isinstance(paragraph, Paragraph) or not self._in_paragraph() or paragraph.no_table:
            return False
        columns = tables.delimiter_columns(self.source, row.first, row.end)
        above, (start, end) = tables.last_line(self.source, paragraph.pieces)
        paragraph.no_table = columns > 0
        if not columns or len(tables.cells(self.source, start, end)) != columns:
            return False
        self.found.passage(tables.unescaped(self.source, above), "prose")
        self.leaf = None
        self._add(Table(columns))
        self.found.cells(start, end, columns)
        return True

    def _table_row(self, row: Row) -> bool:
        if not isinstance(self.leaf, Table) or self.depth < len(self.containers):
            return False
        self.found.cells(row.first, row.end, self.leaf.columns)
        return True

    # Opening and closing.

    def _in_paragraph(self) -> bool:
        return isinstance(self.leaf, Paragraph) and self.depth == len(self.containers)

    def _nest(self, container: Container, row: Row) -> bool:
        if self.depth >= DEEPEST:
            self.found.report(row.first, "too deep", f"more than {DEEPEST} nested lists and quotes are not read")
            return False
        self._add(None)
        self.containers.append(container)
        self.depth += 1
        return True

    def _text(self, piece: Piece) -> None:
        self.blank_lines = 0
        if isinstance(self.leaf, Paragraph):
            self.leaf.pieces.append(piece)
        else:
            self._add(Paragraph([piece]))

    def _add(self, leaf: Leaf | None) -> None:
        self.blank_lines = 0
        self._cut()
        if self.containers:
            self.containers[-1].children += 1
        self.leaf = leaf

    def _cut(self) -> None:
        """Close the leaf, and the containers that the line does not continue."""
        leaf, self.leaf = self.leaf, None
        if isinstance(leaf, Paragraph):
            pieces = self.found.without_definitions(leaf.pieces)
            self.found.passage(pieces, "prose")
            if not pieces and self.containers:
                self.containers[-1].children -= 1
        del self.containers[self.depth :]


_Rule = Callable[[_Lines, Row], bool]
_LEAVES: dict[str, tuple[_Rule, ...]] = {
    "#": (_Lines._heading,),
    "`": (_Lines._fence,),
    "~": (_Lines._fence,),
    "<": (_Lines._html,),
    "=": (_Lines._underline,),
    "-": (_Lines._underline, _Lines._rule),
    "*": (_Lines._rule,),
    "_": (_Lines._rule,),
}
_CONTAINERS: dict[str, tuple[_Rule, ...]] = {
    ">": (_Lines._quote,),
    "[": (_Lines._note,),
    **dict.fromkeys("-+*0123456789", (_Lines._item,)),
}
