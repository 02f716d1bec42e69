"""Documents whose mistakes are marked where they stand, so that no test counts lines and columns by hand."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from runner.documents.library import load_library
from runner.documents.reading import Document, Plugins, read_draft, understood
from runner.documents.settings import Settings, load_plugins
from runner.documents.trouble import trouble
from runner.findings import Finding
from tests import knowledge

MARK = "§"
NAME = "toy/exp/toy.md"


@cache
def plugins() -> Plugins:
    """Return the contracts of the plug-ins there are."""
    return load_plugins(Path(), Settings())


def edited(text: str, *changes: tuple[str, str]) -> str:
    """Return a document with texts replaced, each of which stands in it once."""
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def unmarked(text: str) -> tuple[str, list[str]]:
    """Return a text without its marks, and the line and column of each."""
    places = []
    while MARK in text:
        before, _, after = text.partition(MARK)
        places.append(f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}")
        text = before + after
    return text, places


def read(folder: Path, text: str | bytes, name: str = NAME) -> Document:
    """Write one document and read it."""
    path = folder / "logg" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return understood(read_draft(path, folder), plugins(), "en", lambda _identity: None)


def listed(findings: Iterable[Finding], name: str = NAME) -> list[str]:
    """Return the findings of one file in the order of their places, as people read them."""
    own = [finding for finding in findings if finding.place.path == f"logg/{name}"]
    return [str(finding).removeprefix(f"logg/{name}:") for finding in sorted(own, key=lambda finding: finding.place)]


def library_findings(folder: Path, **documents: str) -> list[Finding]:
    """Write documents beside the tiny protocol, `__` for `/` in their names, and return what is wrong with all."""
    files = {f"{name.replace('__', '/')}.md": text for name, text in documents.items()}
    knowledge.write(folder, {"protocols/tiny.md": knowledge.PROTOCOL, **files})
    return list(trouble(load_library(folder)))


def expected(places: list[str], *messages: str) -> list[str]:
    """Return the findings due at the marks."""
    return [f"{place}: {message}" for place, message in zip(places, messages, strict=True)]
