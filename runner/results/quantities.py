"""What an expression is worth: a value with its resamples, and the rows it speaks about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import TypeVar

import numpy as np

from runner.documents.kinds import Published, Stated
from runner.expressions.syntax import Call, Expression
from runner.expressions.tokens import ExpressionRefused
from runner.results.addresses import FactAddress, ScalarAddress
from runner.results.populations import Population, together
from runner.results.replicates import FEWEST, interval, over_seeds


@dataclass(frozen=True)
class Quantity:
    """A value with its resamples (values[0] is the value itself) and where it comes from."""

    values: np.ndarray
    populations: tuple[Population, ...] = ()  # all it rests on
    bound: tuple[Population, ...] = ()  # those that what it combines with must share
    facts: tuple[FactAddress | ScalarAddress, ...] = ()
    unit: str = ""
    holes: bool = False  # some resamples gave no finite value, so nothing can be said about their share
    across: bool = False  # combines different populations, and says so
    fits: bool = False  # rests on fewer than three seeds of a job that draws: about these fits, not the method
    seeds: bool = False  # its resamples draw seeds too, not the rows alone
    choices: tuple[str, ...] = ()  # of argmax: the names its values count
    published: tuple[Published, ...] = ()  # the sources it quotes
    recorded: Stated | None = None  # a fact that came without rows, as it came
    ends: tuple[float, float] | None = None  # where it rests on such facts: between what it lies
    open: bool = False  # a predicate that holds at one of these ends and fails at another

    @property
    def point(self) -> float:
        """Return the value itself."""
        return float(self.values[0])

    @property
    def text(self) -> str:
        """Return the name that was chosen, where the value is one."""
        return self.choices[int(self.point)] if self.choices else ""

    @property
    def enough(self) -> bool:
        """Tell whether the rows are enough for an interval."""
        return not self.holes and not self.open and all(population.n >= FEWEST for population in self.populations)

    @property
    def interval(self) -> tuple[float, float] | None:
        """Return the 95 % interval over resampled test rows, or the one a fact without rows brings."""
        if self.recorded is not None:
            return self.recorded.interval
        return interval(self.values) if self.enough and not self.choices and not self.judged else None

    @property
    def judged(self) -> bool:
        """Tell whether it is true or false rather than a number."""
        return self.values.dtype == np.bool_

    @property
    def probability(self) -> float | None:
        """Return for a predicate the share of resamples in which it holds, where there are any."""
        return float(self.values[1:].mean()) if self.judged and len(self.values) > 1 and self.enough else None


@dataclass(frozen=True)
class Parts:
    """What `*` gives: a quantity for each part, not combined yet."""

    by_name: Mapping[str, Quantity]
    seeds: tuple[float, ...] = ()  # where they are the same run by another seed, and nothing else
    over: tuple[str, ...] = ()  # what they differ in


T = TypeVar("T")
Worth = Quantity | Parts


def each(tree: Expression, given: list[Worth], operate: Callable[[list[Quantity]], Quantity]) -> Worth:
    """Apply an operation to quantities, part by part where some of them are parts."""
    several = [worth for worth in given if isinstance(worth, Parts)]
    if not several:
        return operate([worth for worth in given if isinstance(worth, Quantity)])
    names = list(several[0].by_name)
    if any((list(other.by_name), other.over) != (names, several[0].over) for other in several):
        message = "the parts of one `*` are not those of the other"
        raise ExpressionRefused(message, tree.start, tree.end, fix="take * over the same axis", code="LG303")
    seeds = several[0].seeds if all(other.seeds == several[0].seeds for other in several) else ()
    return Parts({name: operate([part_of(worth, name) for worth in given]) for name in names}, seeds, several[0].over)


def part_of(worth: Worth, name: str) -> Quantity:
    """Return the part of this name, or the quantity itself where it has none."""
    return worth.by_name[name] if isinstance(worth, Parts) else worth


def joined(tree: Expression, parts: list[Quantity], values: np.ndarray, unit: str, *, loose: bool) -> Quantity:
    """Return a combination of quantities; those of different populations are refused, and both are named."""
    bound = _union([part.bound for part in parts])
    if len(bound) > 1 and not loose:
        message = f"populations differ: {bound[0]} and {bound[1]}"
        fix = "compare numbers of the same rows, noise and slice, or write across(...)"
        raise ExpressionRefused(message, tree.start, tree.end, fix=fix, code="LG303")
    return Quantity(
        np.atleast_1d(values),
        populations=_union([part.populations for part in parts]),
        bound=bound,
        facts=_union([part.facts for part in parts]),
        unit=unit,
        holes=any(part.holes for part in parts),
        open=any(part.open for part in parts),
        across=any(part.across for part in parts),
        fits=any(part.fits for part in parts),
        seeds=any(part.seeds for part in parts),
        published=_union([part.published for part in parts]),
    )


def corners(parts: list[Quantity]) -> list[tuple[np.ndarray, ...]]:
    """Return the values that parts may have together where some rest on facts that bring their own interval.

    Each part stands at its point, at its ends, and wherever the other parts or zero lie between these; a part with
    resamples lies between the ends of its interval. Where no part rests on such a fact there is nothing to try.
    """
    if all(part.ends is None for part in parts):
        return []
    ends = [part.ends or part.interval or (part.point, part.point) for part in parts]
    tried = {0.0, *(part.point for part in parts), *(end for pair in ends for end in pair)}
    places = [
        sorted({part.point, *(value for value in tried if low <= value <= high)})
        for part, (low, high) in zip(parts, ends, strict=True)
    ]
    return [tuple(np.array([value]) for value in place) for place in product(*places)]


def ends_of(parts: list[Quantity], operate: Callable[[list[np.ndarray]], np.ndarray]) -> tuple[float, float] | None:
    """Return between what the result of an operation lies, nothing where no part says it of itself."""
    with np.errstate(divide="ignore", invalid="ignore"):
        reached = [float(operate(list(place))[0]) for place in corners(parts)]
    if not reached:
        return None
    return (min(reached), max(reached)) if np.isfinite(reached).all() else (-np.inf, np.inf)


def crossed(worth: Quantity) -> Quantity:
    """Return a quantity that belongs to no population any more, and says so."""
    return replace(worth, bound=(), across=True)


REDUCE: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean": lambda stacked: stacked.mean(axis=0),
    "sd": lambda stacked: stacked.std(axis=0, ddof=1) if len(stacked) > 1 else stacked[0] * np.nan,
    "spread": lambda stacked: stacked.max(axis=0) - stacked.min(axis=0),
    "min": lambda stacked: stacked.min(axis=0),
    "max": lambda stacked: stacked.max(axis=0),
    "argmax": lambda stacked: stacked.argmax(axis=0).astype(float),
    "count": lambda stacked: stacked.astype(bool).sum(axis=0).astype(float),
    "all": lambda stacked: np.asarray(stacked.astype(bool).all(axis=0)),
    "any": lambda stacked: np.asarray(stacked.astype(bool).any(axis=0)),
}
RISING = {"mean", "min", "max"}  # no part makes them smaller by growing
KEEPING_UNIT = {"mean", "sd", "spread", "min", "max"}


def reduced(call: Call, parts: Parts) -> Quantity:
    """Return what a function makes of the parts of a `*`."""
    quantities = list(parts.by_name.values())
    stacked = np.stack(alike([quantity.values for quantity in quantities]))
    if call.function == "argmax" and not np.isfinite(stacked[:, 0]).all():
        raise ExpressionRefused("a part has no finite value", call.start, call.end, code="LG305")
    unit = quantities[0].unit if call.function in KEEPING_UNIT else ""
    averaged = call.function == "mean" and bool(parts.seeds)
    values = over_seeds(parts.seeds, list(stacked)) if averaged else REDUCE[call.function](stacked)
    same_run = bool(parts.seeds)  # by another seed: on the same rows, or it is another run
    whole = joined(call, quantities, values, unit, loose=not same_run)
    choices = tuple(parts.by_name) if call.function == "argmax" else ()
    bound = (together(whole.bound),) if whole.bound else ()
    seeds = whole.seeds or bool(averaged and len(stacked) > 1)
    ends = ends_together(quantities, call.function)
    return replace(whole, bound=bound, choices=choices, seeds=seeds, ends=ends)


def ends_together(quantities: list[Quantity], function: str) -> tuple[float, float] | None:
    """Return between what a function of many parts lies, nothing where no part says it of itself."""
    if all(quantity.ends is None for quantity in quantities):
        return None
    if function not in RISING:
        return -np.inf, np.inf
    pairs = np.array([quantity.ends or quantity.interval or (quantity.point,) * 2 for quantity in quantities])
    low, high = (float(REDUCE[function](side)) for side in pairs.T)
    return low, high


def alike(values: list[np.ndarray]) -> list[np.ndarray]:
    """Return arrays of one length: what has no resamples is the same in all of them."""
    longest = max(len(array) for array in values)
    return [array if len(array) == longest else np.repeat(array, longest) for array in values]


def _union(groups: list[tuple[T, ...]]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(item for group in groups for item in group))
