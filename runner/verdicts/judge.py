"""Judge predicates, ladders and keys against the facts, with the probability of each outcome."""

from __future__ import annotations

from dataclasses import replace

from runner.documents.kinds import Alias, Formula, Human, Judged, Ladder, Predicate
from runner.documents.library import judged_of
from runner.documents.reading import Document
from runner.documents.signed import signatures_of
from runner.expressions.names import suggestion
from runner.expressions.syntax import Arithmetic, Comparison, Expression, Negative, Reference, is_predicate, references
from runner.expressions.tokens import ExpressionRefused
from runner.findings import InputRefused
from runner.results.addresses import Definition, resolve
from runner.results.evaluation import Evaluator, Pending
from runner.results.quantities import Quantity
from runner.verdicts.effects import Uses, effect
from runner.verdicts.judgements import (
    Effect,
    Evidence,
    Judgement,
    Outcome,
    State,
    Tally,
    Verdict,
    answered,
    outcome,
    verdict,
)
from runner.verdicts.judgements import rung_names as names_of
from runner.verdicts.statuses import Statuses

CLOSED = "X"  # keys of claims that start with it say why a direction was closed
SANITY = "S"  # keys of expectations that start with it ask whether the run can be trusted
DISTRUSTED = ("fail", "invalid")  # what a sanity check comes to where the run cannot be
DOUBTS = (*DISTRUSTED, "pending", "waiting", "bypassed", "human", "undecided")  # the gravest first
SETTLED = ("pass", "fail", "decided")  # an outcome that doubts about the run take away


