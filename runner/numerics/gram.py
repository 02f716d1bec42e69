"""Sums over rows, gathered in one streaming pass: all that a linear method needs of its data.

    xx = sum (x - mean x)(x - mean x)'      xy = sum (x - mean x)(y - mean y)      yy = sum (y - mean y)^2

A shift near the mean is subtracted before the products are taken, so that nothing large cancels
afterwards; two such sums combine exactly as the variances of Chan, Golub & LeVeque (1983) do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch

from runner.findings import JobFailed


@dataclass(frozen=True, slots=True)
class Gram:
    """Means and centred sums of products of n rows, float64."""

    n: int
    mean_x: torch.Tensor  # [p]
    mean_y: float
    xx: torch.Tensor  # [p, p]
    xy: torch.Tensor  # [p]
    yy: float

    def __add__(self, other: Gram) -> Gram:
        """Return the sums over the rows of both."""
        n = self.n + other.n
        dx, dy = other.mean_x - self.mean_x, other.mean_y - self.mean_y
        share, weight = other.n / n, self.n * other.n / n
        return Gram(
            n=n,
            mean_x=self.mean_x + share * dx,
            mean_y=self.mean_y + share * dy,
            xx=(self.xx + other.xx).addr_(dx, dx, alpha=weight),
            xy=self.xy + other.xy + weight * dy * dx,
            yy=self.yy + other.yy + weight * dy * dy,
        )


class Sums:
    """Running sums of shifted rows: products in `dtype`, sums in float64, on the device of the rows."""

    def __init__(self, dtype: torch.dtype = torch.float64) -> None:
        """Start with no rows."""
        self.dtype = dtype
        self.n = 0

    def add(self, x: torch.Tensor, y: torch.Tensor) -> None:
        """Take in the rows x [n, p] with their targets y [n]."""
        if not self.n:
            self._start(x, y)
        shifted = x.to(self.dtype) - self.shift_x
        target = y.double() - self.shift_y
        self.n += len(x)
        self.x += shifted.sum(0, dtype=torch.float64)
        self.y += target.sum()
        self.xx += shifted.T @ shifted
        self.xy += shifted.T @ target.to(self.dtype)
        self.yy += target @ target

    def gram(self) -> Gram:
        """Return the centred sums of everything taken in so far, on the CPU."""
        if not self.n:
            raise JobFailed("there are no rows to fit")
        dx, dy = self.x / self.n, float(self.y) / self.n
        return Gram(
            n=self.n,
            mean_x=(self.shift_x.double() + dx).cpu(),
            mean_y=float(self.shift_y) + dy,
            xx=torch.addr(self.xx, dx, dx, alpha=-self.n).cpu(),
            xy=(self.xy - self.n * dy * dx).cpu(),
            yy=float(self.yy) - self.n * dy * dy,
        )

    def _start(self, x: torch.Tensor, y: torch.Tensor) -> None:
        """Take the shift from the first rows and clear the sums."""
        self.shift_x = x.double().mean(0).to(self.dtype)
        self.shift_y = y.double().mean()
        self.x, self.xy = (x.new_zeros(x.shape[1], dtype=torch.float64) for _ in range(2))
        self.xx = x.new_zeros(x.shape[1], x.shape[1], dtype=torch.float64)
        self.y, self.yy = (x.new_zeros((), dtype=torch.float64) for _ in range(2))


def gram_of(batches: Iterable[tuple[torch.Tensor, torch.Tensor]], dtype: torch.dtype = torch.float64) -> Gram:
    """Return the centred sums over all batches of (inputs, target)."""
    sums = Sums(dtype)
    for x, y in batches:
        sums.add(x, y)
    return sums.gram()
