"""What the inputs of a row say of its labels at most: Fisher information, and the bound that follows from it.

    I = J' diag(1 / sigma²) J,        bound = 1 / (I_gg - I_gn I_nn^-1 I_ng) = [I^-1]_gg

for one label g where the others, n, have to be found as well: no estimator that is unbiased has a smaller variance
(Rao 1945, Bull. Calcutta Math. Soc. 37, 81). The Schur decay (I_gg - I_gn I_nn^-1 I_ng) / I_gg is the share of the
information on g that is left.

Every label is first measured in the unit that makes its own entry of I one. This changes no bound, and brings the
condition number within a factor of the number of labels of the least that any units give (van der Sluis 1969, Numer.
Math. 14, 14, doi:10.1007/BF02165096). Nothing is added to I. Where its smallest eigenvalue is lost in the rounding of
the products, labels cannot be told apart: the bound is infinite there.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

ROUNDING = torch.finfo(torch.float32).eps  # of the products
STRETCH = 512  # inputs whose products are summed before the rest of the sum is taken in double


class Limits(NamedTuple):
    """What the information of every row allows for one label."""

    bound: torch.Tensor  # float64 [n], of the variance; infinite where labels cannot be told apart
    schur: torch.Tensor  # float64 [n], 0 there
    condition: torch.Tensor  # float64 [n], of the scaled information, infinite there


def information(slopes: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    """Return I of every row from how its inputs move, [n, labels, width], and their sigma, [n, width]: float64."""
    total = slopes.new_zeros(len(slopes), slopes.shape[1], slopes.shape[1], dtype=torch.float64)
    for moves, noise in zip(torch.split(slopes, STRETCH, dim=2), torch.split(sigma, STRETCH, dim=1), strict=True):
        weighted = moves / noise[:, None]
        total += torch.bmm(weighted, weighted.mT)
    return total


def limits(fisher: torch.Tensor, label: int) -> Limits:
    """Return what I allows, float64 [n, labels, labels], for the label at this place."""
    own = fisher.diagonal(dim1=1, dim2=2)
    unit = own.rsqrt()
    scaled = fisher * unit[:, :, None] * unit[:, None, :]
    known = scaled.isfinite().all(2).all(1)
    values, vectors = torch.linalg.eigh(torch.where(known[:, None, None], scaled, 0.0))  # it raises on a NaN
    known &= values[:, 0] > ROUNDING * fisher.shape[1] * values[:, -1]
    schur = 1 / (vectors[:, label].square() / values).sum(1)
    return Limits(
        bound=torch.where(known, 1 / (own[:, label] * schur), torch.inf),
        schur=torch.where(known, schur, 0.0),
        condition=torch.where(known, values[:, -1] / values[:, 0], torch.inf),
    )
