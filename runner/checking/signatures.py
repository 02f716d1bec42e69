"""What a person accepted or promised, and documents no longer say."""

from __future__ import annotations

from collections.abc import Iterator

from runner.documents.library import judged_of
from runner.documents.reading import Document
from runner.documents.signed import signatures_of
from runner.expressions.names import suggestion
from runner.findings import ArtefactDamaged, Finding
from runner.rendering.desk import legible
from runner.rendering.signatures import Standing, signed_keys, standings
from runner.results.files import NOTHING
from runner.verdicts.knowledge import Knowledge
from runner.verdicts.promises import moved, promises


def signature_trouble(document: Document, knowledge: Knowledge) -> Iterator[Finding]:
    """Yield verdicts and words that changed since they were signed."""
    if not legible(document, knowledge) or not signatures_of(document.body):
        return
    try:
        found = standings(document, knowledge)
    except ArtefactDamaged:
        return  # reported with the artefact
    for standing in found:
        yield from _drift(standing, document)
    known = signed_keys(document, knowledge)
    for key, signature in signatures_of(document.body).items():
        if key not in known:
            fix = suggestion(key, judged_of(document)) or "remove the line"
            yield Finding("LG207", signature.place, f"`{key}` is signed, but there is no such key here", fix)


def _drift(standing: Standing, document: Document) -> Iterator[Finding]:
    signature = standing.signature
    accept = f"reword it if need be, then runner accept {document.called} {signature.key}"
    if standing.contradicted:
        message = (
            f"`{signature.key}` was signed as {signature.verdict} on {signature.date}, it is {standing.verdict} now"
        )
        yield Finding("LG110", signature.place, message, accept)
    if standing.suspect:
        gone = "is gone" if standing.statement is None else "changed"
        message = f"the wording of `{signature.key}` {gone} since it was signed on {signature.date}"
        yield Finding("LG111", standing.place, message, accept)


def promise_trouble(document: Document, knowledge: Knowledge) -> Iterator[Finding]:
    """Yield expectations that read differently from what was promised before a run, with both texts."""
    if document.experiment is None or not legible(document, knowledge):
        return
    try:
        result = knowledge.store.result(document)
    except ArtefactDamaged:
        return  # reported with the artefact
    now = promises(document, knowledge.library)
    for key, texts in moved(document, result.promises if result else {}, knowledge.library).items():
        place = judged_of(document)[key].place if key in now else document.place("expect")
        for text in texts:
            today = f"it reads `{now[key]}` now" if key in now else "it is gone"
            then = f"{NOTHING} of `{key}`" if text == NOTHING else f"`{key}` was promised as `{text}`"
            message = f"{then}, {today}"
            yield Finding("LG112", place, message, "put it back, or leave both texts to be seen")
