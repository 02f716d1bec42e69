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
COARSE = 0.05  # between two values a statistic may be told as, in its logarithm


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


def told_statistics(sigma: torch.Tensor) -> torch.Tensor:
    """Return the ten statistics as a job may know them, rounded to steps of 5 %: [n, p] -> [n, 10].

    They say how noisy a spectrum is (SNR to R² 0.999) and next to nothing of the star. Exact, their ratios and
    shapes would: sigma is free of noise, and trees on them explain most of log g at a fixed magnitude.
    """
    exact = sigma_statistics(sigma)
    return ((exact.abs().log() / COARSE).round() * COARSE).exp() * exact.sign()


def sigma_statistics(sigma: torch.Tensor) -> torch.Tensor:
    """Return ten numbers that describe a noise vector, in the order of `STATISTICS`: [n, p] -> [n, 10]."""
    mean, total = sigma.mean(1), sigma.sum(1)
    low, middle, high = quantiles(sigma, 0.25, 0.5, 0.75)
    offset = sigma - mean[:, None]
    variance = (offset**2).mean(1)
    z = torch.where(variance > 0, 1 / variance.sqrt(), 0)[:, None] * offset  # a flat vector has no shape
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
