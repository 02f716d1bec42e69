"""The four kinds of document with front matter, and the pieces they are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runner.expressions.syntax import Expression
from runner.findings import Place


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
    """One step of a ladder; without a predicate it is the `else`."""

    formula: Formula | None
    do: str
    opens: tuple[str, ...] = ()
    closes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ladder:
    """Predicates in order with consequences; the first that holds wins."""

    key: str
    rungs: tuple[Rung, ...]
    place: Place


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
    uses_val: bool
    params: Mapping[str, Any]
    place: Place


@dataclass(frozen=True, slots=True)
class Cite:
    """What an alias stands for: an experiment, or one of its jobs."""

    alias: str
    experiment: str
    job: str
    place: Place


@dataclass(frozen=True, slots=True)
class Names:
    """What a document may call things: aliases of other experiments, and its own definitions."""

    cites: Mapping[str, Cite] = field(default_factory=dict)
    define: Mapping[str, Formula] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Experiment:
    """What to run and what would count as success."""

    protocol: str
    noise: float
    train: int
    jobs: Mapping[str, Job]
    expect: Mapping[str, Judged]
    mvp: str


@dataclass(frozen=True, slots=True)
class Hub:
    """What we know: claims by key."""

    claims: Mapping[str, Judged]


@dataclass(frozen=True, slots=True)
class Roadmap:
    """What we run next: gates, phases of MVPs, priorities."""

    gates: Mapping[str, Judged]
    phases: Mapping[str, tuple[str, ...]]


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
    noise: tuple[float, ...]
    target: str
    metrics: tuple[str, ...]
    slices: Mapping[str, Formula]

    @property
    def unit(self) -> str:
        """Return the unit of the target."""
        return self.columns.get(self.target, "")


Body = Experiment | Hub | Roadmap | Protocol
