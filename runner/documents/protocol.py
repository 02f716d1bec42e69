"""Read the front matter of a protocol: which rows, which noise, which metrics and slices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from runner.contract import Contract
from runner.documents.bins import read_bins
from runner.documents.experiment import read_params
from runner.documents.form import Form, pointed
from runner.documents.kinds import Formula, Protocol
from runner.expressions.names import suggestion
from runner.expressions.syntax import is_predicate, references
from runner.expressions.tokens import ExpressionRefused, quantity
from runner.safety import bounded_yaml as yaml

FIELDS = ("version", "data", "rows", "seed", "axes", "target", "metrics", "slices")
LATER = ("replaces", "variance")
SHARED = ("val", "test", "seed")  # told to every source from `rows:` and `seed:`
MOST = 1_000_000  # test rows: a thousand resamples of them take a gigabyte
METRICS = ("r2", "mae", "rmse", "bias")


def read_protocol(form: Form, sources: Mapping[str, Contract]) -> Protocol:
    """Read a protocol's own fields; everything wrong lands in the form's findings."""
    for field in ("version", "data", "rows", "target", "metrics"):
        form.require(field)
    source, options = _read_source(form, sources)
    made = sources[source].columns if source in sources else None
    columns = dict(made or options.get("columns") or {})
    rows, axes = form.form("rows"), form.form("axes")
    rows.only(("val", "test"))
    axes.only(("noise",))
    protocol = Protocol(
        version=form.size("version", 1),
        source=source,
        options=options,
        columns=columns,
        generated=made is not None,
        val=rows.size("val"),
        test=rows.size("test"),
        seed=form.size("seed"),
        noise=_noise_levels(axes),
        target=form.text("target"),
        metrics=_metrics(form),
        slices=_slices(form.form("slices"), columns if made or "columns" in options else None),
    )
    if rows.mapping.entries and (rows.mapping.get("test") is None or rows.text("test") == "0"):
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


def _noise_levels(axes: Form) -> tuple[float, ...]:
    levels = []
    for word in axes.texts("noise"):
        value = quantity(word)
        if value is None or value < 0:
            axes.report("LG203", axes.node("noise"), f"noise `{word}` is no number from 0 up")
        else:
            levels.append(value)
    return tuple(levels) or (0.0,)


def _metrics(form: Form) -> tuple[str, ...]:
    written = form.texts("metrics")
    for metric in written:
        if metric not in METRICS:
            form.report("LG302", form.node("metrics"), f"unknown metric `{metric}`", suggestion(metric, METRICS))
    return tuple(metric for metric in written if metric in METRICS)


def _slices(form: Form, columns: Mapping[str, str] | None) -> dict[str, Formula]:
    slices: dict[str, Formula] = {}
    for key, node in form.named("the slice"):
        if isinstance(node, yaml.Mapping):
            found = read_bins(form, key, node)
        else:
            formula = form.formula(node)
            found = {key.text: formula} if formula is not None else {}
        for name, formula in found.items():
            if name in slices:
                form.report("LG206", key, f"`{name}` names two slices", "rename one of them")
            elif _reads_columns(form, node, formula, columns):
                slices[name] = formula
    return slices


def _reads_columns(form: Form, node: yaml.Node, formula: Formula, columns: Mapping[str, str] | None) -> bool:
    if not is_predicate(formula.tree):
        form.report("LG304", node, "a slice is a predicate over columns", "write column < 40")
        return False
    for reference in references(formula.tree):
        name = formula.text[reference.start : reference.end]
        if columns is not None and name not in columns:
            fix = suggestion(name, columns) or "name it under `columns:` of `data:`"
            at = (reference.start, reference.end)
            error = ExpressionRefused(f"no column `{name}`", *at, fix=fix, code="LG302")
            form.findings.append(pointed(error, formula.place))
            return False
    return True
