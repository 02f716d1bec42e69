"""One escaping filter per place a text can end up: prose, code, link titles, pictures, terminals, annotations."""

from __future__ import annotations

import re
from typing import Final

BLANKS: Final = re.compile("[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
BIDI: Final = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
UNSEEN: Final = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff{BIDI}]")
REPLACEMENT: Final = "\ufffd"

# What starts markup somewhere inside a line, on GitHub or on the site.
INLINE: Final = re.compile(
    r"""[\\`*{}\[\]|~^$"']"""
    r"|<(?![ 0-9=])|&(?=#?\w)|(?<=-)>"  # a tag or a reference; `p < 0.05` and `>99 %` stay readable
    r"|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"  # a name_like_this stays readable, _emphasis_ does not happen
    r"|={2,}|-{2,}|\+{2,}|\.{3,}"
    r"|(?<=:)/(?=/)|(?<=www)\.|(?<=\w)@(?=[\w-]+\.\w)"  # addresses that link themselves
    r"|:(?=[a-z0-9_+-]+:)",  # emoji names
    re.IGNORECASE,
)
# What starts a list, a heading, an underline, a definition or a box at the head of a line.
LEADING: Final = re.compile(r"^(?:#|>|[-+=:](?=\s|$)|([:!?/])(?=\1\1)|\d{1,9}[.)](?=\s|$))")
ENTITY: Final = re.compile(r"&(?=#?\w+;)")
NAMED: Final = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
TYPOGRAPHIC: Final = str.maketrans({"\\": "\u2216", "{": "(", "}": ")", "`": "\u2019"})
NODE: Final = re.compile(r"[^\w .…-]")
CODE: Final = str.maketrans({"`": "'", "|": "\u00a6"})


def text(value: object) -> str:
    """Escape for markdown prose and table cells: every renderer shows the literal text on one line."""
    line = INLINE.sub(lambda found: _references(found[0]), _one_line(value))
    return LEADING.sub(lambda found: found[0][:-1] + _references(found[0][-1]), line)


def code(value: object) -> str:
    """Prepare for a place between backticks, where nothing can be escaped: backtick and bar are replaced."""
    return _one_line(value).translate(CODE) or "\u00a0"


def title(value: object) -> str:
    """Prepare for a link title between double quotes: quotes and brackets become typographic ones."""
    line = ENTITY.sub("\uff06", _one_line(value).translate(TYPOGRAPHIC))
    return re.sub(r'(?<![^\s(\[\u201c])"', "\u201c", line).replace('"', "\u201d")


def node(value: object) -> str:
    """Prepare for a label in a Mermaid picture: what could be its syntax becomes its numbered references."""
    return NODE.sub(lambda found: f"#{ord(found[0])};", _one_line(value))


def terminal(value: object) -> str:
    """Show on one line of a terminal: control, escape and direction characters appear as their codes."""
    return UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), str(value))


def annotation(value: object) -> str:
    """Escape the message of a GitHub workflow command."""
    line = str(value).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return terminal(line)


def annotation_property(value: object) -> str:
    """Escape a property (file, title) of a GitHub workflow command."""
    return annotation(value).replace(":", "%3A").replace(",", "%2C")


def _one_line(value: object) -> str:
    """Join lines with blanks, and show what is invisible as the replacement character."""
    return UNSEEN.sub(REPLACEMENT, BLANKS.sub(" ", str(value))).strip()


def _references(signs: str) -> str:
    return "".join(NAMED.get(sign, f"&#{ord(sign)};") for sign in signs)
