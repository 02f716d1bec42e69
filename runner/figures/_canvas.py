"""The look all figures share: transparent, text as text, colours that read on light and on dark pages."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

import matplotlib as mpl

mpl.use("svg")
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK = "#7d8490"  # at least 3:1 on white and on the dark page
COLOURS = ("#3f86c8", "#d07a2a", "#3d9970", "#a06cc4", "#cc5f5f", "#8f8a3a")
STYLE: Any = {
    "axes.edgecolor": INK,
    "axes.facecolor": "none",
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "font.family": "sans-serif",
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
    return figure, list(figure.subplots(rows, columns, squeeze=False).ravel())


def svg(figure: Figure) -> bytes:
    """Return a figure as SVG that is the same bytes whenever the same things are drawn."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # text stays text: the reader's fonts draw it
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, dpi=110)
    return buffer.getvalue()
