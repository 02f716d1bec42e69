"""Prose: the text of a document as its readers see it, where numbers may stand."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

from runner.documents.markdown.anatomy import fold_label
from runner.documents.markdown.inlines import Inlines
from runner.documents.markdown.passages import Passage
from runner.documents.scanner import read_structure

Span = tuple[int, int]
_STRUCK = re.compile(r"(?<!~)~~(?=[^\s~])(?:[^~]|~(?!~))+(?<=\S)~~(?!~)")


@dataclass(frozen=True, slots=True)
class Stretch:
    """One paragraph, heading or cell; what is no text in it (code, math, targets, tags) is blank."""

    passage: Passage
    text: str
    cited: tuple[Span, ...]  # the texts of citations
    struck: tuple[Span, ...]

    @property
    def heading(self) -> bool:
        """Tell whether it is a heading."""
        return self.passage.place == "heading"

    def source(self, offset: int) -> int:
        """Return where a character of the text stands in the document."""
        return self.passage.source(offset)


def stretches(text: str, sought: re.Pattern[str]) -> Iterator[Stretch]:
    """Yield the stretches that hold what is sought; blocks, code and html are none."""
    _, structure = read_structure(text, sought)
    own = {fold_label(definition.label) for definition in structure.definitions}
    return (_stretch(passage, own) for passage in structure.passages)


def _stretch(passage: Passage, own: Container[str]) -> Stretch:
    reading = Inlines(passage.content, own).read()
    text = _blanked(passage.content, [*reading.opaque, *reading.math()])
    labels = ((link, passage.content[link.label_start : link.label_end]) for link in reading.links)
    cited = tuple((link.text_start, link.text_end) for link, label in labels if fold_label(label) not in own)
    return Stretch(passage, text, cited, tuple(match.span() for match in _STRUCK.finditer(text)))


def _blanked(text: str, spans: Iterable[Span]) -> str:
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text
