"""Curves along an axis: quantities over the values of a sweep or the bins of a partition, with their intervals."""

from __future__ import annotations

from dataclasses import dataclass

from runner.figures._canvas import COLOURS, canvas, svg
from runner.findings import InputRefused
from runner.results.board import Board, Stop
from runner.results.quantities import Quantity

VERSION = 3

SPAN = 20.0  # from which ratio of its ends an axis is drawn in logarithms
DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P")


@dataclass(frozen=True)
class Params:
    """What the block may set."""

    # the axis of the sweep, or the partition, along which to draw
    x: str
    # expressions to draw, each leaving that axis open
    of: tuple[str, ...]
    # draw the axis in logarithms; without it where the ends are far apart
    log: bool | None = None


def draw(params: Params, board: Board) -> bytes:
    """Draw one line per expression, its interval over test rows as a band."""
    figure, (axes,) = canvas(6.4, 3.8)
    curves = [board.series(text, params.x) for text in params.of]
    places = _places(curves)
    for index, (text, series) in enumerate(zip(params.of, curves, strict=True)):
        stops = sorted(series, key=lambda stop: places[stop.value])
        x = [places[stop.value] for stop in stops]
        quantities = [stop.quantity for stop in stops]
        style, colour = DASHES[index // len(COLOURS) % len(DASHES)], COLOURS[index % len(COLOURS)]
        mark = MARKERS[index % len(MARKERS)]
        axes.plot(x, [q.point for q in quantities], style, marker=mark, markersize=5, color=colour, label=text)
        low, high = _band(quantities)
        axes.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
    labels = {places[stop.value]: stop.label for series in curves for stop in series}
    ticks = sorted(labels)
    if not ticks:
        raise InputRefused(
            f"there is nothing along `{params.x}` to draw", code="LG305", fix="name an axis of the sweep"
        )
    if params.log or (params.log is None and ticks[0] > 0 and ticks[-1] / ticks[0] >= SPAN):
        axes.set_xscale("log")
    axes.set_xticks(ticks, [labels[tick] for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel(params.x)
    axes.set_ylabel(board.measure(params.of))
    axes.grid(axis="y", alpha=0.25, linewidth=0.6)
    axes.legend(frameon=False, fontsize=10)
    return svg(figure)


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
