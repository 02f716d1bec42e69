"""Questions: what a person decides, what sums up its parts, and what is said of a rung."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runner.rendering import templates, wording
from runner.verdicts.judgements import Tally, Verdict
from runner.verdicts.knowledge import Knowledge
from tests import knowledge
from tests.knowledge import EXPERIMENT, HUB, file, guess, toy

CLAIMS = """
  Q1.1: toy.gain > 0
  Q1.2: human
  Q1.3: human
  Q1.4.1: toy.gain > 9
  Q1.4.2: K1
  Q2: toy.gain > 0
  Q2.1: human
  Q3.1: Q3
  Q4.1: new.gain > 0
  Q4.2: TOY-1
  Q4.3: MVP-2
  P1: Q1
  X1: toy.gain > 9
  X2: toy.gain > 0
  Gate-1:
    toy.gain > 0: go
    else: human
  Gate-2:
    toy.gain > 9: {do: go, opens: [MVP-2]}
    else: human
  Gate-3:
    toy.gain > 9: human
    else: human
signed:
  Q1.2: decided 5be1c07a 2026-01-28 the strong one
  Q9: decided 5be1c07a 2026-01-28
  Gate-2: Gate-2.else 5be1c07a 2026-01-29 ask again
  Gate-3: Gate-3.1 5be1c07a 2026-01-29 celebrate
"""
ROADMAP = """---
kind: roadmap
id: TOY-plan
title: Toy plan
phases:
  1: [MVP-1, MVP-2]
gates:
  G1: human
---
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """One experiment with a result and one without, a roadmap, and a hub with questions."""
    root = toy(tmp_path_factory.mktemp("questions"))
    hub = HUB.replace("  toy: TOY-1", "  toy: TOY-1\n  new: TOY-2").replace(
        "  K1: toy.gain > 0", f"  K1: toy.gain > 0{CLAIMS.rstrip()}"
    )
    new = EXPERIMENT.replace("TOY-1", "TOY-2").replace("date: 2026-01-02", "date: 2026-01-02\nmvp: MVP-2")
    knowledge.write(root, {"toy/toy-hub.md": hub, "toy/exp/new.md": new, "toy/plan.md": ROADMAP})
    return file(root, "TOY-1", {"weak": guess(root, 2), "strong": guess(root, 1, seed=2)})


def of(label: str, base: Knowledge, identity: str = "TOY-hub") -> Any:
    """Judge a key as a document writes it."""
    return base.judge.key(label, base.library.named(identity))


@pytest.mark.parametrize(
    ("key", "answered", "total"),
    [("Q1", 3, 4), ("P1", 3, 4), ("toy:Q1", 3, 4), ("Q1.4", 2, 2), ("Q4", 1, 3)],
)
def test_a_question_without_a_predicate_sums_up_its_parts(key: str, answered: int, total: int, base: Knowledge) -> None:
    """Answered is what holds or fails, was decided or reported; parts may have parts of their own."""
    tally = of(key, base)

    assert (tally.answered, tally.total) == (answered, total)
    assert tally.document.id == "TOY-hub"
    assert tally.state == ("answered" if answered == total else "open")


def test_a_question_with_a_predicate_keeps_it(base: Knowledge) -> None:
    """Its parts are questions of their own."""
    assert of("Q2", base).state == "holds"


def test_a_question_that_rests_on_itself_is_open(base: Knowledge) -> None:
    """A part that stands for the whole ends in a verdict, not in a traceback."""
    assert of("Q3", base) == Tally(0, 1, base.library.named("TOY-hub"))


@pytest.mark.parametrize("identity", ["TOY-1", "TOY-plan"])
def test_a_question_is_known_in_its_topic(identity: str, base: Knowledge) -> None:
    """Any document of the topic may cite it."""
    assert of("Q1", base, identity).total == 4


def test_a_person_decides_by_signing(base: Knowledge) -> None:
    """The signature holds the day and the words; without one the question stays open."""
    decided, open_ = of("Q1.2", base), of("Q1.3", base)

    assert (decided.state, decided.decision.date, decided.decision.words) == ("decided", "2026-01-28", "the strong one")
    assert open_ == Verdict("human")


def test_a_rung_may_leave_it_to_a_person(base: Knowledge) -> None:
    """The decision counts while that rung is the one that is taken."""
    assert of("Gate-2", base).taken == "else"
    assert of("Gate-2", base).decision.words == "ask again"
    assert of("Gate-1", base).decision is None
    assert of("Gate-3", base).decision is None  # what was decided was another case


@pytest.mark.parametrize(
    ("label", "state", "share"),
    [
        ("Gate-1.1", "holds", 1.0),
        ("Gate-1.else", "fails", 0.0),
        ("Gate-2.1", "fails", 0.0),
        ("Gate-2.else", "holds", 1.0),
        ("toy:Gate-2.else", "holds", 1.0),
    ],
)
def test_a_rung_can_be_cited(label: str, state: str, share: float, base: Knowledge) -> None:
    """It holds when it is the one that is taken, with its share of the resamples."""
    found = of(label, base)

    assert (found.state, found.probability) == (state, share)


