"""Block structure: which stretches of a text are prose, headings and cells, line by line.

The rules and their order are those of cmark-gfm, GitHub's parser; a generated block is opaque.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from runner.documents import markup, references, tables
from runner.documents.anatomy import Block, Definition, Heading, Place, Trouble, TroubleKind
from runner.documents.markers import OPENING, Conflicts, Markers
from runner.documents.passages import Passage, Piece, without_first
from runner.documents.row import TAB, Row

DEEPEST = 32
_BLANKS = " \t"
_WORTH_READING = re.compile(rf"\][ \t\n]?\[|{OPENING}")
_PLAIN_LINES = re.compile(r"(?:[^ \t\n>#`~<=+*_|:\[0-9-][^\n]*+\n)++")
_BLANK_LINES = re.compile(r"(?:[ \t]*+\n)++")
_NO_LINES = re.compile(r"[\r\n]++")
_TABLE_ROW = re.compile(r"\|[ \t\v\f]*+[^\n]++\n")
_HEADING = re.compile(r"(#{1,6})(?:[ \t]+|\Z)")
_UNDERLINE = re.compile(r"(?:=++|-++)[ \t]*+\Z")
_RULE = re.compile(r"(?:(?:\*[ \t]*+){3,}+|(?:-[ \t]*+){3,}+|(?:_[ \t]*+){3,}+)\Z")
_FENCE = re.compile(r"(?:`{3,}+(?=[^`]*+\Z)|~{3,}+)")
_FENCE_END = re.compile(r"(?:`{3,}+|~{3,}+)(?=[ \t]*+\Z)")
_LONGEST_FENCE = 255
_NOTE = re.compile(r"\[\^[^\] \t]+\]:[ \t]*")
_ITEM = re.compile(r"(?:[-+*]|([0-9]{1,9})[.)])(?=[ \t]|\Z)")
_TASK = re.compile(r"[ \t\v\f]*(?:[-+*]|[0-9]+\.)[ \t\v\f]+\[[ xX]\][ \t\v\f]+")
_WIDEST_GAP = 4


@dataclass(slots=True)
class _Container:
    """A quote, a list item or a footnote: what other blocks stand in."""

    kind: str
    width: int = 0
    children: int = 0


@dataclass(slots=True)
class _Paragraph:
    pieces: list[Piece]
    no_table: bool = False  # a row of dashes did not fit its last line


@dataclass(slots=True)
class _Fence:
    sign: str
    length: int


@dataclass(slots=True)
class _IndentedCode:
    pass


@dataclass(slots=True)
class _Html:
    kind: int
    start: int


@dataclass(slots=True)
class _Table:
    columns: int


_Leaf = _Paragraph | _Fence | _IndentedCode | _Html | _Table


@dataclass(slots=True)
class Structure:
    """What a pass over the lines finds."""

    passages: list[Passage] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    definitions: list[Definition] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)


def read_lines(text: str, source: str, start: int) -> Structure:
    """Read the block structure from `start` on; `source` is the text with every line end as `\\n`."""
    lines = _Lines(text, source, start)
    lines.read()
    return lines.found


class _Lines:
    """The open containers, the open leaf in the last of them, and the line being read."""

    def __init__(self, text: str, source: str, start: int) -> None:
        self.text = text
        self.source = source
        self.next = start
        self.containers: list[_Container] = []
        self.leaf: _Leaf | None = None
        self.depth = 0  # how many containers the line being read continues
        self.blank_lines = 0
        self.markers = Markers(source)
        self.conflicts = Conflicts(source)
        self.found = Structure()

    def read(self) -> None:
        """Read all lines, each once."""
        while self.next < len(self.source):
            if not (self._generated() or self._plain_lines() or self._lines_at_root()):
                self._line()
        self.depth = 0
        if isinstance(self.leaf, _Html) and self.leaf.kind == markup.COMMENT and not self.containers:
            self._report(self.leaf.start, "unclosed comment", "this comment hides everything after it")
        self._cut()
        self.found.troubles += self.markers.troubles + self.conflicts.troubles

    # The whole lines at column 0 that need no closer look.

    def _generated(self) -> bool:
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
            self.blank_lines = 0
        return block is not None

    def _in_html(self, start: int) -> bool:
        if not isinstance(self.leaf, _Html) or self.containers:
            return False
        if self.leaf.kind >= markup.FIRST_LOOSE and self.source.startswith(OPENING, start):
            self._report(start, "marker in html", "leave a blank line between the html and this marker")
        return True

    def _plain_lines(self) -> bool:
        if isinstance(self.leaf, _Html | _Table) and not self.containers:
            return False
        match = _PLAIN_LINES.match(self.source, self.next)
        if not match:
            return False
        self.next = match.end()
        self.blank_lines = 0
        self.depth = 0
        self._text(match.span())
        return True

    def _lines_at_root(self) -> bool:
        """Take blank lines, or rows of the open table, where no container is open."""
        if self.containers or isinstance(self.leaf, _Html | _IndentedCode):
            return False
        if match := _BLANK_LINES.match(self.source, self.next):
            self._cut()
            self.next = match.end()
        elif isinstance(self.leaf, _Table) and (match := _TABLE_ROW.match(self.source, self.next)):
            self._found_cells(self.next, match.end() - 1, self.leaf.columns)
            self.next = match.end()
        return match is not None

    def _text(self, piece: Piece) -> None:
        if isinstance(self.leaf, _Paragraph):
            self.leaf.pieces.append(piece)
        else:
            self._add(_Paragraph([piece]))

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
        if self.blank_lines <= 2 or not all(each.children and each.kind != "quote" for each in self.containers):
            return False
        # A footnote goes on after empty lines only, an item after any blank line.
        in_note = any(each.kind == "note" for each in self.containers)
        match = _NO_LINES.match(self.text, self.next) if in_note else _BLANK_LINES.match(self.source, self.next)
        self.next = match.end() if match else self.next
        return not in_note

    def _continues(self, container: _Container, row: Row) -> bool:
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
        """Say whether the line belongs to a leaf that opens nothing."""
        leaf = self.leaf
        if self.depth < len(self.containers) or leaf is None or isinstance(leaf, _Paragraph):
            return False
        if isinstance(leaf, _Fence):
            if row.indent < TAB and self._closes(leaf, row):
                self.leaf = None
            return True
        if isinstance(leaf, _Html):
            ends = row.blank if leaf.kind >= markup.FIRST_LOOSE else self._html_ends(leaf.kind, row)
            self.leaf = None if ends else leaf
            return True
        if isinstance(leaf, _IndentedCode) and (row.blank or row.indent >= TAB):
            return True
        if isinstance(leaf, _IndentedCode) or row.blank or not tables.is_row(self.source, row.first, row.end):
            self.leaf = None
        return False

    def _closes(self, fence: _Fence, row: Row) -> bool:
        end = _FENCE_END.match(self.source, row.first, row.end)
        return row.sign == fence.sign and end is not None and end.end() - row.first >= fence.length

    def _html_ends(self, kind: int, row: Row) -> bool:
        return markup.block_ends(self.source, kind, row.first, row.end)

    def _opens(self, row: Row) -> bool:
        """Open what the line starts; say whether nothing of it is left as text."""
        while not row.blank:
            if row.indent >= TAB:
                return self._indented_code()
            if any(rule(self, row) for rule in _LEAVES.get(row.sign, ())):
                return True
            if not any(rule(self, row) for rule in _CONTAINERS.get(row.sign, ())):
                return self._header(row) or self._cells_row(row) or self._task(row)
        return False

    # Containers: the line goes on behind their mark.

    def _quote(self, row: Row) -> bool:
        return self._nest(_Container("quote"), row) and self._quote_mark(row)

    def _quote_mark(self, row: Row) -> bool:
        if row.indent >= TAB or row.sign != ">":
            return False
        row.skip_columns(row.indent + 1)
        row.skip_columns(row.blanks(1))
        return True

    def _note(self, row: Row) -> bool:
        match = _NOTE.match(self.source, row.first, row.end)
        if not match or not self._nest(_Container("note", TAB), row):
            return False
        row.skip_to(match.end())
        return True

    def _item(self, row: Row) -> bool:
        match = _ITEM.match(self.source, row.first, row.end)
        if not match or (self._in_paragraph() and self._too_weak(match, row)):
            return False
        item = _Container("item")
        if not self._nest(item, row):
            return False
        indent = row.indent
        row.skip_to(match.end())
        gap = 1 if row.blank or row.indent > _WIDEST_GAP else row.indent
        item.width = indent + match.end() - match.start() + gap
        row.skip_columns(row.blanks(gap))
        return True

    def _task(self, row: Row) -> bool:
        """Step over the box of a task."""
        in_item = self.leaf is None and self.containers and self.depth == len(self.containers)
        if in_item and self.containers[-1].kind == "item" and _TASK.match(self.source, row.start, row.end):
            row.skip_to(row.offset + len("[x]"))
        return False

    def _too_weak(self, match: re.Match[str], row: Row) -> bool:
        """Say whether this mark of an item cannot break off a paragraph."""
        number = match[1]
        return not self.source[match.end() : row.end].strip(_BLANKS) or (
            number is not None and int(number) != 1
        )

    # Leaves: the line is used up.

    def _heading(self, row: Row) -> bool:
        match = _HEADING.match(self.source, row.first, row.end)
        if not match:
            return False
        self._add(None)
        text = self.source[match.end() : row.end].rstrip(_BLANKS)
        bare = text.rstrip("#")
        if bare[-1:] in ("", " ", "\t"):
            text = bare.rstrip(_BLANKS)
        self._found_heading(row, len(match[1]), [(match.end(), match.end() + len(text))])
        return True

    def _underline(self, row: Row) -> bool:
        paragraph = self.leaf
        if not isinstance(paragraph, _Paragraph) or not self._in_paragraph():
            return False
        if not _UNDERLINE.match(self.source, row.first, row.end):
            return False
        paragraph.pieces = self._without_definitions(paragraph.pieces)
        if paragraph.pieces:
            self.leaf = None
            self._found_heading(row, 1 if row.sign == "=" else 2, paragraph.pieces)
        else:
            paragraph.pieces = [(row.first, self.next)]
        return True

    def _rule(self, row: Row) -> bool:
        found = _RULE.match(self.source, row.first, row.end) is not None
        if found:
            self._add(None)
        return found

    def _fence(self, row: Row) -> bool:
        match = _FENCE.match(self.source, row.first, row.end)
        if not match:
            return False
        fence = _Fence(row.sign, min(match.end() - match.start(), _LONGEST_FENCE))
        self._add(fence)
        if not self.containers:
            self._skip_fence(fence)
        return True

    def _skip_fence(self, fence: _Fence) -> None:
        closing = re.compile(rf"^ {{0,3}}{fence.sign}{{{fence.length},}}+[ \t]*+\n", re.MULTILINE)
        match = closing.search(self.source, self.next)
        self.next = match.end() if match else len(self.source)
        self.leaf = None

    def _html(self, row: Row) -> bool:
        kind = markup.block_kind(self.source, row.first, row.end)
        if not kind or (kind == markup.LONE_TAG and self._in_paragraph()):
            return False
        self._add(_Html(kind, row.first))
        if row.first > row.start and self.source.startswith(OPENING, row.first):
            self._misplaced(row)
        if self._html_ends(kind, row):
            self.leaf = None
        return True

    def _misplaced(self, row: Row) -> None:
        if self.containers:
            self._report(
                row.first, "marker in container", "move this marker out of the list or quote, to column 0"
            )
        else:
            self._report(row.first, "marker in text", "a marker starts at column 0")

    def _indented_code(self) -> bool:
        if isinstance(self.leaf, _Paragraph):
            return False
        self._add(_IndentedCode())
        return True

    # Tables.

    def _header(self, row: Row) -> bool:
        paragraph = self.leaf
        if not isinstance(paragraph, _Paragraph) or not self._in_paragraph() or paragraph.no_table:
            return False
        if not tables.is_delimiter(self.source, row.first, row.end):
            return False
        start, end = paragraph.pieces[-1]
        start = self.source.rfind("\n", start, end - 1) + 1 or start
        columns = len(tables.cells(self.source, row.first, row.end))
        if len(tables.cells(self.source, start, end - 1)) != columns:
            paragraph.no_table = True
            return False
        self._passage(
            tables.unescaped(self.source, [*paragraph.pieces[:-1], (paragraph.pieces[-1][0], start)]), "prose"
        )
        self.leaf = None
        self._add(_Table(columns))
        self._found_cells(start, end - 1, columns)
        return True

    def _cells_row(self, row: Row) -> bool:
        if not isinstance(self.leaf, _Table) or self.depth < len(self.containers):
            return False
        self._found_cells(row.first, row.end, self.leaf.columns)
        return True

    def _found_cells(self, start: int, end: int, columns: int) -> None:
        if _WORTH_READING.search(self.source, start, end):
            for cell in tables.cells(self.source, start, end)[:columns]:
                self._passage(tables.unescaped(self.source, [cell]), "table")

    # Opening and closing.

    def _in_paragraph(self) -> bool:
        return isinstance(self.leaf, _Paragraph) and self.depth == len(self.containers)

    def _nest(self, container: _Container, row: Row) -> bool:
        if self.depth >= DEEPEST:
            self._report(row.first, "too deep", f"more than {DEEPEST} nested lists and quotes are not read")
            return False
        self._add(None)
        self.containers.append(container)
        self.depth += 1
        return True

    def _add(self, leaf: _Leaf | None) -> None:
        self.blank_lines = 0
        self._cut()
        if self.containers:
            self.containers[-1].children += 1
        self.leaf = leaf

    def _cut(self) -> None:
        """Close the leaf, and the containers that the line does not continue."""
        leaf, self.leaf = self.leaf, None
        if isinstance(leaf, _Paragraph):
            pieces = self._without_definitions(leaf.pieces)
            if pieces:
                self._passage(pieces, "prose")
            elif self.containers:
                self.containers[-1].children -= 1
        del self.containers[self.depth :]

    # What is found.

    def _without_definitions(self, pieces: list[Piece]) -> list[Piece]:
        if self.source[pieces[0][0]] != "[":
            return pieces
        passage = Passage(self.source, pieces, "prose")
        read = 0
        while passage.content[read : read + 1] == "[":
            found = references.definition(passage.content, read)
            if not found:
                break
            start, end = passage.source(read), passage.source(found.end - 1) + 1
            self.found.definitions.append(Definition(start, end, found.label, found.target))
            read = found.next
        return without_first(pieces, read)

    def _found_heading(self, row: Row, level: int, pieces: list[Piece]) -> None:
        start = row.first if row.sign == "#" else pieces[0][0]
        end = row.start + len(self.source[row.start : row.end].rstrip(_BLANKS))
        text = " ".join(
            line.strip(_BLANKS) for line in Passage(self.text, pieces, "heading").content.splitlines()
        )
        self.found.headings.append(Heading(start, end, level, text))
        self._passage(pieces, "heading")

    def _passage(self, pieces: list[Piece], place: Place) -> None:
        if any(_WORTH_READING.search(self.source, start, end) for start, end in pieces):
            self.found.passages.append(Passage(self.source, pieces, place))

    def _report(self, offset: int, kind: TroubleKind, message: str) -> None:
        self.found.troubles.append(Trouble(offset, kind, message))


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
