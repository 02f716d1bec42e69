"""Inline structure: the full reference links of one passage.

The bracket stack is that of cmark-gfm, GitHub's parser; emphasis never changes a link and is not read.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, field
from typing import NamedTuple

from runner.documents.markdown import addresses, references
from runner.documents.markdown.anatomy import Trouble, TroubleKind, fold_label
from runner.documents.markdown.markers import OPENING
from runner.documents.markdown.markup import Tags

_TOKEN = re.compile(r"\\[!-/:-@\[-`{-~]|`+|<|!\[(?!\^)|[\[\]]|:(?=//)|www\.|\$+")
_TICKS = re.compile(r"`+")
_MOST_TICKS = 80
_SPACE_BETWEEN = re.compile(r"(?=[ \t\n])[ \t]*+\n?[ \t]*+\[([^\[\]\\]{1,400})\](?![\[(:])")
_LONGEST_NUMBER = 80
_NUMBER = re.compile(r"[^\w?]*[\d?][\d.,?\s%×eE−±+-]*\Z")
_LIKE_LABEL = re.compile(r"[A-Za-z(][ -Z_a-z{}<>=]+\Z")


class Link(NamedTuple):
    """A full reference link; all numbers are offsets in the content."""

    start: int
    text_start: int
    text_end: int
    label_start: int
    label_end: int


@dataclass(slots=True)
class _Bracket:
    start: int
    text_start: int
    image: bool
    holds_bracket: bool = False


@dataclass(slots=True)
class Inlines:
    """One reading of a passage; `defined` holds the folded labels that have a definition."""

    content: str
    defined: Container[str]
    links: list[Link] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    troubles: list[Trouble] = field(default_factory=list)
    opaque: list[tuple[int, int]] = field(default_factory=list)  # code, tags, addresses, targets, labels
    _brackets: list[_Bracket] = field(default_factory=list)
    _in_link: bool = False  # as in GitHub's parser: from the end of a link to the next `[`
    _dollars: list[tuple[int, int]] = field(default_factory=list)
    _ticks: dict[int, int] = field(default_factory=dict)
    _searched: bool = False

    def read(self) -> Inlines:
        """Read the content from left to right."""
        tags = Tags(self.content)
        offset = 0
        while match := _TOKEN.search(self.content, offset):
            sign = match.group()
            if sign == "<":
                offset = self._tag(tags, match.start())
            elif sign == "]":
                offset = self._close(match.start())
            else:
                offset = self._simple(sign, match.start(), match.end())
        return self

    def math(self) -> list[tuple[int, int]]:
        """Return where formulas between dollars lie: `$a$`, or `$$a$$` over several lines."""
        spans = []
        opening: tuple[int, int] | None = None
        for start, end in self._dollars:
            if opening and end - start == opening[1] - opening[0] and self._closes_math(start, end):
                spans.append((opening[0], end))
                opening = None
            elif not opening or opening[1] - opening[0] == 1:
                opening = (start, end) if self._opens_math(start, end) else None
        return spans

    def _opens_math(self, start: int, end: int) -> bool:
        return end - start == len("$$") or (end - start == 1 and not self.content[end : end + 1].isspace())

    def _closes_math(self, start: int, end: int) -> bool:
        single = end - start == 1
        return not single or not (self.content[start - 1].isspace() or self.content[end : end + 1].isdecimal())

    def _simple(self, sign: str, start: int, end: int) -> int:
        if sign in ("[", "!["):
            self._open(start, end, image=sign != "[")
        elif sign[0] == "`":
            return self._code_end(start, end)
        elif sign[0] == "$":
            self._dollars.append((start, end))
        elif sign in (":", "www.") and not self._brackets:
            return self._hidden(start, addresses.bare_end(self.content, start, end))
        return end

    def _hidden(self, start: int, end: int) -> int:
        """Keep a stretch in which no text stands; return its end."""
        self.opaque.append((start, end))
        return end

    def _tag(self, tags: Tags, start: int) -> int:
        end = tags.end(start)
        if end > start and self.content.startswith(OPENING, start):
            self._report(start, "marker in text", "a marker stands inside a line", "give it a line of its own")
        return self._hidden(start, max(end, start + 1))

    def _code_end(self, start: int, end: int) -> int:
        """Return the end of the code span that these backticks open, or their own end.

        GitHub's parser remembers, per length, the run it passed last: after one search that fails it may
        take a later pair for text. So do we.
        """
        length = end - start
        if length > _MOST_TICKS or (self._searched and self._ticks.get(length, 0) <= end):
            return end
        for run in _TICKS.finditer(self.content, end):
            self._ticks[run.end() - run.start()] = run.start()
            if run.end() - run.start() == length:
                return self._hidden(start, run.end())
        self._searched = True
        return end

    def _open(self, start: int, end: int, *, image: bool) -> None:
        if self._brackets:
            self._brackets[-1].holds_bracket = True
        if not image:
            self._in_link = False
        self._brackets.append(_Bracket(start, end, image))

    def _close(self, start: int) -> int:
        """Read what a `]` closes and what follows it; return where to go on."""
        if not self._brackets:
            return start + 1
        bracket = self._brackets.pop()
        if self._in_link and not bracket.image:
            return start + 1
        end = self._link_end(bracket, start)
        if end is None:
            self._look_for_space(bracket, start)
            return start + 1
        if bracket.image:
            self._drop_links(bracket.start)  # the description of an image is plain text
        else:
            self._in_link = True
        return end

    def _drop_links(self, start: int) -> None:
        while self.links and self.links[-1].start > start:
            self.links.pop()

    def _link_end(self, bracket: _Bracket, text_end: int) -> int | None:
        after = text_end + 1
        if self.content.startswith("(", after) and (end := references.inline_end(self.content, after)) > after:
            # The text of a link within the page is that of a heading.
            return self._hidden(bracket.start if self.content[after + 1] == "#" else after, end)
        end = references.label_end(self.content, after)
        if end - after > references.LONGEST_LABEL + 2:
            self._report(after, "label too long", "GitHub reads no label this long", "name the quantity in define:")
            end = after
        label = self.content[after + 1 : end - 1].strip(" \t\n")
        if not label:
            return end if self._is_shortcut(bracket, text_end) else None
        if bracket.image:
            return self._hidden(after, end) if self._is_defined(label) else None
        if label.startswith("^"):
            return None
        self.links.append(Link(bracket.start, bracket.text_start, text_end, after + 1, end - 1))
        return self._hidden(after, end)

    def _is_shortcut(self, bracket: _Bracket, text_end: int) -> bool:
        if bracket.holds_bracket or text_end - bracket.text_start > references.LONGEST_LABEL:
            return False
        return self._is_defined(self.content[bracket.text_start : text_end])

    def _is_defined(self, label: str) -> bool:
        folded = fold_label(label)
        self.asked.add(folded)
        return folded in self.defined

    def _look_for_space(self, bracket: _Bracket, text_end: int) -> None:
        if bracket.image or text_end - bracket.text_start > _LONGEST_NUMBER:
            return
        label = _SPACE_BETWEEN.match(self.content, text_end + 1)
        if label and _LIKE_LABEL.match(label[1]) and _NUMBER.match(self.content, bracket.text_start, text_end):
            self._report(bracket.start, "space between", "a blank stands between `]` and `[`", "leave it out")

    def _report(self, offset: int, kind: TroubleKind, message: str, fix: str) -> None:
        self.troubles.append(Trouble(offset, kind, message, fix))
