"""What is wrong with the documents themselves, one by one and together."""

from __future__ import annotations

from collections.abc import Iterator

from runner.documents.library import Library
from runner.documents.reading import Document
from runner.expressions.names import suggestion
from runner.findings import Finding


def trouble(library: Library) -> Iterator[Finding]:
    """Yield every finding about front matters, ids, keys and aliases."""
    for document in library.documents:
        yield from document.findings
    yield from _duplicates(library)
    for document in library.experiments:
        yield from _experiment_trouble(library, document)
    for document in library.documents:
        yield from _cite_trouble(library, document)
        yield from _hub_trouble(library, document)


def _duplicates(library: Library) -> Iterator[Finding]:
    seen: dict[str, Document] = {}
    for document in library.documents:
        if document.id and document.id.casefold() in seen:
            other = seen[document.id.casefold()]
            message = f"id `{document.id}` is also that of {other.name}"
            yield Finding("LG206", document.source.place(0), message, "give one of them another id")
        seen.setdefault(document.id.casefold(), document)
    keys: dict[str, Document] = {}
    for document, judged in library.judged():
        full = f"{document.topic}:{judged.key}".casefold()
        if document.kind == "exp":
            continue
        if full in keys and keys[full] is not document:
            message = f"key `{judged.key}` is also used in {keys[full].name}"
            yield Finding("LG206", judged.place, message, "keys are unique within a topic")
        keys.setdefault(full, document)


def _experiment_trouble(library: Library, document: Document) -> Iterator[Finding]:
    experiment = document.experiment
    if experiment is None or not experiment.protocol:
        return
    protocol = library.protocol(document)
    protocols = [d.id for d in library.documents if d.kind == "protocol"]
    if protocol is None:
        message = f"unknown protocol `{experiment.protocol}`"
        yield Finding("LG207", experiment.places["protocol"], message, suggestion(experiment.protocol, protocols))
        return
    if experiment.noise not in protocol.noise:
        levels = ", ".join(f"{level:g}" for level in protocol.noise)
        message = f"noise {experiment.noise:g} is not an axis value of {experiment.protocol}"
        yield Finding("LG203", experiment.places["noise"], message, f"use one of {levels}")
    if experiment.mvp and library.mvp(experiment.mvp, document) is None:
        message = f"no roadmap has the MVP `{experiment.mvp}`"
        known = library.mvps(document.topic)
        yield Finding("LG207", experiment.places["mvp"], message, suggestion(experiment.mvp, known))
    for name, job in experiment.jobs.items():
        if name in protocol.slices or name in protocol.metrics:
            yield Finding("LG206", job.place, f"`{name}` names a job and a slice or metric", "rename the job")


def _hub_trouble(library: Library, document: Document) -> Iterator[Finding]:
    hubs = [d.id for d in library.documents if d.kind == "hub"]
    if document.hub and document.hub not in hubs:
        message = f"unknown hub `{document.hub}`"
        yield Finding("LG207", document.source.place(0), message, suggestion(document.hub, hubs))


def _cite_trouble(library: Library, document: Document) -> Iterator[Finding]:
    experiments = [d.id for d in library.experiments]
    own = set(document.names.define) | set(document.experiment.jobs if document.experiment else ())
    for cite in document.names.cites.values():
        target = library.find(cite.experiment)
        if cite.alias in own:
            yield Finding("LG206", cite.place, f"`{cite.alias}` names two things here", "rename the alias")
        if target is None or target.experiment is None:
            message = f"unknown experiment `{cite.experiment}`"
            yield Finding("LG207", cite.place, message, suggestion(cite.experiment, experiments))
        elif cite.job and cite.job not in target.experiment.jobs:
            message = f"{cite.experiment} has no job `{cite.job}`"
            yield Finding("LG207", cite.place, message, suggestion(cite.job, target.experiment.jobs))
