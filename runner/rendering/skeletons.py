"""Skeletons of new documents: an id nobody has, a file name people can type."""

from __future__ import annotations

import re
from pathlib import Path

from runner.documents.kinds import Protocol
from runner.documents.library import Library
from runner.expressions.names import suggestion
from runner.findings import UsageError
from runner.rendering import templates

FOLDERS = {"exp": "{topic}/exp", "hub": "{topic}", "roadmap": "{topic}", "protocol": "protocols"}
TOPIC = re.compile(r"[a-z][a-z0-9-]*")
LONGEST = 40


def skeleton(library: Library, kind: str, topic: str, title: str, today: str) -> tuple[Path, str]:
    """Return where a new document goes and its complete text."""
    if kind not in FOLDERS:
        raise UsageError(f"there is no kind `{kind}`", fix=suggestion(kind, FOLDERS))
    if not TOPIC.fullmatch(topic):
        raise UsageError(f"topic `{topic}` is not lower-case letters, digits and -", fix="name a folder, such as demo")
    slug = _slug(title) or kind
    identity = _identity(library, kind, topic, slug, today)
    folder = library.folder / FOLDERS[kind].format(topic=topic)
    context = {
        "id": identity,
        "title": _scalar(title),
        "heading": " ".join(title.split()),
        "topic": topic,
        "date": today,
        **_protocol(library),
    }
    name = topic if kind == "protocol" else slug if kind == "exp" else f"{topic}-{kind}"
    return folder / f"{name}.md", templates.fill(f"new/{kind}.md.j2", context).strip("\n") + "\n"


def _protocol(library: Library) -> dict[str, str]:
    """Return the first protocol there is and its largest noise, as a new experiment writes them."""
    for document in library.documents:
        if isinstance(document.body, Protocol):
            return {"protocol": document.id, "noise": f"{max(document.body.noise):g}"}
    return {"protocol": "PROTOCOL@1", "noise": "0"}


def _slug(title: str) -> str:
    words = re.findall(r"[a-z0-9]+", title.lower())
    return "-".join(words)[:LONGEST].strip("-")


def _identity(library: Library, kind: str, topic: str, slug: str, today: str) -> str:
    if kind == "protocol":
        return topic
    if kind != "exp":
        return f"{topic.upper()}-{kind}"
    head = f"{topic.upper()}-{today.replace('-', '')}-{slug}"
    taken = set(library.ids)
    return next(f"{head}-{n:02d}" for n in range(1, 100) if f"{head}-{n:02d}" not in taken)


def _scalar(title: str) -> str:
    """Write a title as a YAML scalar, quoted whenever it could be read as something else."""
    plain = " ".join(title.split())
    if re.fullmatch(r"[\w][\w ,.()/-]*", plain) and not plain.replace(".", "").isdigit():
        return plain
    return "'" + plain.replace("'", "''") + "'"
