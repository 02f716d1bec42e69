"""The front matter of all four kinds as a JSON Schema, for editors that complete and check while one types.

Only keywords are used that mean the same in draft 7 and in draft 2020-12, and no draft is declared: editors differ
in which one they know. `runner check` remains the judge; what only a whole knowledge base can tell is left to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from runner.contract import Contract
from runner.documents import judged, protocol, published, reading
from runner.documents.experiment import USUAL_AXES
from runner.documents.likes import LIKE
from runner.documents.metrics import METRICS
from runner.documents.reading import KINDS, LANGUAGES, Plugins
from runner.documents.sweeps import GENERAL
from runner.expressions.names import KEY, NAME
from runner.expressions.tokens import NUMBER
from runner.shapes import JOB, KIND, REQUIRED, Parameter, Shape

Schema = dict[str, Any]

TEXT: Schema = {"type": ["string", "number", "boolean"]}
WRITTEN: Schema = {"type": "string", "pattern": rf"^[-+]?{NUMBER}(?:k|M| ?%)?$"}
NUMERIC: Schema = {"anyOf": [{"type": "number"}, WRITTEN]}
WHOLE: Schema = {"anyOf": [{"type": "integer"}, WRITTEN]}
WORDS: Schema = {"anyOf": [TEXT, {"type": "array", "items": TEXT}]}
NAMED: Schema = {"pattern": f"^{NAME.pattern}$"}
KEYED: Schema = {"pattern": f"^{KEY.pattern.replace('?P<topic>', '?:').replace('?P<key>', '?:')}$"}
EDGES: Schema = {"type": "array", "items": {"anyOf": [NUMERIC, {"type": "array", "items": NUMERIC}]}}
BINS: Schema = {
    "type": "object",
    "properties": {"by": WORDS, "edges": EDGES, "names": WORDS},
    "additionalProperties": False,
    "required": ["by", "edges"],
}
PLAIN: Mapping[str, Schema] = {
    "bool": {"type": "boolean"}, "int": WHOLE, "float": NUMERIC, "str": TEXT, "none": {"enum": [None, "none"]},
    "job": {"$ref": "#/$defs/job"}, "sibling": {"type": "string", **NAMED},
    "partition": {"anyOf": [{"type": "string", **NAMED}, BINS]},
}  # fmt: skip


def schema(plugins: Plugins) -> Schema:
    """Return the schema of every front matter, with the parameters of the jobs and sources there are."""
    axes = sorted({*USUAL_AXES, *(axis for source in plugins.sources.values() for axis in source.axes)})
    bodies = {"exp": _experiment(axes), "hub": _hub(axes), "roadmap": _roadmap(), "protocol": _protocol(plugins)}
    return {
        "title": "Front matter of a logg document",
        "type": "object",
        "required": ["kind", "id", "title"],
        "properties": {"kind": {"enum": list(KINDS), "description": "What this document is."}},
        "allOf": [_when("kind", kind, _object({**_common(), **body})) for kind, body in bodies.items()],
        "$defs": {"job": _either(plugins.jobs, JOB)},
    }


def _common() -> dict[str, Schema]:
    return {
        "kind": {"enum": list(KINDS)},
        "id": _said(TEXT, "What others cite it by: VIT-20261120-patch-size-01."),
        "title": _said(TEXT, "The one sentence of the front matter."),
        "topic": _said(TEXT, "The folder it stands in; needs no saying."),
        "date": _said({"type": "string", "pattern": reading.DATE.pattern}, "The day it was begun: 2026-01-31."),
        "lang": _said({"enum": list(LANGUAGES)}, "The language of its labels."),
        "hub": _said(TEXT, "The hub it belongs to, where there are several."),
        "cites": _said(_map(TEXT, NAMED), "Aliases: EXPERIMENT-ID, EXPERIMENT-ID/job or EXPERIMENT-ID/job(point)."),
        "define": _said(_map(TEXT, NAMED), "Quantities that matter, by name."),
    }


def _experiment(axes: Iterable[str]) -> dict[str, Schema]:
    varied = {axis: _one_or_several(NUMERIC) for axis in (*GENERAL, *axes)}
    parameter = {"^[a-z][a-z0-9_]*(?:\\.[A-Za-z_]\\w*)+$": _one_or_several(TEXT)}
    sources = {"type": "array", "items": _source("source", "population", "facts")}
    return {
        "protocol": _said(TEXT, "Which rows, noise and metrics: pfs-1k@1."),
        "train": _said(WHOLE, "Training rows: 500, 32k, 1M."),
        "train_noise": _said(NUMERIC, "Noise of the rows it learns from, where it differs."),
        "sweep": _said({**_object(varied), "patternProperties": parameter}, "Axes with several values."),
        "jobs": _said(_map({"$ref": "#/$defs/job"}, NAMED), "What is computed, by name."),
        "expect": _said(_judged(), "What would count as success, said before anything runs."),
        "mvp": _said(TEXT, "The MVP it reports to: moe:MVP-1.0."),
        "published": _said(sources, "What others report, shown beside ours."),
        "withdrawn": _said({**sources, "items": _source("source", "facts", "why")}, "What no longer counts, and why."),
        "retired": _said(_object({"by": TEXT, "why": TEXT}, "why"), "Why it no longer counts, and what replaced it."),
        **{axis: _said(NUMERIC, "An axis of the protocol.") for axis in axes},
    }


def _hub(axes: Iterable[str]) -> dict[str, Schema]:
    return {
        "claims": _said(_judged(), "What is held, as predicates over facts."),
        "signed": _said(_map({"type": "string"}, KEYED), "Written by `runner accept`."),
        "protocol": _said(TEXT, "The rows its numbers usually stand on."),
        **{axis: _said(NUMERIC, "The value its numbers usually stand on.") for axis in axes},
    }


def _roadmap() -> dict[str, Schema]:
    return {
        "gates": _said(_judged(), "Decisions as ladders: the first rung that holds is taken."),
        "phases": _said(_map(WORDS), "The MVPs of each phase."),
        "now": _said(TEXT, "The phase that is on."),
        "priority": _said(_map(WORDS), "MVPs by urgency."),
        "signed": _said(_map({"type": "string"}, KEYED), "Written by `runner accept`."),
    }


def _protocol(plugins: Plugins) -> dict[str, Schema]:
    test = {"anyOf": [*WHOLE["anyOf"], {"const": protocol.GRID}]}
    return {
        "version": _said(WHOLE, "A new one only for other rows, labels or noise."),
        "data": _said(_either(plugins.sources, "source", left_out=protocol.SHARED), "The source, and its options."),
        "rows": _said(_object({"val": WHOLE, "test": test}), "How many rows are chosen on, and scored."),
        "seed": _said(WHOLE, "The draw of rows and noise."),
        "axes": _said(_map(_one_or_several(NUMERIC), NAMED), "What may be set for all rows, with the agreed values."),
        "target": _said(TEXT, "The label that is predicted."),
        "metrics": _said({"type": "array", "items": {"enum": list(METRICS)}}, "The first is the headline."),
        "variance": _said(NUMERIC, "Of the target: what bounds are compared with, where it is not that of the rows."),
        "slices": _said(_map({"anyOf": [TEXT, BINS]}, NAMED), "Rows by a predicate over columns, or by edges."),
        "replaces": _said(TEXT, "The protocol this one takes the place of."),
    }


def _judged() -> Schema:
    """Return the schema of claims, expectations and gates: a predicate, another key, `human`, or a ladder."""
    consequence = _object({"do": TEXT, "opens": WORDS, "closes": WORDS}, "do")
    ladder = {
        "type": "object",
        "properties": {"after": TEXT, "sure": NUMERIC},
        "additionalProperties": {"anyOf": [TEXT, consequence]},
    }
    return _map({"anyOf": [TEXT, {**ladder, "required": [judged.ELSE]}]}, KEYED)


def _source(*required: str) -> Schema:
    """Return the schema of one source of published values."""
    value = {"anyOf": [TEXT, _map(TEXT)]}
    shapes = {"source": TEXT, "population": TEXT, "facts": _map(value), "why": TEXT}
    known = published.WITHDRAWN if "why" in required else published.PUBLISHED
    return _object({name: shapes[name] for name in known}, *required)


def _either(contracts: Mapping[str, Contract], tag: str, left_out: Iterable[str] = ()) -> Schema:
    """Return the schema of a map whose `tag` names one of several plug-ins, whose parameters it then takes."""
    likeness = {LIKE: _said(TEXT, "Another job to start from.")} if tag == JOB else {}
    named = {"required": [tag]}
    return {
        "type": "object",
        "properties": {tag: {"enum": list(contracts)}, **likeness},
        **({"anyOf": [named, {"required": [LIKE]}]} if likeness else named),
        "allOf": [_when(tag, name, _plugin(contract, tag, likeness, left_out)) for name, contract in contracts.items()],
    }


def _plugin(contract: Contract, tag: str, likeness: Mapping[str, Schema], left_out: Iterable[str]) -> Schema:
    parameters = {name: each for name, each in contract.parameters.items() if name not in left_out}
    properties = {tag: {"const": contract.name, "description": contract.summary}, **likeness, **_fields(parameters)}
    needed = [name for name, parameter in parameters.items() if parameter.default is REQUIRED]
    written_out: Schema = {"required": needed} if needed else {}
    if likeness and needed:  # what is like another job may inherit what it needs
        written_out = {"if": {"required": [LIKE]}, "then": True, "else": {"required": needed}}
    return {**_object(properties), **written_out}


def _fields(parameters: Mapping[str, Parameter]) -> dict[str, Schema]:
    return {name: _field(parameter) for name, parameter in parameters.items()}


def _field(parameter: Parameter) -> Schema:
    field = _said(_shape(parameter.shape), parameter.meaning)
    return field if parameter.default is REQUIRED else {**field, "default": parameter.default}


def _shape(shape: Shape) -> Schema:
    """Return the schema of whatever a front matter may write for a shape."""
    match shape.name:
        case "literal":
            return {"enum": list(shape.choices)}
        case "tuple":
            return _one_or_several(_shape(shape.parts[0]))
        case "dict":
            return _map(_shape(shape.parts[0]))
        case "record":
            return _record(shape)
        case "union":
            return {"anyOf": [_shape(part) for part in shape.parts]}
    return dict(PLAIN[shape.name])


def _record(shape: Shape) -> Schema:
    """Return the schema of a map of fields; its kind alone is short for it."""
    needed = [name for name, field in shape.fields.items() if field.default is REQUIRED]
    if KIND not in shape.fields:
        return _object(_fields(shape.fields), *needed)
    return {"anyOf": [{"const": shape.label}, _object(_fields(shape.fields), KIND, *needed)]}


def _when(tag: str, value: str, then: Schema) -> Schema:
    return {"if": {"properties": {tag: {"const": value}}, "required": [tag]}, "then": then}


def _object(properties: Mapping[str, Schema], *required: str) -> Schema:
    found: Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return {**found, "required": list(required)} if required else found


def _map(values: Schema, names: Schema | None = None) -> Schema:
    found: Schema = {"type": "object", "additionalProperties": values}
    return {**found, "propertyNames": names} if names else found


def _one_or_several(value: Schema) -> Schema:
    return {"anyOf": [value, {"type": "array", "items": value}]}


def _said(value: Schema, description: str) -> Schema:
    return {**value, "description": description} if description else value
