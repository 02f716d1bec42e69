"""Predicates and ladders that can come out one way only, whatever the values are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from runner.documents import reach
from runner.documents.kinds import Ladder, Predicate
from runner.documents.library import Library, judged_of
from runner.documents.reading import Document
from runner.expressions.syntax import Expression, Reference, children, walk, with_children
from runner.expressions.tokens import ExpressionRefused
from runner.findings import Finding
from runner.results.addresses import NOWHERE, Definition, FactAddress, ScalarAddress, Seeds, resolve
from runner.results.points import At
from runner.verdicts.judgements import ELSE, rung_names

LARGEST = 500  # parts of an expression whose definitions are written out
SETTLES = "compare with what could go either way"


def outcome_trouble(document: Document, library: Library) -> Iterator[Finding]:
    """Yield the predicates of a document that test nothing, and the rungs that no values lead to."""
    for judged in judged_of(document).values():
        match judged:
            case Predicate(key=key, formula=formula):
                settled = reach.settled(_written_out(formula.tree, document, library))
                if settled is not None:
                    always = "always holds" if settled else "can never hold"
                    yield Finding("LG310", formula.place, f"`{key}` {always}, whatever the values", SETTLES)
            case Ladder():
                yield from _unreachable(judged, document, library)


def _unreachable(ladder: Ladder, document: Document, library: Library) -> Iterator[Finding]:
    formulas = [rung.formula for rung in ladder.rungs if rung.formula is not None]
    trees = [_written_out(formula.tree, document, library) for formula in formulas]
    names = rung_names(ladder.rungs)
    for index in reach.never_taken(trees):
        place = ladder.rungs[index].place or ladder.place
        called = f"`{ladder.key}.{names[index]}`"
        said = called if names[index] == ELSE else f"{called}, `{formulas[index].text}`,"
        yield Finding("LG310", place, f"the rung {said} can never be taken", _remedy(ladder, trees, index))


def _remedy(ladder: Ladder, trees: list[Expression], index: int) -> str:
    """Say what leaves nothing to a rung: itself, one rung above it, or all of them."""
    own = trees[index : index + 1]
    if own and reach.settled(own[0]) is False:
        return SETTLES
    taking = next((above for above in range(index) if own and 1 in reach.never_taken([trees[above], own[0]])), None)
    above = "the rungs above leave" if taking is None else f"`{ladder.key}.{taking + 1}` leaves"
    return f"{above} nothing to it; reorder them or drop one"


def _written_out(tree: Expression, document: Document, library: Library) -> Expression:
    """Return an expression over facts: definitions in full, every address spelled the same way wherever it stands."""
    try:
        return _Writer(library).write(tree, document, NOWHERE)
    except ExpressionRefused:
        return tree  # refused with its own finding, or too long to be decided


class _Writer:
    """Writes definitions out as far as they stay readable."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._left = LARGEST

    def write(self, tree: Expression, document: Document, at: At) -> Expression:
        if isinstance(tree, Reference):
            return self._reference(tree, document, at)
        return with_children(tree, [self.write(part, document, at) for part in children(tree)])

    def _reference(self, reference: Reference, document: Document, at: At) -> Expression:
        meaning = resolve(reference, document, self._library, at)
        match meaning:
            case Definition(formula=formula):
                self._left -= sum(1 for _ in walk(formula.tree))
                if self._left < 0:
                    raise ExpressionRefused("the definitions are too long", reference.start, reference.end)
                return self.write(formula.tree, meaning.document, {**at, **dict(meaning.at)})
            case FactAddress() | ScalarAddress():
                return _spelled(reference, f"{meaning.document.name}:{meaning.key}")
            case Seeds(parts=parts):
                return _spelled(reference, " ".join(f"{part.document.name}:{part.key}" for part in parts))
        head, *rest = reference.segments
        return replace(reference, segments=(replace(head, name=f"{document.name}:{head.name}"), *rest))


def _spelled(reference: Reference, name: str) -> Reference:
    """Return a reference under a name of its own; its last part stays, which says between what it lies."""
    last = reference.segments[-1]
    return replace(reference, segments=(replace(last, name=name, point=()), replace(last, point=())))
