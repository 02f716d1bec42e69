"""Gates that cannot work: they come after a rung that does not exist or after themselves, or pull both ways."""

from __future__ import annotations

from collections.abc import Iterator

from runner.documents.kinds import Ladder
from runner.documents.library import judged_of
from runner.documents.reading import Document
from runner.expressions.names import suggestion
from runner.findings import ArtefactDamaged, Finding
from runner.rendering.desk import legible
from runner.verdicts.judgements import rung_names
from runner.verdicts.knowledge import Knowledge


def gate_trouble(document: Document, knowledge: Knowledge) -> Iterator[Finding]:
    """Yield what is wrong between the ladders of a document and those of others."""
    if not legible(document, knowledge):
        return
    for judged in judged_of(document).values():
        if isinstance(judged, Ladder):
            yield from _order_trouble(judged, document, knowledge)
            yield from _conflicts(judged, document, knowledge)


def _order_trouble(ladder: Ladder, document: Document, knowledge: Knowledge) -> Iterator[Finding]:
    if not ladder.after:
        return
    if knowledge.judge.rung(ladder.after, document) is None:
        gates = [each for each in judged_of(document).values() if isinstance(each, Ladder) and each is not ladder]
        known = [f"{gate.key}.{name}" for gate in gates for name in rung_names(gate.rungs)]
        message = f"`{ladder.key}` comes after `{ladder.after}`, which is no rung of a ladder"
        yield Finding("LG207", ladder.place, message, suggestion(ladder.after, known))
    elif _comes_after_itself(ladder, document, knowledge):
        yield Finding("LG207", ladder.place, f"`{ladder.key}` comes after itself", "let one of the gates come first")


def _comes_after_itself(ladder: Ladder, document: Document, knowledge: Knowledge) -> bool:
    seen: list[Ladder] = []
    here, home = ladder, document
    while here.after and here not in seen:
        seen.append(here)
        found = knowledge.judge.rung(here.after, home)
        if found is None:
            return False
        home, here, _ = found
    return here is ladder and bool(seen)


def _conflicts(ladder: Ladder, document: Document, knowledge: Knowledge) -> Iterator[Finding]:
    """Yield the work that the rung taken opens, and that of another gate closes."""
    try:
        outcome = knowledge.judge.ladder(ladder, document)
        opened = ladder.rungs[outcome.leading].opens if outcome.sure else ()
        effects = {key: knowledge.judge.effect(key, document) for key in opened}
    except ArtefactDamaged:
        return  # reported with the artefact
    for key, effect in effects.items():
        if effect.conflict:
            message = f"`{key}` is opened by {', '.join(effect.opened)} and closed by {', '.join(effect.closed)}"
            yield Finding("LG115", ladder.place, message, "let one of the gates come after the other")
