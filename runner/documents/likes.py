"""Work out `like`: a job's spec as a copy of another one, from this experiment or from one it cites.

    mlp: {like: oracle, router: {kind: mlp, hidden: 64}}     merged into what `oracle` says, entry by entry
    old: {like: e9.oracle}                                    the spec of another experiment, with its settings

Where the merged map has another `kind`, or another `job`, what is inherited and has no use there is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from runner.contract import Contract
from runner.documents.cites import run_named
from runner.documents.kinds import Value
from runner.documents.sweeps import usual
from runner.expressions.names import suggestion
from runner.expressions.tokens import ExpressionRefused, quantity
from runner.partitions import EDGES
from runner.safety import bounded_yaml as yaml
from runner.shapes import JOB, KIND, Parameter, Shape, divides, opened, record_for, variants

LIKE = "like"
MOST = 20  # copies of copies
Others = Callable[[str], yaml.Mapping | None]  # the front matter of a document, by its id
Step = tuple[str, str]  # an experiment and one of its jobs


class Unlike(Exception):
    """A `like` that leads nowhere: whose it is, where it stands, what is wrong and what to write."""

    def __init__(
        self, owner: Step, node: yaml.Node, why: str, *, fix: str = "", code: str = "LG207", root: str = ""
    ) -> None:
        """Remember all of it, and what was wrong where a copy of copies ends."""
        super().__init__(why)
        self.owner, self.node, self.why, self.fix, self.code = owner, node, why, fix, code
        self.root = root or why


@dataclass(frozen=True, slots=True)
class Spec:
    """What a job says once `like` is worked out, and the settings that were copied with it."""

    entries: yaml.Mapping
    fixed: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Likeness:
    """One experiment's front matter, among those it may copy from."""

    front: yaml.Mapping
    contracts: Mapping[str, Contract]
    others: Others

    @property
    def id(self) -> str:
        """Return the id of the experiment."""
        return _word(self.front.get("id"))

    @cached_property
    def jobs(self) -> dict[str, yaml.Mapping]:
        """Return the specs as they are written, by job."""
        return {name: node for name, node in _entries(self.front, "jobs").items() if isinstance(node, yaml.Mapping)}

    @cached_property
    def words(self) -> dict[str, yaml.Node]:
        """Return the bins of the protocol, by the word for them."""
        protocol = self.others(_word(self.front.get("protocol")))
        return {name: node for name, node in _entries(protocol, "slices").items() if _is_bins(node)} if protocol else {}

    def spec(self, name: str, behind: tuple[Step, ...] = ()) -> Spec:
        """Return a job's spec without `like`, or raise Unlike; `behind` are the jobs that led here."""
        own, me = self.jobs[name], (self.id, name)
        like = own.get(LIKE)
        if like is None:
            return Spec(own)
        if me in behind:
            raise self._circle(behind[behind.index(me) :], like)
        if len(behind) == MOST:
            asked = self._like(behind[0][1]) or like
            message = f"`like` leads through more than {MOST} jobs"
            raise Unlike(behind[0], asked, message, fix="write the job out", code="LG203")
        if not isinstance(like, yaml.Scalar):
            raise Unlike(me, like, "`like` takes the name of one job", fix="write `like: other`", code="LG203")
        base = self.spec(like.text, (*behind, me)) if like.text in self.jobs else self._copied(me, like, behind)
        rest = tuple((key, node) for key, node in own.entries if key.text != LIKE)
        return Spec(self._merged_job(base.entries, replace(own, entries=rest)), base.fixed)

    def _like(self, name: str) -> yaml.Node | None:
        return self.jobs[name].get(LIKE) if name in self.jobs else None

    def _circle(self, steps: tuple[Step, ...], like: yaml.Node) -> Unlike:
        """Refuse a circle on behalf of the first of its jobs in this experiment."""
        own = [name for name in self.jobs if (self.id, name) in steps]
        round_trip = " → ".join(f"`{job}`" for _, job in (*steps, steps[0]))
        owner = (self.id, own[0])
        return Unlike(owner, self._like(own[0]) or like, f"`like` goes round in a circle: {round_trip}")

    def _copied(self, me: Step, like: yaml.Scalar, behind: tuple[Step, ...]) -> Spec:
        """Return the spec of a job of another experiment, standing where it is copied to."""
        there, name = self._elsewhere(me, like)
        try:
            spec = there.spec(name, (*behind, me))
            entries = _worded_out(spec.entries, there.contracts, there.words)
            fixed = {**there.settings(name, spec), **spec.fixed}
        except Unlike as error:
            why = f"`{like.text}` cannot be copied: {error.root}"
            raise Unlike(me, like, why, fix=error.fix, root=error.root) from error
        return Spec(_moved(entries, like), fixed)

    def _elsewhere(self, me: Step, like: yaml.Scalar) -> tuple[Likeness, str]:
        """Return the experiment and the job that `alias.job`, or the alias of a job, stands for."""
        cites = _entries(self.front, "cites")
        alias, _, asked = like.text.partition(".")
        if alias not in cites:
            fix = suggestion(like.text, [*(job for job in self.jobs if job != me[1]), *cites])
            raise Unlike(me, like, f"there is no job `{like.text}` to be like", fix=fix)
        experiment, cited = _cited(_word(cites[alias]))
        front = self.others(experiment)
        there = Likeness(front or yaml.Mapping((), 1, 1), self.contracts, self.others)
        name = asked or cited or (next(iter(there.jobs)) if len(there.jobs) == 1 else "")
        if name not in there.jobs:
            what = f"{experiment} has no job `{name}`" if name else f"{experiment} has {len(there.jobs)} jobs"
            fix = suggestion(like.text, [f"{alias}.{job}" for job in there.jobs])
            raise Unlike(me, like, what if front else f"there is no experiment `{experiment}` to copy from", fix=fix)
        return there, name

    def settings(self, name: str, spec: Spec) -> dict[str, Value]:
        """Return what an experiment sets for one job: axes of the protocol, training rows, seed."""
        inside = list(self._involved(spec.entries))
        protocol = self.others(_word(self.front.get("protocol")))
        axes = _entries(protocol, "axes") if protocol else {}
        found: dict[str, Value] = {axis: self._setting(name, axis, _usual(values)) for axis, values in axes.items()}
        if any(contract is None or contract.uses_train for contract in inside):
            found["train"] = self._setting(name, "train", 0.0)
            found["train_noise"] = self._setting(name, "train_noise", found.get("noise", 0.0))
        if any(contract is None or contract.uses_seed for contract in inside):
            found["seed"] = self._setting(name, "seed", 0.0)
        swept = [axis for axis in _entries(self.front, "sweep") if axis.startswith(f"{name}.")]
        if swept:
            raise self._several(name, swept[0])
        return found

    def _involved(self, entries: yaml.Mapping) -> Iterator[Contract | None]:
        """Yield the contract of a job and of every job inside it, None for one that there is not."""
        yield self.contracts.get(_word(entries.get(JOB)))
        for job in _jobs_inside(entries):
            yield from self._involved(job)

    def _setting(self, name: str, axis: str, default: Value) -> Value:
        node = self.front.get(axis) or _entries(self.front, "sweep").get(axis)
        if node is None:
            return default
        items = node.items if isinstance(node, yaml.Sequence) else (node,)
        value = quantity(_word(items[0])) if len(items) == 1 else None
        if value is None:
            raise self._several(name, axis)
        return value

    def _several(self, name: str, axis: str) -> Unlike:
        why = f"{self.id} has no single `{axis}` for it"
        return Unlike((self.id, name), self.front, why, fix="copy from an experiment without that sweep")

    def _merged_job(self, base: yaml.Mapping, own: yaml.Mapping) -> yaml.Mapping:
        """Merge own entries into an inherited spec of a job."""
        contract = self.contracts.get(_word(own.get(JOB) or base.get(JOB)))
        return self._merged(base, own, contract.parameters if contract else None, JOB)

    def _merged(
        self, base: yaml.Mapping, own: yaml.Mapping, used: Mapping[str, Parameter] | None, tag: str
    ) -> yaml.Mapping:
        """Merge two maps; under another `tag` only what is in use there is inherited."""
        other = own.get(tag) is not None and _word(own.get(tag)) != _word(base.get(tag))
        kept = [(key, node) for key, node in base.entries if not other or used is None or key.text in {*used, tag}]
        entries = {key.text: (key, node) for key, node in kept}
        for key, node in own.entries:
            shape = used[key.text].shape if used and key.text in used else None
            inherited = entries.get(key.text, (key, None))[1]
            entries[key.text] = (key, self._merged_value(inherited, node, shape))
        return replace(own, entries=tuple(entries.values()))

    def _merged_value(self, base: yaml.Node | None, own: yaml.Node, shape: Shape | None) -> yaml.Node:
        """Merge a value into an inherited one; bins are written whole, for their names would not fit other edges."""
        records = variants(shape) if shape else ()
        if shape and divides(shape) and (_is_bins(base) or _is_bins(own)):
            return own
        base, opened_own = (opened(node, records) if node else None for node in (base, own))
        if not isinstance(base, yaml.Mapping) or not isinstance(opened_own, yaml.Mapping):
            return own
        if opened_own.get(JOB) is not None or base.get(JOB) is not None:
            return self._merged_job(base, opened_own)
        record = record_for(_word(opened_own.get(KIND) or base.get(KIND)), records)
        return self._merged(base, opened_own, record.fields if record else None, KIND)


