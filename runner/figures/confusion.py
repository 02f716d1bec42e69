"""Confusion: how many rows of each true class were given to each class, one panel per job."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.figures._canvas import canvas, svg
from runner.figures._cells import arrangement, draw_cells, entitle, height, letters, name_sides, tables_of
from runner.results.board import Board

VERSION = 1


@dataclass(frozen=True)
class Params:
    """What the block may set."""

    # jobs that returned a table `confusion(true, chosen)`, each with its point where it varies: "gate(seed=1)"
    of: tuple[str, ...]


def draw(params: Params, board: Board) -> bytes:
    """Draw the counts, the share of each true class as colour; empty cells hold no row."""
    grids = tables_of(params.of, "confusion", board)
    rows, columns = (max(sides, key=len) for sides in zip(*(grid[:2] for grid in grids), strict=True))
    across, down, cell = arrangement(params.of, len(columns))
    width = cell * len(columns)
    figure, panels = canvas(width * across + 1.2, height(len(rows), columns, width) * down, across, down)
    for index, (job, grid, axes) in enumerate(zip(params.of, grids, panels, strict=False)):
        counts = np.nan_to_num(grid.values)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        size = letters(cell, len(f"{counts.max():.0f}"))
        shades = np.where(counts > 0, shares, np.nan)
        draw_cells(axes, shades, (0.0, 1.0), [[f"{count:.0f}" for count in row] for row in counts], size)
        name_sides(axes, grid, width, first=index % across == 0)
        axes.set(xlabel="chosen", ylabel="" if index % across else "true")
        entitle(axes, job, width)
    for axes in panels[len(grids) :]:
        axes.set_visible(False)
    return svg(figure)
