"""What a job, a source and a figure are, and how their files are read without being imported."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from runner.expressions.tokens import quantity
from runner.findings import InputRefused, Place
from runner.safety import bounded_yaml as yaml

if TYPE_CHECKING:
    import numpy as np
    import torch

REQUIRED = object()
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class Split(Protocol):
    """The rows of one split, as a job sees them: inputs with their noise, in a fixed order."""

    rows: int
    width: int

    def inputs(self, size: int) -> Iterator[torch.Tensor]:
        """Yield the observed inputs, at most `size` rows at a time: float32 [n, width]."""

    def pairs(self, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield (inputs float32 [n, width], target float64 [n]); refused for the test split."""


class Data(Protocol):
    """The three splits a job is given."""

    train: Split
    val: Split
    test: Split


class Source(Protocol):
    """An opened data source: knows its rows and can show them with any noise."""

    columns: Mapping[str, str]  # label column -> unit

    def size(self, split: str) -> int:
        """Return how many rows the split can offer."""

    def labels(self, split: str, rows: int) -> dict[str, np.ndarray]:
        """Return the label columns of the first `rows` rows of a split."""

    def split(self, name: str, rows: int, *, target: str, noise: float, seed: int, device: str) -> Split:
        """Return the first `rows` rows of a split as a job may see them."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a run may know about its surroundings: where to compute, the seed, whom to tell."""

    device: str = "cpu"
    seed: int = 0
    progress: Callable[[int, int, str], None] = lambda _done, _total, _note: None


@dataclass(frozen=True, slots=True)
class Output:
    """What a job returns; the engine scores, slices, resamples and draws it."""

    predictions: Mapping[str, np.ndarray]  # 'val' and 'test' -> [rows]
    bounds: Mapping[str, np.ndarray] | None = None
    scalars: Mapping[str, float] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    artefact: Mapping[str, Any] = field(default_factory=dict)


class Mismatch(Exception):
    """A value is not of the declared shape: which one, and what is due instead."""

    def __init__(self, node: yaml.Node, due: Shape) -> None:
        """Quote the value and say in words what is due."""
        written = f"`{node.text}`" if isinstance(node, yaml.Scalar) else "a collection"
        super().__init__(f"{written} where {due} is due")
        self.node = node


@dataclass(frozen=True, slots=True)
class Shape:
    """The declared type of one parameter, as far as a front matter can express it."""

    name: str  # bool, int, float, str, none, literal, tuple, dict or union
    parts: tuple[Shape, ...] = ()
    choices: tuple[Any, ...] = ()

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
            case _:
                return {"int": "a whole number", "float": "a number", "str": "text", "none": "nothing"}.get(
                    self.name, "true or false"
                )


@dataclass(frozen=True, slots=True)
class Parameter:
    """One field of a plug-in's `Params`."""

    name: str
    shape: Shape
    default: Any = REQUIRED


@dataclass(frozen=True)
class Contract:
    """What a plug-in file declares, read without running it."""

    name: str
    path: Path
    summary: str
    version: int
    parameters: Mapping[str, Parameter]
    uses_val: bool
    columns: Mapping[str, str] | None  # of a source that makes its own rows: name -> unit
    files: tuple[str, ...]  # the parameters that name data files
    text: bytes = field(repr=False)

    @cached_property
    def code(self) -> str:
        """Return the digest of what the file does: comments, docstrings and layout left out."""
        return _code_digest(ast.parse(self.text))


def contracts(folder: Path) -> dict[str, Contract]:
    """Read every plug-in file of a folder; the file name is the plug-in's name."""
    files = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    return {path.stem: read_contract(path) for path in files}


def read_contract(path: Path) -> Contract:
    """Read one plug-in file: docstring, VERSION, USES_VAL and the fields of Params."""
    try:
        text = path.read_bytes()
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise _refused(path, getattr(error, "lineno", 1) or 1, f"is not Python: {error}") from error
    literals = _literals(tree)
    if type(literals.get("VERSION")) is not int:
        raise _refused(path, 1, "has no literal VERSION = <whole number>")
    return Contract(
        name=path.stem,
        path=path,
        summary=(ast.get_docstring(tree) or "").split("\n")[0],
        version=literals["VERSION"],
        parameters={parameter.name: parameter for parameter in _parameters(tree, path)},
        uses_val=literals.get("USES_VAL") is True,
        columns=literals.get("COLUMNS"),
        files=tuple(literals.get("FILES", ())),
        text=text,
    )


