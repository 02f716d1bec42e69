"""Slices by named bins: edges over one or several columns, written out as one predicate per bin.

    bin:
      by: [age, weight]
      edges: [[20, 40, 60], [50, 70, 90]]
      names: [young_light, young_heavy, old_light, old_heavy]

A bin holds its lower edge and not its upper one, the last bin of a column holds both. Names follow the columns in
order, the last column fastest.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, product

from runner.documents.form import Form
from runner.documents.kinds import Formula
from runner.expressions.names import is_name
from runner.expressions.parse import RESERVED, parse
from runner.expressions.tokens import quantity
from runner.safety import bounded_yaml as yaml


def read_bins(form: Form, key: yaml.Scalar, node: yaml.Mapping) -> dict[str, Formula]:
    """Return a predicate for every named bin; what is wrong lands in the form's findings."""
    inner = Form(node, form.name, form.findings)
    inner.only(("by", "edges", "names"))
    if node.get("names") is None:
        form.report("LG215", key, f"bins of `{key.text}` without names are not available yet", "add `names:`")
        return {}
    columns, edges, names = inner.texts("by"), _edges(inner), inner.texts("names")
    if not columns or not edges:
        return {}
    if len(columns) != len(edges):
        form.report("LG203", inner.node("edges"), f"{len(edges)} lists of edges for {len(columns)} columns")
        return {}
    predicates = list(_predicates(columns, edges))
    if len(names) != len(predicates):
        message = f"{len(names)} names for {len(predicates)} bins"
        form.report("LG203", inner.node("names"), message, "name every bin once")
        return {}
    unfit = next((name for name in names if not is_name(name) or name in RESERVED or names.count(name) > 1), None)
    if unfit is not None:
        form.report("LG203", inner.node("names"), f"`{unfit}` cannot name a bin", "lower-case names, each once")
        return {}
    place = form.place(key)
    return {name: Formula(text, parse(text), place) for name, text in zip(names, predicates, strict=True)}


def _edges(form: Form) -> list[list[float]]:
    """Read the edges of every column: ascending numbers, two at least."""
    node = form.require("edges")
    if not isinstance(node, yaml.Sequence):
        return []
    flat = all(isinstance(item, yaml.Scalar) for item in node.items)
    rows = [node] if flat else [item for item in node.items if isinstance(item, yaml.Sequence)]
    read = [[quantity(item.text) for item in row.items if isinstance(item, yaml.Scalar)] for row in rows]
    edges = [[value for value in row if value is not None] for row in read]
    sound = all(len(row) > 1 and all(a < b for a, b in pairwise(row)) for row in edges)
    if [len(row) for row in read] != [len(row) for row in edges] or not sound:
        form.report("LG203", node, "edges are ascending numbers, two at least", "write edges: [2, 4, 8]")
        return []
    return edges


def _predicates(columns: tuple[str, ...], edges: list[list[float]]) -> Iterator[str]:
    parts = [
        [_between(column, low, high, last=high == row[-1]) for low, high in pairwise(row)]
        for column, row in zip(columns, edges, strict=True)
    ]
    return (" and ".join(chosen) for chosen in product(*parts))


def _between(column: str, low: float, high: float, *, last: bool) -> str:
    return f"{low:.12g} <= {column} {'<=' if last else '<'} {high:.12g}"
