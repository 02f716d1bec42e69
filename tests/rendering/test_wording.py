"""How values are written in words and digits, and recognised again."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.documents.kinds import Rung, Signature
from runner.documents.reading import Document
from runner.findings import Place
from runner.rendering import templates, wording
from runner.results.quantities import Quantity
from runner.verdicts.judgements import Effect, Judgement, Outcome, State, Tally, Verdict
from runner.verdicts.statuses import ORDER

THIN, FIXED = "\u202f", "\u00a0"
NOWHERE: Document = None  # type: ignore[assignment]  # a state is worded without its document


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "–"), (math.nan, "–"), (math.inf, "–"), (-math.inf, "–"), (0.0, "0.0000"), (-1e-9, "0.0000"),
        (0.93456, "0.9346"), (-0.5, "−0.5000"), (999.0, "999.0000"), (1000.0, f"1{THIN}000"),
        (-1234567.0, f"−1{THIN}234{THIN}567"), (1234.5, "1234.5000"), (1e15, "1e+15"), (1.23456e300, "1.235e+300"),
    ],
)  # fmt: skip
def test_a_number_has_fixed_decimals_where_it_can(value: float | None, written: str) -> None:
    """Whole and large numbers lose their decimals; what is no number is a dash."""
    assert wording.number(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "–"),
        (math.nan, "–"),
        (0.5, "+0.5000"),
        (-0.5, "−0.5000"),
        (0.0, "+0.0000"),
        (math.inf, "–"),
        (1e20, "1e+20"),
    ],
)
def test_a_signed_number_shows_its_sign(value: float | None, written: str) -> None:
    """A difference is read by its sign first."""
    assert wording.signed(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1.0, "1"), (0.001, "0.001"), (1e-5, "1e-05"), (32000.0, f"32{THIN}000"), (1.6e6, f"1{THIN}600{THIN}000"),
        (2.5, "2.5"), (math.nan, "nan"),
    ],
)  # fmt: skip
def test_a_setting_is_written_as_people_do(value: float, written: str) -> None:
    """No trailing zeros, and whole numbers in full."""
    assert wording.plain(value) == written


@pytest.mark.parametrize(
    ("share", "written"),
    [
        (None, "–"), (0.0, "<1 %"), (0.004, "<1 %"), (0.005, "<1 %"), (0.006, "1 %"), (0.5, "50 %"), (0.97449, "97 %"),
        (0.994, "99 %"), (0.995, ">99 %"), (1.0, ">99 %"),
    ],
)  # fmt: skip
def test_a_probability_is_never_a_certainty(share: float | None, written: str) -> None:
    """Neither 0 % nor 100 % is ever shown."""
    assert wording.percent(share) == written


@given(share=st.floats(0, 1))
def test_no_share_is_shown_as_none_or_all(share: float) -> None:
    """Whatever the number of resamples, rounding reaches neither end."""
    assert wording.percent(share) not in {"0 %", "100 %"}


def test_an_interval_does_not_break_over_lines() -> None:
    """The blank between the bounds keeps them together."""
    assert wording.interval((0.1, 0.2)) == f"[0.1000,{FIXED}0.2000]"
    assert wording.interval(None) == "–"


def truth(*, fits: bool = False, across: bool = False) -> Quantity:
    """Return the truth of a predicate, true in every resample."""
    return Quantity(np.ones(1001, dtype=bool), fits=fits, across=across)


def decided(words: str = "") -> Signature:
    """Return what a person decided."""
    return Signature("Q1", "decided", "5be1c07a", "2026-01-28", Place("a.md"), words)


def judgements() -> list[Judgement]:
    """Return one judgement of each kind."""
    rungs = (Rung(None, "go on"), Rung(None, "stop · 5 %"))
    return [
        *(Verdict(state) for state in ("holds", "fails", "undecided", "pending", "invalid", "human", "waiting")),
        *(Verdict(state, truth(fits=True)) for state in ("holds", "fails", "undecided")),
        Verdict("holds", truth(across=True)),
        Verdict("holds", truth(across=True, fits=True)),
        Verdict("fails", share=0.01),
        Verdict("decided", decision=decided()),
        Verdict("decided", decision=decided("the 3rd · 50 %: <yes> & [no]")),
        *(State(state, NOWHERE) for state in ORDER),
        State("planned", NOWHERE, Effect(opened=("G1.1", "moe:Gate-2.else"))),
        State("ready", NOWHERE, Effect(waits=("G1",))),
        State("planned", NOWHERE, Effect(closed=("G1.2",), waits=("G1",))),
        State("reported", NOWHERE, Effect(closed=("G1.2",))),
        Tally(2, 3, NOWHERE),
        Outcome("waiting", rungs, after="moe:Gate-1.else"),
        Outcome("bypassed", rungs, after="moe:Gate-1.else"),
        Outcome("taken", rungs, 0, (1.0, 0.0), truth(fits=True, across=True)),
        Outcome("taken", (Rung(None, "human", human=True),), 0, (1.0,)),
        Outcome("taken", (Rung(None, "human", human=True),), 0, (1.0,), decision=decided("wait")),
        Outcome("pending", rungs),
        Outcome("invalid", rungs),
        Outcome("taken", rungs, 0, (1.0, 0.0)),
        Outcome("leaning", rungs, 1, (0.3, 0.7)),
    ]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("judged", judgements(), ids=lambda judged: f"{type(judged).__name__} {judged.state}")
def test_what_is_written_is_recognised_again(judged: Judgement, lang: str) -> None:
    """A judgement in a document is known as one, also after it was escaped, so that it may be replaced."""
    labels = templates.labels(lang)

    written = wording.judgement(judged, labels)

    assert written
    assert wording.is_judgement(written, templates.judgements())
    assert wording.is_judgement(written.replace(">", "&gt;").replace("<", "&lt;"), templates.judgements())


@pytest.mark.parametrize(
    "text", ["it holds", "holds true", "the failed one", "50 %", "not yet reported", "holdsx 5 %", ""]
)
def test_an_author_s_words_are_no_judgement(text: str) -> None:
    """Words around a verdict word are the author's and stay."""
    assert not wording.is_judgement(text, templates.judgements())


