"""Turn an experiment into job runs, each with the key under which its fit is cached."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.documents.kinds import Experiment, Job, Protocol
from runner.documents.library import Library
from runner.documents.reading import Document
from runner.findings import InputRefused
from runner.safety import canonical, paths

NAMING = ("path", "columns")  # options that name the data and their labels, and change no number


@dataclass(frozen=True)
class JobRun:
    """One fit to have: a job with its parameters, on known rows with known noise."""

    name: str
    job: Job
    axes: Mapping[str, float]
    data: str
    fit: str


def job_runs(document: Document, library: Library) -> list[JobRun]:
    """Return the runs an experiment declares, in the order it declares them."""
    experiment, protocol = document.experiment, library.protocol(document)
    if experiment is None or protocol is None:
        raise InputRefused(f"{document.id} is no runnable experiment", place=document.source.place(0), code="LG207")
    data = data_digest(library, protocol)
    return [_run(job, experiment, protocol, data) for job in experiment.jobs.values()]


def compute_key(runs: list[JobRun]) -> str:
    """Return the key of everything an experiment computes."""
    return canonical.digest({run.name: run.fit for run in runs})


def data_file(library: Library, protocol: Protocol) -> Path | None:
    """Return the file a protocol's source reads, if it reads one."""
    written = protocol.options.get("path")
    return paths.inside(library.folder, str(written), "data.path") if written else None


def data_digest(library: Library, protocol: Protocol) -> str:
    """Hash what the source reads: its version, its options, and the bytes of its file."""
    file = data_file(library, protocol)
    if file is not None and not file.is_file():
        fix = f"put the file at {library.folder.name}/{protocol.options['path']}"
        raise InputRefused(f"no data file `{protocol.options['path']}`", code="LG207", fix=fix)
    source = library.plugins.sources.get(protocol.source)
    options = {name: value for name, value in protocol.options.items() if name not in NAMING}
    return _exact([protocol.source, source.version if source else 0, options, _content(file) if file else ""])


def _content(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


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
