"""Bars: quantities side by side, or over the parts of a partition, each with its 95 % interval over test rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.figures._canvas import (
    AXIS,
    COLOURS,
    FALLING,
    INK,
    LOWEST,
    WIDE,
    canvas,
    end_horizontal,
    end_vertical,
    legend,
    name_places,
    svg,
    written,
)
from runner.findings import InputRefused
from runner.results.board import Board
from runner.results.quantities import Quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes

VERSION = 3

FAINT = 0.6  # bars, so that an interval in the same colour shows on them
BESIDE = 0.14  # of the axis that stays free for the value beside a bar
FULL = 0.8  # of the room of a part that its bars fill


@dataclass(frozen=True)
class Params:
    """What the block may set."""

    # expressions to draw, in order; a job stands for its first metric
    of: tuple[str, ...]
    # a partition or an axis that they leave open: one group of bars for each of its parts
    x: str | None = None


def draw(params: Params, board: Board) -> bytes:
    """Draw one bar per expression, its value written beside it; over an axis, groups of bars."""
    return _grouped(params.of, params.x, board) if params.x else _alone(params.of, board)


def _alone(of: tuple[str, ...], board: Board) -> bytes:
    quantities = [board.quantity(text) for text in of]
    for text, quantity in zip(of, quantities, strict=True):
        if not math.isfinite(quantity.point):
            raise InputRefused(f"`{text}` has no finite value to draw", code="LG305", fix="see its parts")
    metric = board.measure(of)
    figure, (axes,) = canvas(6.4, (0.95 if metric else 0.75) + 0.55 * len(quantities))
    for index, (text, quantity) in enumerate(zip(of, quantities, strict=True)):
        colour = COLOURS[index % len(COLOURS)]
        axes.barh(index, quantity.point, height=0.55, color=colour, alpha=FAINT, label=text)
        edge = max(quantity.point, 0.0)
        if quantity.interval is not None:  # the point may lie outside: resamples need not centre on it
            (line,) = axes.plot(
                quantity.interval, [index, index], color=colour, linewidth=1.8, marker="|", markersize=9
            )
            line.set_gid(f"interval-{index}")
            edge = max(edge, quantity.interval[1])
        axes.annotate(f"{quantity.point:.3f}", (edge, index), xytext=(7, 0), textcoords="offset points", va="center")
    axes.set_yticks(range(len(of)), of)
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.margins(x=BESIDE)
    end_horizontal(axes, metric, BESIDE)
    axes.set_xlabel(metric)
    axes.axvline(0, color=INK, linewidth=0.8)
    return svg(figure)


def _grouped(of: tuple[str, ...], x: str, board: Board) -> bytes:
    """Draw a group of bars per part, one colour per expression; a part without a finite value has no bar."""
    groups = [board.series(text, x) for text in of]
    parts = list(dict.fromkeys(stop.label for stops in groups for stop in stops))
    metric, width = board.measure(of), FULL / len(of)
    figure, (axes,) = canvas(WIDE, 3.9)
    for index, (text, stops) in enumerate(zip(of, groups, strict=True)):
        drawn = [stop for stop in stops if math.isfinite(stop.quantity.point)]
        places = [parts.index(stop.label) + width * (index - (len(of) - 1) / 2) for stop in drawn]
        quantities, colour = [stop.quantity for stop in drawn], COLOURS[index % len(COLOURS)]
        heights = [quantity.point for quantity in quantities]
        axes.bar(places, heights, width=0.9 * width, color=colour, alpha=FAINT, label=text)
        _draw_intervals(axes, places, quantities, colour)
        if metric in FALLING:
            _write_what_is_cut(axes, places, heights)
    axes.axhline(0, color=INK, linewidth=0.8)
    end_vertical(axes, metric)
    name_places(axes, range(len(parts)), parts, AXIS)
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="y", alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set(xlabel=x, ylabel=metric)
    legend(figure, axes)
    return svg(figure)


def _draw_intervals(axes: Axes, places: list[float], quantities: list[Quantity], colour: str) -> None:
    for place, quantity in zip(places, quantities, strict=True):
        if quantity.interval is not None:
            (line,) = axes.plot([place, place], quantity.interval, color=colour, linewidth=1.6)
            line.set_gid(f"interval-{place:.3f}")


def _write_what_is_cut(axes: Axes, places: list[float], heights: list[float]) -> None:
    """Write the values of bars that reach below the end of the axis."""
    for place, height in zip(places, heights, strict=True):
        if height < LOWEST:
            axes.text(place, 0, f" {written(height, 2)}", rotation=90, ha="center", va="bottom", fontsize=10)
