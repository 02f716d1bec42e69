"""Everything filed, read once and verified: results, predictions, rows, and the scores that follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from runner.documents.kinds import Protocol
from runner.documents.library import Library
from runner.documents.reading import Document
from runner.expressions.syntax import references
from runner.findings import ArtefactDamaged, InputRefused, Place
from runner.results import arrays, places, replicates
from runner.results.files import Result, Run, read_result
from runner.results.metrics import METRICS, moments
from runner.results.populations import Population, Rows, rows_of

Address = tuple[str, str, str]  # run, slice, metric
SPLIT = "test"  # the rows that are scored


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
        self._weights: dict[tuple[str, int], np.ndarray] = {}
        self._columns: dict[str, dict[str, np.ndarray]] = {}

    def result(self, document: Document) -> Result | None:
        """Return the result of an experiment, or None when none was filed."""
        if document.id not in self._results:
            path = places.result_file(self.library, document)
            self._results[document.id] = read_result(path, self.library.name_of(path)) if path.is_file() else None
        return self._results[document.id]

    def predictions(self, document: Document) -> dict[str, np.ndarray]:
        """Return what the runs predicted, each array checked against the hash its result holds."""
        result = self.result(document)
        path = places.predictions_file(self.library, document)
        stored = arrays.unpack(path, self.library.name_of(path))
        for run_name, run in result.runs.items() if result else ():
            for split, digest in run.arrays.items():
                values = stored.get(f"{run_name}/{split}")
                if values is None or arrays.digest(values) != digest:
                    message = f"`{run_name}/{split}` is not the array its result was computed from"
                    raise self._damaged_predictions(document, message)
        return stored

    def columns(self, protocol_document: Document) -> dict[str, np.ndarray]:
        """Return the label columns of a protocol's test rows."""
        if protocol_document.id not in self._columns:
            path = places.rows_file(protocol_document)
            stored, prefix = arrays.unpack(path, self.library.name_of(path), code="LG406"), f"{SPLIT}/"
            columns = {name.removeprefix(prefix): stored[name] for name in stored if name.startswith(prefix)}
            if len({len(values) for values in columns.values()}) != 1:
                raise self._damaged_rows(protocol_document, f"the columns of the {SPLIT} rows differ in length")
            self._columns[protocol_document.id] = columns
        return self._columns[protocol_document.id]

    def rows(self, document: Document) -> Rows:
        """Return the test rows an experiment is scored on."""
        protocol_document, protocol = self._protocol(document)
        columns = self.columns(protocol_document)
        for name in _needed(protocol):
            if name not in columns:
                raise self._damaged_rows(protocol_document, f"the {SPLIT} rows have no column `{name}`")
        count = len(columns[protocol.target])
        if count != protocol.test:
            message = f"there are {count} {SPLIT} rows, the protocol has {protocol.test}"
            raise self._damaged_rows(protocol_document, message)
        noise = document.experiment.noise if document.experiment else 0.0
        return rows_of(protocol_document, protocol, columns, noise)

    def scores(self, document: Document) -> Scores:
        """Return the scores of an experiment, computed from its predictions."""
        if document.id not in self._scores:
            result = self.result(document)
            runs = result.runs if result else {}
            self._scores[document.id] = self._score(document, runs, self.predictions(document))
        return self._scores[document.id]

    def score(self, document: Document, runs: Mapping[str, Run], predictions: Mapping[str, np.ndarray]) -> Scores:
        """Score predictions that are about to be filed, on the rows as they are filed by now."""
        self._columns.clear()  # a run may have written them after older results were looked at
        return self._score(document, runs, predictions)

    def _score(self, document: Document, runs: Mapping[str, Run], predictions: Mapping[str, np.ndarray]) -> Scores:
        rows, (_, protocol) = self.rows(document), self._protocol(document)
        truth = rows.columns[protocol.target].astype(np.float64)
        values: dict[Address, np.ndarray] = {}
        for name in (name for name, run in runs.items() if not run.failed):
            predicted = predictions.get(f"{name}/{SPLIT}")
            if predicted is None or predicted.shape != truth.shape:
                message = f"`{name}/{SPLIT}` does not predict the {rows.count} {SPLIT} rows"
                raise self._damaged_predictions(document, message)
            weighed = moments(truth, predicted.astype(np.float64))
            sums = replicates.slice_sums(self.weights(rows), weighed, rows.masks)
            for piece, metric in product(sums, protocol.metrics):
                values[name, piece, metric] = METRICS[metric](sums[piece])
        return Scores(rows, values)

    def weights(self, rows: Rows) -> np.ndarray:
        """Return the resamples of a row set, shared by every model scored on it."""
        key = (rows.key, rows.count)
        if key not in self._weights:
            self._weights[key] = replicates.weights(*key)
        return self._weights[key]

    def _protocol(self, document: Document) -> tuple[Document, Protocol]:
        found, protocol = self.library.protocol_document(document), self.library.protocol(document)
        if found is None or protocol is None:
            raise InputRefused(f"{document.id} has no readable protocol", code="LG207")
        return found, protocol

    def _damaged_predictions(self, document: Document, message: str) -> ArtefactDamaged:
        place = Place(self.library.name_of(places.predictions_file(self.library, document)))
        fix = f"restore it and its result from git, or runner execute {document.id} --force"
        return ArtefactDamaged(message, place=place, code="LG402", fix=fix)

    def _damaged_rows(self, protocol_document: Document, message: str) -> ArtefactDamaged:
        place = Place(self.library.name_of(places.rows_file(protocol_document)))
        return ArtefactDamaged(message, place=place, code="LG406", fix="restore it from git, or runner execute --force")


def _needed(protocol: Protocol) -> Iterator[str]:
    """Yield the columns that scoring reads."""
    yield protocol.target
    yield from protocol.columns
    for formula in protocol.slices.values():
        yield from (reference.names[0] for reference in references(formula.tree))
