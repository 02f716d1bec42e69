"""What an experiment promised before it ran: its expectations, and all they rest on, written out."""

from __future__ import annotations

from collections.abc import Mapping

from runner.documents.kinds import Alias, Human, Judged, Ladder, Predicate, Rung
from runner.documents.library import Library, judged_of
from runner.documents.reading import Document
from runner.expressions.syntax import Expression, Reference, references
from runner.expressions.tokens import ExpressionRefused
from runner.results.addresses import NOWHERE, Definition, FactAddress, leaves, left_out, resolve
from runner.results.files import NOTHING
from runner.results.points import At
from runner.results.populations import WHOLE


def promises(document: Document, library: Library) -> dict[str, str]:
    """Return the text of every expectation by its key."""
    return {key: _promise(judged, document, library) for key, judged in judged_of(document).items()}


def moved(document: Document, filed: Mapping[str, str], library: Library) -> dict[str, list[str]]:
    """Return the expectations that read differently from a filed promise, with the older texts."""
    now, found = promises(document, library), dict[str, list[str]]()
    for name, text in filed.items():
        key = name.partition("/")[2]
        if key and now.get(key) != text and text not in found.get(key, []):
            found.setdefault(key, []).append(text)
    promised = {name.partition("/")[2] for name in filed}
    return {**found, **{key: [NOTHING] for key in now if filed and key not in promised}}


def _promise(judged: Judged, document: Document, library: Library, seen: tuple[str, ...] = ()) -> str:
    match judged:
        case Alias():
            return _of_alias(judged, document, library, seen)
        case Human():
            return "human"
        case Predicate(formula=formula):
            texts, trees = [formula.text], [formula.tree]
        case Ladder(rungs=rungs):
            texts = [*_beside(judged), *(_rung(rung) for rung in rungs)]
            trees = [rung.formula.tree for rung in rungs if rung.formula is not None]
    behind: dict[str, str] = {}
    for tree in trees:
        _write_out(tree, document, library, behind)
    rests = f" where {', '.join(f'{name} = {text}' for name, text in behind.items())}" if behind else ""
    return "; ".join(texts) + rests


def _of_alias(alias: Alias, document: Document, library: Library, seen: tuple[str, ...]) -> str:
    """Return what another key states, written out; a document or an MVP is its own name."""
    found = library.key(alias.target, document)
    if found is None or alias.target in seen:
        return alias.target
    home, judged = found
    return f"{alias.target} = {_promise(judged, home, library, (*seen, alias.target))}"


def _beside(ladder: Ladder) -> list[str]:
    after = [f"after {ladder.after}"] if ladder.after else []
    return [*after, *([f"sure {ladder.sure:g}"] if ladder.sure else [])]


def _rung(rung: Rung) -> str:
    effects = [f"opens {key}" for key in rung.opens] + [f"closes {key}" for key in rung.closes]
    return ", ".join([f"{rung.formula.text if rung.formula else 'else'}: {rung.do}", *effects])


def _write_out(
    tree: Expression, document: Document, library: Library, behind: dict[str, str], prefix: str = "", at: At = NOWHERE
) -> None:
    """Collect what names stand for: definitions and slices in full, aliases with their experiment."""
    at = {**at, **_open(tree, document, library, at)}
    for reference in references(tree):
        name = prefix + ".".join(_pointed(reference))
        try:
            meanings = list(leaves(resolve(reference, document, library, at)))
        except ExpressionRefused:
            continue  # the expression itself is refused with its own finding
        for meaning in meanings:
            if isinstance(meaning, FactAddress) and meaning.slice != WHOLE:
                behind.update(_slice(meaning, library))
        defined = next((meaning for meaning in meanings if isinstance(meaning, Definition)), None)
        if defined is not None:
            if name not in behind:
                behind[name] = defined.formula.text
                inside = prefix if defined.document is document else f"{prefix}{reference.names[0]}."
                point = {**at, **dict(defined.at)}
                _write_out(defined.formula.tree, defined.document, library, behind, inside, point)
        elif (cite := document.names.cites.get(reference.names[0])) is not None:
            first, *rest = _pointed(reference)
            job = cite.job + first.removeprefix(cite.alias)
            behind[name] = f"{cite.experiment}/{'.'.join([*filter(None, [job]), *rest])}"


def _open(tree: Expression, document: Document, library: Library, at: At) -> At:
    """Return where an expression that leaves axes out can be looked at."""
    try:
        return left_out(tree, document, library, at)
    except ExpressionRefused:
        return NOWHERE


def _slice(fact: FactAddress, library: Library) -> dict[str, str]:
    """Return which rows a slice holds: moving its edges moves what was promised."""
    protocol = library.protocol(fact.document)
    return {fact.slice: protocol.slices[fact.slice].text} if protocol and fact.slice in protocol.slices else {}


def _pointed(reference: Reference) -> list[str]:
    """Return the dotted names of a reference as written, each with its point."""
    points = [",".join(f"{each.key}={each.value}".lstrip("=") for each in part.point) for part in reference.segments]
    return [f"{name}({point})" if point else name for name, point in zip(reference.names, points, strict=True)]
