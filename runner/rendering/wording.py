"""How values are written in words and digits, and how such a writing is recognised again."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from runner.rendering import digits
from runner.verdicts.judge import Evidence, Judgement, Outcome, State, Verdict

SHARE = r"[<>]?\d{1,3} %"
LARGE = 1000
DASH = "–"
NARROW_BLANK, BLANK = "\u202f", "\u00a0"  # neither breaks a line


def number(value: float | None, decimals: int = 4) -> str:
    """Write a number with fixed decimals; whole and large numbers get none, what is no number a dash."""
    if value is None or not abs(value) < digits.LARGEST:
        return _beyond(value)
    return count(int(value)) if _whole(value) else digits.shown(value, decimals)


def plain(value: float) -> str:
    """Write a setting the way people do: no trailing zeros, whole numbers in full."""
    return count(int(value)) if abs(value) < digits.LARGEST and _whole(value) else f"{value:g}"


def signed(value: float | None, decimals: int = 4) -> str:
    """Write a number with its sign."""
    if value is None or not abs(value) < digits.LARGEST:
        return _beyond(value)
    return digits.shown(value, decimals, sign=True)


def found(evidence: Evidence) -> str:
    """Write the value of what a predicate is about: a difference with its sign, anything else without."""
    point = evidence.quantity.point
    return signed(point) if evidence.difference else number(point)


def interval(pair: tuple[float, float] | None, decimals: int = 4) -> str:
    """Write an interval in square brackets."""
    return DASH if pair is None else f"[{number(pair[0], decimals)},{BLANK}{number(pair[1], decimals)}]"


def percent(share: float | None) -> str:
    """Write a probability in percent, never as a certainty it is not."""
    if share is None:
        return DASH
    if share <= 0.005:  # noqa: PLR2004 - rounds to 0 %
        return "<1 %"
    return ">99 %" if share >= 0.995 else f"{100 * share:.0f} %"  # noqa: PLR2004 - rounds to 100 %


def count(value: int) -> str:
    """Write a whole number in groups of three."""
    return f"{value:,}".replace(",", NARROW_BLANK).replace("-", digits.MINUS)


def _whole(value: float) -> bool:
    return abs(value) >= LARGE and value == int(value)


def _beyond(value: float | None) -> str:
    """Write what fixed decimals cannot: nothing, no number, or one beyond the digits of a double."""
    return f"{value:.4g}" if value is not None and math.isfinite(value) else DASH


def judgement(judged: Judgement, labels: Mapping[str, Any]) -> str:
    """Write a judgement the way a citation of its key shows it."""
    words: Mapping[str, str] = labels["verdicts"]
    match judged:
        case Verdict():
            share = f" {percent(judged.probability)}" if judged.probability is not None else ""
            return f"{words[judged.state]}{share}"
        case State():
            return str(labels["states"][judged.state])
        case Outcome() if judged.leading < 0:
            return words[judged.state]
        case Outcome():
            lead = "" if judged.sure else f"{labels['leaning']} "
            share = percent(judged.shares[judged.leading]) if judged.shares else DASH
            return f"{lead}{judged.rungs[judged.leading].do} · {share}"


def is_judgement(text: str, languages: Iterable[Mapping[str, Any]]) -> bool:
    """Tell whether a text is one that `judgement` writes, today or on another day, in any language."""
    written = html.unescape(text)
    words = {word for labels in languages for part in ("verdicts", "states") for word in labels[part].values()}
    alternatives = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    return re.fullmatch(rf"(?:{alternatives})(?: {SHARE})?|.+ · (?:{SHARE}|{DASH})", written) is not None
