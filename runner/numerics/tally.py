"""What noisy rows tell where nothing is known but templates: a likelihood for every pair, summed as templates go by.

w = prod_i N(y_i; f_i, s_i^2)         of a row y and a template f with its own noise s
"""

from __future__ import annotations

import torch

from runner.numerics.posterior import Belief, ties

ROWS = 1024  # together


class Tally:
    """The sums over templates from which the belief of every row follows."""

    def __init__(self, rows: torch.Tensor, truth: torch.Tensor) -> None:
        """Take noisy rows [n, width], and their targets [n] as far as they are told."""
        self._rows, self._truth = rows, truth
        self._top = torch.full_like(truth, -torch.inf)
        self._ties = ties(torch.arange(len(rows), device=truth.device))
        # of weights, weights times the target and its square, squared weights and weights below the truth: [5, n]
        self._sums = truth.new_zeros(5, len(truth))

    def add(self, clean: torch.Tensor, sigma: torch.Tensor, target: torch.Tensor) -> None:
        """Weigh some templates: [m, width], [m, width] and [m]; in double, because large squares are subtracted."""
        mean, precision = clean.double(), sigma.double().square().reciprocal()
        constant = (mean.square() * precision).sum(1) - precision.log().sum(1)
        for start in range(0, len(self._rows), ROWS):
            part = slice(start, start + ROWS)
            rows = self._rows[part].double()
            squares = rows.square() @ precision.T - 2 * rows @ (mean * precision).T
            self._weigh(part, -0.5 * (squares + constant), target)

    def belief(self) -> Belief:
        """Return what all templates said so far."""
        total, first, second, squares, below = self._sums
        mean, share = first / total, squares / total.square()
        spread = (second / total - mean.square()).clamp(min=0)
        return Belief(mean, spread / (1 - share).clamp(min=torch.finfo(share.dtype).eps), 1 / share, below / total)

    def _weigh(self, part: slice, logs: torch.Tensor, target: torch.Tensor) -> None:
        """Add the weights of some templates for some rows, in units of the largest one so far: [n, m]."""
        top = torch.maximum(self._top[part], logs.max(1).values)
        fading = torch.exp(self._top[part] - top)
        weights = torch.exp(logs - top[:, None])
        truth = self._truth[part, None]
        lower = (target < truth) + (target == truth) * self._ties[part, None]
        new = (
            weights.sum(1),
            weights @ target,
            weights @ target.square(),
            weights.square().sum(1),
            (weights * lower).sum(1),
        )
        self._sums[:, part] *= torch.stack([fading, fading, fading, fading.square(), fading])
        self._sums[:, part] += torch.stack(new)
        self._top[part] = top
