"""Read one file as a document: its front matter by kind, its citations and blocks by scanning."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from runner.contract import Contract
from runner.documents import experiment, protocol
from runner.documents.agreements import agreement
from runner.documents.cites import read_cites
from runner.documents.form import Form
from runner.documents.judged import read_judged
from runner.documents.kinds import Body, Experiment, Formula, Hub, Names, Protocol, Roadmap
from runner.documents.likes import Others
from runner.documents.scanner import Scan, scan
from runner.documents.signed import read_signed
from runner.documents.source import Source, read_source
from runner.documents.sweeps import UNSIGNED
from runner.expressions.names import is_key, is_protocol_id, suggestion
from runner.expressions.parse import ALONE
from runner.expressions.syntax import Call, is_predicate
from runner.findings import Finding, InputRefused, Place
from runner.safety import bounded_yaml as yaml

COMMON = ("kind", "id", "title", "topic", "date", "lang", "hub", "cites", "define")
HUB = ("claims", "signed", "protocol")
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

    @property
    def jobless(self) -> bool:
        """Tell whether this is an experiment that declares no job yet: planned, with nothing to run."""
        return self.readable and self.experiment is not None and not self.experiment.jobs

    def full_key(self, label: str) -> str:
        """Return a key as other topics write it: with its topic, which is this one's unless it says another."""
        return label if ":" in label else f"{self.topic}:{label}"

    def place(self, key: str) -> Place:
        """Return where a field of the front matter stands, or the start of the file."""
        return self.places.get(key, self.source.place(0))

    @property
    def readable(self) -> bool:
        """Tell whether the front matter can be relied on."""
        return not self.findings


@dataclass(frozen=True)
class Draft:
    """A file scanned, its front matter parsed and not yet understood."""

    source: Source
    scan: Scan
    front: yaml.Mapping | None
    findings: tuple[Finding, ...] = ()

    @property
    def identity(self) -> str:
        """Return the id that stands in the front matter, a protocol's with its version."""
        return _written_identity(self.front) if self.front is not None else ""


def read_draft(path: Path, root: Path) -> Draft:
    """Read one file; what is wrong with it is among its findings, never an exception."""
    try:
        source = read_source(path, root)
    except InputRefused as error:
        empty = Source(path, path.relative_to(root).as_posix(), b"", "")
        finding = Finding(error.code, error.place or Place(empty.name), error.message, error.fix)
        return Draft(empty, scan(""), None, (finding,))
    scanned = scan(source.text)
    if scanned.front is None:
        return Draft(source, scanned, None)
    start, end = scanned.front
    try:
        node = yaml.load(source.text[start:end], line=source.place(start).line)
    except yaml.YamlRefused as error:
        place = Place(source.name, error.line, error.column)
        return Draft(source, scanned, None, (Finding("LG201", place, error.message, error.fix),))
    ours = isinstance(node, yaml.Mapping) and {"kind", "id"}.intersection(node.keys())
    return Draft(source, scanned, node if ours and isinstance(node, yaml.Mapping) else None)


def understood(draft: Draft, plugins: Plugins, lang: str, others: Others) -> Document:
    """Return the document a draft is; `others` knows the front matters of all of them."""
    if draft.front is None:
        return _page(draft.source, draft.scan, lang, draft.findings)
    return _keyed(draft, plugins, lang, others)


def _written_identity(front: yaml.Mapping) -> str:
    scalars = ((name, front.get(name)) for name in ("id", "kind", "version"))
    written = {name: node.text for name, node in scalars if isinstance(node, yaml.Scalar)}
    identity = written.get("id", "")
    return f"{identity}@{written.get('version', '1')}" if written.get("kind") == "protocol" else identity


def _page(source: Source, scanned: Scan, lang: str, findings: tuple[Finding, ...]) -> Document:
    heading = next((heading.text for heading in scanned.headings), source.path.stem)
    topic = _topic(source)
    return Document(source, scanned, "page", "", heading, topic, "", lang, "", Names(), None, findings)


