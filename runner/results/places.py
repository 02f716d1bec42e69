"""Where the files of an experiment and of a protocol stand."""

from __future__ import annotations

from pathlib import Path

from runner.documents.library import Library
from runner.documents.reading import Document
from runner.findings import InputRefused


def result_file(library: Library, document: Document) -> Path:
    """Return the result file of an experiment: what a rerun must reproduce."""
    return _kept(library, library.folder / document.topic / "results" / f"{document.id}.json")


def predictions_file(library: Library, document: Document) -> Path:
    """Return the file of what each job predicted."""
    return result_file(library, document).with_suffix(".npz")


def run_file(library: Library, document: Document) -> Path:
    """Return the file of what differs from run to run."""
    return result_file(library, document).with_suffix(".run.json")


def published_file(library: Library, document: Document) -> Path:
    """Return the file of the long list of published values."""
    return result_file(library, document).with_suffix(".published.csv")


def rows_file(protocol: Document) -> Path:
    """Return the file of labels beside a protocol."""
    return protocol.path.with_name(f"{protocol.id}.rows.npz")


def figures_folder(library: Library, document: Document) -> Path:
    """Return the folder of a document's figures."""
    return _kept(library, library.folder / document.topic / "img" / document.id)


def _kept(library: Library, path: Path) -> Path:
    """Refuse a place that a link leads out of the knowledge base."""
    if not path.resolve().is_relative_to(library.root.resolve()):
        name = library.name_of(path)
        raise InputRefused(f"{name} leads out of the knowledge base", code="LG207", fix="replace the link by a folder")
    return path