def test_a_leaning_ladder_says_so() -> None:
    """The rung that leads is told with its share; one that is not sure is called leaning."""
    rungs = (Rung(None, "go on"), Rung(None, "stop"))
    labels = templates.labels("en")

    assert wording.judgement(Outcome("taken", rungs, 0, (0.99, 0.01)), labels) == "go on · 99 %"
    assert wording.judgement(Outcome("leaning", rungs, 1, (0.4, 0.6)), labels) == "leaning to stop · 60 %"


@pytest.mark.parametrize(
    ("decision", "english", "chinese"),
    [
        (None, "leaning to a person's decision · 91 %", "倾向于由人决定 · 91 %"),
        (
            decided("wait"),
            "leaning to a person's decision · decided 2026-01-28: wait · 91 %",
            "倾向于由人决定 · 已决定 2026-01-28: wait · 91 %",
        ),
    ],
)
def test_a_ladder_may_lean_to_a_person(decision: Signature | None, english: str, chinese: str) -> None:
    """What leads is that somebody decides; it is known again whatever was decided before."""
    rungs = (Rung(None, "go on"), Rung(None, "human", human=True))
    outcome = Outcome("leaning", rungs, 1, (0.09, 0.91), decision=decision)

    written = [wording.judgement(outcome, templates.labels(lang)) for lang in ("en", "zh")]

    assert written == [english, chinese]
    assert all(wording.is_judgement(text, templates.judgements()) for text in written)


@pytest.mark.parametrize(
    ("judged", "english", "chinese"),
    [
        (Verdict("holds", truth()), "holds >99 %", "成立 >99 %"),
        (Verdict("holds", truth(fits=True)), "holds for these fits >99 %", "对这几次拟合成立 >99 %"),
        (Verdict("holds", truth(across=True)), "holds >99 % (across populations)", "成立 >99 % （跨总体）"),
        (Verdict("fails", share=0.2), "fails 20 %", "不成立 20 %"),
        (Verdict("decided", decision=decided()), "decided 2026-01-28", "已决定 2026-01-28"),
        (Verdict("decided", decision=decided("wait")), "decided 2026-01-28: wait", "已决定 2026-01-28: wait"),
        (Tally(2, 3, NOWHERE), "2 of 3 answered", "已答 2/3"),
        (Outcome("waiting", (Rung(None, "go"),), after="G1.1"), "waiting for G1.1", "等待 G1.1"),
        (
            State("planned", NOWHERE, Effect(opened=("G1.1",), waits=("G2",))),
            "planned · opened by G1.1",
            "计划中 · 由 G1.1 打开",
        ),
        (
            State("ready", NOWHERE, Effect(waits=("G2", "G3"))),
            "ready to run · waiting for G2, G3",
            "待运行 · 等待 G2, G3",
        ),
        (State("reported", NOWHERE, Effect(opened=("G1.1",), waits=("G2",))), "reported", "已报告"),
        (State("ready", NOWHERE, Effect(closed=("G1.2",))), "closed by G1.2", "由 G1.2 关闭"),
        (State("stale", NOWHERE, Effect(closed=("G1.2",))), "stale · closed by G1.2", "已过期 · 由 G1.2 关闭"),
        (
            Outcome("taken", (Rung(None, "human", human=True),), 0, (1.0,), truth(fits=True)),
            "for a person · >99 % for these fits",
            "待人判断 · >99 % （仅对这几次拟合）",
        ),
    ],
)
def test_judgements_are_worded_in_both_languages(judged: Judgement, english: str, chinese: str) -> None:
    """What rests on few fits, on several populations, on a person or on a gate says so."""
    assert wording.judgement(judged, templates.labels("en")) == english
    assert wording.judgement(judged, templates.labels("zh")) == chinese


@pytest.mark.parametrize(
    "text", ["waiting for more", "decided by us", "closed by them", "2 of 3", "planned · opened", "等待结果", "关闭"]
)
def test_near_misses_are_an_author_s_words(text: str) -> None:
    """A word more or less, and it is no longer ours."""
    assert not wording.is_judgement(text, templates.judgements())


def test_every_outcome_of_an_experiment_has_a_word() -> None:
    """In both languages, and none that nobody uses."""
    outcomes = {"pass", "fail", "undecided", "pending", "waiting", "bypassed", "human", "decided", "invalid"}

    assert all(set(labels["outcomes"]) == outcomes for labels in templates.languages())
    assert all(set(labels["states"]) == set(ORDER) for labels in templates.languages())
