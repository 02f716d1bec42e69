"""Render one document in memory: blocks, then citations, then the definitions they need."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from runner.documents.reading import Document
from runner.documents.scanner import Block, Citation, fold_label, scan
from runner.findings import ArtefactDamaged, Finding
from runner.rendering import blocks, citations, titles
from runner.rendering.changes import Change, Edit, LinkDefinition, apply
from runner.rendering.desk import Desk, lay, legible
from runner.verdicts.knowledge import Knowledge

LEAD = "<!-- logg: sources -->"
TROUBLES = {"conflict": "LG212"}
LINK = re.compile(r"\[[^\[\]\n]*\]\[(?P<label>[^\[\]\n]+)\]")
WRAPPED = {"\n", "\r"}  # a label over two lines is reported as trouble and left alone


@dataclass(frozen=True)
class Page:
    """A document as it should read, and every finding on the way there."""

    document: Document
    text: str
    findings: tuple[Finding, ...]

    @property
    def changed(self) -> bool:
        """Tell whether the file on disk reads differently."""
        return self.text != self.document.source.text


def render_page(document: Document, knowledge: Knowledge, *, force: bool = False) -> Page:
    """Return a document with its blocks and citations as the results have them."""
    if not legible(document, knowledge):
        return Page(document, document.source.text, ())
    troubles = _troubles(document)
    if any(finding.code == "LG212" for finding in troubles):
        return Page(document, document.source.text, troubles)
    try:
        outcomes = _outcomes(document, knowledge, force=force)
    except ArtefactDamaged as error:  # nothing is rewritten on evidence that cannot be trusted
        damage = Finding(error.code, error.place or document.source.place(0), error.message, error.fix)
        return Page(document, document.source.text, (*troubles, damage))
    definitions = [outcome.definition for outcome in outcomes if outcome.definition]
    edits = [outcome.edit for outcome in outcomes if outcome.edit]
    last = _sources(document, definitions, force=force)
    text = apply(document.source.text, [*edits, *([last.edit] if last.edit else [])])
    findings = [finding for outcome in (*outcomes, last) for finding in outcome.findings]
    return Page(document, text, (*troubles, *findings))


def contradicted(document: Document, knowledge: Knowledge) -> list[Finding]:
    """Return the words of a document that state what does not hold; blocks are not rendered for it."""
    if not legible(document, knowledge):
        return []
    try:
        outcomes = _cited(document, lay(document, knowledge))
    except ArtefactDamaged:
        return []
    return [finding for outcome in outcomes for finding in outcome.findings if finding.code == "LG102"]


def refusals(document: Document, knowledge: Knowledge) -> list[Citation]:
    """Return the citations that are compared with nothing: refused, or not to be judged as things stand."""
    if not legible(document, knowledge):
        return list(document.scan.citations)
    desk = lay(document, knowledge)
    try:
        return [each for each in _theirs(document) if _is_refused(citations.cite(each, desk))]
    except ArtefactDamaged:
        return list(document.scan.citations)


def _is_refused(outcome: Change) -> bool:
    return outcome.definition is not None and outcome.definition.group == titles.REFUSED


def _troubles(document: Document) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            TROUBLES.get(trouble.kind, "LG211"), document.source.place(trouble.offset), trouble.message, trouble.fix
        )
        for trouble in document.scan.troubles
    )


def _outcomes(document: Document, knowledge: Knowledge, *, force: bool) -> list[Change]:
    desk = lay(document, knowledge)
    found = [
        blocks.render_block(block, desk, force=force) for block in document.scan.blocks if block.name != blocks.SOURCES
    ]
    misled = (*_overruled(document, desk), *_lost(document, desk))
    return [Change(findings=misled), *found, *_cited(document, desk)]


def _overruled(document: Document, desk: Desk) -> tuple[Finding, ...]:
    """Report what would hide generated definitions: an author's own for a label with a meaning, a second block."""
    cited = {fold_label(citation.label): citation for citation in document.scan.citations}
    found = []
    for definition in document.scan.definitions:
        citation = cited.get(fold_label(definition.label))
        if citation is not None and citations.has_meaning(citation.label, desk):
            message = f"this definition of `{definition.label}` hides the evidence behind it"
            found.append(Finding("LG211", document.source.place(definition.start), message, "remove the line"))
    for block in [block for block in document.scan.blocks if block.name == blocks.SOURCES][1:]:
        message = "a second `sources` block; the first definition of a label wins"
        found.append(Finding("LG206", document.source.place(block.start), message, "remove this one"))
    return tuple(found)


