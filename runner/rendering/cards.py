"""Documents as lists show them: where they are, how they stand, what they came to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from runner.documents.reading import Document
from runner.findings import InputRefused
from runner.rendering.desk import Desk, legible
from runner.safety import paths

WITHOUT_OUTCOME = frozenset({"planned", "ready", "failed", "damaged"})


@dataclass(frozen=True)
class Card:
    """One document in a list, in the words of the page it is listed on."""

    document: Document
    link: str
    kind: str
    status: str = ""  # of an experiment, as the engine calls it
    state: str = ""
    outcome: str = ""

    @property
    def date(self) -> str:
        """Return the date of the document, which sorts as text."""
        return self.document.date


def card(document: Document, desk: Desk) -> Card:
    """Return a document as the page on the desk lists it."""
    link = paths.relative_link(desk.document.path, document.path)
    kind = str(desk.labels["kinds"][document.kind])
    if document.experiment is None:
        return Card(document, link, kind)
    status = desk.knowledge.statuses.of(document)
    outcome = "" if status in WITHOUT_OUTCOME else desk.knowledge.judge.outcome(document)
    said = str(desk.labels["outcomes"][outcome]) if outcome else ""
    return Card(document, link, kind, status, str(desk.labels["states"][status]), said)


def listed(desk: Desk, topic: str = "") -> list[Document]:
    """Return the documents of a topic, or all; while one of them cannot be read no list of them is true."""
    found = [document for document in desk.knowledge.library.documents if topic in {"", document.topic}]
    obscure = [document for document in found if not legible(document, desk.knowledge)]
    if obscure:
        first = min(obscure, key=lambda document: document.readable)  # rather the one that is broken itself
        message = f"it lists {first.name}, which cannot be read or rests on what cannot"
        raise InputRefused(message, code="LG208", fix="mend that document first")
    return found


def newest_first(cards: Iterable[Card]) -> list[Card]:
    """Return cards by date, the newest first; those of one day by name."""
    named = sorted(cards, key=lambda card: card.document.name)
    return sorted(named, key=lambda card: card.date, reverse=True)
