"""What an experiment sets: its rows, axes and sweep, and the parameters each job really ran with."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from runner.contract import Contract
from runner.documents.kinds import Experiment, Job, Partition, Protocol, Value
from runner.documents.reading import Document
from runner.documents.sweeps import count, points, run_name, spelled, spoken, usual
from runner.expressions.parse import parse
from runner.expressions.syntax import Argument, Reference, Segment
from runner.expressions.tokens import quantity
from runner.partitions import BY, EDGES, FIELDS, NAMES
from runner.partitions import Partition as Bins
from runner.plans.specs import with_value
from runner.rendering.desk import Desk
from runner.results.files import Run
from runner.results.points import SEED
from runner.shapes import KIND, Parameter, Shape, is_of, variants

GENERAL = ("train", "train_noise", "seed")


@dataclass(frozen=True)
class Setting:
    """One axis of an experiment with the values it takes, as people say them."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Configured:
    """A job as it ran, or as it is declared when it has not run yet."""

    name: str
    job: str
    version: int
    parameters: tuple[tuple[str, str], ...]
    runs: int
    ran: bool


@dataclass(frozen=True)
class Together:
    """The runs of a job that differ in their seeds only: `vit(train=50000)` for `vit(seed=1, train=50000)` and others.

    Where one of them is missing or has failed there is no mean: what failed may not be like what did not.
    """

    name: str
    job: Job
    point: Mapping[str, Value]
    members: tuple[str, ...]
    done: tuple[Run, ...]

    @property
    def whole(self) -> bool:
        """Tell whether every run has a result."""
        return len(self.done) == len(self.members)

    def address(self, piece: str, metric: str) -> tuple[str, Reference]:
        """Return the address of a metric on a slice, as text and as a tree: of several seeds it is the mean."""
        arguments = tuple(Argument(axis, spelled(value)) for axis, value in self.point.items())
        names = [*([piece] if piece else []), metric]
        segments = (Segment(self.job.name, arguments, 0, 0), *(Segment(name, (), 0, 0) for name in names))
        return ".".join([self.name, *names]), Reference(segments, 0, 0)


def settings(experiment: Experiment, protocol: Protocol) -> list[Setting]:
    """Return the axes of the rows, the training rows and the seeds, swept ones with all their values."""
    fixed: dict[str, float] = {axis: usual(values) for axis, values in protocol.axes.items()} | dict(experiment.axes)
    if experiment.train:
        fixed["train"] = float(experiment.train)
    if experiment.train_noise is not None:
        fixed["train_noise"] = experiment.train_noise
    found = {name: Setting(name, (spoken(value),)) for name, value in fixed.items()}
    for name, axis in experiment.sweep.items():
        found[name] = Setting(name, tuple(spoken(value) for value in axis.values))
    order = [*protocol.axes, *GENERAL]
    return [found[name] for name in sorted(found, key=lambda name: order.index(name) if name in order else len(order))]


def several_seeds(document: Document) -> bool:
    """Tell whether a document is an experiment that runs its jobs with more than one seed."""
    sweep = document.experiment.sweep if document.experiment else {}
    return SEED in sweep and len(sweep[SEED].values) > 1


def seeds_together(experiment: Experiment, filed: Mapping[str, Run]) -> list[Together]:
    """Return the runs an experiment declares, in that order, those that differ in their seeds only as one."""
    found: dict[str, Together] = {}
    for job in experiment.jobs.values():
        for whole in points(job, experiment.sweep):
            point = {axis: value for axis, value in whole.items() if axis != SEED}
            name, run = run_name(job.name, point), run_name(job.name, whole)
            before = found.get(name, Together(name, job, point, (), ()))
            done = (filed[run],) if run in filed and not filed[run].failed else ()
            found[name] = replace(before, members=(*before.members, run), done=(*before.done, *done))
    return list(found.values())


def called(run: str) -> str:
    """Return what people call a run: `vit · train 50k` for `vit(train=50000)`."""
    tree = parse(run)
    if not isinstance(tree, Reference) or not tree.segments[0].point:
        return run
    arguments = tree.segments[0].point
    values = {argument.key: quantity(argument.value) for argument in arguments}
    said = (f"{a.key} {a.value if (value := values[a.key]) is None else spoken(value)}" for a in arguments)
    return " · ".join([tree.segments[0].name, *said])


