"""Gate weights: the mean weight each true bin gives to each expert, and how large the largest weight of a row is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from runner.figures._canvas import COLOURS, mosaic, svg
from runner.figures._cells import AROUND, HIGH, arrangement, draw_cells, letters, name_sides
from runner.results.board import Board

if TYPE_CHECKING:
    from matplotlib.axes import Axes

VERSION = 1

SHOWN = 0.005  # what is rounded to nothing leaves its cell empty
HISTOGRAM = "largest weight"


@dataclass(frozen=True)
class Params:
    """What the block may set."""

    # jobs that returned tables `weight(true, expert)` and `top_weight(step)`, each with its point where it varies
    of: tuple[str, ...]


def draw(params: Params, board: Board) -> bytes:
    """Draw one heat map per job, and one histogram of all jobs below them."""
    grids = [board.grid(f"{job}.weight") for job in params.of]
    rows, columns = (max(len(side) for side in sides) for sides in zip(*(grid[:2] for grid in grids), strict=True))
    beside, down, cell = arrangement(len(grids), columns)
    maps = [list(params.of[start : start + beside]) for start in range(0, len(grids), beside)]
    maps[-1] += ["."] * (beside - len(maps[-1]))
    heights = [*([HIGH * rows + AROUND] * down), 2.1]
    figure, named = mosaic(cell * columns * beside + 1.2, [*maps, [HISTOGRAM] * beside], heights)
    for index, (job, grid) in enumerate(zip(params.of, grids, strict=True)):
        axes = named[job]
        shades = np.where(grid.values >= SHOWN, grid.values, np.nan)
        texts = [[f"{value:.2f}".removeprefix("0") for value in row] for row in np.nan_to_num(grid.values)]
        draw_cells(axes, shades, (0.0, 1.0), texts, letters(cell, 3))
        name_sides(axes, grid, cell * columns, first=index % beside == 0)
        axes.set(xlabel="expert", ylabel="" if index % beside else "true")
        axes.set_title(job, fontsize=11)
    _histogram(named[HISTOGRAM], params.of, board)
    return svg(figure)


def _histogram(axes: Axes, jobs: tuple[str, ...], board: Board) -> None:
    """Draw the share of rows by their largest weight, one outline per job."""
    for index, job in enumerate(jobs):
        stops = board.series(f"{job}.top_weight", "")
        ends = [0.0, *(float(stop.value) for stop in stops)]
        counts = np.array([stop.quantity.point for stop in stops])
        axes.stairs(counts / max(counts.sum(), 1e-300), ends, color=COLOURS[index % len(COLOURS)], lw=2, label=job)
    axes.set(xlim=(0, 1), xlabel="largest weight of a row", ylabel="share of rows")
    axes.set_ylim(bottom=0)
    if len(jobs) > 1:
        above: Any = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": len(jobs)}
        axes.legend(frameon=False, fontsize=10, **above)
