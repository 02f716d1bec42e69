"""Bare web addresses, which GitHub turns into links together with the brackets they run into."""

from __future__ import annotations

import re
import string
import unicodedata

_SCHEMES = ("http", "https", "ftp")
_LONGEST_SCHEME = 5
_REST = re.compile(r"[^ \t\n<]*+")
_BEFORE_WWW = frozenset(" \t\n*_~(")
_NO_HOST = frozenset("\t\n\f" + string.punctuation)
_MOST_SEGMENTS = 11


def bare_end(content: str, start: int, end: int) -> int:
    """Return the end of the address that the `www.` or `:` of `://` here belongs to, or `end`."""
    found = _is_www(content, start) if content[start] == "w" else _has_scheme(content, start)
    match = _REST.match(content, end) if found else None
    return match.end() if match else end


def _is_www(content: str, start: int) -> bool:
    return (start == 0 or content[start - 1] in _BEFORE_WWW) and _is_domain(content, start)


def _has_scheme(content: str, colon: int) -> bool:
    word = content[max(0, colon - _LONGEST_SCHEME - 1) : colon]
    letters = word[len(word.rstrip(string.ascii_letters)) :].lower()
    host = colon + len("://")
    return letters in _SCHEMES and _is_host_sign(content[host : host + 1]) and _is_domain(content, host)


def _is_domain(content: str, start: int) -> bool:
    """Say whether the last two segments of this host have no underscore."""
    end = start
    while end < len(content) and (content[end] in "-._" or _is_host_sign(content[end])):
        end += 1
    segments = content[start:end].split(".")
    return len(segments) > _MOST_SEGMENTS or not any("_" in segment for segment in segments[-2:])


def _is_host_sign(sign: str) -> bool:
    if not sign or sign in _NO_HOST:
        return False
    return unicodedata.category(sign) != "Zs" and not unicodedata.category(sign).startswith("P")
