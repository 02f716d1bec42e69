"""Turn an experiment into job runs, each with the key under which its fit is cached."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from runner.contract import Contract, involved
from runner.documents.kinds import Axis, Experiment, Job, Protocol, Value
from runner.documents.library import Library
from runner.documents.reading import Document
from runner.documents.sweeps import Point, points, run_name, settings
from runner.findings import InputRefused
from runner.results.files import RECORDED, Result
from runner.safety import canonical
from runner.safety.data_files import FileNotThere, data_files, fingerprint
from runner.shapes import JOB

NAMING = (
    "path",
    "val_path",
    "test_path",
    "columns",
)  # options that name the data and their labels, and change no number


@dataclass(frozen=True)
class JobRun:
    """One fit to have: a job with its parameters, on known rows with known settings."""

    name: str
    job: Job
    point: Mapping[str, Value]
    axes: Mapping[str, Value]
    data: str
    fit: str  # key of the training: what is learnt, from what
    asked: str  # key of what is predicted
    needs: tuple[str, ...] = ()  # the runs whose predictions it is given
    files: tuple[str, ...] = ()  # what the files hold that its parameters name


def job_runs(
    document: Document, library: Library, filed: Result | None = None, *, data: str | None = None
) -> list[JobRun]:
    """Return the runs an experiment declares, those that others need first; with `data` the data are taken to be those.

    The points of a sweep become runs of their own, each job expanding over the axes it depends on. What rests on a run
    that was made elsewhere rests on the file it came in, which only the filed result knows.
    """
    experiment, protocol = document.experiment, library.protocol(document)
    if experiment is None or protocol is None:
        raise InputRefused(f"{document.id} is no runnable experiment", place=document.source.place(0), code="LG207")
    data = data if data is not None else _needed_data(library, protocol)
    elsewhere = {name: run.fit for name, run in filed.runs.items() if run.job == RECORDED} if filed else {}
    spec = _Spec(experiment, protocol, library, data, elsewhere)
    runs: dict[str, JobRun] = {}
    for job in _in_order(experiment.jobs):
        for point in points(job, experiment.sweep):
            run = spec.run(job, point, runs)
            runs[run.name] = run
    return list(runs.values())


@dataclass(frozen=True)
class _Spec:
    """What all runs of an experiment share."""

    experiment: Experiment
    protocol: Protocol
    library: Library
    data: str
    elsewhere: Mapping[str, str]  # the files of runs that were made elsewhere

    def run(self, job: Job, point: Point, before: Mapping[str, JobRun]) -> JobRun:
        contracts = self.library.plugins.jobs
        set_ = replace(job, params=_with_point(job, point, self.experiment.sweep))
        axes = settings(self.experiment, self.protocol, set_, point, contracts)
        needs = tuple(self._needed(name, point) for name in job.needs)
        given = [self.elsewhere.get(name, before[name].fit) for name in needs]
        training = self._training(set_, axes)
        fit = _exact({**training, "needs": given})
        protocol = self.protocol
        scored = {axis: axes[axis] for axis in protocol.axes}
        asked = _exact([protocol.val, protocol.test, scored, protocol.target, protocol.seed])
        return JobRun(
            run_name(job.name, point), set_, point, axes, self.data, fit, asked, needs, tuple(training["files"])
        )

    def _needed(self, name: str, point: Point) -> str:
        job = self.experiment.jobs[name]
        return run_name(name, {axis: point[axis] for axis in job.axes})

    def _training(self, job: Job, axes: Mapping[str, Value]) -> dict[str, Any]:
        """Return what a fit depends on: never the rows that are scored, their slices or metrics."""
        protocol, parts = self.protocol, list(involved(job.job, job.params, self.library.plugins.jobs))
        learnt = {axis: axes[axis] for axis in protocol.axes}
        learnt |= {"noise": axes["train_noise"]} if "train_noise" in axes else {}
        return {
            "job": job.job,
            "version": job.version,
            "params": dict(job.params),
            "files": [print_ for contract, params in parts for print_ in _file_prints(contract, params, self.library)],
            "axes": {**learnt, **{name: axes[name] for name in ("train", "seed") if name in axes}},
            "data": self.data,
            "draw": protocol.seed,
            "target": protocol.target,
            "val": protocol.val if any(contract.uses_val for contract, _ in parts) else None,
        }


def _in_order(jobs: Mapping[str, Job]) -> Iterator[Job]:
    """Yield jobs in the order they are declared, each after those it needs; reading refused circles."""
    done: set[str] = set()

    def before(job: Job) -> Iterator[Job]:
        for name in job.needs:
            if name not in done:
                yield from before(jobs[name])
        if job.name not in done:
            done.add(job.name)
            yield job

    for job in jobs.values():
        yield from before(job)


def _with_point(job: Job, point: Point, sweep: Mapping[str, Axis]) -> dict[str, Any]:
    """Return a job's parameters with those set that a sweep varies."""
    params: dict[str, Any] = dict(job.params)
    for name, value in point.items():
        axis = sweep[name]
        if axis.job == job.name:
            params = with_value(params, axis.path, value)
    return params


def with_value(params: Mapping[str, Any], path: tuple[str, ...], value: Value) -> dict[str, Any]:
    """Return parameters with one of them set, however deep it stands."""
    if JOB in params and "params" in params:  # a job inside a job
        return {**params, "params": with_value(params["params"], path, value)}
    head, *rest = path
    return {**params, head: with_value(params[head], tuple(rest), value) if rest else value}


def _file_prints(contract: Contract, params: Mapping[str, Any], library: Library) -> list[str]:
    """Return what the files a job's parameters name hold; a file that is not here is named by its path."""
    prints = []
    for name in contract.files:
        named = params.get(name) or ()
        for text in [named] if isinstance(named, str) else named:
            try:
                prints += [fingerprint(file.path) for file in data_files(text, library.folder, name)]
            except FileNotThere:
                prints.append(text)
    return prints


def compute_key(runs: list[JobRun]) -> str:
    """Return the key of everything an experiment computes."""
    return canonical.digest({run.name: [run.fit, run.asked] for run in runs})


def data_digest(library: Library, protocol: Protocol, *, outside: bool = False) -> str | None:
    """Hash what the source reads: its version, its options, and its files; None while a file is not here.

    Files that a variable of the environment leads to are looked at only when asked: a tree that is only being
    checked must not choose what is read outside it.
    """
    source = library.plugins.sources.get(protocol.source)
    asked = source.files if source else ()
    named = {name: str(protocol.options[name]) for name in asked if protocol.options.get(name)}
    if not outside and any("${" in text for text in named.values()):
        return None
    try:
        files = {name: data_files(text, library.folder, "data.path") for name, text in named.items()}
        prints = {name: [fingerprint(file.path) for file in found] for name, found in files.items()}
    except FileNotThere:
        return None
    options = {name: value for name, value in protocol.options.items() if name not in NAMING}
    version = source.version if source else 0
    return _exact([protocol.source, version, options, prints])


def _needed_data(library: Library, protocol: Protocol) -> str:
    digest = data_digest(library, protocol, outside=True)
    if digest is None:
        written = protocol.options.get("path", "")
        fix = f"put it at {library.folder.name}/{written}, or mend `data:` of the protocol"
        raise InputRefused(f"there is no data file `{written}`", code="LG207", fix=fix)
    return digest


def _exact(value: Any) -> str:
    """Hash a value to its last digit: canonical JSON rounds, and would take one tiny penalty for another."""
    return canonical.digest_bytes(json.dumps(value, sort_keys=True).encode(), 32)
