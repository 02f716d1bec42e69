"""Signatures: what a person read and accepted, as the front matter keeps it under `signed`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from runner.documents.form import Form
from runner.documents.kinds import Hub, Roadmap, Signature
from runner.documents.source import Source
from runner.expressions.names import is_key
from runner.safety import bounded_yaml as yaml

FIELD = "signed"
WRITTEN = re.compile(
    r"(?P<verdict>[A-Za-z][\w.-]*) (?P<fingerprint>[0-9a-f]{8}) (?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?: (?P<words>\S.*))?"
)
FIX = "write it with runner accept DOCUMENT KEY"
NEEDS_QUOTES = re.compile(r"[:#,()\[\]{}'\"&*!|>%@`\\]")


def read_signed(form: Form) -> dict[str, Signature]:
    """Read the signatures of a hub or a roadmap by key."""
    found: dict[str, Signature] = {}
    for key, node in form.form(FIELD).mapping.entries:
        written = node.text if isinstance(node, yaml.Scalar) else ""
        match = WRITTEN.fullmatch(written)
        if not is_key(key.text) or match is None:
            form.report("LG203", key, f"`{key.text}: {written}` is no signature", FIX)
            continue
        place, words = form.place(key), match["words"] or ""
        found[key.text] = Signature(key.text, match["verdict"], match["fingerprint"], match["date"], place, words)
    return found


def signatures_of(body: object) -> Mapping[str, Signature]:
    """Return what is signed in a document, by key."""
    return body.signed if isinstance(body, Hub | Roadmap) else {}


def written(signature: Signature) -> str:
    """Return a signature as it stands in YAML, quoted where its words need it."""
    parts = (signature.verdict, signature.fingerprint, signature.date, signature.words)
    text = " ".join(part for part in parts if part)
    return "'" + text.replace("'", "''") + "'" if NEEDS_QUOTES.search(text) else text


def signed_source(source: Source, front: tuple[int, int], signature: Signature) -> str:
    """Return the text of a document with one signature added or renewed, every other character as it was."""
    start, end = front
    return source.text[:start] + with_signature(source.text[start:end], signature, source.newline) + source.text[end:]


def with_signature(front: str, signature: Signature, newline: str) -> str:
    """Return a front matter with one signature added or renewed, every other character as it was."""
    node = yaml.load(front)
    field = node.get(FIELD) if isinstance(node, yaml.Mapping) else None
    entry = f"{signature.key}: {written(signature)}"
    if field is None:
        return f"{front}{FIELD}:{newline}  {entry}{newline}"
    if not isinstance(field, yaml.Mapping):
        return _after_line(front, field.line, f"  {entry}{newline}")
    old = field.get(signature.key)
    if isinstance(old, yaml.Scalar):
        start = _offset(front, old)
        return front[:start] + written(signature) + front[_end(front, start, flow=field.flow) :]
    return _inserted(front, field, entry, newline)


def _inserted(front: str, field: yaml.Mapping, entry: str, newline: str) -> str:
    """Add an entry after the last one, in the manner of the others."""
    if field.flow and not field.entries:
        start = _offset(front, field)
        return front[: start + 1] + entry + front[start + 1 :].lstrip()
    head, last = field.entries[-1]
    if field.flow:
        end = _end(front, _offset(front, last), flow=True)
        return f"{front[:end]}, {entry}{front[end:]}"
    return _after_line(front, last.line, f"{' ' * (head.column - 1)}{entry}{newline}")


def _after_line(front: str, line: int, text: str) -> str:
    rows = front.split("\n")
    start = sum(len(row) + 1 for row in rows[:line])
    return front[:start] + text + front[start:]


def _offset(front: str, node: yaml.Node) -> int:
    return sum(len(row) + 1 for row in front.split("\n")[: node.line - 1]) + node.column - 1


def _end(front: str, start: int, *, flow: bool) -> int:
    """Return where the scalar that starts here ends."""
    if front[start] in "'\"":
        quoted = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"\\]|\\.)*\"").match(front, start)
        return quoted.end() if quoted else start
    stop = re.compile(r"[ \t]*(?:[,}\r\n]|[ \t]#|$)" if flow else r"[ \t]*(?:[\r\n]|[ \t]#|$)").search(front, start)
    return stop.start() if stop else len(front)
