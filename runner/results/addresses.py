"""What a dotted name means in a document: a fact, a scalar, or a quantity defined somewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

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
    if first.name in names.define and not rest:
        return Definition(document, first.name, names.define[first.name])
    if first.name in jobs:
        return _of_job(reference, first, rest, document, library)
    if first.name in names.cites:
        return _of_alias(reference, rest, document, library)
    raise _unknown(first, [*jobs, *names.cites, *names.define])


def _of_alias(reference: Reference, rest: list[Segment], document: Document, library: Library) -> Meaning:
    first = reference.segments[0]
    cite = document.names.cites[first.name]
    target = library.find(cite.experiment)
    if target is None or target.experiment is None:
        raise ExpressionRefused(f"unknown experiment `{cite.experiment}`", first.start, first.end, code="LG207")
    jobs = target.experiment.jobs
    if cite.job:
        return _of_job(reference, Segment(cite.job, (), first.start, first.end), rest, target, library)
    if rest and rest[0].name in jobs:
        return _of_job(reference, rest[0], rest[1:], target, library)
    if len(rest) == 1 and rest[0].name in target.names.define:
        return Definition(target, rest[0].name, target.names.define[rest[0].name])
    if len(jobs) == 1 and rest:
        only = next(iter(jobs))
        return _of_job(reference, Segment(only, (), first.start, first.end), rest, target, library)
    raise _unknown(rest[0] if rest else first, [*jobs, *target.names.define])


def _of_job(
    reference: Reference, job: Segment, rest: list[Segment], document: Document, library: Library
) -> FactAddress | ScalarAddress:
    protocol = library.protocol(document)
    if protocol is None or document.experiment is None or job.name not in document.experiment.jobs:
        message = f"`{document.id}` has no readable job `{job.name}`"
        raise ExpressionRefused(message, reference.start, reference.end, code="LG207", fix="mend that document first")
    if not rest:
        fix = f"write {job.name}.{protocol.metrics[0]}" if protocol.metrics else ""
        raise ExpressionRefused(
            f"`{job.name}` is a job, a metric is missing", job.start, job.end, fix=fix, code="LG302"
        )
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
