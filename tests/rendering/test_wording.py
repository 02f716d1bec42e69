"""How values are written in words and digits, and recognised again."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.documents.kinds import Rung
from runner.documents.reading import Document
from runner.rendering import templates, wording
from runner.verdicts.judge import Judgement, Outcome, State, Verdict

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


def judgements() -> list[Judgement]:
    """Return one judgement of each kind."""
    rungs = (Rung(None, "go on"), Rung(None, "stop · 5 %"))
    return [
        *(Verdict(state) for state in ("holds", "fails", "undecided", "pending", "invalid", "human")),
        *(State(state, NOWHERE) for state in ("planned", "ready", "reported", "stale", "failed", "damaged")),
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
    assert wording.is_judgement(written, templates.languages())
    assert wording.is_judgement(written.replace(">", "&gt;").replace("<", "&lt;"), templates.languages())


@pytest.mark.parametrize(
    "text", ["it holds", "holds true", "the failed one", "50 %", "not yet reported", "holdsx 5 %", ""]
)
def test_an_author_s_words_are_no_judgement(text: str) -> None:
    """Words around a verdict word are the author's and stay."""
    assert not wording.is_judgement(text, templates.languages())


def test_a_leaning_ladder_says_so() -> None:
    """The rung that leads is told with its share; one that is not sure is called leaning."""
    rungs = (Rung(None, "go on"), Rung(None, "stop"))
    labels = templates.labels("en")

    assert wording.judgement(Outcome("taken", rungs, 0, (0.99, 0.01)), labels) == "go on · 99 %"
    assert wording.judgement(Outcome("leaning", rungs, 1, (0.4, 0.6)), labels) == "leaning to stop · 60 %"
