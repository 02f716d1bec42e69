"""Blocks: what a generated region holds, and whether a person has been in it."""

from __future__ import annotations

import re
from typing import Any

from runner.documents.reading import Document
from runner.documents.scanner import Block
from runner.findings import ArtefactDamaged, Finding, RunnerError
from runner.rendering import templates
from runner.rendering.arguments import arguments_of
from runner.rendering.changes import Change, Edit
from runner.rendering.desk import Desk
from runner.safety import canonical

SOURCES = "sources"
OURS = re.compile(r"\[[^\]]+\]: (?!\S*://)\S+ \"[^\"]*\"\s*")
MARKER = re.compile(r"^<!-- /?logg", re.MULTILINE)
BLANK_LINES = re.compile(r"\n{3,}")
PADDING = re.compile(r"(?<=\S)[ \t]+")
ROW = re.compile(r" {0,3}\|")  # four blanks before it make it code
DASHES = re.compile(r"-{2,}")
CONFLICT = re.compile(
    r"^<{7} [^\n]*\n(?P<ours>.*?)(?:^\|{7}[^\n]*\n.*?)?^={7}\r?\n(?P<theirs>.*?)^>{7} [^\n]*(?:\n|\Z)",
    re.MULTILINE | re.DOTALL,
)


def digest(body: str) -> str:
    """Hash a body so that line ends, table padding and further blank lines, as formatters leave them, are no edits."""
    lines = "\n".join(_unpadded(line) for line in body.replace("\r\n", "\n").split("\n"))
    return canonical.digest_bytes(BLANK_LINES.sub("\n\n", lines).strip("\n").encode(), 8)


def _unpadded(line: str) -> str:
    """Return a line with one blank for each run of them, and a table's rule of two dashes; an indent stays."""
    text = PADDING.sub(" ", line.rstrip(" \t"))
    return DASHES.sub("--", text.lstrip(" ")) if ROW.match(text) else text


def closed(marker: str, body: str, newline: str) -> str:
    """Return a whole block: opening marker as it stands, body, and the closing marker with the body's hash."""
    inside = f"\n\n{body}\n\n" if body else "\n\n"
    return marker + f"{inside}<!-- /logg {digest(body)} -->".replace("\n", newline)


def render_block(block: Block, desk: Desk, *, force: bool) -> Change:
    """Return what one block needs so that it agrees with the results."""
    source = desk.document.source
    try:
        body = fill(block.name, arguments_of(block, desk), desk)
    except ArtefactDamaged:
        raise
    except RunnerError as error:
        place = error.place or source.place(block.start)
        return Change(findings=(Finding(error.code or "LG208", place, error.message, error.fix),))
    text = closed(source.text[block.start : _marker_end(block, source.text)], body, source.newline)
    old = source.text[block.body_start : block.body_end]
    if block.closed and digest(old) == digest(body) == block.digest:
        return Change()  # a formatter's layout is left to the formatter
    if not block.closed and not force and _left_behind(source.text[block.end :], body):
        return Change(findings=(_unclosed(block, desk.document),))
    if edited(block, old) and not force:
        return Change(findings=(hand_edit(block, desk.document),))
    message = f"the block `{block.name}` {'has new content' if block.closed else 'is not filled yet'}"
    found = Finding("LG103", source.place(block.start), message, f"runner render {desk.document.called}")
    return Change(Edit(block.start, block.end, text), findings=(found,))


def _left_behind(after: str, body: str) -> bool:
    """Tell whether what follows a lone marker begins as its body does: its closing marker was lost."""
    first = next((line.strip() for line in body.splitlines() if line.strip()), "")
    follows = next((line.strip() for line in after.splitlines() if line.strip()), "")
    return bool(first) and digest(first) == digest(follows)


def _unclosed(block: Block, document: Document) -> Finding:
    fix = "delete the old content below it, or write <!-- /logg --> after that and runner render --force"
    message = f"the block `{block.name}` has lost its closing marker"
    return Finding("LG104", document.source.place(block.start), message, fix)


def hand_edit(block: Block, document: Document) -> Finding:
    """Return the finding about a block that a person changed."""
    fix = f"put the text outside the block, then runner render --force {document.called}"
    message = f"the block `{block.name}` was edited by hand"
    return Finding("LG104", document.source.place(block.start), message, fix)


def edited(block: Block, body: str) -> bool:
    """Tell whether a person changed the body since it was written; a git conflict between two bodies is no edit."""
    if not block.closed or not body.strip():
        return False
    if block.name == SOURCES and all(OURS.fullmatch(line) for line in body.split("\n") if line.strip()):
        return False  # only definitions as we write them: whatever moved or changed them, they are made anew
    merged = (CONFLICT.sub(rf"\g<{side}>", body) for side in ("ours", "theirs"))
    return block.digest not in {digest(text) for text in (body, *merged)}


def fill(kind: str, arguments: dict[str, Any], desk: Desk) -> str:
    """Render the template of a block's kind; its body never holds a marker of its own."""
    from runner.rendering.view import View  # a tenth of a quick verb's time, and only blocks need it

    context = {"page": View(desk), "t": desk.labels, "arguments": arguments}
    lines = templates.fill(f"blocks/{kind}.md.j2", context).split("\n")
    body = "\n".join(line.rstrip() for line in lines).strip("\n")
    return MARKER.sub("<!-- (logg)", body)


def _marker_end(block: Block, text: str) -> int:
    return text.index("-->", block.start) + 3
