"""Matched filters: the few numbers that hold next to all a noisy row says of where it came from.

Clean rows lie near mean + B' c, with B their leading principal components where the noise is the same everywhere.
For noise of variance v, W = diag(1 / v), the likeliest coefficients of a row y and what they leave of it are

    c = (B W B')^-1 B W (y - mean)        q = |y - mean - B' c|^2_W / (p - k)

c is generalised least squares, and q the noise of the row in units of v. Rows differ in their noise, and in its shape,
too: so the templates are sorted by theirs into groups of one size, and every group gives a v of its own, its mean.
Numbers of a row are c and ln q at every weighting. No template and no noise of the row itself is looked at.

References: Kay 1993, Fundamentals of Statistical Signal Processing I, chapter 4 (generalised least squares);
Turin 1960, IRE Trans. Inf. Theory 6, 311, doi:10.1109/TIT.1960.1057571 (matched filters)
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from runner.findings import JobFailed
from runner.numerics.components import leading
from runner.numerics.gram import gram_of

ROUNDING = 1e-6  # of what there is before a fit: less than this left of it is rounding of float32


@dataclass(frozen=True, slots=True)
class MatchedFilters:
    """k filters at each of m weightings, for rows of p inputs: float32."""

    mean: torch.Tensor  # [p]
    weights: torch.Tensor  # W of every weighting [m, p]
    filters: torch.Tensor  # (B W B')^-1 B W of every weighting [m, k, p]
    products: torch.Tensor  # B W B' of every weighting [m, k, k]

    @property
    def width(self) -> int:
        """Return how many numbers a row becomes."""
        m, k, _ = self.filters.shape
        return m * (k + 1)

    def coefficients(self, rows: torch.Tensor) -> torch.Tensor:
        """Return c at every weighting: [n, p] -> [n, m, k]."""
        m, k, _ = self.filters.shape
        return ((rows - self.mean) @ self.filters.flatten(0, 1).T).reshape(-1, m, k)

    def noise(self, rows: torch.Tensor, coefficients: torch.Tensor) -> torch.Tensor:
        """Return q at every weighting: [n, p] and their c -> [n, m]."""
        whole = (rows - self.mean).square_() @ self.weights.T
        fitted = torch.einsum("nmk,mkl,nml->nm", coefficients, self.products, coefficients)
        _, k, p = self.filters.shape
        return torch.maximum(whole - fitted, ROUNDING * whole) / (p - k)

    def numbers(self, rows: torch.Tensor) -> torch.Tensor:
        """Return c and ln q at every weighting: [n, p] -> [n, width]."""
        coefficients = self.coefficients(rows)
        return torch.cat([coefficients.flatten(1), self.noise(rows, coefficients).log()], dim=1)


def matched_to(clean: torch.Tensor, sigma: torch.Tensor, components: int, weightings: int) -> MatchedFilters:
    """Return filters for rows like these templates, clean and sigma [n, p], as many weightings as there are groups."""
    variance = sigma.double().square()
    groups = variance.mean(dim=1).argsort(stable=True).chunk(weightings)
    weights = torch.stack([1 / variance[group].mean(dim=0) for group in groups])
    if not torch.isfinite(weights).all():
        raise JobFailed("some inputs have no noise to be weighted by", fix="run it at a noise above 0")
    mean, scale = clean.mean(dim=0, dtype=torch.float64), weights.mean(dim=0).sqrt()
    white = ((clean - mean) * scale, torch.zeros(len(clean), device=clean.device))
    basis = leading(gram_of([white]), min(components, clean.shape[1] - 1)).vectors.to(scale).T / scale
    products = (basis * weights[:, None]) @ basis.T
    filters = torch.linalg.solve(products, basis * weights[:, None])
    return MatchedFilters(*(part.float() for part in (mean, weights, filters, products)))
