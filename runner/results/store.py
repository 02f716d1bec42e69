"""Everything filed, read once and verified: results, predictions, rows, and the scores that follow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from runner.documents.kinds import Protocol, Value
from runner.documents.library import Library
from runner.documents.metrics import BOUNDS, TEST
from runner.documents.reading import Document
from runner.expressions.names import suggestion
from runner.expressions.syntax import references
from runner.findings import ArtefactDamaged, InputRefused, Place
from runner.results import arrays, bounds, places, replicates
from runner.results.files import CURVE, Result, Run, read_result
from runner.results.metrics import OF_PREDICTIONS, moments
from runner.results.populations import Population, Rows, rows_of
from runner.results.replicates import Resamples

Address = tuple[str, str, str]  # run, slice, metric
SPLIT = TEST  # the rows that are scored
VAL = "val"
INPUTS = "inputs"  # the array of where inputs stand
NOTHING = np.empty(0)


@dataclass(frozen=True)
class Scores:
    """The metrics of every run on every slice, the point first and then the resamples."""

    rows: Rows
    settings: Mapping[str, Mapping[str, Value]]  # of every run that was scored
    values: dict[Address, np.ndarray]
    known: dict[tuple[str, str], Population] = field(default_factory=dict, repr=False, compare=False)

    def population(self, run: str, piece: str) -> Population:
        """Return the population of a run on a slice, hashed once: every fact asks for it."""
        if (run, piece) not in self.known:
            self.known[run, piece] = self.rows.population(piece, self.settings[run])
        return self.known[run, piece]


class Store:
    """The results of a library; what is damaged raises ArtefactDamaged, what is absent is None."""

    def __init__(self, library: Library) -> None:
        """Remember the library; nothing is read before it is asked for."""
        self.library = library
        self._results: dict[str, Result | None] = {}
        self._scores: dict[str, Scores] = {}
        self._resamples: dict[tuple[object, ...], Resamples] = {}
        self._rows: dict[str, Rows] = {}
        self._columns: dict[tuple[str, str], dict[str, np.ndarray]] = {}

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
        vouched = dict(_vouched(result)) if result else {}
        copies = {digest: stored[name] for name, digest in vouched.items() if name in stored}
        for name, digest in vouched.items():  # of what several runs have one copy is filed
            stored[name] = values = stored.get(name, copies.get(digest, NOTHING))
            if arrays.digest(values) != digest:
                message = f"`{name}` is not the array its result was computed from"
                raise self._damaged_predictions(document, message)
        return stored

    def profile(self, document: Document, run: str, name: str) -> np.ndarray:
        """Return what a run says of each input, under one of the names it has for that."""
        result = self.result(document)
        profiles = result.runs[run].profiles if result and run in result.runs else {}
        if name not in profiles:
            raise InputRefused(f"`{run}` has no profile `{name}`", code="LG302", fix=suggestion(name, profiles))
        return self.predictions(document)[f"{run}/{name}"]

    def curves(self, document: Document, runs: Iterable[str]) -> dict[str, dict[str, np.ndarray]]:
        """Return what each of these runs says of its epochs, by the names it has for that."""
        result, stored = self.result(document), self.predictions(document)
        named = {run: result.runs[run].curves if result else {} for run in runs}
        found = {run: {name: stored[f"{run}/{CURVE}/{name}"] for name in names} for run, names in named.items()}
        for run, curves in found.items():
            if len({len(values) for values in curves.values()}) > 1:
                raise self._damaged_predictions(document, f"the curves of `{run}` differ in length")
        return found

    def inputs(self, document: Document) -> np.ndarray | None:
        """Return where the inputs stand that the profiles of an experiment speak of, None where nobody said."""
        return self.predictions(document).get(INPUTS)

    def columns(self, protocol_document: Document, split: str = SPLIT) -> dict[str, np.ndarray]:
        """Return the label columns of a protocol's rows."""
        if (protocol_document.id, split) not in self._columns:
            path = places.rows_file(protocol_document)
            stored, prefix = arrays.unpack(path, self.library.name_of(path), code="LG406"), f"{split}/"
            columns = {name.removeprefix(prefix): stored[name] for name in stored if name.startswith(prefix)}
            if len({len(values) for values in columns.values()}) != 1:
                raise self._damaged_rows(protocol_document, f"the columns of the {split} rows differ in length")
            self._columns[protocol_document.id, split] = columns
        return self._columns[protocol_document.id, split]

    def rows(self, document: Document) -> Rows:
        """Return the test rows an experiment is scored on."""
        return self.protocol_rows(*self._protocol(document))

    def protocol_rows(self, protocol_document: Document, protocol: Protocol) -> Rows:
        """Return the test rows of a protocol, as they are filed beside it."""
        if protocol_document.id not in self._rows:
            self._rows[protocol_document.id] = self._read_rows(protocol_document, protocol)
        return self._rows[protocol_document.id]

    def _read_rows(self, protocol_document: Document, protocol: Protocol) -> Rows:
        columns = self.columns(protocol_document)
        if not protocol.columns and protocol.target not in columns:  # nobody but the data knew what there is
            message = f"the filed rows have no column `{protocol.target}`"
            fix = f"{suggestion(protocol.target, columns)} Otherwise runner execute".strip()
            raise ArtefactDamaged(message, place=protocol_document.place("target"), code="LG302", fix=fix)
        for name in _needed(protocol):
            if name not in columns:
                raise self._damaged_rows(protocol_document, f"the {SPLIT} rows have no column `{name}`")
        count = len(columns[protocol.target])
        if count != protocol.test:
            message = f"there are {count} {SPLIT} rows, the protocol has {protocol.test}"
            raise self._damaged_rows(protocol_document, message)
        return rows_of(protocol_document, protocol, columns)

    def scores(self, document: Document) -> Scores:
        """Return the scores of an experiment, computed from its predictions."""
        if document.id not in self._scores:
            result = self.result(document)
            runs = result.runs if result else {}
            self._scores[document.id] = self._score(document, runs, self.predictions(document))
        return self._scores[document.id]

    def validation(self, document: Document) -> dict[tuple[str, str], float]:
        """Return the metrics of every run on the validation rows: choices were made there, nothing is judged."""
        found, protocol = self._protocol(document)
        result, predictions = self.result(document), self.predictions(document)
        truth = self.columns(found, VAL)[protocol.target].astype(np.float64)
        scored: dict[tuple[str, str], float] = {}
        for name in (name for name, run in (result.runs if result else {}).items() if not run.failed):
            predicted = predictions.get(f"{name}/{VAL}")
            if predicted is not None and predicted.shape == truth.shape:
                sums = moments(truth, predicted.astype(np.float64)).sum(axis=0, keepdims=True)
                scored |= {(name, metric): float(OF_PREDICTIONS[metric](sums)[0]) for metric in _predicted(protocol)}
        return scored

    def score(self, document: Document, runs: Mapping[str, Run], predictions: Mapping[str, np.ndarray]) -> Scores:
        """Score predictions that are about to be filed, on the rows as they are filed by now."""
        self._columns.clear()  # a run may have written them after older results were looked at
        self._rows.clear()
        return self._score(document, runs, predictions)

    def _score(self, document: Document, runs: Mapping[str, Run], predictions: Mapping[str, np.ndarray]) -> Scores:
        rows, (_, protocol) = self.rows(document), self._protocol(document)
        truth = rows.columns[protocol.target].astype(np.float64)
        settings = {name: run.axes for name, run in runs.items() if run.arrays and not run.failed}
        values: dict[Address, np.ndarray] = {}
        if settings:
            resamples = self.resamples(rows, protocol)
            predicted = self._filed(document, SPLIT, runs, len(truth), predictions)
            values |= _of_predictions(truth, predicted, resamples, protocol)
            bounded = self._filed(document, BOUNDS, runs, len(truth), predictions)
            values |= _of_bounds(truth, bounded, resamples, protocol)
        return Scores(rows, settings, values)

    def _filed(
        self, document: Document, part: str, runs: Mapping[str, Run], rows: int, stored: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Return what each run that did not fail filed of one kind for the test rows."""
        found: dict[str, np.ndarray] = {}
        for run in (run for run, each in runs.items() if part in each.arrays and not each.failed):
            name = f"{run}/{part}"
            if name not in stored or stored[name].shape != (rows,):
                raise self._damaged_predictions(document, f"`{name}` is not of the {rows} {SPLIT} rows")
            found[run] = stored[name].astype(np.float64)
        return found

    def resamples(self, rows: Rows, protocol: Protocol) -> Resamples:
        """Return the resamples of a row set, shared by every model scored on it; a grid is a census and has none."""
        key = (rows.key, rows.count, *protocol.slices)
        if key not in self._resamples:
            drawn = replicates.census(rows.count) if protocol.grid else replicates.weights(rows.key, rows.count)
            self._resamples[key] = Resamples(drawn, rows.masks)
        return self._resamples[key]

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
        return ArtefactDamaged(message, place=place, code="LG406", fix="restore it from git, or write a new version")


def _predicted(protocol: Protocol) -> list[str]:
    """Return the metrics of a protocol that are computed from predictions."""
    return [metric for metric in protocol.metrics if metric in OF_PREDICTIONS]


def _of_predictions(
    truth: np.ndarray, predicted: Mapping[str, np.ndarray], resamples: Resamples, protocol: Protocol
) -> Iterator[tuple[Address, np.ndarray]]:
    """Yield the metrics of predictions of all runs, whose sums are taken side by side."""
    sums = resamples.sums([moments(truth, each) for each in predicted.values()]) if predicted else []
    for run, by_slice in zip(predicted, sums, strict=True):
        for piece, metric in product(by_slice, _predicted(protocol)):
            yield (run, piece, metric), OF_PREDICTIONS[metric](by_slice[piece])


def _of_bounds(
    truth: np.ndarray, bounded: Mapping[str, np.ndarray], resamples: Resamples, protocol: Protocol
) -> Iterator[tuple[Address, np.ndarray]]:
    """Yield the metrics of the bounds of all runs."""
    for run, each in bounded.items():
        scored = bounds.scores(truth, each, resamples, protocol.metrics, protocol.variance)
        yield from (((run, piece, metric), values) for (piece, metric), values in scored.items())


def _vouched(result: Result) -> Iterator[tuple[str, str]]:
    """Yield the arrays a result was computed from, each with its hash."""
    for name, run in result.runs.items():
        yield from ((f"{name}/{part}", digest) for part, digest in (*run.arrays.items(), *run.beside.items()))
    if result.inputs:
        yield INPUTS, result.inputs


def _needed(protocol: Protocol) -> Iterator[str]:
    """Yield the columns that scoring reads."""
    yield protocol.target
    yield from protocol.columns
    for formula in protocol.slices.values():
        yield from (reference.names[0] for reference in references(formula.tree))
