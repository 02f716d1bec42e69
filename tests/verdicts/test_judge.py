"""Judging: thresholds of certainty, ladders whose first rung wins, and what a key stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.documents.kinds import Formula, Ladder, Predicate, Rung
from runner.documents.reading import Document
from runner.expressions.parse import parse
from runner.expressions.tokens import ExpressionRefused
from runner.findings import Place
from runner.results.evaluation import Evaluator
from runner.results.populations import Population
from runner.results.quantities import Quantity
from runner.verdicts.judge import Judge
from runner.verdicts.judgements import Outcome, State, Verdict
from runner.verdicts.knowledge import Knowledge
from runner.verdicts.statuses import Statuses
from tests import knowledge
from tests.knowledge import EXPERIMENT, HUB, PROTOCOL, file, guess, toy

HERE = Place("here.md", 1, 1)
ENOUGH, FEW, MANY = Population("e", "rows", 30), Population("f", "few rows", 29), Population("m", "many rows", 99)
NEW = EXPERIMENT.replace("TOY-1", "TOY-2").replace("date: 2026-01-02", "date: 2026-01-02\nmvp: MVP-2")
CLAIMS = """
  K2: K1
  K3: K2
  K4: K5
  K5: K4
  K6: K6
  K7: human
  K8: MVP-2
  K9: other:K1
  K10: K99
  K11: new.gain > 0
  K12: toy.strong.r2 > toy.weak.young.r2
  K13: toy.strong.few.mae < 9
  K14: TOY-2
  Gate-X:
    toy.gain > 2: far
    new.gain > 1: new
    else: near
"""
ROADMAP = """---
kind: roadmap
id: TOY-plan
title: Toy plan
date: 2026-01-02
phases:
  1: [MVP-1, MVP-2]
---
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """An experiment with a result and one without, a roadmap, and two hubs in two topics."""
    root = toy(tmp_path_factory.mktemp("judge"))
    hub = HUB.replace("  toy: TOY-1", "  toy: TOY-1\n  new: TOY-2").replace(
        "  K1: toy.gain > 0", "  K1: toy.gain > 0" + CLAIMS
    )
    other = HUB.replace("TOY-hub", "OTHER-hub").replace("toy.gain > 0", "toy.gain < 0")
    protocol = PROTOCOL.replace("slices:", "slices:\n  few: age < 30")
    written = {"toy/toy-hub.md": hub, "toy/exp/new.md": NEW, "toy/plan.md": ROADMAP, "other/hub.md": other}
    knowledge.write(root, {**written, "protocols/tiny.md": protocol})
    return file(root, "TOY-1", {"weak": guess(root, 2), "strong": guess(root, 1, seed=2)})


def truth(holds: Sequence[bool] | np.ndarray, *populations: Population) -> Quantity:
    """Return a judged predicate: whether it holds of the values, then of each resample."""
    return Quantity(np.array(holds, dtype=bool), populations)


def stub(*truths: Quantity) -> Judge:
    """Return a judge whose evaluator gives the truths in turn."""
    left = list(truths)
    evaluator = SimpleNamespace(formula=lambda _formula, _document: left.pop(0), library=None)
    return Judge(cast("Evaluator", evaluator), cast("Statuses", None))


def judged(*truths: Quantity) -> Outcome:
    """Judge a ladder of as many rungs, and an else, on given truths."""
    formula = Formula("a.r2 > 0", parse("a.r2 > 0"), HERE)
    rungs = tuple(Rung(formula, f"do {index}") for index in range(len(truths)))
    return stub(*truths).ladder(Ladder("H", (*rungs, Rung(None, "else")), HERE), cast("Document", None))


def verdict(found: Quantity) -> Verdict:
    """Judge a predicate of a given truth."""
    return stub(found).predicate(Formula("a.r2 > 0", parse("a.r2 > 0"), HERE), cast("Document", None))


