"""Which rows a number speaks about: the hash of their definition, and a name people read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from runner.documents.kinds import Protocol, Value
from runner.documents.reading import Document
from runner.documents.sweeps import spelled
from runner.results import arrays
from runner.results.masks import mask
from runner.safety import canonical

WHOLE = "all"
UNCOUNTED = -1  # of rows that nobody has made yet


@dataclass(frozen=True, slots=True)
class Population:
    """A set of rows with their noise: only facts of one population combine."""

    key: str
    name: str = field(compare=False)
    n: int = field(compare=False)
    rows: str = field(default="", compare=False)  # which rows they are, whatever their noise

    def __str__(self) -> str:
        """Return the name with the number of rows, where it is known."""
        return self.name if self.n == UNCOUNTED else f"{self.name} · n = {self.n:,}".replace(",", "\u202f")


def together(populations: tuple[Population, ...]) -> Population:
    """Return what the parts of a `*` speak about when they are combined into one number."""
    if len(populations) == 1:
        return populations[0]
    first, *others = (population.name.split(" · ") for population in populations)
    shared = [part for part in first if all(part in other for other in others)]
    name = " · ".join([*shared, f"{len(populations)} parts"])
    key = canonical.digest(sorted(population.key for population in populations))
    counted = {population.rows or population.key: population.n for population in populations}
    return Population(key, name, sum(counted.values()), canonical.digest(sorted(counted)))


@dataclass(frozen=True)
class Rows:
    """The rows of one split of a protocol: their columns, and the slices they fall into."""

    key: str  # identity of the row set, whatever its noise
    columns: Mapping[str, np.ndarray]
    masks: Mapping[str, np.ndarray]
    protocol: Protocol
    title: str

    @property
    def count(self) -> int:
        """Return the number of rows."""
        return len(next(iter(self.columns.values())))

    def population(self, piece: str, settings: Mapping[str, Value]) -> Population:
        """Return the population of a slice under the settings of a run, of which the protocol's axes count."""
        return population_of(self.key, self.title, self.protocol, piece, settings, int(self.masks[piece].sum()))


def population_of(
    key: str, title: str, protocol: Protocol, piece: str, settings: Mapping[str, Value], n: int
) -> Population:
    """Return the population of `n` rows of a set, known by its key, in a slice and under some settings."""
    axes = {axis: settings[axis] for axis in protocol.axes if axis in settings}
    text = protocol.slices[piece].text if piece != WHOLE else ""
    named = [f"{axis} {spelled(value)}" for axis, value in axes.items()]
    name = " · ".join([title, *named, *([shown(piece, protocol)] if piece != WHOLE else [])])
    return Population(canonical.digest([key, axes, text]), name, n, canonical.digest([key, text]))


def shown(piece: str, protocol: Protocol) -> str:
    """Return what people call a slice."""
    for partition in protocol.partitions.values():
        if piece in partition.parts:
            called = partition.shown[partition.parts.index(piece)]
            return called if called == piece else f"{partition.name} {called}"
    return piece


def rows_of(document: Document, protocol: Protocol, columns: Mapping[str, np.ndarray]) -> Rows:
    """Return the test rows of a protocol, sliced."""
    key = rowset(document, protocol, "test", columns)
    count = len(next(iter(columns.values())))
    masks = {WHOLE: np.ones(count, dtype=bool)}
    masks |= {name: mask(formula.tree, columns) for name, formula in protocol.slices.items()}
    return Rows(key, columns, masks, protocol, f"{document.id} test")


def rowset(document: Document, protocol: Protocol, split: str, columns: Mapping[str, np.ndarray]) -> str:
    """Hash the definition of a row set: protocol, source, split, seed, and a user's own label columns.

    Rows that a source makes are what its options say; their labels may differ in the last bit between machines.
    """
    labels = {name: arrays.digest(values) for name, values in columns.items()}
    content = [dict(protocol.options), protocol.test] if protocol.generated else labels
    return canonical.digest([document.id, protocol.source, split, protocol.seed, content])
