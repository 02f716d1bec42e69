"""Curves: how a number went in a training, epoch by epoch, as a figure asks for it run by run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from runner.documents.library import Library
from runner.documents.reading import Document
from runner.documents.sweeps import spoken
from runner.expressions.names import suggestion
from runner.expressions.parse import parse
from runner.expressions.syntax import Reference, Segment
from runner.findings import InputRefused
from runner.results.addresses import NOWHERE, Every, FactAddress, Meaning, leaves, resolve
from runner.results.evaluation import Pending
from runner.results.files import Run
from runner.results.metrics import COUNT
from runner.results.points import At, AxisLeftOut
from runner.results.populations import WHOLE
from runner.results.store import Store

if TYPE_CHECKING:
    import numpy as np

ROWS = "rows"  # the curve of how many rows were seen by the end of each epoch
KEPT = "best_epoch"  # the scalar of the epoch whose model was kept, counted from 1


class Curve(NamedTuple):
    """What one run said of every epoch, by what people call the run, its seed left out."""

    label: str
    values: np.ndarray
    rows: np.ndarray | None  # seen by the end of each epoch, where the job says so
    kept: int  # the epoch whose model was kept, counted from 1; 0 where the job names none


@dataclass(frozen=True)
class Training:
    """A run that filed curves, with what it is called among the runs of its job."""

    label: str
    document: Document
    name: str
    run: Run
    kept: int

    def evidence(self, curve: str) -> list[str | int]:
        """Return what tells one drawing of a curve from another."""
        return [self.label, self.run.curves[curve], self.run.curves.get(ROWS, ""), self.kept]


def trainings(item: str, curve: str, document: Document, library: Library, store: Store) -> list[Training]:
    """Return the runs a job stands for, at every value of the axes it leaves open and with every seed."""
    found = [_training(label, address, store) for label, address in _runs(item, document, library)]
    for training in found:
        if not training.run.curves:
            fix = "name one that is trained epoch by epoch"
            raise InputRefused(f"`{item}` returned no curves", code="LG302", fix=fix)
        if curve not in training.run.curves:
            fix = suggestion(curve, training.run.curves)
            raise InputRefused(f"`{item}` has no curve `{curve}`", code="LG302", fix=fix)
    return found


def curves(found: list[Training], curve: str, store: Store) -> list[Curve]:
    """Return a curve of runs that are of one document."""
    stored = store.curves(found[0].document, [training.name for training in found])
    return [Curve(t.label, own[curve], own.get(ROWS), t.kept) for t, own in zip(found, stored, strict=True)]


def _training(label: str, address: FactAddress, store: Store) -> Training:
    result = store.result(address.document)
    if result is None or address.run not in result.runs or result.runs[address.run].failed:
        raise Pending(address.document)
    kept = int(result.scalars.get(f"{address.run}.{KEPT}", 0))
    return Training(label, address.document, address.run, result.runs[address.run], kept)


def _runs(item: str, document: Document, library: Library) -> Iterator[tuple[str, FactAddress]]:
    """Yield every run that an item stands for by what people call it."""
    tree = parse(item)
    if not isinstance(tree, Reference):
        raise InputRefused(f"`{item}` is no job", code="LG302", fix="name a job, without a metric")
    counted = replace(tree, segments=(*tree.segments, Segment(COUNT, (), tree.end, tree.end)))  # every run has some
    for at, meaning in _everywhere(counted, document, library, NOWHERE):
        parts = meaning.parts if isinstance(meaning, Every) else (("", meaning),)
        for label, part in parts:
            for leaf in leaves(part):
                if not isinstance(leaf, FactAddress) or leaf.slice != WHOLE:
                    raise InputRefused(f"`{item}` is no job", code="LG302", fix="name a job, without a slice")
                yield f"{_named(item, at)} {label}".strip(), leaf


def _everywhere(tree: Reference, document: Document, library: Library, at: At) -> Iterator[tuple[At, Meaning]]:
    """Yield what a reference means at every value of the axes it leaves open."""
    try:
        meaning = resolve(tree, document, library, at)
    except AxisLeftOut as error:
        for value in error.values:
            yield from _everywhere(tree, document, library, {**at, error.axis: value})
    else:
        yield at, meaning


def _named(item: str, at: At) -> str:
    """Write an item with a point, as an address has it: `vit(train=1M)`."""
    inside = ", ".join(f"{axis}={spoken(value)}" for axis, value in at.items())
    if not inside:
        return item
    return f"{item[:-1]}, {inside})" if item.endswith(")") else f"{item}({inside})"
