"""Read one file as a document: its front matter by kind, its citations and blocks by scanning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runner.contract import Contract
from runner.documents import experiment, protocol
from runner.documents.form import Form
from runner.documents.judged import read_judged
from runner.documents.kinds import Body, Cite, Experiment, Formula, Hub, Names, Roadmap
from runner.documents.scanner import Scan, scan
from runner.documents.source import Source, read_source
from runner.expressions.names import is_key, suggestion
from runner.findings import Finding, InputRefused, Place
from runner.safety import bounded_yaml as yaml

COMMON = ("kind", "id", "title", "topic", "date", "lang", "hub", "cites", "define")
KINDS = ("exp", "hub", "roadmap", "protocol")


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

    @property
    def path(self) -> Path:
        """Return where the file stands."""
        return self.source.path

    @property
    def name(self) -> str:
        """Return the file's name below the root."""
        return self.source.name

    @property
    def experiment(self) -> Experiment | None:
        """Return the experiment this document is, if it is one."""
        return self.body if isinstance(self.body, Experiment) else None

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
        return _page(empty, scan(""), lang, _findings(error, Place(empty.name)))
    scanned = scan(source.text)
    if scanned.front is None:
        return _page(source, scanned, lang, ())
    start, end = scanned.front
    try:
        node = yaml.load(source.text[start:end], line=source.place(start).line)
    except yaml.YamlRefused as error:
        place = Place(source.name, error.line, error.column)
        return _page(source, scanned, lang, (Finding("LG201", place, error.message, error.fix),))
    if not isinstance(node, yaml.Mapping) or node.get("kind") is None:
        return _page(source, scanned, lang, ())
    return _keyed(source, scanned, node, plugins, lang)


def _findings(error: InputRefused, place: Place) -> tuple[Finding, ...]:
    return (Finding(error.code or "LG201", error.place or place, error.message, error.fix),)


def _page(source: Source, scanned: Scan, lang: str, findings: tuple[Finding, ...]) -> Document:
    heading = next((heading.text for heading in scanned.headings), source.path.stem)
    topic = _topic(source)
    return Document(source, scanned, "page", "", heading, topic, "", lang, "", Names(), None, findings)


def _keyed(source: Source, scanned: Scan, node: yaml.Mapping, plugins: Plugins, lang: str) -> Document:
    findings: list[Finding] = []
    form = Form(node, source.name, findings)
    kind = form.text("kind")
    body = _body(form, kind, plugins)
    for field in ("id", "title"):
        form.require(field)
    return Document(
        source=source,
        scan=scanned,
        kind=kind if kind in KINDS else "page",
        id=_identity(form, kind),
        title=form.text("title"),
        topic=_checked_topic(form, source),
        date=form.text("date"),
        lang=_language(form, lang),
        hub=form.text("hub"),
        names=Names(_cites(form.form("cites")), _definitions(form.form("define"))),
        body=body,
        findings=tuple(findings),
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
    node = form.mapping.get("kind") or form.mapping
    form.report("LG203", node, f"unknown kind `{kind}`", suggestion(kind, KINDS))
    return None


def _roadmap(form: Form) -> Roadmap:
    phases = form.form("phases")
    return Roadmap(read_judged(form.form("gates")), {key.text: phases.texts(key.text) for key, _ in phases.entries()})


def _identity(form: Form, kind: str) -> str:
    written = form.text("id")
    if kind == "protocol":
        return f"{written}@{form.text('version', '1')}"
    if written and not is_key(written):
        node = form.mapping.get("id") or form.mapping
        form.report("LG203", node, f"id `{written}` is not a key", "start with a capital; use letters, digits, . _ -")
    return written


def _language(form: Form, default: str) -> str:
    lang = form.text("lang", default)
    if lang not in {"en", "zh"}:
        form.report("LG203", form.mapping.get("lang") or form.mapping, f"no labels in `{lang}`", "use en or zh")
        return default
    return lang


def _cites(form: Form) -> dict[str, Cite]:
    cites: dict[str, Cite] = {}
    for alias, key, node in form.named("the alias"):
        text = form.text(alias)
        experiment_id, _, job = text.partition("/")
        if not is_key(experiment_id):
            form.report("LG203", node, f"`{text}` names no experiment", "write EXPERIMENT-ID or EXPERIMENT-ID/job")
            continue
        cites[alias] = Cite(alias, experiment_id, job, form.place(key))
    return cites


def _definitions(form: Form) -> dict[str, Formula]:
    read = ((name, form.formula(node)) for name, _, node in form.named("the definition"))
    return {name: formula for name, formula in read if formula is not None}


def _checked_topic(form: Form, source: Source) -> str:
    folder = _topic(source)
    if form.text("topic", folder) != folder:
        node = form.mapping.get("topic") or form.mapping
        form.report("LG203", node, f"the file stands in the folder of `{folder}`", "move it, or drop `topic:`")
    return folder


def _topic(source: Source) -> str:
    """The folder right under logg/ is the topic."""
    parts = source.name.split("/")
    return parts[1] if len(parts) > 2 else ""  # noqa: PLR2004 - logg/<topic>/file.md
