"""Labels, link targets and link definitions, read as GitHub's parser reads them."""

from __future__ import annotations

import re
from typing import NamedTuple

from runner.documents.markdown.anatomy import fold_label

LONGEST_LABEL = 1000  # of a label that renderers accept
_PUNCTUATION = r"[!-/:-@\[-`{-~]"
_LABEL = re.compile(rf"\[((?:[^\\\[\]]|\\{_PUNCTUATION}?)*+)\]")
_POINTED = re.compile(r"<((?:\\[\s\S]|[^\\<>\n])*+)>")
_PLAIN_STOP = re.compile(rf"\\{_PUNCTUATION}|[() \t\n]")
_TITLE = re.compile(r""" "(?:[^"]++|(?<=\\)")*" | '(?:[^']++|(?<=\\)')*' | \((?:[^()]++|(?<=\\)[()])*\) """, re.VERBOSE)
_GAP = re.compile(r"[ \t]*(?:\n[ \t]*)?")
_LINE_END = re.compile(r"[ \t]*(?:\n|\Z)")
_BLANKS = re.compile(r"\s*", re.ASCII)
_DEEPEST = 32


class Found(NamedTuple):
    """A definition: its last character, where the next one may start, its label and target."""

    end: int
    next: int
    label: str
    target: str


def label_end(content: str, start: int) -> int:
    """Return the end of the label in brackets that starts here, or `start`; it may be too long."""
    match = _LABEL.match(content, start)
    return match.end() if match else start


def definition(content: str, start: int) -> Found | None:
    """Read the link definition that starts here."""
    colon = label_end(content, start)
    if not start < colon <= start + LONGEST_LABEL + 2 or content[colon : colon + 1] != ":":
        return None
    if not fold_label(content[start + 1 : colon - 1]):
        return None
    target_start = _skip(_GAP, content, colon + 1)
    target_end = _target_end(content, target_start)
    if target_end < 0:
        return None
    for end in (_titled(content, target_end), target_end):
        if line_end := _LINE_END.match(content, end):
            target = content[target_start:target_end]
            return Found(end, line_end.end(), content[start + 1 : colon - 1], _bare(target))
    return None


def inline_end(content: str, start: int) -> int:
    """Return the end of the `(target "title")` that starts here, or `start`."""
    target_end = _target_end(content, _skip(_BLANKS, content, start + 1))
    if target_end < 0:
        return start
    end = _skip(_BLANKS, content, target_end)
    if end > target_end and (title := _TITLE.match(content, end)):
        end = _skip(_BLANKS, content, title.end())
    return end + 1 if content[end : end + 1] == ")" else start


def _titled(content: str, target_end: int) -> int:
    start = _skip(_GAP, content, target_end)
    title = _TITLE.match(content, start) if start > target_end else None
    return title.end() if title else target_end


def _target_end(content: str, start: int) -> int:
    if content[start : start + 1] == "<":
        match = _POINTED.match(content, start)
        end = match.end() if match else -1
    else:
        end = _plain_end(content, start)
    return end if end < len(content) else -1


def _plain_end(content: str, start: int) -> int:
    depth = 0
    for stop in _PLAIN_STOP.finditer(content, start):
        sign = stop.group()
        depth += (sign == "(") - (sign == ")")
        if depth > _DEEPEST or (sign.isspace() and stop.start() == start):
            return -1
        if depth < 0 or sign.isspace():
            return stop.start()
    return -1


def _bare(target: str) -> str:
    return target[1:-1] if target.startswith("<") else target


def _skip(pattern: re.Pattern[str], content: str, start: int) -> int:
    match = pattern.match(content, start)
    return match.end() if match else start
