"""A report as the terminal shows it: judgements first, then facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.documents.library import judged_of
from runner.documents.reading import Document
from runner.documents.sweeps import spoken
from runner.findings import InputRefused
from runner.rendering import templates, wording
from runner.rendering.answers import facts_of
from runner.results.evaluation import Pending
from runner.results.points import AxisLeftOut
from runner.safety import escaping
from runner.verdicts.knowledge import Knowledge


def summary(document: Document, knowledge: Knowledge) -> tuple[list[str], dict[str, Any]]:
    """Return the lines of a report and the same as data."""
    labels = templates.labels(document.lang)
    state = labels["states"][knowledge.statuses.of(document)]
    lines = [
        f"{document.called}  {document.title}",
        f"{document.kind}, {state}, {document.name}",
        "",
    ]
    judged = {
        key: wording.judgement(knowledge.judge.judged(document, entry), labels)
        for key, entry in judged_of(document).items()
    }
    answers = {answer.name: answer.shown(labels) for answer in facts_of(document, knowledge)}
    facts = {name: shown for name, shown in answers.items() if name not in document.names.define}
    parts = {"judged": judged, "defined": _defined(document, knowledge), "facts": facts}
    for entries in {**parts, "facts": _headline(facts, document, knowledge)}.values():
        width = max((len(name) for name in entries), default=0)
        lines += [*(f"{name:<{width}}  {value}" for name, value in entries.items()), *([""] if entries else [])]
    more = [f"runner facts --in {document.called} lists all {len(answers)}", ""] if facts else []
    return [escaping.terminal(line) for line in [*lines, *more][:-1]], {"id": document.id, **parts}


def _headline(facts: Mapping[str, str], document: Document, knowledge: Knowledge) -> dict[str, str]:
    """Return the facts a person asks for first: the first metric that every run has, on all of its rows."""
    result, protocol = knowledge.store.result(document) if facts else None, knowledge.library.protocol(document)
    runs = result.runs if result else {}
    had = {run: result.metrics_of(run, protocol.metrics) for run in runs} if result and protocol else {}
    first = {f"{run}.{metrics[0]}" for run, metrics in had.items() if metrics}
    return {name: shown for name, shown in facts.items() if name in first}


def _defined(document: Document, knowledge: Knowledge) -> dict[str, str]:
    """Return the quantities a document names, each with its value or why it has none."""
    found = {}
    for name, formula in document.names.define.items():
        try:
            quantity = knowledge.evaluator.formula(formula, document)
            value = f"{wording.number(quantity.point)} {wording.interval(quantity.interval)}"
        except AxisLeftOut as error:
            value = f"asked at a point: {name}({spoken(error.values[0])})"
        except (Pending, InputRefused) as error:
            value = error.message
        found[name] = f"{value}  = {formula.text}"
    return found
