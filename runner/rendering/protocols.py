"""A protocol in words: its data, its rows, what it measures, and how many rows each slice holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from runner.documents.kinds import Experiment, Hub, Protocol
from runner.documents.reading import Document
from runner.findings import InputRefused
from runner.rendering.cards import Card, card
from runner.rendering.configuration import written
from runner.rendering.desk import Desk
from runner.results import places
from runner.results.metrics import SYMBOLS
from runner.results.populations import Rows


@dataclass(frozen=True)
class Part:
    """A slice, or one part of a partition; the count is there once the rows are filed."""

    name: str
    count: int | None


@dataclass(frozen=True)
class Slicing:
    """One slice with its predicate, or a partition with all its parts."""

    name: str
    predicate: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Agreement:
    """What a page says of a protocol."""

    card: Card
    protocol: Protocol
    options: tuple[str, ...]
    columns: tuple[str, ...]
    axes: Mapping[str, tuple[float, ...]]
    chosen: Mapping[str, float]  # of the page's own axes
    metrics: tuple[str, ...]
    slicings: tuple[Slicing, ...]
    filed: bool
    replaced: Card | None


def agreement(desk: Desk) -> Agreement:
    """Return the protocol that the document on the desk is, or names."""
    document = _named(desk)
    protocol = document.body
    if not isinstance(protocol, Protocol):
        raise InputRefused(f"`{document.called}` is no protocol", code="LG207", fix="name one under `protocol:`")
    body, older = desk.document.body, desk.knowledge.library.find(protocol.replaces) if protocol.replaces else None
    rows = _filed(document, protocol, desk)
    return Agreement(
        card(document, desk),
        protocol,
        tuple(f"{name}: {written(value)}" for name, value in protocol.options.items() if name != "columns"),
        tuple(f"{name} ({unit})" if unit else name for name, unit in protocol.columns.items()),
        protocol.axes,
        body.axes if isinstance(body, Hub | Experiment) else {},
        tuple(SYMBOLS[metric] for metric in protocol.metrics),
        tuple(_slicings(protocol, rows)),
        rows is not None,
        card(older, desk) if older is not None else None,
    )


def _named(desk: Desk) -> Document:
    document, library = desk.document, desk.knowledge.library
    if isinstance(document.body, Protocol):
        return document
    name = document.body.protocol if isinstance(document.body, Hub | Experiment) else ""
    found = library.find(name) if name else None
    if found is None:
        fix = "add `protocol:` to its front matter, or use this block in a protocol"
        raise InputRefused("this document names no protocol there is", code="LG208", fix=fix)
    return found


def _filed(document: Document, protocol: Protocol, desk: Desk) -> Rows | None:
    """Return the test rows, None before any experiment filed them."""
    if not places.rows_file(document).is_file():
        return None
    return desk.knowledge.store.protocol_rows(document, protocol)


def _slicings(protocol: Protocol, rows: Rows | None) -> Iterator[Slicing]:
    inside = {part for partition in protocol.partitions.values() for part in partition.parts}
    for name, formula in protocol.slices.items():
        if name not in inside:
            yield Slicing(name, formula.text, (Part("", _count(rows, name)),))
    for partition in protocol.partitions.values():
        named = zip(partition.shown, partition.parts, strict=True)
        yield Slicing(partition.name, "", tuple(Part(shown, _count(rows, part)) for shown, part in named))


def _count(rows: Rows | None, name: str) -> int | None:
    return None if rows is None else int(rows.masks[name].sum())
