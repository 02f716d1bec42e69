"""What rows tell of the states behind them where labels stand on a lattice, by importance sampling of its points.

The points are drawn by how much their templates look like the row, flattened; a label that is free around its point is
drawn evenly there; what the labels leave open is drawn from a Student t around where it is most likely given them. The
law then decides, with the noise of every state itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from runner.numerics.heights import Hill
from runner.numerics.mixture import FREEDOM, Mixture
from runner.numerics.posterior import FLATTER, Belief, RowSampler, belief
from runner.numerics.templates import templates
from runner.origin import Law

if TYPE_CHECKING:
    import numpy as np


class Points(NamedTuple):
    """The labels there can be, the logarithms of their shares, and how far each label is free."""

    labels: torch.Tensor  # float64 [m, labels]
    shares: torch.Tensor  # float64 [m]
    widths: torch.Tensor  # float64 [m, labels]


class LatticeSampler(RowSampler):
    """Draws from posteriors where labels stand on a lattice."""

    def __init__(
        self,
        law: Law,
        lattice: tuple[np.ndarray, np.ndarray, np.ndarray],
        target: str,
        seed: int,
        draws: int,
        device: str,
    ) -> None:
        """Make the templates of all points, at the middle of what labels leave open."""
        super().__init__(law, target, seed, draws, device)
        labels, shares, widths = (torch.from_numpy(array).to(device) for array in lattice)
        self._points = Points(labels, shares.log(), widths)
        middle, _ = law.states(torch.zeros(1, len(law.names), dtype=torch.float64, device=device))
        rest = middle[:, law.labels :].expand(len(labels), -1)
        self._library = templates(law, torch.cat([labels, rest], 1))

    def _belief(self, rows: torch.Tensor, first: int, truth: torch.Tensor) -> Belief:
        """Return what a few rows tell."""
        numbers = torch.arange(first, first + len(rows), device=rows.device)
        likely = self._library.likelihoods(rows).double() + self._points.shares
        best = self._points.labels[likely.argmax(1)]
        top, hill = self._heights.climb(rows, likely.new_zeros(len(rows), len(self._law.names)), best)

        chance = torch.log_softmax(FLATTER * likely, 1)
        chosen = _drawn(chance.exp(), self._normals("point", numbers, self._draws, 1)[:, :, 0])
        free = torch.special.ndtr(self._normals("free", numbers, self._draws, 1)) - 0.5
        labels = self._points.labels[chosen] + self._points.widths[chosen] * free
        places, density = self._open(top, hill, labels - best[:, None], numbers)
        heights, states = self._heights.at(rows, places, labels)
        weights = torch.softmax(heights + self._points.shares[chosen] - chance.gather(1, chosen) - density, 1)
        return belief(states[:, :, self._target], weights, truth, numbers)

    def _open(
        self, top: torch.Tensor, hill: Hill, off: torch.Tensor, numbers: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return places where what the labels leave open is drawn, and the logarithm of their density.

        `off` is how far the labels of every draw are from those at the top: [rows, n, labels].
        """
        fixed = self._law.labels
        curvature = hill.curvature[:, fixed:, fixed:]
        shift = off @ torch.linalg.solve(curvature, hill.mixed[:, fixed:]).mT
        around = Mixture(torch.zeros_like(top[:, None, fixed:]), torch.linalg.cholesky(torch.linalg.inv(curvature)))
        drawn = around.drawn(self._normals("open", numbers, self._draws, top.shape[1] - fixed + FREEDOM))
        rest = top[:, None, fixed:] - shift + drawn
        return torch.cat([rest.new_zeros(off.shape), rest], 2), around.log_density(drawn)


def _drawn(chances: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """Return which of things are drawn with these chances, [rows, m], by normal numbers [rows, n]."""
    sums = chances.cumsum(1)
    return torch.searchsorted(sums, torch.special.ndtr(z) * sums[:, -1:]).clamp(max=chances.shape[1] - 1)
