"""The blocks open at a line: nested containers, and one leaf in the last of them."""

from __future__ import annotations

from runner.documents.markdown import tables
from runner.documents.markdown.leaves import Container, Fence, Html, IndentedCode, Leaf, Paragraph
from runner.documents.markdown.passages import Piece
from runner.documents.markdown.row import TAB, Row
from runner.documents.markdown.structure import Structure

DEEPEST = 32


class Stack:
    """What is open; what gets closed is kept in `found`."""

    def __init__(self, found: Structure) -> None:
        """Start with nothing open."""
        self.found = found
        self.containers: list[Container] = []
        self.leaf: Leaf | None = None
        self.depth = 0  # how many containers the line being read continues

    @property
    def all_matched(self) -> bool:
        """Whether the line continues every open container."""
        return self.depth == len(self.containers)

    @property
    def paragraph(self) -> Paragraph | None:
        """The open paragraph that this line stands in."""
        return self.leaf if isinstance(self.leaf, Paragraph) and self.all_matched else None

    def match(self, row: Row) -> None:
        """Step over the marks and indents of the containers that the line continues."""
        self.depth = 0
        while not self.all_matched and _continues(self.containers[self.depth], row):
            self.depth += 1

    def leaf_takes(self, row: Row) -> bool:
        """Say whether the line belongs to a leaf in which nothing opens."""
        leaf = self.leaf
        if not self.all_matched or leaf is None or isinstance(leaf, Paragraph):
            return False
        if isinstance(leaf, Fence | Html):
            self.leaf = None if leaf.is_closed_by(row) else leaf
            return True
        if isinstance(leaf, IndentedCode) and (row.blank or row.indent >= TAB):
            return True
        if isinstance(leaf, IndentedCode) or row.blank or not tables.is_row(row.source, row.first, row.end):
            self.leaf = None
        return False

    def nest(self, container: Container, row: Row) -> bool:
        """Open a container, unless there are too many."""
        if self.depth >= DEEPEST:
            self.found.report(
                row.first, "too deep", f"more than {DEEPEST} nested lists and quotes are not read", "flatten it"
            )
            return False
        self.add(None)
        self.containers.append(container)
        self.depth += 1
        return True

    def text(self, piece: Piece) -> None:
        """Add text to the open paragraph, or start one."""
        if isinstance(self.leaf, Paragraph):
            self.leaf.pieces.append(piece)
        else:
            self.add(Paragraph([piece]))

    def add(self, leaf: Leaf | None) -> None:
        """Open a leaf; None stands for one that is complete with its line."""
        self.cut()
        if self.containers:
            self.containers[-1].children += 1
        self.leaf = leaf

    def cut(self) -> None:
        """Close the leaf, and the containers that the line does not continue."""
        leaf, self.leaf = self.leaf, None
        if isinstance(leaf, Paragraph):
            pieces = self.found.without_definitions(leaf.pieces)
            self.found.passage(pieces, "prose")
            if not pieces and self.containers:
                self.containers[-1].children -= 1
        del self.containers[self.depth :]

    def cut_all(self) -> None:
        """Close everything."""
        self.depth = 0
        self.cut()


def _continues(container: Container, row: Row) -> bool:
    if container.kind == "quote":
        return row.skip_quote_mark()
    if row.indent >= container.width:
        row.skip_columns(container.width)
    elif container.kind == "note":
        return row.start == row.end
    elif row.blank and container.children:
        row.skip_to(row.first)
    else:
        return False
    return True
