"""What an experiment promised before it ran: the text of its expectations, definitions written out."""

from __future__ import annotations

from collections.abc import Mapping

from runner.documents.kinds import Alias, Human, Judged, Ladder, Predicate, Rung
from runner.documents.library import judged_of
from runner.documents.reading import Document
from runner.expressions.syntax import references
from runner.results.files import NOTHING


def promises(document: Document) -> dict[str, str]:
    """Return the text of every expectation by its key."""
    return {key: _promise(judged, document) for key, judged in judged_of(document).items()}


def moved(document: Document, filed: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the expectations that read differently from a filed promise, with the older texts."""
    now, found = promises(document), dict[str, list[str]]()
    for name, text in filed.items():
        key = name.partition("/")[2]
        if key and now.get(key) != text and text not in found.get(key, []):
            found.setdefault(key, []).append(text)
    promised = {name.partition("/")[2] for name in filed}
    return {**found, **{key: [NOTHING] for key in now if filed and key not in promised}}


def _promise(judged: Judged, document: Document) -> str:
    match judged:
        case Predicate(formula=formula):
            return formula.text + _behind(judged, document)
        case Ladder(rungs=rungs):
            texts = [f"{rung.formula.text if rung.formula else 'else'}: {rung.do}" for rung in rungs]
            return "; ".join(texts) + _behind(judged, document)
        case Alias(target=target):
            return target
        case Human():
            return "human"


def _behind(judged: Predicate | Ladder, document: Document) -> str:
    """Return the definitions an expectation rests on, each written out once."""
    rungs = judged.rungs if isinstance(judged, Ladder) else (Rung(judged.formula, ""),)
    trees = [rung.formula.tree for rung in rungs if rung.formula is not None]
    names: dict[str, str] = {}
    while trees:
        for reference in references(trees.pop()):
            name = reference.segments[0].name
            if len(reference.segments) == 1 and name in document.names.define and name not in names:
                names[name] = document.names.define[name].text
                trees.append(document.names.define[name].tree)
    return f" where {', '.join(f'{name} = {text}' for name, text in names.items())}" if names else ""
