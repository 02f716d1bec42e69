"""Heat maps: a quantity over two axes, several over one, or a table that a job returned by rows and columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.figures._canvas import FALLING, WIDE, canvas, slanting, svg, text_width, written
from runner.figures._cells import NARROWEST, draw_cells, entitle, letters, limits, name_sides
from runner.findings import InputRefused
from runner.results.board import Board
from runner.results.returned import Grid

VERSION = 1

CELL = 0.62  # inches of a cell where there is room
MOST = 20  # columns that can be written into


@dataclass(frozen=True)
class Params:
    """What the block may set."""

    # expressions, or tables of two indices that jobs returned; one panel each, or one row each where only `x` is given
    of: tuple[str, ...]
    # the axis of the sweep or the partition that the columns stand for
    x: str | None = None
    # the same for the rows
    y: str | None = None


def draw(params: Params, board: Board) -> bytes:
    """Draw one panel per grid on common colours, every value written into its cell."""
    grids = _grids(params, board)
    measure = board.measure(params.of)
    ends = limits(np.concatenate([grid.values.ravel() for grid in grids]), 1.0 if measure in FALLING else None)
    columns = max(len(grid.columns) for grid in grids)
    if columns > MOST:
        raise InputRefused(f"{columns} columns cannot be read", code="LG305", fix=f"draw at most {MOST}, or a curve")
    beside = 0.09 * max(len(row) for grid in grids for row in grid.rows) + 0.5
    if (WIDE - beside) / columns < NARROWEST:
        message = f"the names of the rows leave no room for {columns} columns"
        raise InputRefused(message, code="LG305", fix="name what you draw under `define:`")
    titles = _titles(params, grids, measure)
    width = min(max(CELL * columns, *map(text_width, titles)), WIDE - beside)
    cell = width / columns
    height = sum(0.38 * len(grid.rows) + 0.9 + slanting(grid.columns, width) for grid in grids)
    figure, panels = canvas(beside + width, height, rows=len(grids))
    decimals = 3 if cell > 0.5 else 2  # noqa: PLR2004 - inches that five letters take
    for grid, axes, title in zip(grids, panels, titles, strict=True):
        texts = [[written(value, decimals) for value in row] for row in grid.values]
        size = letters(cell, max(len(text) for row in texts for text in row))
        draw_cells(axes, grid.values, ends, texts, size)
        name_sides(axes, grid, width)
        axes.set(xlabel=params.x or "", ylabel=params.y or "")
        entitle(axes, title, width)
    return svg(figure)


def _titles(params: Params, grids: list[Grid], measure: str) -> list[str]:
    """Return what stands above each panel: what it shows, where its rows do not say it, and its metric."""
    shown = params.of if grids[0].rows != params.of else ("",)
    return [" · ".join(part for part in (name, measure if params.x else "") if part) for name in shown]


def _grids(params: Params, board: Board) -> list[Grid]:
    """Return the panels: one per item over two axes or of a table, one of all items over one axis."""
    if params.y or not params.x:
        return [board.grid(item, params.x or "", params.y or "") for item in params.of]
    found = [{s.label: s.quantity.point for s in board.series(item, params.x)} for item in params.of]
    columns = tuple(dict.fromkeys(label for row in found for label in row))
    values = np.array([[row.get(label, np.nan) for label in columns] for row in found])
    return [Grid(params.of, columns, values)]
