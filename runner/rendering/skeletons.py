"""Skeletons of new documents: an id nobody has, a file name people can type."""

from __future__ import annotations

import re
from dataclasses import dataclass
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
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
LONGEST = 40
FEWEST_LETTERS, MOST_LETTERS = 2, 8  # of the head of an id


@dataclass(frozen=True)
class Wish:
    """What a person asks for: a kind of document in a topic, its title, and perhaps the word its file is named by."""

    kind: str
    topic: str
    title: str
    slug: str = ""


def skeleton(library: Library, wish: Wish, today: str) -> tuple[Path, str]:
    """Return where a new document goes and its complete text."""
    kind, topic = wish.kind, wish.topic
    if kind not in FOLDERS:
        raise UsageError(f"there is no kind `{kind}`", fix=suggestion(kind, FOLDERS))
    if not TOPIC.fullmatch(topic):
        raise UsageError(f"topic `{topic}` is not lower-case letters, digits and -", fix="name a folder, such as demo")
    if wish.slug and kind == "protocol":
        raise UsageError("a protocol is called by its name", fix="leave --slug out")
    if wish.slug and not SLUG.fullmatch(wish.slug):
        raise UsageError(f"`{wish.slug}` cannot name a file", fix="use lower-case letters, digits and -")
    folder = library.folder / FOLDERS[kind].format(topic=topic)
    identity, name = _names(library, wish, today)
    readable = escaping.UNSEEN.sub(escaping.REPLACEMENT, " ".join(wish.title.split()))
    context = {"id": identity, "title": readable, "topic": topic, "date": today, **_protocol(library)}
    return folder / f"{name}.md", templates.fill(f"new/{library.lang}/{kind}.md.j2", context).strip("\n") + "\n"


def advice(library: Library, wish: Wish) -> list[str]:
    """Return what a person should know about the document just written."""
    lines = []
    if wish.kind == "exp" and not (wish.slug or _slug(wish.title)):
        lines.append("the title has no ASCII letters to name the file by -> --slug NAME chooses a name")
    if wish.kind == "exp" and not _protocol(library)["agreed"]:
        lines.append('there is no protocol yet -> runner new protocol NAME "title"')
    return lines


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


def _initials(topic: str) -> str:
    """Return the letters that begin the id of an experiment: the first eight of its topic."""
    letters = re.sub(r"[^a-z]", "", topic)[:MOST_LETTERS].upper()
    if len(letters) < FEWEST_LETTERS:
        fix = "name a folder with two letters or more, such as demo"
        raise UsageError(f"topic `{topic}` has too few letters to begin an id with", fix=fix)
    return letters


def _names(library: Library, wish: Wish, today: str) -> tuple[str, str]:
    """Return the id and the file name of a new document, for an experiment both the first free ones."""
    topic = wish.topic
    if wish.kind == "protocol":
        return topic, topic
    if wish.kind != "exp":
        name = wish.slug or wish.kind
        return f"{topic.upper()}-{name}", f"{topic}-{name}"
    slug = wish.slug or _slug(wish.title) or wish.kind  # a title without ASCII letters
    head = f"{_initials(topic)}-{today.replace('-', '')}-{slug}"
    ids, files = set(library.ids), {document.name for document in library.documents}
    pairs = ((f"{head}-{n:02d}", slug if n == 1 else f"{slug}-{n:02d}") for n in count(1))
    return next((i, name) for i, name in pairs if i not in ids and f"{FOLDER}/{topic}/exp/{name}.md" not in files)
