"""A report as the terminal shows it: judgements first, then facts."""

from __future__ import annotations

from typing import Any

from runner.documents.library import judged_of
from runner.documents.reading import Document
from runner.documents.sweeps import spoken
from runner.findings import InputRefused
from runner.rendering import templates, wording
from runner.results.addresses import FactAddress
from runner.results.evaluation import Pending
from runner.results.points import AxisLeftOut
from runner.results.replicates import FEWEST, interval
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
    parts = {"judged": judged, "defined": _defined(document, knowledge), "facts": _facts(document, knowledge)}
    for entries in parts.values():
        width = max((len(name) for name in entries), default=0)
        lines += [*(f"{name:<{width}}  {value}" for name, value in entries.items()), *([""] if entries else [])]
    return [escaping.terminal(line) for line in lines[:-1]], {"id": document.id, **parts}


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


def _facts(document: Document, knowledge: Knowledge) -> dict[str, str]:
    """Return everything a job filed under an address that can be cited."""
    result = knowledge.store.result(document) if document.experiment else None
    if result is None:
        return {}
    scores, facts = knowledge.store.scores(document), {}
    for (run, piece, metric), values in scores.values.items():
        population = scores.population(run, piece)
        pair = interval(values) if population.n >= FEWEST else None
        address = FactAddress(document, run, piece, metric).key
        facts[address] = f"{wording.number(float(values[0]))} {wording.interval(pair)} {population}"
    return facts | {name: wording.plain(value) for name, value in result.scalars.items() if "(" not in name}
