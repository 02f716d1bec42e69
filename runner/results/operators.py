"""What the operators of the language do to arrays of values."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np

ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": np.divide,
}
COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compare(values: Sequence[Any], operators: Sequence[str]) -> Any:
    """Return where a chain of comparisons holds."""
    links = [COMPARE[sign](a, b) for sign, (a, b) in zip(operators, pairwise(values), strict=True)]
    return reduce(np.logical_and, links)


def logic(word: str, values: Sequence[Any]) -> Any:
    """Return where predicates joined by a word hold."""
    if word == "not":
        return np.logical_not(values[0])
    return reduce(np.logical_and if word == "and" else np.logical_or, values)
