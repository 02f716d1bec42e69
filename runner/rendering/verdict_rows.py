"""Keyed entries as tables show them: what is asked, the evidence, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass

from runner.documents.kinds import Alias, Judged, Ladder, Predicate, Rung
from runner.documents.library import judged_of
from runner.rendering import wording
from runner.rendering.desk import Desk
from runner.verdicts.judgements import Evidence, Judgement, Outcome, Verdict

SIGNS = {
    "holds": "✓", "fails": "✗", "undecided": "◐", "pending": "○", "invalid": "⚠", "human": "✎", "decided": "✎",
    "waiting": "○", "bypassed": "–", "taken": "✓", "leaning": "◐", "answered": "✓", "open": "○",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One line of a table of judgements."""

    key: str
    text: str
    state: str
    sign: str
    word: str
    evidence: Evidence | None
    share: float | None
    leads: bool = False
    first: bool = True
    do: str = ""
    rung: Rung | None = None
    ladder: Ladder | None = None


def rows(desk: Desk) -> list[list[Row]]:
    """Return every keyed entry of the document on the desk, each as the rows it takes in a table."""
    return [_rows(judged, desk) for judged in judged_of(desk.document).values()]


def _rows(judged: Judged, desk: Desk) -> list[Row]:
    judgement = desk.knowledge.judge.judged(desk.document, judged)
    match judged, judgement:
        case Ladder(), Outcome():
            return _rungs(judged, judgement, desk)
        case Predicate(formula=formula), Verdict():
            evidence = desk.knowledge.judge.evidence(formula, desk.document)
            return [row(judged.key, formula.text, judgement, desk, evidence)]
        case _:
            return [row(judged.key, judged.target if isinstance(judged, Alias) else "", judgement, desk)]


def row(key: str, text: str, judgement: Judgement, desk: Desk, evidence: Evidence | None = None) -> Row:
    """Return the line of what is no ladder."""
    share = judgement.probability if isinstance(judgement, Verdict) else None
    sign = SIGNS.get(judgement.state, "")
    return Row(key, text, judgement.state, sign, wording.judgement(judgement, desk.labels), evidence, share)


def _rungs(ladder: Ladder, outcome: Outcome, desk: Desk) -> list[Row]:
    first = ladder.rungs[0].formula
    evidence = desk.knowledge.judge.evidence(first, desk.document) if first else None
    return [
        Row(
            key=ladder.key,
            text=rung.formula.text if rung.formula else "",
            state=outcome.state,
            sign=SIGNS[outcome.state],
            word=wording.judgement(outcome, desk.labels),
            evidence=None if index else evidence,
            share=outcome.shares[index] if outcome.shares else None,
            leads=index == outcome.leading,
            first=not index,
            do=str(desk.labels["verdicts"]["human"]) if rung.human else rung.do,
            rung=rung,
            ladder=ladder,
        )
        for index, rung in enumerate(ladder.rungs)
    ]
