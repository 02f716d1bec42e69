"""One line being read from the left, in characters and in columns (a tab reaches the next fourth)."""

from __future__ import annotations

TAB = 4


class Row:
    """A position in a line and the first sign after it that is no blank."""

    __slots__ = (
        "_first_column",
        "blank",
        "column",
        "end",
        "first",
        "following",
        "indent",
        "offset",
        "sign",
        "source",
        "start",
    )

    def __init__(self, source: str, start: int, end: int, following: int) -> None:
        """Stand at the start of a line whose content ends at `end`; the line after it starts at `following`."""
        self.source = source
        self.start = self.offset = self.first = start
        self.end = end
        self.following = following
        self.column = self._first_column = 0
        self._skip_blanks()

    def skip_columns(self, count: int) -> None:
        """Go on by columns; of a tab only a part may be used up."""
        while count > 0 and self.offset < self.end:
            width = self._width()
            step = min(width, count)
            self.column += step
            self.offset += step == width
            count -= step
        self._look()

    def skip_to(self, offset: int) -> None:
        """Go on to a character of the line."""
        while self.offset < offset:
            self.column += self._width()
            self.offset += 1
        self._look()

    def skip_quote_mark(self) -> bool:
        """Go on behind a `>` and one blank; say whether there was a mark."""
        if self.indent >= TAB or self.sign != ">":
            return False
        self.skip_columns(self.indent + 1)
        self.skip_columns(min(self.indent, 1))
        return True

    def text_end(self) -> int:
        """Return where the line ends without the blanks behind it."""
        return self.start + len(self.source[self.start : self.end].rstrip(" \t"))

    def _width(self) -> int:
        return TAB - self.column % TAB if self.source[self.offset] == "\t" else 1

    def _look(self) -> None:
        if self.first < self.offset:
            self.first, self._first_column = self.offset, self.column
            self._skip_blanks()
        else:
            self.indent = self._first_column - self.column

    def _skip_blanks(self) -> None:
        source, first, column = self.source, self.first, self._first_column
        while first < self.end and ((sign := source[first]) == " " or sign == "\t"):
            column += 1 if sign == " " else TAB - column % TAB
            first += 1
        self.first, self._first_column, self.sign = first, column, source[first]
        self.indent = column - self.column
        self.blank = first >= self.end
