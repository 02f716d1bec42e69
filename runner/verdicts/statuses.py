"""Where an experiment stands, computed from what is filed and never written by hand."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from runner.documents.library import Library
from runner.documents.prose import Stretch, stretches
from runner.documents.reading import Document
from runner.documents.scanner import Citation, fold_label
from runner.expressions.names import is_key
from runner.expressions.parse import parse
from runner.findings import RunnerError
from runner.plans.specs import job_runs
from runner.plans.staleness import Reason, reasons
from runner.results import places
from runner.results.evaluation import Evaluator
from runner.results.store import Store

ORDER = ("damaged", "failed", "stale", "planned", "ready", "finished", "reported", "retired")
PLACEHOLDER = re.compile(r"\?*\.\?+")


@dataclass
class Statuses:
    """The statuses of a library's experiments, each computed once."""

    library: Library
    store: Store
    evaluator: Evaluator
    _known: dict[str, str] = field(default_factory=dict)

    def of(self, document: Document) -> str:
        """Return planned, ready, finished, reported, stale, failed, damaged or retired; a hub is simply reported."""
        if document.experiment is None:
            return "reported"
        if document.id not in self._known:
            self._known[document.id] = self._compute(document)
        return self._known[document.id]

    def together(self, documents: list[Document]) -> str:
        """Return the status of several experiments taken as one: the least advanced of them."""
        if not documents:
            return "planned"
        return min((self.of(document) for document in documents), key=ORDER.index)

    def why(self, document: Document) -> list[Reason]:
        """Return why an experiment would run again, as far as committed files tell.

        Data files need not be committed; plan, check and execute look at them, no page depends on them.
        """
        result = self.store.result(document)
        return reasons(job_runs(document, self.library, result, data=result.data if result else ""), result)

    def _compute(self, document: Document) -> str:
        if not document.readable:
            return "planned"
        if document.experiment is not None and document.experiment.retired is not None:
            return "retired"
        try:
            result = self.store.result(document)
        except RunnerError:
            return "damaged"
        if result is None and document.jobless:
            return "planned"
        try:
            parts = {reason.part for reason in self.why(document)}
        except RunnerError:
            return "planned" if result is None else "stale"
        return "ready" if result is None else self._of_filed(document, parts)

    def _of_filed(self, document: Document, parts: set[str]) -> str:
        if not places.predictions_file(self.library, document).is_file():
            return "damaged"
        if "failed" in parts:
            return "failed"
        if parts:
            return "stale"
        return "finished" if self._unfilled(document) else "reported"

    def _unfilled(self, document: Document) -> bool:
        """Tell whether placeholders are left in the prose that rendering cannot fill."""
        own = {fold_label(definition.label) for definition in document.scan.definitions}
        cited = (citation for citation in document.scan.citations if fold_label(citation.label) not in own)
        waiting = any("?" in citation.text and not self._has_value(citation, document) for citation in cited)
        return waiting or any(_uncited(stretch) for stretch in stretches(document.source.text, PLACEHOLDER))

    def _has_value(self, citation: Citation, document: Document) -> bool:
        label = citation.label.strip()
        if is_key(label):
            return True  # every key has a word, be it that nothing is known yet
        try:
            self.evaluator.expression(label, parse(label), document)
        except RunnerError:
            return False
        return True


def _uncited(stretch: Stretch) -> bool:
    """Tell whether a placeholder stands in the text that no citation will ever fill."""
    found = (match.start() for match in PLACEHOLDER.finditer(stretch.text))
    return any(not any(start <= at < end for start, end in stretch.cited) for at in found)
