"""The text of one file exactly as it stands on disk, and places in it."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from runner.findings import InputRefused, Place

LARGEST = 5_000_000


@dataclass(frozen=True)
class Source:
    """A file's bytes, its text (byte order mark and line ends kept) and its name below the root."""

    path: Path
    name: str
    content: bytes
    text: str

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        starts.extend(index + 1 for index, sign in enumerate(self.text) if sign == "\n")
        return starts

    @property
    def newline(self) -> str:
        """Return the line end this file uses."""
        return "\r\n" if "\r\n" in self.text else "\n"

    def place(self, offset: int) -> Place:
        """Return the line and column of an offset."""
        line = bisect_right(self._line_starts, offset)
        start = self._line_starts[line - 1]
        if line == 1 and self.text.startswith("\ufeff"):
            start += 1  # editors do not count the byte order mark
        return Place(self.name, line, max(offset - start, 0) + 1)


def read_source(path: Path, root: Path) -> Source:
    """Read a file as strict UTF-8, refusing what is no text with the byte that is wrong."""
    name = path.relative_to(root).as_posix()
    try:
        content = path.read_bytes()
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        raise InputRefused(message, place=Place(name), code="LG213", fix="mend its permissions") from error
    if len(content) > LARGEST:
        message = f"larger than {LARGEST // 1_000_000} MB"
        raise InputRefused(message, place=Place(name), code="LG213", fix="split the document")
    try:
        return Source(path, name, content, content.decode("utf-8"))
    except UnicodeDecodeError as error:
        message = f"not UTF-8 at byte {error.start}"
        raise InputRefused(message, place=Place(name), code="LG213", fix="save the file as UTF-8") from error
