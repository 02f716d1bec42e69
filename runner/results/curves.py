"""Curves: how a number went in a training, epoch by epoch, as a figure asks for it run by run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from runner.documents.library import Library
from runner.documents.reading import Document
from runner.documents.sweeps import spoken
from runner.expressions.names import suggestion
from runner.expressions.parse import parse
from runner.expressions.syntax import Reference, followed
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


def trainings(
    item: str, curve: str, document: Document, library: Library, store: Store, over: str = ""
) -> list[Training]:
    """Return the runs a job stands for, at every value of the axes it leaves open and with every seed.

    They have the curve that is asked for, and the one it is drawn over.
    """
    found = [_training(label, address, store) for label, address in _runs(item, document, library)]
    for training in found:
        if not training.run.curves:
            fix = "name one that is trained epoch by epoch"
            raise InputRefused(f"`{item}` returned no curves", code="LG302", fix=fix)
        if curve not in training.run.curves:
            fix = suggestion(curve, training.run.curves)
            raise InputRefused(f"`{item}` has no curve `{curve}`", code="LG302", fix=fix)
        if over == ROWS and ROWS not in training.run.curves:
            message = f"`{training.label}` does not say how many rows it had seen by the end of each epoch"
            raise InputRefused(message, code="LG302", fix=f"leave out `over: {ROWS}`")
    return found


def curves(found: list[Training], curve: str, store: Store) -> list[Curve]:
    """Return a curve of each of these runs; the arrays of a document are read once."""
    named: dict[str, list[str]] = {}
    for training in found:
        named.setdefault(training.document.id, []).append(training.name)
    documents = {training.document.id: training.document for training in found}
    stored = {identity: store.curves(documents[identity], names) for identity, names in named.items()}
    return [_curve(training, curve, stored[training.document.id][training.name]) for training in found]


def _curve(training: Training, curve: str, said: Mapping[str, np.ndarray]) -> Curve:
    return Curve(training.label, said[curve], said.get(ROWS), training.kept)


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
    for at, meaning in _everywhere(followed(tree, COUNT), document, library, NOWHERE):  # every run counts its rows
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
