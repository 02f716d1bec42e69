"""Which rows a slice holds: its predicate evaluated on the columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from runner.expressions.syntax import Arithmetic, Comparison, Expression, Logic, Negative, Number, Reference
from runner.results.operators import ARITHMETIC, compare, logic


def mask(tree: Expression, columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return for each row whether the predicate holds."""
    return np.asarray(_value(tree, columns), dtype=bool)


def _value(tree: Expression, columns: Mapping[str, np.ndarray]) -> Any:
    match tree:
        case Number(value=value):
            return value
        case Reference():
            return columns[tree.names[0]]
        case Negative(operand=operand):
            return -_value(operand, columns)
        case Arithmetic(operator=operator, left=left, right=right):
            return ARITHMETIC[operator](_value(left, columns), _value(right, columns))
        case Comparison(operands=operands, operators=operators):
            return compare([_value(operand, columns) for operand in operands], operators)
        case Logic(operator=operator, operands=operands):
            return logic(operator, [_value(operand, columns) for operand in operands])
    raise TypeError(tree)
