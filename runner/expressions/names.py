"""What may be called what: keys, names, and the nearest name to a misspelt one."""

from __future__ import annotations

import re
from collections.abc import Iterable

KEY = re.compile(r"(?:(?P<topic>[a-z][a-z0-9_-]*):)?(?P<key>[A-Z][A-Za-z0-9_.-]*)")
NAME = re.compile(r"[a-z][a-z0-9_]*")
PROTOCOL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
FORBIDDEN = set('[]|\\`$^{}"#&;~@')


def is_key(label: str) -> bool:
    """Tell whether a label is a key (`K2`, `moe:Gate-1`, an id) rather than an expression."""
    return KEY.fullmatch(label) is not None


def is_name(text: str) -> bool:
    """Tell whether a job, an alias or a definition may be called so."""
    return NAME.fullmatch(text) is not None


def is_protocol_id(text: str) -> bool:
    """Tell whether a protocol may be called so: its id names the file of its rows."""
    return PROTOCOL_ID.fullmatch(text) is not None


def label_trouble(label: str) -> str:
    """Say why a citation's label would not survive every renderer, or return nothing."""
    bad = sorted(FORBIDDEN.intersection(label) | {sign for sign in label if not " " <= sign <= "~"})
    if bad:
        return f"`{bad[0]}` does not survive every renderer inside a label"
    if "  " in label or label != label.strip():
        return "a label has single blanks only, none at its ends"
    return ""


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return a remedy naming the nearest known word, or the first few there are."""
    import difflib  # only a mistake needs it

    names = sorted(set(known))
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean `{near[0]}`?"
    if not names:
        return ""
    return f"there is {', '.join(names[:8])}{', …' if len(names) > 8 else ''}"  # noqa: PLR2004 - fits one line
