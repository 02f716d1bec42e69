"""What a plug-in file declares in literals and annotations, read from its syntax tree and never run."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from runner.bases import Base, imported
from runner.findings import InputRefused, Place
from runner.shapes import KIND, REQUIRED, Parameter, Shape, divides, variants

NESTED = {
    "Job": Shape("job"), "JobSpec": Shape("job"), "JobName": Shape("sibling"), "Partition": Shape("partition"),
}  # fmt: skip
UNREADABLE = (TypeError, ValueError, RecursionError, MemoryError)  # of a literal, or of what pretends to be one
PLAIN = {"bool": bool, "str": str, "none": type(None)}
Fields = Mapping[str, Parameter]
FIX = "keep plug-in files to literal defaults and plain annotations"


class Declarations:
    """A plug-in file as a syntax tree: its docstring, its literals, and the fields of its `Params`."""

    def __init__(self, path: Path, text: bytes) -> None:
        """Parse the file, or refuse it at its line."""
        self.path = path
        try:
            self.tree = ast.parse(text)
        except (SyntaxError, *UNREADABLE) as error:
            raise self.refused(getattr(error, "lineno", 1) or 1, f"is not Python: {error}") from error
        self.lines = text.decode("utf-8", "replace").split("\n")
        self.classes = {node.name: node for node in self.tree.body if isinstance(node, ast.ClassDef)}
        self.assigned = dict(_assigned(self.tree))

    @property
    def docstring(self) -> str:
        """Return what the file says about itself."""
        return ast.get_docstring(self.tree) or ""

    def refused(self, line: int, message: str) -> InputRefused:
        """Return the refusal of this file at a line."""
        return InputRefused(f"{self.path.name} {message}", place=Place(str(self.path), line, 1), code="LG407", fix=FIX)

    def literal(self, name: str, default: Any, due: str) -> Any:
        """Return a constant of the module that is a literal of the default's type; `due` names that type."""
        node = self.assigned.get(name)
        if node is None:
            return default
        try:
            value = ast.literal_eval(node)
        except UNREADABLE:
            value = None
        if type(value) is int and type(default) is float:
            value = float(value)
        if type(value) is not type(default):
            raise self.refused(node.lineno, f"has no literal {name} = <{due}>")
        return value

    def parameters(self, name: str = "Params") -> dict[str, Parameter]:
        """Return the fields of `Params`, those of the class it is built on first."""
        if name not in self.classes:
            return {}
        try:
            return self._owned(name, elsewhere=self._elsewhere() if name == "Params" else None)
        except RecursionError as error:
            raise self.refused(self.classes[name].lineno, f"nests the annotations of `{name}` too deeply") from error

    @cached_property
    def base(self) -> Base | None:
        """Return the file that holds what `Params` is built on, None where that is this file, or it is on nothing."""
        owner = self.classes.get("Params")
        if owner is None or (name := self._built_on(owner)) is None or name in self.classes:
            return None
        base = imported(self.tree, name)
        if base is None:
            raise self.refused(owner.lineno, f"builds `Params` on `{name}`, which no file of runner holds")
        return base

    def _built_on(self, owner: ast.ClassDef) -> str | None:
        """Return the name of the class that another one is built on, None where it is on nothing."""
        match owner.bases:
            case []:
                return None
            case [ast.Name(id=name)]:
                return name
        raise self.refused(owner.lineno, f"builds `{owner.name}` on what is not one class, by its name")

    def _elsewhere(self) -> dict[str, Parameter] | None:
        """Return the fields that `Params` begins with in another file, None where it begins in this one."""
        if (base := self.base) is None:
            return None
        theirs, owner = Declarations(base.path, base.text), self.classes["Params"]
        if base.name not in theirs.classes:
            message = f"builds `Params` on `{self._built_on(owner)}`, which {base.path.name} does not hold"
            raise self.refused(owner.lineno, message)
        return theirs._owned(base.name)

    def _owned(self, name: str, within: tuple[str, ...] = (), elsewhere: Fields | None = None) -> dict[str, Parameter]:
        """Return the fields of a class; first those it begins with elsewhere, or in another class of this file."""
        owner, within = self.classes[name], (*within, name)
        self._require_frozen(owner)
        inherited = self._inherited(owner, within) if elsewhere is None else elsewhere
        return {**inherited, **{field.name: field for field in self._fields(owner, within, inherited)}}

    def _inherited(self, owner: ast.ClassDef, within: tuple[str, ...]) -> dict[str, Parameter]:
        """Return the fields of the class of this file that another one is built on."""
        above = self._built_on(owner)
        if above is None:
            return {}
        if above not in self.classes or above in within:
            raise self.refused(owner.lineno, f"builds `{owner.name}` on another class")
        return self._owned(above, within)

    def _require_frozen(self, owner: ast.ClassDef) -> None:
        if not any(_freezes(decorator) for decorator in owner.decorator_list):
            raise self.refused(owner.lineno, f"has a class `{owner.name}` that is no frozen dataclass")

    def _fields(self, owner: ast.ClassDef, within: tuple[str, ...], inherited: Fields) -> Iterator[Parameter]:
        for node in owner.body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                shape = self._shape(node.annotation, within)
                field = Parameter(node.target.id, shape, self._default(node, shape), self._comment(node.lineno))
                yield self._redeclared(field, inherited[field.name], node) if field.name in inherited else field

    def _redeclared(self, field: Parameter, old: Parameter, node: ast.AnnAssign) -> Parameter:
        """Return a field that is inherited and declared again; it keeps the comment where it has none of its own."""
        if field.default is REQUIRED and old.default is not REQUIRED:  # Python takes the old default, of the old shape
            raise self.refused(node.lineno, f"declares `{field.name}` again without its default")
        return replace(field, meaning=field.meaning or old.meaning)

    def _default(self, field: ast.AnnAssign, shape: Shape) -> Any:
        name = ast.unparse(field.target)
        if field.value is None:
            return REQUIRED
        if isinstance(field.value, ast.Call):
            return self._made(field.value, name, shape)
        try:
            value = ast.literal_eval(field.value)
        except UNREADABLE as error:
            raise self.refused(field.lineno, f"gives `{name}` a default that is no literal") from error
        if isinstance(value, dict | list | set):
            raise self.refused(field.lineno, f"gives `{name}` a default that can change, which no dataclass takes")
        return self._shaped(value, name, shape, field.lineno)

    def _shaped(self, value: Any, name: str, shape: Shape, line: int) -> Any:
        """Return a literal as the shape it stands for: a whole number for a number, say."""
        try:
            return _fitted(shape, value)
        except (ValueError, OverflowError) as error:
            raise self.refused(line, f"gives `{name}` a default that is not {shape}") from error

    def _made(self, call: ast.Call, name: str, shape: Shape) -> dict[str, Any]:
        """Return a default such as `Mlp(hidden=32)` as the map a front matter would write, in full."""
        parts = shape.parts or (shape,)
        wanted = ast.unparse(call.func)
        record = next((part for part in parts if part.name == "record" and part.of == wanted), None)
        refusal = self.refused(call.lineno, f"gives `{name}` a default that is no literal")
        if record is None or call.args:
            raise refusal
        values = {field.name: field.default for field in record.fields.values()}
        for keyword in call.keywords:
            inner = record.fields.get(str(keyword.arg))
            try:
                value = ast.literal_eval(keyword.value)
            except UNREADABLE as error:
                raise refusal from error
            if inner is None:
                raise refusal
            values[inner.name] = self._shaped(value, inner.name, inner.shape, call.lineno)
        if REQUIRED in values.values():
            raise refusal
        return values

    def _comment(self, line: int) -> str:
        """Return the comment that stands right above a line."""
        first = line - 1
        while first and self.lines[first - 1].lstrip().startswith("#"):
            first -= 1
        return " ".join(text.strip().lstrip("#").strip() for text in self.lines[first : line - 1])

    def _shape(self, node: ast.expr, within: tuple[str, ...]) -> Shape:
        match node:
            case ast.Name(id="bool" | "int" | "float" | "str" as name):
                return Shape(name)
            case ast.Name(id=name) if name in NESTED:
                return NESTED[name]
            case ast.Name(id=name) if name in self.classes and name not in within:
                return self._record(self.classes[name], within)
            case ast.Constant(value=None):
                return Shape("none")
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                parts = (self._shape(left, within), self._shape(right, within))
                flat = tuple(p for part in parts for p in (part.parts if part.name == "union" else (part,)))
                return self._told_apart(Shape("union", flat), node)
            case ast.Subscript(value=ast.Name(id=name), slice=inner):
                return self._generic(node, name, inner, within)
        raise self._inexpressible(node)

    def _generic(self, node: ast.Subscript, name: str, inner: ast.expr, within: tuple[str, ...]) -> Shape:
        match name, inner:
            case "Literal", _ if choices := _choices(inner):
                return Shape("literal", choices=choices)
            case "tuple", ast.Tuple(elts=[item, ast.Constant(value=value)]) if value is ...:
                return Shape("tuple", (self._shape(item, within),))
            case "dict", ast.Tuple(elts=[ast.Name(id="str"), item]):
                return Shape("dict", (self._shape(item, within),))
        raise self._inexpressible(node)

    def _record(self, owner: ast.ClassDef, within: tuple[str, ...]) -> Shape:
        if owner.bases:
            raise self.refused(owner.lineno, f"builds `{owner.name}` on another class")
        fields = self._owned(owner.name, within)
        kind = fields.get(KIND)
        label = str(kind.default) if kind else owner.name.lower()
        if kind and (kind.shape != Shape("literal", choices=(kind.default,))):
            raise self.refused(owner.lineno, f'gives `{owner.name}` a kind that is not `kind: Literal["x"] = "x"`')
        return Shape("record", fields=fields, label=label, of=owner.name)

    def _told_apart(self, union: Shape, node: ast.expr) -> Shape:
        """Refuse records that no front matter could tell from each other, or from bins that are written out."""
        records = variants(union)
        kinds = {record.label for record in records if KIND in record.fields}
        kindless = [
            part for part in union.parts if part.name == "dict" or (part in records and KIND not in part.fields)
        ]
        if (len(records) > 1 and len(kinds) < len(records)) or (divides(union) and kindless):
            raise self.refused(node.lineno, f"tells {ast.unparse(node)} apart by no `{KIND}` of their own")
        return union

    def _inexpressible(self, node: ast.expr) -> InputRefused:
        written = ast.unparse(node)
        return self.refused(node.lineno, f"has an annotation a front matter cannot express: {written}")


