"""Profiles along the inputs: weights or importances at every wavelength, with known lines marked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from runner.figures._canvas import COLOURS, INK, WIDE, canvas, outline, svg
from runner.results.board import Board

if TYPE_CHECKING:
    from matplotlib.axes import Axes

VERSION = 1

BLOCKS = 450  # of neighbouring inputs, each drawn by its smallest and its largest value
PLAIN = range(-1, 3)  # powers of ten that need no telling
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
APART = 0.03  # of the axis between the names of two marks


@dataclass(frozen=True)
class Params:
    """What the block may set."""

    # profiles that jobs returned, one panel each: "ridge.weights", "moe.weights(mid_poor)", "net(1M).importance"
    of: tuple[str, ...]
    # where to draw a line across all panels: positions, or positions by name
    marks: dict[str, float] | tuple[float, ...] | None = None
    # inputs whose running mean is drawn; 1 draws every value
    smooth: int = 1


def draw(params: Params, board: Board) -> bytes:
    """Draw one panel per profile on a common axis, each on its own scale."""
    profiles = [board.profile(item) for item in params.of]
    stands = [board.positions(item) for item in params.of]
    places = [np.arange(len(own)) if at is None else at for own, at in zip(profiles, stands, strict=True)]
    low, high = min(float(at.min()) for at in places), max(float(at.max()) for at in places)
    marks = _marks(params, low, high)
    figure, panels = canvas(WIDE, 0.6 + 1.6 * len(profiles) + (0.7 if marks else 0), rows=len(profiles))
    for index, (item, at, values, axes) in enumerate(zip(params.of, places, profiles, panels, strict=True)):
        for place, _ in marks:
            axes.axvline(place, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
        axes.axhline(0, color=INK, linewidth=0.6, zorder=0)
        power = _power(values)
        drawn = _smoothed(values, params.smooth) / 10.0**power
        axes.plot(*outline(at, drawn, BLOCKS), color=COLOURS[index % len(COLOURS)], linewidth=1)
        axes.set_xlim(low, high)
        scaled = f" / 10{str(power).translate(RAISED)}" if power else ""
        axes.set_title(f"{item}{scaled}", loc="left", fontsize=10)
        axes.tick_params(labelbottom=index == len(profiles) - 1)
    panels[-1].set_xlabel(board.inputs(params.of[0]) or "input")
    _name(panels[0], marks, low, high)
    return svg(figure)


def _power(values: np.ndarray) -> int:
    """Return the power of ten to draw numbers in, 0 where they read well as they are."""
    largest = float(np.abs(values).max(initial=0.0))
    power = math.floor(math.log10(largest)) if largest > 0 and math.isfinite(largest) else 0
    return power if power not in PLAIN else 0


def _marks(params: Params, low: float, high: float) -> list[tuple[float, str]]:
    """Return the marks that lie among the inputs, from left to right, with their names."""
    given = params.marks or ()
    named = given.items() if isinstance(given, dict) else ((f"{place:g}", place) for place in given)
    return sorted((place, name) for name, place in named if low <= place <= high)


def _name(axes: Axes, marks: list[tuple[float, str]], low: float, high: float) -> None:
    """Write the names of the marks above a panel, moved apart where lines stand close."""
    wanted = [(place - low) / (high - low) for place, _ in marks]
    for (place, name), at in zip(marks, _apart(wanted), strict=True):
        axes.annotate(
            name, ((place - low) / (high - low), 1.0), (at, 1.25), "axes fraction", "axes fraction",
            ha="left", va="bottom", rotation=45, rotation_mode="anchor", fontsize=9.5,
            arrowprops={"arrowstyle": "-", "color": INK, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip


def _apart(wanted: list[float]) -> list[float]:
    """Return places near those wanted and in their order, no two closer than names need."""
    groups: list[tuple[float, int]] = []  # of names that touch: their middle, and how many there are
    for place in wanted:
        middle, count = place, 1
        while groups and groups[-1][0] + APART * (groups[-1][1] + count) / 2 > middle:
            other, more = groups.pop()
            middle, count = (middle * count + other * more) / (count + more), count + more
        groups.append((middle, count))
    return [middle + APART * (k - (count - 1) / 2) for middle, count in groups for k in range(count)]


def _smoothed(values: np.ndarray, window: int) -> np.ndarray:
    """Return the mean over a window about every value, a narrower one at the ends."""
    if window <= 1:
        return values
    sums = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    at = np.arange(len(values))
    first, last = np.maximum(at - window // 2, 0), np.minimum(at + (window + 1) // 2, len(values))
    return np.asarray((sums[last] - sums[first]) / (last - first))
