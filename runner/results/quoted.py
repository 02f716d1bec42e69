"""Published values along an axis: one for every point of it that a source gives, wherever ours stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from runner.documents.kinds import Published, Stated, Value
from runner.documents.library import Library
from runner.documents.published import address_of
from runner.documents.reading import Document
from runner.documents.sweeps import spoken
from runner.expressions.parse import parse
from runner.expressions.syntax import Argument, Call, Expression, Reference, Segment
from runner.expressions.tokens import quantity
from runner.findings import InputRefused
from runner.results.points import SEED
from runner.results.published import lookup, published
from runner.results.quantities import Quantity
from runner.results.returned import Stop


def asked(tree: Expression) -> Reference | None:
    """Return the address in `published(address)`; nothing where an expression is anything else."""
    quoting = isinstance(tree, Call) and tree.function == "published"
    inner = tree.arguments[0] if quoting and isinstance(tree, Call) else None
    return inner if isinstance(inner, Reference) else None


def quoted(address: Reference, axis: str, document: Document, library: Library) -> list[Stop]:
    """Return what sources give for an address along an axis: at points of it, or in slices by its values."""
    values = dict.fromkeys(_values(address, axis, document, library))
    found = [(value, _at(address, axis, value, document, library)) for value in values]
    stops = [Stop(spoken(value), value, _quantity(*given)) for value, given in found if given is not None]
    if not stops:
        fix = "add it under `published:` of its experiment, a value per point"
        raise InputRefused(f"no source gives `{address_of(address)}` along `{axis}`", code="LG302", fix=fix)
    return stops


def _values(address: Reference, axis: str, document: Document, library: Library) -> Iterator[Value]:
    """Yield every value of an axis that the sources of an experiment name, of whatever they give there."""
    cite = document.names.cites.get(address.segments[0].name)
    home = library.find(cite.experiment) if cite else document
    sweep = home.experiment.sweep if home is not None and home.experiment is not None else {}
    alone = [name for name in sweep if name != SEED] == [axis]  # then a point need not name it
    for entry in published(home, library) if home is not None else ():
        for segment in (segment for known in entry.values for segment in _segments(known)):
            for argument in segment.point:
                if axis in (segment.name, argument.key) or (alone and not argument.key):
                    number = quantity(argument.value)
                    yield argument.value if number is None else number


def _segments(known: str) -> tuple[Segment, ...]:
    tree = parse(known)
    return tree.segments if isinstance(tree, Reference) else ()


def _at(
    address: Reference, axis: str, value: Value, document: Document, library: Library
) -> tuple[Stated, Published] | None:
    """Return what is published of an address at one value of an axis, nothing where that was withdrawn."""
    *front, last = address.segments
    piece = Segment(axis, (Argument("", spoken(value)),), last.start, last.end)
    everywhere = lookup(address, document, library)
    for asking, at in ((replace(address, segments=(*front, piece, last)), {}), (address, {axis: value})):
        found = lookup(asking, document, library, at)
        if found is not None and not found[1].why and (everywhere is None or found[0] is not everywhere[0]):
            return found
    return None


def _quantity(stated: Stated, source: Published) -> Quantity:
    return Quantity(np.array([stated.value]), published=(source,), recorded=stated)
