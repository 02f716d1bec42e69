"""Slices: which rows a predicate over columns holds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from runner.documents.protocol import ROWWISE
from runner.expressions.parse import parse
from runner.results.masks import mask
from runner.results.operators import FUNCTIONS

AGE = np.array([10.0, 20.0, 30.0, 40.0])
MASS = np.array([4.0, 3.0, 2.0, 1.0], dtype=np.float32)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("age < 20", AGE < 20),
        ("age <= 20", AGE <= 20),
        ("age > 20", AGE > 20),
        ("age >= 20", AGE >= 20),
        ("10 < age <= 30", (AGE > 10) & (AGE <= 30)),
        ("age / mass > 10", AGE / MASS > 10),
        ("age * mass - 2 * age + 5 > -mass", AGE * MASS - 2 * AGE + 5 > -MASS),
        ("age < 20 or age > 30", (AGE < 20) | (AGE > 30)),
        ("age > 10 and not mass > 2", (AGE > 10) & ~(MASS > 2)),
        ("abs(age - 25) < 10", np.abs(AGE - 25) < 10),
        ("sqrt(age) < 5", np.sqrt(AGE) < 5),
        ("log10(age) > 1.4", np.log10(AGE) > 1.4),
        ("min(age, 25, 10 * mass) > 20", np.minimum(np.minimum(AGE, 25), 10 * MASS) > 20),
        ("max(mass, 2.5) < 3", np.maximum(MASS, 2.5) < 3),
        ("near(age, 10 * mass, 12)", np.abs(AGE - 10 * MASS) <= 12),
        ("age / (mass - 2) > 5", [False, True, True, False]),
        ("age / 0 < 40", [False] * 4),
        ("sqrt(mass - 3) < 1", [False, True, False, False]),
        ("log10(mass - 4) < 1", [True, False, False, False]),
        ("age < 20 or 1 < 2", [True] * 4),
    ],
)
@pytest.mark.filterwarnings("error")
def test_a_slice_holds_the_rows_of_its_predicate(text: str, expected: Sequence[bool]) -> None:
    """Comparisons, arithmetic, logic and functions mean on columns what they mean on numbers, without a warning."""
    found = mask(parse(text), {"age": AGE, "mass": MASS})

    assert found.dtype == bool
    assert found.tolist() == list(expected)


def test_every_function_a_slice_may_use_has_a_value_for_each_row() -> None:
    """What a protocol accepts can be evaluated."""
    assert set(ROWWISE) == set(FUNCTIONS)
