"""Symmetric matrices kept as the panels of their lower triangle: little more than half the numbers and the products.

With eight panels the products of X'X are 9/16 of those of the whole matrix, and each is still large enough for a
matrix product at full speed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

PANELS = 8  # in a large matrix
NARROWEST = 64  # columns of a panel; a small matrix is one panel


@dataclass(frozen=True, slots=True)
class Symmetric:
    """A symmetric matrix [p, p]: panel j holds its columns from j w on, w of them, from the diagonal down."""

    p: int
    packed: torch.Tensor  # the panels, one after the other

    @classmethod
    def zeros(cls, p: int, device: torch.device | str = "cpu") -> Symmetric:
        """Return a matrix of zeros, float64."""
        size = sum((p - start) * (stop - start) for start, stop in _cuts(p))
        return cls(p, torch.zeros(size, dtype=torch.float64, device=device))

    def panels(self) -> Iterator[tuple[int, int, torch.Tensor]]:
        """Yield (first column, column behind the last, panel [p - first, columns]), each a view."""
        done = 0
        for start, stop in _cuts(self.p):
            size = (self.p - start) * (stop - start)
            yield start, stop, self.packed[done : done + size].view(self.p - start, stop - start)
            done += size

    def add_products(self, x: torch.Tensor) -> None:
        """Add x'x of the rows x [n, p], in place; the products are taken in the type of x."""
        for start, stop, panel in self.panels():
            panel.add_(x[:, start:].T @ x[:, start:stop])

    def add_square(self, v: torch.Tensor, weight: float) -> Symmetric:
        """Add weight * v v' of the vector v [p], in place."""
        for start, stop, panel in self.panels():
            panel.addr_(v[start:], v[start:stop], alpha=weight)
        return self

    def __add__(self, other: Symmetric) -> Symmetric:
        """Return the sum."""
        return Symmetric(self.p, self.packed + other.packed)

    def __sub__(self, other: Symmetric) -> Symmetric:
        """Return the difference."""
        return Symmetric(self.p, self.packed - other.packed)

    def __matmul__(self, columns: torch.Tensor) -> torch.Tensor:
        """Return the product with the columns [p, k]."""
        out = torch.zeros_like(columns)
        for start, stop, panel in self.panels():
            out[start:] += panel @ columns[start:stop]
            out[start:stop] += panel[stop - start :].T @ columns[stop:]
        return out

    def dense(self) -> torch.Tensor:
        """Return all of it, [p, p]."""
        whole = self.packed.new_empty(self.p, self.p)
        for start, stop, panel in self.panels():
            whole[start:stop, start:] = panel.T
            whole[start:, start:stop] = panel
        return whole

    def chosen(self, numbers: torch.Tensor) -> torch.Tensor:
        """Return the rows and columns with these numbers, ascending, [k, k]."""
        part = self.packed.new_zeros(len(numbers), len(numbers))
        for start, stop, panel in self.panels():
            first, last = torch.searchsorted(numbers, torch.tensor([start, stop])).tolist()
            part[first:, first:last] = panel[numbers[first:] - start][:, numbers[first:last] - start]
        return part.tril() + part.tril(-1).T

    def lower(self) -> np.ndarray:
        """Return its lower triangle in the column order of LAPACK, [p, p]; what stands above it means nothing."""
        whole = np.empty((self.p, self.p), order="F")
        for start, stop, panel in self.panels():
            whole[start:, start:stop] = panel.numpy()
        return whole


def symmetric(whole: torch.Tensor) -> Symmetric:
    """Pack a symmetric matrix [p, p]."""
    matrix = Symmetric.zeros(len(whole), whole.device)
    for start, stop, panel in matrix.panels():
        panel.copy_(whole[start:, start:stop])
    return matrix


def _cuts(p: int) -> Iterator[tuple[int, int]]:
    """Yield where each panel starts and stops."""
    width = max(NARROWEST, math.ceil(p / PANELS))
    for start in range(0, p, width):
        yield start, min(start + width, p)
