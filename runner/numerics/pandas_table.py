"""A pandas frame in an HDF5 file, read without pandas and without unpickling anything.

`DataFrame.to_hdf` knows two layouts. *fixed*: columns of one type form a block, `block0_values` [rows, columns],
named by `block0_items`. *table*: one dataset of records; a field holds a block or, under `data_columns`, one
column, and the names in field `f` are the pickled list in the attribute `f_kind`.
"""

from __future__ import annotations

import math
import pickletools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from runner.findings import InputRefused
from runner.numerics.safe_hdf5 import SafeArray, SafeFile
from runner.safety.paths import CONTROL

NUMBERS = ("float", "int", "uint", "bool")  # what pandas calls the types read here
MOST = 10_000  # blocks, columns
PIECE = 2**24  # bytes read at a time
TEXTS = {"UNICODE", "STRING"}  # the pickle instructions that a list of names is made of, in protocol 0
LISTING = {"MARK", "LIST", "PUT", "APPEND", "STOP"}


@dataclass(frozen=True, slots=True)
class Column:
    """Where one column stands: the how many-th of a block, in a dataset or in one of its fields."""

    dataset: str
    field: str
    place: int

    def values(self, rows: np.ndarray) -> np.ndarray:
        """Pick the column out of some rows as they were read: float64 [n]."""
        block = rows[self.field] if self.field else rows
        return block.reshape(len(rows), -1)[:, self.place].astype(np.float64)


class PandasTable:
    """The columns of numbers of one frame."""

    def __init__(self, file: SafeFile, path: str) -> None:
        """Find the columns of the frame at `path`."""
        self.file, self.path = file, path
        found = list(_columns(file, path))
        self.columns = dict(found)
        if not found or len(found) != len(self.columns):
            raise InputRefused(f"{file.name}: `{path}` has {'two columns of one name' if found else 'no numbers'}")
        self._datasets = {column.dataset: _dataset(file, column) for column in self.columns.values()}
        heights = {dataset.shape[0] for dataset in self._datasets.values()}
        if len(heights) > 1:
            raise InputRefused(f"{file.name}: the blocks of `{path}` differ in length: {sorted(heights)}")
        self.rows = heights.pop()

    def read(self, names: Iterable[str], start: int, stop: int) -> dict[str, np.ndarray]:
        """Return some columns from row `start` up to `stop`: float64."""
        wanted = {name: self.columns[name] for name in names}
        out = {name: np.empty(stop - start) for name in wanted}
        for path in dict.fromkeys(column.dataset for column in wanted.values()):
            here = {name: column for name, column in wanted.items() if column.dataset == path}
            for part, rows in self._pieces(path, start, stop):
                for name, column in here.items():
                    out[name][part] = column.values(rows)
        return out

    def _pieces(self, path: str, start: int, stop: int) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield the rows of one dataset, some at a time, and where they go."""
        dataset = self._datasets[path]
        step = max(1, PIECE // (dataset.dtype.itemsize * math.prod(dataset.shape[1:])))
        for first in range(start, stop, step):
            last = min(first + step, stop)
            yield slice(first - start, last - start), dataset[first:last]


def _dataset(file: SafeFile, column: Column) -> SafeArray:
    return file.dataset(column.dataset, 1 if column.field else 2)


def _columns(file: SafeFile, path: str) -> Iterator[tuple[str, Column]]:
    """Yield the name and the place of every column of numbers, in either layout."""
    layouts = {"frame": _fixed_columns, "frame_table": _table_columns}
    kind = file.attribute(path, "pandas_type")
    if not isinstance(kind, str) or kind not in layouts:
        raise InputRefused(f"{file.name}: `{path}` is no pandas frame, it is {kind or 'something else'!a}")
    return layouts[kind](file, path)


def _fixed_columns(file: SafeFile, path: str) -> Iterator[tuple[str, Column]]:
    for number in range(MOST):
        items, values = f"{path}/block{number}_items", f"{path}/block{number}_values"
        if not file.has(items):
            return
        if _is_number_block(file, values):
            width = file.dataset(values, 2).shape[1]
            names = file.dataset(items, 1)[:MOST]
            yield from _named(file, values, "", [str(name, "utf-8", "replace") for name in names], width)


def _is_number_block(file: SafeFile, path: str) -> bool:
    """Tell blocks of numbers from dates, which carry their type, and objects, which are of varying length."""
    if file.attribute(path, "value_type") is not None or file.attribute(path, "CLASS") == "VLARRAY":
        return False
    if not file.attribute(path, "transposed"):
        raise InputRefused(f"{file.name}: `{path}` was not written by pandas")
    return True


def _table_columns(file: SafeFile, path: str) -> Iterator[tuple[str, Column]]:
    path += "/table"
    records = file.dataset(path, 1).dtype
    for field in records.names or ():
        kind, names = file.attribute(path, f"{field}_dtype"), file.attribute(path, f"{field}_kind")
        if isinstance(kind, str) and kind.startswith(NUMBERS):
            width = math.prod(records[field].shape)
            yield from _named(file, path, field, _names(file, path, str(names)), width)


def _named(file: SafeFile, path: str, field: str, names: list[str], width: int) -> Iterator[tuple[str, Column]]:
    """Yield the columns of one block with their names."""
    if len(names) != width:
        raise InputRefused(f"{file.name}: a block of `{path}` has {width} columns and {len(names)} names")
    return ((CONTROL.sub("?", name), Column(path, field, place)) for place, name in enumerate(names))


def _names(file: SafeFile, path: str, pickled: str) -> list[str]:
    try:
        return listed(pickled)
    except ValueError as error:
        raise InputRefused(f"{file.name}: the names of `{path}` cannot be read: {error}") from error


def listed(pickled: str) -> list[str]:
    """Return the texts of a pickled list, reading the pickle as instructions and running none."""
    names = []
    for instruction, argument, _ in pickletools.genops(pickled.encode("utf-8", "surrogateescape")):
        if instruction.name in TEXTS:
            names.append(str(argument))
        elif instruction.name not in LISTING:
            raise ValueError(f"{instruction.name} is no part of a list of texts")
    return names
