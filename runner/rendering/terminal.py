"""A report as the terminal shows it: judgements first, then facts."""

from __future__ import annotations

from typing import Any

from runner.documents.library import judged_of
from runner.documents.reading import Document
from runner.rendering import templates, wording
from runner.results.replicates import FEWEST, interval
from runner.safety import escaping
from runner.verdicts.knowledge import Knowledge


def summary(document: Document, knowledge: Knowledge) -> tuple[list[str], dict[str, Any]]:
    """Return the lines of a report and the same as data."""
    labels = templates.labels(document.lang)
    state = labels["states"][knowledge.statuses.of(document)]
    lines = [
        f"{document.id or document.name}  {document.title}",
        f"{document.kind}, {state}, {document.name}",
        "",
    ]
    judged = {
        key: wording.judgement(knowledge.judge.judged(document, entry), labels)
        for key, entry in judged_of(document).items()
    }
    lines += [f"{key:<10} {word}" for key, word in judged.items()]
    facts = _facts(document, knowledge)
    lines += [""] if judged and facts else []
    width = max((len(address) for address in facts), default=0)
    lines += [f"{address:<{width}}  {value}" for address, value in facts.items()]
    return [escaping.terminal(line) for line in lines], {"id": document.id, "judged": judged, "facts": facts}


def _facts(document: Document, knowledge: Knowledge) -> dict[str, str]:
    if document.experiment is None or knowledge.store.result(document) is None:
        return {}
    scores, facts = knowledge.store.scores(document), {}
    for (run, piece, metric), values in scores.values.items():
        population = scores.population(piece)
        pair = interval(values) if population.n >= FEWEST else None
        middle = "" if piece == "all" else f".{piece}"
        facts[f"{run}{middle}.{metric}"] = f"{wording.number(float(values[0]))} {wording.interval(pair)} {population}"
    return facts
