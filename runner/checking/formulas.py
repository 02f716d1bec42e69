"""Expressions of a front matter that cannot mean what they should."""

from __future__ import annotations

from collections.abc import Iterator

from runner.checking.outcomes import outcome_trouble
from runner.documents.form import pointed
from runner.documents.kinds import Alias, Formula, Judged, Ladder, Predicate
from runner.documents.library import judged_of
from runner.documents.reading import Document
from runner.expressions.names import suggestion
from runner.expressions.tokens import ExpressionRefused
from runner.findings import ArtefactDamaged, Finding, InputRefused
from runner.results.evaluation import Evaluator, Pending
from runner.results.foresight import FORESEEN, Foresight
from runner.verdicts.knowledge import Knowledge


def formula_trouble(document: Document, knowledge: Knowledge) -> Iterator[Finding]:
    """Yield what is wrong with definitions, claims, expectations and gates."""
    if not document.readable or _without_protocol(document, knowledge):
        return
    foresight = Foresight(knowledge.library, knowledge.store)
    for formula in formulas(document):
        try:
            _evaluate(formula, document, knowledge.evaluator)
        except ExpressionRefused as error:
            yield pointed(error, formula.place)
        except Pending:
            yield from _foreseen(formula, document, foresight)
        except ArtefactDamaged:
            continue  # reported with the artefact
    for judged in judged_of(document).values():
        yield from _key_trouble(document, judged, knowledge)
    yield from outcome_trouble(document, knowledge.library)


def _evaluate(formula: Formula, document: Document, evaluator: Evaluator) -> None:
    """Evaluate a formula as it will be asked: a definition somewhere, anything else here and to one value."""
    if formula in document.names.define.values():
        evaluator.check_definition(formula, document)
    else:
        evaluator.formula(formula, document)


def _foreseen(formula: Formula, document: Document, foresight: Foresight) -> Iterator[Finding]:
    """Yield what would be refused whatever the result: rows that differ can be told before anything runs."""
    try:
        _evaluate(formula, document, foresight)
    except ExpressionRefused as error:
        if error.code in FORESEEN:
            yield pointed(error, formula.place)
    except InputRefused:
        return


def _without_protocol(document: Document, knowledge: Knowledge) -> bool:
    """Tell whether an experiment's protocol is not there, which is reported once and not for every expression."""
    return document.experiment is not None and knowledge.library.protocol(document) is None


def formulas(document: Document) -> Iterator[Formula]:
    """Yield every expression of a document's front matter."""
    yield from document.names.define.values()
    yield from predicates(document)


def predicates(document: Document) -> Iterator[Formula]:
    """Yield the predicates of expectations, claims and gates."""
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
    known = [*library.keys(document.topic), *library.ids]
    if isinstance(judged, Ladder):  # what a gate opens is work, wherever there is any
        known = library.mvps(document.topic) or known
        named = [key for rung in judged.rungs for key in (*rung.opens, *rung.closes)]
    for key in named:
        if not knowledge.judge.knows(key, document):
            fix = suggestion(key, known)
            yield Finding("LG207", judged.place, f"`{judged.key}` names an unknown key `{key}`", fix)
