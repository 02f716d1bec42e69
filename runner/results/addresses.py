"""What a dotted name means in a document: a fact, a scalar, a quantity defined somewhere, or several of them.

    NAME[(point)][.slice].metric        vit(1M).r2, moe.old.r2, vit.age(35).r2, vit(*).r2, drop(21.5)

An axis that a reference leaves out is taken from where it is asked (a row of a table), else from the only value
there is; seeds that are left out are averaged; anything else has to be named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product

from runner.documents.kinds import Experiment, Formula, Job, Protocol, Value
from runner.documents.library import Library
from runner.documents.metrics import COUNT
from runner.documents.reading import Document
from runner.documents.sweeps import run_name, spoken
from runner.expressions.names import suggestion
from runner.expressions.syntax import Call, Expression, Reference, Segment, children
from runner.expressions.tokens import ExpressionRefused
from runner.results.points import (
    SEED,
    At,
    Axes,
    AxisLeftOut,
    NoSuchRun,
    assigned,
    every_axis,
    implied,
    label_of,
    picked,
    slice_asked,
    slices_named,
    unknown_name,
    unmeasured,
)
from runner.results.populations import WHOLE

NOWHERE: At = {}
DEEPEST = 16  # definitions resting on each other


@dataclass(frozen=True)
class FactAddress:
    """One metric of one run on one slice."""

    document: Document
    run: str
    slice: str
    metric: str

    @property
    def key(self) -> str:
        """Return the address as the result file spells it."""
        middle = "" if self.slice == WHOLE else f".{self.slice}"
        return f"{self.run}{middle}.{self.metric}"


@dataclass(frozen=True)
class ScalarAddress:
    """A number a job returned by itself."""

    document: Document
    run: str
    name: str

    @property
    def key(self) -> str:
        """Return the address as the result file spells it."""
        return f"{self.run}.{self.name}"


@dataclass(frozen=True)
class Definition:
    """A quantity that a document names, asked at a point."""

    document: Document
    name: str
    formula: Formula
    at: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True)
class Seeds:
    """One address for every seed of a sweep: its value is their mean."""

    seeds: tuple[Value, ...]
    parts: tuple[FactAddress | ScalarAddress, ...]


@dataclass(frozen=True)
class Every:
    """What `*` stands for: the parts by the names people call them."""

    parts: tuple[tuple[str, Meaning], ...]
    seeds: tuple[Value, ...] = ()  # of the runs among them, where they differ in their seeds
    over: tuple[str, ...] = ()  # the axes they differ in, and whether they are slices


Meaning = FactAddress | ScalarAddress | Definition | Seeds | Every
Leaf = Callable[[str, str], FactAddress | ScalarAddress]  # of a run and a slice
Asked = tuple[str, str, frozenset[tuple[str, Value]]]  # document, definition, and where it is asked


def resolve(reference: Reference, document: Document, library: Library, at: At = NOWHERE) -> Meaning:
    """Return what a reference means, or refuse it with the nearest name there is."""
    first, *rest = reference.segments
    names = document.names
    jobs = document.experiment.jobs if document.experiment else {}
    if first.name in jobs:
        return _of_job(reference, first, rest, document, library, at)
    if first.name in names.define:
        return _defined(first, rest, document, library, at)
    if first.name in names.cites:
        return _of_alias(reference, rest, document, library, at)
    raise unknown_name(first, [*jobs, *names.cites, *names.define])


def evaluated(tree: Expression) -> Iterator[Reference]:
    """Yield the references an expression takes values of: all but those of published ones."""
    if isinstance(tree, Reference):
        yield tree
    if not (isinstance(tree, Call) and tree.function == "published"):
        for part in children(tree):
            yield from evaluated(part)


def leaves(meaning: Meaning) -> Iterator[FactAddress | ScalarAddress | Definition]:
    """Yield the addresses and definitions a meaning consists of."""
    match meaning:
        case Seeds(parts=parts):
            yield from parts
        case Every(parts=named):
            for _, part in named:
                yield from leaves(part)
        case FactAddress() | ScalarAddress() | Definition():
            yield meaning


def left_out(tree: Expression, document: Document, library: Library, at: At = NOWHERE) -> At:
    """Return the axes an expression leaves out with the first values at which all of it has runs."""
    first = _open(tree, document, library, at)
    if first is None:
        return {}
    refusals: list[NoSuchRun] = []
    for value in first.values:
        try:
            return {first.axis: value, **left_out(tree, document, library, {**at, first.axis: value})}
        except NoSuchRun as error:
            refusals.append(error)
    raise refusals[0]


def _open(tree: Expression, document: Document, library: Library, at: At) -> AxisLeftOut | None:
    """Return the first axis that an expression, or a definition it rests on, leaves out."""
    try:
        for _ in _behind(tree, document, library, at, set()):
            pass
    except AxisLeftOut as error:
        return error
    return None


def _behind(
    tree: Expression, document: Document, library: Library, at: At, seen: set[Asked], depth: int = 0
) -> Iterator[Meaning]:
    """Yield what an expression means, and what the definitions mean that it rests on, each once where it is asked."""
    for reference in evaluated(tree) if depth <= DEEPEST else ():
        meaning = resolve(reference, document, library, at)
        yield meaning
        for leaf in (leaf for leaf in leaves(meaning) if isinstance(leaf, Definition)):
            inside = {**at, **dict(leaf.at)}
            asked = (leaf.document.name, leaf.name, frozenset(inside.items()))
            if asked not in seen:
                seen.add(asked)
                yield from _behind(leaf.formula.tree, leaf.document, library, inside, seen, depth + 1)


def _of_alias(reference: Reference, rest: list[Segment], document: Document, library: Library, at: At) -> Meaning:
    first = reference.segments[0]
    cite = document.names.cites[first.name]
    target = library.find(cite.experiment)
    if target is None or target.experiment is None:
        raise ExpressionRefused(f"unknown experiment `{cite.experiment}`", first.start, first.end, code="LG207")
    jobs, define = target.experiment.jobs, target.names.define
    if cite.run is not None:  # a point beside the alias adds to that of its run
        named = replace(first, name=cite.run.name, point=(*cite.run.point, *first.point))
        return _of_job(reference, named, rest, target, library, at)
    if not rest:
        message = f"`{first.name}` is an experiment, a job or a definition is missing"
        raise ExpressionRefused(message, first.start, first.end, fix=suggestion("", [*jobs, *define]), code="LG302")
    if rest[0].name in jobs and not first.point:
        return _of_job(reference, rest[0], rest[1:], target, library, at)
    if rest[0].name in define and not first.point:
        return _defined(rest[0], rest[1:], target, library, at)
    if len(jobs) == 1:
        return _of_job(reference, replace(first, name=next(iter(jobs))), rest, target, library, at)
    raise unknown_name(rest[0], [*jobs, *define])


def _defined(first: Segment, rest: list[Segment], document: Document, library: Library, at: At) -> Meaning:
    if rest:
        message = f"`{first.name}` is a number, it has no `{rest[0].name}`"
        raise ExpressionRefused(message, rest[0].start, rest[-1].end, fix=f"write {first.name}", code="LG302")
    formula = document.names.define[first.name]
    if not first.point:
        return Definition(document, first.name, formula)
    axes = family(formula, document, library, at)
    chosen = picked(first, axes)
    whole = every_axis(first, axes)
    points = [dict(zip(chosen, values, strict=True)) for values in product(*chosen.values())]
    parts = [
        (label_of(point, whole), Definition(document, first.name, formula, tuple(point.items()))) for point in points
    ]
    return Every(tuple(parts), over=tuple(whole)) if whole else parts[0][1]


def family(formula: Formula, document: Document, library: Library, at: At = NOWHERE) -> dict[str, tuple[Value, ...]]:
    """Return the axes a definition leaves out, with all the values at which it has runs."""
    bound = left_out(formula.tree, document, library, at)
    return {axis: _values_of(axis, formula.tree, document, library, {**at, **bound}) for axis in bound}


def _values_of(axis: str, tree: Expression, document: Document, library: Library, at: At) -> tuple[Value, ...]:
    """Return the values of an axis at which an expression has runs, the others being where they are."""
    others = {name: value for name, value in at.items() if name != axis}
    first = _open(tree, document, library, others)
    return tuple(v for v in first.values if _has_runs(tree, document, library, {**others, axis: v})) if first else ()


def _has_runs(tree: Expression, document: Document, library: Library, at: At) -> bool:
    try:
        return _open(tree, document, library, at) is None
    except NoSuchRun:
        return False


def along(
    axis: str, tree: Expression, document: Document, library: Library, at: At = NOWHERE
) -> list[tuple[str, Value]]:
    """Return the values of an axis that an expression leaves open, or the parts of a partition, as people call them."""
    bound = {**at, **left_out(tree, document, library, at)}
    if axis in bound and axis not in at:
        return [(spoken(value), value) for value in _values_of(axis, tree, document, library, bound)]
    if axis == SEED and axis not in at:
        return [(spoken(seed), seed) for seed in _averaged(tree, document, library, bound)]
    for reference in evaluated(tree):
        for leaf in leaves(resolve(reference, document, library, bound)):
            protocol = library.protocol(leaf.document)
            if protocol is not None and axis in protocol.partitions:
                partition = protocol.partitions[axis]
                return list(zip(partition.shown, partition.parts, strict=True))
    return []


def _averaged(tree: Expression, document: Document, library: Library, at: At) -> tuple[Value, ...]:
    """Return the seeds that an expression, or a definition it rests on, takes the mean over."""
    meanings = _behind(tree, document, library, at, set())
    return next((meaning.seeds for meaning in meanings if isinstance(meaning, Seeds)), ())


def _of_job(
    reference: Reference, job: Segment, rest: list[Segment], document: Document, library: Library, at: At
) -> Meaning:
    experiment, protocol = document.experiment, library.protocol(document)
    jobs = experiment.jobs if experiment else {}
    if experiment is None or job.name not in jobs:
        message, fix = f"{document.id} has no job `{job.name}`", suggestion(job.name, jobs)
        raise ExpressionRefused(message, job.start, job.end, fix=fix, code="LG207")
    if protocol is None:
        message, fix = f"{document.id} has no readable protocol", "mend that document first"
        raise ExpressionRefused(message, reference.start, reference.end, fix=fix, code="LG207")
    if not rest:
        message, fix = f"`{job.name}` is a job, a metric is missing", suggestion("", protocol.metrics)
        raise ExpressionRefused(message, job.start, job.end, fix=fix, code="LG302")
    if len(rest) > 2:  # noqa: PLR2004 - slice and metric
        raise ExpressionRefused("an address is job.slice.metric", rest[1].start, rest[-1].end, code="LG302")
    pieces = slices_named(rest[0], protocol) if len(rest) > 1 else slice_asked(job, protocol, at)
    leaf = _leaf(document, rest[-1], protocol, sliced=len(rest) > 1)
    return _spread(job, jobs[job.name], experiment, at, pieces, leaf)


def _leaf(document: Document, last: Segment, protocol: Protocol, *, sliced: bool) -> Leaf:
    """Return what makes an address of a run and a slice: a fact where the last name is a metric, else a scalar."""
    if (last.name in protocol.metrics and not last.point) or last.name == COUNT:
        return lambda run, piece: FactAddress(document, run, piece, last.name)
    if sliced or last.name in {*protocol.slices, *protocol.partitions}:
        raise unmeasured(last, protocol.metrics)
    row = f"({', '.join(argument.value for argument in last.point)})" if last.point else ""
    return lambda run, _piece: ScalarAddress(document, run, last.name + row)


def _spread(
    segment: Segment, job: Job, experiment: Experiment, at: At, pieces: list[tuple[str, str]], leaf: Leaf
) -> Meaning:
    """Return one address, the mean over seeds, or every part that `*` asks for."""
    axes = {axis: experiment.sweep[axis].values for axis in job.axes}
    chosen = {**picked(segment, axes, _fixed(experiment, job))}
    for axis in axes:
        if axis not in chosen:
            chosen[axis] = implied(segment, axis, axes, at)
    averaged = SEED in axes and SEED not in assigned(segment, axes) and SEED not in at
    varied = {axis: chosen[axis] for axis in every_axis(segment, axes)}
    over = (*varied, *(["its slices"] if pieces[0][0] else []))
    if SEED in varied and len(over) > 1:
        message = "seeds are averaged with their spread, beside another `*` they are left out"
        raise ExpressionRefused(message, segment.start, segment.end, fix="leave the seed out", code="LG304")
    outer = {axis: values for axis, values in chosen.items() if not (axis == SEED and averaged)}
    parts: list[tuple[str, Meaning]] = []
    for values in product(*outer.values()):
        point = dict(zip(outer, values, strict=True))
        for shown, piece in pieces:
            label = " · ".join(part for part in (label_of(point, varied), shown) if part)
            parts.append((label, _run(segment.name, point, chosen[SEED] if averaged else (), piece, leaf, axes)))
    return Every(tuple(parts), varied.get(SEED, ()), over) if over else parts[0][1]


def _run(job: str, point: At, seeds: tuple[Value, ...], piece: str, leaf: Leaf, axes: Axes) -> Meaning:
    inside = {axis: value for axis, value in point.items() if axis in axes}
    if not seeds:
        return leaf(run_name(job, inside), piece)
    parts = tuple(leaf(run_name(job, {**inside, SEED: seed}), piece) for seed in seeds)
    return Seeds(seeds, parts) if len(parts) > 1 else parts[0]


def _fixed(experiment: Experiment, job: Job) -> dict[str, Value]:
    """Return the settings of a job that have one value: they may be named, and must be that."""
    train: dict[str, Value] = {"train": float(experiment.train)} if experiment.train else {}
    return {**train, **experiment.axes, **job.fixed}
