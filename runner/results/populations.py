"""Which rows a number speaks about: the hash of their definition, and a name people read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from runner.documents.kinds import Protocol
from runner.documents.reading import Document
from runner.results import arrays
from runner.results.masks import mask
from runner.safety import canonical

WHOLE = "all"


@dataclass(frozen=True, slots=True)
class Population:
    """A set of rows with their noise: only facts of one population combine."""

    key: str
    name: str = field(compare=False)
    n: int = field(compare=False)

    def __str__(self) -> str:
        """Return the name with the number of rows."""
        return f"{self.name} · n = {self.n:,}".replace(",", "\u202f")


@dataclass(frozen=True)
class Rows:
    """The rows of one split of a protocol: their columns, and the slices they fall into."""

    key: str  # identity of the row set, noise left out
    columns: Mapping[str, np.ndarray]
    masks: Mapping[str, np.ndarray]
    populations: Mapping[str, Population]  # by slice, for one noise

    @property
    def count(self) -> int:
        """Return the number of rows."""
        return len(next(iter(self.columns.values())))


def rows_of(document: Document, protocol: Protocol, columns: Mapping[str, np.ndarray], noise: float) -> Rows:
    """Return the test rows of a protocol at one noise, sliced and named."""
    key = rowset(document, protocol, "test", columns)
    count = len(next(iter(columns.values())))
    masks = {WHOLE: np.ones(count, dtype=bool)}
    masks |= {name: mask(formula.tree, columns) for name, formula in protocol.slices.items()}
    populations = {
        name: Population(
            key=canonical.digest([key, noise, protocol.slices[name].text if name != WHOLE else ""]),
            name=" · ".join([f"{document.id} test", f"noise {noise:g}", *([name] if name != WHOLE else [])]),
            n=int(inside.sum()),
        )
        for name, inside in masks.items()
    }
    return Rows(key, columns, masks, populations)


def rowset(document: Document, protocol: Protocol, split: str, columns: Mapping[str, np.ndarray]) -> str:
    """Hash the definition of a row set: protocol, source, split, seed, and a user's own label columns.

    Rows that a source makes are what its options say; their labels may differ in the last bit between machines.
    """
    labels = {name: arrays.digest(values) for name, values in columns.items()}
    content = [dict(protocol.options), protocol.test] if protocol.generated else labels
    return canonical.digest([document.id, protocol.source, split, protocol.seed, content])
