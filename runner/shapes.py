"""The shapes of a plug-in's parameters, and how what a front matter says is brought into them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NoReturn, Protocol

from runner.expressions.names import suggestion
from runner.expressions.tokens import quantity
from runner.partitions import Partition, Wrong, read_partition
from runner.safety import bounded_yaml as yaml

REQUIRED = object()
KIND = "kind"  # the field by which one record of a union is told from another
JOB = "job"  # the field by which a job's spec says which job it is
WORDS = {
    "bool": "true or false", "int": "a whole number", "float": "a number", "str": "text", "none": "nothing",
    "job": "a job", "sibling": "a job of this experiment", "partition": "a partition of the protocol or a map of bins",
}  # fmt: skip

BINS = "write {by: column, edges: [0, 1, 2]}"


class Mismatch(Exception):
    """A value is not of the declared shape: which one, what is wrong with it, and what to write."""

    def __init__(self, node: yaml.Node, message: str, *, fix: str = "", code: str = "LG203") -> None:
        """Remember the very node that does not fit."""
        super().__init__(message)
        self.node = node
        self.fix = fix
        self.code = code


class JobName(str):
    """The name of another job of the same experiment, whose predictions this one is given."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """The declared type of one parameter, as far as a front matter can express it."""

    name: str  # bool, int, float, str, none, literal, tuple, dict, record, job, sibling, partition or union
    parts: tuple[Shape, ...] = ()
    choices: tuple[Any, ...] = ()
    fields: Mapping[str, Parameter] = field(default_factory=dict)  # of a record
    label: str = ""  # of a record: what a person calls it
    of: str = ""  # of a record: its class

    def __str__(self) -> str:
        """Say in words what is due."""
        match self.name:
            case "literal":
                return " or ".join(str(choice) for choice in self.choices)
            case "union":
                return " or ".join(str(part) for part in self.parts)
            case "tuple":
                return f"a list (each {self.parts[0]})"
            case "dict":
                return f"a map (each value {self.parts[0]})"
            case "record":
                return self.label if KIND in self.fields else f"a map of {', '.join(self.fields)}"
            case _:
                return WORDS[self.name]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One field of a plug-in's `Params`, or of a record in it."""

    name: str
    shape: Shape
    default: Any = REQUIRED
    meaning: str = ""  # the comment above it


class Declared(Protocol):
    """What binding needs to know of a plug-in's contract."""

    @property
    def name(self) -> str:
        """Return what a front matter calls it."""

    @property
    def version(self) -> int:
        """Return its version."""

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """Return what may be set."""


class Agreed(Protocol):
    """What a value may name of the protocol of its experiment."""

    @property
    def partitions(self) -> Mapping[str, Partition]:
        """Return its partitions by name."""

    @property
    def columns(self) -> Collection[str] | None:
        """Return the label columns of its rows, None where only the data know them."""


@dataclass(frozen=True, slots=True)
class Unagreed:
    """A protocol that has nothing to name."""

    partitions: Mapping[str, Partition] = field(default_factory=dict)
    columns: Collection[str] | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """What a value may name: the jobs there are, the other jobs of its experiment, what its protocol agrees on."""

    jobs: Mapping[str, Declared] = field(default_factory=dict)
    siblings: Collection[str] = ()
    agreed: Agreed = Unagreed()


NOWHERE = Scope()


def bind(plugin: Declared, given: yaml.Mapping, skip: str, wrong: Wrong, scope: Scope = NOWHERE) -> dict[str, Any]:
    """Bring entries into the shapes of a plug-in's parameters, defaults filled in; `skip` names the plug-in."""
    return _bound(plugin.name, plugin.parameters, given, skip, wrong, scope)


def accept(shape: Shape, node: yaml.Node, scope: Scope = NOWHERE) -> Any:
    """Convert a front-matter value to the declared shape, or raise Mismatch."""
    if shape.name in ACCEPTED:
        return ACCEPTED[shape.name](shape, node, scope)
    if not isinstance(node, yaml.Scalar):
        raise _unfit(shape, node)
    return _scalar(shape, node)


def parameter_at(
    plugin: Declared, path: Sequence[str], jobs: Mapping[str, Declared], params: Mapping[str, Any]
) -> Shape | None:
    """Return the shape of a parameter however deep it stands; `params` tells which kinds and jobs it stands in."""
    head, *rest = path
    parameter = plugin.parameters.get(head)
    return _below(parameter.shape, rest, jobs, params.get(head)) if parameter else None


