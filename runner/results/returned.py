"""What a job returned beside its predictions, as a figure asks for it: tables, and profiles over its inputs.

Where an address leaves out the seed, the runs of all seeds are averaged place by place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from runner.documents.kinds import Protocol, Value
from runner.documents.library import Library
from runner.documents.reading import Document
from runner.documents.sweeps import spoken
from runner.expressions.syntax import Expression, Reference
from runner.expressions.tokens import quantity
from runner.findings import InputRefused
from runner.results.addresses import ScalarAddress, Seeds, leaves, resolve
from runner.results.evaluation import Pending
from runner.results.files import Result
from runner.results.points import AxisLeftOut
from runner.results.quantities import Quantity
from runner.results.store import Store

TWO = 2  # indices of a table with rows and columns
Place = tuple[str, ...]  # of a number in a table: its row, or its row and its column
Cells = dict[Place, float]


class Stop(NamedTuple):
    """One value of a quantity along an axis: what people call the place, the place itself, the quantity there."""

    label: str
    value: Value
    quantity: Quantity
    span: tuple[float, float] | None = None  # between what the place lies, where it is a bin without a name


class Grid(NamedTuple):
    """Numbers by row and column, NaN where there is none."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: np.ndarray


@dataclass(frozen=True)
class Returned:
    """A name that is no metric: of one run, or of every seed of it."""

    document: Document
    runs: tuple[str, ...]
    name: str


def returned(tree: Expression, document: Document, library: Library) -> Returned | None:
    """Return which name of which run a reference stands for; nothing where it is a metric or leaves an axis out."""
    if not isinstance(tree, Reference):
        return None
    try:
        meaning = resolve(tree, document, library)
    except AxisLeftOut:
        return None
    parts = leaves(meaning) if isinstance(meaning, ScalarAddress | Seeds) else ()
    named = [part for part in parts if isinstance(part, ScalarAddress)]
    return Returned(named[0].document, tuple(part.run for part in named), named[0].name) if named else None


def cells(found: Returned, store: Store) -> Cells:
    """Return a table by its places, in the order of the file; empty where the run returned no such table."""
    by_run = [dict(_cells(_result(found, store), run, found.name)) for run in found.runs]
    shared = [place for place in by_run[0] if all(place in table for table in by_run)]
    return {place: float(np.mean([table[place] for table in by_run])) for place in shared}


def vouchers(found: Returned, store: Store) -> list[str]:
    """Return the hashes of a profile, run by run, and of where its inputs stand; empty where it is no profile."""
    result = _result(found, store)
    profiles = [result.runs[run].profiles.get(found.name, "") for run in found.runs]
    return [*profiles, result.inputs] if all(profiles) else []


def profile(found: Returned, store: Store) -> np.ndarray:
    """Return one number per input, as the run returned them."""
    profiles = [store.profile(found.document, run, found.name) for run in found.runs]
    return np.asarray(np.mean(np.stack(profiles), axis=0, dtype=np.float64))


def tables(found: Returned, store: Store) -> set[str]:
    """Return the names of the tables that the run returned."""
    return {name.partition("(")[0] for name in tables_of(_result(found, store), found.runs[0])}


def tables_of(result: Result, run: str) -> dict[str, float]:
    """Return every number of every table of a run."""
    return {name: value for name, value in result.scalars_of(run).items() if name.endswith(")")}


def _result(found: Returned, store: Store) -> Result:
    result = store.result(found.document)
    if result is None or any(run not in result.runs or result.runs[run].failed for run in found.runs):
        raise Pending(found.document)
    return result


def _cells(result: Result, run: str, name: str) -> Iterator[tuple[Place, float]]:
    """Yield the numbers of a table of one run, each with its place."""
    start = f"{name}("
    for key, value in tables_of(result, run).items():
        if key.startswith(start):
            yield tuple(key.removeprefix(start).removesuffix(")").split(", ")), value


def in_order(places: Iterable[str], protocol: Protocol | None) -> list[str]:
    """Return what a table is indexed by: parts of a partition as the protocol has them, numbers as they grow."""
    found = list(dict.fromkeys(places))
    partitions = protocol.partitions.values() if protocol else ()
    parts = max((p.parts for p in partitions), key=lambda parts: len({*parts} & {*found}), default=())

    def rank(place: str) -> tuple[int, bool, float, str]:
        number = quantity(place)
        standing = parts.index(place) if place in parts else len(parts)
        return standing, number is None, number or 0.0, place

    return sorted(found, key=rank)


def listed(item: str, table: Cells, protocol: Protocol | None) -> list[Stop]:
    """Return a table of one index, place by place."""
    if any(len(place) > 1 for place in table):
        message = f"`{item}` is a table of rows and columns"
        raise InputRefused(message, code="LG304", fix="draw it without `x`")
    found = ((place, _valued(place)) for place in in_order((place for (place,) in table), protocol))
    return [Stop(spoken(value), value, Quantity(np.array([table[place,]]))) for place, value in found]


def squared(item: str, table: Cells, protocol: Protocol | None) -> Grid:
    """Return a table of two indices, rows by columns."""
    if not table or any(len(place) != TWO for place in table):
        message, fix = f"`{item}` is no table of rows and columns", "name one that a job returned, or give `x`"
        raise InputRefused(message, code="LG302", fix=fix)
    rows, columns = (in_order(names, protocol) for names in zip(*table, strict=True))
    return gridded(rows, columns, table)


def gridded(rows: Sequence[str], columns: Sequence[str], values: Mapping[Place, float]) -> Grid:
    """Return numbers by row and column, NaN where there is none."""
    numbers = [[values.get((row, column), np.nan) for column in columns] for row in rows]
    return Grid(tuple(rows), tuple(columns), np.array(numbers, np.float64).reshape(len(rows), len(columns)))


def _valued(place: str) -> Value:
    """Return a place of a table as a number where it is one."""
    value = quantity(place)
    return place if value is None else value
