"""Slices by bins: a partition written out as one predicate per bin.

    bin:
      by: [age, weight]
      edges: [[20, 40, 60], [50, 70, 90]]
      names: [young_light, young_heavy, old_light, old_heavy]
    age: {by: age, edges: [20, 40, 60]}

Bins over one column need no names: `age(25)` is the bin that holds 25, and the result file calls it by its middle,
`age(30)`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, product

from runner.documents.form import Form
from runner.documents.kinds import Formula, Partition
from runner.documents.sweeps import spelled
from runner.expressions.parse import parse
from runner.partitions import Partition as Bins
from runner.partitions import read_partition
from runner.safety import bounded_yaml as yaml


def read_bins(form: Form, key: yaml.Scalar, node: yaml.Mapping) -> tuple[Partition, dict[str, Formula]] | None:
    """Return a partition and the predicate of each of its bins; what is wrong lands in the form's findings."""
    bins = read_partition(node, form.report, called=key.text, at=key)
    if bins is None:
        return None
    partition = _partition(key.text, bins, named=node.get("names") is not None)
    place = form.place(key)
    formulas = (Formula(text, parse(text), place) for text in _predicates(bins))
    return partition, dict(zip(partition.parts, formulas, strict=True))


def _partition(name: str, bins: Bins, *, named: bool) -> Partition:
    """Return bins as slices of a protocol: without names they are told apart by the values they hold."""
    values = bins.edges[0] if len(bins.by) == 1 else ()
    parts = bins.names if named else tuple(f"{name}({middle})" for middle in bins.names)
    shown = bins.names if named else tuple(_between_words(low, high) for low, high in pairwise(values))
    return Partition(name, parts, shown, values, bins)


def _between_words(low: float, high: float) -> str:
    """Write a bin by its edges: `6.5–8.5`, dots where a dash would meet a minus."""
    return f"{spelled(low)}–{spelled(high)}" if low >= 0 else f"{spelled(low)} … {spelled(high)}"


def _predicates(bins: Bins) -> Iterator[str]:
    parts = [
        [_between(column, low, high, last=high == row[-1]) for low, high in pairwise(row)]
        for column, row in zip(bins.by, bins.edges, strict=True)
    ]
    return (" and ".join(chosen) for chosen in product(*parts))


def _between(column: str, low: float, high: float, *, last: bool) -> str:
    return f"{spelled(low)} <= {column} {'<=' if last else '<'} {spelled(high)}"
