"""Curves along an axis: quantities over the values of a sweep or the bins of a partition, with their intervals."""

from __future__ import annotations

from dataclasses import dataclass

from runner.figures._canvas import COLOURS, canvas, svg
from runner.findings import InputRefused
from runner.results.board import Board
from runner.results.quantities import Quantity

VERSION = 1

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
    labels = board.spoken(params.x, params.of[0])
    places: dict[object, float] = {}
    for index, text in enumerate(params.of):
        series = board.series(text, params.x)
        for at, _ in series:
            places.setdefault(at, at if isinstance(at, float) else float(len(places)))
        x = [places[at] for at, _ in series]
        quantities = [quantity for _, quantity in series]
        style, colour = DASHES[index // len(COLOURS) % len(DASHES)], COLOURS[index % len(COLOURS)]
        mark = MARKERS[index % len(MARKERS)]
        axes.plot(x, [q.point for q in quantities], style, marker=mark, markersize=5, color=colour, label=text)
        low, high = _band(quantities)
        axes.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
    ticks = sorted(places.values())
    if not ticks:
        raise InputRefused(
            f"there is nothing along `{params.x}` to draw", code="LG305", fix="name an axis of the sweep"
        )
    if params.log or (params.log is None and ticks[0] > 0 and ticks[-1] / ticks[0] >= SPAN):
        axes.set_xscale("log")
    axes.set_xticks(ticks, labels if len(labels) == len(ticks) else [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel(params.x)
    axes.grid(axis="y", alpha=0.25, linewidth=0.6)
    axes.legend(frameon=False, fontsize=10)
    return svg(figure)


def _band(quantities: list[Quantity]) -> tuple[list[float], list[float]]:
    """Return the ends of the intervals, nothing where there is none."""
    ends = [quantity.interval or (float("nan"), float("nan")) for quantity in quantities]
    return [low for low, _ in ends], [high for _, high in ends]
