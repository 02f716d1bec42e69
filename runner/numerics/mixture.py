"""Mixtures of Student t distributions, one for every row, to propose places from.

All components of a row have the same spread L L' and the same share:

    q(x) = 1/K sum_k |L|^-1 c (1 + |L^-1 (x - m_k)|^2 / nu)^(-(nu + d) / 2)

Few degrees of freedom nu give the tails that keep importance weights finite.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

FREEDOM = 5


@dataclass(frozen=True, slots=True)
class Mixture:
    """The mixtures of some rows."""

    centres: torch.Tensor  # float64 [rows, K, d]
    root: torch.Tensor  # L, lower triangular: float64 [rows, d, d]

    def drawn(self, normals: torch.Tensor) -> torch.Tensor:
        """Return places from standard normal numbers, [rows, n, d + FREEDOM] -> [rows, n, d]: components in turn."""
        d = self.centres.shape[2]
        stretch = (FREEDOM / normals[..., d:].square().sum(2, keepdim=True)).sqrt()
        turns = torch.arange(normals.shape[1], device=normals.device) % self.centres.shape[1]
        return self.centres[:, turns] + (normals[..., :d] * stretch) @ self.root.mT

    def log_density(self, places: torch.Tensor) -> torch.Tensor:
        """Return the logarithm of the density at places: [rows, n, d] -> [rows, n]."""
        _, components, d = self.centres.shape
        here, there = (torch.linalg.solve_triangular(self.root, x.mT, upper=False).mT for x in (places, self.centres))
        middle = there.mean(1, keepdim=True)  # distances far from 0 would lose digits
        squares = torch.cdist(here - middle, there - middle).square_()
        bells = squares.div_(FREEDOM).add_(1).pow_(-(FREEDOM + d) / 2).sum(2)
        norm = math.lgamma((FREEDOM + d) / 2) - math.lgamma(FREEDOM / 2) - 0.5 * d * math.log(FREEDOM * math.pi)
        spread = self.root.diagonal(dim1=1, dim2=2).log().sum(1, keepdim=True)
        return bells.log().add_(norm - math.log(components)).sub_(spread)
