"""Skeletons of new documents: an id nobody has, a file name people can type."""

from __future__ import annotations

import re
from itertools import count
from pathlib import Path
from typing import Any

from runner.documents.kinds import Protocol
from runner.documents.library import FOLDER, Library
from runner.expressions.names import suggestion
from runner.findings import UsageError
from runner.rendering import templates
from runner.safety import escaping

FOLDERS = {"exp": "{topic}/exp", "hub": "{topic}", "roadmap": "{topic}", "protocol": "protocols"}
TOPIC = re.compile(r"[a-z][a-z0-9-]*")
LONGEST = 40


def skeleton(library: Library, kind: str, topic: str, title: str, today: str) -> tuple[Path, str]:
    """Return where a new document goes and its complete text."""
    if kind not in FOLDERS:
        raise UsageError(f"there is no kind `{kind}`", fix=suggestion(kind, FOLDERS))
    if not TOPIC.fullmatch(topic):
        raise UsageError(f"topic `{topic}` is not lower-case letters, digits and -", fix="name a folder, such as demo")
    folder = library.folder / FOLDERS[kind].format(topic=topic)
    identity, name = _names(library, kind, topic, title, today)
    readable = escaping.UNSEEN.sub(escaping.REPLACEMENT, " ".join(title.split()))
    context = {"id": identity, "title": readable, "topic": topic, "date": today, **_protocol(library)}
    return folder / f"{name}.md", templates.fill(f"new/{library.lang}/{kind}.md.j2", context).strip("\n") + "\n"


def _protocol(library: Library) -> dict[str, Any]:
    """Return the first protocol there is, and of each of its axes the largest value, as a new document writes them."""
    for document in library.documents:
        if isinstance(document.body, Protocol):
            axes = [(axis, max(values)) for axis, values in document.body.axes.items()]
            return {"protocol": document.id, "axes": axes, "agreed": True}
    return {"protocol": "PROTOCOL@1", "axes": [], "agreed": False}


def _slug(title: str) -> str:
    words = re.findall(r"[a-z0-9]+", title.lower())
    return "-".join(words)[:LONGEST].strip("-")


def _names(library: Library, kind: str, topic: str, title: str, today: str) -> tuple[str, str]:
    """Return the id and the file name of a new document, for an experiment both the first free ones."""
    if kind == "protocol":
        return topic, topic
    if kind != "exp":
        return f"{topic.upper()}-{kind}", f"{topic}-{kind}"
    slug = _slug(title) or kind  # a title without ASCII letters
    head = f"{topic.upper()}-{today.replace('-', '')}-{slug}"
    ids, files = set(library.ids), {document.name for document in library.documents}
    pairs = ((f"{head}-{n:02d}", slug if n == 1 else f"{slug}-{n:02d}") for n in count(1))
    return next((i, name) for i, name in pairs if i not in ids and f"{FOLDER}/{topic}/exp/{name}.md" not in files)
