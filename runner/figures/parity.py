"""Parity: predicted against true values of the test rows, one panel per job."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.figures._canvas import COLOURS, INK, canvas, svg
from runner.findings import InputRefused
from runner.results.board import Board

VERSION = 3

LETTERS, PANEL = 13.2, 360.0  # points of a title, and those that all its letters may have together
BESIDE = 2  # panels side by side that a page shows in full


@dataclass(frozen=True)
class Params:
    """What the block may set."""

    # jobs to draw, in order, each with its point where it varies: "b(400, noise=0)"
    of: tuple[str, ...]


def draw(params: Params, board: Board) -> bytes:
    """Draw one panel per job on common axes, points rasterised so that the file stays small."""
    for item in params.of:
        if not board.run(item):
            raise InputRefused(f"`{item}` is no job of this document", code="LG302", fix="name jobs, not quantities")
    truth = board.truth()
    predictions = [board.predicted(job) for job in params.of]
    low, high = _range([truth, *predictions])
    across, down = min(BESIDE, len(params.of)), -(-len(params.of) // BESIDE)
    figure, panels = canvas(3.4 * across + 0.4, 3.7 * down, across, down)
    for index, (job, predicted, axes) in enumerate(zip(params.of, predictions, panels, strict=False)):
        colour = COLOURS[index % len(COLOURS)]
        axes.plot([low, high], [low, high], color=INK, linewidth=1)
        axes.scatter(truth, predicted, s=12, color=colour, alpha=0.55, linewidths=0, rasterized=True)
        axes.set(xlim=(low, high), ylim=(low, high), aspect="equal", xlabel=f"true {board.target}")
        axes.set_title(job, fontsize=min(LETTERS, PANEL / len(job)))
        if index % BESIDE == 0:
            axes.set_ylabel(f"predicted {board.target}")
    for axes in panels[len(params.of) :]:
        axes.set_visible(False)
    return svg(figure)


def _range(values: list[np.ndarray]) -> tuple[float, float]:
    """Return common limits that hold all but the farthest points."""
    everything = np.concatenate(values)
    low, high = np.percentile(everything, [0.2, 99.8])
    margin = 0.04 * (high - low)
    return float(low - margin), float(high + margin)
