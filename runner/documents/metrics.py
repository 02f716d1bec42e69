"""The metrics a protocol may name: how each is written, which way is better, and what it is computed from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

TEST, BOUNDS = "test", "bounds"  # what a run may have filed for the rows that are scored
COUNT = "n"  # of a slice: how many rows it holds; known of every run
ANY = (-math.inf, math.inf)


@dataclass(frozen=True, slots=True)
class Metric:
    """What is known of a metric without scoring anything."""

    symbol: str
    better: str  # higher, lower, or zero
    range: tuple[float, float] = ANY
    unitless: bool = False  # else it has the unit of the target
    of: str = TEST  # computed from predictions, or from bounds


METRICS: Mapping[str, Metric] = {
    "r2": Metric("R²", "higher", (-math.inf, 1), unitless=True),
    "mae": Metric("MAE", "lower", (0, math.inf)),
    "rmse": Metric("RMSE", "lower", (0, math.inf)),
    "bias": Metric("bias", "zero"),
    "bound": Metric("bound", "higher", (-math.inf, 1), unitless=True, of=BOUNDS),
    "r2max": Metric("R²max", "higher", (0, 1), unitless=True, of=BOUNDS),
    "r2max_mean": Metric("mean R²max", "higher", (0, 1), unitless=True, of=BOUNDS),
    "r2max_p10": Metric("R²max p10", "higher", (0, 1), unitless=True, of=BOUNDS),
    "r2max_p90": Metric("R²max p90", "higher", (0, 1), unitless=True, of=BOUNDS),
    "sigma": Metric("σ", "lower", (0, math.inf), of=BOUNDS),
}