def accept(shape: Shape, node: yaml.Node) -> Any:
    """Convert a front-matter value to the declared shape, or raise Mismatch."""
    if shape.name == "union":
        return _first_accepted(shape, node)
    if shape.name == "tuple" and isinstance(node, yaml.Sequence):
        return tuple(accept(shape.parts[0], item) for item in node.items)
    if shape.name == "dict" and isinstance(node, yaml.Mapping):
        return {key.text: accept(shape.parts[0], item) for key, item in node.entries}
    if not isinstance(node, yaml.Scalar):
        raise Mismatch(node, shape)
    return _scalar(shape, node)


def _first_accepted(shape: Shape, node: yaml.Node) -> Any:
    for part in shape.parts:
        try:
            return accept(part, node)
        except Mismatch:
            continue
    raise Mismatch(node, shape)


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
    raise Mismatch(node, shape)


def _refused(path: Path, line: int, message: str) -> InputRefused:
    fix = "keep plug-in files to literal defaults and plain annotations"
    return InputRefused(f"{path.name} {message}", place=Place(str(path), line, 1), code="LG407", fix=fix)


def _literals(tree: ast.Module) -> dict[str, Any]:
    """Return the module's constants that are plain literals."""
    found: dict[str, Any] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except (TypeError, ValueError):
                continue
    return found


def _parameters(tree: ast.Module, path: Path) -> Iterator[Parameter]:
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Params"]
    for node in classes[0].body if classes else []:
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            continue
        try:
            default = ast.literal_eval(node.value) if node.value else REQUIRED
        except (TypeError, ValueError) as error:
            raise _refused(path, node.lineno, f"gives `{node.target.id}` a default that is no literal") from error
        yield Parameter(node.target.id, _shape(node.annotation, path), default)


def _shape(node: ast.expr, path: Path) -> Shape:
    match node:
        case ast.Name(id="bool" | "int" | "float" | "str" as name):
            return Shape(name)
        case ast.Constant(value=None):
            return Shape("none")
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            parts = (_shape(left, path), _shape(right, path))
            return Shape("union", tuple(p for part in parts for p in (part.parts if part.name == "union" else (part,))))
        case ast.Subscript(value=ast.Name(id="Literal"), slice=written) if choices := _choices(written):
            return Shape("literal", choices=choices)
        case ast.Subscript(value=ast.Name(id="tuple"), slice=ast.Tuple(elts=[item, ast.Constant(value=value)])) if (
            value is ...
        ):
            return Shape("tuple", (_shape(item, path),))
        case ast.Subscript(value=ast.Name(id="dict"), slice=ast.Tuple(elts=[ast.Name(id="str"), item])):
            return Shape("dict", (_shape(item, path),))
    raise _refused(path, node.lineno, f"has an annotation a front matter cannot express: {ast.unparse(node)}")


def _choices(node: ast.expr) -> tuple[Any, ...]:
    """Return the values between the brackets of `Literal[...]`, nothing where one is no literal."""
    try:
        value = ast.literal_eval(node)
    except (TypeError, ValueError):
        return ()
    return value if isinstance(value, tuple) else (value,)


def _code_digest(tree: ast.Module) -> str:
    """Hash what the file does: its tree without docstrings (taken out here), comments and layout."""
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return hashlib.sha256(_spelled(tree).encode()).hexdigest()[:12]


def _spelled(node: object) -> str:
    """Write a tree out, empty fields left out: those are what differs between versions of Python."""
    if isinstance(node, list):
        return f"[{','.join(map(_spelled, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = (f"{name}={_spelled(value)}" for name, value in ast.iter_fields(node) if value not in (None, []))
    return f"{type(node).__name__}({','.join(fields)})"
