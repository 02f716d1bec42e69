"""Raw html in markdown: where a block of it starts and ends, and what is a tag within a line."""

from __future__ import annotations

import re

_BLOCK_TAGS = [
    "address",
    "article",
    "aside",
    "base",
    "basefont",
    "blockquote",
    "body",
    "caption",
    "center",
    "col",
    "colgroup",
    "dd",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "frame",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "iframe",
    "legend",
    "li",
    "link",
    "main",
    "menu",
    "menuitem",
    "nav",
    "noframes",
    "ol",
    "optgroup",
    "option",
    "p",
    "param",
    "section",
    "source",
    "summary",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "title",
    "tr",
    "track",
    "ul",
]
_ATTRIBUTE = r"""(?:\s++[A-Za-z_:][\w:.-]*+(?:\s*+=\s*+(?:[^\s"'=<>`]++|'[^']*+'|"[^"]*+"))?+)"""
_OPEN_TAG = rf"<[A-Za-z][A-Za-z0-9-]*+{_ATTRIBUTE}*+\s*+/?>"
_CLOSE_TAG = r"</[A-Za-z][A-Za-z0-9-]*+\s*+>"

COMMENT = 2
FIRST_LOOSE = 6  # kinds from here on end at a blank line
LONE_TAG = 7
_STARTS = (
    (1, re.compile(r"<(?:script|pre|textarea|style)(?:[\s>]|\Z)", re.ASCII | re.IGNORECASE)),
    (COMMENT, re.compile(r"<!--")),
    (3, re.compile(r"<\?")),
    (4, re.compile(r"<![A-Z]")),
    (5, re.compile(r"<!\[CDATA\[")),
    (6, re.compile(rf"</?(?:{'|'.join(_BLOCK_TAGS)})(?:\s|/?>|\Z)", re.ASCII | re.IGNORECASE)),
    (LONE_TAG, re.compile(rf"(?:{_OPEN_TAG}|{_CLOSE_TAG})[ \t\f]*\Z", re.ASCII)),
)
_ENDS = {
    1: re.compile(r"</(?:script|pre|textarea|style)>", re.IGNORECASE),
    COMMENT: re.compile(r"-->"),
    3: re.compile(r"\?>"),
    4: re.compile(r">"),
    5: re.compile(r"\]\]>"),
}

_TAG = re.compile(
    rf"""{_OPEN_TAG}|{_CLOSE_TAG}
    |<[A-Za-z][A-Za-z0-9.+-]{{1,31}}:[^\x00-\x20<>]*+>
    |<[\w.!\#$%&'*+/=?^`{{|}}~-]++@[A-Za-z0-9](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?
      (?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?)*+>""",
    re.ASCII | re.VERBOSE,
)
# The last group is the end; without it the tag never ends.
_LONG_TAGS = (
    ("<!--", re.compile(r"<!--(?:-?(>)|(?:[^-]++|-[^-]|--[^>])*+(-->)?)")),
    ("<![CDATA[", re.compile(r"<!\[CDATA\[(?:[^\]]++|\][^\]]|\]\][^>])*+(\]\]>)?")),
    ("<!", re.compile(r"<![A-Z]+\s+[^>]*+(>)?", re.ASCII)),
    ("<?", re.compile(r"<\?(?:[^?]++|\?[^>])*+(\?>)?")),
)


def block_kind(source: str, start: int, end: int) -> int:
    """Return which of the seven kinds of html block starts here, 0 for none."""
    return next((kind for kind, pattern in _STARTS if pattern.match(source, start, end)), 0)


def block_ends(source: str, kind: int, start: int, end: int) -> bool:
    """Say whether a block of this kind ends within the line."""
    return kind in _ENDS and _ENDS[kind].search(source, start, end) is not None


class Tags:
    """The raw html and `<autolinks>` of one passage; a kind that never ends is looked for once."""

    def __init__(self, content: str) -> None:
        """Take the content of the passage."""
        self._content = content
        self._endless: set[str] = set()

    def end(self, start: int) -> int:
        """Return where the tag at this `<` ends, or `start` where there is none."""
        if match := _TAG.match(self._content, start):
            return match.end()
        for opening, pattern in _LONG_TAGS:
            if self._content.startswith(opening, start):
                return self._long(opening, pattern, start)
        return start

    def _long(self, opening: str, pattern: re.Pattern[str], start: int) -> int:
        # GitHub's parser gives up on every `<!` after one comment without an end.
        if opening in self._endless or (opening.startswith("<!") and "<!--" in self._endless):
            return start
        match = pattern.match(self._content, start)
        if match and not match.lastindex:
            self._endless.add(opening)
        return match.end() if match and match.lastindex else start
