"""How values are written in words and digits, and how such a writing is recognised again."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from runner.documents.kinds import Signature
from runner.rendering import digits
from runner.results.addresses import FactAddress
from runner.results.metrics import COUNT
from runner.verdicts.judgements import Evidence, Judgement, Outcome, State, Tally, Verdict

GATE = r"(?:[a-z][\w-]*:)?[A-Z][\w.-]*"
SHARE = r"[<>]?\d{1,3} %"
LARGE = 1000
DASH = "–"
UNSTARTED = frozenset({"planned", "ready"})
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
    """Write the value of what a predicate is about: a difference with its sign, a count whole, else four decimals."""
    point, facts = evidence.quantity.point, evidence.quantity.facts
    if facts and point % 1 == 0 and all(isinstance(fact, FactAddress) and fact.metric == COUNT for fact in facts):
        return count(int(point))
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
    match judged:
        case Verdict():
            return _verdict(judged, labels)
        case Outcome():
            return _outcome(judged, labels)
        case State():
            return _state(judged, labels)
        case Tally():
            return str(labels["tally"]).format(answered=judged.answered, total=judged.total)


def _verdict(verdict: Verdict, labels: Mapping[str, Any]) -> str:
    if verdict.decision is not None:
        return _decided(verdict.decision, labels)
    of_fits = verdict.truth is not None and verdict.truth.fits and verdict.state in labels["fits"]
    word = labels["fits" if of_fits else "verdicts"][verdict.state]
    share = f" {percent(verdict.probability)}" if verdict.probability is not None else ""
    again = f" · {labels['reopened']}" if verdict.reopened else ""
    return f"{word}{share}{_across(verdict, labels)}{again}"


def _outcome(outcome: Outcome, labels: Mapping[str, Any]) -> str:
    words = labels["verdicts"]
    if outcome.leading < 0:
        return f"{words[outcome.state]} {outcome.after}" if outcome.state == "waiting" else str(words[outcome.state])
    share = percent(outcome.shares[outcome.leading]) if outcome.shares else DASH
    only = f" {labels['these_fits']}" if outcome.truth is not None and outcome.truth.fits else ""
    return f"{_way(outcome, labels)} · {share}{only}{_across(outcome, labels)}"


def _way(outcome: Outcome, labels: Mapping[str, Any]) -> str:
    """Write what the rung that leads says to do, or what a person decided where it leaves it to one."""
    rung, leaning = outcome.rungs[outcome.leading], not outcome.sure
    if not rung.human:
        return f"{labels['leaning']} {rung.do}" if leaning else rung.do
    decision = [_decided(outcome.decision, labels)] if outcome.decision is not None else []
    person = [str(labels["leaning_human"])] if leaning else [] if decision else [str(labels["verdicts"]["human"])]
    return " · ".join([*person, *decision])


def _decided(decision: Signature, labels: Mapping[str, Any]) -> str:
    """Write when a person decided, and what."""
    said = f": {decision.words}" if decision.words else ""
    return f"{labels['verdicts']['decided']} {decision.date}{said}"


def _across(judged: Verdict | Outcome, labels: Mapping[str, Any]) -> str:
    return f" {labels['across']}" if judged.truth is not None and judged.truth.across else ""


def _state(state: State, labels: Mapping[str, Any]) -> str:
    """Write where work stands: a gate that closed it counts for more than how far it had come."""
    word, effect = str(labels["states"][state.state]), state.effect
    if state.state not in UNSTARTED:
        return f"{word} · {_gates('closed', effect.closed, labels)}" if effect.closed else word
    if effect.closed:
        return _gates("closed", effect.closed, labels)
    if effect.opened or effect.waits:
        said = _gates("opened", effect.opened, labels) if effect.opened else _gates("waits", effect.waits, labels)
        return f"{word} · {said}"
    return word


def _gates(effect: str, gates: tuple[str, ...], labels: Mapping[str, Any]) -> str:
    return str(labels["effects"][effect]).format(gates=", ".join(gates))


def is_judgement(text: str, patterns: Iterable[re.Pattern[str]]) -> bool:
    """Tell whether a text is one that `judgement` writes, today or on another day; one pattern per language."""
    written = html.unescape(text)
    return any(pattern.fullmatch(written) for pattern in patterns)


def judgements(labels: Mapping[str, Any]) -> re.Pattern[str]:
    """Return what matches every judgement written with these labels."""
    verdicts, gates = labels["verdicts"], f"{GATE}(?:, {GATE})*"
    effects = "|".join(re.escape(effect).replace(r"\{gates\}", gates) for effect in labels["effects"].values())
    again = f"(?: · {re.escape(labels['reopened'])})?"
    tail = f"(?: {re.escape(labels['these_fits'])})?(?: {re.escape(labels['across'])})?{again}"
    words = _any([*verdicts.values(), *labels["fits"].values()])
    tally = re.escape(labels["tally"]).replace(r"\{answered\}", r"\d+").replace(r"\{total\}", r"\d+")
    kinds = "|".join(
        [
            rf"{words}(?: {SHARE})?{tail}",
            rf".+ · (?:{SHARE}|{DASH}){tail}",
            rf"{re.escape(verdicts['decided'])} \d{{4}}-\d\d-\d\d(?:: .+)?",
            rf"{re.escape(verdicts['waiting'])} {GATE}",
            rf"{_any(labels['states'].values())}(?: · (?:{effects}))?",
            effects,
            tally,
        ]
    )
    return re.compile(kinds)


def _any(words: Iterable[str]) -> str:
    return f"(?:{'|'.join(map(re.escape, sorted(words, key=len, reverse=True)))})"