def _cited(written: str) -> tuple[str, str]:
    """Return the experiment and the job an alias stands for; one that cannot be read is reported where it stands."""
    try:
        run = run_named(written)
    except ExpressionRefused:
        run = None
    return written.partition("/")[0], run.name if run else ""


def _entries(front: yaml.Mapping, key: str) -> dict[str, yaml.Node]:
    node = front.get(key)
    return {name.text: value for name, value in node.entries} if isinstance(node, yaml.Mapping) else {}


def _is_bins(node: yaml.Node | None) -> bool:
    """Tell whether a value writes bins out."""
    return isinstance(node, yaml.Mapping) and node.get(EDGES) is not None


def _worded_out(spec: yaml.Mapping, jobs: Mapping[str, Contract], words: Mapping[str, yaml.Node]) -> yaml.Mapping:
    """Return the spec of a job with the bins in the place of the words: another protocol has other bins, or words."""

    def value(node: yaml.Node, shape: Shape) -> yaml.Node:
        if isinstance(node, yaml.Scalar):
            return words.get(node.text, node) if divides(shape) else node
        if isinstance(node, yaml.Sequence):
            inside = next((part.parts[0] for part in (shape, *shape.parts) if part.name == "tuple"), shape)
            return replace(node, items=tuple(value(item, inside) for item in node.items))
        if node.get(JOB) is not None:
            return _worded_out(node, jobs, words)
        records = variants(shape)
        record = record_for(_word(node.get(KIND)), records) or next(iter(records), None)
        return entries(node, record.fields) if record and not _is_bins(node) else node

    def entries(node: yaml.Mapping, used: Mapping[str, Parameter]) -> yaml.Mapping:
        written = (
            (key, value(inner, used[key.text].shape) if key.text in used else inner) for key, inner in node.entries
        )
        return replace(node, entries=tuple(written))

    contract = jobs.get(_word(spec.get(JOB)))
    return entries(spec, contract.parameters) if contract else spec


