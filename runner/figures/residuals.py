"""Residuals: predicted against true, what is left along the truth and in all, beside what bounds say must be left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import to_rgb

from runner.figures._canvas import COLOURS, INK, WIDE, legend, mosaic, svg
from runner.findings import InputRefused
from runner.results.board import Board

if TYPE_CHECKING:
    from matplotlib.axes import Axes

VERSION = 1

PARITY, TREND, SHARES = "parity", "trend", "shares"
SHOWN = 99.5  # per cent of the rows: the farthest do not set the limits
BINS = 60  # of the histogram
PLACES, CROWD, FEWEST = 18, 25, 5  # along the truth at most, rows for each of them, rows that have a middle
DASHES = ("--", "-.", ":")
CELLS = (72, 88)  # in which rows are counted, up and across
PALEST = 0.3  # opacity of a cell with one row among many
FILLED: Any = {"histtype": "stepfilled", "color": COLOURS[0], "alpha": 0.6}  # one outline, not sixty bars


@dataclass(frozen=True)
class Params:
    """What the block may set."""

    # the job to draw, with its point where it varies: "net(1M)"
    of: tuple[str, ...]
    # jobs that returned bounds for the same rows: their roots are drawn about the truth
    bound: tuple[str, ...] = ()


def draw(params: Params, board: Board) -> bytes:
    """Draw three panels: rows are counted in small cells, so that the file stays small."""
    job = _job(params, board)
    truth, predicted = board.truth(), board.predicted(job)
    residuals = predicted - truth
    reach = 1.05 * float(np.percentile(np.abs(residuals), SHOWN)) or 1.0
    figure, panels = mosaic(WIDE, [[PARITY, TREND], [SHARES, SHARES]], [3.5, 2.4])
    _draw_parity(panels[PARITY], truth, predicted, reach)
    panels[PARITY].set(xlabel=f"true {board.target}", ylabel=f"predicted {board.target}", title=job)
    _count(panels[TREND], truth, residuals, (-reach, reach))
    panels[TREND].axhline(0, color=INK, linewidth=1)
    panels[TREND].set(xlabel=f"true {board.target}", ylabel="predicted − true")
    weights = np.full(len(truth), 1 / len(truth))
    panels[SHARES].hist(residuals, bins=list(np.linspace(-reach, reach, BINS + 1)), weights=weights, **FILLED)
    panels[SHARES].set(xlabel=f"predicted − true {board.target}", ylabel="share of rows", xlim=(-reach, reach))
    for index, name in enumerate(params.bound):
        look: Any = {"color": COLOURS[1 + index % (len(COLOURS) - 1)], "linestyle": DASHES[index % len(DASHES)]}
        _draw_bound(panels, name, truth, np.sqrt(board.bounds(name)), look)
    if params.bound:
        legend(figure, panels[SHARES])
    return svg(figure)


def _job(params: Params, board: Board) -> str:
    """Return the one job to draw; refused where its rows are not those of the bounds."""
    for item in (*params.of, *params.bound):
        if not board.run(item):
            raise InputRefused(f"`{item}` is no job of this document", code="LG302", fix="name jobs, not quantities")
    job, *others = params.of
    if others:
        raise InputRefused(f"one job is due, not {len(params.of)}", code="LG208", fix=f"write `of: {job}`")
    for bound in params.bound:
        (ours,), (theirs,) = (board.quantity(f"{item}.n").populations for item in (job, bound))
        if ours != theirs:
            message = f"populations differ: {ours} of `{job}` and {theirs} of `{bound}`"
            raise InputRefused(message, code="LG303", fix="name runs of the same rows and noise")
    return job


def _draw_parity(axes: Axes, truth: np.ndarray, predicted: np.ndarray, reach: float) -> None:
    ends = [float(truth.min()), float(truth.max())]
    _count(axes, truth, predicted, (ends[0] - reach, ends[1] + reach))
    axes.plot(ends, ends, color=INK, linewidth=1)


def _count(axes: Axes, truth: np.ndarray, values: np.ndarray, ends: tuple[float, float]) -> None:
    """Fill a panel with cells, each the more opaque the more rows it holds."""
    margin = 0.02 * float(np.ptp(truth)) or 1.0
    sides = (float(truth.min()) - margin, float(truth.max()) + margin)
    counts, _, _ = np.histogram2d(values, truth, bins=CELLS, range=[ends, sides])
    shades = np.empty((*CELLS, 4))
    shades[..., :3] = to_rgb(COLOURS[0])
    shades[..., 3] = np.where(counts > 0, PALEST + (1 - PALEST) * np.sqrt(counts / max(counts.max(), 1)), 0)
    axes.imshow(shades, extent=(*sides, *ends), origin="lower", aspect="auto", interpolation="nearest")


def _draw_bound(panels: dict[str, Axes], name: str, truth: np.ndarray, sigma: np.ndarray, look: Any) -> None:
    """Draw the least error that a bound leaves: along the truth by its middles, in all by one."""
    places, middles = _middles(truth, sigma)
    all_rows = _middle(sigma)
    for sign in (1, -1):
        panels[PARITY].plot(places, places + sign * middles, **look)
        panels[TREND].plot(places, sign * middles, **look)
        panels[SHARES].axvline(sign * all_rows, label=f"{name} ± {all_rows:.3f}" if sign > 0 else None, **look)


def _middles(truth: np.ndarray, sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the middle of the truth and of the least error in bins of the truth that hold some rows."""
    count = min(PLACES, max(1, len(truth) // CROWD))
    edges = np.linspace(truth.min(), truth.max(), count + 1)
    bins = np.clip(np.searchsorted(edges, truth, side="right") - 1, 0, count - 1)
    kept = [rows for rows in (bins == k for k in range(count)) if rows.sum() >= FEWEST]
    return np.array([_middle(truth[rows]) for rows in kept]), np.array([_middle(sigma[rows]) for rows in kept])


def _middle(values: np.ndarray) -> float:
    """Return the median as the metric `sigma` takes it: a value that is there."""
    return float(np.quantile(values, 0.5, method="inverted_cdf"))