@pytest.mark.parametrize("label", ["Gate-1.2", "K1.1", "Gate-1.", "Q1.9"])
def test_other_labels_are_unknown(label: str, base: Knowledge) -> None:
    """A rung that is not there, a part that is not stated."""
    assert not base.judge.knows(label, base.library.named("TOY-hub"))
    assert base.judge.rung(label, base.library.named("TOY-hub")) is None


def test_everything_that_can_be_judged_is_known(base: Knowledge) -> None:
    """Keys, questions, rungs, documents and MVPs."""
    hub = base.library.named("TOY-hub")

    assert all(base.judge.knows(label, hub) for label in ("K1", "Q1", "Gate-1.1", "TOY-1", "MVP-2", "toy:MVP-1", "G1"))


@pytest.mark.parametrize(
    ("expect", "outcome"),
    [
        ("  H: strong.r2 > 0.5", "pass"),
        ("  H: strong.r2 < 0.5", "fail"),
        ("  H: strong.r2 > 0.945", "undecided"),
        ("  H: {gain > 0: go, else: stop}", "pass"),
        ("  H: {gain > 9: go, gain > 0: walk, else: stop}", "fail"),
        ("  H: {gain > 9: go, else: stop}", "fail"),
        ("  H: {strong.r2 > 0.945: go, else: stop}", "undecided"),
        ("  H: human", "human"),
        ("  S1: strong.mae < 90\n  H: strong.r2 < 0.5", "fail"),
        ("  H: strong.r2 > 0.5\n  S1: strong.mae < 0.001", "invalid"),
        ("  S1: strong.mae < 90", "pass"),
        ("  S1: strong.r2 > 0.945\n  H: strong.r2 > 0.5", "undecided"),
        ("  S1: strong.r2 > 0.945\n  H: strong.r2 < 0.5", "undecided"),
        ("  S1: strong.r2 > strong.young.r2\n  H: strong.r2 > 0.5", "invalid"),
        ("  S1: {strong.r2 > 0.945: go, else: stop}\n  H: strong.r2 > 0.5", "undecided"),
        ("  S1: toy:Q4\n  H: strong.r2 > 0.5", "pending"),
        ("  S1: human\n  H: strong.r2 > 0.5", "human"),
        ("  S1: human\n  S2: strong.mae < 0.001\n  H: strong.r2 > 0.5", "invalid"),
        ("  S1: strong.r2 > 0.945\n  H: toy:Q4", "pending"),
        ("  S1: strong.r2 > 0.945", "undecided"),
        ("  H: strong.r2 > 0.5\n  I: strong.r2 < 0.5", "pass"),
        ("  H: toy:Q2", "pass"),
        ("  H: strong.r2 > strong.young.r2", "invalid"),
    ],
)
def test_what_an_experiment_came_to(tmp_path: Path, expect: str, outcome: str) -> None:
    """The first expectation decides once every sanity check holds; one that fails makes the run invalid."""
    root = toy(tmp_path)
    head, _, rest = EXPERIMENT.partition("expect:\n")
    body = rest.partition("---\n")[2]
    knowledge.write(root, {"toy/exp/toy.md": f"{head}expect:\n{expect}\n---\n{body}"})
    hub = HUB.replace("  K1: toy.gain > 0", "  Q2: toy.gain > 0\n  Q4: new.gain > 0").replace(
        "TOY-1", "TOY-1\n  new: TOY-2"
    )
    knowledge.write(root, {"toy/toy-hub.md": hub, "toy/exp/new.md": EXPERIMENT.replace("TOY-1", "TOY-2")})
    base = file(root, "TOY-1", {"weak": guess(root, 2), "strong": guess(root, 1, seed=2)})

    assert base.judge.outcome(base.library.named("TOY-1")) == outcome


def test_nothing_came_of_what_expects_nothing(base: Knowledge) -> None:
    """A hub has no outcome, an experiment before its run a pending one."""
    assert base.judge.outcome(base.library.named("TOY-hub")) == ""
    assert base.judge.outcome(base.library.named("TOY-2")) == "pending"


def test_a_closed_direction_may_be_reopened_when_its_reason_fails(base: Knowledge) -> None:
    """Only a key of X that fails says so; the same comparison under another key does not."""
    hub = base.library.named("TOY-hub")
    found = {key: base.judge.key(key, hub) for key in ("X1", "X2", "Q1.4.1")}

    assert [isinstance(verdict, Verdict) and verdict.reopened for verdict in found.values()] == [True, False, False]
    assert "may be reopened" in wording.judgement(found["X1"], templates.labels("en"))
    assert wording.is_judgement(wording.judgement(found["X1"], templates.labels("zh")), templates.judgements())
