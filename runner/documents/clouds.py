"""Clouds: the documents that cannot be judged, because what they rest on cannot be read.

What a document rests on: the experiments it cites, the protocol that gives its values their rows, the documents behind
the keys it refers to, and the experiments that serve its MVPs. A hub or roadmap that cannot be read hides keys of its
topic, so all of that topic waits for it; so does a file that does not say what it is.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from runner.documents.kinds import Alias, Hub, Judged, Ladder, Predicate, Roadmap
from runner.expressions.names import is_key
from runner.expressions.syntax import Expression, references

if TYPE_CHECKING:
    from runner.documents.library import Library
    from runner.documents.reading import Document

KIND = re.compile(r"^kind:[ \t]*[\"']?([a-z]+)", re.MULTILINE)
MVP = re.compile(r"^mvp:[ \t]*[\"']?([^\s\"'#]+)", re.MULTILINE)
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
VALUED = ("exp", "protocol")  # kinds that hold values and no keys of a topic


def clouds(library: Library) -> dict[str, frozenset[str]]:
    """Return the name of every clouded document with the names of the unreadable ones it rests on."""
    reliance = _Reliance(library)
    causes: dict[str, set[str]] = defaultdict(set)
    for unreadable in library.unreadable:
        for name in (*reliance.above(unreadable), *_neighbours(unreadable, library)):
            causes[name].add(unreadable.name)
    return {name: frozenset(found) for name, found in causes.items()}


def _written_mvp(document: Document) -> str:
    """Return the MVP that stands in a document, readable or not."""
    if document.experiment is not None:
        return document.experiment.mvp
    match = MVP.search(document.source.text) if not document.readable else None
    return match[1] if match else ""


def _written_kind(document: Document) -> str:
    match = KIND.search(document.source.text) if document.kind == "page" else None
    return match[1] if match else document.kind


def _neighbours(unreadable: Document, library: Library) -> Iterator[str]:
    """Yield the documents that may refer to keys which a document hides: those of its topic, and those that name it."""
    if not unreadable.topic or _written_kind(unreadable) in VALUED:
        return
    for document in library.documents:
        foreign = any(label.startswith(f"{unreadable.topic}:") for label in _labels(document))
        if document is not unreadable and (document.topic == unreadable.topic or foreign):
            yield document.name


class _Reliance:
    """Which documents rest on which, looked at from below."""

    def __init__(self, library: Library) -> None:
        self.library = library

    def above(self, below: Document) -> set[str]:
        """Return the names of the documents that rest on one, also by way of values that others take from it."""
        found: set[str] = set()
        waiting, shared = [below.name], _written_kind(below) == "protocol"
        while waiting:
            for document in self._resting[waiting.pop()]:
                if document.name not in found and document is not below:
                    found.add(document.name)
                    waiting += [document.name] if shared or _hands_on(document) else []
        return found

    @cached_property
    def _resting(self) -> Mapping[str, list[Document]]:
        found: dict[str, list[Document]] = defaultdict(list)
        for document in self.library.documents:
            for name in {target.name for target in self._targets(document)} - {document.name}:
                found[name].append(document)
        return found

    @cached_property
    def _serving(self) -> Mapping[str, list[Document]]:
        found: dict[str, list[Document]] = defaultdict(list)
        for document in self.library.documents:
            if mvp := _written_mvp(document):
                found[document.full_key(mvp)].append(document)
        return found

    def _targets(self, document: Document) -> Iterator[Document]:
        """Yield what a document rests on; an id that two documents hold stands for both."""
        for cite in document.names.cites.values():
            yield from self._holders(cite.experiment)
        for block in document.scan.blocks:
            for word in ID.findall(block.arguments):
                yield from self._holders(word)
        yield from self._protocols(document)
        for label in _labels(document):
            yield from self._behind(label, document)

    def _holders(self, identity: str) -> Iterator[Document]:
        found = self.library.find(identity)
        yield from [found] if found is not None else []
        yield from self.library.hidden.get(identity, ())

    def _protocols(self, document: Document) -> Iterator[Document]:
        experiment, body = document.experiment, document.body
        named = experiment.protocol if experiment else body.protocol if isinstance(body, Hub) else ""
        found = self.library.find(named)
        yield from [found] if found is not None else self._holders(named.partition("@")[0])

    def _behind(self, label: str, document: Document) -> Iterator[Document]:
        """Yield the documents behind a key: its own, those that hold the key, those that serve the MVP."""
        yield from self._holders(label)
        yield from self._serving[document.full_key(label)]
        key = self.library.key(label, document) or self.library.key(label.rpartition(".")[0], document)
        yield from [key[0]] if key else []
        mvp = self.library.mvp(label, document)
        yield from [mvp[0]] if mvp else []


def _labels(document: Document) -> Iterator[str]:
    """Yield the keys a document refers to: in its text, its judgements, its MVPs."""
    yield from (label for citation in document.scan.citations if is_key(label := citation.label.strip()))
    match document.body:
        case Roadmap(gates=judged, phases=phases):
            yield from (key for keys in phases.values() for key in keys)
        case Hub(claims=judged):
            pass
        case _:
            judged = document.experiment.expect if document.experiment else {}
            yield from [mvp] if (mvp := _written_mvp(document)) and ":" in mvp else []
    for one in judged.values():
        yield from _named(one)


def _named(judged: Judged) -> Iterator[str]:
    match judged:
        case Alias(target=target):
            yield target
        case Ladder(after=after, rungs=rungs):
            yield from [after] if after else []
            yield from (key for rung in rungs for key in (*rung.opens, *rung.closes))


def _hands_on(document: Document) -> bool:
    """Tell whether values of others pass through a document: an experiment has its own, unless it names theirs."""
    experiment = document.experiment
    if experiment is None or not document.readable:
        return True
    trees = [formula.tree for formula in document.names.define.values()]
    trees += [tree for judged in experiment.expect.values() for tree in _trees(judged)]
    return any(reference.names[0] in document.names.cites for tree in trees for reference in references(tree))


def _trees(judged: Judged) -> Iterator[Expression]:
    match judged:
        case Predicate(formula=formula):
            yield formula.tree
        case Ladder(rungs=rungs):
            yield from (rung.formula.tree for rung in rungs if rung.formula is not None)
