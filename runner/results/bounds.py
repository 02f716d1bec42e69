"""Metrics of bounds: how much of the variance is left to explain where errors do not fall below them.

A bound b is what the squared error of a row adds at least to the mean over all rows, for the estimators that the job
speaks of. Beside the variance V of the target that leaves 1 - b/V: of all rows together (`bound`), or row by row and
never below zero (`r2max`). Where the protocol states no V it is that of the very rows, and moves with them from
resample to resample as it does in R².
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from runner.results.metrics import Array, spread
from runner.results.replicates import Resamples

MEAN, SIGMA = "r2max_mean", "sigma"
SHARES = {"r2max": 0.5, "r2max_p10": 0.9, "r2max_p90": 0.1, SIGMA: 0.5}  # of the rows, those with the smaller bounds


def moments(truth: Array, bounds: Array) -> Array:
    """Return per row what the mean bound beside the variance is a sum of: 1, y, y², the bound, and whether it has one.

    A bound without end says that nothing is known; in a sum it would spoil the resamples that leave it out.
    """
    y, known = truth - truth.mean(), np.isfinite(bounds)
    return np.stack([np.ones_like(y), y, y**2, np.where(known, bounds, 0.0), ~known], axis=1)


def scores(
    truth: Array, bounds: Array, resamples: Resamples, metrics: Collection[str], variance: float | None = None
) -> dict[tuple[str, str], Array]:
    """Return the metrics of bounds by slice and metric, the point first and then the resamples."""
    found: dict[tuple[str, str], Array] = {}
    for piece, sums in resamples.sums([moments(truth, bounds)])[0].items():
        against = _variance(sums, variance)
        if "bound" in metrics:
            found[piece, "bound"] = bound(sums, against)
        asked = [metric for metric in metrics if metric == MEAN or metric in SHARES]
        if asked:
            ranked = _ranked(piece, bounds, resamples, against, asked)
            found |= {(piece, metric): ranked[metric] for metric in asked}
    return found


def bound(sums: Array, variance: Array) -> Array:
    """What the R² of those estimators does not exceed on average: 1 - mean(b) / V."""
    n, _, _, total, unknown = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(unknown > 0, -np.inf, 1 - total / n / variance))


def _variance(sums: Array, stated: float | None) -> Array:
    """Return what bounds are compared with; no number where the true values do not differ."""
    if stated is not None:
        return np.full(len(sums), stated)
    n, y, yy, _, _ = sums.T
    found = spread(n, y, yy)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(found > 0, found / n, np.nan))


def _ranked(
    piece: str, bounds: Array, resamples: Resamples, variance: Array, asked: Collection[str]
) -> dict[str, Array]:
    """Return those metrics of a slice that go by the order of its bounds."""
    rows = resamples.inside(piece)
    order = np.argsort(bounds[rows], kind="stable")
    ranked = bounds[rows[order]]
    shares = sorted({SHARES[metric] for metric in asked if metric in SHARES})
    at, left = np.full((len(shares), len(variance)), np.nan), np.full(len(variance), np.nan)
    for lines, weights in resamples.drawn(piece, order) if len(rows) else ():
        if shares:
            at[:, lines] = quantiles(ranked, weights, np.array(shares)).T
        if MEAN in asked:
            left[lines] = mean_left(ranked, weights, variance[lines])
    values = dict(zip(shares, at, strict=True))

    def metric_of(name: str) -> Array:
        if name == MEAN:
            return left
        value = values[SHARES[name]]
        return np.sqrt(value) if name == SIGMA else np.clip(1 - value / variance, 0, 1)

    with np.errstate(invalid="ignore"):
        return {name: metric_of(name) for name in asked}


def quantiles(ranked: Array, weights: np.ndarray, shares: Array) -> Array:
    """Return the smallest value that a share of the rows does not exceed: [rows] and [lines, rows] -> [lines, shares].

    It is numpy's `inverted_cdf` of the values, each repeated as often as its row is drawn; none where no row is.
    """
    lines, rows = weights.shape
    running = np.cumsum(weights, dtype=np.int64)  # over all lines, one behind the other
    ends = running[rows - 1 :: rows]
    starts = np.concatenate([[0], ends[:-1]])
    drawn = (ends - starts)[:, None]
    due = starts[:, None] + np.maximum(np.ceil(drawn * shares), 1)
    places = np.searchsorted(running, due) - rows * np.arange(lines)[:, None]
    return np.where(drawn > 0, ranked[np.minimum(places, rows - 1)], np.nan)


def mean_left(ranked: Array, weights: np.ndarray, variance: Array) -> Array:
    """Return the mean over the rows drawn of what their bounds leave of a variance, which no row makes negative.

    Bounds below the smallest variance of these lines leave something in all of them; only what lies between the
    smallest and the largest is looked at line by line.
    """
    if np.isnan(variance).all():
        return variance
    low, high = np.searchsorted(ranked, [np.nanmin(variance), np.nanmax(variance)], side="right")
    below, between = weights[:, :low].astype(np.float64), weights[:, low:high]
    counts, sums = (below @ np.stack([np.ones(low), ranked[:low]], axis=1)).T
    left = counts - sums / variance
    left += (between * np.clip(1 - ranked[low:high] / variance[:, None], 0, 1)).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(left / weights.sum(axis=1, dtype=np.int64))
