"""Slices by bins: edges over one or several columns, written out as one predicate per bin.

    bin:
      by: [age, weight]
      edges: [[20, 40, 60], [50, 70, 90]]
      names: [young_light, young_heavy, old_light, old_heavy]
    age: {by: age, edges: [20, 40, 60]}

A bin holds its lower edge and not its upper one, the last bin of a column holds both. Names follow the columns in
order, the last column fastest. Bins over one column need no names: `age(25)` is the bin that holds 25, and the
result file calls it by its middle, `age(30)`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, product

from runner.documents.form import Form
from runner.documents.kinds import Formula, Partition
from runner.documents.sweeps import spelled
from runner.expressions.names import is_name
from runner.expressions.parse import RESERVED, parse
from runner.expressions.tokens import quantity
from runner.safety import bounded_yaml as yaml


def read_bins(form: Form, key: yaml.Scalar, node: yaml.Mapping) -> tuple[Partition, dict[str, Formula]] | None:
    """Return a partition and the predicate of each of its bins; what is wrong lands in the form's findings."""
    inner = Form(node, form.name, form.findings)
    inner.only(("by", "edges", "names"))
    columns, edges, names = inner.texts("by"), _edges(inner), inner.texts("names")
    if not columns or not edges:
        return None
    if len(columns) != len(edges):
        form.report("LG203", inner.node("edges"), f"{len(edges)} lists of edges for {len(columns)} columns")
        return None
    predicates = list(_predicates(columns, edges))
    values = tuple(edges[0]) if len(columns) == 1 else ()
    if node.get("names") is None and not values:
        form.report("LG203", key, f"the bins of `{key.text}` over {len(columns)} columns need names", "add `names:`")
        return None
    if node.get("names") is None:
        shown = tuple(_between_words(low, high) for low, high in pairwise(values))
        partition = Partition(key.text, tuple(_middles(key.text, values)), shown, values)
    elif _sound_names(inner, names, len(predicates)):
        partition = Partition(key.text, names, names, values)
    else:
        return None
    place = form.place(key)
    formulas = (Formula(text, parse(text), place) for text in predicates)
    return partition, dict(zip(partition.parts, formulas, strict=True))


def _between_words(low: float, high: float) -> str:
    """Write a bin by its edges: `6.5–8.5`, dots where a dash would meet a minus."""
    return f"{spelled(low)}–{spelled(high)}" if low >= 0 else f"{spelled(low)} … {spelled(high)}"


def _sound_names(form: Form, names: tuple[str, ...], bins: int) -> bool:
    """Tell whether every bin has a name of its own, reporting what is wrong with them."""
    unfit = next((name for name in names if not is_name(name) or name in RESERVED or names.count(name) > 1), None)
    if len(names) != bins:
        form.report("LG203", form.node("names"), f"{len(names)} names for {bins} bins", "name every bin once")
    elif unfit is not None:
        form.report("LG203", form.node("names"), f"`{unfit}` cannot name a bin", "lower-case names, each once")
    return len(names) == bins and unfit is None


def _middles(name: str, edges: tuple[float, ...]) -> Iterator[str]:
    """Yield what each bin is called in a result file: by a value in its middle."""
    return (f"{name}({_middle(low, high)})" for low, high in pairwise(edges))


def _middle(low: float, high: float) -> str:
    """Write the middle of a bin in the fewest digits that stay inside it, six at least."""
    middle = low / 2 + high / 2
    written = (f"{middle:.{digits}g}" for digits in range(6, 18))
    return next(text for text in written if low < float(text) < high)


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
    for row in edges:
        if len(set(map(spelled, row))) < len(row):
            form.report("LG206", node, "two edges agree in twelve digits", "give each once")
            return []
    return edges


def _predicates(columns: tuple[str, ...], edges: list[list[float]]) -> Iterator[str]:
    parts = [
        [_between(column, low, high, last=high == row[-1]) for low, high in pairwise(row)]
        for column, row in zip(columns, edges, strict=True)
    ]
    return (" and ".join(chosen) for chosen in product(*parts))


def _between(column: str, low: float, high: float, *, last: bool) -> str:
    return f"{spelled(low)} <= {column} {'<=' if last else '<'} {spelled(high)}"
