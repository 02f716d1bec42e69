"""Expressions of a front matter that cannot mean what they should."""

from __future__ import annotations

from collections.abc import Iterator

from runner.documents.form import pointed
from runner.documents.kinds import Alias, Formula, Judged, Ladder, Predicate
from runner.documents.library import judged_of
from runner.documents.reading import Document
from runner.expressions.names import suggestion
from runner.expressions.tokens import ExpressionRefused
from runner.findings import ArtefactDamaged, Finding
from runner.results.evaluation import Pending
from runner.verdicts.knowledge import Knowledge


def formula_trouble(document: Document, knowledge: Knowledge) -> Iterator[Finding]:
    """Yield what is wrong with definitions, claims, expectations and gates."""
    if not document.readable or _without_protocol(document, knowledge):
        return
    definitions = document.names.define.values()
    for formula in formulas(document):
        try:
            if formula in definitions:
                knowledge.evaluator.check_definition(formula, document)
            else:
                knowledge.evaluator.formula(formula, document)
        except ExpressionRefused as error:
            yield pointed(error, formula.place)
        except (Pending, ArtefactDamaged):
            continue  # nothing to say yet; damage is reported with the artefact
    for judged in judged_of(document).values():
        yield from _key_trouble(document, judged, knowledge)


def _without_protocol(document: Document, knowledge: Knowledge) -> bool:
    """Tell whether an experiment's protocol is not there, which is reported once and not for every expression."""
    return document.experiment is not None and knowledge.library.protocol(document) is None


def formulas(document: Document) -> Iterator[Formula]:
    """Yield every expression of a document's front matter."""
    yield from document.names.define.values()
    for judged in judged_of(document).values():
        match judged:
            case Predicate(formula=formula):
                yield formula
            case Ladder(rungs=rungs):
                yield from (rung.formula for rung in rungs if rung.formula is not None)


def _key_trouble(document: Document, judged: Judged, knowledge: Knowledge) -> Iterator[Finding]:
    library = knowledge.library
    if isinstance(judged, Ladder) and any(rung.do.startswith("TODO") for rung in judged.rungs):
        message = f"`{judged.key}` does not say yet what will be done"
        yield Finding("LG109", judged.place, message, "decide it before anything runs")
    named = [judged.target] if isinstance(judged, Alias) else []
    if judged.key in named:
        yield Finding("LG207", judged.place, f"`{judged.key}` stands for itself", "name another key, or a predicate")
    if isinstance(judged, Ladder):
        named = [key for rung in judged.rungs for key in (*rung.opens, *rung.closes)]
    for key in named:
        if not knowledge.judge.knows(key, document):
            fix = suggestion(key, [*library.keys(document.topic), *library.ids])
            yield Finding("LG207", judged.place, f"`{judged.key}` names an unknown key `{key}`", fix)
