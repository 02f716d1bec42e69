"""What a hub holds: every claim under its key, how sure it is, and whether a person has signed it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from runner.documents.library import judged_of
from runner.documents.reading import Document
from runner.documents.signed import signatures_of
from runner.rendering import verdict_rows
from runner.rendering.desk import Desk
from runner.rendering.signatures import Standing, standings
from runner.rendering.statements import prose
from runner.rendering.verdict_rows import Row

KEY = r"\*{0,2}(?P<key>(?P<family>[A-Z]{1,3})\d+(?:\.\d+)*)\*{0,2}"
ROW = re.compile(rf"[ \t>]*\|[ \t]*{KEY}[ \t]*\|")
ITEM = re.compile(rf"[ \t>]*[-*+][ \t]+(?=\*\*){KEY}")


@dataclass(frozen=True)
class Claim:
    """One keyed entry: judged where it has a predicate, else an opinion of the body."""

    key: str
    rows: tuple[Row, ...] = ()
    signed: Standing | None = None

    @property
    def shown(self) -> Row | None:
        """Return the line that stands for the claim: of a ladder the rung that leads."""
        return next((row for row in self.rows if row.leads), next(iter(self.rows), None))


def consensus(desk: Desk) -> list[Claim]:
    """Return the claims of the document on the desk in the order they are stated, opinions behind them."""
    signed: dict[str, Standing] = {}
    if signatures_of(desk.document.body):
        signed = {standing.signature.key: standing for standing in standings(desk.document, desk.knowledge)}
    stated = [Claim(rows[0].key, tuple(rows), signed.get(rows[0].key)) for rows in verdict_rows.rows(desk)]
    return [*stated, *_unstated(desk, signed)]


def _unstated(desk: Desk, signed: dict[str, Standing]) -> Iterator[Claim]:
    """Yield what heads a row without a predicate, an opinion, and questions that only have parts."""
    own = judged_of(desk.document)
    families = {key.rstrip("0123456789.") for key in own}
    headed = {match["key"]: match for match in _headed(desk.document) if match["key"] not in own}
    for key, match in headed.items():
        if desk.knowledge.judge.parts(key, desk.document):
            row = verdict_rows.row(key, "", desk.knowledge.judge.key(key, desk.document), desk)
            yield Claim(key, (row,), signed.get(key))
        elif match.re is ROW and match["family"] in families:
            yield Claim(key)


def _headed(document: Document) -> Iterator[re.Match[str]]:
    text = document.source.text
    for start, end in prose(document):
        match = ROW.match(text, start, end) or ITEM.match(text, start, end)
        if match is not None:
            yield match
