"""The ridge path: the solutions for many penalties from one factorisation.

    minimise |y - X w - b|^2 + alpha |w|^2      the intercept b is not penalised (Hoerl & Kennard 1970)

With G = X'X and c = X'y of the centred data, and the orthogonal tridiagonalisation G = Q T Q'
(LAPACK sytrd, a third of an eigendecomposition; Elden 1977 for ridge),

    w(alpha) = Q (T + alpha I)^-1 Q' c,         b = mean y - w' mean x:

one O(p^3) step in all, then O(p) for the tridiagonal system and O(p^2) for the product with Q per alpha.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.linalg import lapack

from runner.findings import JobFailed
from runner.numerics.gram import Gram


@dataclass(frozen=True, slots=True)
class Linear:
    """k linear rules y = w'x + b side by side, float64."""

    weights: torch.Tensor  # [p, k]
    intercepts: torch.Tensor  # [k]

    def predict(self, x: torch.Tensor) -> torch.Tensor:
        """Return what every rule says of the rows x [n, p]: float64 [n, k]."""
        return x.double() @ self.weights.to(x.device) + self.intercepts.to(x.device)

    def rule(self, k: int) -> Linear:
        """Return the k-th rule alone."""
        return Linear(self.weights[:, k : k + 1], self.intercepts[k : k + 1])


def ridge_path(gram: Gram, alphas: Sequence[float]) -> Linear:
    """Return the ridge solution for every alpha, one rule each, in the order of `alphas`."""
    _check(gram, alphas)
    t = _Tridiagonal(gram.xx.numpy())
    c = t.apply(gram.xy.numpy()[:, None], transposed=True)[:, 0]  # Q' c
    z = np.stack([t.solve(alpha, c) for alpha in alphas], axis=1)  # [p, k]
    weights = torch.from_numpy(np.ascontiguousarray(t.apply(z)))
    return Linear(weights, gram.mean_y - gram.mean_x @ weights)


class _Tridiagonal:
    """The factorisation G = Q T Q': T by its two diagonals, Q by its Householder reflectors."""

    def __init__(self, g: np.ndarray) -> None:
        """Factorise the symmetric matrix g [p, p]."""
        work, _ = lapack.dsytrd_lwork(len(g), lower=1)
        # g.T is g in the column order LAPACK wants, without a copy
        packed, self.diagonal, below, self.tau, _ = lapack.dsytrd(g.T, lower=1, lwork=int(work))
        self.below = below if len(below) else np.zeros(1)  # scipy wants one entry even for p = 1
        self.reflectors = np.asfortranarray(packed[1:, :-1])  # the first row and column of Q are those of I

    def solve(self, alpha: float, c: np.ndarray) -> np.ndarray:
        """Return (T + alpha I)^-1 c, or refuse when rounding has eaten the answer."""
        *_, x, rcond, _, _, info = lapack.dptsvx(self.diagonal + alpha, self.below, c)
        if info:
            why = f"condition {1 / rcond:.0e}" if rcond else "not positive definite"
            raise JobFailed(f"alpha {alpha:g} is lost in the rounding of X'X ({why})", fix="use a larger alpha")
        return np.asarray(x).reshape(len(c))

    def apply(self, columns: np.ndarray, *, transposed: bool = False) -> np.ndarray:
        """Return Q (or Q') times the columns [p, k]."""
        out = np.array(columns, order="F")
        if len(self.tau):
            arguments: tuple[Any, ...] = ("L", "T" if transposed else "N", self.reflectors, self.tau, out[1:])
            _, work, _ = lapack.dormqr(*arguments, -1)
            out[1:], _, _ = lapack.dormqr(*arguments, int(work[0]))
        return out


def _check(gram: Gram, alphas: Sequence[float]) -> None:
    """Refuse sums and penalties that have no solution."""
    if not (torch.isfinite(gram.xx).all() and torch.isfinite(gram.xy).all()):
        raise JobFailed("the inputs or the target hold numbers that are not finite")
    if not alphas:
        raise JobFailed("there is no alpha to fit")
    for alpha in alphas:
        if not 0 < alpha < float("inf"):
            raise JobFailed(f"alpha is {alpha:g}; it must be positive")