def _below(shape: Shape, path: Sequence[str], jobs: Mapping[str, Declared], value: Any) -> Shape | None:
    """Return the shape that a path leads to from another shape, of which `value` is the value there now."""
    if not path:
        return shape
    if not isinstance(value, Mapping):
        return None
    head, *rest = path
    if JOB in value and "params" in value:
        return parameter_at(jobs[value[JOB]], path, jobs, value["params"])
    found = next((record.fields for record in variants(shape) if is_of(record, value)), {})
    return _below(found[head].shape, rest, jobs, value.get(head)) if head in found else None


def variants(shape: Shape) -> tuple[Shape, ...]:
    """Return the records a shape may be."""
    parts = shape.parts if shape.name == "union" else (shape,)
    return tuple(part for part in parts if part.name == "record")


def divides(shape: Shape) -> bool:
    """Tell whether a value may be a partition."""
    return any(part.name == "partition" for part in (shape, *shape.parts))


def record_for(kind: str, records: Iterable[Shape]) -> Shape | None:
    """Return the record of a kind."""
    return next((record for record in records if KIND in record.fields and record.label == kind), None)


def opened(node: yaml.Node, records: Iterable[Shape]) -> yaml.Node:
    """Return a bare word that is the kind of a record as the map it is short for."""
    if not isinstance(node, yaml.Scalar) or record_for(node.text, records) is None:
        return node
    return yaml.Mapping(((yaml.Scalar(KIND, node.line, node.column), node),), node.line, node.column)


def named_jobs(value: Any) -> list[str]:
    """Return the sibling jobs that an accepted value names, each once, in order."""
    match value:
        case JobName():
            return [str(value)]
        case dict():
            inner = list(value.values())
        case tuple():
            inner = list(value)
        case _:
            return []
    return list(dict.fromkeys(name for item in inner for name in named_jobs(item)))


def _bound(
    name: str, parameters: Mapping[str, Parameter], given: yaml.Mapping, skip: str, wrong: Wrong, scope: Scope
) -> dict[str, Any]:
    values = {parameter.name: parameter.default for parameter in parameters.values()}
    for key, node in given.entries:
        if key.text == skip:
            continue
        parameter = parameters.get(key.text)
        if parameter is None:
            wrong("LG205", key, f"`{name}` has no parameter `{key.text}`", suggestion(key.text, parameters))
            continue
        try:
            values[key.text] = accept(parameter.shape, node, scope)
        except Mismatch as error:
            del values[key.text]
            wrong(error.code, error.node, f"`{key.text}` of `{name}`: {error}", error.fix)
    for missing in [key for key, value in values.items() if value is REQUIRED]:
        del values[missing]
        wrong("LG205", given, f"`{name}` needs `{missing}`", f"add `{missing}:`")
    return values


def _list(shape: Shape, node: yaml.Node, scope: Scope) -> tuple[Any, ...]:
    if isinstance(node, yaml.Scalar) and node.text:  # one word is a list of one
        return (accept(shape.parts[0], node, scope),)
    if not isinstance(node, yaml.Sequence):
        raise _unfit(shape, node)
    return tuple(accept(shape.parts[0], item, scope) for item in node.items)


def _map(shape: Shape, node: yaml.Node, scope: Scope) -> dict[str, Any]:
    if not isinstance(node, yaml.Mapping):
        raise _unfit(shape, node)
    return {key.text: accept(shape.parts[0], item, scope) for key, item in node.entries}


def _accepted_part(shape: Shape, node: yaml.Node, scope: Scope) -> Any:
    """Accept a value as the first part that takes it; of a collection the right part can be told beforehand."""
    part = _meant(shape, node) if isinstance(node, yaml.Mapping) else None
    if part is not None:
        return accept(part, node, scope)
    errors = []
    for part in shape.parts:
        try:
            return accept(part, node, scope)
        except Mismatch as error:
            errors.append((part, error))
    inside = next((error for _, error in errors if error.node is not node), None)
    fix = next((error.fix for part, error in errors if error.fix and not _words(part)), "")
    raise inside or _unfit(shape, node, fix)


def _meant(shape: Shape, node: yaml.Mapping) -> Shape | None:
    """Return the part of a union that a map is meant for: by its `kind`, by its `job`, or the only one there is.

    A map with neither is the partition, where there is one.
    """
    records = variants(shape)
    kind, job = node.get(KIND), node.get(JOB)
    if kind is not None and records:
        written = kind.text if isinstance(kind, yaml.Scalar) else ""
        found = record_for(written, records)
        if found is None:
            raise _unfit(shape, kind, suggestion(written, [part.label for part in records]))
        return found
    nested, bins = (next((part for part in shape.parts if part.name == name), None) for name in ("job", "partition"))
    if nested is not None and (job is not None or not (records or bins)):
        return nested
    if bins is not None:
        return bins
    if len(records) > 1:
        raise Mismatch(node, f"a map without `{KIND}`", fix=suggestion("", [part.label for part in records]))
    return records[0] if records else None


