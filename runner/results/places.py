"""Where the files of an experiment and of a protocol stand."""

from __future__ import annotations

from pathlib import Path

from runner.documents.library import Library
from runner.documents.reading import Document


def result_file(library: Library, document: Document) -> Path:
    """Return the result file of an experiment: what a rerun must reproduce."""
    return library.folder / document.topic / "results" / f"{document.id}.json"


def predictions_file(library: Library, document: Document) -> Path:
    """Return the file of what each job predicted."""
    return result_file(library, document).with_suffix(".npz")


def run_file(library: Library, document: Document) -> Path:
    """Return the file of what differs from run to run."""
    return result_file(library, document).with_suffix(".run.json")


def rows_file(protocol: Document) -> Path:
    """Return the file of labels beside a protocol."""
    return protocol.path.with_name(f"{protocol.id}.rows.npz")


def figures_folder(library: Library, document: Document) -> Path:
    """Return the folder of a document's figures."""
    return library.folder / document.topic / "img" / document.id
