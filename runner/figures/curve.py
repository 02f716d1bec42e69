"""Curves along an axis: quantities over a sweep, over the bins of a partition, or the numbers of a table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from runner.figures._canvas import (
    AXIS,
    COLOURS,
    LOWEST,
    WIDE,
    canvas,
    end_vertical,
    legend,
    name_places,
    number_places,
    svg,
    written,
)
from runner.findings import InputRefused
from runner.results.board import Board
from runner.results.quantities import Quantity
from runner.results.returned import Stop

VERSION = 5

SPAN = 10.0  # from which ratio of its ends an axis is drawn in logarithms
DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P")
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


def draw(params: Params, board: Board) -> bytes:
    """Draw one line per expression, its interval over test rows as a band."""
    curves = [board.series(text, params.x) for text in params.of]
    if not any(curves):
        fix = "name an axis of the sweep"
        raise InputRefused(f"there is nothing along `{params.x}` to draw", code="LG305", fix=fix)
    scale = _scale(curves)
    figure, (axes,) = canvas(WIDE, 3.9)
    if scale.is_wide if params.log is None else params.log:
        _refuse_unlogarithmic(scale)
        axes.set_xscale("log")
    metric = board.measure(params.of)
    for index, (text, series) in enumerate(zip(params.of, curves, strict=True)):
        stops = sorted(series, key=lambda stop: scale.places[stop.value])
        x = [scale.places[stop.value] for stop in stops]
        quantities = [stop.quantity for stop in stops]
        style, colour = DASHES[index // len(COLOURS) % len(DASHES)], COLOURS[index % len(COLOURS)]
        mark = MARKERS[index % len(MARKERS)]
        points = [quantity.point for quantity in quantities]
        axes.plot(x, points, style, marker=mark, markersize=5, color=colour, label=f"{text}{_deep(points, metric)}")
        low, high = _band(quantities)
        axes.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
    (name_places if scale.names else number_places)(axes, scale.marks, scale.labels, AXIS)
    end_vertical(axes, metric)
    axes.set(xlabel=params.x, ylabel=metric)
    axes.grid(axis="y", alpha=0.25, linewidth=0.6)
    legend(figure, axes)
    return svg(figure)


def _deep(points: list[float], metric: str) -> str:
    """Say how far down a line goes that leaves the picture."""
    lowest = min((point for point in points if math.isfinite(point)), default=0.0)
    return f" (down to {written(lowest, 3)})" if metric == "R²" and lowest < LOWEST else ""


def _refuse_unlogarithmic(scale: Scale) -> None:
    """Refuse an axis on part of which a logarithmic one would have no place."""
    wrong = [label for mark, label in zip(scale.marks, scale.labels, strict=True) if scale.names or mark <= 0]
    if wrong:
        raise InputRefused(f"`{wrong[0]}` has no logarithm", code="LG208", fix="leave out `log: true`")


def _scale(curves: list[list[Stop]]) -> Scale:
    """Return the axis of all curves: bins of numbers by their edges, numbers, or names side by side as declared."""
    stops = {stop.value: stop for series in curves for stop in series}
    spans = {value: stop.span for value, stop in stops.items() if stop.span is not None}
    if len(spans) == len(stops):
        marks = sorted({end for span in spans.values() for end in span})
        middles = {v: (low * high) ** 0.5 if _are_far(marks) else (low + high) / 2 for v, (low, high) in spans.items()}
        return Scale(middles, marks, [_short(f"{mark:.12g}") for mark in marks])
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
