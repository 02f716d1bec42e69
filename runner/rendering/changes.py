"""What rendering would write, where, and what that says about the document."""

from __future__ import annotations

from dataclasses import dataclass

from runner.findings import Finding


@dataclass(frozen=True, slots=True)
class Edit:
    """A stretch of a document and the text that belongs there."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class LinkDefinition:
    """The target and title behind one label of a document."""

    label: str
    target: str
    title: str
    group: str


def apply(text: str, edits: list[Edit]) -> str:
    """Replace the stretches, the rest byte for byte as it was."""
    parts, position = [], 0
    for edit in sorted(edits, key=lambda edit: edit.start):
        parts += [text[position : edit.start], edit.text]
        position = edit.end
    return "".join([*parts, text[position:]])


@dataclass(frozen=True, slots=True)
class Change:
    """What one citation or block asks for: an edit, a definition, findings."""

    edit: Edit | None = None
    definition: LinkDefinition | None = None
    findings: tuple[Finding, ...] = ()
