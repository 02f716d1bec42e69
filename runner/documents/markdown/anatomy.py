"""The parts of a document that the scanner finds, each with its exact offsets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Place = Literal["prose", "table", "heading", "math"]
TroubleKind = Literal[
    "control sign",  # a sign that no screen shows, such as NUL
    "conflict",  # a git conflict was left in the text
    "close without open",  # a closing marker that closes nothing
    "label too long",  # more than 400 characters between the second brackets
    "malformed marker",  # nearly a marker: no name, or not eight hex digits
    "marker in container",  # a marker inside a list, a quote or a footnote
    "marker in html",  # a marker inside an html block, which swallows it
    "marker in text",  # a marker in the middle of a line, or indented
    "space between",  # `[0.94] [a.r2]`: a link for some renderers only
    "text after marker",  # a marker's line goes on after its `-->`
    "text too long",  # more than 200 characters between the first brackets
    "too deep",  # more than 32 nested lists and quotes
    "unclosed comment",  # `<!--` without `-->`: everything after it is hidden
    "unclosed front matter",  # `---`, a key, and no second `---`
    "wrapped label",  # a label over two lines: renderers disagree
]


@dataclass(frozen=True, slots=True)
class Citation:
    """A full reference link `[text][label]`; the author's own links are among them."""

    start: int
    end: int
    text_start: int
    text_end: int
    label_start: int
    label_end: int
    text: str
    label: str
    place: Place


@dataclass(frozen=True, slots=True)
class Block:
    """A generated region, or a lone opening marker whose region is still to be written."""

    name: str
    arguments: str
    start: int
    end: int
    body_start: int
    body_end: int
    arguments_start: int
    digest: str | None
    closed: bool


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading outside blocks; its text is the markdown between the marks, on one line."""

    start: int
    end: int
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Definition:
    """A link definition `[label]: target` that the author wrote outside blocks."""

    start: int
    end: int
    label: str
    target: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something in the text that renderers disagree on, or that would lose data."""

    offset: int
    kind: TroubleKind
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class Scan:
    """Everything found in one text, each kind in the order of the text."""

    front: tuple[int, int] | None
    citations: tuple[Citation, ...]
    blocks: tuple[Block, ...]
    headings: tuple[Heading, ...]
    definitions: tuple[Definition, ...]
    troubles: tuple[Trouble, ...]


_BLANKS = re.compile(r"[ \t\r\n]+")


def fold_label(label: str) -> str:
    """Return the form in which CommonMark compares two labels."""
    return _BLANKS.sub(" ", label).strip(" ").casefold()
