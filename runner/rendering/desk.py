"""A document on the desk: what is known about it, and the labels of its language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runner.documents.reading import Document
from runner.rendering import templates
from runner.verdicts.knowledge import Knowledge


@dataclass(frozen=True)
class Desk:
    """What rendering one document needs to know."""

    knowledge: Knowledge
    document: Document
    labels: Mapping[str, Any]


def lay(document: Document, knowledge: Knowledge) -> Desk:
    """Put a document on the desk."""
    return Desk(knowledge, document, templates.labels(document.lang))


def legible(document: Document, knowledge: Knowledge) -> bool:
    """Tell whether a document and all it rests on can be read; what is wrong is reported where it is wrong."""
    if document.name in knowledge.library.clouded:
        return False
    if document.experiment is None:
        return document.readable
    protocol = knowledge.library.protocol_document(document)
    return document.readable and protocol is not None and protocol.readable
