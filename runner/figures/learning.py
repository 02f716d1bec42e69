"""Learning curves: how a score or a loss went from epoch to epoch, and which epoch was kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.ticker import EngFormatter, LogLocator, MaxNLocator, NullLocator

from runner.figures._canvas import (
    COLOURS,
    INK,
    WIDE,
    canvas,
    end_vertical,
    legend,
    legend_height,
    outline,
    raise_logarithms,
    svg,
)
from runner.results.board import Board
from runner.results.metrics import SYMBOLS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from runner.results.curves import Curve

VERSION = 1

CALLED = {  # others as their jobs call them
    "loss": "training loss",
    "val_loss": "validation loss",
    "val_r2": f"validation {SYMBOLS['r2']}",
    "lr": "learning rate",
}
KEPT = "the epoch that was kept"
SPAN = 10.0  # from which ratio of its ends an axis is drawn in logarithms
FEW = 12  # epochs that are marked one by one
BLOCKS = 1500  # of neighbouring epochs in all lines together, each drawn by its extremes
DASHES = ("-", "--", "-.", ":")


@dataclass(frozen=True)
class Params:
    """What the block may set."""

    # jobs that returned curves, one line per run: "net", "net(width=64)"
    of: tuple[str, ...]
    # which of their curves
    curve: str = "val_r2"
    # along what: epochs, or the rows seen by the end of each
    over: Literal["epoch", "rows"] = "epoch"


def draw(params: Params, board: Board) -> bytes:
    """Draw one line per run, those of its seeds alike, with a dot at the epoch that was kept."""
    curves = board.curves(params.of, params.curve, params.over)
    places = [_places(curve, params.over) for curve in curves]
    labels = list(dict.fromkeys(curve.label for curve in curves))
    figure, (axes,) = canvas(WIDE, 3.9 + legend_height([*labels, KEPT]))
    for curve, at in zip(curves, places, strict=True):
        _draw_curve(axes, curve, at, labels.index(curve.label), max(1, BLOCKS // len(curves)))
    if any(_is_kept(curve) for curve in curves):
        axes.plot([], [], "o", color=INK, label=KEPT)
    _scale_across(axes, places, params.over)
    _scale_up(axes, [curve.values for curve in curves], params.curve)
    legend(figure, axes)
    return svg(figure)


def _places(curve: Curve, over: str) -> np.ndarray:
    """Return where the end of each epoch stands."""
    if over == "epoch":
        return np.arange(1, len(curve.values) + 1)
    assert curve.rows is not None  # noqa: S101 - a run without was refused
    return curve.rows


def _draw_curve(axes: Axes, curve: Curve, at: np.ndarray, index: int, blocks: int) -> None:
    """Draw one line in the look of its label, marked at every epoch where there are few."""
    colour, dashes = COLOURS[index % len(COLOURS)], DASHES[index // len(COLOURS) % len(DASHES)]
    mark = "o" if len(at) <= FEW else ""
    label = "" if curve.label in axes.get_legend_handles_labels()[1] else curve.label
    line = outline(at, curve.values, blocks)
    axes.plot(*line, dashes, marker=mark, markersize=3, color=colour, linewidth=1.4, label=label)
    if _is_kept(curve):
        axes.plot(at[curve.kept - 1], curve.values[curve.kept - 1], "o", color=colour, markersize=7)


def _is_kept(curve: Curve) -> bool:
    """Tell whether the job names one of the epochs as the one that was kept."""
    return 1 <= curve.kept <= len(curve.values)


def _scale_across(axes: Axes, places: list[np.ndarray], over: str) -> None:
    """Number epochs by whole numbers; draw rows in logarithms where some runs saw many times more of them."""
    axes.set_xlabel("epoch" if over == "epoch" else "rows seen")
    if over == "epoch":
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=(1, 2, 5, 10)))
        return
    first, ends = min(float(at[0]) for at in places), [float(at[-1]) for at in places]
    if first > 0 and max(ends) >= SPAN * min(ends):
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if max(ends) < SPAN**2 * first else (1,)))
        axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))  # 50k, 1M


def _scale_up(axes: Axes, drawn: list[np.ndarray], name: str) -> None:
    """Name what is drawn; end R² where models are useless, draw in logarithms what falls tenfold."""
    axes.set_ylabel(CALLED.get(name, name.replace("_", " ")))
    axes.grid(axis="y", alpha=0.25, linewidth=0.6)
    low, high = min(float(values.min()) for values in drawn), max(float(values.max()) for values in drawn)
    if name.endswith("r2"):
        end_vertical(axes, SYMBOLS["r2"])
    elif low > 0 and high >= SPAN * low:
        raise_logarithms(axes)
