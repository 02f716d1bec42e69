"""What judging can come to: a verdict, the rung of a ladder, the state of work, a count of answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.documents.kinds import Ladder, Rung, Signature
from runner.documents.reading import Document
from runner.results.quantities import Quantity, joined

SURE = 0.975
ANSWERED = frozenset({"holds", "fails", "decided", "taken", "finished", "reported"})
ELSE = "else"


@dataclass(frozen=True)
class Evidence:
    """The quantity a predicate is about, and how the document spells it."""

    text: str
    quantity: Quantity
    difference: bool = False  # what is said of it is its sign
    made: bool = False  # the document does not spell it: left minus right of a comparison


@dataclass(frozen=True)
class Effect:
    """What gates do to a piece of work: the rungs that opened or closed it, the gates it waits for."""

    opened: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()

    @property
    def conflict(self) -> bool:
        """Tell whether it is opened and closed at once."""
        return bool(self.opened and self.closed)


@dataclass(frozen=True)
class Verdict:
    """A predicate judged: holds, fails, undecided, pending, invalid; or a question: human, decided."""

    state: str
    truth: Quantity | None = None
    reason: str = ""
    owing: str = ""  # of one that is pending: the experiment that has no result yet
    decision: Signature | None = None
    share: float | None = None  # of a rung, which has no truth of its own
    grounds: Quantity | None = None  # of a rung: what its ladder rests on
    reopened: bool = False  # of a closed direction: what closed it no longer holds

    @property
    def probability(self) -> float | None:
        """Return the share of resamples in which the predicate holds."""
        return self.truth.probability if self.truth else self.share

    @property
    def holds_now(self) -> bool | None:
        """Tell whether the predicate is true of the values themselves; None when nobody knows."""
        return bool(self.truth.values[0]) if self.truth else None


@dataclass(frozen=True)
class Outcome:
    """A ladder judged: the probability of each rung, and the one that leads."""

    state: str  # taken, leaning, undecided, pending, waiting, bypassed, invalid
    rungs: tuple[Rung, ...]
    leading: int = -1  # the rung that leads: likeliest, or that of the values where nothing was resampled
    shares: tuple[float, ...] = ()
    truth: Quantity | None = None  # that this rung is the first that holds, with all it rests on
    reason: str = ""
    owing: str = ""
    after: str = ""  # of one that waits, or waits no longer: the rung that must be taken first
    decision: Signature | None = None  # where the rung leaves it to a person

    @property
    def sure(self) -> bool:
        """Tell whether the resamples settle the rung."""
        return self.state == "taken"

    @property
    def taken(self) -> str:
        """Return the name of the rung that is taken, 1, 2 or else; nothing while none is."""
        return rung_names(self.rungs)[self.leading] if self.sure else ""


@dataclass(frozen=True)
class State:
    """Where a document or an MVP stands, and what gates say about it."""

    state: str
    document: Document
    effect: Effect = Effect()


@dataclass(frozen=True)
class Tally:
    """A question without a predicate: how many of its parts are answered."""

    answered: int
    total: int
    document: Document

    @property
    def state(self) -> str:
        """Return answered when every part is, else open."""
        return "answered" if self.answered == self.total else "open"


Judgement = Verdict | Outcome | State | Tally


def rung_names(rungs: tuple[Rung, ...]) -> list[str]:
    """Return how the rungs of a ladder are called after its key: 1, 2, else."""
    return [str(number) if rung.formula is not None else ELSE for number, rung in enumerate(rungs, 1)]


def answered(judgement: Judgement) -> bool:
    """Tell whether a question that comes to this is answered."""
    return judgement.state in ANSWERED or judgement.state == "answered"


def verdict(truth: Quantity) -> Verdict:
    """Return the verdict on a predicate that has been evaluated."""
    return Verdict(_state(truth), truth)


def _state(truth: Quantity) -> str:
    if len(truth.values) == 1 and not truth.open:
        return "holds" if truth.values[0] else "fails"
    probability = truth.probability
    if probability is None or 1 - SURE < probability < SURE:
        return "undecided"
    return "holds" if probability >= SURE else "fails"


def outcome(ladder: Ladder, truths: list[Quantity]) -> Outcome:
    """Return which rung is the first that holds: of the values, and in which share of the resamples."""
    resamples = max((len(truth.values) for truth in truths), default=1)
    open_ = np.ones(resamples, dtype=bool)
    taken, unclear = [], False
    for truth in truths:
        unclear = unclear or (truth.open and bool(open_.any()))
        taken.append(open_ & truth.values.astype(bool))
        open_ = open_ & ~taken[-1]
    taken.append(open_)
    now = next(index for index, here in enumerate(taken) if here[0])
    if resamples == 1 and not unclear:
        return Outcome("taken", ladder.rungs, now, truth=_behind(now, ladder, truths, taken))
    if unclear or not all(truth.enough for truth in truths if not truth.open):
        return Outcome("undecided", ladder.rungs, now, truth=_behind(now, ladder, truths, taken))
    shares = tuple(float(here[1:].mean()) for here in taken)
    state, leading = "taken" if max(shares) >= (ladder.sure or SURE) else "leaning", int(np.argmax(shares))
    return Outcome(state, ladder.rungs, leading, shares, _behind(leading, ladder, truths, taken))


def _behind(leading: int, ladder: Ladder, truths: list[Quantity], taken: list[np.ndarray]) -> Quantity | None:
    """Return what a rung rests on: its own predicate first, then those before it, which had to fail."""
    first = ladder.rungs[0].formula
    if first is None:
        return None
    parts = [*truths[leading : leading + 1], *truths[:leading]]
    return joined(first.tree, parts, taken[leading], "", loose=True)
