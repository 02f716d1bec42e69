"""Says in plain words what a YAML parser meant, and what to type instead."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

SPLIT_FIX: Final = "write one entry per line, or quote it"
QUOTE_FIX: Final = "quote the whole value"
# How much of a long line is looked at: the search for a value's first sign is quadratic.
BEFORE: Final = 200

VALUE_START: Final = re.compile(
    r"""(?:^|[\s\[{,])(?:-\s+)*(?:[^\s:'"#][^:'"#]*:\s+)?(?P<sign>[\[{>|%@&*!`"'?,\]}-])""",
)
MEANINGS: Final = {
    "[": "a list",
    "{": "a mapping",
    ">": "a folded block",
    "|": "a literal block",
    "%": "a directive",
    "@": "a reserved sign",
    "`": "a reserved sign",
    "&": "an anchor",
    "*": "an alias",
    "!": "a tag",
    "'": "a text that ends at the next quote",
    '"': "a text that ends at the next quote",
    "-": "an item of a list",
    "?": "a key",
    ",": "the end of an entry",
    "]": "the end of a list",
    "}": "the end of a mapping",
}

FULL_WIDTH: Final = {"，": ",", "、": ",", "：": ": ", "［": "[", "］": "]", "【": "[", "】": "]", "｛": "{", "｝": "}"}


def full_width(text: str, signs: Collection[str] = FULL_WIDTH.keys()) -> str:
    """Return what to type instead of a sign that looks like one of YAML's and is a letter to it, or nothing."""
    sign = next((sign for sign in text if sign in signs), "")
    return f"write `{FULL_WIDTH[sign]}` for `{sign}`, which is a letter to YAML" if sign else ""


def explained(problem: str, context: str, source: str, column: int) -> tuple[str, str]:
    """Return one sentence and a remedy for a parser's problem at a column of a source line."""
    sign = source[column : column + 1]
    rules = (
        ("\t" in source[: column + 1], "a tab stands where YAML wants blanks", "use blanks"),
        (
            "mapping values" in problem,
            "': ' inside a value, or a line indented too far",
            full_width(source, "｛【［") or "quote it, or align it",
        ),
        ("quoted" in context and "end of" in problem, "a quote opens here and never closes", "close it"),
        ("simple key" in context, "this line is no 'key: value'", full_width(source, "：") or "add ': ', or indent it"),
        ("escape" in problem, "a backslash in double quotes starts an unknown escape", "use single quotes"),
        ("node content" in problem, f"{_quoted(sign)} stands where a value is due", QUOTE_FIX),
        (
            "flow" in context,
            f"what opens with {_quoted(sign)} here never closes properly",
            full_width(source) or SPLIT_FIX,
        ),
    )
    found = next(((message, fix) for holds, message, fix in rules if holds), None)
    return found or _value_start(source[max(0, column - BEFORE) : column + 1]) or _unexplained(problem)


def _value_start(source: str) -> tuple[str, str] | None:
    found = VALUE_START.search(source)
    if not found:
        return None
    sign = found["sign"]
    return f"a value that starts with {_quoted(sign)} is {MEANINGS[sign]} to YAML", QUOTE_FIX


def _unexplained(problem: str) -> tuple[str, str]:
    plain = " ".join(problem.split())[:100] or "it is no YAML"
    return f"YAML cannot read this line: {plain}", "check its indentation, or quote the value"


def _quoted(sign: str) -> str:
    return "a single quote" if sign == "'" else f"'{sign}'"
