"""What gates open and close, and gates that wait for one another."""

from __future__ import annotations

import pytest

from runner.verdicts.judgements import Effect, Outcome, Verdict
from runner.verdicts.knowledge import Knowledge
from tests import knowledge
from tests.knowledge import EXPERIMENT, HUB, file, guess, toy

ROADMAP = """---
kind: roadmap
id: TOY-plan
title: Toy plan
cites: {toy: TOY-1, new: TOY-2}
phases:
  1: [MVP-1, MVP-2, MVP-3, MVP-4, MVP-5]
gates:
  G1:
    toy.gain > 0: {do: go, opens: [MVP-1, toy:MVP-2, K1], closes: MVP-3}
    else: {do: stop, opens: MVP-3}
  G2:
    after: G1.1
    toy.gain > 9: {do: far, opens: MVP-4}
    else: {do: near, closes: [MVP-2, TOY-2]}
  G3:
    after: G2.1
    toy.gain > 0: {do: go, opens: MVP-4}
    else: stop
  G4:
    new.gain > 0: {do: go, opens: [MVP-4, K1]}
    else: stop
  G5:
    after: G6.1
    toy.gain > 0: go
    else: stop
  G6:
    after: G5.1
    toy.gain > 0: go
    else: stop
  G7:
    sure: 0.6
    toy.strong.r2 > 0.948: go
    else: stop
  G8:
    toy.strong.r2 > 0.948: go
    else: {do: stop, closes: MVP-1}
  G9:
    after: G3.else
    toy.gain > 0: {do: go, opens: MVP-5}
    else: stop
  G10:
    after: G4.1
    toy.gain > 0: {do: go, opens: MVP-5}
    else: stop
---
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """A roadmap whose gates open and close MVPs, a claim and an experiment."""
    root = toy(tmp_path_factory.mktemp("effects"))
    other = HUB.replace("TOY-hub", "OTHER-hub")
    new = EXPERIMENT.replace("TOY-1", "TOY-2")
    knowledge.write(root, {"toy/plan.md": ROADMAP, "toy/exp/new.md": new, "other/hub.md": other})
    return file(root, "TOY-1", {"weak": guess(root, 2), "strong": guess(root, 1, seed=2)})


@pytest.mark.parametrize(
    ("label", "effect"),
    [
        ("MVP-1", Effect(opened=("G1.1",))),
        ("MVP-2", Effect(opened=("G1.1",), closed=("G2.else",))),
        ("MVP-3", Effect(closed=("G1.1",))),
        ("MVP-4", Effect(waits=("G4",))),
        ("MVP-5", Effect(waits=("G10",))),
        ("K1", Effect(opened=("G1.1",), waits=("G4",))),
        ("TOY-2", Effect(closed=("G2.else",))),
        ("TOY-1", Effect()),
    ],
)
def test_a_rung_that_is_taken_opens_and_closes(label: str, effect: Effect, base: Knowledge) -> None:
    """Rungs not taken do nothing; gates not settled are waited for."""
    found = base.judge.effect(label, base.library.named("TOY-plan"))

    assert found == effect
    assert found.conflict == (label == "MVP-2")


def test_the_same_work_is_found_from_another_topic(base: Knowledge) -> None:
    """There both carry the topic; K1 of that topic is another claim."""
    other = base.library.named("OTHER-hub")

    assert base.judge.effect("toy:MVP-1", other) == Effect(opened=("toy:G1.1",))
    assert base.judge.effect("TOY-2", other) == Effect(closed=("toy:G2.else",))
    assert base.judge.effect("K1", other) == Effect()


def test_the_state_of_work_says_what_gates_did(base: Knowledge) -> None:
    """An MVP and an experiment carry the effect with where they stand."""
    plan = base.library.named("TOY-plan")
    mvp, experiment = base.judge.key("MVP-1", plan), base.judge.key("TOY-2", plan)

    assert (mvp.state, getattr(mvp, "effect", None)) == ("planned", Effect(opened=("G1.1",)))
    assert (experiment.state, getattr(experiment, "effect", None)) == ("ready", Effect(closed=("G2.else",)))


@pytest.mark.parametrize(
    ("gate", "state", "taken"),
    [
        ("G1", "taken", "1"),
        ("G2", "taken", "else"),
        ("G3", "bypassed", ""),
        ("G9", "bypassed", ""),
        ("G10", "waiting", ""),
        ("G4", "pending", ""),
        ("G5", "waiting", ""),
        ("G7", "taken", "else"),
        ("G8", "leaning", ""),
    ],
)
def test_a_gate_waits_for_the_rung_it_comes_after(gate: str, state: str, taken: str, base: Knowledge) -> None:
    """It is judged once that rung is taken, passed over once another one is; what comes after itself waits."""
    outcome = base.judge.key(gate, base.library.named("TOY-plan"))

    assert (outcome.state, getattr(outcome, "taken", None)) == (state, taken)


@pytest.mark.parametrize(("gate", "state", "after"), [("G10", "waiting", "G4.1"), ("G3", "bypassed", "G2.1")])
def test_a_gate_out_of_turn_says_what_it_comes_after(gate: str, state: str, after: str, base: Knowledge) -> None:
    """So does what is said about one of its rungs."""
    plan = base.library.named("TOY-plan")
    whole, rung = base.judge.key(gate, plan), base.judge.key(f"{gate}.1", plan)

    assert (whole.state, getattr(whole, "after", None)) == (state, after)
    assert rung == whole


def test_a_rung_rests_on_what_its_ladder_rests_on(base: Knowledge) -> None:
    """Whether it was taken, was not, or leads."""
    plan = base.library.named("TOY-plan")

    for label in ("G1.1", "G1.else", "G8.1"):
        rung, gate = base.judge.key(label, plan), base.judge.key(label.partition(".")[0], plan)
        assert isinstance(rung, Verdict)
        assert isinstance(gate, Outcome)
        assert rung.grounds is not None
        assert gate.truth is not None
        assert rung.grounds.facts == gate.truth.facts
        assert (rung.grounds.values == gate.truth.values).all()


def test_a_ladder_decides_how_sure_it_must_be(base: Knowledge) -> None:
    """The same doubt settles the gate that asks for less."""
    plan = base.library.named("TOY-plan")
    sure, unsure = base.judge.key("G7", plan), base.judge.key("G8", plan)

    assert getattr(sure, "shares", None) == getattr(unsure, "shares", None)
    assert 0.6 <= max(getattr(sure, "shares", ())) < 0.975


def test_an_undecided_gate_opens_and_closes_nothing(base: Knowledge) -> None:
    """G8 leans to what would close MVP-1."""
    assert base.judge.effect("MVP-1", base.library.named("TOY-plan")).closed == ()
