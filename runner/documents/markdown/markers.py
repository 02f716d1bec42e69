"""The marker comments that open and close generated blocks, and the conflicts git leaves."""

from __future__ import annotations

import re
from bisect import bisect_right

from runner.documents.markdown.anatomy import Block, Trouble, TroubleKind

OPENING = "<!-- logg:"
CLOSING = "<!-- /logg"
_MARKER = re.compile(r"^<!-- (?:logg:|/logg\b)", re.MULTILINE | re.ASCII)
_NAME = re.compile(r"[ \t]*([A-Za-z][\w-]*)(?=\s|-->)", re.ASCII)
_CLOSE = re.compile(r"<!-- /logg(?: ([0-9a-f]{8}))? -->")
_CONFLICT_OPENS, _CONFLICT_CLOSES = "<<<<<<< ", ">>>>>>> "


class Markers:
    """The markers that stand at column 0 of a text, wherever they are."""

    def __init__(self, source: str) -> None:
        """Find them all once, so that a lone marker costs no search."""
        self._source = source
        self._starts = [match.start() for match in _MARKER.finditer(source)]
        self.troubles: list[Trouble] = []

    def block(self, start: int) -> Block | None:
        """Read the block whose opening marker may stand here, at column 0."""
        if self._source.startswith(CLOSING, start):
            self._report(start, "close without open", "this closing marker closes nothing", "delete it")
            return None
        if not self._source.startswith(OPENING, start):
            return None
        following = self._following(start)
        opened = self._source.find("-->", start, following)
        if opened < 0:
            self._report(start, "unclosed comment", "this marker does not end", "close it with -->")
            return None
        return self._opened(start, opened, following)

    def _opened(self, start: int, opened: int, following: int) -> Block | None:
        name = _NAME.match(self._source, start + len(OPENING))
        if not name:
            self._report(start, "malformed marker", "this marker names no block", "write `<!-- logg: name ... -->`")
            return None
        if self._rest(opened + len("-->")):
            self._report(opened, "text after marker", "a marker ends at its first `-->`", "put the rest below")
            return None
        between = self._source[name.end() : opened]
        arguments_start = name.end() + len(between) - len(between.lstrip())
        arguments = between.strip()
        body_start = self._source.index("\n", opened) + 1
        if not self._source.startswith(CLOSING, following):
            end = opened + len("-->")
            return Block(name[1], arguments, start, end, end, end, arguments_start, None, closed=False)
        end, digest = self._close(following)
        return Block(name[1], arguments, start, end, body_start, following, arguments_start, digest, closed=True)

    def _close(self, start: int) -> tuple[int, str | None]:
        match = _CLOSE.match(self._source, start)
        if not match:
            fix = "write `<!-- /logg -->`; render adds the eight digits"
            self._report(start, "malformed marker", "this is no closing marker", fix)
            return self._source.index("\n", start), None
        if self._rest(match.end()):
            self._report(match.end(), "text after marker", "text follows a closing marker", "put it on the next line")
        return match.end(), match[1]

    def _following(self, start: int) -> int:
        index = bisect_right(self._starts, start)
        return self._starts[index] if index < len(self._starts) else len(self._source)

    def _rest(self, start: int) -> str:
        return self._source[start : self._source.index("\n", start)].strip()

    def _report(self, offset: int, kind: TroubleKind, message: str, fix: str) -> None:
        self.troubles.append(Trouble(offset, kind, message, fix))


class Conflicts:
    """What `git merge` leaves where two versions differ; seen line by line, in order."""

    def __init__(self, source: str) -> None:
        """Start at the top of the text."""
        self._source = source
        self._open = False
        self._seen = 0
        self.troubles: list[Trouble] = []

    def see(self, start: int) -> None:
        """Look at a line outside fences and blocks."""
        if self._source.startswith(_CONFLICT_OPENS, start):
            self._report(start)
        elif self._source.startswith(_CONFLICT_CLOSES, start):
            self._close(start)

    def _close(self, start: int) -> None:
        hidden = self._source.rfind("\n" + _CONFLICT_OPENS, self._seen, start)
        if hidden >= 0 and not self._open:  # it opens inside a block, and closes outside
            self._report(hidden + 1)
        self._open = False
        self._seen = start

    def _report(self, start: int) -> None:
        self._open = True
        self._seen = start
        self.troubles.append(
            Trouble(start, "conflict", "a git conflict was left here", "keep one side, without the marks")
        )
