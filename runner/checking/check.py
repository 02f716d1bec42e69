"""Everything that is wrong with a knowledge base, as a list of findings."""

from __future__ import annotations

from collections.abc import Iterator

from runner.checking.artefacts import result_trouble
from runner.checking.ceilings import ceiling_trouble
from runner.checking.formulas import formula_trouble
from runner.checking.gates import gate_trouble
from runner.checking.literature import literature_trouble
from runner.checking.signatures import promise_trouble, signature_trouble
from runner.documents.reading import Document
from runner.documents.trouble import trouble
from runner.findings import Finding
from runner.rendering import figures
from runner.rendering.page import render_page
from runner.verdicts.knowledge import Knowledge


def check(knowledge: Knowledge) -> list[Finding]:
    """Return every finding once, in the order of files and lines."""
    found = dict.fromkeys(_all(knowledge))
    return sorted(found, key=lambda finding: (finding.place, finding.code))


def _all(knowledge: Knowledge) -> Iterator[Finding]:
    yield from trouble(knowledge.library)
    for document in knowledge.library.documents:
        if document.name not in knowledge.library.clouded:
            yield from formula_trouble(document, knowledge)
        yield from result_trouble(document, knowledge)
        yield from literature_trouble(document, knowledge)
        yield from gate_trouble(document, knowledge)
        yield from ceiling_trouble(document, knowledge)
        yield from signature_trouble(document, knowledge)
        yield from promise_trouble(document, knowledge)
        yield from render_page(document, knowledge).findings
        yield from _figure_trouble(document, knowledge)


def _figure_trouble(document: Document, knowledge: Knowledge) -> Iterator[Finding]:
    for figure in figures.figures_of(document, knowledge):
        finding = figures.trouble(figure, document)
        if finding is not None:
            yield finding
