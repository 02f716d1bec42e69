"""What a dotted name means in a document: a fact, a scalar, or a quantity defined somewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from runner.documents.kinds import Formula
from runner.documents.library import Library
from runner.documents.reading import Document
from runner.expressions.names import suggestion
from runner.expressions.syntax import Reference, Segment
from runner.expressions.tokens import ExpressionRefused
from runner.results.metrics import METRICS
from runner.results.populations import WHOLE


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
    """A quantity that a document names."""

    document: Document
    name: str
    formula: Formula


Meaning = FactAddress | ScalarAddress | Definition


def resolve(reference: Reference, document: Document, library: Library) -> Meaning:
    """Return what a reference means, or refuse it with the nearest name there is."""
    for segment in reference.segments:
        if segment.point:
            message = f"the point of `{segment.name}` is not available yet"
            raise ExpressionRefused(message, segment.start, segment.end, fix="name a job and a metric", code="LG215")
    first, *rest = reference.segments
    names = document.names
    jobs = document.experiment.jobs if document.experiment else {}
    if first.name in jobs:
        return _of_job(reference, first, rest, document, library)
    if first.name in names.define:
        return _defined(first, rest, document)
    if first.name in names.cites:
        return _of_alias(reference, rest, document, library)
    raise _unknown(first, [*jobs, *names.cites, *names.define])


def _of_alias(reference: Reference, rest: list[Segment], document: Document, library: Library) -> Meaning:
    first = reference.segments[0]
    cite = document.names.cites[first.name]
    target = library.find(cite.experiment)
    if target is None or target.experiment is None:
        raise ExpressionRefused(f"unknown experiment `{cite.experiment}`", first.start, first.end, code="LG207")
    jobs, define = target.experiment.jobs, target.names.define
    if cite.job:
        return _of_job(reference, replace(first, name=cite.job), rest, target, library)
    if not rest:
        message = f"`{first.name}` is an experiment, a job or a definition is missing"
        raise ExpressionRefused(message, first.start, first.end, fix=suggestion("", [*jobs, *define]), code="LG302")
    if rest[0].name in jobs:
        return _of_job(reference, rest[0], rest[1:], target, library)
    if rest[0].name in define:
        return _defined(rest[0], rest[1:], target)
    if len(jobs) == 1:
        return _of_job(reference, replace(first, name=next(iter(jobs))), rest, target, library)
    raise _unknown(rest[0], [*jobs, *define])


def _defined(first: Segment, rest: list[Segment], document: Document) -> Definition:
    if rest:
        message = f"`{first.name}` is a number, it has no `{rest[0].name}`"
        raise ExpressionRefused(message, rest[0].start, rest[-1].end, fix=f"write {first.name}", code="LG302")
    return Definition(document, first.name, document.names.define[first.name])


def _of_job(
    reference: Reference, job: Segment, rest: list[Segment], document: Document, library: Library
) -> FactAddress | ScalarAddress:
    protocol = library.protocol(document)
    jobs = document.experiment.jobs if document.experiment else {}
    if job.name not in jobs:
        message, fix = f"{document.id} has no job `{job.name}`", suggestion(job.name, jobs)
        raise ExpressionRefused(message, job.start, job.end, fix=fix, code="LG207")
    if protocol is None:
        message, fix = f"{document.id} has no readable protocol", "mend that document first"
        raise ExpressionRefused(message, reference.start, reference.end, fix=fix, code="LG207")
    if not rest:
        message, fix = f"`{job.name}` is a job, a metric is missing", suggestion("", protocol.metrics)
        raise ExpressionRefused(message, job.start, job.end, fix=fix, code="LG302")
    *middle, last = rest
    if len(middle) > 1:
        raise ExpressionRefused("an address is job.slice.metric", middle[1].start, last.end, code="LG302")
    if middle and middle[0].name not in protocol.slices:
        raise _unknown(middle[0], protocol.slices)
    if last.name in protocol.metrics and last.name in METRICS:
        return FactAddress(document, job.name, middle[0].name if middle else WHOLE, last.name)
    if middle or last.name in protocol.slices:
        raise _unknown(last, protocol.metrics)
    return ScalarAddress(document, job.name, last.name)


def _unknown(segment: Segment, known: Iterable[str]) -> ExpressionRefused:
    message = f"unknown name `{segment.name}`"
    return ExpressionRefused(message, segment.start, segment.end, fix=suggestion(segment.name, known), code="LG302")
