"""Read the front matter of a protocol: which rows, which noise, which metrics and slices."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from runner.contract import Contract
from runner.documents.bins import read_bins
from runner.documents.form import Form, pointed
from runner.documents.jobs import read_params
from runner.documents.kinds import Formula, Partition, Protocol
from runner.documents.metrics import COUNT, METRICS
from runner.documents.sweeps import GENERAL, spelled
from runner.expressions.names import suggestion
from runner.expressions.syntax import Call, is_predicate, references, walk
from runner.expressions.tokens import ExpressionRefused, quantity
from runner.findings import Finding
from runner.safety import bounded_yaml as yaml

FIELDS = ("version", "data", "rows", "seed", "axes", "target", "metrics", "variance", "slices", "replaces")
SHARED = ("val", "test", "seed")  # told to every source from `rows:` and `seed:`
GRID = "grid"  # all nodes of the source's own grid
NOISE = "noise"
MOST = 1_000_000  # test rows: a thousand resamples of them take a gigabyte
ROWWISE = ("abs", "sqrt", "log10", "min", "max", "near")  # functions that have a value for each row


def read_protocol(form: Form, sources: Mapping[str, Contract], fields: Collection[str]) -> Protocol:
    """Read a protocol's own fields; everything wrong lands in the form's findings.

    An axis stands in front matters beside other `fields`, whose names it cannot have.
    """
    for field in ("version", "data", "rows", "target", "metrics"):
        form.require(field)
    source, options = _read_source(form, sources)
    axes = _axes(form.form("axes"), fields)
    made = _fixed_columns(sources[source], axes) if source in sources else None
    columns = dict(made or options.get("columns") or {})
    rows = form.form("rows")
    rows.only(("val", "test"))
    grid = rows.text("test") == GRID
    slices, partitions = _slices(form.form("slices"), columns if made or "columns" in options else None, axes)
    protocol = Protocol(
        version=form.size("version", 1),
        source=source,
        options=options,
        columns=columns,
        generated=made is not None,
        val=rows.size("val"),
        test=_nodes(rows, sources.get(source), options) if grid else rows.size("test"),
        seed=form.size("seed"),
        axes=axes,
        target=form.text("target"),
        metrics=_metrics(form),
        variance=_variance(form),
        slices=slices,
        partitions=partitions,
        grid=grid,
        replaces=form.text("replaces"),
    )
    if rows.mapping.entries and (rows.given("test") is None or quantity(rows.text("test")) == 0):
        form.report("LG203", rows.mapping, "without test rows nothing can be scored", "add `test: 1k`")
    if max(protocol.val, protocol.test) > MOST:
        form.report("LG203", rows.mapping, f"more than {MOST} rows to score", "train on many, score on fewer")
    if columns and protocol.target not in columns:
        fix = suggestion(protocol.target, columns)
        form.report("LG302", form.node("target"), f"no column `{protocol.target}`", fix)
    return protocol


def _read_source(form: Form, sources: Mapping[str, Contract]) -> tuple[str, dict[str, Any]]:
    data = form.form("data")
    name = data.required_text("source") if data.mapping.entries else ""
    if name not in sources:
        if name:
            data.report("LG204", data.node("source"), f"unknown source `{name}`", suggestion(name, sources))
        return name, {}
    contract = sources[name]
    asked = {key: parameter for key, parameter in contract.parameters.items() if key not in SHARED}
    return name, read_params(data, replace(contract, parameters=asked), skip="source")


def _nodes(rows: Form, source: Contract | None, options: Mapping[str, Any]) -> int:
    """Return how many nodes the grid has that a source makes with these options."""
    nodes = source.grid(options) if source is not None else 0
    if source is not None and not nodes:
        makes = " or ".join(f"`{name}: {value}`" for name, values in source.grids.items() for value in values)
        fix = f"set {makes} in `data:`" if makes else "give a number of test rows"
        rows.report("LG203", rows.node("test"), f"`{source.name}` makes no grid with this `data:`", fix)
    return nodes


def _fixed_columns(source: Contract, axes: Mapping[str, Any]) -> Mapping[str, str] | None:
    """Return the columns of a source that makes its rows, without those that follow an axis of the protocol."""
    moved = {column for axis in axes for column in source.axes.get(axis, ())}
    return source.columns and {name: unit for name, unit in source.columns.items() if name not in moved}


def _axes(form: Form, fields: Collection[str]) -> dict[str, tuple[float, ...]]:
    """Read the axes: what may be set for all rows at once, with the values that were agreed on."""
    axes: dict[str, tuple[float, ...]] = {}
    for key, node in form.named("the axis"):
        written = form.texts(key.text)
        read = [quantity(word) for word in written]
        values = tuple(value for value in read if value is not None)
        if not values or len(values) < len(read):
            form.report("LG203", node, f"`{key.text}` takes a list of numbers", "write [0, 0.5, 1]")
        elif min(values) < 0 and key.text == NOISE:
            form.report("LG203", node, f"noise `{min(values):g}` is no number from 0 up")
        elif key.text in GENERAL:
            form.report("LG203", key, f"`{key.text}` is no axis of the rows that are scored", "leave it to `sweep:`")
        elif key.text in fields:
            form.report("LG206", key, f"`{key.text}` is a field of front matters", "rename the axis")
        elif len(set(map(spelled, values))) < len(values):
            form.report("LG206", node, f"a value of `{key.text}` is given twice", "give each once")
        else:
            axes[key.text] = values
    return axes


def _metrics(form: Form) -> tuple[str, ...]:
    written = form.texts("metrics")
    for metric in written:
        if metric not in METRICS:
            form.report("LG302", form.node("metrics"), f"unknown metric `{metric}`", suggestion(metric, METRICS))
    for metric in (name for name in METRICS if written.count(name) > 1):
        form.report("LG206", form.node("metrics"), f"metric `{metric}` is given twice", "give it once")
    return tuple(metric for metric in written if metric in METRICS)


def _variance(form: Form) -> float | None:
    """Return the variance that bounds are compared with where it is agreed on, else None: that of the rows."""
    node, value = form.given("variance"), form.number("variance", 1.0)
    if not value:
        form.report(
            "LG203", form.node("variance"), "`variance` is a number above 0", "leave it out to take that of the rows"
        )
    return None if node is None else value


def _slices(
    form: Form, columns: Mapping[str, str] | None, axes: Collection[str]
) -> tuple[dict[str, Formula], dict[str, Partition]]:
    """Read the slices by name, and the partitions that some of them belong to."""
    taken = {**dict.fromkeys((*METRICS, COUNT), "a metric"), **dict.fromkeys((*GENERAL, *axes), "an axis")}
    slices: dict[str, Formula] = {}
    partitions: dict[str, Partition] = {}
    for key, node in form.named("the slice"):
        partition, found = _slice(form, key, node)
        sound = {name: formula for name, formula in found.items() if _reads_columns(form, node, formula, columns)}
        names = [*sound, *([key.text] if partition is not None else [])]
        for name in dict.fromkeys(n for n in names if n in slices or n in partitions or names.count(n) > 1):
            form.report("LG206", key, f"`{name}` names two slices", "rename one of them")
        for name in dict.fromkeys(n for n in names if n in taken):
            form.report("LG206", key, f"`{name}` names a slice and {taken[name]}", "rename the slice")
        slices |= sound
        if partition is not None and len(sound) == len(found):
            partitions[partition.name] = partition
    return slices, partitions


def _slice(form: Form, key: yaml.Scalar, node: yaml.Node) -> tuple[Partition | None, dict[str, Formula]]:
    if isinstance(node, yaml.Mapping):
        return read_bins(form, key, node) or (None, {})
    formula = form.formula(node)
    return None, {key.text: formula} if formula is not None else {}


def _reads_columns(form: Form, node: yaml.Node, formula: Formula, columns: Mapping[str, str] | None) -> bool:
    if not is_predicate(formula.tree) or not any(references(formula.tree)):
        form.report("LG304", node, "a slice is a predicate over columns", "write column < 40")
        return False
    for call in (part for part in walk(formula.tree) if isinstance(part, Call) and part.function not in ROWWISE):
        message, fix = f"`{call.function}` has no value for one row", f"use {', '.join(ROWWISE)}, or operators"
        error = ExpressionRefused(message, call.start, call.end, fix=fix, code="LG304")
        form.findings.append(pointed(error, formula.place))
        return False
    for reference in references(formula.tree):
        name = formula.text[reference.start : reference.end]
        if columns is not None and name not in columns:
            fix = suggestion(name, columns) or "name it under `columns:` of `data:`"
            at = (reference.start, reference.end)
            error = ExpressionRefused(f"no column `{name}`", *at, fix=fix, code="LG302")
            bins = node.get("by") if isinstance(node, yaml.Mapping) else None
            finding = Finding("LG302", form.place(bins), error.message, fix) if bins else pointed(error, formula.place)
            form.findings.extend([finding] if finding not in form.findings else [])
            return False
    return True
