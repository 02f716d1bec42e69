"""Canonical JSON: one value has one text, and a text that is read back has no second meaning."""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import TYPE_CHECKING, Any, Final

from runner.findings import ArtefactDamaged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

DECIMALS: Final = 10
MAX_DEPTH: Final = 16
MAX_BYTES: Final = 5_000_000
INDENT: Final = "  "
# Strings match to the end of the text when unclosed, so that no text is scanned twice.
TOKEN: Final = re.compile(
    r'(?P<string>"(?:[^"\\]|\\.)*"?)(?P<colon>\s*:)?'
    r"|(?P<bracket>[\[\]{}])"
    r"|(?P<constant>NaN|-?Infinity)"
    r"|(?P<number>-?\d[\d.]*[eE][-+]?\d+|-?\d{300,})",
    re.DOTALL,
)


def inline(value: Any) -> bool:
    """Tell whether a value stays on its line: a scalar, a list of scalars, an empty mapping."""
    if isinstance(value, dict):
        return not value
    return not isinstance(value, list) or not any(isinstance(item, (dict, list)) for item in value)


def dumps(value: Any, leaf: Callable[[Any], bool] = inline) -> str:
    """Write canonical JSON, one entry per line; what `leaf` accepts stays inline."""
    return _layout(_plain(value, "value", 1), "", leaf) + "\n"


def loads(text: str) -> Any:
    """Read JSON strictly: no duplicate keys, no number that is none, within the bounds."""
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise ArtefactDamaged(f"line 1: more than {MAX_BYTES // 1_000_000} MB of JSON")
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError) as error:
        _locate(text)
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise ArtefactDamaged(f"line {line}: no valid JSON: {reason}") from None
    if _is_deep(value):
        _locate(text)
    return value


def digest(value: Any, length: int = 12) -> str:
    """Hash a value: the first hex digits of SHA-256 over its compact canonical form."""
    return digest_bytes(_compact(_plain(value, "value", 1), (",", ":")).encode(), length)


def digest_bytes(data: bytes, length: int = 12) -> str:
    """Hash bytes: the first hex digits of SHA-256."""
    return hashlib.sha256(data).hexdigest()[:length]


def _plain(value: Any, where: str, depth: int) -> Any:
    """Copy a value with floats rounded and keys sorted, and refuse what JSON cannot hold."""
    if isinstance(value, float):
        return _rounded(value, where)
    if depth > MAX_DEPTH and isinstance(value, (dict, list, tuple)):
        raise ValueError(f"{where} lies more than {MAX_DEPTH} levels deep")
    if isinstance(value, dict):
        return {_key(key, where): _plain(value[key], f"{where}.{key}", depth + 1) for key in sorted(value)}
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{where}[{index}]", depth + 1) for index, item in enumerate(value)]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    raise TypeError(f"{where} is of type {type(value).__name__}, which JSON does not have")


def _key(key: Any, where: str) -> str:
    if not isinstance(key, str):
        raise TypeError(f"{where} has the key {key!r}, which is no text")
    return key


def _rounded(value: float, where: str) -> float:
    if not math.isfinite(value):
        raise ValueError(f"{where} is {value}, not a finite number")
    return round(float(value), DECIMALS) + 0.0  # + 0.0 turns -0.0 into 0.0


def _compact(value: Any, separators: tuple[str, str]) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=separators)


def _layout(value: Any, indent: str, leaf: Callable[[Any], bool]) -> str:
    if not isinstance(value, (dict, list)) or not value or leaf(value):
        return _compact(value, (", ", ": "))
    deeper = indent + INDENT
    if isinstance(value, list):
        return _enclosed("[]", [_layout(item, deeper, leaf) for item in value], indent)
    entries = [f"{_compact(key, (', ', ': '))}: {_layout(item, deeper, leaf)}" for key, item in value.items()]
    return _enclosed("{}", entries, indent)


def _enclosed(brackets: str, entries: list[str], indent: str) -> str:
    body = ",\n".join(f"{indent}{INDENT}{entry}" for entry in entries)
    return f"{brackets[0]}\n{body}\n{indent}{brackets[1]}"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        raise ValueError("a key stands twice")
    return entries


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"{number[:20]} is not a finite number")
    return value


def _is_deep(value: Any) -> bool:
    level = _containers([value])
    for _ in range(MAX_DEPTH):
        level = [inner for node in level for inner in _containers(_children(node))]
    return bool(level)


def _containers(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if isinstance(value, (dict, list))]


def _children(node: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return node.values() if isinstance(node, dict) else node


def _locate(text: str) -> None:
    """Raise with the line of what the parser refused without saying where, if it is that."""
    keys: list[set[str]] = []
    for found in TOKEN.finditer(text):
        if problem := _problem(found, keys):
            line = text.count("\n", 0, found.start()) + 1
            raise ArtefactDamaged(f"line {line}: {problem}")


def _problem(found: re.Match[str], keys: list[set[str]]) -> str:
    """Follow one token; `keys` holds the keys seen in each open bracket."""
    if found["bracket"]:
        return _nested(found["bracket"], keys)
    if found["colon"] and keys:
        return _repeated(found["string"], keys[-1])
    if found["constant"]:
        return f"{found['constant']} is no number"
    if found["number"] and not math.isfinite(float(found["number"])):
        return f"{found['number'][:20]} is too large for a number"
    return ""


def _nested(bracket: str, keys: list[set[str]]) -> str:
    if bracket in "[{":
        keys.append(set())
    elif keys:
        keys.pop()
    return f"more than {MAX_DEPTH} levels deep" if len(keys) > MAX_DEPTH else ""


def _repeated(written: str, seen: set[str]) -> str:
    # The same key can be spelled with escapes; what JSON cannot decode, its parser reports.
    try:
        key = json.loads(written)
    except json.JSONDecodeError:
        return ""
    if key in seen:
        return f"the key {written[:60]} stands twice"
    seen.add(key)
    return ""
