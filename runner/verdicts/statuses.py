"""Where an experiment stands, computed from what is filed and never written by hand."""

from __future__ import annotations

from dataclasses import dataclass, field

from runner.documents.library import Library
from runner.documents.reading import Document
from runner.findings import RunnerError
from runner.plans.specs import job_runs
from runner.plans.staleness import Reason, reasons
from runner.results import places
from runner.results.store import Store

ORDER = ("damaged", "failed", "stale", "planned", "ready", "reported")


@dataclass
class Statuses:
    """The statuses of a library's experiments, each computed once."""

    library: Library
    store: Store
    _known: dict[str, str] = field(default_factory=dict)

    def of(self, document: Document) -> str:
        """Return planned, ready, reported, stale, failed or damaged; other kinds are simply there."""
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
        return reasons(job_runs(document, self.library, data=result.data if result else ""), result)

    def _compute(self, document: Document) -> str:
        if not document.readable:
            return "planned"
        try:
            result = self.store.result(document)
        except RunnerError:
            return "damaged"
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
        return "stale" if parts else "reported"
