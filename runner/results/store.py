"""Everything filed, read once and verified: results, predictions, rows, and the scores that follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from runner.documents.library import Library
from runner.documents.reading import Document
from runner.findings import ArtefactDamaged, InputRefused, Place
from runner.results import arrays, places, replicates
from runner.results.files import Result, Run, read_result
from runner.results.metrics import METRICS, moments
from runner.results.populations import Population, Rows, rows_of

Address = tuple[str, str, str]  # run, slice, metric


@dataclass(frozen=True)
class Scores:
    """The metrics of every run on every slice, the point first and then the resamples."""

    rows: Rows
    values: dict[Address, np.ndarray]

    def population(self, name: str) -> Population:
        """Return the population of a slice."""
        return self.rows.populations[name]


class Store:
    """The results of a library; what is damaged raises ArtefactDamaged, what is absent is None."""

    def __init__(self, library: Library) -> None:
        """Remember the library; nothing is read before it is asked for."""
        self.library = library
        self._results: dict[str, Result | None] = {}
        self._scores: dict[str, Scores] = {}
        self._weights: dict[str, np.ndarray] = {}
        self._columns: dict[str, dict[str, np.ndarray]] = {}

    def result(self, document: Document) -> Result | None:
        """Return the result of an experiment, or None when none was filed."""
        if document.id not in self._results:
            path = places.result_file(self.library, document)
            self._results[document.id] = read_result(path, self._name(path)) if path.is_file() else None
        return self._results[document.id]

    def predictions(self, document: Document) -> dict[str, np.ndarray]:
        """Return what the runs predicted, each array checked against the hash its result holds."""
        result = self.result(document)
        path = places.predictions_file(self.library, document)
        name = self._name(path)
        stored = arrays.unpack(path, name)
        for run_name, run in result.runs.items() if result else ():
            for split, digest in run.arrays.items():
                values = stored.get(f"{run_name}/{split}")
                if values is None or arrays.digest(values) != digest:
                    message = f"`{run_name}/{split}` is not the array its result was computed from"
                    fix = f"restore both from git, or runner execute {document.id}"
                    raise ArtefactDamaged(message, place=Place(name), code="LG402", fix=fix)
        return stored

    def columns(self, protocol_document: Document) -> dict[str, np.ndarray]:
        """Return the label columns of a protocol's test rows."""
        if protocol_document.id not in self._columns:
            path = places.rows_file(protocol_document)
            stored = arrays.unpack(path, self._name(path))
            prefix = "test/"
            self._columns[protocol_document.id] = {
                name.removeprefix(prefix): values for name, values in stored.items() if name.startswith(prefix)
            }
        return self._columns[protocol_document.id]

    def rows(self, document: Document) -> Rows:
        """Return the test rows an experiment is scored on."""
        protocol_document, protocol = (
            self.library.protocol_document(document),
            self.library.protocol(document),
        )
        if protocol_document is None or protocol is None or document.experiment is None:
            raise InputRefused(f"{document.id} has no readable protocol", code="LG207")
        columns = self.columns(protocol_document)
        missing = [name for name in protocol.columns if name not in columns]
        if missing:
            place = Place(self._name(places.rows_file(protocol_document)))
            message = f"the rows file lacks the column `{missing[0]}`"
            raise ArtefactDamaged(message, place=place, code="LG406", fix=f"runner execute {document.id} --force")
        return rows_of(protocol_document, protocol, columns, document.experiment.noise)

    def scores(self, document: Document) -> Scores:
        """Return the scores of an experiment, computed from its predictions."""
        if document.id not in self._scores:
            result = self.result(document)
            runs = result.runs if result else {}
            self._scores[document.id] = self.score(document, runs, self.predictions(document))
        return self._scores[document.id]

    def score(self, document: Document, runs: Mapping[str, Run], predictions: Mapping[str, np.ndarray]) -> Scores:
        """Score predictions on every slice and every resample."""
        rows, protocol = self.rows(document), self.library.protocol(document)
        truth = rows.columns[protocol.target if protocol else ""].astype(np.float64)
        values: dict[Address, np.ndarray] = {}
        for name, run in runs.items():
            if run.failed:
                continue
            predicted = predictions[f"{name}/test"].astype(np.float64)
            sums = replicates.slice_sums(self.weights(rows), moments(truth, predicted), rows.masks)
            for piece, metric in ((s, m) for s in sums for m in (protocol.metrics if protocol else ())):
                values[name, piece, metric] = METRICS[metric](sums[piece])
        return Scores(rows, values)

    def weights(self, rows: Rows) -> np.ndarray:
        """Return the resamples of a row set, shared by every model scored on it."""
        if rows.key not in self._weights:
            self._weights[rows.key] = replicates.weights(rows.key, rows.count)
        return self._weights[rows.key]

    def _name(self, path: object) -> str:
        return str(path).removeprefix(f"{self.library.root}/")
