"""Gate weights: the mean weight each true bin gives to each expert, and how large the largest weight of a row is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from runner.figures._canvas import AXIS, COLOURS, LINE, mosaic, side_by_side, svg
from runner.figures._cells import arrangement, draw_cells, entitle, height, letters, name_sides, tables_of
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
    grids = tables_of(params.of, "weight", board)
    rows, columns = (max(sides, key=len) for sides in zip(*(grid[:2] for grid in grids), strict=True))
    beside, down, cell = arrangement(params.of, len(columns))
    width = cell * len(columns)
    maps = [list(params.of[start : start + beside]) for start in range(0, len(grids), beside)]
    maps[-1] += ["."] * (beside - len(maps[-1]))
    entries = side_by_side(params.of, LINE * width * beside / AXIS)
    heights = [*([height(len(rows), columns, width)] * down), 1.9 + 0.2 * -(-len(params.of) // entries)]
    figure, named = mosaic(width * beside + 1.2, [*maps, [HISTOGRAM] * beside], heights)
    for index, (job, grid) in enumerate(zip(params.of, grids, strict=True)):
        axes = named[job]
        shades = np.where(grid.values >= SHOWN, grid.values, np.nan)
        texts = [[f"{value:.2f}".removeprefix("0") for value in row] for row in np.nan_to_num(grid.values)]
        draw_cells(axes, shades, (0.0, 1.0), texts, letters(cell, 3))
        name_sides(axes, grid, width, first=index % beside == 0)
        axes.set(xlabel="expert", ylabel="" if index % beside else "true")
        entitle(axes, job, width)
    _histogram(named[HISTOGRAM], params.of, board, entries)
    return svg(figure)


def _histogram(axes: Axes, jobs: tuple[str, ...], board: Board, entries: int) -> None:
    """Draw the share of rows by their largest weight, one outline per job."""
    for index, job in enumerate(jobs):
        stops = board.series(f"{job}.top_weight", "")
        ends = [0.0, *(float(stop.value) for stop in stops)]
        counts = np.array([stop.quantity.point for stop in stops])
        axes.stairs(counts / max(counts.sum(), 1e-300), ends, color=COLOURS[index % len(COLOURS)], lw=2, label=job)
    axes.set(xlim=(0, 1), xlabel="largest weight of a row", ylabel="share of rows")
    axes.set_ylim(bottom=0)
    if len(jobs) > 1:
        above: Any = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": entries}
        axes.legend(frameon=False, fontsize=10, **above)
