"""Outcomes that can never come: rungs that are covered, predicates that are true or false by themselves."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.documents.reach import MOST_CELLS, never_taken, settled
from runner.expressions.parse import parse


@pytest.mark.parametrize(
    ("rungs", "never"),
    [
        (["a.gain >= 0.05", "a.gain < 0.02"], []),
        (["d < 0.1", "d <= 0.2"], []),
        (["d <= 0.2", "d < 0.1"], [1]),
        (["d < 0.1", "d < 0.1"], [1]),
        (["a.r2 >= 0.5", "a.r2 < 0.5"], [2]),
        (["a.r2 <= b.bound", "a.r2 > b.bound"], [2]),
        (["a.r2max >= 0", "a.r2max < 0"], [1, 2]),
        (["a.bound >= 0", "a.bound < 0"], [2]),
        (["a.sigma >= 0"], [1]),
        (["a.r2 > 0.5", "a.r2 < 0.5"], []),
        (["a.r2 >= b.r2 + 0.05", "a.r2 - b.r2 >= 0.06"], [1]),
        (["a.r2 >= b.r2 + 0.05", "b.r2 <= a.r2 - 0.06"], [1]),
        (["2 * a.r2 > 1", "a.r2 > 0.6"], [1]),
        (["a.r2 / 2 > 0.25", "a.r2 > 0.6"], [1]),
        (["-a.r2 < -0.5", "a.r2 > 0.6"], [1]),
        (["a.r2 > 0.6 or b.r2 > 0.6", "a.r2 > 0.7"], [1]),
        (["a.r2 > 0.6 and b.r2 > 0.6", "a.r2 > 0.7"], []),
        (["not a.r2 > 0.6", "a.r2 > 0.5"], [2]),
        (["0.2 < d <= 0.4", "d > 0.4", "d <= 0.2"], [3]),
        (["near(a.r2, 0.6, 0.05)", "a.r2 > 0.56", "a.r2 > 0.65"], [2]),
        (["near(a.r2, 0.6, 0.05)", "a.r2 < 0.65", "a.r2 > 0.55"], [3]),
        (["max(a.r2, b.r2) / c.r2 - 1 > 0.1", "max(a.r2, b.r2) / c.r2 > 1.1"], [1]),
        (["all(a.bin(*).r2 > 0)", "all(a.bin(*).r2 > 0)"], [1]),
        (["all(a.bin(*).r2 > 0)", "any(a.bin(*).r2 > 0)"], []),
        (["across(a.r2 - b.r2) > 0.1", "a.r2 - b.r2 > 0.2"], [1]),
        (["vit(1M).r2 > 0.5", "vit(2M).r2 > 0.6"], []),
        (["vit(1M).r2 > 0.5", "vit(1M).r2 > 0.6"], [1]),
    ],
)
def test_rungs_that_can_never_be_taken(rungs: list[str], never: list[int]) -> None:
    """A rung that those above cover is named by its position, the else by the number of rungs."""
    assert never_taken([parse(rung) for rung in rungs]) == never


@pytest.mark.parametrize(
    ("predicate", "outcome"),
    [
        ("a.r2 >= b.r2 or b.r2 >= a.r2", True),
        ("a.r2 > b.r2 or b.r2 > a.r2", None),
        ("a.r2 > b.r2 and b.r2 > a.r2", False),
        ("a.r2 > 1", False),
        ("a.r2 >= 1", None),
        ("a.r2 <= 1", True),
        ("a.mae >= 0", True),
        ("a.rmse < 0", False),
        ("a.mae > 0", None),
        ("a.bias < 0", None),
        ("a.r2 + b.r2 > 2", False),
        ("a.r2 - b.r2 > 2", None),
        ("a.mae - a.r2 < -1", False),
        ("a.covered.n >= 800", None),
        ("a.r2 - a.r2 > 0", False),
        ("a.r2 > 0 * b.r2 + 2", False),
        ("0.5 < a.r2 <= 0.4", False),
        ("a.r2 / b.r2 > 5", None),
        ("a.r2 * b.r2 > 5", None),
    ],
)
def test_predicates_that_cannot_come_out_both_ways(predicate: str, outcome: bool | None) -> None:  # noqa: FBT001
    """What is true or false of any values is told; what nobody can know is not."""
    assert settled(parse(predicate)) is outcome


def test_very_many_cells_are_not_searched() -> None:
    """Beyond a bound nothing is said, and it does not take long to say nothing."""
    few = [f"a{i}.x > {t}" for i in range(3) for t in range(8)]
    many = [f"a{i}.x > {t}" for i in range(4) for t in range(8)]

    assert 17**3 < MOST_CELLS < 17**4
    assert never_taken([parse(text) for text in few]) != []
    assert never_taken([parse(text) for text in many]) == []


BOUNDS = st.sampled_from(["-0.5", "0", "0.5", "1"])
COMPARED = st.tuples(st.sampled_from(["a.x", "b.x", "a.x - b.x"]), st.sampled_from(["<", "<=", ">", ">="]), BOUNDS)


@given(st.lists(COMPARED.map(" ".join), min_size=1, max_size=4))
def test_a_rung_that_some_values_take_is_never_refused(rungs: list[str]) -> None:
    """Whatever values the quantities have, the rung they take is not among those called impossible."""
    never = never_taken([parse(rung) for rung in rungs])
    values = [i / 4 for i in range(-8, 9)]
    for a, b in product(values, values):
        truths = [eval(rung.replace("a.x", str(a)).replace("b.x", str(b))) for rung in rungs]  # noqa: S307 - our own text
        assert next((i for i, truth in enumerate(truths) if truth), len(rungs)) not in never