def of_key(label: str, base: Knowledge, identity: str = "TOY-hub") -> Any:
    """Judge a key in a document."""
    return base.judge.key(label, base.library.named(identity))


@pytest.mark.parametrize(
    ("holding", "state"),
    [
        *((1000, "holds"), (976, "holds"), (975, "holds"), (974, "undecided"), (500, "undecided")),
        *((26, "undecided"), (25, "fails"), (24, "fails"), (0, "fails")),
    ],
)
@pytest.mark.parametrize("now", [True, False])
def test_a_predicate_holds_at_975_and_fails_at_25_of_a_thousand(holding: int, state: str, *, now: bool) -> None:
    """The resamples decide, both bounds included, whatever the values themselves say."""
    found = verdict(truth([now, *[True] * holding, *[False] * (1000 - holding)], ENOUGH))

    assert (found.state, found.probability, found.holds_now) == (state, holding / 1000, now)


@pytest.mark.parametrize(("now", "state"), [(True, "holds"), (False, "fails")])
def test_constants_are_judged_without_resamples(now: bool, state: str) -> None:  # noqa: FBT001
    """A predicate over scalars is true or false, and has no probability."""
    found = verdict(truth([now]))

    assert (found.state, found.probability, found.holds_now) == (state, None, now)


def test_too_few_rows_leave_a_predicate_undecided() -> None:
    """Below thirty rows of any population there is no probability, though all resamples agree."""
    found = verdict(truth([True] * 1001, ENOUGH, FEW))

    assert (found.state, found.probability, found.holds_now) == ("undecided", None, True)


@pytest.mark.parametrize(
    ("key", "state", "reason"),
    [
        ("K1", "holds", ""),
        ("K7", "human", ""),
        ("K11", "pending", "TOY-2 has no result yet"),
        (
            "K12",
            "invalid",
            "populations differ: tiny@1 test · noise 1 · n = 80 and tiny@1 test · noise 1 · young · n = 37",
        ),
        ("K13", "undecided", ""),
        ("H-B", "holds", ""),
    ],
)
def test_every_state_of_a_predicate(key: str, state: str, reason: str, base: Knowledge) -> None:
    """Pending and invalid predicates say why; the others have evidence."""
    found = of_key(key, base, "TOY-1" if key.startswith("H") else "TOY-hub")

    assert (found.state, found.reason) == (state, reason)
    assert (found.truth is None) == (state in {"pending", "invalid", "human"})
    assert found.holds_now in ({None} if found.truth is None else {True})


@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=1, max_size=4))
def test_the_first_rung_that_holds_wins(rungs: list[list[bool]]) -> None:
    """On each resample exactly one rung is taken, the first that holds or the else, so shares add to one."""
    outcome = judged(*(truth(rung, ENOUGH) for rung in rungs))
    first = [next((i for i, rung in enumerate(rungs) if rung[r]), len(rungs)) for r in range(1, 4)]

    assert outcome.shares == pytest.approx([first.count(i) / 3 for i in range(len(rungs) + 1)])
    assert sum(outcome.shares) == pytest.approx(1, abs=1e-12)
    assert outcome.shares[outcome.leading] == max(outcome.shares)


@pytest.mark.parametrize(("share", "state"), [(975, "taken"), (974, "leaning")])
@pytest.mark.parametrize("rung", [0, 1, 2])
def test_a_rung_is_taken_at_975_of_a_thousand(share: int, state: str, rung: int) -> None:
    """Below that the ladder only leans to the rung that leads, the else included."""
    here, there, never = np.arange(1001) <= share, np.arange(1001) > share, np.zeros(1001)
    first, second = [(here, there), (there, here), (there, never)][rung]

    outcome = judged(truth(first, ENOUGH), truth(second, ENOUGH))

    assert (outcome.state, outcome.leading, outcome.sure) == (state, rung, state == "taken")
    assert outcome.shares[rung] == share / 1000