def is_of(record: Shape, value: Mapping[str, Any]) -> bool:
    """Tell whether an accepted map is of this record."""
    return record.fields.keys() == value.keys() and value.get(KIND, record.label) == record.label


def _record(shape: Shape, node: yaml.Node, scope: Scope) -> dict[str, Any]:
    """Accept a map of a record's fields; a bare word that is its kind stands for `{kind: word}`."""
    node = opened(node, (shape,))
    if not isinstance(node, yaml.Mapping):
        raise _unfit(shape, node)
    return _bound(shape.label, shape.fields, node, "", _raised, scope)


def _nested_job(shape: Shape, node: yaml.Node, scope: Scope) -> dict[str, Any]:
    """Accept the spec of a job inside a job, checked against that job's own contract."""
    if not isinstance(node, yaml.Mapping):
        known = isinstance(node, yaml.Scalar) and node.text in scope.jobs
        raise _unfit(shape, node, f"write {{{JOB}: {node.text}}}" if isinstance(node, yaml.Scalar) and known else "")
    kind = node.get(JOB)
    written = kind.text if isinstance(kind, yaml.Scalar) else ""
    if written not in scope.jobs:
        message = f"unknown job `{written}`" if written else f"it does not say which {JOB} it is"
        raise Mismatch(kind or node, message, fix=suggestion(written, scope.jobs), code="LG204")
    plugin = scope.jobs[written]
    return {"job": written, "version": plugin.version, "params": bind(plugin, node, JOB, _raised, scope)}


def _sibling(shape: Shape, node: yaml.Node, scope: Scope) -> JobName:
    if not isinstance(node, yaml.Scalar):
        raise _unfit(shape, node)
    if node.text not in scope.siblings:
        raise _unfit(shape, node, suggestion(node.text, scope.siblings))
    return JobName(node.text)


def _partition(shape: Shape, node: yaml.Node, scope: Scope) -> dict[str, Any]:
    """Accept the name of a partition of the protocol, or bins that are written out; either way the bins are kept."""
    if isinstance(node, yaml.Mapping):
        written = read_partition(node, _raised)
        if written is None:
            raise _unfit(shape, node, BINS)
        _refuse_unknown_columns(node, scope.agreed.columns)
        return asdict(written)
    known = scope.agreed.partitions
    if not isinstance(node, yaml.Scalar) or node.text not in known:
        raise _unfit(shape, node, suggestion(node.text, known) if isinstance(node, yaml.Scalar) and known else BINS)
    return asdict(known[node.text])


def _refuse_unknown_columns(node: yaml.Mapping, columns: Collection[str] | None) -> None:
    by = node.get("by")
    items = by.items if isinstance(by, yaml.Sequence) else (by,)
    for item in items if columns is not None else ():
        if isinstance(item, yaml.Scalar) and item.text not in (columns or ()):
            raise Mismatch(item, f"no column `{item.text}`", fix=suggestion(item.text, columns or ()), code="LG302")


def _raised(code: str, node: yaml.Node, message: str, fix: str) -> NoReturn:
    raise Mismatch(node, message, fix=fix, code=code)


def _unfit(shape: Shape, node: yaml.Node, fix: str = "") -> Mismatch:
    written = f"`{node.text}`" if isinstance(node, yaml.Scalar) else "a collection"
    words = [word for part in (shape.parts if shape.name == "union" else (shape,)) for word in _words(part)]
    meant = suggestion(node.text, words) if isinstance(node, yaml.Scalar) and words else ""
    return Mismatch(node, f"{written} where {shape} is due", fix=fix or meant)


def _words(shape: Shape) -> list[str]:
    """Return the words that a shape takes: its choices, or the kind of a record."""
    if shape.name == "literal":
        return [str(choice) for choice in shape.choices]
    return [shape.label] if shape.name == "record" and KIND in shape.fields else []


def _scalar(shape: Shape, node: yaml.Scalar) -> Any:
    text, number = node.text, quantity(node.text)
    if shape.name == "str":
        return text
    if shape.name == "bool" and text in {"true", "false"}:
        return text == "true"
    if shape.name == "none" and text in {"", "null", "none", "~"}:
        return None
    if shape.name == "float" and number is not None:
        return number
    if shape.name == "int" and number is not None and number == int(number):
        return int(number)
    for choice in shape.choices:
        if text == str(choice) or (number is not None and number == choice):
            return choice
    raise _unfit(shape, node)


ACCEPTED: Mapping[str, Callable[[Shape, yaml.Node, Scope], Any]] = {
    "union": _accepted_part, "record": _record, "job": _nested_job, "sibling": _sibling, "tuple": _list, "dict": _map,
    "partition": _partition,
}  # fmt: skip
