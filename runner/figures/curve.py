"""Curves along an axis: quantities over a sweep, over the bins of a partition, or the numbers of a table.

What sources published stands beside ours as open marks; limits stand behind the quantities that they are to bound.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from runner.figures._canvas import (
    AXIS,
    COLOURS,
    FALLING,
    INK,
    LOWEST,
    WIDE,
    canvas,
    end_vertical,
    legend,
    legend_height,
    name_places,
    number_places,
    raise_logarithms,
    svg,
    written,
)
from runner.findings import InputRefused
from runner.results.board import Board
from runner.results.metrics import LIMITS, SYMBOLS
from runner.results.quantities import Quantity
from runner.results.returned import Stop

if TYPE_CHECKING:
    from matplotlib.axes import Axes

VERSION = 6

SPAN = 10.0  # from which ratio of its ends an axis is drawn in logarithms
DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<")
BOUNDING = frozenset(SYMBOLS[name] for name in LIMITS)
FEW = 4  # lines that a panel of the usual height shows apart
LETTERS = 7  # of a number on the axis


@dataclass(frozen=True)
class Params:
    """What the block may set."""

    # the axis of the sweep, or the partition, along which to draw; for a table, what its places are called
    x: str
    # expressions to draw, each leaving that axis open, or tables that jobs returned: "ridge.val_mse"
    of: tuple[str, ...]
    # draw the axis in logarithms; without it where the ends are far apart
    log: bool | None = None
    # draw the line on which both axes say the same
    diagonal: bool = False


@dataclass(frozen=True)
class Scale:
    """A horizontal axis: where each value stands, what is marked on it, and what the marks are called."""

    places: Mapping[float | str, float]
    marks: list[float]
    labels: list[str]
    names: bool = False  # the values are names side by side

    @property
    def is_wide(self) -> bool:
        """Tell whether its ends are so far apart that it is drawn in logarithms."""
        return not self.names and _are_far(self.marks)


@dataclass(frozen=True)
class Line:
    """One expression with its values along the axis, and the metric they are of."""

    text: str
    stops: list[Stop]
    measure: str

    @property
    def is_quoted(self) -> bool:
        """Tell whether others published its values."""
        return bool(self.stops) and all(stop.quantity.published and not stop.quantity.facts for stop in self.stops)

    @property
    def is_limit(self) -> bool:
        """Tell whether its values bound those of others."""
        return self.measure.partition(" (")[0] in BOUNDING

    @property
    def points(self) -> list[float]:
        """Return the values without their intervals."""
        return [stop.quantity.point for stop in self.stops]

    @property
    def subject(self) -> str:
        """Return what its values are of, whoever found them."""
        return self.text.removeprefix("published(").removesuffix(")").strip() if self.is_quoted else self.text


@dataclass(frozen=True)
class Look:
    """How a subject is told from the others: a limit behind them has no colour of its own and no marks."""

    colour: str
    style: str
    mark: str
    behind: bool = False


def draw(params: Params, board: Board) -> bytes:
    """Draw one line per expression, its interval over test rows as a band."""
    lines = [Line(text, board.series(text, params.x), board.measure([text])) for text in params.of]
    if not any(line.stops for line in lines):
        fix = "name an axis of the sweep"
        raise InputRefused(f"there is nothing along `{params.x}` to draw", code="LG305", fix=fix)
    scale, looks = _scale([line.stops for line in lines]), _looks(lines)
    figure, (axes,) = canvas(WIDE, _height(looks.values()) + legend_height(params.of))
    if params.log or (params.log is None and scale.is_wide and not params.diagonal):
        _refuse_unlogarithmic(scale)
        axes.set_xscale("log")
    in_front = [line for line in lines if not looks[line.subject].behind]
    metrics = list(dict.fromkeys(line.measure for line in in_front))
    falling = next((metric for metric in metrics if metric in FALLING), "")
    metric = "" if "" in metrics else ", ".join(metrics)
    for line in lines:
        label = f"{line.text}{_deep(line.points, falling)}"
        (_draw_points if line.is_quoted else _draw_line)(axes, line, looks[line.subject], scale, label)
    if params.diagonal:
        _draw_diagonal(axes, scale)
    (name_places if scale.names else number_places)(axes, scale.marks, scale.labels, AXIS)
    end_vertical(axes, falling)
    if _is_steep(in_front, metric):
        raise_logarithms(axes)
    axes.set(xlabel=params.x, ylabel=metric)
    axes.grid(axis="y", alpha=0.25, linewidth=0.6)
    legend(figure, axes)
    return svg(figure)


def _is_steep(lines: list[Line], metric: str) -> bool:
    """Tell whether the least errors are so far apart that they are drawn in logarithms."""
    points = sorted(point for line in lines for point in line.points if math.isfinite(point))
    return metric.partition(" (")[0] == SYMBOLS["sigma"] and bool(points) and _are_far(points)


def _height(looks: Collection[Look]) -> float:
    """Return the inches of a panel with a legend of two lines, more where many lines have to be told apart."""
    return 3.9 + 0.15 * max(0, len(looks) - FEW)


def _looks(lines: list[Line]) -> dict[str, Look]:
    """Return how each subject is drawn: limits in ink, where there is something in front of them."""
    in_front = any(not line.is_limit and not line.is_quoted for line in lines)
    looks: dict[str, Look] = {}
    for line in lines:
        if line.subject not in looks:
            behind = in_front and line.is_limit
            index = sum(look.behind == behind for look in looks.values())
            style = DASHES[1 + index % (len(DASHES) - 1) if behind else index // len(COLOURS) % len(DASHES)]
            colour, mark = INK if behind else COLOURS[index % len(COLOURS)], MARKERS[index % len(MARKERS)]
            looks[line.subject] = Look(colour, style, mark, behind)
    return looks


def _draw_line(axes: Axes, line: Line, look: Look, scale: Scale, label: str) -> None:
    """Draw values in their order along the axis, and the band of their intervals."""
    stops = sorted(line.stops, key=lambda stop: scale.places[stop.value])
    x, quantities = [scale.places[stop.value] for stop in stops], [stop.quantity for stop in stops]
    mark, points = "" if look.behind else look.mark, [quantity.point for quantity in quantities]
    axes.plot(x, points, look.style, marker=mark, markersize=5, color=look.colour, label=label)
    low, high = _band(quantities)
    axes.fill_between(x, low, high, color=look.colour, alpha=0.18, linewidth=0)


def _draw_points(axes: Axes, line: Line, look: Look, scale: Scale, label: str) -> None:
    """Draw values that others published as open marks about ours, their intervals as thin lines."""
    x = [scale.places[stop.value] for stop in line.stops]
    axes.plot(x, line.points, look.mark, markersize=8.5, markerfacecolor="none", color=look.colour, label=label)
    for place, stop in zip(x, line.stops, strict=True):
        if stop.quantity.interval is not None:
            axes.plot([place, place], stop.quantity.interval, color=look.colour, linewidth=1)


def _draw_diagonal(axes: Axes, scale: Scale) -> None:
    """Draw the line of equal numbers as far as the axis goes."""
    if scale.names:
        raise InputRefused(f"`{scale.labels[0]}` is no number", code="LG208", fix="leave out `diagonal: true`")
    ends = np.linspace(scale.marks[0], scale.marks[-1])
    axes.plot(ends, ends, color=INK, linewidth=1, zorder=0)


def _deep(points: list[float], metric: str) -> str:
    """Say how far down a line goes that leaves the picture."""
    lowest = min((point for point in points if math.isfinite(point)), default=0.0)
    return f" (down to {written(lowest, 3)})" if metric in FALLING and lowest < LOWEST else ""


def _refuse_unlogarithmic(scale: Scale) -> None:
    """Refuse an axis on part of which a logarithmic one would have no place."""
    wrong = [label for mark, label in zip(scale.marks, scale.labels, strict=True) if scale.names or mark <= 0]
    if wrong:
        raise InputRefused(f"`{wrong[0]}` has no logarithm", code="LG208", fix="leave out `log: true`")


def _scale(curves: list[list[Stop]]) -> Scale:
    """Return the axis of all curves: bins of numbers by their edges, numbers, or names side by side as declared."""
    stops = {stop.value: stop for series in curves for stop in series}
    spans = {value: stop.span for value, stop in stops.items() if stop.span is not None}
    beside: dict[float | str, float] = {v: v for v in stops if v not in spans and not isinstance(v, str)}
    if spans and len(spans) + len(beside) == len(stops):
        edges = sorted({end for span in spans.values() for end in span})
        marks = sorted({*edges, *(place for place in beside.values() if not edges[0] <= place <= edges[-1])})
        middles = {v: (low * high) ** 0.5 if _are_far(marks) else (low + high) / 2 for v, (low, high) in spans.items()}
        return Scale({**middles, **beside}, marks, [_short(f"{mark:.12g}") for mark in marks])
    places = _places(curves)
    labels = {places[value]: stop.label for value, stop in stops.items()}
    names = any(isinstance(value, str) for value in places)
    marks = sorted(labels)
    return Scale(places, marks, [labels[m] if names else _short(labels[m]) for m in marks], names)


def _are_far(marks: list[float]) -> bool:
    return marks[0] > 0 and marks[-1] / marks[0] >= SPAN


def _short(label: str) -> str:
    """Return a number in three digits where more would not fit."""
    return label if len(label) <= LETTERS else f"{float(label):.3g}"


def _places(curves: list[list[Stop]]) -> dict[float | str, float]:
    """Return where each value of the axis stands: numbers where they are, names side by side as declared."""
    values = _merged([[stop.value for stop in series] for series in curves])
    if any(isinstance(value, str) for value in values):
        return {value: float(index) for index, value in enumerate(values)}
    return {value: float(value) for value in values}


def _merged(lists: list[list[float | str]]) -> list[float | str]:
    """Return all values of several lists, in an order that is that of each."""
    merged: list[float | str] = []
    for values in lists:
        after = 0
        for value in values:
            if value not in merged:
                merged.insert(after, value)
            after = merged.index(value) + 1
    return merged


def _band(quantities: list[Quantity]) -> tuple[list[float], list[float]]:
    """Return the ends of the intervals, nothing where there is none."""
    ends = [quantity.interval or (float("nan"), float("nan")) for quantity in quantities]
    return [low for low, _ in ends], [high for _, high in ends]
