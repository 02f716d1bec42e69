"""Sums over rows, gathered in one streaming pass: all that a linear method needs of its data.

    xx = sum (x - mean x)(x - mean x)'      xy = sum (x - mean x)(y - mean y)'      yy = sum (y - mean y)(y - mean y)'

for one target or several. A shift near the mean is subtracted before the products are taken, so that nothing large
cancels afterwards; two such sums combine exactly as the variances of Chan, Golub & LeVeque (1983) do.

Rows wait until there are `BLOCK` of them, so that products are large however small the batches and however many bins
the rows are sorted into. So every block holds the same rows for any size of batch, and every sum the same bits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Literal

import torch

from runner.findings import JobFailed
from runner.numerics.symmetric import Symmetric, symmetric

BLOCK = 2048  # rows whose products are taken at once
WIDE = 512  # columns from which products in double cost more than a moment
AMPLE = 1.5  # rows per column from which rounding is small beside the least variance
FLAT = 1e-7  # a deviation this many times the mean is rounding of float32

Products = Literal["auto", "single", "double"]


@dataclass(frozen=True, slots=True)
class Gram:
    """Means and centred sums of products of n rows with t targets, float64, on the CPU."""

    n: int
    mean_x: torch.Tensor  # [p]
    mean_y: torch.Tensor  # [t]
    xx: Symmetric  # [p, p]
    xy: torch.Tensor  # [p, t]
    yy: torch.Tensor  # [t, t]

    def __add__(self, other: Gram) -> Gram:
        """Return the sums over the rows of both."""
        n = self.n + other.n
        dx, dy = other.mean_x - self.mean_x, other.mean_y - self.mean_y
        share, weight = other.n / n, self.n * other.n / n
        return Gram(
            n=n,
            mean_x=self.mean_x + share * dx,
            mean_y=self.mean_y + share * dy,
            xx=(self.xx + other.xx).add_square(dx, weight),
            xy=self.xy + other.xy + weight * torch.outer(dx, dy),
            yy=self.yy + other.yy + weight * torch.outer(dy, dy),
        )

    def __sub__(self, part: Gram) -> Gram:
        """Return the sums over these rows without some of them: what added to `part` gives these."""
        n = self.n - part.n
        if n <= 0:
            raise JobFailed("there are no rows to fit")
        dx, dy = part.mean_x - self.mean_x, part.mean_y - self.mean_y
        share, weight = part.n / n, self.n * part.n / n
        return Gram(
            n=n,
            mean_x=self.mean_x - share * dx,
            mean_y=self.mean_y - share * dy,
            xx=(self.xx - part.xx).add_square(dx, -weight),
            xy=self.xy - part.xy - weight * torch.outer(dx, dy),
            yy=self.yy - part.yy - weight * torch.outer(dy, dy),
        )

    def dense(self) -> torch.Tensor:
        """Return xx [p, p]."""
        return self.xx.dense()

    def spread(self) -> torch.Tensor:
        """Return the standard deviation of every column of x [p], 1 for one that is constant."""
        diagonal = torch.cat([panel.diagonal() for _, _, panel in self.xx.panels()])
        return divisors((diagonal / self.n).clamp(min=0).sqrt(), self.mean_x)

    def divided(self, scale: torch.Tensor) -> Gram:
        """Return the sums of the rows with every column of x divided by its `scale` [p]."""
        xx = Symmetric(self.xx.p, self.xx.packed.clone())
        for start, stop, panel in xx.panels():
            panel.div_(scale[start:, None]).div_(scale[None, start:stop])
        return Gram(self.n, self.mean_x / scale, self.mean_y, xx, self.xy / scale[:, None], self.yy)

    def chosen(self, columns: torch.Tensor) -> Gram:
        """Return the sums of some columns of x, by their numbers in ascending order."""
        xx = symmetric(self.xx.chosen(columns))
        return Gram(self.n, self.mean_x[columns], self.mean_y, xx, self.xy[columns], self.yy)

    def onto(self, axes: torch.Tensor) -> Gram:
        """Return the sums of the rows projected onto axes [p, k], which is x @ axes."""
        xx = symmetric(axes.T @ (self.xx @ axes))
        return Gram(self.n, self.mean_x @ axes, self.mean_y, xx, axes.T @ self.xy, self.yy)


class Sums:
    """Running sums of shifted rows: products in `dtype`, sums in float64, on the device of the rows."""

    def __init__(self, dtype: torch.dtype = torch.float64) -> None:
        """Start with no rows."""
        self.dtype = dtype
        self.n = self.waiting = 0

    def add(self, x: torch.Tensor, y: torch.Tensor, rows: torch.Tensor | None = None) -> None:
        """Take in the rows x [n, p] with their targets y [n, t], or those of them that have these numbers."""
        chosen = torch.arange(len(x), device=x.device) if rows is None else rows
        if not self.n and len(chosen):
            self._start(x, y)
        while len(chosen):
            now, chosen = chosen[: BLOCK - self.waiting], chosen[BLOCK - self.waiting :]
            room = slice(self.waiting, self.waiting + len(now))
            torch.index_select(x, 0, now, out=self.rows[room])
            self.targets[room] = y[now]
            self.waiting, self.n = room.stop, self.n + len(now)
            if self.waiting == BLOCK:
                self._take()

    def gram(self) -> Gram:
        """Return the centred sums of everything taken in, on the CPU; these sums are used up."""
        if not self.n:
            raise JobFailed("there are no rows to fit")
        if self.waiting:
            self._take()
        del self.rows, self.targets
        dx, dy = self.x / self.n, self.y / self.n
        xx = self.xx.add_square(dx, -self.n)
        return Gram(
            n=self.n,
            mean_x=(self.shift_x.double() + dx).cpu(),
            mean_y=(self.shift_y + dy).cpu(),
            xx=Symmetric(xx.p, xx.packed.cpu()),
            xy=(self.xy - self.n * torch.outer(dx, dy)).cpu(),
            yy=(self.yy - self.n * torch.outer(dy, dy)).cpu(),
        )

    def _start(self, x: torch.Tensor, y: torch.Tensor) -> None:
        """Set memory aside and clear the sums."""
        p, t = x.shape[1], y.shape[1]
        self.rows = x.new_empty(BLOCK, p)
        self.targets = x.new_empty(BLOCK, t, dtype=torch.float64)
        self.xx = Symmetric.zeros(p, x.device)
        self.x, self.y, self.xy, self.yy = (
            x.new_zeros(shape, dtype=torch.float64) for shape in ((p,), (t,), (p, t), (t, t))
        )

    def _take(self) -> None:
        """Add the products of the rows that wait; the first of them say what to shift all by."""
        rows, targets = self.rows[: self.waiting], self.targets[: self.waiting]
        if self.n == self.waiting:
            self.shift_x = rows.mean(0, dtype=torch.float64).to(self.dtype)
            self.shift_y = targets.mean(0)
        shifted, target = rows.to(self.dtype).sub_(self.shift_x), targets.sub_(self.shift_y)
        self.x += shifted.T @ shifted.new_ones(len(shifted))
        self.y += target.sum(0)
        self.xx.add_products(shifted)
        for k, column in enumerate(target.to(self.dtype).T):  # one by one: a product with few columns is slow
            self.xy[:, k] += shifted.T @ column
        self.yy += target.T @ target
        self.waiting = 0


def grams_of(
    batches: Iterable[tuple[torch.Tensor, torch.Tensor, torch.Tensor]],
    count: int,
    dtype: torch.dtype | Sequence[torch.dtype] = torch.float64,
) -> list[Gram | None]:
    """Return the centred sums of every bin in one pass over (inputs, targets [n] or [n, t], bins [n]).

    A bin is a number below `count`; a row in bin -1 is passed over, and a bin without rows has no sums. The products
    of all bins are taken in one type, or of each in its own.
    """
    bins = [Sums(kind) for kind in ([dtype] * count if isinstance(dtype, torch.dtype) else dtype)]
    for x, y, numbers in batches:
        for k, sums in enumerate(bins):
            sums.add(x, y.reshape(len(x), -1), (numbers.to(x.device) == k).nonzero()[:, 0])
    return [sums.gram() if sums.n else None for sums in bins]


def divisors(deviations: torch.Tensor, means: torch.Tensor) -> torch.Tensor:
    """Return what to divide columns by: their deviations, and 1 for a column that is constant in single precision."""
    return torch.where(deviations > FLAT * means.abs(), deviations, 1.0)


def summed(parts: Iterable[Gram]) -> Gram:
    """Return the sums over the rows of all parts, one at least."""
    return reduce(add, parts)


def precision(products: Products, rows: int, width: int) -> torch.dtype:
    """Return the type to take products in: `auto` is single for many rows of many columns, else double."""
    single = products == "single" or (products == "auto" and width >= WIDE and rows >= AMPLE * width)
    return torch.float32 if single else torch.float64


def gram_of(batches: Iterable[tuple[torch.Tensor, torch.Tensor]], dtype: torch.dtype = torch.float64) -> Gram:
    """Return the centred sums over all batches of (inputs, targets [n] or [n, t])."""
    sums = Sums(dtype)
    for x, y in batches:
        sums.add(x, y.reshape(len(x), -1))
    return sums.gram()
