"""What gates open and close: every piece of work that a rung names, with what the gate has come to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from runner.documents.kinds import Ladder
from runner.documents.library import Library
from runner.documents.reading import Document
from runner.verdicts.judgements import Effect, Outcome, rung_names

UNSETTLED = frozenset({"leaning", "undecided", "pending", "waiting"})


@dataclass(frozen=True)
class Use:
    """One rung that opens or closes a piece of work."""

    document: Document
    ladder: Ladder
    rung: str
    opens: bool


@dataclass(frozen=True, eq=False)
class Uses:
    """The rungs of a library by the work they name."""

    library: Library

    def of(self, label: str, document: Document) -> list[Use]:
        """Return the rungs that name a document, an MVP or a key, as written in a document."""
        return self._known.get(self._full(label, document), [])

    @cached_property
    def _known(self) -> dict[str, list[Use]]:
        found: dict[str, list[Use]] = {}
        for document, judged in self.library.judged():
            if isinstance(judged, Ladder):
                for label, use in _uses(document, judged):
                    found.setdefault(self._full(label, document), []).append(use)
        return found

    def _full(self, label: str, document: Document) -> str:
        """Spell a key the same way wherever it is named: with its topic, but a document by its id."""
        return label if ":" in label or self.library.find(label) else f"{document.topic}:{label}"


def _uses(document: Document, ladder: Ladder) -> Iterator[tuple[str, Use]]:
    for name, rung in zip(rung_names(ladder.rungs), ladder.rungs, strict=True):
        for label in rung.opens:
            yield label, Use(document, ladder, name, opens=True)
        for label in rung.closes:
            yield label, Use(document, ladder, name, opens=False)


def effect(uses: list[tuple[Use, Outcome]], topic: str) -> Effect:
    """Return what judged gates do to a piece of work, their keys as a document of that topic writes them."""
    opened, closed, waits = list[str](), list[str](), list[str]()
    for use, outcome in uses:
        prefix = "" if use.document.topic == topic else f"{use.document.topic}:"
        key = f"{prefix}{use.ladder.key}"
        if outcome.taken == use.rung:
            (opened if use.opens else closed).append(f"{key}.{use.rung}")
        elif use.opens and outcome.state in UNSETTLED:
            waits.append(key)
    return Effect(tuple(dict.fromkeys(opened)), tuple(dict.fromkeys(closed)), tuple(dict.fromkeys(waits)))
