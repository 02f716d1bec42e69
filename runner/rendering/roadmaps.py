"""A roadmap's work: its MVPs by phase and priority, how far each has come, and what its experiments set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from runner.documents.kinds import Roadmap
from runner.expressions.names import suggestion
from runner.findings import InputRefused
from runner.rendering import configuration, wording
from runner.rendering.cards import Card, card
from runner.rendering.configuration import Configured, Setting
from runner.rendering.desk import Desk
from runner.verdicts.judgements import State

CELLS = 10  # of a bar
FULL, EMPTY = "▰", "▱"
DONE = frozenset({"reported", "retired"})
COLUMNS = {
    "planned": ("planned",),
    "ready": ("ready", "stale", "failed", "damaged"),  # what is to be run, for the first time or again
    "finished": ("finished",),
    "reported": ("reported", "retired"),
}


@dataclass(frozen=True)
class Work:
    """One MVP: where it stands, what gates say about it, and the experiments made for it."""

    key: str
    phase: str
    now: bool  # its phase is the one that is worked on
    priority: str
    status: str
    word: str
    closed: bool
    cards: tuple[Card, ...]
    first: bool  # of its phase

    @property
    def done(self) -> bool:
        """Tell whether nothing is left to do."""
        return self.status in DONE


@dataclass(frozen=True)
class Phase:
    """How far a phase has come; what a gate closed is not counted among what is due."""

    name: str
    now: bool
    done: int
    due: int
    closed: int
    left: tuple[Work, ...]

    @property
    def bar(self) -> str:
        """Return the share that is done as a row of signs."""
        full = CELLS * self.done // self.due if self.due else CELLS
        return FULL * full + EMPTY * (CELLS - full)


@dataclass(frozen=True)
class Ticket:
    """One MVP on a board, with what its column does not say of it."""

    work: Work
    note: str


@dataclass(frozen=True)
class Lane:
    """The work of one priority, by how far it has come."""

    priority: str
    columns: tuple[tuple[Ticket, ...], ...]


@dataclass(frozen=True)
class Setup:
    """What one experiment declares."""

    card: Card
    work: Work
    protocol: str
    settings: tuple[Setting, ...]
    jobs: tuple[Configured, ...]


def works(desk: Desk) -> list[Work]:
    """Return every MVP of the roadmap on the desk, in the order of its phases."""
    phases = _roadmap(desk).phases
    return [_work(key, phase, desk, first=not place) for phase in phases for place, key in enumerate(phases[phase])]


def progress(desk: Desk) -> list[Phase]:
    """Return how far each phase has come."""
    found = works(desk)
    return [_phase(name, [work for work in found if work.phase == name]) for name in _roadmap(desk).phases]


def board(arguments: Mapping[str, Any], desk: Desk) -> list[Lane]:
    """Return the work by priority and by how far it has come; what has no priority comes last."""
    priorities = [*_roadmap(desk).priority, ""]
    only = arguments.get("only")
    chosen = [str(name) for name in only] if isinstance(only, list) else [str(only)] if only else priorities
    for name in chosen:
        if name not in priorities:
            raise InputRefused(f"there is no priority `{name}`", code="LG208", fix=suggestion(name, priorities[:-1]))
    found = works(desk)
    lanes = [_lane(name, [work for work in found if work.priority == name], desk) for name in chosen]
    return [lane for lane in lanes if any(lane.columns)]


def setups(arguments: Mapping[str, Any], desk: Desk) -> list[Setup]:
    """Return what the experiments of one phase declare, or those of all phases."""
    phases = _roadmap(desk).phases
    wanted = str(arguments.get("phase", ""))
    if wanted and wanted not in phases:
        raise InputRefused(f"there is no phase `{wanted}`", code="LG208", fix=suggestion(wanted, phases))
    chosen = (work for work in works(desk) if wanted in {"", work.phase})
    return [setup for work in chosen for one in work.cards if (setup := _setup(one, work, desk)) is not None]


def _roadmap(desk: Desk) -> Roadmap:
    if not isinstance(desk.document.body, Roadmap):
        raise InputRefused("this document is no roadmap", code="LG208", fix="use this block in a roadmap")
    return desk.document.body


def _work(key: str, phase: str, desk: Desk, *, first: bool) -> Work:
    document, knowledge, roadmap = desk.document, desk.knowledge, _roadmap(desk)
    found = knowledge.library.mvp(key, document)
    experiments = found[2] if found else []
    state = State(knowledge.statuses.together(experiments), document, knowledge.judge.effect(key, document))
    return Work(
        key=key,
        phase=phase,
        now=phase == roadmap.now,
        priority=next((name for name, keys in roadmap.priority.items() if key in keys), ""),
        status=state.state,
        word=wording.judgement(state, desk.labels),
        closed=bool(state.effect.closed),
        cards=tuple(card(experiment, desk) for experiment in experiments),
        first=first,
    )


def _phase(name: str, found: list[Work]) -> Phase:
    due = [work for work in found if work.done or not work.closed]
    left = tuple(work for work in due if not work.done)
    now = any(work.now for work in found)
    return Phase(name, now, len(due) - len(left), len(due), len(found) - len(due), left)


def _lane(priority: str, found: list[Work], desk: Desk) -> Lane:
    columns = (tuple(_tickets(found, column, desk)) for column in COLUMNS)
    return Lane(priority, tuple(columns))


def _tickets(found: Iterable[Work], column: str, desk: Desk) -> Iterator[Ticket]:
    for work in found:
        if work.status in COLUMNS[column]:
            said = str(desk.labels["states"][column])
            yield Ticket(work, work.word.removeprefix(said).removeprefix(" · "))


def _setup(one: Card, work: Work, desk: Desk) -> Setup | None:
    document, library = one.document, desk.knowledge.library
    experiment, protocol = document.experiment, library.protocol(document)
    if experiment is None or protocol is None:
        return None
    jobs = configuration.configured(replace(desk, document=document))
    return Setup(one, work, experiment.protocol, tuple(configuration.settings(experiment, protocol)), tuple(jobs))
