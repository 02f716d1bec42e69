"""What a document is connected with: what it rests on, what rests on it, and the picture of all of that."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from runner.documents.kinds import Experiment, Hub, Protocol, Roadmap
from runner.documents.library import Library
from runner.documents.reading import Document
from runner.documents.scanner import Scan
from runner.expressions.names import is_key
from runner.rendering.cards import Card, card, listed
from runner.rendering.desk import Desk

LONGEST = 28  # characters of a name in a picture
MOST_EDGES = 200  # GitHub draws 500
DATED = re.compile(r"^[A-Z]{2,8}-\d{8}-")
NUMBERED = re.compile(r"-\d{2}$")


@dataclass(frozen=True)
class Group:
    """Documents that are connected with this one in the same way."""

    relation: str
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Node:
    """A document in a picture."""

    name: str
    label: str
    card: Card


@dataclass(frozen=True)
class Graph:
    """Documents, and which cites which."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[Node, Node], ...]

    @property
    def drawable(self) -> bool:
        """Tell whether a picture of it could still be read."""
        return len(self.edges) <= MOST_EDGES

    @property
    def citing(self) -> dict[Node, list[Node]]:
        """Return the documents that cite others, each with those."""
        found: dict[Node, list[Node]] = {}
        for one, other in self.edges:
            found.setdefault(one, []).append(other)
        return found


def connections(desk: Desk) -> list[Group]:
    """Return the documents connected with the one on the desk, by how they are."""
    document, library = desk.document, desk.knowledge.library
    relations: list[tuple[str, Iterable[Document]]] = [
        ("protocol", _protocols(document, library)),
        ("roadmap", _roadmaps(document, library)),
        ("hub", _hubs(document, library)),
        ("cites", _cites(library).get(document, ())),
        ("used_by", _users(document, library)),
        ("cited_by", (other for other, cited in _cites(library).items() if document in cited)),
    ]
    shown = {document}
    groups = []
    for relation, documents in relations:
        new = [other for other in dict.fromkeys(documents) if other not in shown]
        shown.update(new)
        if new:
            groups.append(Group(str(desk.labels["relations"][relation]), tuple(card(other, desk) for other in new)))
    return groups


def graph(desk: Desk, topic: str) -> Graph:
    """Return which documents of a topic, or of all, cite which; what is connected with nothing is left out."""
    documents = listed(desk, topic)
    cites = _cites(desk.knowledge.library)
    nodes = {d: Node(f"d{number}", _short(d), card(d, desk)) for number, d in enumerate(documents)}
    edges = [(nodes[one], nodes[other]) for one in documents for other in cites.get(one, ()) if other in nodes]
    connected = {node for edge in edges for node in edge}
    return Graph(tuple(node for node in nodes.values() if node in connected), tuple(edges))


def _protocols(document: Document, library: Library) -> Iterator[Document]:
    match document.body:
        case Experiment(protocol=name) | Hub(protocol=name) | Protocol(replaces=name):
            found = library.find(name) if name else None
            if found is not None:
                yield found


def _users(document: Document, library: Library) -> Iterator[Document]:
    """Yield the documents that name a protocol."""
    if document.kind == "protocol":
        yield from (other for other in library.documents if document in _protocols(other, library))


def _roadmaps(document: Document, library: Library) -> Iterator[Document]:
    """Yield the roadmap of an experiment's MVP, and those of a hub."""
    if document.experiment is not None and document.experiment.mvp:
        found = library.mvp(document.experiment.mvp, document)
        if found is not None:
            yield found[0]
    if isinstance(document.body, Hub):
        plans = (other for other in library.documents if other.kind == "roadmap")
        yield from (plan for plan in plans if document in _hubs(plan, library))


def _hubs(document: Document, library: Library) -> list[Document]:
    """Return the hub a document names, else those of its topic."""
    if not isinstance(document.body, Experiment | Roadmap):
        return []
    if document.hub:
        found = library.find(document.hub)
        return [found] if found is not None else []
    return [other for other in library.documents if other.kind == "hub" and other.topic == document.topic != ""]


@lru_cache(maxsize=1)
def _cites(library: Library) -> Mapping[Document, tuple[Document, ...]]:
    """Return the documents that each document rests on, by alias or by key."""
    found = {document: tuple(_cited(document, library)) for document in library.documents}
    return {document: tuple(dict.fromkeys(others)) for document, others in found.items() if others}


def _cited(document: Document, library: Library) -> Iterator[Document]:
    aliased = (library.find(cite.experiment) for cite in document.names.cites.values())
    keyed = (_holder(key, document, library) for key in _keys(document.scan))
    for other in (*aliased, *keyed):
        if other is not None and other is not document:
            yield other


def _keys(scan: Scan) -> Iterator[str]:
    return (label for citation in scan.citations if is_key(label := citation.label.strip()))


def _holder(key: str, document: Document, library: Library) -> Document | None:
    """Return the document that an id names, or that holds a claim, a gate or an MVP."""
    found = library.key(key, document) or library.mvp(key, document)
    return found[0] if found else library.find(key)


def _short(document: Document) -> str:
    """Return a name that fits into a picture: an id without its date and number, else the name of the file."""
    name = NUMBERED.sub("", DATED.sub("", document.id)) or document.path.stem
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
