"""What is wrong with the documents themselves, one by one and together."""

from __future__ import annotations

from collections.abc import Iterator

from runner.documents.kinds import Experiment, Hub, Judged, Protocol, Roadmap, Value
from runner.documents.library import Library
from runner.documents.reading import Document
from runner.documents.sweeps import spelled
from runner.expressions.names import suggestion
from runner.findings import Finding, Place


def trouble(library: Library) -> Iterator[Finding]:
    """Yield every finding about front matters, ids, keys and aliases."""
    for document in library.documents:
        yield from document.findings
    yield from _duplicate_ids(library)
    yield from _duplicate_keys(library)
    yield from _duplicate_mvps(library)
    for document in library.documents:
        yield from _protocol_trouble(library, document)
        yield from _usual_rows_trouble(library, document)
        yield from _mvp_trouble(library, document)
        yield from _hub_trouble(library, document)
        yield from _cite_trouble(library, document)
        yield from _define_trouble(document)


def _duplicate_ids(library: Library) -> Iterator[Finding]:
    seen: dict[str, Document] = {}
    for document in library.documents:
        if not document.id:
            continue
        first = seen.setdefault(document.id.casefold(), document)
        if first is not document:
            message = f"id `{document.id}` is also that of {first.name}"
            yield Finding("LG206", document.place("id"), message, "give one of them another id")


def _duplicate_keys(library: Library) -> Iterator[Finding]:
    """Claims and gates share the keys of their topic, expectations those of their experiment."""
    seen: dict[tuple[str, str], tuple[Document, Judged]] = {}
    for document, judged in library.judged():
        scope = document.name if document.kind == "exp" else document.topic
        first, other = seen.setdefault((scope, judged.key.casefold()), (document, judged))
        if other is not judged:
            message = f"key `{judged.key}` is also used in {first.name}"
            yield Finding("LG206", judged.place, message, "give one of them another key")


def _duplicate_mvps(library: Library) -> Iterator[Finding]:
    """Roadmaps of one topic share its MVPs."""
    seen: dict[tuple[str, str], Document] = {}
    for document in library.documents:
        phases = document.body.phases if isinstance(document.body, Roadmap) else {}
        for key in (key for keys in phases.values() for key in keys):
            first = seen.setdefault((document.topic, key.casefold()), document)
            if first is not document:
                message = f"MVP `{key}` is also planned in {first.name}"
                yield Finding("LG206", document.place("phases"), message, "plan it once")


def _protocol_trouble(library: Library, document: Document) -> Iterator[Finding]:
    experiment = document.experiment
    if experiment is None or not experiment.protocol:
        return
    protocol = library.protocol(document)
    protocols = [d.id for d in library.documents if d.kind == "protocol"]
    if protocol is None and experiment.protocol.partition("@")[0] in library.hidden:
        return
    if protocol is None:
        message = f"unknown protocol `{experiment.protocol}`"
        yield Finding("LG207", document.place("protocol"), message, suggestion(experiment.protocol, protocols))
        return
    yield from _axis_trouble(document, experiment, protocol)
    for name, axis in experiment.sweep.items():
        if axis.path and name in {*protocol.slices, *protocol.partitions}:
            message, fix = f"`{name}` names a swept parameter and a slice", "declare one job for each value"
            yield Finding("LG206", axis.place, message, fix)
    for name, job in experiment.jobs.items():
        if name in {*protocol.slices, *protocol.partitions, *protocol.metrics}:
            yield Finding("LG206", job.place, f"`{name}` names a job and a slice or metric", "rename the job")


