"""Read one file as a document: its front matter by kind, its citations and blocks by scanning."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from runner.contract import Contract
from runner.documents import experiment, protocol
from runner.documents.form import Form
from runner.documents.judged import read_judged
from runner.documents.kinds import Body, Cite, Experiment, Formula, Hub, Names, Protocol, Roadmap
from runner.documents.scanner import Scan, scan
from runner.documents.source import Source, read_source
from runner.expressions.names import is_key, is_protocol_id, suggestion
from runner.findings import Finding, InputRefused, Place
from runner.safety import bounded_yaml as yaml

COMMON = ("kind", "id", "title", "topic", "date", "lang", "hub", "cites", "define")
KINDS = ("exp", "hub", "roadmap", "protocol")
LANGUAGES = ("en", "zh")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Plugins:
    """The contracts of every plug-in a document may name."""

    jobs: Mapping[str, Contract]
    sources: Mapping[str, Contract]
    figures: Mapping[str, Contract]


@dataclass(frozen=True, eq=False)
class Document:
    """One markdown file of the knowledge base."""

    source: Source
    scan: Scan
    kind: str  # exp, hub, roadmap, protocol or page
    id: str
    title: str
    topic: str
    date: str
    lang: str
    hub: str
    names: Names
    body: Body | None
    findings: tuple[Finding, ...]
    places: Mapping[str, Place] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """Return where the file stands."""
        return self.source.path

    @property
    def name(self) -> str:
        """Return the file's name below the root."""
        return self.source.name

    @property
    def called(self) -> str:
        """Return what a person calls it on the command line: its id, or its file where it has none."""
        return self.id or self.name

    @property
    def experiment(self) -> Experiment | None:
        """Return the experiment this document is, if it is one."""
        return self.body if isinstance(self.body, Experiment) else None

    def place(self, key: str) -> Place:
        """Return where a field of the front matter stands, or the start of the file."""
        return self.places.get(key, self.source.place(0))

    @property
    def readable(self) -> bool:
        """Tell whether the front matter can be relied on."""
        return not self.findings


def read_document(path: Path, root: Path, plugins: Plugins, lang: str) -> Document:
    """Read one file; what is wrong with it is among its findings, never an exception."""
    try:
        source = read_source(path, root)
    except InputRefused as error:
        empty = Source(path, path.relative_to(root).as_posix(), b"", "")
        finding = Finding(error.code, error.place or Place(empty.name), error.message, error.fix)
        return _page(empty, scan(""), lang, (finding,))
    scanned = scan(source.text)
    if scanned.front is None:
        return _page(source, scanned, lang, ())
    start, end = scanned.front
    try:
        node = yaml.load(source.text[start:end], line=source.place(start).line)
    except yaml.YamlRefused as error:
        place = Place(source.name, error.line, error.column)
        return _page(source, scanned, lang, (Finding("LG201", place, error.message, error.fix),))
    if not isinstance(node, yaml.Mapping) or not {"kind", "id"}.intersection(node.keys()):
        return _page(source, scanned, lang, ())
    return _keyed(source, scanned, node, plugins, lang)


def _page(source: Source, scanned: Scan, lang: str, findings: tuple[Finding, ...]) -> Document:
    heading = next((heading.text for heading in scanned.headings), source.path.stem)
    topic = _topic(source)
    return Document(source, scanned, "page", "", heading, topic, "", lang, "", Names(), None, findings)


def _keyed(source: Source, scanned: Scan, node: yaml.Mapping, plugins: Plugins, lang: str) -> Document:
    findings: list[Finding] = []
    form = Form(node, source.name, findings)
    for key in ("kind", "id", "title"):
        form.require(key)
    kind = form.text("kind")
    body = _body(form, kind, plugins)
    return Document(
        source=source,
        scan=scanned,
        kind=kind if kind in KINDS else "page",
        id=_identity(form, body),
        title=form.text("title"),
        topic=_checked_topic(form, source),
        date=_date(form),
        lang=_language(form, lang),
        hub=form.text("hub"),
        names=Names(_cites(form.form("cites")), _definitions(form.form("define"))),
        body=body,
        findings=tuple(findings),
        places={key.text: form.place(key) for key, _ in node.entries},
    )


def _body(form: Form, kind: str, plugins: Plugins) -> Body | None:
    match kind:
        case "exp":
            form.only((*COMMON, *experiment.FIELDS), experiment.LATER)
            return experiment.read_experiment(form, plugins.jobs)
        case "protocol":
            form.only((*COMMON, *protocol.FIELDS), protocol.LATER)
            return protocol.read_protocol(form, plugins.sources)
        case "hub":
            form.only((*COMMON, "claims"), ("signed", "protocol", "noise"))
            return Hub(read_judged(form.form("claims")))
        case "roadmap":
            form.only((*COMMON, "gates", "phases"), ("now", "priority"))
            return _roadmap(form)
    if kind:
        form.report("LG203", form.node("kind"), f"unknown kind `{kind}`", suggestion(kind, KINDS))
    return None


def _roadmap(form: Form) -> Roadmap:
    phases = form.form("phases")
    mvps = {key.text: phases.texts(key.text) for key, _ in phases.mapping.entries}
    return Roadmap(read_judged(form.form("gates")), mvps)


def _identity(form: Form, body: Body | None) -> str:
    written = form.text("id")
    if isinstance(body, Protocol):
        if written and not is_protocol_id(written):
            fix = "use letters, digits, . _ -"
            form.report("LG203", form.node("id"), f"id `{written}` cannot name a file", fix)
        return f"{written}@{body.version}"
    if written and (not is_key(written) or ":" in written):
        fix = "start with a capital; use letters, digits, . _ -"
        form.report("LG203", form.node("id"), f"id `{written}` is not a key", fix)
    return written


def _date(form: Form) -> str:
    written = form.text("date")
    if written and not _is_date(written):
        form.report("LG203", form.node("date"), f"`{written}` is no date", "write 2026-01-31")
    return written


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return DATE.fullmatch(text) is not None  # the standard library also takes weeks and no dashes


def _language(form: Form, default: str) -> str:
    lang = form.text("lang", default)
    if lang not in LANGUAGES:
        form.report("LG203", form.node("lang"), f"no labels in `{lang}`", "use en or zh")
        return default
    return lang


def _cites(form: Form) -> dict[str, Cite]:
    cites: dict[str, Cite] = {}
    for key, node in form.named("the alias"):
        written = node.text if isinstance(node, yaml.Scalar) else ""
        experiment_id, _, job = written.partition("/")
        if not is_key(experiment_id):
            form.report("LG203", node, f"`{written}` names no experiment", "write EXPERIMENT-ID or EXPERIMENT-ID/job")
            continue
        cites[key.text] = Cite(key.text, experiment_id, job, form.place(key))
    return cites


def _definitions(form: Form) -> dict[str, Formula]:
    read = ((key.text, form.formula(node)) for key, node in form.named("the definition"))
    return {name: formula for name, formula in read if formula is not None}


def _checked_topic(form: Form, source: Source) -> str:
    folder = _topic(source)
    if form.text("topic", folder) != folder:
        message = f"the file stands in the folder of `{folder}`"
        form.report("LG203", form.node("topic"), message, "move it, or drop `topic:`")
    return folder


def _topic(source: Source) -> str:
    """The folder right under logg/ is the topic."""
    parts = source.name.split("/")
    return parts[1] if len(parts) > 2 else ""  # noqa: PLR2004 - logg/<topic>/file.md
