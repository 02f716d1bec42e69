"""Reads a small, safe part of YAML into a tree that knows its lines; scalars stay text.

PyYAML hands over events only: its loader can crash the process on nested brackets, resolves `no` and
`1:30` by the rules of YAML 1.1, and lets a second key of the same name win in silence.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

import yaml

from runner.findings import InputRefused
from runner.safety.yaml_messages import QUOTE_FIX, SPLIT_FIX, explained, full_width

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES: Final = 64 * 1024
MAX_DEPTH: Final = 12
MAX_VALUES: Final = 5000
MAX_OPEN: Final = 100  # the builder stops at MAX_DEPTH; this keeps libyaml from drowning in brackets

CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
LINE_ENDS: Final = re.compile(r"\r\n|\n")
INDICATORS: Final = re.compile(rf"(?:[-?:][ \t]+){{{MAX_OPEN}}}")
NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
TRUTHS: Final = frozenset({"true", "True", "TRUE"})
FALSEHOODS: Final = frozenset({"false", "False", "FALSE"})
INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
NON_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
WIDEST_INTEGER: Final = 18
SHOWN: Final = 40
LONG_FIX: Final = "move long lists to a data file"


@dataclass(frozen=True, slots=True)
class Scalar:
    """One word, number or sentence as written; a missing value is a plain scalar without text."""

    text: str
    line: int
    column: int
    plain: bool = True


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list of nodes."""

    items: tuple[Node, ...]
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and their nodes in the order written; `flow` when it stands between braces."""

    entries: tuple[tuple[Scalar, Node], ...]
    line: int
    column: int
    flow: bool = False

    def get(self, key: str) -> Node | None:
        """Return the node under a key, or nothing."""
        return next((node for scalar, node in self.entries if scalar.text == key), None)

    def keys(self) -> list[str]:
        """Return the keys as text, in order."""
        return [scalar.text for scalar, _ in self.entries]

    def items(self) -> tuple[tuple[Scalar, Node], ...]:
        """Return the entries, keys with their positions."""
        return self.entries


Node: TypeAlias = Scalar | Sequence | Mapping


class YamlRefused(InputRefused):
    """YAML that is broken, ambiguous or outside the part accepted here."""

    def __init__(self, message: str, line: int, column: int, fix: str = "") -> None:
        """Keep the position; the caller, who knows the file, sets the place."""
        super().__init__(message, fix=fix)
        self.line = line
        self.column = column

    def __str__(self) -> str:
        """Write the error as one line, with its position while no file is known."""
        where = "" if self.place else f"line {self.line}, column {self.column}: "
        return where + super().__str__()


def load(text: str, *, line: int = 1) -> Node:
    """Read one YAML document; `line` is the number its first line has in its file."""
    _prescan(text, line)
    return _Builder(text, line).document()


def plain_value(scalar: Scalar) -> str | int | float | bool | None:
    """Resolve a scalar by the core rules of YAML 1.2; what is quoted stays text."""
    text = scalar.text
    if not scalar.plain:
        return text
    if text in NULLS:
        return None
    if text in TRUTHS | FALSEHOODS:
        return text in TRUTHS
    if INTEGER.fullmatch(text):
        return _integer(scalar)
    return _float(scalar) if FLOAT.fullmatch(text) or NON_FINITE.fullmatch(text) else text


def to_python(node: Node) -> Any:
    """Turn a tree into dictionaries, lists and plain values."""
    if isinstance(node, Scalar):
        return plain_value(node)
    if isinstance(node, Sequence):
        return [to_python(item) for item in node.items]
    return {key.text: to_python(value) for key, value in node.entries}


def _integer(scalar: Scalar) -> int:
    if len(scalar.text.lstrip("+-")) > WIDEST_INTEGER:
        _refuse(f"{scalar.text[:24]}... is too large for a number", scalar, "quote it if it is a name")
    return int(scalar.text)


def _float(scalar: Scalar) -> float:
    value = math.nan if NON_FINITE.fullmatch(scalar.text) else float(scalar.text)
    if not math.isfinite(value):
        _refuse(f"{scalar.text[:24]} is not a finite number", scalar, "quote it if it is a name")
    return value


def _refuse(message: str, at: Scalar | Sequence | Mapping, fix: str = "") -> NoReturn:
    raise YamlRefused(message, at.line, at.column, fix)


def _prescan(text: str, line: int) -> None:
    """Refuse what must not reach the parser: size, invisible line ends, controls, towers of brackets."""
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise YamlRefused(f"more than {MAX_BYTES // 1024} kB of YAML", line, 1, LONG_FIX)
    for number, row in enumerate(LINE_ENDS.split(text), line):
        if found := CONTROL.search(row):
            message = f"an invisible character U+{ord(found[0]):04X}"
            raise YamlRefused(message, number, found.start() + 1, "delete it")
        if found := INDICATORS.search(row):
            raise YamlRefused(f"more than {MAX_OPEN} lists inside each other", number, found.start() + 1)
        if row.startswith("%"):
            raise YamlRefused("a line starts with '%': a YAML directive", number, 1, "quote the text")
    _bound_brackets(text, line)


def _bound_brackets(text: str, line: int) -> None:
    opened = 0
    for found in re.finditer(r"[\[\]{}]", text):
        opened = opened + 1 if found[0] in "[{" else max(0, opened - 1)
        if opened > MAX_OPEN:
            row = text.count("\n", 0, found.start())
            column = found.start() - text.rfind("\n", 0, found.start())
            raise YamlRefused(f"more than {MAX_OPEN} brackets are open here", line + row, column)


def _events(text: str) -> Iterator[Any]:
    loader: Any = yaml.CLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    return iter(yaml.parse(text, Loader=loader))


class _Builder:
    """Builds the tree from parser events and refuses what the events show."""

    def __init__(self, text: str, line: int) -> None:
        self.rows = LINE_ENDS.split(text)
        self.line = line
        self.values = 0
        self.events = _events(text)

    def document(self) -> Node:
        """Build the only document; an empty one is a missing value."""
        try:
            return self._document()
        except yaml.MarkedYAMLError as error:
            raise _translated(error, self.rows, self.line) from None
        except (yaml.YAMLError, ValueError) as error:
            # The pure parser leaks ValueError on escapes outside Unicode.
            message = f"YAML cannot read this: {' '.join(str(error).split())[:120]}"
            raise YamlRefused(message, self.line, 1) from None

    def _document(self) -> Node:
        event = next(self.events)
        while isinstance(event, (yaml.StreamStartEvent, yaml.DocumentStartEvent)):
            event = next(self.events)
        if isinstance(event, yaml.StreamEndEvent):
            return Scalar("", self.line, 1)
        root = self._node(event, 1, flow=False)
        next(self.events)  # the end of the document
        event = next(self.events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise YamlRefused("a second YAML document starts here", *self._at(event), "keep one document")
        return root

    def _at(self, event: yaml.Event) -> tuple[int, int]:
        mark: Any = event.start_mark
        return mark.line + self.line, mark.column + 1

    def _node(self, event: Any, depth: int, *, flow: bool) -> Node:
        self._bound(event, depth)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, flow=flow)
        flow = flow or bool(event.flow_style)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, depth, flow=flow)
        return self._mapping(event, depth, flow=flow)

    def _bound(self, event: Any, depth: int) -> None:
        at = self._at(event)
        self.values += 1
        if isinstance(event, yaml.AliasEvent):
            raise YamlRefused("a value that starts with '*' is a YAML alias", *at, "quote it")
        if event.anchor is not None:
            raise YamlRefused("a value that starts with '&' is a YAML anchor", *at, "quote it")
        if event.tag is not None:
            raise YamlRefused("a value that starts with '!' is a YAML tag", *at, "quote it")
        if depth > MAX_DEPTH and not isinstance(event, yaml.ScalarEvent):
            raise YamlRefused(f"more than {MAX_DEPTH} levels inside each other", *at, "flatten it")
        if self.values > MAX_VALUES:
            raise YamlRefused(f"more than {MAX_VALUES} values", *at, LONG_FIX)

    def _scalar(self, event: yaml.ScalarEvent, *, flow: bool) -> Scalar:
        scalar = Scalar(event.value, *self._at(event), plain=not event.style)
        if found := CONTROL.search(scalar.text):
            _refuse(f"the text holds an invisible character U+{ord(found[0]):04X}", scalar, "delete it")
        if flow and scalar.plain and scalar.text.count("(") != scalar.text.count(")"):
            _refuse(f"a comma or bracket cuts {_short(scalar.text)} off from the rest", scalar, SPLIT_FIX)
        return scalar

    def _sequence(self, start: yaml.SequenceStartEvent, depth: int, *, flow: bool) -> Sequence:
        items: list[Node] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1, flow=flow))
        return Sequence(tuple(items), *self._at(start))

    def _mapping(self, start: yaml.MappingStartEvent, depth: int, *, flow: bool) -> Mapping:
        seen: dict[str, Scalar] = {}
        entries: list[tuple[Scalar, Node]] = []
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = _checked_key(self._node(event, depth + 1, flow=flow), seen)
            value = self._node(next(self.events), depth + 1, flow=flow)
            if value == Scalar("", value.line, value.column):
                self._check_missing(key, value, flow=flow)
            entries.append((key, value))
        return Mapping(tuple(entries), *self._at(start), flow)

    def _check_missing(self, key: Scalar, value: Node, *, flow: bool) -> None:
        if flow:
            _refuse_empty(key)
        if re.match(r"\s*#\S", [*self.rows, ""][value.line - self.line][value.column - 1 :]):
            _refuse("a value that starts with '#' is a comment to YAML", value, QUOTE_FIX)


def _checked_key(key: Node, seen: dict[str, Scalar]) -> Scalar:
    if not isinstance(key, Scalar):
        _refuse("a list or mapping stands where a key is due", key, "quote it if it is text")
    if key.text == "" or (key.plain and key.text in NULLS):
        _refuse("a key is empty or null", key, "name it, or quote it")
    if key.plain and key.text == "<<":
        _refuse("merge keys ('<<') are not accepted", key, "write the entries out")
    if first := seen.get(key.text):
        _refuse(f"{_short(key.text)} stands twice, on lines {first.line} and {key.line}", key, "keep one")
    seen[key.text] = key
    return key


def _refuse_empty(key: Scalar) -> NoReturn:
    if re.search(r":\S", key.text):
        _refuse(f"{_short(key.text)} has no blank after its colon", key, "put a blank after the colon")
    message = f"{_short(key.text)} has no value: a comma between braces starts a new entry"
    _refuse(message, key, full_width(key.text) or SPLIT_FIX)


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return f"'{flat}'" if len(flat) <= SHOWN else f"'{flat[:SHOWN]}...'"


def _translated(error: yaml.MarkedYAMLError, rows: list[str], line: int) -> YamlRefused:
    """Say in one plain sentence what the parser found, and what to type instead."""
    problem, context = error.problem or "", error.context or ""
    mark = error.problem_mark or error.context_mark
    if error.context_mark and re.search(r"quoted scalar|simple key|flow (?:sequence|mapping)", context):
        mark = error.context_mark
    row, column = (mark.line, mark.column) if mark else (0, 0)
    message, fix = explained(problem, context, [*rows, ""][row], column)
    return YamlRefused(message, row + line, column + 1, fix)
