"""How likely the states behind rows are under the law that made them, and the way up to the most likely ones.

With f and v what would be measured of a state, s its scores and y a row, the logarithm of the posterior is, but for a
constant,

    h = -1/2 sum_i ((y_i - f_i)^2 / v_i + log v_i) - 1/2 |s|^2

The noise is that which the state itself has, so it tells of the state, too.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from runner.origin import Law

PART = {"cpu": 256}  # states seen at a time: what is needed on the way to them stays in the cache
LARGE_PART = 16384
STEPS, LONGEST, FLAT = 40, 3.0, 0.01  # of a climb: at most, and where a full step would gain less it is over


class Hill(NamedTuple):
    """The heights around some places, to second order."""

    height: torch.Tensor  # float64 [n]
    slope: torch.Tensor  # float64 [n, k]
    curvature: torch.Tensor  # float64 [n, k, k]: the expected one, downwards
    mixed: torch.Tensor  # float64 [n, k, labels]: how the slope falls with the labels themselves

    @property
    def gain(self) -> torch.Tensor:
        """How much higher a full step would lead if the curvature stayed: [n]."""
        return torch.as_tensor(0.5 * (self.slope * torch.linalg.solve(self.curvature, self.slope)).sum(1))

    def of(self, which: torch.Tensor) -> Hill:
        """Return the hills with these numbers."""
        return Hill(*(part[which] for part in self))

    def or_better(self, other: Hill) -> tuple[torch.Tensor, Hill]:
        """Return where another hill is higher, [n, 1], and the higher one of both everywhere."""
        better = other.height > self.height
        parts = zip(other, self, strict=True)
        return better[:, None], Hill(*(torch.where(better.view(-1, *[1] * (a.ndim - 1)), a, b) for a, b in parts))


class Heights:
    """The heights of rows under a law. Where labels are given, the places of labels say nothing and are best at 0."""

    def __init__(self, law: Law, device: str) -> None:
        """Take the law and where it computes."""
        self.law, self._part = law, PART.get(torch.device(device).type, LARGE_PART)

    def at(
        self, rows: torch.Tensor, places: torch.Tensor, labels: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the heights of many places of each row and the states: [r, n, k] -> [r, n], [r, n, k]."""
        scores, _ = self.law.scores(places.flatten(0, 1))
        states, _ = self._states(scores, None if labels is None else labels.flatten(0, 1))
        owners = torch.arange(len(rows), device=rows.device).repeat_interleave(places.shape[1])
        parts = zip(torch.split(owners, self._part), torch.split(states, self._part), strict=True)
        likelihoods = torch.cat([self._likelihood(rows[owner], part) for owner, part in parts])
        heights = likelihoods - 0.5 * scores.square().sum(1)
        return heights.view(places.shape[:2]), states.view(places.shape)

    def climb(
        self, rows: torch.Tensor, start: torch.Tensor, labels: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, Hill]:
        """Return where Fisher scoring leads for each row, damped where a step leads down (Levenberg 1944)."""
        places, hill, damping = start.clone(), self._hill(rows, start, labels), start.new_ones(len(start), 1)
        for _ in range(STEPS):
            going = torch.nonzero(hill.gain > FLAT)[:, 0]
            if not len(going):
                break
            here, damp = hill.of(going), damping[going]
            damped = here.curvature + torch.diag_embed(damp * here.curvature.diagonal(dim1=1, dim2=2))
            step = torch.linalg.solve(damped, here.slope)
            there = places[going] + step * (LONGEST / step.norm(dim=1, keepdim=True).clamp(min=LONGEST))
            better, higher = here.or_better(self._hill(rows[going], there, None if labels is None else labels[going]))
            places[going] = torch.where(better, there, places[going])
            damping[going] = torch.where(better, 0.1 * damp, 10 * damp)
            for part, new in zip(hill, higher, strict=True):
                part[going] = new
        return places, hill

    def _states(self, scores: torch.Tensor, labels: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the states of scores and how fast they grow, with given labels in place of those of the scores."""
        states, speeds = self.law.states(scores)
        if labels is not None:
            states[:, : self.law.labels], speeds[:, : self.law.labels] = labels, 0
        return states, speeds

    def _likelihood(self, rows: torch.Tensor, states: torch.Tensor) -> torch.Tensor:
        """Return the logarithm of how likely each state makes its row, but for a constant."""
        mean, variance = self.law.seen(states)
        off = torch.sub(rows, mean, out=mean).square_().div_(variance).add_(variance.log_())
        return -0.5 * off.sum(1, dtype=torch.float64)

    def _hill(self, rows: torch.Tensor, places: torch.Tensor, labels: torch.Tensor | None) -> Hill:
        """Return the hill at one place of each row.

        The Fisher information of a Gaussian whose mean and variance move is J' J / v + D' D / 2, with D how the
        logarithm of the variance moves.
        """
        scores, turns = self.law.scores(places)
        states, speeds = self._states(scores, labels)
        mean, variance = self.law.seen(states)
        slopes = self.law.slopes(states)
        root = variance.rsqrt()
        off, by_mean = (rows - mean) * root, slopes.mean * root[:, None]
        by_variance = slopes.variance * root.square()[:, None]
        height = -0.5 * (off.square() + variance.log()).sum(1, dtype=torch.float64) - 0.5 * scores.square().sum(1)
        slope = by_mean @ off[:, :, None] + 0.5 * by_variance @ (off.square() - 1)[:, :, None]
        information = (by_mean @ by_mean.mT + 0.5 * by_variance @ by_variance.mT).double()
        moved = speeds[:, :, None] * turns  # how states move with places
        return Hill(
            height,
            (moved.mT @ slope.double() - turns.mT @ scores[:, :, None])[:, :, 0],
            moved.mT @ information @ moved + turns.mT @ turns,
            moved.mT @ information[:, :, : self.law.labels],
        )
