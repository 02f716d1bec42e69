"""The resamples of a quantity: how it would have come out on other draws of the test rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from runner.figures._canvas import COLOURS, INK, canvas, legend, svg
from runner.findings import InputRefused
from runner.results.board import Board

VERSION = 4

BINS = 40


@dataclass(frozen=True)
class Params:
    """What the block may set."""

    # the quantity, or several of one unit
    of: tuple[str, ...]


def draw(params: Params, board: Board) -> bytes:
    """Draw a histogram of the resamples, the value and its 95 % interval below it, zero where it is near."""
    quantities = [board.quantity(text) for text in params.of]
    figure, (axes,) = canvas(6.4, 2.6 + 0.25 * len(quantities))
    values = [quantity.values[1:][np.isfinite(quantity.values[1:])] for quantity in quantities]
    if not all(len(resamples) for resamples in values):
        raise InputRefused("there are no resamples to draw", code="LG305", fix="draw a metric on test rows")
    pooled = np.concatenate(values)
    edges = np.linspace(pooled.min(), pooled.max(), BINS + 1)
    colours = [COLOURS[index % len(COLOURS)] for index in range(len(quantities))]
    top = 0.0
    for index, (text, resamples) in enumerate(zip(params.of, values, strict=True)):
        look: Any = {"histtype": "stepfilled", "color": colours[index], "alpha": 0.6}  # one outline, not forty bars
        counts, _, _ = axes.hist(resamples, bins=list(edges), label=text, **look)
        top = max(top, float(np.max(counts)))
    for index, quantity in enumerate(quantities):
        height = -top * 0.07 * (index + 1)
        if quantity.interval is not None:
            axes.plot(
                quantity.interval, [height, height], color=colours[index], linewidth=2.2, marker="|", markersize=9
            )
        axes.plot([quantity.point], [height], "o", color=colours[index], markersize=6)
    low, high = axes.get_xlim()
    if low <= 0 <= high:
        axes.axvline(0, color=INK, linewidth=1, linestyle="--")
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(params.of[0] if len(params.of) == 1 else board.measure(params.of))
    if len(params.of) > 1:
        legend(figure, axes)
    return svg(figure)