def configured(desk: Desk) -> list[Configured]:
    """Return every job with the parameters of its first run, those that a sweep sets with all their values.

    Parameters at their defaults are left out, unless another job of the same kind has another value there.
    """
    experiment = desk.document.experiment
    if experiment is None:
        return []
    jobs, result = desk.knowledge.library.plugins.jobs, desk.knowledge.store.result(desk.document)
    protocol = desk.knowledge.library.protocol(desk.document)
    found = [_ran(job, experiment, result.runs if result else {}) for job in experiment.jobs.values()]
    shown: dict[str, set[str]] = {}
    for ran in found:
        shown.setdefault(ran.job.job, set()).update(_chosen(ran.params, jobs[ran.job.job].parameters, jobs))
    known = protocol.partitions if protocol else {}
    return [_configured(ran, shown[ran.job.job], known, jobs) for ran in found]


@dataclass(frozen=True)
class _Ran:
    """A job with the parameters of its first run: swept ones as text, with all their values."""

    job: Job
    version: int
    params: Mapping[str, Any]
    runs: int
    whole: bool


def _ran(job: Job, experiment: Experiment, filed: Mapping[str, Run]) -> _Ran:
    names = [run_name(job.name, point) for point in points(job, experiment.sweep)]
    done = [filed[name] for name in names if name in filed and not filed[name].failed]
    params = dict(done[0].params if done else job.params)
    for axis in experiment.sweep.values():
        if axis.job == job.name:
            with suppress(KeyError, TypeError):  # what was made elsewhere, or long ago, has no such parameter
                params = with_value(params, axis.path, ", ".join(map(spoken, axis.values)))
    version = done[0].version if done else job.version
    return _Ran(job, version, params, count(job, experiment.sweep), len(done) == len(names))


def _configured(
    ran: _Ran, shown: Collection[str], known: Mapping[str, Partition], jobs: Mapping[str, Contract]
) -> Configured:
    parameters = jobs[ran.job.job].parameters
    cells = tuple(
        (name, written(_worded(_inside(value, parameters[name].shape if name in parameters else None, jobs), known)))
        for name, value in ran.params.items()
        if name in shown
    )
    return Configured(ran.job.name, ran.job.job, ran.version, cells, ran.runs, ran.whole)


def _chosen(
    params: Mapping[str, Any], parameters: Mapping[str, Parameter], jobs: Mapping[str, Contract]
) -> dict[str, Any]:
    """Return the parameters that somebody chose, those not at their defaults, and so on inside them."""
    return {
        name: _inside(value, parameters[name].shape if name in parameters else None, jobs)
        for name, value in params.items()
        if name not in parameters or _plain(value) != _plain(parameters[name].default)
    }


def _inside(value: Any, shape: Shape | None, jobs: Mapping[str, Contract]) -> Any:
    """Return a chosen value with what somebody chose in it: a job inside a job, or a record of several kinds."""
    if not isinstance(value, Mapping):
        return value
    if set(value) == {"job", "version", "params"}:
        known = jobs[value["job"]].parameters if value["job"] in jobs else {}
        return {**value, "params": _chosen(value["params"], known, jobs)}
    record = next((part for part in variants(shape) if is_of(part, value)), None) if shape else None
    if record is None:
        return {name: _inside(inner, None, jobs) for name, inner in value.items()}
    return {KIND: value[KIND], **_chosen(value, record.fields, jobs)} if KIND in value else dict(value)


def _plain(value: Any) -> Any:
    """Return a value as a result file would give it back."""
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def written(value: Any) -> str:
    """Write a parameter the way a front matter does."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "none"}[value]
    if isinstance(value, int | float):
        return spoken(float(value))
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name}: {written(inner)}' for name, inner in _inner(value).items())}}}"
    if isinstance(value, list | tuple):
        return _series([written(item) for item in value])
    return str(value)


def _worded(value: Any, known: Mapping[str, Partition]) -> Any:
    """Return a value with its bins as people call them: by the word of the protocol, else by their columns."""
    if isinstance(value, Mapping) and set(value) == set(FIELDS):
        edges = tuple(map(tuple, value[EDGES]))
        bins = Bins(tuple(value[BY]), edges, tuple(value[NAMES]))
        word = next((name for name, partition in known.items() if partition.bins == bins), "")
        return word or f"{' × '.join(bins.by)}, {bins.bins} bins"
    if isinstance(value, Mapping):
        return {name: _worded(inner, known) for name, inner in value.items()}
    return [_worded(item, known) for item in value] if isinstance(value, list | tuple) else value


def _inner(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries of a nested record; a nested job is its name and its parameters."""
    if set(value) == {"job", "version", "params"}:
        return {"job": value["job"], **value["params"]}
    return dict(value)


def _series(items: list[str]) -> str:
    """Write a long list by its ends."""
    inside = items if len(items) <= 4 else [*items[:2], "…", items[-1]]  # noqa: PLR2004 - fits a cell
    return f"[{', '.join(inside)}]"
