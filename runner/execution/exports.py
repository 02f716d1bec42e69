"""Write rows of a protocol to a file that other programs, and other protocols, can read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from runner.documents.kinds import Protocol
from runner.documents.reading import Document
from runner.execution.workshop import open_source
from runner.findings import InputRefused, UsageError
from runner.verdicts.knowledge import Knowledge


@dataclass(frozen=True)
class Wanted:
    """What to write: the first rows of a split, with noise drawn once for all if asked."""

    split: str
    rows: int
    noisy: bool


def export(document: Document, wanted: Wanted, path: Path, knowledge: Knowledge) -> None:
    """Write rows of a protocol; refused for a source that only reads files."""
    if not isinstance(document.body, Protocol):
        raise UsageError(f"{document.called} is no protocol", fix="give the id of a protocol")
    if path.exists():
        raise UsageError(f"{path} is there already", fix="name another file")
    write = getattr(open_source(document.body, knowledge), "export", None)
    if write is None:
        message = f"{document.called} rests on a file, which needs no export"
        raise InputRefused(message, fix="name a protocol whose source makes its rows")
    write(path, wanted.split, wanted.rows, noisy=wanted.noisy)
