"""What the operators of the language do to arrays of values."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np

from runner.expressions.syntax import COMPARISONS

ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": np.divide,
}
FUNCTIONS: dict[str, Callable[[Sequence[Any]], Any]] = {
    "abs": lambda values: np.abs(values[0]),
    "sqrt": lambda values: np.sqrt(values[0]),
    "log10": lambda values: np.log10(values[0]),
    "min": lambda values: reduce(np.minimum, values),
    "max": lambda values: reduce(np.maximum, values),
    "near": lambda values: np.abs(values[0] - values[1]) <= values[2],
}


def compare(values: Sequence[Any], operators: Sequence[str]) -> Any:
    """Return where a chain of comparisons holds."""
    links = [COMPARISONS[sign](a, b) for sign, (a, b) in zip(operators, pairwise(values), strict=True)]
    return reduce(np.logical_and, links)


def logic(word: str, values: Sequence[Any]) -> Any:
    """Return where predicates joined by a word hold."""
    if word == "not":
        return np.logical_not(values[0])
    return reduce(np.logical_and if word == "and" else np.logical_or, values)
