"""What the jobs are: a list of them, or one of them in full, as its file declares it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from runner.contract import Contract
from runner.documents.schema import schema
from runner.documents.settings import load_plugins, read_settings
from runner.expressions.names import suggestion
from runner.findings import UsageError
from runner.report import Report
from runner.shapes import KIND, REQUIRED, Parameter, Shape, variants

STEP = "  "


def overview(root: Path) -> Report:
    """Return every job with its version and what it is in one line."""
    jobs = load_plugins(root, read_settings(root)).jobs
    width = max(map(len, jobs))
    lines = [f"{name:<{width}}  {contract.version}  {contract.summary}" for name, contract in jobs.items()]
    entries = [{"name": n, "version": c.version, "summary": c.summary} for n, c in jobs.items()]
    return Report(lines, {"jobs": entries})


def described(root: Path, name: str) -> Report:
    """Return all that a job's file says about it: what it is, what its fit depends on, what may be set."""
    jobs = load_plugins(root, read_settings(root)).jobs
    if name not in jobs:
        raise UsageError(f"there is no job `{name}`", fix=suggestion(name, jobs))
    contract = jobs[name]
    depends = ", ".join(_depends(contract)) or "nothing but its parameters"
    lines = [f"{name}, version {contract.version}: {contract.docstring}", "", f"Its fit depends on {depends}.", ""]
    lines[3:3] = ["It looks at what stands behind the rows."] if contract.origin else []
    lines[3:3] = ["Its bounds hold for every estimator that sees the inputs alone."] if contract.ceiling else []
    data = {"name": name, "version": contract.version, "docstring": contract.docstring, "close": contract.close}
    data |= {"origin": contract.origin, "ceiling": contract.ceiling}
    data |= {"depends": list(_depends(contract)), "parameters": _entries(contract.parameters)}
    return Report([*"\n".join(lines).split("\n"), *_lines(contract.parameters)], data)


def json_schema(root: Path) -> Report:
    """Return the schema of every front matter, for editors."""
    import json

    found = schema(load_plugins(root, read_settings(root)))
    return Report(json.dumps(found, ensure_ascii=False, indent=2).split("\n"), found)


def _depends(contract: Contract) -> Iterator[str]:
    if contract.uses_train:
        yield "the training rows"
    if contract.uses_val:
        yield "the validation rows"
    if contract.uses_seed:
        yield "the seed"


def _lines(parameters: Mapping[str, Parameter], indent: str = "") -> Iterator[str]:
    """Yield what may be set: name, what is due, what it is when left out, what it means; records below it."""
    for name, parameter in parameters.items():
        default = "must be given" if parameter.default is REQUIRED else f"default {_shown(parameter.default)}"
        yield f"{indent}{name}: {parameter.shape} ({default})"
        if parameter.meaning:
            yield f"{indent}{STEP}{parameter.meaning}"
        for record in _records(parameter.shape):
            fields = {key: field for key, field in record.fields.items() if key != KIND}
            yield f"{indent}{STEP}{record.label}{':' if fields else ''}"
            yield from _lines(fields, indent + 2 * STEP)


def _entries(parameters: Mapping[str, Parameter]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "due": str(parameter.shape),
            "required": parameter.default is REQUIRED,
            "default": None if parameter.default is REQUIRED else parameter.default,
            "meaning": parameter.meaning,
            "records": {record.label: _entries(record.fields) for record in _records(parameter.shape)},
        }
        for name, parameter in parameters.items()
    ]


def _records(shape: Shape) -> tuple[Shape, ...]:
    """Return the records a parameter may be, or may be a list or a map of."""
    return variants(shape) or tuple(record for part in shape.parts for record in _records(part))


def _shown(value: Any) -> str:
    """Write a value as a front matter would."""
    match value:
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case tuple():
            return f"[{', '.join(map(_shown, value))}]"
        case dict():
            return f"{{{', '.join(f'{name}: {_shown(item)}' for name, item in value.items())}}}"
    return str(value)
