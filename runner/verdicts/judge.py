"""Judge predicates, ladders and keys against the facts, with the probability of each outcome."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.documents.kinds import Alias, Formula, Human, Judged, Ladder, Predicate, Rung
from runner.documents.reading import Document
from runner.expressions.names import suggestion
from runner.expressions.syntax import Arithmetic, Comparison, Expression, Reference, is_predicate, references
from runner.expressions.tokens import ExpressionRefused
from runner.findings import InputRefused
from runner.results.addresses import Definition, resolve
from runner.results.evaluation import Evaluator, Pending, Quantity
from runner.verdicts.statuses import Statuses

SURE = 0.975


@dataclass(frozen=True)
class Verdict:
    """A predicate judged: holds, fails, undecided, pending, invalid or human."""

    state: str
    truth: Quantity | None = None
    reason: str = ""

    @property
    def probability(self) -> float | None:
        """Return the share of resamples in which the predicate holds."""
        return self.truth.probability if self.truth else None

    @property
    def holds_now(self) -> bool | None:
        """Tell whether the predicate is true of the values themselves; None when nobody knows."""
        return bool(self.truth.values[0]) if self.truth else None


@dataclass(frozen=True)
class Outcome:
    """A ladder judged: the probability of each rung, and the one that leads."""

    state: str  # taken, leaning, undecided, pending, invalid
    rungs: tuple[Rung, ...]
    leading: int = -1  # the rung that leads: likeliest, or that of the values where nothing was resampled
    shares: tuple[float, ...] = ()
    truth: Quantity | None = None
    reason: str = ""

    @property
    def sure(self) -> bool:
        """Tell whether the resamples settle the rung."""
        return self.state == "taken"


@dataclass(frozen=True)
class Evidence:
    """The quantity a predicate is about, and how the document spells it."""

    text: str
    quantity: Quantity
    difference: bool = False  # what is said of it is its sign


@dataclass(frozen=True)
class State:
    """Where a document or an MVP stands: planned, ready, reported, stale or failed."""

    state: str
    document: Document


Judgement = Verdict | Outcome | State


class Judge:
    """Judges everything keyed; each judgement is a pure function of documents and results."""

    def __init__(self, evaluator: Evaluator, statuses: Statuses) -> None:
        """Judge with an evaluator and the computed statuses."""
        self.evaluator = evaluator
        self.library = evaluator.library
        self.statuses = statuses

    def key(self, label: str, document: Document, seen: tuple[str, ...] = ()) -> Judgement:
        """Judge what a key stands for in a document."""
        found = self.library.key(label, document)
        if found is not None:
            return self.judged(*found, seen)
        target = self.library.find(label)
        if target is not None:
            return State(self.statuses.of(target), target)
        mvp = self.library.mvp(label, document)
        if mvp is not None:
            roadmap, _, experiments = mvp
            return State(self.statuses.together(experiments), experiments[0] if experiments else roadmap)
        known = [*self.library.keys(document.topic), *self.library.ids]
        raise ExpressionRefused(f"unknown key `{label}`", 0, len(label), fix=suggestion(label, known), code="LG207")

    def judged(self, document: Document, judged: Judged, seen: tuple[str, ...] = ()) -> Judgement:
        """Judge one keyed entry of a document."""
        match judged:
            case Predicate(formula=formula):
                return self.predicate(formula, document)
            case Ladder():
                return self.ladder(judged, document)
            case Human():
                return Verdict("human")
            case Alias(key=key, target=target):
                name = f"{document.name} {key}"
                if name in seen:
                    return Verdict("invalid", reason=f"`{key}` stands for itself")
                try:
                    return self.key(target, document, (*seen, name))
                except InputRefused as error:
                    return Verdict("invalid", reason=error.message)

    def predicate(self, formula: Formula, document: Document) -> Verdict:
        """Judge a predicate: holds at 97.5 %, fails at 2.5 %, undecided between."""
        try:
            truth = self.evaluator.formula(formula, document)
        except Pending as error:
            return Verdict("pending", reason=error.message)
        except InputRefused as error:
            return Verdict("invalid", reason=error.message)
        return verdict(truth)

    def ladder(self, ladder: Ladder, document: Document) -> Outcome:
        """Judge a ladder: the share of resamples in which each rung is the first that holds."""
        formulas = [rung.formula for rung in ladder.rungs if rung.formula is not None]
        try:
            truths = [self.evaluator.formula(formula, document) for formula in formulas]
        except Pending as error:
            return Outcome("pending", ladder.rungs, reason=error.message)
        except InputRefused as error:
            return Outcome("invalid", ladder.rungs, reason=error.message)
        return _outcome(ladder, truths)

    def evidence(self, formula: Formula, document: Document) -> Evidence | None:
        """Return the quantity a predicate is about: the first side of its comparison that is no constant."""
        tree, text = formula.tree, formula.text
        if isinstance(tree, Comparison):
            tree = next((part for part in tree.operands if any(references(part))), tree.operands[0])
            text = formula.text[tree.start : tree.end]
        if is_predicate(tree):
            return None
        try:
            quantity = self.evaluator.expression(text, tree, document)
        except (InputRefused, Pending):
            return None
        return Evidence(text, quantity, self._is_difference(tree, document))

    def _is_difference(self, tree: Expression, document: Document) -> bool:
        if isinstance(tree, Reference):
            meaning = resolve(tree, document, self.library)
            return isinstance(meaning, Definition) and self._is_difference(meaning.formula.tree, meaning.document)
        return isinstance(tree, Arithmetic) and tree.operator == "-"


def verdict(truth: Quantity) -> Verdict:
    """Return the verdict on a predicate that has been evaluated."""
    return Verdict(_state(truth), truth)


def _state(truth: Quantity) -> str:
    if len(truth.values) == 1:
        return "holds" if truth.values[0] else "fails"
    probability = truth.probability
    if probability is None or 1 - SURE < probability < SURE:
        return "undecided"
    return "holds" if probability >= SURE else "fails"


def _outcome(ladder: Ladder, truths: list[Quantity]) -> Outcome:
    """Return which rung is the first that holds: of the values, and in which share of the resamples."""
    resamples = max((len(truth.values) for truth in truths), default=1)
    open_ = np.ones(resamples, dtype=bool)
    taken = []
    for truth in truths:
        taken.append(open_ & truth.values.astype(bool))
        open_ = open_ & ~taken[-1]
    taken.append(open_)
    now = next(index for index, here in enumerate(taken) if here[0])
    evidence = truths[0] if truths else None
    if resamples == 1:
        return Outcome("taken", ladder.rungs, now, truth=evidence)
    if not all(truth.enough for truth in truths):
        return Outcome("undecided", ladder.rungs, now, truth=evidence)
    shares = tuple(float(here[1:].mean()) for here in taken)
    state = "taken" if max(shares) >= SURE else "leaning"
    return Outcome(state, ladder.rungs, int(np.argmax(shares)), shares, evidence)
