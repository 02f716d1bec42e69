"""Every document of a knowledge base, found by id and by key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from runner.documents.clouds import clouds
from runner.documents.kinds import Experiment, Hub, Judged, Protocol, Roadmap
from runner.documents.reading import Document, Plugins, read_draft, understood
from runner.documents.settings import load_plugins, read_settings
from runner.expressions.names import suggestion
from runner.findings import Finding, InputRefused, UsageError

FOLDER = "logg"
IDENTITY = re.compile(r"^id:[ \t]*[\"']?([^\s\"'#]+)", re.MULTILINE)


@dataclass(frozen=True, eq=False)
class Library:
    """All documents below `logg/`, in the order of their paths."""

    root: Path
    documents: tuple[Document, ...]
    plugins: Plugins
    lang: str = "en"

    @cached_property
    def _by_id(self) -> dict[str, Document]:
        found: dict[str, Document] = {}
        for document in self.documents:
            if document.id:
                found.setdefault(document.id, document)
        return found

    @cached_property
    def unreadable(self) -> tuple[Document, ...]:
        """Return the documents whose front matter cannot be relied on."""
        return tuple(document for document in self.documents if not document.readable)

    @property
    def findings(self) -> list[Finding]:
        """Return what is wrong with the front matters."""
        return [finding for document in self.unreadable for finding in document.findings]

    @cached_property
    def hidden(self) -> dict[str, list[Document]]:
        """Return the unreadable documents by the ids that stand in them."""
        found: dict[str, list[Document]] = {}
        for document in self.unreadable:
            for match in IDENTITY.finditer(document.source.text):
                found.setdefault(match[1], []).append(document)
        return found

    @cached_property
    def clouded(self) -> dict[str, frozenset[str]]:
        """Return the names of documents whose content cannot be known, with the unreadable ones they rest on."""
        return clouds(self)

    @property
    def ids(self) -> list[str]:
        """Return every document id."""
        return list(self._by_id)

    @property
    def experiments(self) -> list[Document]:
        """Return the documents that are experiments."""
        return [document for document in self.documents if document.kind == "exp"]

    @property
    def folder(self) -> Path:
        """Return the folder that holds the documents."""
        return self.root / FOLDER

    def name_of(self, path: Path) -> str:
        """Return a path as findings and reports write it: below the root."""
        return path.relative_to(self.root).as_posix()

    def find(self, identity: str) -> Document | None:
        """Return the document of an id."""
        return self._by_id.get(identity)

    def named(self, word: str) -> Document:
        """Return the document a person names on the command line, by id or by path."""
        found = self.find(word)
        if found is None:
            path = Path(word).resolve()
            found = next((d for d in self.documents if word == d.name or d.path == path), None)
        if found is None:
            raise UsageError(f"no document `{word}`", fix=suggestion(word, self.ids) or "see runner status")
        return found

    def protocol(self, document: Document) -> Protocol | None:
        """Return the protocol an experiment is evaluated under."""
        found = self.protocol_document(document)
        return found.body if found and isinstance(found.body, Protocol) else None

    def protocol_document(self, document: Document) -> Document | None:
        """Return the document of an experiment's protocol."""
        return self.find(document.experiment.protocol) if document.experiment else None

    def judged(self) -> Iterator[tuple[Document, Judged]]:
        """Yield every keyed predicate, ladder and question with the document that holds it."""
        for document in self.documents:
            for judged in judged_of(document).values():
                yield document, judged

    @cached_property
    def _keys(self) -> dict[str, tuple[Document, Judged]]:
        """Claims and gates by `topic:key`; expectations stay inside their experiment."""
        found: dict[str, tuple[Document, Judged]] = {}
        for document, judged in self.judged():
            if document.kind != "exp":
                found.setdefault(f"{document.topic}:{judged.key}", (document, judged))
        return found

    def key(self, label: str, document: Document) -> tuple[Document, Judged] | None:
        """Return what a key means in a document: its own expectation, or a claim or gate of a topic."""
        own = judged_of(document).get(label)
        if own is not None:
            return document, own
        return self._keys.get(document.full_key(label))

    def keys(self, topic: str) -> list[str]:
        """Return the keys known in a topic."""
        return [key.split(":")[1] for key in self._keys if key.startswith(f"{topic}:")]

    @cached_property
    def _mvps(self) -> dict[str, tuple[Document, str]]:
        found: dict[str, tuple[Document, str]] = {}
        for document in self.documents:
            if isinstance(document.body, Roadmap):
                for phase, keys in document.body.phases.items():
                    for key in keys:
                        found.setdefault(f"{document.topic}:{key}", (document, phase))
        return found

    def mvp(self, label: str, document: Document) -> tuple[Document, str, list[Document]] | None:
        """Return the roadmap, the phase and the experiments of an MVP key."""
        full = document.full_key(label)
        if full not in self._mvps:
            return None
        roadmap, phase = self._mvps[full]
        return roadmap, phase, [d for d in self.experiments if d.experiment and d.full_key(d.experiment.mvp) == full]

    def mvps(self, topic: str) -> list[str]:
        """Return the MVP keys known in a topic."""
        return [key.split(":")[1] for key in self._mvps if key.startswith(f"{topic}:")]

    def citing(self, document: Document) -> list[Document]:
        """Return the documents that cite an experiment by alias."""
        return [d for d in self.documents if any(c.experiment == document.id for c in d.names.cites.values())]


def judged_of(document: Document) -> dict[str, Judged]:
    """Return what a document states under keys of its own."""
    match document.body:
        case Experiment(expect=judged) | Hub(claims=judged) | Roadmap(gates=judged):
            return dict(judged)
        case _:
            return {}


def load_library(root: Path) -> Library:
    """Read every document below the root's `logg/` folder."""
    folder = root / FOLDER
    if folder.is_symlink():
        raise InputRefused(f"`{FOLDER}` is a link", code="LG207", fix="make it a folder of its own")
    if not folder.is_dir():
        raise UsageError(f"no folder `{FOLDER}/` in {root}", fix="run inside a knowledge base, or give --root")
    settings = read_settings(root)
    plugins = load_plugins(root, settings)
    paths = sorted(path for path in folder.rglob("*.md") if path.is_file() and not path.is_symlink())
    drafts = [read_draft(path, root) for path in paths]
    fronts = {draft.identity: draft.front for draft in reversed(drafts) if draft.front is not None}
    documents = tuple(understood(draft, plugins, settings.lang, fronts.get) for draft in drafts)
    return Library(root, documents, plugins, settings.lang)