def _lost(document: Document, desk: Desk) -> Iterator[Finding]:
    """Yield what would be a citation and stands in code or html, where no renderer makes a link of it."""
    text = document.source.text
    seen = {citation.label_start for citation in document.scan.citations}
    spans = [*((block.start, block.end) for block in document.scan.blocks), (0, (document.scan.front or (0, 0))[1])]
    for match in LINK.finditer(text) if document.kind != "page" else ():
        at = match.start()
        if match.start("label") in seen or any(start <= at < end for start, end in spans):
            continue
        if text.rfind("<!--", 0, at) > text.rfind("-->", 0, at) or text[max(at - 1, 0)] == "\\":
            continue  # its author hid it
        if citations.has_meaning(match["label"], desk):
            message = f"the citation `{match['label']}` stands in code or html, where it is no link"
            yield Finding("LG209", document.source.place(at), message, "move it into the sentence")


def _cited(document: Document, desk: Desk) -> list[Change]:
    spelled: dict[str, str] = {}
    return [_apart(citation, citations.cite(citation, desk), spelled, desk) for citation in _theirs(document)]


def _theirs(document: Document) -> list[Citation]:
    """Return the citations whose links the author did not define."""
    own = {fold_label(definition.label) for definition in document.scan.definitions}
    return [c for c in document.scan.citations if fold_label(c.label) not in own and not WRAPPED & set(c.label)]


def _apart(citation: Citation, outcome: Change, spelled: dict[str, str], desk: Desk) -> Change:
    """Refuse a label that differs from an earlier one in case only: renderers take both for the same."""
    definition = outcome.definition
    if definition is None or _is_refused(outcome):
        return outcome
    first = spelled.setdefault(fold_label(definition.label), definition.label)
    return outcome if first == definition.label else citations.mistakable(citation, first, desk)


def _sources(document: Document, definitions: list[LinkDefinition], *, force: bool) -> Change:
    """Write the one generated block that holds every definition, at the end unless it stands elsewhere."""
    source = document.source
    block = next((block for block in document.scan.blocks if block.name == blocks.SOURCES), None)
    if block is None and not definitions:
        return Change()
    text = blocks.closed(LEAD, _grouped(definitions), source.newline)
    if block is not None:
        return _replaced(document, block, text, force=force)
    gap = source.newline * (1 if source.text.endswith("\n") else 2)
    addition = f"{gap}{text}{source.newline}"
    if not any(block.name == blocks.SOURCES for block in scan(source.text + addition).blocks):
        message = "a fence or html that is still open at the end would hide the definitions"
        return Change(findings=(Finding("LG211", source.place(len(source.text)), message, "close it"),))
    message = "the definitions behind the citations are not written yet"
    finding = Finding("LG103", source.place(len(source.text)), message, f"runner render {document.called}")
    return Change(Edit(len(source.text), len(source.text), addition), findings=(finding,))


def _replaced(document: Document, block: Block, text: str, *, force: bool) -> Change:
    written = document.source.text
    if written[block.start : block.end] == text:
        return Change()
    if blocks.edited(block, written[block.body_start : block.body_end]) and not force:
        return Change(findings=(blocks.hand_edit(block, document),))
    message = "the definitions behind the citations have new content"
    fix = f"runner render {document.called}"
    finding = Finding("LG103", document.source.place(block.start), message, fix)
    return Change(Edit(block.start, block.end, text), findings=(finding,))


def _grouped(definitions: list[LinkDefinition]) -> str:
    """Write one definition per label, grouped by the document it comes from, refused ones last."""
    labels: dict[str, LinkDefinition] = {}
    for definition in sorted(definitions, key=lambda definition: definition.group == titles.REFUSED):
        labels.setdefault(fold_label(definition.label), definition)
    groups: dict[str, list[str]] = {}
    for definition in labels.values():
        line = f'[{definition.label}]: {definition.target} "{definition.title}"'
        groups.setdefault(definition.group, []).append(line)
    return "\n\n".join("\n".join(lines) for lines in groups.values())
