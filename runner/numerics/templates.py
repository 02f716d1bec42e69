"""A library of templates, compared with noisy rows in the few directions in which templates differ.

With s the typical noise of an input, B the leading principal directions of the templates over s, and a(f) =
B (f - mean) / s, a template f makes a row y as likely as

    -|a(y) - a(f)|^2 / (2 r^2)

where r^2 is what is left of the row in all other directions, per direction: the noise of that row in units of s. It is
the logarithm of a likelihood in which every row has noise of the typical shape: cheap, and nearly right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from runner.findings import JobFailed

if TYPE_CHECKING:
    from runner.origin import Law

MOST = 80  # directions
FEW = 1024  # templates that show them
PART = 256  # templates made at a time
ROUNDING = 1e-6  # of a row's square, below which nothing is told from it
CLEAR = 1e-9  # least share of the largest variance that a direction has


@dataclass(frozen=True, slots=True)
class Templates:
    """The templates of some states, as far as rows are compared with them."""

    states: torch.Tensor  # float64 [m, k]
    mean: torch.Tensor  # of the templates: float32 [width]
    typical: torch.Tensor  # s: float32 [width]
    directions: torch.Tensor  # of templates over s, orthonormal: float32 [width, d]
    places: torch.Tensor  # a: float32 [m, d]

    def likelihoods(self, rows: torch.Tensor) -> torch.Tensor:
        """Return the logarithm of how likely each template makes each row, but for a constant: [n, width] -> [n, m]."""
        over = (rows - self.mean) / self.typical
        a = over @ self.directions
        whole = over.square().sum(1)
        rest = torch.maximum(whole - a.square().sum(1), ROUNDING * whole)
        left = rest / (self.directions.shape[0] - self.directions.shape[1])
        squares = self.places.square().sum(1) - 2 * a @ self.places.T
        return squares.mul_(-0.5 / left[:, None])


def templates(law: Law, states: torch.Tensor) -> Templates:
    """Return the templates of these states, in directions that some of them, evenly chosen, show."""
    mean, variance = law.seen(states[:: max(1, len(states) // FEW)][:FEW])
    if not bool((variance > 0).all()):
        raise JobFailed("without noise every row tells its target, so there is no limit", fix="choose a noise above 0")
    centre, typical = mean.mean(0), (0.5 * variance.log().mean(0)).exp()
    directions = _directions((mean - centre) / typical)
    places = [((law.seen(part).mean - centre) / typical) @ directions for part in torch.split(states, PART)]
    return Templates(states, centre, typical, directions, torch.cat(places))


def _directions(rows: torch.Tensor) -> torch.Tensor:
    """Return the leading principal directions of centred rows, by the eigenvectors of their products."""
    rows = rows.double()
    values: torch.Tensor
    vectors: torch.Tensor
    values, vectors = torch.linalg.eigh(rows @ rows.T)
    most = min(MOST, rows.shape[1] // 2)
    kept = torch.nonzero(values > CLEAR * values[-1])[:, 0][-most:]
    return ((rows.T @ vectors[:, kept]) / values[kept].sqrt()).float()
