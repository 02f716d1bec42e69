"""The ridge path: the solutions for many penalties from one factorisation.

    minimise |y - X w - b|^2 + alpha |w|^2      the intercept b is not penalised (Hoerl & Kennard 1970)

With G = X'X and c = X'y of the centred data, and the orthogonal tridiagonalisation G = Q T Q'
(LAPACK sytrd, a third of an eigendecomposition; Elden 1977 for ridge),

    w(alpha) = Q (T + alpha I)^-1 Q' c,         b = mean y - w' mean x:

one O(p^3) step in all, then O(p) for the tridiagonal system and O(p^2) for the product with Q per alpha.

With fewer rows than columns the same w is X' a, where a solves (X X' + alpha I) a = y: the smaller matrix is the
one between rows (Saunders, Gammerman & Vovk 1998), and the path costs O(n^3 + n^2 p).
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
    _check(gram.xx, gram.xy, alphas)
    weights = torch.from_numpy(_path(gram.xx.numpy(), gram.xy.numpy(), alphas))
    return Linear(weights, gram.mean_y - gram.mean_x @ weights)


def ridge_path_of_rows(
    x: torch.Tensor, y: torch.Tensor, alphas: Sequence[float], dtype: torch.dtype = torch.float64
) -> Linear:
    """Return the same path from the rows themselves, x [n, p] and y [n], held at once: for fewer rows than columns."""
    if not len(x):
        raise JobFailed("there are no rows to fit")
    mean_x, mean_y = x.double().mean(0), float(y.double().mean())
    centred, target = (x.double() - mean_x).to(dtype), (y.double() - mean_y).cpu()
    kernel = (centred @ centred.T).double().cpu()
    _check(kernel, target, alphas)
    a = torch.from_numpy(_path(kernel.numpy(), target.numpy(), alphas))
    weights = (centred.T.double() @ a.to(centred.device)).cpu()
    return Linear(weights, mean_y - mean_x.cpu() @ weights)


def _path(g: np.ndarray, c: np.ndarray, alphas: Sequence[float]) -> np.ndarray:
    """Return (G + alpha I)^-1 c for every alpha, [p, k]."""
    t = _Tridiagonal(g)
    turned = t.apply(c[:, None], transposed=True)[:, 0]  # Q' c
    z = np.stack([t.solve(alpha, turned) for alpha in alphas], axis=1)
    return np.ascontiguousarray(t.apply(z))


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


def _check(g: torch.Tensor, c: torch.Tensor, alphas: Sequence[float]) -> None:
    """Refuse sums and penalties that have no solution."""
    if not (torch.isfinite(g).all() and torch.isfinite(c).all()):
        raise JobFailed("the inputs or the target hold numbers that are not finite")
    if not alphas:
        raise JobFailed("there is no alpha to fit")
    for alpha in alphas:
        if not 0 < alpha < float("inf"):
            raise JobFailed(f"alpha is {alpha:g}; it must be positive")
