"""What a template may ask about the document it stands in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from runner.documents.kinds import Human, Judged, Ladder, Predicate, Protocol
from runner.documents.library import judged_of
from runner.documents.reading import Document
from runner.findings import InputRefused
from runner.rendering import figures, wording
from runner.rendering.desk import Desk
from runner.results.addresses import FactAddress
from runner.results.evaluation import Pending
from runner.results.files import Result, Run
from runner.results.metrics import BETTER, SYMBOLS, unit_of
from runner.results.populations import WHOLE
from runner.results.runs import last_run
from runner.safety import paths
from runner.verdicts import promises
from runner.verdicts.judge import Evidence, Judgement, Outcome, State, Verdict

SIGNS = {"holds": "✓", "fails": "✗", "undecided": "◐", "pending": "○", "invalid": "⚠", "human": "✎"}


@dataclass(frozen=True)
class Row:
    """One line of a table of judgements."""

    key: str
    text: str
    sign: str
    word: str
    evidence: Evidence | None
    share: float | None
    leads: bool = False
    first: bool = True
    do: str = ""


@dataclass(frozen=True)
class Fact:
    """A fact as a table shows it."""

    value: float | None
    interval: tuple[float, float] | None
    best: bool = False


def _not_here(what: str) -> InputRefused:
    return InputRefused(f"this document is {what}", code="LG208", fix="use this block in an experiment")


class View:
    """The document on the desk, seen by a template; everything here is computed when asked for."""

    def __init__(self, desk: Desk) -> None:
        """Look at one document."""
        self._desk = desk
        self._knowledge = desk.knowledge
        self.document = desk.document
        self.experiment = desk.document.experiment

    @property
    def status(self) -> str:
        """Return where the document stands, in words."""
        return str(self._desk.labels["states"][self._knowledge.statuses.of(self.document)])

    @property
    def protocol(self) -> Protocol:
        """Return the protocol the experiment is evaluated under."""
        found = self._knowledge.library.protocol(self.document)
        if found is None:
            raise _not_here("without a protocol")
        return found

    @property
    def result(self) -> Result | None:
        """Return what was filed, or None."""
        return self._knowledge.store.result(self.document)

    @property
    def runs(self) -> dict[str, Run]:
        """Return the runs that were filed, in the order the document declares them."""
        filed = self.result.runs if self.result else {}
        declared = self.experiment.jobs if self.experiment else {}
        return {name: filed[name] for name in (*declared, *(set(filed) - set(declared))) if name in filed}

    @property
    def run(self) -> dict[str, Any] | None:
        """Return what the last run said about itself, or None."""
        if self.experiment is None:
            raise _not_here("no experiment")
        return last_run(self.document, self._knowledge.library)

    @property
    def rows(self) -> dict[str, int]:
        """Return the number of rows of each split."""
        train = self.experiment.train if self.experiment else 0
        return {"train": train, "val": self.protocol.val, "test": self.protocol.test}

    @property
    def protocol_link(self) -> str:
        """Return the link to the protocol's page."""
        found = self._knowledge.library.protocol_document(self.document)
        return self.link(found) if found else ""

    @property
    def mvp_link(self) -> str:
        """Return the link to the roadmap that holds this experiment's MVP, or nothing."""
        mvp = self.experiment.mvp if self.experiment else ""
        found = self._knowledge.library.mvp(mvp, self.document) if mvp else None
        return self.link(found[0]) if found else ""

    @property
    def citing(self) -> list[Document]:
        """Return the documents that cite this one."""
        return self._knowledge.library.citing(self.document)

    def link(self, target: Document) -> str:
        """Return the relative link to another document."""
        return paths.relative_link(self.document.path, target.path)

    @property
    def symbols(self) -> dict[str, str]:
        """Return how each metric is written."""
        return SYMBOLS

    def unit(self, metric: str) -> str:
        """Return the unit of a metric here."""
        return unit_of(metric, self.protocol.unit)

    def fact(self, run: str, metric: str, piece: str = WHOLE) -> Fact:
        """Return one fact of this experiment, or an empty one when it was not filed."""
        try:
            quantity = self._knowledge.evaluator.fact(FactAddress(self.document, run, piece, metric))
        except Pending:
            return Fact(None, None)
        best = self.best(metric, piece)
        alike = best is not None and wording.number(quantity.point) == wording.number(best)
        return Fact(quantity.point, quantity.interval, alike)

    def best(self, metric: str, piece: str = WHOLE) -> float | None:
        """Return the best value of a metric, when there are several runs."""
        result = self.result
        done = [name for name, run in result.runs.items() if not run.failed] if result else []
        if len(done) < 2:  # noqa: PLR2004 - one run cannot be the best of several
            return None
        scores = self._knowledge.store.scores(self.document).values
        values = [float(scores[name, piece, metric][0]) for name in done]
        order = {"higher": lambda v: -v, "lower": lambda v: v, "zero": abs}[BETTER[metric]]
        return min(filter(math.isfinite, values), key=order, default=None)

    def count(self, piece: str = WHOLE) -> int:
        """Return how many test rows a slice holds."""
        return self._knowledge.store.rows(self.document).populations[piece].n

    @property
    def judged(self) -> list[list[Row]]:
        """Return every keyed entry of the document, each as the rows it takes in a table."""
        return [self._rows(judged) for judged in judged_of(self.document).values()]

    def _rows(self, judged: Judged) -> list[Row]:
        judgement = self._knowledge.judge.judged(self.document, judged)
        match judged, judgement:
            case Ladder(), Outcome():
                return self._rungs(judged, judgement)
            case Predicate(formula=formula), Verdict():
                evidence = self._knowledge.judge.evidence(formula, self.document)
                return [self._row(judged, formula.text, judgement, evidence)]
            case Human(), _:
                return [self._row(judged, "", judgement, None)]
            case _:
                return [self._row(judged, getattr(judged, "target", ""), judgement, None)]

    def _row(self, judged: Judged, text: str, judgement: Judgement, evidence: Evidence | None) -> Row:
        state = judgement.state if isinstance(judgement, Verdict) else "undecided"
        word = wording.judgement(judgement, self._desk.labels)
        share = judgement.probability if isinstance(judgement, Verdict) else None
        sign = "" if isinstance(judgement, State) else SIGNS.get(state, "")
        return Row(judged.key, text, sign, word, evidence, share)

    def _rungs(self, ladder: Ladder, outcome: Outcome) -> list[Row]:
        rows = []
        for index, rung in enumerate(ladder.rungs):
            leads = index == outcome.leading
            subject = rung.formula if index == 0 else None
            evidence = self._knowledge.judge.evidence(subject, self.document) if subject else None
            word = wording.judgement(outcome, self._desk.labels)
            sign = SIGNS["holds" if outcome.sure else "undecided"] if outcome.shares else SIGNS[outcome.state]
            text = rung.formula.text if rung.formula else ""
            share = outcome.shares[index] if outcome.shares else None
            rows.append(Row(ladder.key, text, sign, word, evidence, share, leads, index == 0, rung.do))
        return rows

    @property
    def definitions(self) -> dict[str, str]:
        """Return the quantities this document names, as written."""
        return {name: formula.text for name, formula in self.document.names.define.items()}

    @property
    def moved(self) -> dict[str, list[str]]:
        """Return the expectations whose text differs from one promised before a run, with the older texts."""
        if self.result is None:
            return {}
        return promises.moved(self.document, self.result.promises, self._knowledge.library)

    def figure(self, arguments: dict[str, Any]) -> figures.Figure:
        """Return the figure that a block declares."""
        return figures.declared(arguments, self._desk)
