"""Figures: declared in a block, drawn by a plug-in, stamped with what they were drawn from."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from runner.documents.reading import Document
from runner.expressions.names import suggestion
from runner.findings import Finding, InputRefused, Place, RunnerError
from runner.rendering.arguments import arguments_of
from runner.rendering.desk import Desk, lay, legible
from runner.results import places
from runner.results.board import Board
from runner.safety import atomic, canonical, paths
from runner.safety import bounded_yaml as yaml
from runner.shapes import bind
from runner.verdicts.knowledge import Knowledge

STAMP = re.compile(rb"<!-- logg figure: from ([0-9a-f]{12}) body ([0-9a-f]{12}) -->\r?\n")
HEAD = 400
LARGEST = 150_000  # bytes of a figure


@dataclass(frozen=True)
class Figure:
    """A figure a document declares: where it goes, what it shows, and the hash of all it depends on."""

    kind: str
    params: Mapping[str, Any]
    path: Path
    link: str
    alt: str
    source: str  # hash of kind, version, parameters and evidence; empty while the evidence is pending
    place: Place  # of its block


def declared(arguments: Mapping[str, Any], desk: Desk, start: int = 0) -> Figure:
    """Return the figure that a block's arguments declare; `start` is where the block begins."""
    kinds = desk.knowledge.library.plugins.figures
    kind = str(arguments.get("kind", ""))
    if kind not in kinds:
        raise InputRefused(f"there is no figure `{kind}`", code="LG204", fix=suggestion(kind, kinds))
    if "from" in arguments:
        return _borrowed(kind, str(arguments["from"]), desk)
    contract = kinds[kind]
    params = _params(kind, arguments, desk)
    said = {name: value for name, value in params.items() if value != contract.parameters[name].default}
    name = f"{kind}-{canonical.digest([kind, said], 8)}.svg"  # a parameter that is new renames no figure
    path = places.figures_folder(desk.knowledge.library, desk.document) / name
    board = Board(desk.knowledge.evaluator, desk.document)
    items = [str(item) for name in ("of", "bound") for item in params.get(name) or ()]
    x, y = str(params.get("x") or ""), str(params.get("y") or "")
    curve, over = (str(params.get(name) or "") for name in ("curve", "over"))
    evidence = board.evidence(items, x, y, curve, over)
    source = canonical.digest([kind, contract.version, said, evidence]) if evidence else ""
    alt = f"{kind}: {', '.join(items)}"
    link, place = paths.relative_link(desk.document.path, path), desk.document.source.place(start)
    return Figure(kind, params, path, link, alt, source, place)


def _borrowed(kind: str, identity: str, desk: Desk) -> Figure:
    """Return the figure of another document: its file there, linked from here."""
    library = desk.knowledge.library
    owner = library.find(identity)
    if owner is None:
        raise InputRefused(f"there is no document `{identity}`", code="LG207", fix=suggestion(identity, library.ids))
    if owner is desk.document:
        fix = "write of: in the place of from:"
        raise InputRefused(f"{identity} borrows a figure from itself", code="LG208", fix=fix)
    own = next((figure for figure in _own(owner, desk.knowledge) if figure.kind == kind), None)
    if own is None:
        raise InputRefused(f"{identity} has no figure `{kind}`", code="LG207", fix="declare it there")
    return replace(own, link=paths.relative_link(desk.document.path, own.path))


def _params(kind: str, arguments: Mapping[str, Any], desk: Desk) -> dict[str, Any]:
    def refuse(code: str, _node: yaml.Node, message: str, fix: str) -> None:
        raise InputRefused(message, code=code, fix=fix)

    return bind(desk.knowledge.library.plugins.figures[kind], _map(arguments), "kind", refuse)


def _map(arguments: Mapping[str, Any]) -> yaml.Mapping:
    return yaml.Mapping(tuple((yaml.Scalar(name, 1, 1), _node(value)) for name, value in arguments.items()), 1, 1)


def _node(value: object) -> yaml.Node:
    if isinstance(value, dict):
        return _map(value)
    if isinstance(value, list):
        return yaml.Sequence(tuple(_node(item) for item in value), 1, 1)
    text = str(value).lower() if isinstance(value, bool) else str(value)  # as people write it
    return yaml.Scalar(text, 1, 1)


def figures_of(document: Document, knowledge: Knowledge) -> list[Figure]:
    """Return every figure to be drawn for a document: declared by it, and its evidence is there."""
    return [figure for figure in _own(document, knowledge) if figure.source]


def _own(document: Document, knowledge: Knowledge) -> list[Figure]:
    """Return the figures a document declares itself, not those it borrows."""
    desk, found = lay(document, knowledge), []
    for block in document.scan.blocks if legible(document, knowledge) else ():
        if block.name != "figure":
            continue
        try:
            arguments = arguments_of(block, desk)
            found += [] if "from" in arguments else [declared(arguments, desk, block.start)]
        except RunnerError:
            continue  # rendering the block itself reports what is wrong
    return found


def trouble(figure: Figure, document: Document) -> Finding | None:
    """Return what is wrong with a figure's file: absent, drawn from other evidence, or edited."""
    place, name, fix = figure.place, figure.path.name, f"runner render {document.called}"
    if not figure.path.is_file():
        return Finding("LG106", place, f"the figure {name} is not drawn", fix)
    source, body_fits = _stamp(figure.path)
    if source != figure.source:
        return Finding("LG106", place, f"the figure {name} shows older results", fix)
    if not body_fits:
        return Finding("LG107", place, f"the figure {name} was edited by hand", f"delete it, then {fix}")
    return None


def _stamp(path: Path) -> tuple[str, bool]:
    content = path.read_bytes()
    match = STAMP.search(content[:HEAD])
    if match is None:
        return "", False
    body = content[: match.start()] + content[match.end() :]
    return match[1].decode(), canonical.digest_bytes(body.replace(b"\r\n", b"\n"), 12) == match[2].decode()


def draw(figure: Figure, document: Document, knowledge: Knowledge) -> bool:
    """Draw a figure with its plug-in and file it; says whether the file changed."""
    try:
        module = importlib.import_module(f"runner.figures.{figure.kind}")
    except ImportError as error:
        message = f"drawing needs {error.name}"
        raise InputRefused(message, code="LG106", fix="pip install 'logg[jobs]'") from error
    board = Board(knowledge.evaluator, document)
    body = module.draw(module.Params(**figure.params), board)
    if len(body) > LARGEST:
        message = f"the figure {figure.path.name} is {len(body) / 1000:.0f} kB, at most {LARGEST // 1000} kB are kept"
        raise InputRefused(message, code="LG106", fix="show less in it")
    stamp = f"<!-- logg figure: from {figure.source} body {canonical.digest_bytes(body, 12)} -->\n".encode()
    head, newline, rest = body.partition(b"\n")  # the stamp follows the XML declaration
    figure.path.parent.mkdir(parents=True, exist_ok=True)
    return atomic.replace(figure.path, head + newline + stamp + rest)
