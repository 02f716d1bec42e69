"""Partitions of rows: bins over one label column or several, as a front matter writes them.

    {by: [age, weight], edges: [[20, 40, 60], [50, 70, 90]], names: [young_light, young_heavy, old_light, old_heavy]}
    {by: age, edges: [20, 40, 60]}

A bin holds its lower edge and not its upper one, the last bin of a column holds both. Names follow the columns in
order, the last column fastest. Bins over one column need no names: each is called by a value in its middle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import prod

from runner.expressions.names import is_name, suggestion
from runner.expressions.parse import RESERVED
from runner.expressions.tokens import quantity
from runner.safety import bounded_yaml as yaml
from runner.safety.yaml_messages import full_width

BY, EDGES, NAMES = FIELDS = ("by", "edges", "names")
Wrong = Callable[[str, yaml.Node, str, str], None]  # code, where, what is wrong, what to write
Grid = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Partition:
    """Bins over label columns: one of the protocol's by its name, or written out.

    A bin holds its lower edge and not its upper one, the last bin of a column holds both; the last column goes fastest.
    """

    by: tuple[str, ...]
    edges: Grid  # of every column, ascending
    names: tuple[str, ...]  # of every bin: the protocol's, or the middle of the bin

    @property
    def bins(self) -> int:
        """Return how many bins there are."""
        return prod(len(row) - 1 for row in self.edges)


def read_partition(
    node: yaml.Mapping, wrong: Wrong, *, called: str = "", at: yaml.Node | None = None
) -> Partition | None:
    """Return the partition a map writes out; what is wrong with it is told, `at` its name where it has one."""
    for key in (key for key, _ in node.entries if key.text not in FIELDS):
        wrong("LG202", key, f"unknown field `{key.text}`", suggestion(key.text, FIELDS))
    by, edges = _words(node, BY, wrong), _edges(node, wrong)
    if not by or not edges:
        return None
    if len(by) != len(edges):
        wrong("LG203", _value(node, EDGES), f"{len(edges)} lists of edges for {len(by)} columns", "")
        return None
    names: tuple[str, ...] = ()
    if node.get(NAMES) is not None:
        names = _names(node, prod(len(row) - 1 for row in edges), wrong)
    elif len(by) == 1:
        names = tuple(middle(low, high) for low, high in pairwise(edges[0]))
    else:
        whose = f" of `{called}`" if called else ""
        wrong("LG203", at or node, f"the bins{whose} over {len(by)} columns need names", "add `names:`")
    return Partition(by, edges, names) if names else None


def middle(low: float, high: float) -> str:
    """Write the middle of a bin in the fewest digits that stay inside it, six at least."""
    exact = low / 2 + high / 2
    written = (f"{exact:.{digits}g}" for digits in range(6, 18))
    return next(text for text in written if low < float(text) < high)


def _value(node: yaml.Mapping, field: str) -> yaml.Node:
    """Return what a field says, or the whole map where it is missing: where to point."""
    return node.get(field) or node


def _given(node: yaml.Mapping, field: str, wrong: Wrong) -> yaml.Node | None:
    """Return what a field says, telling that it must not be missing or empty."""
    match node.get(field):
        case None | yaml.Scalar(text="", plain=True) | yaml.Sequence(items=()) | yaml.Mapping(entries=()):
            wrong("LG202", _value(node, field), f"`{field}` is missing", f"add `{field}:`")
            return None
        case found:
            return found


def _words(node: yaml.Mapping, field: str, wrong: Wrong) -> tuple[str, ...]:
    """Return a field that is a list of words; one word is a list of one."""
    given = _given(node, field, wrong)
    if given is None:
        return ()
    items = given.items if isinstance(given, yaml.Sequence) else (given,)
    scalars = [item for item in items if isinstance(item, yaml.Scalar)]
    if len(scalars) < len(items):
        wrong("LG203", given, f"`{field}` takes a list of words", "write [one, two]")
    for item in (item for item in scalars if item.plain and full_width(item.text)):
        wrong("LG203", item, f"`{item.text}` is one word of `{field}`", "")
    return tuple(item.text for item in scalars)


def _names(node: yaml.Mapping, bins: int, wrong: Wrong) -> tuple[str, ...]:
    """Return the names of the bins, nothing where one of them has none of its own."""
    names = _words(node, NAMES, wrong)
    unfit = next((name for name in names if not is_name(name) or name in RESERVED or names.count(name) > 1), None)
    if names and len(names) != bins:
        wrong("LG203", _value(node, NAMES), f"{len(names)} names for {bins} bins", "name every bin once")
    elif unfit is not None:
        wrong("LG203", _value(node, NAMES), f"`{unfit}` cannot name a bin", "lower-case names, each once")
    return names if len(names) == bins and unfit is None else ()


def _edges(node: yaml.Mapping, wrong: Wrong) -> Grid:
    """Return the edges of every column: ascending numbers, two at least."""
    given = _given(node, EDGES, wrong)
    if given is None:
        return ()
    items = given.items if isinstance(given, yaml.Sequence) else ()
    flat = all(isinstance(item, yaml.Scalar) for item in items)
    rows = [given] if flat else items
    read = [_numbers(row.items) if isinstance(row, yaml.Sequence) else None for row in rows]
    edges = tuple(row for row in read if row is not None and len(row) > 1 and all(a < b for a, b in pairwise(row)))
    if len(edges) < len(read):
        wrong("LG203", given, "edges are ascending numbers, two at least", "write edges: [2, 4, 8]")
        return ()
    if any(len({f"{value:.12g}" for value in row}) < len(row) for row in edges):
        wrong("LG206", given, "two edges agree in twelve digits", "give each once")
        return ()
    return edges


def _numbers(items: tuple[yaml.Node, ...]) -> tuple[float, ...] | None:
    """Return a list of numbers, nothing where one of them is none."""
    read = [quantity(item.text) if isinstance(item, yaml.Scalar) else None for item in items]
    values = tuple(value for value in read if value is not None)
    return values if len(values) == len(read) else None