def _assigned(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names a module gives a value at its top level."""
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value


def _freezes(decorator: ast.expr) -> bool:
    return (
        isinstance(decorator, ast.Call)
        and ast.unparse(decorator.func) in {"dataclass", "dataclasses.dataclass"}
        and any(keyword.arg == "frozen" and ast.unparse(keyword.value) == "True" for keyword in decorator.keywords)
    )


def _fitted(shape: Shape, value: Any) -> Any:
    """Return a literal as what a front matter that wrote it would give, or raise ValueError."""
    match shape.name:
        case "tuple" if isinstance(value, tuple):
            return tuple(_fitted(shape.parts[0], item) for item in value)
        case "dict" if isinstance(value, dict):
            return {str(key): _fitted(shape.parts[0], item) for key, item in value.items()}
        case "union":
            return _fitted_part(shape, value)
    return _fitted_scalar(shape, value)


def _fitted_scalar(shape: Shape, value: Any) -> Any:
    number = type(value) in {int, float} and math.isfinite(value)
    match shape.name:
        case "float" if number:
            return float(value)
        case "int" if number and value % 1 == 0:
            return int(value)
        case "bool" | "str" | "none" if type(value) is PLAIN[shape.name]:
            return value
        case "literal" if (type(value), value) in [(type(choice), choice) for choice in shape.choices]:
            return value
    raise ValueError(value)


def _fitted_part(shape: Shape, value: Any) -> Any:
    for part in shape.parts:
        try:
            return _fitted(part, value)
        except ValueError:
            continue
    raise ValueError(value)


def _choices(node: ast.expr) -> tuple[Any, ...]:
    """Return the values between the brackets of `Literal[...]`, nothing where one is no literal."""
    try:
        value = ast.literal_eval(node)
    except UNREADABLE:
        return ()
    return value if isinstance(value, tuple) else (value,)
