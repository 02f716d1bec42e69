"""Slices: which rows a predicate over columns holds."""

from __future__ import annotations

import numpy as np
import pytest

from runner.expressions.parse import parse
from runner.results.masks import mask

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
    ],
)
def test_a_slice_holds_the_rows_of_its_predicate(text: str, expected: np.ndarray) -> None:
    """Comparisons, chains, arithmetic and logic mean on columns what they mean on numbers."""
    found = mask(parse(text), {"age": AGE, "mass": MASS})

    assert found.dtype == bool
    assert found.tolist() == expected.tolist()