def test_a_ladder_of_constants_is_taken() -> None:
    """Scalars leave no doubt, and no probability is claimed where nothing was resampled."""
    constant = judged(truth([False]), truth([True]))

    assert (constant.state, constant.leading, constant.shares) == ("taken", 1, ())
    assert judged(truth([False]), truth([True] * 1001, ENOUGH)).shares == (0.0, 1.0, 0.0)
    assert judged(truth([False] * 1001, ENOUGH), truth([True])).shares == (0.0, 1.0, 0.0)


def test_too_few_rows_leave_a_ladder_undecided() -> None:
    """One rung over fewer than thirty rows is enough: the rung of the values leads, without a probability."""
    outcome = judged(truth([True] * 1001, ENOUGH), truth([True] * 1001, FEW))

    assert (outcome.state, outcome.shares, outcome.leading, outcome.sure) == ("undecided", (), 0, False)


def test_a_rung_rests_on_its_own_predicate_and_on_those_before_it() -> None:
    """A ladder that takes its second rung is as loose, and of as many populations, as the two together."""
    never, always, later = np.zeros(1001), np.ones(1001), Population("l", "later rows", 40)
    first, second = truth(never, ENOUGH), replace(truth(always, MANY), bound=(), across=True, fits=True)
    third = replace(truth(always, later), seeds=True)

    taken, found = judged(first, second, third), judged(truth(always, ENOUGH), second)

    assert taken.taken == "2"
    assert taken.truth is not None
    assert (taken.truth.across, taken.truth.fits, taken.truth.seeds) == (True, True, False)
    assert taken.truth.populations == (MANY, ENOUGH)  # its own rows first
    assert taken.truth.values.all()
    assert found.truth is not None
    assert (found.truth.across, found.truth.populations) == (False, (ENOUGH,))


def test_an_else_rests_on_all_that_failed() -> None:
    """Nothing is left out, however few rows one of them has."""
    few, other = truth(np.zeros(1001), FEW), replace(truth(np.zeros(1001), ENOUGH), fits=True)

    outcome = judged(few, other)

    assert (outcome.state, outcome.leading) == ("undecided", 2)
    assert outcome.truth is not None
    assert (outcome.truth.populations, outcome.truth.fits) == ((FEW, ENOUGH), True)


def test_a_ladder_is_judged_on_its_facts(base: Knowledge) -> None:
    """The shares are those of numpy on the very resamples of the store."""
    document = base.library.named("TOY-1")
    scores = base.store.scores(document).values
    gain = (scores["strong", "all", "r2"] - scores["weak", "all", "r2"])[1:]
    outcome = of_key("H-A", base, "TOY-1")

    assert 0 < outcome.shares[0] < 1
    assert outcome.shares == ((gain >= 0.2).mean(), ((gain > 0) & (gain < 0.2)).mean(), (gain <= 0).mean())
    assert [rung.do for rung in outcome.rungs] == ["keep the strong one", "keep either", "keep the weak one"]


def test_a_ladder_waits_for_all_its_rungs(base: Knowledge) -> None:
    """One rung that is pending or cannot be compared decides about the ladder, and says why."""
    pending, invalid = of_key("Gate-X", base), base.library.key("K12", base.library.named("TOY-hub"))
    assert invalid is not None
    assert isinstance(invalid[1], Predicate)
    broken = Ladder("H", (Rung(invalid[1].formula, "do"), Rung(None, "else")), HERE)

    assert (pending.state, pending.reason, pending.leading) == ("pending", "TOY-2 has no result yet", -1)
    assert pending.owing == of_key("K11", base).owing == "TOY-2"
    assert base.judge.ladder(broken, invalid[0]).state == "invalid"
    assert base.judge.ladder(broken, invalid[0]).reason.startswith("populations differ")


@pytest.mark.parametrize("key", ["K2", "K3"])
def test_a_key_may_stand_for_another(key: str, base: Knowledge) -> None:
    """The same claim under another heading has the same verdict, through any number of headings."""
    assert of_key(key, base) == of_key("K1", base)


