"""The look all figures share: transparent, text as text, colours that read on light and on dark pages."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import matplotlib as mpl
import numpy as np

mpl.use("svg")
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from runner.results.metrics import SYMBOLS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.layout_engine import ConstrainedLayoutEngine

INK = "#7d8490"  # at least 3:1 on white and on the dark page
COLOURS = ("#3f86c8", "#d07a2a", "#3d9970", "#a06cc4", "#cc5f5f", "#8f8a3a", "#2f979f", "#c0609a")
WIDE, AXIS = 7.2, 6.2  # inches of a figure that a page shows in full, and of the axis in it
LINE = 84  # letters that stand side by side above a panel
SLANT = 40  # degrees of names that would not stand side by side
MARGIN = 0.05  # of an axis that stays free at its end
LOWEST = -1.0  # R² below which one model is as useless as another
FALLING = frozenset({SYMBOLS["r2"], SYMBOLS["bound"]})  # metrics that have no end below
STYLE: Any = {
    "axes.edgecolor": INK,
    "axes.facecolor": "none",
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],  # named beside every word of a figure
    "font.size": 11,
    "svg.fonttype": "none",
    "svg.hashsalt": "logg",
    "text.color": INK,
    "text.parse_math": False,  # a dollar in a unit is a dollar
    "xtick.color": INK,
    "ytick.color": INK,
}


mpl.rcParams.update(STYLE)


def canvas(width: float, height: float, columns: int = 1, rows: int = 1) -> tuple[Figure, list[Axes]]:
    """Return a figure with axes side by side, or below each other, in the shared look."""
    figure = Figure(figsize=(width, height), layout="compressed")
    _part(figure, rows)
    return figure, list(figure.subplots(rows, columns, squeeze=False).ravel())


def mosaic(width: float, rows: Sequence[Sequence[str]], heights: Sequence[float]) -> tuple[Figure, dict[str, Axes]]:
    """Return a figure with axes by name, rows of them of these heights: a name that is repeated is a wide panel."""
    figure = Figure(figsize=(width, sum(heights)), layout="compressed")
    _part(figure, len(rows))
    return figure, figure.subplot_mosaic([list(row) for row in rows], height_ratios=list(heights))


def _part(figure: Figure, rows: int) -> None:
    """Leave room between the rows of a figure, for what stands above and below each."""
    if rows > 1:
        cast("ConstrainedLayoutEngine", figure.get_layout_engine()).set(h_pad=0.1)


def legend(figure: Figure, axes: Axes) -> None:
    """Say above a panel what its colours mean, where nothing is drawn."""
    handles, labels = axes.get_legend_handles_labels()
    columns = side_by_side(labels, LINE)
    figure.legend(handles, labels, loc="outside upper center", ncols=columns, frameon=False, fontsize=10)


def legend_height(labels: Sequence[str]) -> float:
    """Return how many inches a legend takes beyond the two lines that every figure has room for."""
    return 0.2 * max(0, -(-len(labels) // side_by_side(labels, LINE)) - 2)


def side_by_side(labels: Sequence[str], line: float) -> int:
    """Return how many entries of a legend stand in a line of so many letters."""
    longest = max(map(len, labels), default=0)
    return max(1, min(len(labels), int(line // (longest + 5))))


def end_vertical(axes: Axes, metric: str) -> None:
    """End a vertical axis of R² where no model is worth telling from another: what is worse leaves the panel."""
    if metric in FALLING and axes.get_ylim()[0] < LOWEST:
        axes.set_ylim(LOWEST, _end(axes.dataLim.y1, MARGIN))


def end_horizontal(axes: Axes, metric: str, margin: float) -> None:
    """End a horizontal axis of R² there, with a margin for what is written beside the values."""
    if metric in FALLING and axes.get_xlim()[0] < LOWEST:
        axes.set_xlim(LOWEST, _end(axes.dataLim.x1, margin))


def raise_logarithms(axes: Axes) -> None:
    """Draw the vertical axis in logarithms, with numbers at one, two and five of every power of ten."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_locator(NullLocator())


def _end(highest: float, margin: float) -> float:
    return max(highest, 0.0) + margin * (max(highest, 0.0) - LOWEST)


def name_places(axes: Axes, places: Sequence[float], labels: Sequence[str], width: float) -> None:
    """Write names below their places, slanting where they would not stand side by side; `width` is in inches."""
    axes.set_xticks(places, labels)
    axes.minorticks_off()
    if slanting(labels, width):
        for label in axes.get_xticklabels():
            label.set(rotation=SLANT, ha="right", rotation_mode="anchor")


def slanting(labels: Sequence[str], width: float) -> float:
    """Return how many inches names reach down below their places, 0 where they stand side by side."""
    longest = max(map(text_width, labels), default=0.0)
    return longest * math.sin(math.radians(SLANT)) if longest * len(labels) > width else 0.0


def number_places(axes: Axes, places: Sequence[float], labels: Sequence[str], width: float) -> None:
    """Mark every place of an axis of numbers, and write those that leave room for each other; `width` is in inches."""
    stands = axes.transScale.transform([(place, 0) for place in places])[:, 0].tolist()
    axes.set_xticks(places, spaced(stands, labels, width))
    axes.minorticks_off()


def spaced(places: Sequence[float], labels: Sequence[str], width: float) -> list[str]:
    """Return labels along an axis of a width in inches, empty where one would touch the one before it."""
    span = (max(places) - min(places)) or 1.0
    written, free = [], -math.inf
    for place, label in zip(places, labels, strict=True):
        middle, half = (place - min(places)) / span * width, text_width(label) / 2
        written.append(label if middle - half >= free else "")
        free = middle + half if written[-1] else free
    return written


def text_width(text: str) -> float:
    """Return about how many inches a label takes, with the blank beside it."""
    return 0.1 + 0.085 * len(text)


def written(value: float, decimals: int) -> str:
    """Write a number in few letters: fewer decimals the larger it is, with a minus sign of its own."""
    places = max(0, decimals - len(f"{abs(value):.0f}")) if abs(value) >= 1 else decimals
    text = f"{value:.{places}f}"
    return text.replace("-", "−") if float(text) else text.replace("-", "")


def outline(at: np.ndarray, values: np.ndarray, blocks: int) -> tuple[np.ndarray, np.ndarray]:
    """Return fewer points that look the same: of each block of neighbours the smallest and the largest, in order."""
    if len(values) <= 2 * blocks:
        return at, values
    ends = np.linspace(0, len(values), blocks + 1).astype(int)
    pairs = [
        sorted((start + int(values[start:end].argmin()), start + int(values[start:end].argmax())))
        for start, end in pairwise(ends)
    ]
    kept = np.unique(np.array(pairs))
    return at[kept], values[kept]


def svg(figure: Figure) -> bytes:
    """Return a figure as SVG that is the same bytes whenever the same things are drawn."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # text stays text: the reader's fonts draw it
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, dpi=110)
    return buffer.getvalue()
