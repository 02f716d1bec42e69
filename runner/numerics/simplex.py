"""The simplex search of Nelder and Mead, for many functions at once.

Every row has a function of k numbers and a simplex of k + 1 points, of which each step moves the worst, w. With c the
mean of the others:

    reflected c + (c - w)    expanded c + 2 (c - w)    contracted c + (c - w) / 2  or  c - (c - w) / 2

and where no contraction helps, all points move half the way to the best. The rows take their steps side by side, so
that a step is one call for all of them and one for those that try a second point. A point outside the box is put on
its edge.

Reference: Nelder & Mead 1965, The Computer Journal 7, 308, doi:10.1093/comjnl/7.4.308
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch

Function = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]  # rows [n] and their points [n, k] -> values [n]

REFLECTED, EXPANDED, OUTSIDE, INSIDE = 1.0, 2.0, 0.5, -0.5
EVERYWHERE = (-math.inf, math.inf)


class Found(NamedTuple):
    """Where the search of every row ended."""

    points: torch.Tensor  # float64 [n, k], the best of each row
    values: torch.Tensor  # float64 [n], there
    calls: torch.Tensor  # int64 [n], how many values were asked for
    settled: torch.Tensor  # bool [n], whether the simplex became small


def minimised(
    function: Function,
    simplices: torch.Tensor,
    *,
    tolerance: float,
    calls: int,
    box: tuple[float, float] = EVERYWHERE,
) -> Found:
    """Return the best point of every row, from simplices [n, k + 1, k] in a box that is the same for every number.

    A row is settled when no number of its points is farther than `tolerance` from that of the best. One that has asked
    for `calls` values ends with the step it is in.
    """
    search = _Search(function, simplices.double(), box)
    n, _, k = simplices.shape
    found = Found(
        search.values.new_empty(n, k),
        search.values.new_empty(n),
        torch.empty_like(search.calls),
        torch.empty_like(search.calls, dtype=torch.bool),
    )
    while len(search.rows):
        settled = search.sizes() <= tolerance
        search.release(settled | (search.calls >= calls), settled, found)
        search.step()
    return found


class _Search:
    """The simplices of the rows that go on, the points of each from the best to the worst."""

    def __init__(self, function: Function, simplices: torch.Tensor, box: tuple[float, float]) -> None:
        """Ask for the value of every point."""
        self.function, self.box = function, box
        self.points = simplices.clamp(*box)
        self.rows = torch.arange(len(simplices), device=simplices.device)
        self.values = self._asked(self.rows, self.points)
        self.calls = torch.full_like(self.rows, self.values.shape[1])
        self._sort()

    def sizes(self) -> torch.Tensor:
        """Return how far any number of the points of a row is from that of the best: [n]."""
        return (self.points - self.points[:, :1]).abs().amax(dim=(1, 2))

    def step(self) -> None:
        """Move the worst point of every row, or else all but the best."""
        best, second, worst = self.values[:, 0], self.values[:, -2], self.values[:, -1]
        point = self._beyond(torch.full_like(worst, REFLECTED))
        value = self.function(self.rows, point).double()

        again = ~((best <= value) & (value < second))
        other = self._beyond(torch.where(value < best, EXPANDED, torch.where(value < worst, OUTSIDE, INSIDE)))
        told = torch.full_like(value, math.inf)
        told[again] = self.function(self.rows[again], other[again]).double()
        better = torch.where(value < worst, told <= value, told < worst)
        shrinking = again & ~better & ~(value < best)

        moving = ~shrinking
        self.points[moving, -1] = torch.where(better[:, None], other, point)[moving]
        self.values[moving, -1] = torch.where(better, told, value)[moving]
        self._shrink(shrinking)
        self.calls += 1 + again + shrinking * point.shape[1]
        self._sort()

    def release(self, ended: torch.Tensor, settled: torch.Tensor, found: Found) -> None:
        """Write down what was found for rows that end, and go on without them."""
        rows, on = self.rows[ended], ~ended
        found.points[rows], found.values[rows] = self.points[ended, 0], self.values[ended, 0]
        found.calls[rows], found.settled[rows] = self.calls[ended], settled[ended]
        self.rows, self.points, self.values, self.calls = (
            part[on] for part in (self.rows, self.points, self.values, self.calls)
        )

    def _beyond(self, share: torch.Tensor) -> torch.Tensor:
        """Return the point that is beyond the mean of the others by a share of what the worst is before it."""
        centre = self.points[:, :-1].mean(1)
        return (centre + share[:, None] * (centre - self.points[:, -1])).clamp(*self.box)

    def _shrink(self, chosen: torch.Tensor) -> None:
        """Move all points of the chosen rows half the way to the best."""
        best, others = self.points[chosen, :1], self.points[chosen, 1:]
        halves = best + 0.5 * (others - best)
        self.points[chosen, 1:], self.values[chosen, 1:] = halves, self._asked(self.rows[chosen], halves)

    def _asked(self, rows: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
        """Return the values of several points of every row: [n, m, k] -> [n, m]."""
        n, m, k = points.shape
        return self.function(rows.repeat_interleave(m), points.reshape(n * m, k)).double().reshape(n, m)

    def _sort(self) -> None:
        """Bring the points of every row into order."""
        self.values, order = self.values.sort(dim=1, stable=True)
        self.points = self.points.gather(1, order[:, :, None].expand_as(self.points))