def _axis_trouble(document: Document, experiment: Experiment, protocol: Protocol) -> Iterator[Finding]:
    """Yield values that the protocol did not agree on, and axes that were left open."""
    swept = {name: axis.values for name, axis in experiment.sweep.items() if name in protocol.axes}
    for axis, values in {**{name: (value,) for name, value in experiment.axes.items()}, **swept}.items():
        place = experiment.sweep[axis].place if axis in swept else document.place(axis)
        yield from _strange_values(axis, values, place, experiment.protocol, protocol)
    for axis, agreed in protocol.axes.items():
        if axis not in experiment.axes and axis not in swept and 0.0 not in agreed and len(agreed) > 1:
            message = f"{experiment.protocol} has several values of `{axis}`, none is chosen"
            yield Finding("LG202", document.place("protocol"), message, f"add `{axis}: {spelled(agreed[0])}`")


def _strange_values(
    axis: str, values: tuple[Value, ...], place: Place, name: str, protocol: Protocol
) -> Iterator[Finding]:
    """Yield the values of an axis that a protocol did not agree on."""
    agreed = protocol.axes.get(axis)
    for value in values:
        if agreed is not None and value not in agreed:
            message = f"{axis} {spelled(value)} is not an axis value of {name}"
            yield Finding("LG203", place, message, f"use one of {', '.join(map(spelled, agreed))}")
    if agreed is None and any(values):
        yield Finding("LG203", place, f"{name} has no axis `{axis}`", suggestion(axis, protocol.axes))


def _usual_rows_trouble(library: Library, document: Document) -> Iterator[Finding]:
    """Yield what is wrong with the rows a hub usually speaks of, and with the protocol another one replaces."""
    body = document.body
    field = "replaces" if isinstance(body, Protocol) else "protocol"
    named = getattr(body, field) if isinstance(body, Hub | Protocol) else ""
    if not named or named.partition("@")[0] in library.hidden:
        return
    found = library.find(named)
    if found is None or not isinstance(found.body, Protocol):
        protocols = [d.id for d in library.documents if d.kind == "protocol" and d is not document]
        yield Finding("LG207", document.place(field), f"unknown protocol `{named}`", suggestion(named, protocols))
    elif isinstance(body, Hub):
        for axis, value in body.axes.items():
            yield from _strange_values(axis, (value,), document.place(axis), named, found.body)


def _mvp_trouble(library: Library, document: Document) -> Iterator[Finding]:
    mvp = document.experiment.mvp if document.experiment else ""
    if mvp and library.mvp(mvp, document) is None and document.name not in library.clouded:
        fix = suggestion(mvp, library.mvps(document.topic))
        yield Finding("LG207", document.place("mvp"), f"no roadmap has the MVP `{mvp}`", fix)


def _hub_trouble(library: Library, document: Document) -> Iterator[Finding]:
    hubs = [d.id for d in library.documents if d.kind == "hub"]
    if document.hub and document.hub not in hubs and document.hub not in library.hidden:
        message = f"unknown hub `{document.hub}`"
        yield Finding("LG207", document.place("hub"), message, suggestion(document.hub, hubs))


def _cite_trouble(library: Library, document: Document) -> Iterator[Finding]:
    experiments = [d.id for d in library.experiments]
    own = set(document.names.define) | set(document.experiment.jobs if document.experiment else ())
    for cite in document.names.cites.values():
        target = library.find(cite.experiment)
        if cite.alias in own:
            yield Finding("LG206", cite.place, f"`{cite.alias}` names two things here", "rename the alias")
        if cite.experiment in library.hidden:
            continue
        if target is None or target.experiment is None:
            message = f"unknown experiment `{cite.experiment}`"
            yield Finding("LG207", cite.place, message, suggestion(cite.experiment, experiments))
        elif cite.run is not None and cite.run.name not in target.experiment.jobs:
            message = f"{cite.experiment} has no job `{cite.run.name}`"
            yield Finding("LG207", cite.place, message, suggestion(cite.run.name, target.experiment.jobs))


def _define_trouble(document: Document) -> Iterator[Finding]:
    jobs = document.experiment.jobs if document.experiment else {}
    for name, formula in document.names.define.items():
        if name in jobs:
            yield Finding("LG206", formula.place, f"`{name}` names a job and a definition", "rename one of them")
