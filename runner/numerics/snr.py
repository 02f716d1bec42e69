"""Signal-to-noise ratios of a spectrum: three definitions that differ, so each has its name.

    A   median_snr    median_p (f_p / sigma_p)
    B   norm_snr      |f| / |sigma|               Euclidean norms over the pixels
    C   mean_snr      mean_p |f_p / sigma_p|

They are not interchangeable: for one spectrum A and C may be 8 where B is 3. All take sigma as it was
added, so at another noise level they are those at level 1 divided by it. The column `snr` is A at level 1.
"""

from __future__ import annotations

import math

import torch

STATISTICS = ("mean", "std", "min", "max", "median", "sum", "q25", "q75", "skew", "kurtosis")


def median_snr(clean: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    """Return definition A, the median over pixels of flux over noise: [n, p] -> [n]."""
    return quantiles(clean / sigma, 0.5)[0]


def norm_snr(clean: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    """Return definition B, the norm of the flux over the norm of the noise: [n, p] -> [n]."""
    light, noise = ((values * values).sum(dim=1).sqrt() for values in (clean, sigma))
    return light / noise


def mean_snr(clean: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    """Return definition C, the mean over pixels of |flux| over noise: [n, p] -> [n]."""
    return (clean / sigma).abs_().mean(dim=1)


def sigma_statistics(sigma: torch.Tensor) -> torch.Tensor:
    """Return the ten numbers of a noise vector that may be told, in the order of `STATISTICS`: [n, p] -> [n, 10].

    They say how noisy a spectrum is and next to nothing of the star; the vector itself says almost all.
    """
    mean, total = sigma.mean(1), sigma.sum(1)
    low, middle, high = quantiles(sigma, 0.25, 0.5, 0.75)
    offset = sigma - mean[:, None]
    variance = (offset**2).mean(1)
    z = offset / variance.sqrt()[:, None]
    skew, kurtosis = (z**3).mean(1), (z**4).mean(1) - 3
    columns = (mean, variance.sqrt(), sigma.amin(1), sigma.amax(1), middle, total, low, high, skew, kurtosis)
    return torch.stack(columns, dim=1)


def quantiles(values: torch.Tensor, *shares: float) -> list[torch.Tensor]:
    """Return the quantiles of every row, interpolated between its sorted values: [n, p] -> [n] each."""
    places = [share * (values.shape[1] - 1) for share in shares]
    return [torch.lerp(_ranked(values, math.floor(k)), _ranked(values, math.ceil(k)), k % 1) for k in places]


def _ranked(values: torch.Tensor, rank: int) -> torch.Tensor:
    """Return the value of this rank in every row, 0 for the smallest; sorting all would take ten times as long."""
    return values.kthvalue(rank + 1, dim=1).values
