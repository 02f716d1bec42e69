"""The numbers in a citation's text: which are numbers, when they agree, how they are rewritten."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.rendering.digits import MINUS, SlotMismatch, agrees, blank, fill, shown, slots

# Ways authors write one number; every style meets every value.
STYLES = [
    "0.94", "+0.9310", "−0.0176", "-0.5", "?", "+?", "?.?", "?.????", "+?.????", "-?.??", "−?.?", "? %",
    "+? %", "?.?? %", "16%", "16 %", "+16.0 %", "16％", "?.?×", "2.1×", "×?.?", "?.?x", "?.?M", "4.9M",
    "12.5k", "12,345", "?,???", "?,???.??", "12\u2009345.6", "12\u202f345", "只涨 ?.???", "从0.92升",
    "**0.94**", "~~0.94~~", "(0.94)", "R² = ?.??", "95 % CI ?", "log10 ≈ ?.?", "K2: ?.?", "3σ: ?.?", ".94",
    "±0.01", "0.9?", "see v1.2, Gate-4 and 2025-12-04: ?.??", "500k→1M: +?.???", "9-bin mean 7", "0.94.",
    "= −?.??", "->?.??", "??",
]  # fmt: skip
PAIRS = [
    "[?.????, ?.????]",
    "95 % CI [0.0000, 0.0168]",
    "?.?–?.?",
    "0.93-0.95",
    "[-0.5, +?.?]",
    "? % – 20 %",
    "95 % CI ?",
]
NUMBERS = (
    st.floats(-1e7, 1e7) | st.floats(-2, 2) | st.integers(-20000, 20000).map(float) | st.sampled_from([0.0, -1e-9])
)


def found(text: str) -> list[str]:
    """Return the numbers found, sign included."""
    return [text[slot.start : slot.end] for slot in slots(text)]


def around(text: str) -> list[str]:
    """Return the words outside the numbers."""
    edges = [0, *(edge for slot in slots(text) for edge in (slot.start, slot.end)), len(text)]
    return [text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("0.94 and +1.5 and −2 and -3", ["0.94", "+1.5", "−2", "-3"]), ("升到0.9310了", ["0.9310"]),
        ("第99个", ["99"]), ("12,345.6", ["12,345.6"]), ("12\u2009345", ["12\u2009345"]),
        ("12 345", ["12", "345"]), ("3/3", ["3", "3"]), ("0.93-0.95", ["0.93", "0.95"]),
        ("16%-20%", ["16", "20"]), ("0.1 -0.2", ["0.1", "-0.2"]),
        ("[0.0000, 0.0168]", ["0.0000", "0.0168"]), ("0.93,0.95", ["0.93", "0.95"]),
        ("0.94 ± 0.01", ["0.94", "0.01"]), ("95 % CI [0.1, 0.2]", ["0.1", "0.2"]),
        ("95% 置信区间 0.1", ["0.1"]), ("68 % confidence", []), ("95 %", ["95"]),
        ("? ?.?? +? ?,??? .??", ["?", "?.??", "+?", "?,???", ".??"]),
        ("4.9M 2.1x 1.5×", ["4.9", "2.1", "1.5"]),
    ],
)  # fmt: skip
def test_numbers_are_found(text: str, numbers: list[str]) -> None:
    """Signs, separators, ranges, placeholders and CJK neighbours are understood."""
    assert found(text) == numbers


@pytest.mark.parametrize(
    "text",
    [
        "R2", "log10", "v1.2", "1.2.3", "0.94dex", "500k", "1M", "9E1", "1e-3", "5-D", "9-expert",
        "Gate-4", "MVP-12-3", "VIT-20251204-moe-gate-01", "2025-12-27", "2025-12", "10²", "1×10⁻³", "10^3",
        "3σ", "x2", "4096x10", "§4.1", "#12", "pfs@1", "_0.9_", "really?", "0.9??", "snr_2", "ViT+0.1",
        "1,2345", "words only", "",
    ],
)  # fmt: skip
def test_digits_that_belong_to_a_word_are_no_numbers(text: str) -> None:
    """Names, versions, sizes, dates, powers and compounds are left to the author."""
    assert found(text) == []


def test_slot_knows_how_it_is_written() -> None:
    """A slot carries what is needed to write the same way again."""
    plus, percent = slots("+?.??? und 12,345 %")

    assert (plus.placeholder, plus.sign, plus.decimals, plus.percent, plus.bare) == (
        True,
        "+",
        3,
        False,
        False,
    )
    assert (percent.placeholder, percent.group, percent.percent, percent.number) == (
        False,
        ",",
        True,
        12345.0,
    )


@pytest.mark.parametrize(
    ("text", "value", "agree"),
    [
        ("0.94", 0.935, True), ("0.94", 0.945, True), ("0.94", 0.9349, False), ("0.940", 0.9409, False),
        ("16 %", 0.1649, True), ("16 %", 0.17, False), ("16 %", 16.0, False), ("5‰", 0.005, True),
        ("−0.5", -0.5, True), ("−0.5", 0.5, False), ("5 322", 5322, None), ("5,322", 5322, True),
        ("4.9M", 4_912_345, True), ("?", 1, False), ("0.00", -0.001, True), ("0.9?", 0.9, True),
    ],
)  # fmt: skip
def test_agreement_is_judged_at_the_precision_shown(text: str, value: float, agree: bool | None) -> None:  # noqa: FBT001
    """Half a unit of the last digit either way agrees; a placeholder never does."""
    if agree is None:
        with pytest.raises(SlotMismatch, match="2 numbers where 1 is due"):
            agrees(text, [value])
    else:
        assert agrees(text, [value]) is agree


def test_lone_placeholder_does_not_agree_with_an_interval() -> None:
    """A single ? that waits for an interval is unfilled, not wrong."""
    assert agrees("95 % CI ?", [0.1, 0.2]) is False


@pytest.mark.parametrize(
    ("text", "values", "filled"),
    [
        ("?.????", [0.931], "0.9310"), ("+?.????", [0.0097], "+0.0097"), ("+?.????", [-0.0176], "−0.0176"),
        ("?.??", [-0.25], "−0.25"), ("-0.50", [-0.25], "-0.25"),
        ("[-0.5, ?.??]", [-0.5, -0.2], "[-0.5, -0.20]"), ("−0.01", [0.01], "0.01"),
        ("+0.50", [0.25], "+0.25"), ("?.??", [-0.001], "0.00"), ("+?.??", [-0.001], "+0.00"),
        ("?", [5322.0], "5322"), ("?", [0.123456], "0.1235"), ("?", [0.5], "0.5"), ("?", [0.0], "0"),
        ("+?", [3], "+3"), ("? %", [0.158], "16 %"), ("+? %", [0.158], "+16 %"),
        ("? %", [0.0043], "0.4 %"), ("?.? %", [0.158], "15.8 %"), ("?.?×", [2.14], "2.1×"),
        ("?.?M", [4_912_345], "4.9M"), ("?,???", [1234567], "1,234,567"),
        ("12\u202f345", [98765.4], "98\u202f765"), ("12,345", [987.0], "987"),
        ("只差 ?.??", [0.16], "只差 0.16"),
        ("95 % CI [?.????, ?.????]", [0, 0.0168], "95 % CI [0.0000, 0.0168]"),
        ("0.93-0.95", [0.9, 0.96], "0.90-0.96"), ("95 % CI ?", [0.0, 0.0168], "95 % CI [0.0000, 0.0168]"),
        ("+?", [-0.914, 0.945], "[−0.914, +0.945]"), ("0.94", [0.9351], "0.94"), ("0.93", [0.935], "0.93"),
        ("-0.5, −0.5", [-1, -1], "-1.0, −1.0"), ("words 0.1 stay", [0.3], "words 0.3 stay"),
    ],
)  # fmt: skip
def test_filling_keeps_the_style(text: str, values: list[float], filled: str) -> None:
    """Precision, sign, percent, separators, factors and words survive; only digits change."""
    assert fill(text, values) == filled


@pytest.mark.parametrize(
    ("text", "values", "words"),
    [
        ("words", [1], "no number where 1 is due"), ("0.1 and 0.2", [1], "2 numbers where 1 is due"),
        ("0.1", [1, 2], "1 number where 2 are due"), ("<0.01", [0.001], "bound"),
        ("p > 0.5", [1], "bound"), ("≥ ?.??", [1], "bound"), ("&lt;0.1", [0], "bound"),
        ("<= 0.1", [0], "bound"), ("?", [math.nan], "nan is no"), ("?", [math.inf], "inf is no"),
        ("0.1", [1e300], "no number a sentence"), ("[?,?]", [1, 234], "run into"),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_refused(text: str, values: list[float], words: str) -> None:
    """Too many or too few numbers, bounds and values that are no numbers get a sentence each."""
    with pytest.raises(SlotMismatch, match=re.escape(words)):
        fill(text, values)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(value=NUMBERS)
@pytest.mark.parametrize("style", STYLES)
def test_filled_text_agrees_and_stays(style: str, value: float) -> None:
    """Writing, reading again and writing again agrees, changes nothing, and moves no other character."""
    filled = fill(style, [value])

    assert agrees(filled, [value])
    assert fill(filled, [value]) == filled
    assert around(filled) == around(style)
    assert not any(slot.sign in {"-", MINUS} and slot.number == 0 for slot in slots(filled))


@settings(derandomize=True, max_examples=60, deadline=None)
@given(low=NUMBERS, high=NUMBERS)
@pytest.mark.parametrize("style", PAIRS)
def test_filled_intervals_agree_and_stay(style: str, low: float, high: float) -> None:
    """The same for two numbers, also for a lone placeholder that becomes an interval."""
    filled = fill(style, [low, high])

    assert agrees(filled, [low, high])
    assert fill(filled, [low, high]) == filled


@settings(derandomize=True, max_examples=200, deadline=None)
@given(first=NUMBERS, second=NUMBERS)
@pytest.mark.parametrize("style", ["?.??", "+?.???", "? %", "12,345", "?.?×"])
def test_value_that_moves_is_followed(style: str, first: float, second: float) -> None:
    """A text written for one value can be rewritten for any other."""
    moved = fill(fill(style, [first]), [second])

    assert agrees(moved, [second])
    assert around(moved) == around(style)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(text=st.text("0123456789.,?+-−%<x kMe²CI中[]()", max_size=20), value=NUMBERS)
def test_any_text_is_filled_or_refused(text: str, value: float) -> None:
    """Whatever the text, it ends up agreeing, or is refused."""
    try:
        filled = fill(text, [value])
    except SlotMismatch:
        return

    assert agrees(filled, [value])


@pytest.mark.parametrize(
    ("text", "emptied"),
    [("R² +0.0097", "R² +?.????"), ("−0.01", "?.??"), ("12,345", "?,???"), ("[0.1, 0.25] %", "[?.?, ?.??] %"),
     ("16 % v1.2", "? % v1.2"), ("?.?? words", "?.?? words")],
)  # fmt: skip
def test_blank_turns_numbers_back_into_placeholders(text: str, emptied: str) -> None:
    """A number without a result behind it becomes the placeholder it came from."""
    assert blank(text) == emptied


@pytest.mark.parametrize(
    ("value", "decimals", "sign", "percent", "text"),
    [(0.931, 4, False, False, "0.9310"), (0.0097, 4, True, False, "+0.0097"), (-0.0176, 4, True, False, "−0.0176"),
     (-0.001, 2, False, False, "0.00"), (0.158, 0, False, True, "16 %"), (12345.6, 1, False, False, "12345.6")],
)  # fmt: skip
def test_shown_writes_one_value(value: float, decimals: int, sign: bool, percent: bool, text: str) -> None:  # noqa: FBT001
    """Tables write numbers as citations do."""
    assert shown(value, decimals, sign=sign, percent=percent) == text
