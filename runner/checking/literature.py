"""Published values that cannot be read, and experiments that are cited although they no longer count."""

from __future__ import annotations

from collections.abc import Iterator

from runner.documents.kinds import Retired
from runner.documents.reading import Document
from runner.expressions.names import suggestion
from runner.findings import Finding, InputRefused, Place
from runner.results.published import listing
from runner.verdicts.knowledge import Knowledge


def literature_trouble(document: Document, knowledge: Knowledge) -> Iterator[Finding]:
    """Yield what is wrong with what a document takes from others, or from experiments that were retired."""
    if document.experiment is not None:
        try:
            yield from listing(document, knowledge.library).findings
        except InputRefused as error:
            yield Finding(error.code, error.place or document.source.place(0), error.message, error.fix)
        yield from _successor_trouble(document, document.experiment.retired, knowledge)
    for place, called, target in _cited(document, knowledge):
        retired = target.experiment.retired if target.experiment else None
        if retired is not None and document.id not in {target.id, retired.by}:
            fix = f"cite {retired.by} instead" if retired.by else "say so in the sentence, or drop it"
            yield Finding("LG114", place, f"{called} is retired: {retired.why}", fix)


def _cited(document: Document, knowledge: Knowledge) -> Iterator[tuple[Place, str, Document]]:
    """Yield the documents that a document names: by an alias, or by their id in a citation."""
    library = knowledge.library
    for cite in document.names.cites.values():
        target = library.find(cite.experiment)
        if target is not None:
            yield cite.place, f"`{cite.alias}` ({target.id})", target
    for citation in document.scan.citations:
        target = library.find(citation.label.strip())
        if target is not None:
            yield document.source.place(citation.start), target.id, target


def _successor_trouble(document: Document, retired: Retired | None, knowledge: Knowledge) -> Iterator[Finding]:
    library = knowledge.library
    if retired is None or not retired.by or retired.by in library.hidden:
        return
    found = library.find(retired.by)
    if found is None or found.experiment is None:
        known = [other.id for other in library.experiments if other is not document]
        message = f"`{retired.by}`, which takes the place of this experiment, is none"
        yield Finding("LG207", retired.place, message, suggestion(retired.by, known))
    elif found is document:
        yield Finding("LG207", retired.place, "an experiment cannot take its own place", "name another one")