class Judge:
    """Judges everything keyed; each judgement is a pure function of documents and results."""

    def __init__(self, evaluator: Evaluator, statuses: Statuses) -> None:
        """Judge with an evaluator and the computed statuses."""
        self.evaluator = evaluator
        self.library = evaluator.library
        self.statuses = statuses
        self._uses = Uses(self.library)

    def key(self, label: str, document: Document, seen: tuple[str, ...] = ()) -> Judgement:
        """Judge what a key stands for in a document."""
        found = self.library.key(label, document)
        if found is not None:
            return self.judged(*found, seen)
        judgement = self._work(label, document) or self._tally(label, document, seen) or self._rung(label, document)
        if judgement is not None:
            return judgement
        known = [*self.library.keys(document.topic), *self.library.ids]
        raise ExpressionRefused(f"unknown key `{label}`", 0, len(label), fix=suggestion(label, known), code="LG207")

    def knows(self, label: str, document: Document) -> bool:
        """Tell whether a key stands for anything."""
        library = self.library
        named = library.key(label, document) or library.find(label) or library.mvp(label, document)
        return bool(named or self.parts(label, document) or self.rung(label, document))

    def judged(self, document: Document, judged: Judged, seen: tuple[str, ...] = ()) -> Judgement:
        """Judge one keyed entry of a document."""
        match judged:
            case Predicate(key=key, formula=formula):
                found = self.predicate(formula, document)
                closed = key.startswith(CLOSED) and document.kind == "hub"
                return replace(found, reopened=closed and found.state == "fails")
            case Ladder():
                return self.ladder(judged, document)
            case Human(key=key):
                decision = signatures_of(document.body).get(key)
                return Verdict("decided" if decision else "human", decision=decision)
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
            return Verdict("pending", reason=error.message, owing=error.document.id)
        except InputRefused as error:
            return Verdict("invalid", reason=error.message)
        return verdict(truth)

    def ladder(self, ladder: Ladder, document: Document, seen: tuple[str, ...] = ()) -> Outcome:
        """Judge a ladder: the share of resamples in which each rung is the first that holds."""
        if ladder.after:
            name = f"{document.name} {ladder.key}"
            if name in seen:
                return Outcome("invalid", ladder.rungs, reason=f"`{ladder.key}` waits for itself")
            turn = self._turn(ladder.after, document, (*seen, name))
            if turn:
                return Outcome(turn, ladder.rungs, after=ladder.after)
        formulas = [rung.formula for rung in ladder.rungs if rung.formula is not None]
        try:
            truths = [self.evaluator.formula(formula, document) for formula in formulas]
        except Pending as error:
            return Outcome("pending", ladder.rungs, reason=error.message, owing=error.document.id)
        except InputRefused as error:
            return Outcome("invalid", ladder.rungs, reason=error.message)
        return _with_decision(outcome(ladder, truths), ladder, document)

    def rung(self, label: str, document: Document) -> tuple[Document, Ladder, str] | None:
        """Return the ladder and the name of a rung such as `Gate-1.2`, if there is one."""
        key, _, name = label.rpartition(".")
        found = self.library.key(key, document) if key else None
        if found is None or not isinstance(found[1], Ladder) or name not in names_of(found[1].rungs):
            return None
        return found[0], found[1], name

    def _turn(self, label: str, document: Document, seen: tuple[str, ...]) -> str:
        """Return waiting or bypassed for what comes after a rung, nothing once that rung is taken."""
        found = self.rung(label, document)
        if found is None:
            return "waiting"
        home, ladder, name = found
        first = self.ladder(ladder, home, seen)
        if first.taken == name:
            return ""
        return "bypassed" if first.taken or first.state == "bypassed" else "waiting"

    def _rung(self, label: str, document: Document) -> Verdict | Outcome | None:
        """Judge whether a rung is the one that is taken."""
        found = self.rung(label, document)
        if found is None:
            return None
        home, ladder, name = found
        whole = self.ladder(ladder, home)
        if whole.after:
            return whole
        share = dict(zip(names_of(ladder.rungs), whole.shares, strict=False)).get(name)
        if whole.sure:
            return Verdict("holds" if whole.taken == name else "fails", share=share, grounds=whole.truth)
        state = {"leaning": "undecided"}.get(whole.state, whole.state)
        return Verdict(state, reason=whole.reason, owing=whole.owing, share=share, grounds=whole.truth)

    def _work(self, label: str, document: Document) -> State | None:
        """Return where a document or an MVP stands."""
        target = self.library.find(label)
        if target is not None:
            return State(self.statuses.of(target), target, self.effect(label, document))
        mvp = self.library.mvp(label, document)
        if mvp is None:
            return None
        roadmap, _, experiments = mvp
        home = experiments[0] if experiments else roadmap
        return State(self.statuses.together(experiments), home, self.effect(label, document))

    def _tally(self, label: str, document: Document, seen: tuple[str, ...]) -> Tally | None:
        """Sum up the parts of a question that has no predicate of its own."""
        parts = self.parts(label, document)
        if not parts:
            return None
        home = self.library.key(parts[0], document)
        judgements = [self.key(part, document, seen) for part in parts]
        return Tally(sum(map(answered, judgements)), len(parts), home[0] if home else document)

    def parts(self, label: str, document: Document) -> list[str]:
        """Return the keys right below a key, `Q1.1` and `Q1.2` of `Q1`, in the order they are stated."""
        topic, colon, key = label.rpartition(":")
        below = [known for known in self.library.keys(topic or document.topic) if known.startswith(f"{key}.")]
        names = (known[len(key) + 1 :].partition(".")[0] for known in below)
        return list(dict.fromkeys(f"{topic}{colon}{key}.{name}" for name in names))

    def effect(self, label: str, document: Document) -> Effect:
        """Return which rungs opened or closed a piece of work, and for which gates it waits."""
        uses = self._uses.of(label, document)
        return effect([(use, self.ladder(use.ladder, use.document)) for use in uses], document.topic)

    def outcome(self, document: Document) -> str:
        """Return what an experiment came to: pass, fail, undecided, pending, human, invalid, or nothing expected.

        The first expectation decides once every sanity check holds. One that fails makes the whole run invalid; one
        that nobody can judge yet leaves the run as open as it is itself.
        """
        expected = judged_of(document) if document.experiment else {}
        came_out = {key: _came_out(self.judged(document, judged)) for key, judged in expected.items()}
        sanity = [state for key, state in came_out.items() if key.startswith(SANITY)]
        doubt = next((state for state in DOUBTS if state in sanity), "")
        if doubt in DISTRUSTED:
            return "invalid"
        first = next((state for key, state in came_out.items() if not key.startswith(SANITY)), "pass" if sanity else "")
        return doubt if doubt and first in SETTLED else first

    def evidence(self, formula: Formula, document: Document) -> Evidence | None:
        """Return what a table shows of a predicate: left minus right of two measured quantities, else its one side."""
        match formula.tree:
            case Comparison(operands=(left, right)) if self._measured(left, right, formula.text, document):
                tree = Arithmetic("-", left, right, formula.tree.start, formula.tree.end)
                text = f"{_factor(left, formula.text, loose=True)} - {_factor(right, formula.text)}"
                return self._shown(text, tree, document, made=True)
        return self.left_side(formula, document)

    def left_side(self, formula: Formula, document: Document) -> Evidence | None:
        """Return the quantity a predicate is about: the first side of its comparison that is no constant."""
        tree, text = formula.tree, formula.text
        if isinstance(tree, Comparison):
            tree = next((part for part in tree.operands if any(references(part))), tree.operands[0])
            text = formula.text[tree.start : tree.end]
        return None if is_predicate(tree) else self._shown(text, tree, document)

    def _shown(self, text: str, tree: Expression, document: Document, *, made: bool = False) -> Evidence | None:
        quantity = self._quantity(text, tree, document)
        if quantity is None:
            return None
        return Evidence(text, quantity, self._is_difference(tree, document), made)

    def _measured(self, left: Expression, right: Expression, text: str, document: Document) -> bool:
        """Tell whether both sides rest on facts."""
        sides = (self._quantity(text[side.start : side.end], side, document) for side in (left, right))
        return all(side is not None and side.facts and not side.choices for side in sides)

    def _quantity(self, text: str, tree: Expression, document: Document) -> Quantity | None:
        try:
            return self.evaluator.expression(text, tree, document)
        except (InputRefused, Pending):
            return None

    def _is_difference(self, tree: Expression, document: Document) -> bool:
        if isinstance(tree, Reference):
            meaning = resolve(tree, document, self.library)
            return isinstance(meaning, Definition) and self._is_difference(meaning.formula.tree, meaning.document)
        return isinstance(tree, Arithmetic) and tree.operator == "-"


def _factor(tree: Expression, text: str, *, loose: bool = False) -> str:
    """Return a side of a comparison as it stands beside a minus: a sum behind it in parentheses."""
    written = text[tree.start : tree.end]
    summed = isinstance(tree, Arithmetic) and tree.operator in "+-"
    return f"({written})" if not loose and (summed or isinstance(tree, Negative)) else written


def _with_decision(found: Outcome, ladder: Ladder, document: Document) -> Outcome:
    """Add what a person decided where the rung that leads leaves it to one."""
    if not ladder.rungs[found.leading].human:
        return found
    decision = signatures_of(document.body).get(ladder.key)
    mine = decision is not None and decision.verdict == f"{ladder.key}.{names_of(ladder.rungs)[found.leading]}"
    return replace(found, decision=decision if mine else None)


def _came_out(judgement: Judgement) -> str:
    match judgement:
        case Verdict(state="holds") | Outcome(state="taken", leading=0):
            return "pass"
        case Verdict(state="fails") | Outcome(state="taken"):
            return "fail"
        case Outcome(state="leaning"):
            return "undecided"
        case State() | Tally():
            return "pass" if answered(judgement) else "pending"
        case _:
            return judgement.state
