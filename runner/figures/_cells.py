"""Cells: numbers by row and column, each written on a colour that says the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize

from runner.figures._canvas import AXIS, INK, name_places, slanting, text_width
from runner.findings import InputRefused

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from runner.results.board import Board
    from runner.results.returned import Grid

RISING = LinearSegmentedColormap.from_list("rising", ["#d7e3f0", "#8db5dc", "#3f86c8", "#1d4f87"])
SIGNED = LinearSegmentedColormap.from_list("signed", ["#a8481f", "#dc9a68", "#e6e3de", "#7eaede", "#22609f"])
OUTLYING = 10.0  # times the middle of all sizes: beyond it a number takes no part in the colours
SMALLEST, LARGEST, TITLE = 7.5, 10.0, 11.0  # points of the writing
DARK, PALE = "#000000", "#ffffff"
BESIDE = 2  # panels that stand side by side where their cells are wide enough
ROOMY, NARROWEST = 0.44, 0.28  # inches of a cell
HIGH, AROUND, BELOW = 0.33, 1.3, 0.6  # inches of a row, of what stands about the rows, and of it for slanting names
EDGE = 0.04  # of a cell that stays free
WEIGHTS = np.array([0.2126, 0.7152, 0.0722])  # of red, green and blue in what the eye sees
BRIGHT = 0.179  # luminance from which dark letters read better than pale ones


def limits(values: np.ndarray, best: float | None = None) -> tuple[float, float]:
    """Return the ends of the colours: about zero where values lie on both sides, outliers left out.

    `best` is the value that nothing exceeds, where there is one: as far below zero as that is above, all is alike.
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    if low >= 0 or high <= 0:
        return (low, high) if low < high else (low - 1.0, high + 1.0)
    most = best if best is not None else OUTLYING * float(np.median(np.abs(finite)))
    largest = max(-low, high)
    end = min(largest, most) or largest
    return -end, end


def tables_of(jobs: Sequence[str], name: str, board: Board) -> list[Grid]:
    """Return the table of that name of every job."""
    for job in jobs:
        if not board.run(job):
            raise InputRefused(
                f"`{job}` is no job of this document", code="LG302", fix=f"name jobs, not their `{name}`"
            )
    return [board.grid(f"{job}.{name}") for job in jobs]


def draw_cells(
    axes: Axes, shades: np.ndarray, ends: tuple[float, float], texts: Sequence[Sequence[str]], size: float
) -> None:
    """Fill the cells of an array, row 0 on top, and write its text into each; what is not finite stays empty."""
    colours = SIGNED if ends[0] < 0 < ends[1] else RISING
    scale = Normalize(*ends, clip=True)
    places = [(int(row), int(column)) for row, column in zip(*np.nonzero(np.isfinite(shades)), strict=True)]
    painted = [colours(scale(float(shades[place]))) for place in places]
    corners = np.array([[EDGE, EDGE], [1 - EDGE, EDGE], [1 - EDGE, 1 - EDGE], [EDGE, 1 - EDGE]]) - 0.5
    squares = [corners + np.array([column, row]) for row, column in places]
    axes.add_collection(PolyCollection(squares, facecolors=painted, linewidths=0))
    for (row, column), paint in zip(places, painted, strict=True):
        letters = DARK if _luminance(paint[:3]) > BRIGHT else PALE
        axes.text(column, row, texts[row][column], ha="center", va="center", fontsize=size, color=letters)
    rows, columns = shades.shape
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5))
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set(visible=True, color=INK, linewidth=0.6)


def name_sides(axes: Axes, grid: Grid, width: float, *, first: bool = True) -> None:
    """Name the columns, `width` inches of them, and the rows of a panel that is the first from the left."""
    axes.set_yticks(range(len(grid.rows)), grid.rows if first else [""] * len(grid.rows))
    name_places(axes, range(len(grid.columns)), grid.columns, width)


def entitle(axes: Axes, title: str, width: float) -> None:
    """Write above a panel of a width in inches, smaller where that would be too narrow."""
    axes.set_title(title, fontsize=max(SMALLEST, min(TITLE, TITLE * width / text_width(title))))


def height(rows: int, columns: Sequence[str], width: float) -> float:
    """Return the inches of a panel of rows, with what stands above and below them."""
    return HIGH * rows + AROUND + max(0.0, slanting(columns, width) - BELOW)


def letters(cell: float, longest: int) -> float:
    """Return the size of writing that fits a cell of a width in inches."""
    return min(LARGEST, max(SMALLEST, 72 * (cell - 0.06) / (0.62 * max(longest, 1))))


def _luminance(colour: Sequence[float]) -> float:
    """Return how bright a colour is: 0 black, 1 white."""
    parts = np.array(colour)
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004 - sRGB
    return float(linear @ WEIGHTS)


def arrangement(titles: Sequence[str], columns: int) -> tuple[int, int, float]:
    """Return how many panels of cells stand side by side and below each other, and how wide a cell is, in inches."""
    widest = max(map(text_width, titles))
    across = min(BESIDE, len(titles))
    if across > 1 and AXIS / across < max(widest, NARROWEST * columns):
        across = 1
    return across, -(-len(titles) // across), min(max(ROOMY, widest / columns), AXIS / (across * columns))
