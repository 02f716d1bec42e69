"""File an experiment: predictions and bounds, then the result computed from them, each replaced whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from runner.contract import Source
from runner.documents.reading import Document
from runner.execution.fits import Fit
from runner.findings import ArtefactDamaged, InputRefused
from runner.plans.specs import JobRun, compute_key
from runner.results import arrays, places
from runner.results.files import RECORDED, Recorded, Result, Run
from runner.results.runs import last_run
from runner.results.scoring import compose, kept_promises
from runner.results.store import INPUTS
from runner.safety import atomic, canonical
from runner.verdicts.knowledge import Knowledge
from runner.verdicts.promises import promises


@dataclass(frozen=True)
class Made:
    """A run with the fit it gave."""

    run: JobRun
    fit: Fit

    def record(self) -> Run:
        """Return the run as the result file keeps it."""
        run, job = self.run, self.run.job
        hashes = arrays.digests(self.fit.by_row)
        if self.fit.recorded:
            return recorded_run(run, self.fit.recorded, hashes)
        params = {name: list(v) if isinstance(v, tuple) else v for name, v in job.params.items()}
        return Run(
            job=job.job,
            version=job.version,
            code=job.code,
            fit=run.fit,
            asked=run.asked,
            params=params,
            axes=dict(run.axes),
            data=run.data,
            arrays=hashes,
            failed=self.fit.failed,
            profiles=arrays.digests(self.fit.profiles),
            curves=arrays.digests(self.fit.curves),
        )


def recorded_run(run: JobRun, file: str, hashes: Mapping[str, str]) -> Run:
    """Return a run that was made elsewhere: the hash of the file it came in stands for all that made it."""
    return Run(RECORDED, 0, "", file, run.asked, {}, dict(run.axes), run.data, dict(hashes))


def rows_to_file(document: Document, source: Source, knowledge: Knowledge) -> dict[str, np.ndarray]:
    """Return the labels of a protocol's rows; refused when other results rest on rows the data no longer give."""
    protocol_document, protocol = knowledge.library.protocol_document(document), knowledge.library.protocol(document)
    assert protocol_document is not None  # noqa: S101 - job_runs refused the experiment otherwise
    assert protocol is not None  # noqa: S101
    columns = {
        f"{split}/{name}": np.asarray(values, dtype=np.float32)
        for split, count in (("test", protocol.test), ("val", protocol.val))
        for name, values in source.labels(split, count).items()
        if not protocol.columns or name in protocol.columns  # a column may mean nothing under these axes
    }
    stored = _stored(places.rows_file(protocol_document))
    if stored not in (None, arrays.digests(columns)) and _others(document, knowledge):
        message = f"the data no longer give the rows of {protocol_document.id}"
        raise InputRefused(message, code="LG406", fix="write a new version of the protocol")
    return columns


def file_rows(document: Document, columns: Mapping[str, np.ndarray], knowledge: Knowledge) -> None:
    """Write the labels of a protocol's rows, unless they are the ones already filed."""
    protocol_document = knowledge.library.protocol_document(document)
    assert protocol_document is not None  # noqa: S101 - rows_to_file read it
    path = places.rows_file(protocol_document)
    if _stored(path) != arrays.digests(columns):
        atomic.replace(path, arrays.pack(columns))


def _stored(path: Path) -> dict[str, str] | None:
    """Return the hashes of the arrays in a file, None when it is not there or not readable."""
    try:
        return arrays.digests(arrays.unpack(path, path.name))
    except ArtefactDamaged:
        return None


def _others(document: Document, knowledge: Knowledge) -> bool:
    """Tell whether other experiments have results on the same protocol."""
    return any(
        other.id != document.id
        and other.experiment is not None
        and document.experiment is not None
        and other.experiment.protocol == document.experiment.protocol
        and places.result_file(knowledge.library, other).is_file()
        for other in knowledge.library.experiments
    )


