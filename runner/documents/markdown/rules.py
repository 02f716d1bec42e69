"""The rules by which a line opens blocks, in the order in which GitHub's parser tries them."""

from __future__ import annotations

from collections.abc import Callable

from runner.documents.markdown import markup, openings, tables
from runner.documents.markdown.leaves import Container, Fence, Html, IndentedCode, Paragraph, Table
from runner.documents.markdown.markers import OPENING
from runner.documents.markdown.row import TAB, Row
from runner.documents.markdown.stack import Stack

_WIDEST_GAP = 4
Rule = Callable[[Stack, Row], bool]


def opens(stack: Stack, row: Row) -> bool:
    """Open what the line starts; say whether nothing of it is left as text."""
    while not row.blank:
        if row.indent >= TAB:
            return _indented_code(stack)
        if any(rule(stack, row) for rule in LEAVES.get(row.sign, ())):
            return True
        if not any(rule(stack, row) for rule in CONTAINERS.get(row.sign, ())):
            return any(rule(stack, row) for rule in LAST)
    return False


def heading(stack: Stack, row: Row) -> bool:
    """`# text`."""
    found = openings.heading(row)
    if found:
        stack.add(None)
        stack.found.heading((row.first, row.text_end()), found.level, [(found.start, found.end)])
    return found is not None


def underline(stack: Stack, row: Row) -> bool:
    """`===` or `---` below a paragraph, which then is a heading; one of definitions only stays a paragraph."""
    paragraph = stack.paragraph
    if not paragraph or not openings.is_underline(row):
        return False
    paragraph.pieces = stack.found.without_definitions(paragraph.pieces)
    if paragraph.pieces:
        stack.leaf = None
        span = (paragraph.pieces[0][0], row.text_end())
        stack.found.heading(span, 1 if row.sign == "=" else 2, paragraph.pieces)
    else:
        paragraph.pieces = [(row.first, row.following)]
    return True


def thematic_break(stack: Stack, row: Row) -> bool:
    """`***`."""
    found = openings.is_thematic_break(row)
    if found:
        stack.add(None)
    return found


def fence(stack: Stack, row: Row) -> bool:
    """Three backticks or tildes, or more."""
    length = openings.fence_length(row)
    if length:
        stack.add(Fence(row.sign, length))
    return length > 0


def html(stack: Stack, row: Row) -> bool:
    """`<div>`, a comment, and five kinds more."""
    kind = markup.block_kind(row.source, row.first, row.end)
    if not kind or (kind == markup.LONE_TAG and stack.paragraph):
        return False
    block = Html(kind, row.first)
    stack.add(block)
    if row.first > row.start and row.source.startswith(OPENING, row.first):
        _misplaced(stack, row.first)
    if kind < markup.FIRST_LOOSE and block.is_closed_by(row):
        stack.leaf = None
    return True


def quote(stack: Stack, row: Row) -> bool:
    """`> text`."""
    return stack.nest(Container("quote"), row) and row.skip_quote_mark()


def note(stack: Stack, row: Row) -> bool:
    """`[^1]: text of a footnote`."""
    end = openings.note_end(row)
    if not end or not stack.nest(Container("note", TAB), row):
        return False
    row.skip_to(end)
    return True


def item(stack: Stack, row: Row) -> bool:
    """`- text` or `1. text`."""
    end = openings.item_end(row, in_paragraph=stack.paragraph is not None)
    if not end or not stack.nest(Container("item"), row):
        return False
    mark = row.indent + end - row.first
    row.skip_to(end)
    gap = 1 if row.blank or row.indent > _WIDEST_GAP else row.indent
    stack.containers[-1].width = mark + gap
    row.skip_columns(min(row.indent, gap))
    return True


def header(stack: Stack, row: Row) -> bool:
    """`|---|` below a paragraph, whose last line then is the header of a table."""
    paragraph = stack.paragraph
    columns = tables.delimiter_columns(row.source, row.first, row.end)
    if not columns or not paragraph or paragraph.no_table:
        return False
    above, (start, end) = tables.last_line(row.source, paragraph.pieces)
    if len(tables.cells(row.source, start, end)) != columns:
        paragraph.no_table = True
        return False
    stack.found.passage(tables.unescaped(row.source, above), "prose")
    stack.leaf = None
    stack.add(Table(columns))
    stack.found.cells(start, end, columns)
    return True


def table_row(stack: Stack, row: Row) -> bool:
    """`| a | b |` in an open table."""
    if not isinstance(stack.leaf, Table) or not stack.all_matched:
        return False
    stack.found.cells(row.first, row.end, stack.leaf.columns)
    return True


def task(stack: Stack, row: Row) -> bool:
    """`- [x] text`: step over the box; the text is still to come."""
    at_start = stack.leaf is None and stack.containers and stack.all_matched
    if at_start and stack.containers[-1].kind == "item" and openings.is_task(row):
        row.skip_to(row.offset + len("[x]"))
    return False


def _indented_code(stack: Stack) -> bool:
    if isinstance(stack.leaf, Paragraph):
        return False
    stack.add(IndentedCode())
    return True


def _misplaced(stack: Stack, start: int) -> None:
    if stack.containers:
        message = "a marker stands inside a list or quote"
        stack.found.report(start, "marker in container", message, "move it out, to column 0")
    else:
        stack.found.report(start, "marker in text", "a marker is indented", "let it start at column 0")


LEAVES: dict[str, tuple[Rule, ...]] = {
    "#": (heading,),
    "`": (fence,),
    "~": (fence,),
    "<": (html,),
    "=": (underline,),
    "-": (underline, thematic_break),
    "*": (thematic_break,),
    "_": (thematic_break,),
}
CONTAINERS: dict[str, tuple[Rule, ...]] = {
    ">": (quote,),
    "[": (note,),
    **dict.fromkeys("-+*0123456789", (item,)),
}
LAST: tuple[Rule, ...] = (header, table_row, task)