@pytest.mark.parametrize(("key", "named"), [("K4", "K4"), ("K5", "K5"), ("K6", "K6")])
def test_a_key_that_stands_for_itself_is_invalid(key: str, named: str, base: Knowledge) -> None:
    """Keys that lead in a circle end in a verdict, not in a traceback."""
    assert of_key(key, base) == Verdict("invalid", reason=f"`{named}` stands for itself")


def test_an_expectation_may_share_the_key_of_the_claim_it_stands_for(tmp_path: Path) -> None:
    """The same letters in an experiment and in its hub are two keys, no circle."""
    root = toy(tmp_path)
    hub = HUB.replace("  K1: toy.gain > 0", "  K1: K2\n  K2: toy.gain > 0")
    experiment = EXPERIMENT.replace("  H-B: strong.r2 > 0.5", "  K1: toy:K1")
    knowledge.write(root, {"toy/exp/toy.md": experiment, "toy/toy-hub.md": hub})
    base = file(root, "TOY-1", {"weak": guess(root, 2), "strong": guess(root, 1, seed=2)})

    assert of_key("K1", base, "TOY-1").state == "holds"


def test_a_key_may_stand_for_work_to_be_done(base: Knowledge) -> None:
    """An MVP or an experiment is where it stands; keys of another topic carry its name."""
    assert of_key("K8", base) == State("ready", base.library.named("TOY-2"))
    assert of_key("K14", base) == State("ready", base.library.named("TOY-2"))
    assert of_key("K9", base).state == "fails"


@pytest.mark.parametrize(
    ("label", "identity", "expected"),
    [
        ("H-A", "TOY-1", Outcome),
        ("H-B", "TOY-1", Verdict),
        ("K1", "TOY-1", Verdict),
        ("toy:K1", "OTHER-hub", Verdict),
        ("TOY-1", "OTHER-hub", State),
        ("TOY-hub", "TOY-1", State),
        ("MVP-2", "TOY-hub", State),
        ("toy:MVP-1", "OTHER-hub", State),
    ],
)
def test_keys_are_found(label: str, identity: str, expected: type, base: Knowledge) -> None:
    """First the document's own keys, then those of its topic, then documents and MVPs."""
    assert isinstance(of_key(label, base, identity), expected)


def test_each_topic_has_keys_of_its_own(base: Knowledge) -> None:
    """K1 of one hub is not K1 of another."""
    assert (of_key("K1", base).state, of_key("K1", base, "OTHER-hub").state) == ("holds", "fails")


@pytest.mark.parametrize(
    ("label", "state", "identity"),
    [
        ("TOY-1", "reported", "TOY-1"),
        ("TOY-2", "ready", "TOY-2"),
        ("MVP-2", "ready", "TOY-2"),
        ("MVP-1", "planned", "TOY-plan"),
        ("tiny@1", "reported", "tiny@1"),
    ],
)
def test_the_state_of_work_points_at_its_document(label: str, state: str, identity: str, base: Knowledge) -> None:
    """An MVP points at its experiment, or at the roadmap while it has none."""
    assert of_key(label, base) == State(state, base.library.named(identity))


@pytest.mark.parametrize(("label", "fix"), [("TOY-hbu", "did you mean `TOY-hub`?"), ("K111", "did you mean `K11`?")])
def test_unknown_keys_are_refused(label: str, fix: str, base: Knowledge) -> None:
    """The nearest key or document is proposed."""
    with pytest.raises(ExpressionRefused) as refused:
        of_key(label, base)

    assert (refused.value.code, refused.value.message) == ("LG207", f"unknown key `{label}`")
    assert refused.value.fix == fix


def test_a_key_that_stands_for_an_unknown_one_is_invalid(base: Knowledge) -> None:
    """The claim is judged invalid and says which key is unknown; its front matter has the finding."""
    assert of_key("K10", base) == Verdict("invalid", reason="unknown key `K99`")
