"""Bars with intervals: a few quantities side by side, each with its 95 % interval over test rows."""

from __future__ import annotations

import math
from dataclasses import dataclass

from runner.figures._canvas import COLOURS, INK, canvas, svg
from runner.findings import InputRefused
from runner.results.board import Board

VERSION = 2


@dataclass(frozen=True)
class Params:
    """What the block may set."""

    # expressions to draw, in order
    of: tuple[str, ...]


def draw(params: Params, board: Board) -> bytes:
    """Draw one bar per expression, its value written beside it."""
    quantities = [board.quantity(text) for text in params.of]
    for text, quantity in zip(params.of, quantities, strict=True):
        if not math.isfinite(quantity.point):
            raise InputRefused(f"`{text}` has no finite value to draw", code="LG305", fix="see its parts")
    metric = board.measure(params.of)
    figure, (axes,) = canvas(6.4, (0.95 if metric else 0.75) + 0.55 * len(quantities))
    for index, (text, quantity) in enumerate(zip(params.of, quantities, strict=True)):
        axes.barh(index, quantity.point, height=0.55, color=COLOURS[index % len(COLOURS)], label=text)
        edge = max(quantity.point, 0.0)
        if quantity.interval is not None:  # the point may lie outside: resamples need not centre on it
            (line,) = axes.plot(quantity.interval, [index, index], color=INK, linewidth=1.4, marker="|", markersize=9)
            line.set_gid(f"interval-{index}")
            edge = max(edge, quantity.interval[1])
        axes.annotate(f"{quantity.point:.3f}", (edge, index), xytext=(7, 0), textcoords="offset points", va="center")
    axes.set_yticks(range(len(params.of)), params.of)
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.margins(x=0.14)
    axes.set_xlabel(metric)
    axes.axvline(0, color=INK, linewidth=0.8)
    return svg(figure)
