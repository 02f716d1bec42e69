"""The four kinds of document with front matter, and the pieces they are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runner.expressions.syntax import Expression, Segment
from runner.findings import Place
from runner.partitions import Partition as Bins

Value = float | str  # of an axis


@dataclass(frozen=True, slots=True)
class Formula:
    """An expression as written, its tree, and where it stands."""

    text: str
    tree: Expression
    place: Place


@dataclass(frozen=True, slots=True)
class Predicate:
    """A keyed comparison: a claim, an expectation or a definition of success."""

    key: str
    formula: Formula
    place: Place


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a ladder; without a predicate it is the `else`, and `human` leaves it to a person."""

    formula: Formula | None
    do: str
    opens: tuple[str, ...] = ()
    closes: tuple[str, ...] = ()
    human: bool = False
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Ladder:
    """Predicates in order with consequences; the first that holds wins."""

    key: str
    rungs: tuple[Rung, ...]
    place: Place
    after: str = ""  # the rung of another gate that must be taken first
    sure: float = 0.0  # the probability from which a rung counts as taken; 0 leaves it to the engine


@dataclass(frozen=True, slots=True)
class Human:
    """A question that a person decides."""

    key: str
    place: Place


@dataclass(frozen=True, slots=True)
class Alias:
    """A key that stands for another key: the same claim under another heading."""

    key: str
    target: str
    place: Place


Judged = Predicate | Ladder | Human | Alias


@dataclass(frozen=True, slots=True)
class Job:
    """One computation an experiment declares, its parameters resolved."""

    name: str
    job: str
    version: int
    code: str
    params: Mapping[str, Any]
    place: Place
    axes: tuple[str, ...] = ()  # the swept axes it expands over, in the order of their names
    fixed: Mapping[str, Value] = field(default_factory=dict)  # settings copied from elsewhere with its spec
    needs: tuple[str, ...] = ()  # the jobs of this experiment whose predictions it is given


@dataclass(frozen=True, slots=True)
class Axis:
    """What a sweep varies: training rows, seeds, an axis of the protocol, or one parameter of one job."""

    name: str
    values: tuple[Value, ...]
    place: Place
    job: str = ""  # of a parameter: whose it is,
    path: tuple[str, ...] = ()  # and where it stands among that job's parameters


@dataclass(frozen=True, slots=True)
class Published:
    """What a source says: values by address, on rows that are not ours unless `same`."""

    source: str
    population: str
    values: Mapping[str, Stated] = field(hash=False)
    place: Place
    why: str = ""  # of what was withdrawn


@dataclass(frozen=True, slots=True)
class Stated:
    """A value as a source gives it, with the interval it gives, if any."""

    value: float
    interval: tuple[float, float] | None = None
    written: tuple[str, ...] = field(default=(), compare=False)  # the value and its interval, as they stand there


@dataclass(frozen=True, slots=True)
class Retired:
    """Why an experiment no longer counts, and what took its place."""

    by: str
    why: str
    place: Place


@dataclass(frozen=True, slots=True)
class Signature:
    """What a person read and accepted: the verdict, the fingerprint of wording and digits, the day."""

    key: str
    verdict: str
    fingerprint: str
    date: str
    place: Place
    words: str = ""  # what the person decided


@dataclass(frozen=True, slots=True)
class Cite:
    """What an alias stands for: an experiment, or one of its jobs."""

    alias: str
    experiment: str
    job: str  # as written, with its point
    place: Place
    run: Segment | None = None  # the same, read


@dataclass(frozen=True, slots=True)
class Names:
    """What a document may call things: aliases of other experiments, and its own definitions."""

    cites: Mapping[str, Cite] = field(default_factory=dict)
    define: Mapping[str, Formula] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Experiment:
    """What to run and what would count as success."""

    protocol: str
    axes: Mapping[str, float]  # axes of the protocol that have one value here
    train: int
    train_noise: float | None  # of the rows it learns from and chooses on; None: as the rows it is scored on
    sweep: Mapping[str, Axis]
    jobs: Mapping[str, Job]
    expect: Mapping[str, Judged]
    mvp: str
    published: tuple[Published, ...] = ()
    withdrawn: tuple[Published, ...] = ()
    retired: Retired | None = None


@dataclass(frozen=True, slots=True)
class Hub:
    """What we know: claims by key, what a person signed, and the rows its numbers usually stand on."""

    claims: Mapping[str, Judged]
    signed: Mapping[str, Signature] = field(default_factory=dict)
    protocol: str = ""
    axes: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Roadmap:
    """What we run next: gates, phases of MVPs, priorities."""

    gates: Mapping[str, Judged]
    phases: Mapping[str, tuple[str, ...]]
    now: str = ""
    priority: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    signed: Mapping[str, Signature] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Partition:
    """Slices that divide the rows between them, by name or by the values of one column."""

    name: str
    parts: tuple[str, ...]  # the names of its slices, as the result file spells them
    shown: tuple[str, ...]  # what a page calls them
    edges: tuple[float, ...] = ()  # of parts that are found by value
    bins: Bins | None = None  # what its slices are written out from


@dataclass(frozen=True, slots=True)
class Protocol:
    """A frozen agreement on rows, axes, metrics and slices."""

    version: int
    source: str
    options: Mapping[str, Any]
    columns: Mapping[str, str]
    generated: bool  # the source makes its rows, so its definition is their identity
    val: int
    test: int
    seed: int
    axes: Mapping[str, tuple[float, ...]]
    target: str
    metrics: tuple[str, ...]
    slices: Mapping[str, Formula]
    partitions: Mapping[str, Partition] = field(default_factory=dict)
    grid: bool = False  # the test rows are a regular grid: a census, its facts are constants
    variance: float | None = None  # of the target, that bounds are compared with; None: that of the very rows
    replaces: str = ""

    @property
    def unit(self) -> str:
        """Return the unit of the target."""
        return self.columns.get(self.target, "")


Body = Experiment | Hub | Roadmap | Protocol