def file_fits(
    document: Document, made: list[Made], knowledge: Knowledge, told: Mapping[str, Any] | None = None
) -> bool:
    """File what an experiment's runs gave and what they told of themselves; says whether anything was filed anew."""
    predictions = {
        f"{m.run.name}/{name}": values for m in made for name, values in (*m.fit.by_row.items(), *m.fit.beside.items())
    }
    places_of_inputs = [m.fit.inputs for m in made if m.fit.inputs is not None]
    predictions |= {INPUTS: places_of_inputs[0]} if places_of_inputs else {}
    runs = {m.run.name: m.record() for m in made}
    scalars = {f"{m.run.name}.{name}": value for m in made for name, value in m.fit.scalars.items()}
    key = compute_key([m.run for m in made])
    return file_result(document, runs, predictions, scalars, knowledge, key, told=told)


def file_result(
    document: Document,
    runs: Mapping[str, Run],
    predictions: Mapping[str, np.ndarray],
    scalars: Mapping[str, float],
    knowledge: Knowledge,
    key: str,
    *,
    told: Mapping[str, Any] | None = None,
    recorded: Mapping[str, Recorded] | None = None,
) -> bool:
    """Score predictions and file them, what a new run told, and last the result, which vouches for the rest.

    Facts that were recorded without rows stay as long as their run does.
    """
    if not any(run.profiles for run in runs.values()):  # nobody is left whose inputs they were
        predictions = {name: values for name, values in predictions.items() if name != INPUTS}
    result = places.result_file(knowledge.library, document)
    result.parent.mkdir(parents=True, exist_ok=True)
    scores = knowledge.store.score(document, runs, predictions)
    old = filed(document, knowledge)
    earlier = {**_told_promises(document, knowledge), **(old.promises if old else {})}
    promised = kept_promises(earlier, key, promises(document, knowledge.library))
    without_rows = {**_still_recorded(old, runs), **(recorded or {})}
    inputs = arrays.digest(predictions[INPUTS]) if INPUTS in predictions else ""
    content = compose(scores, runs, scalars, promised, without_rows, inputs).dumps().encode()
    packed, kept = places.predictions_file(knowledge.library, document), _each_once(predictions, runs)
    moved = _stored(packed) != arrays.digests(kept)
    anew = not result.is_file() or result.read_bytes() != content
    if moved:
        atomic.replace(packed, arrays.pack(kept))
    if told is not None and (anew or not run_is_told(document, knowledge)):
        path = places.run_file(knowledge.library, document)
        atomic.replace(path, canonical.dumps({**told, "promises": promised}).encode())
    return atomic.replace(result, content) or moved


def _each_once(predictions: Mapping[str, np.ndarray], runs: Mapping[str, Run]) -> dict[str, np.ndarray]:
    """Leave out what an earlier run has, too, beside its rows: runs that share a model are filed with one copy."""
    shared = {f"{name}/{part}": digest for name, run in runs.items() for part, digest in run.beside.items()}
    first: dict[str, str] = {}
    for name, digest in shared.items():
        first.setdefault(digest, name)
    return {name: v for name, v in predictions.items() if name not in shared or first[shared[name]] == name}


def _told_promises(document: Document, knowledge: Knowledge) -> dict[str, str]:
    """Return the promises that the run file repeats: deleting the result alone takes none of them back."""
    try:
        told = (last_run(document, knowledge.library) or {}).get("promises", {})
    except ArtefactDamaged:
        return {}
    return {str(name): str(text) for name, text in told.items()} if isinstance(told, dict) else {}


def _still_recorded(old: Result | None, runs: Mapping[str, Run]) -> dict[str, Recorded]:
    """Return the facts without rows of runs that are filed again as they were."""
    found: dict[str, Recorded] = {}
    for name, run in runs.items():
        before = old.runs.get(name) if old else None
        if old and before and (before.job, before.fit) == (run.job, run.fit):
            found |= old.recorded_of(name)
    return found


def filed(document: Document, knowledge: Knowledge) -> Result | None:
    """Return the result there is already, whose promises stay; a damaged one is not replaced."""
    try:
        return knowledge.store.result(document)
    except ArtefactDamaged as error:
        name = places.result_file(knowledge.library, document).name
        fix = f"restore it from git, or delete {name}: its run file repeats what was promised"
        message = error.message
        raise ArtefactDamaged(message, place=error.place, code=error.code, fix=fix) from error


def run_is_told(document: Document, knowledge: Knowledge) -> bool:
    """Tell whether the run file of an experiment is there and readable."""
    try:
        return last_run(document, knowledge.library) is not None
    except ArtefactDamaged:
        return False