def _keyed(draft: Draft, plugins: Plugins, lang: str, others: Others) -> Document:
    source, node = draft.source, draft.front or yaml.Mapping((), 1, 1)
    findings: list[Finding] = []
    form = Form(node, source.name, findings)
    for key in ("kind", "id", "title"):
        form.require(key)
    kind = form.text("kind")
    body = _body(form, kind, plugins, others)
    return Document(
        source=source,
        scan=draft.scan,
        kind=kind if kind in KINDS else "page",
        id=_identity(form, body),
        title=form.text("title"),
        topic=_checked_topic(form, source),
        date=_date(form),
        lang=_language(form, lang),
        hub=form.text("hub"),
        names=Names(read_cites(form.form("cites")), _definitions(form.form("define"))),
        body=body,
        findings=tuple(findings),
        places={key.text: form.place(key) for key, _ in node.entries},
    )


def _body(form: Form, kind: str, plugins: Plugins, others: Others) -> Body | None:
    axes = experiment.axes_of(form, others)
    match kind:
        case "exp":
            form.only((*COMMON, *experiment.FIELDS, *axes))
            return experiment.read_experiment(
                form, plugins.jobs, others, agreement(form.mapping, plugins.sources, others)
            )
        case "protocol":
            form.only((*COMMON, *protocol.FIELDS))
            return protocol.read_protocol(form, plugins.sources, {*COMMON, *experiment.FIELDS, *HUB})
        case "hub":
            form.only((*COMMON, *HUB, *axes))
            return _hub(form, axes)
        case "roadmap":
            form.only((*COMMON, "gates", "phases", "now", "priority", "signed"))
            return _roadmap(form)
    if kind:
        form.report("LG203", form.node("kind"), f"unknown kind `{kind}`", suggestion(kind, KINDS))
    return None


def _hub(form: Form, axes: tuple[str, ...]) -> Hub:
    usual = {axis: form.number(axis, signed=axis not in UNSIGNED) for axis in axes if form.given(axis) is not None}
    return Hub(read_judged(form.form("claims")), read_signed(form), form.text("protocol"), usual)


def _roadmap(form: Form) -> Roadmap:
    planned_in = form.form("phases")
    phases, priority = _lists(planned_in), _lists(form.form("priority"))
    _check_phases(planned_in)
    now = form.text("now")
    if now and now not in phases:
        form.report("LG207", form.node("now"), f"there is no phase `{now}`", suggestion(now, phases))
    planned = {key for keys in phases.values() for key in keys}
    for key in (key for keys in priority.values() for key in keys if key not in planned):
        form.report("LG207", form.node("priority"), f"no phase has `{key}`", suggestion(key, planned))
    return Roadmap(read_judged(form.form("gates")), phases, now, priority, read_signed(form))


def _check_phases(form: Form) -> None:
    """Report what cannot be the key of an MVP, and keys that stand twice, whatever their case."""
    seen: set[str] = set()
    for _, node in form.mapping.entries:
        items = node.items if isinstance(node, yaml.Sequence) else (node,)
        for item in (item for item in items if isinstance(item, yaml.Scalar) and item.text):
            if not is_key(item.text) or ":" in item.text:
                fix = "start with a capital; use letters, digits, . _ -"
                form.report("LG203", item, f"`{item.text}` is no key of an MVP", fix)
            elif item.text.casefold() in seen:
                form.report("LG206", item, f"MVP `{item.text}` stands in `phases:` twice", "plan it once")
            seen.add(item.text.casefold())


def _lists(form: Form) -> dict[str, tuple[str, ...]]:
    return {key.text: form.texts(key.text) for key, _ in form.mapping.entries}


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


def _definitions(form: Form) -> dict[str, Formula]:
    read = ((key.text, node, form.formula(node)) for key, node in form.named("the definition"))
    found = ((name, node, formula) for name, node, formula in read if formula is not None)
    return {name: formula for name, node, formula in found if _names_quantity(form, node, formula)}


def _names_quantity(form: Form, node: yaml.Node, formula: Formula) -> bool:
    """Tell whether a definition is a number that others can be made of; what is true or false is a claim."""
    if is_predicate(formula.tree):
        message, fix = "a definition names a quantity, this is a predicate", "state it under expect: or claims:"
    elif isinstance(formula.tree, Call) and formula.tree.function in ALONE:
        name = formula.tree.function
        message, fix = f"`{name}()` {ALONE[name]}, a definition names a quantity", "cite it where it stands"
    else:
        return True
    form.report("LG304", node, message, fix)
    return False


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
