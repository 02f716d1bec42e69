"""Confusion: how many rows of each true class were given to each class, one panel per job."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.figures._canvas import canvas, svg
from runner.figures._cells import AROUND, HIGH, arrangement, draw_cells, letters, name_sides
from runner.results.board import Board

VERSION = 1


@dataclass(frozen=True)
class Params:
    """What the block may set."""

    # jobs that returned a table `confusion(true, chosen)`, each with its point where it varies: "gate(seed=1)"
    of: tuple[str, ...]


def draw(params: Params, board: Board) -> bytes:
    """Draw the counts, the share of each true class as colour; empty cells hold no row."""
    grids = [board.grid(f"{job}.confusion") for job in params.of]
    rows, columns = (max(len(side) for side in sides) for sides in zip(*(grid[:2] for grid in grids), strict=True))
    across, down, cell = arrangement(len(grids), columns)
    figure, panels = canvas(cell * columns * across + 1.2, (HIGH * rows + AROUND) * down, across, down)
    for index, (job, grid, axes) in enumerate(zip(params.of, grids, panels, strict=False)):
        counts = np.nan_to_num(grid.values)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        size = letters(cell, len(f"{counts.max():.0f}"))
        shades = np.where(counts > 0, shares, np.nan)
        draw_cells(axes, shades, (0.0, 1.0), [[f"{count:.0f}" for count in row] for row in counts], size)
        name_sides(axes, grid, cell * columns, first=index % across == 0)
        axes.set(xlabel="chosen", ylabel="" if index % across else "true")
        axes.set_title(job, fontsize=11)
    for axes in panels[len(grids) :]:
        axes.set_visible(False)
    return svg(figure)
