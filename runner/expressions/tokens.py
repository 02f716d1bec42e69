"""Cut an expression into tokens, and say in plain words what does not belong in one."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from runner.findings import InputRefused

NUMBER = r"(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
SIZES = {"": 1.0, "k": 1e3, "M": 1e6}
TOKEN = re.compile(
    rf"(?P<number>(?>{NUMBER}))(?P<size>[kM]?)(?![A-Za-z_%])"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<operator>[<>]=?(?![=<>])|=(?![=<>])|[-+*/(),.])"
)
INSTEAD = {
    "≥": ">=", "≤": "<=", "=>": ">=", "=<": "<=", "−": "-", "–": "-", "×": "*", "÷": "/",
    "（": "(", "）": ")", "，": ",",
    "%": "a plain fraction such as 0.05", "[": "parentheses", "]": "parentheses", "^": "a * a",
    "&": "and", "|": "or", "!": "not", "#": "a name", ";": "one expression per entry",
}  # fmt: skip

COMPARE = "compare with < or >"


class ExpressionRefused(InputRefused):
    """An expression that cannot be understood; `start` and `end` point into its text."""

    def __init__(self, message: str, start: int, end: int, *, fix: str = "", code: str = "LG301") -> None:
        """Remember the stretch of the expression that is wrong."""
        super().__init__(message, fix=fix, code=code)
        self.start = start
        self.end = end


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number or sign of an expression."""

    kind: str  # "number", "name", "operator" or "end"
    text: str
    start: int
    end: int
    value: float = 0.0


def tokenize(text: str) -> list[Token]:
    """Return the tokens of an expression, closed by one of kind `end`."""
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        if text[position] == " ":
            position += 1
            continue
        match = TOKEN.match(text, position)
        if match is None:
            raise _stranger(text, position)
        tokens.append(_token(match))
        position = match.end()
    return [*tokens, Token("end", "", len(text), len(text))]


def quantity(text: str) -> float | None:
    """Read a number as people write it (`32k`, `1e-3`, `20%`), or return None."""
    match = re.fullmatch(rf"([-+]?{NUMBER})(k|M| ?%)?", text.strip())
    if match is None:
        return None
    suffix = (match[2] or "").strip()
    value = float(match[1]) / 100 if suffix == "%" else float(match[1]) * SIZES[suffix]
    return value if math.isfinite(value) else None


def _token(match: re.Match[str]) -> Token:
    if not match["number"]:
        return Token("name" if match["name"] else "operator", match[0], *match.span())
    value = float(match["number"]) * SIZES[match["size"]]
    if not math.isfinite(value):
        raise ExpressionRefused(f"`{match[0]}` is too large", *match.span(), fix="write a smaller number")
    return Token("number", match[0], *match.span(), value)


def _stranger(text: str, position: int) -> ExpressionRefused:
    rest = text[position:]
    sign = rest[0]
    if signs := re.match(r"[=!<>]{2,}", rest):
        return _no_comparison(signs[0], position)
    if sign.isdigit():
        written = re.split(r"[^\w.%]", rest, maxsplit=1)[0]
        fix = "write a fraction such as 0.05" if written.endswith("%") else "write 50k, 1M or 50000"
        return ExpressionRefused(f"`{written}` is not a number", position, position + len(written), fix=fix)
    fix = f"write {INSTEAD[sign]}" if sign in INSTEAD else "use names, numbers, + - * / and < <= > >="
    return ExpressionRefused(f"`{sign}` has no meaning in an expression", position, position + 1, fix=fix)


def _no_comparison(signs: str, position: int) -> ExpressionRefused:
    end = position + len(signs)
    if signs in {"==", "!=", "<>"}:
        return ExpressionRefused("two measurements are never equal", position, end, fix=COMPARE)
    fix = f"write {INSTEAD[signs]}" if signs in INSTEAD else "write < <= > or >="
    return ExpressionRefused(f"`{signs}` is not an operator", position, end, fix=fix)
