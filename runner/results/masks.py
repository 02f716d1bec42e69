"""Which rows a slice holds: its predicate evaluated on the columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from runner.expressions.syntax import (
    Arithmetic,
    Call,
    Comparison,
    Expression,
    Logic,
    Negative,
    Number,
    Reference,
    children,
)
from runner.results.operators import ARITHMETIC, FUNCTIONS, compare, logic


def mask(tree: Expression, columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return for each row whether the predicate holds; what has no value there does not."""
    with np.errstate(all="ignore"):
        return np.asarray(_value(tree, columns), dtype=bool)


def _value(tree: Expression, columns: Mapping[str, np.ndarray]) -> Any:
    if isinstance(tree, Number):
        return tree.value
    if isinstance(tree, Reference):
        return columns[tree.names[0]]
    return _combined(tree, [_value(part, columns) for part in children(tree)])


def _combined(tree: Expression, values: list[Any]) -> Any:
    match tree:
        case Negative():
            return -values[0]
        case Arithmetic(operator=operator):
            return ARITHMETIC[operator](*values)
        case Comparison(operators=operators):
            return compare(values, operators)
        case Logic(operator=operator):
            return logic(operator, values)
        case Call(function=name):
            return FUNCTIONS[name](values)
    raise TypeError(tree)