def _jobs_inside(node: yaml.Node) -> Iterator[yaml.Mapping]:
    """Yield the specs of jobs that stand below a node, the outermost of each branch."""
    below = [value for _, value in node.entries] if isinstance(node, yaml.Mapping) else []
    below += node.items if isinstance(node, yaml.Sequence) else ()
    for inner in below:
        if isinstance(inner, yaml.Mapping) and inner.get(JOB) is not None:
            yield inner
        else:
            yield from _jobs_inside(inner)


def _word(node: yaml.Node | None) -> str:
    return node.text if isinstance(node, yaml.Scalar) else ""


def _usual(values: yaml.Node) -> float:
    """Return the value of a protocol's axis that an experiment need not name."""
    items = values.items if isinstance(values, yaml.Sequence) else (values,)
    return usual(tuple(quantity(_word(item)) or 0.0 for item in items) or (0.0,))


def _moved(mapping: yaml.Mapping, to: yaml.Node) -> yaml.Mapping:
    """Return a map as if all of it stood at another node: it is written in another file."""
    entries = tuple((replace(key, line=to.line, column=to.column), _placed(node, to)) for key, node in mapping.entries)
    return replace(mapping, entries=entries, line=to.line, column=to.column)


def _placed(node: yaml.Node, to: yaml.Node) -> yaml.Node:
    if isinstance(node, yaml.Mapping):
        return _moved(node, to)
    if isinstance(node, yaml.Sequence):
        return yaml.Sequence(tuple(_placed(item, to) for item in node.items), to.line, to.column)
    return replace(node, line=to.line, column=to.column)
