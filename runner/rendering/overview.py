"""The whole base at a glance: what there is, what came when, and what changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from runner.documents.kinds import Ladder
from runner.documents.library import judged_of
from runner.documents.reading import KINDS, Document
from runner.expressions.names import suggestion
from runner.findings import InputRefused
from runner.rendering import wording
from runner.rendering.cards import Card, card, listed, newest_first
from runner.rendering.desk import Desk
from runner.rendering.signatures import standings
from runner.verdicts.judgements import Outcome
from runner.verdicts.promises import moved, promises

ALL = "all"
DAYS = 30
PAGE = "page"
ORDER = ("hub", "roadmap", "exp", "protocol", PAGE)
WITH_RESULT = frozenset({"finished", "reported", "stale", "failed", "retired"})


@dataclass(frozen=True)
class Event:
    """An experiment that came to something on a day, or a gate that was judged by what came then."""

    date: str
    card: Card
    gate: str = ""
    word: str = ""


@dataclass(frozen=True)
class Drift:
    """A verdict that is no longer the one that was signed."""

    card: Card
    key: str
    signed: str
    date: str
    now: str


@dataclass(frozen=True)
class Moved:
    """An expectation that reads differently from what was promised before a run."""

    card: Card
    key: str
    promised: tuple[str, ...]
    now: str


@dataclass(frozen=True)
class Changes:
    """What changed lately, and what changed without anyone having said so."""

    results: tuple[Card, ...]
    drifts: tuple[Drift, ...]
    moved: tuple[Moved, ...]


def index(arguments: Mapping[str, Any], desk: Desk) -> list[Card]:
    """Return the documents of a topic, or all, by kind and the newest first; plain pages only when asked for."""
    kinds = (*KINDS, PAGE)
    kind = str(arguments.get("kind", ""))
    if kind and kind not in kinds:
        raise InputRefused(f"there is no kind `{kind}`", code="LG208", fix=suggestion(kind, kinds))
    wanted = {kind} if kind else set(KINDS)
    found = (document for document in listed(desk, topic_of(arguments, desk)) if document.kind in wanted)
    cards = newest_first(card(document, desk) for document in found if document is not desk.document)
    return sorted(cards, key=lambda each: ORDER.index(each.document.kind))


def topic_of(arguments: Mapping[str, Any], desk: Desk) -> str:
    """Return the topic a block is about: the one it names, else that of its page; nothing for all of them."""
    topic = str(arguments.get("topic", desk.document.topic))
    known = {document.topic for document in desk.knowledge.library.documents}
    if topic not in known | {ALL, ""}:
        raise InputRefused(f"there is no topic `{topic}`", code="LG208", fix=suggestion(topic, known - {""}))
    return "" if topic == ALL else topic


def timeline(desk: Desk) -> list[Event]:
    """Return what experiments and gates of the page's topic came to, the newest first."""
    documents = listed(desk, desk.document.topic)
    done = [one for document in documents if (one := card(document, desk)).status in WITH_RESULT]
    events = [Event(one.date, one) for one in newest_first(done)]
    gates = (event for document in documents if document.kind == "roadmap" for event in _judged_gates(document, desk))
    return sorted([*gates, *events], key=lambda event: event.date, reverse=True)


def _judged_gates(document: Document, desk: Desk) -> Iterator[Event]:
    """Yield the gates that something is known about, dated by the newest experiment they rest on."""
    for ladder in judged_of(document).values():
        judgement = desk.knowledge.judge.judged(document, ladder)
        if not (isinstance(ladder, Ladder) and isinstance(judgement, Outcome) and judgement.truth is not None):
            continue
        dates = [fact.document.date for fact in judgement.truth.facts]
        decided = [judgement.decision.date] if judgement.decision else []
        word = wording.judgement(judgement, desk.labels)
        yield Event(max([*dates, *decided], default=""), card(document, desk), ladder.key, word)


def changes(arguments: Mapping[str, Any], desk: Desk) -> Changes:
    """Return the newest results, verdicts other than the signed ones, and thresholds that were moved."""
    documents = listed(desk, topic_of(arguments, desk))
    drifts = (drift for document in documents for drift in _drifts(document, desk))
    shifted = (entry for document in documents for entry in _moved(document, desk))
    return Changes(tuple(_newest(documents, _days(arguments), desk)), tuple(drifts), tuple(shifted))


def _days(arguments: Mapping[str, Any]) -> int:
    written = str(arguments.get("days", DAYS))
    if not written.isdecimal():
        raise InputRefused(f"`days: {written}` is no whole number", code="LG208", fix="write days: 30")
    return int(written)


def _newest(documents: list[Document], days: int, desk: Desk) -> list[Card]:
    """Return the results of the last days, counted back from the newest of them: no clock is asked."""
    cards = newest_first(
        one for document in documents if document.date and (one := card(document, desk)).status in WITH_RESULT
    )
    if not cards:
        return []
    newest = date.fromisoformat(cards[0].date)
    return [one for one in cards if newest - date.fromisoformat(one.date) <= timedelta(days=min(days, 10**6))]


def _drifts(document: Document, desk: Desk) -> Iterator[Drift]:
    for standing in standings(document, desk.knowledge):
        if standing.contradicted:
            key, signature = standing.signature.key, standing.signature
            now = wording.judgement(desk.knowledge.judge.key(key, document), desk.labels)
            yield Drift(card(document, desk), key, signature.verdict, signature.date, now)


def _moved(document: Document, desk: Desk) -> Iterator[Moved]:
    one = card(document, desk)
    result = desk.knowledge.store.result(document) if one.status in WITH_RESULT else None
    if result is None:
        return
    now = promises(document, desk.knowledge.library)
    for key, texts in moved(document, result.promises, desk.knowledge.library).items():
        yield Moved(one, key, tuple(texts), now.get(key, ""))
