"""Evidence: what tells one drawing of a quantity from another, the same on every machine."""

from __future__ import annotations

from typing import Any

import numpy as np

from runner.results import arrays
from runner.results.quantities import Quantity
from runner.safety import canonical


def drawn(quantity: Quantity) -> list[Any]:
    """Return what a figure may show of a quantity, rounded as facts are."""
    interval = [arrays.digest(ten_digits(np.array(quantity.interval)))] if quantity.interval else []
    populations = [population.key for population in quantity.populations]
    return [arrays.digest(ten_digits(quantity.values)), interval, quantity.unit, populations]


def ten_digits(values: np.ndarray) -> np.ndarray:
    """Return values to ten digits of the largest: what machines disagree on beyond them shows in no figure."""
    finite = np.abs(values[np.isfinite(values)])
    largest = float(finite.max(initial=0.0)) or 1.0
    decimals = canonical.DECIMALS - int(np.ceil(np.log10(largest)))
    plain = np.round(values.astype(np.float64), decimals) + 0.0  # + 0.0 turns -0.0 into 0.0
    return np.where(np.isnan(plain), np.nan, plain)
