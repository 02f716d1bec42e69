"""Read the fields of a front matter by name, collecting everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runner.documents.kinds import Formula
from runner.expressions.names import is_name, suggestion
from runner.expressions.parse import RESERVED, parse
from runner.expressions.tokens import ExpressionRefused, quantity
from runner.findings import Finding, Place
from runner.safety import bounded_yaml as yaml
from runner.safety.yaml_messages import full_width

MISREAD = {"LG203", "LG204", "LG205", "LG207"}  # findings about a value that may be several, run together


class Form:
    """A mapping of a front matter being read; findings accumulate in `findings`."""

    def __init__(self, mapping: yaml.Mapping, name: str, findings: list[Finding]) -> None:
        """Remember the mapping, the file it stands in and where findings go."""
        self.mapping = mapping
        self.name = name
        self.findings = findings

    def place(self, node: yaml.Node) -> Place:
        """Return where a node stands in the file."""
        return Place(self.name, node.line, node.column)

    def inside(self, node: yaml.Scalar) -> Place:
        """Return where the text of a node begins, behind the quote it may have."""
        return Place(self.name, node.line, node.column + (0 if node.plain else 1))

    def report(self, code: str, node: yaml.Node, message: str, fix: str = "") -> None:
        """Add a finding at a node; signs of a Chinese keyboard are named where they may be the mistake."""
        typed = full_width(node.text) if code in MISREAD and isinstance(node, yaml.Scalar) and node.plain else ""
        self.findings.append(Finding(code, self.place(node), message, typed or fix))

    def node(self, key: str) -> yaml.Node:
        """Return a field's value, or the whole mapping when it is missing: where to point."""
        return self.mapping.get(key) or self.mapping

    def given(self, key: str) -> yaml.Node | None:
        """Return a field's value, nothing when it is missing or left empty."""
        match self.mapping.get(key):
            case yaml.Scalar(text="", plain=True) | yaml.Sequence(items=()) | yaml.Mapping(entries=()):
                return None
            case node:
                return node

    def only(self, known: Iterable[str]) -> None:
        """Report every field that is not known."""
        known = tuple(known)
        for key, _ in self.mapping.entries:
            if key.text not in known:
                self.report("LG202", key, f"unknown field `{key.text}`", suggestion(key.text, known))

    def require(self, key: str) -> yaml.Node | None:
        """Return a field that must be there, or report that it is missing."""
        node = self.given(key)
        if node is None:
            self.report("LG202", self.node(key), f"`{key}` is missing", f"add `{key}:`")
        return node

    def text(self, key: str, default: str = "") -> str:
        """Return a field as the text it is written as."""
        node = self.given(key)
        if node is None:
            return default
        if isinstance(node, yaml.Scalar):
            return node.text
        self.report("LG203", node, f"`{key}` takes one value, not several")
        return default

    def required_text(self, key: str) -> str:
        """Return a text field that must be there."""
        return self.text(key) if self.require(key) is not None else ""

    def number(self, key: str, default: float = 0.0, *, whole: bool = False, signed: bool = False) -> float:
        """Return a field as a number, from 0 up unless it has a sign, written the way people write numbers."""
        node = self.given(key)
        if node is None:
            return default
        value = quantity(node.text) if isinstance(node, yaml.Scalar) else None
        if value is None or (value < 0 and not signed) or (whole and value % 1):
            written = f"`{node.text}`" if isinstance(node, yaml.Scalar) else "a collection"
            due, fix = ("a whole number", "write 500, 32k or 1M") if whole else ("a number", "write 0.5")
            self.report("LG203", node, f"`{key}` is {written}, {due}{'' if signed else ' from 0 up'} is due", fix)
            return default
        return value

    def size(self, key: str, default: int = 0) -> int:
        """Return a field as a whole number from 0 up."""
        return int(self.number(key, default, whole=True))

    def form(self, key: str) -> Form:
        """Return a nested mapping as a form of its own; an empty one when it is missing."""
        node = self.mapping.get(key)
        if isinstance(node, yaml.Mapping):
            return Form(node, self.name, self.findings)
        if self.given(key) is not None:
            self.report("LG203", self.node(key), f"`{key}` takes a map of names", "write one `name: value` per line")
        empty = yaml.Mapping((), self.node(key).line, self.node(key).column)
        return Form(empty, self.name, self.findings)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a field that is a list of words (one word is a list of one)."""
        node = self.given(key)
        if node is None:
            return ()
        items = node.items if isinstance(node, yaml.Sequence) else (node,)
        words = tuple(item.text for item in items if isinstance(item, yaml.Scalar))
        if len(words) != len(items):
            self.report("LG203", node, f"`{key}` takes a list of words", "write [one, two]")
        for item in (item for item in items if isinstance(item, yaml.Scalar) and item.plain and full_width(item.text)):
            self.report("LG203", item, f"`{item.text}` is one word of `{key}`")
        return words

    def named(self, what: str) -> Iterator[tuple[yaml.Scalar, yaml.Node]]:
        """Yield the entries whose key may serve as a name, reporting those that may not."""
        for key, node in self.mapping.entries:
            if is_name(key.text) and key.text not in RESERVED:
                yield key, node
                continue
            taken = key.text in RESERVED
            reason = "is a word of the language" if taken else "is not lower-case letters, digits and _"
            self.report("LG203", key, f"{what} `{key.text}` {reason}", "choose another name")

    def formula(self, node: yaml.Node) -> Formula | None:
        """Read an expression, reporting the very character that is wrong."""
        if not isinstance(node, yaml.Scalar):
            self.report("LG203", node, "an expression is due, not a collection")
            return None
        place = self.inside(node)
        try:
            return Formula(node.text, parse(node.text), place)
        except ExpressionRefused as error:
            self.findings.append(pointed(error, place))
        return None


def pointed(error: ExpressionRefused, place: Place) -> Finding:
    """Turn a refused expression into a finding at the wrong character."""
    at = Place(place.path, place.line, place.column + error.start)
    return Finding(error.code, at, error.message, error.fix)
