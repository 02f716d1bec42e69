"""Turn an experiment into job runs, each with the key under which its fit is cached."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runner.documents.kinds import Experiment, Job, Protocol
from runner.documents.library import Library
from runner.documents.reading import Document
from runner.findings import InputRefused
from runner.safety import canonical
from runner.safety.data_files import FileNotThere, data_files, fingerprint

NAMING = (
    "path",
    "val_path",
    "test_path",
    "columns",
)  # options that name the data and their labels, and change no number


@dataclass(frozen=True)
class JobRun:
    """One fit to have: a job with its parameters, on known rows with known noise."""

    name: str
    job: Job
    axes: Mapping[str, float]
    data: str
    fit: str


def job_runs(document: Document, library: Library, data: str | None = None) -> list[JobRun]:
    """Return the runs an experiment declares, in order; with `data` the data files are taken to be those."""
    experiment, protocol = document.experiment, library.protocol(document)
    if experiment is None or protocol is None:
        raise InputRefused(f"{document.id} is no runnable experiment", place=document.source.place(0), code="LG207")
    data = data if data is not None else _needed_data(library, protocol)
    return [_run(job, experiment, protocol, data) for job in experiment.jobs.values()]


def compute_key(runs: list[JobRun]) -> str:
    """Return the key of everything an experiment computes."""
    return canonical.digest({run.name: run.fit for run in runs})


def data_digest(library: Library, protocol: Protocol, *, outside: bool = False) -> str | None:
    """Hash what the source reads: its version, its options, and its files; None while a file is not here.

    Files that a variable of the environment leads to are looked at only when asked: a tree that is only being
    checked must not choose what is read outside it.
    """
    source = library.plugins.sources.get(protocol.source)
    named = [str(protocol.options[name]) for name in source.files if protocol.options.get(name)] if source else []
    if not outside and any("${" in text for text in named):
        return None
    try:
        files = [file for text in named for file in data_files(text, library.folder, "data.path")]
    except FileNotThere:
        return None
    options = {name: value for name, value in protocol.options.items() if name not in NAMING}
    version = source.version if source else 0
    return _exact([protocol.source, version, options, [fingerprint(file.path) for file in files]])


def _needed_data(library: Library, protocol: Protocol) -> str:
    digest = data_digest(library, protocol, outside=True)
    if digest is None:
        written = protocol.options.get("path", "")
        fix = f"put it at {library.folder.name}/{written}, or mend `data:` of the protocol"
        raise InputRefused(f"there is no data file `{written}`", code="LG207", fix=fix)
    return digest


def _run(job: Job, experiment: Experiment, protocol: Protocol, data: str) -> JobRun:
    axes = {"noise": experiment.noise, "seed": float(protocol.seed), "train": float(experiment.train)}
    return JobRun(job.name, job, axes, data, _fit_key(job, axes, data, protocol))


def _fit_key(job: Job, axes: Mapping[str, float], data: str, protocol: Protocol) -> str:
    parts: dict[str, Any] = {
        "job": job.job,
        "version": job.version,
        "params": dict(job.params),
        "axes": dict(axes),
        "data": data,
        "target": protocol.target,
        # What is kept under this key are predictions, not the model, so the rows predicted belong to it.
        "predicted": [protocol.val, protocol.test],
    }
    return _exact(parts)


def _exact(value: Any) -> str:
    """Hash a value to its last digit: canonical JSON rounds, and would take one tiny penalty for another."""
    return canonical.digest_bytes(json.dumps(value, sort_keys=True).encode(), 32)
