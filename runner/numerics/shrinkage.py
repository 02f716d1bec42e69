"""The ridge path: the solutions for many penalties from one factorisation.

    minimise |y - X w - b|^2 + alpha |w|^2      the intercept b is not penalised (Hoerl & Kennard 1970)

With G = X'X and c = X'y of the centred data, and the orthogonal tridiagonalisation G = Q T Q'
(LAPACK sytrd, a third of an eigendecomposition; Elden 1977 for ridge),

    w(alpha) = Q (T + alpha I)^-1 Q' c,         b = mean y - w' mean x:

one O(p^3) step in all, then O(p) for the tridiagonal system and O(p^2) for the product with Q per alpha.
Targets that share their inputs share the factorisation, too.

With fewer rows than columns the same w is X' a, where a solves (X X' + alpha I) a = y: the smaller matrix is the
one between rows (Saunders, Gammerman & Vovk 1998), and the path costs O(n^3 + n^2 p).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.linalg import eigvalsh_tridiagonal, lapack

from runner.findings import JobFailed
from runner.numerics.gram import Gram, divisors

SAFE = 2  # an alpha is this many times the rounding of X'X at least


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

    def divided(self, scale: torch.Tensor) -> Linear:
        """Return the same rules for inputs that were not divided by `scale` [p]."""
        return Linear(self.weights / scale[:, None], self.intercepts)

    def through(self, axes: torch.Tensor) -> Linear:
        """Return the same rules for inputs that were not projected onto axes [p, k]."""
        return Linear(axes @ self.weights, self.intercepts)

    def squares(self, gram: Gram, target: int = 0) -> torch.Tensor:
        """Return the sum of squared errors of every rule on the rows of `gram`, from their sums alone: [k]."""
        w, c = self.weights, gram.xy[:, target]
        explained = 2 * c @ w - (w * (gram.xx @ w)).sum(0)
        offset = gram.mean_y[target] - gram.mean_x @ w - self.intercepts
        return gram.yy[target, target] - explained + gram.n * offset**2


def side_by_side(rules: Sequence[Linear]) -> Linear:
    """Return all rules of several in one."""
    return Linear(torch.cat([rule.weights for rule in rules], 1), torch.cat([rule.intercepts for rule in rules]))


def ridge_path(gram: Gram, alphas: Sequence[float], *, standardise: bool = False) -> Linear:
    """Return the ridge solution of the first target for every alpha, one rule each, in the order of `alphas`."""
    return ridge_paths(gram, alphas, standardise=standardise)[0]


def ridge_paths(gram: Gram, alphas: Sequence[float], targets: int = 1, *, standardise: bool = False) -> list[Linear]:
    """Return the paths of the first targets, from one factorisation.

    Where the inputs are to be standardised, alpha penalises the weights of inputs divided by their deviation.
    """
    if standardise:
        scale = gram.spread()
        return [path.divided(scale) for path in ridge_paths(gram.divided(scale), alphas, targets)]
    factor = Factor(gram)
    return [factor.path(alphas, target) for target in range(targets)]


class Factor:
    """The factorised inputs of a Gram, for the paths of all its targets."""

    def __init__(self, gram: Gram) -> None:
        """Factorise xx."""
        _check_finite(gram.xx.packed, gram.xy)
        self.gram = gram
        self.t = _Tridiagonal(gram.xx.lower())

    def path(self, alphas: Sequence[float], target: int = 0) -> Linear:
        """Return the ridge solution of one target for every alpha."""
        weights = torch.from_numpy(self.t.path(self.gram.xy[:, target].numpy(), alphas))
        return Linear(weights, self.gram.mean_y[target] - self.gram.mean_x @ weights)


def ridge_path_of_rows(
    x: torch.Tensor,
    y: torch.Tensor,
    alphas: Sequence[float],
    dtype: torch.dtype = torch.float64,
    *,
    standardise: bool = False,
) -> Linear:
    """Return the same path from the rows themselves, x [n, p] and y [n], held at once: for fewer rows than columns."""
    if not len(x):
        raise JobFailed("there are no rows to fit")
    mean_x, mean_y = x.double().mean(0), float(y.double().mean())
    centred, target = x.double() - mean_x, (y.double() - mean_y).cpu()
    if standardise:
        scale = divisors(centred.square().mean(0).sqrt(), mean_x)
        path = ridge_path_of_rows(x.double() / scale, y, alphas, dtype)
        return path.divided(scale.cpu())
    kernel = (centred.to(dtype) @ centred.to(dtype).T).double().cpu()
    _check_finite(kernel, target)
    a = torch.from_numpy(_Tridiagonal(kernel.numpy().T).path(target.numpy(), alphas))
    weights = (centred.T @ a.to(centred.device)).cpu()
    return Linear(weights, mean_y - mean_x.cpu() @ weights)


class _Tridiagonal:
    """The factorisation G = Q T Q': T by its two diagonals, Q by its Householder reflectors."""

    def __init__(self, g: np.ndarray) -> None:
        """Factorise the symmetric matrix g [p, p], of which the lower triangle in column order is used, and used up."""
        work, _ = lapack.dsytrd_lwork(len(g), lower=1)
        packed, self.diagonal, below, self.tau, _ = lapack.dsytrd(g, lower=1, lwork=int(work), overwrite_a=1)
        self.below = below if len(below) else np.zeros(1)  # scipy wants one entry even for p = 1
        self.least = eigvalsh_tridiagonal(self.diagonal, below, select="i", select_range=(0, 0))[0]
        self.reflectors = np.asfortranarray(packed[1:, :-1])  # the first row and column of Q are those of I

    def path(self, c: np.ndarray, alphas: Sequence[float]) -> np.ndarray:
        """Return (G + alpha I)^-1 c for every alpha, [p, k]."""
        _check_penalties(alphas)
        turned = self.apply(c[:, None], transposed=True)[:, 0]  # Q' c
        z = np.stack([self.solve(alpha, turned) for alpha in alphas], axis=1)
        return np.ascontiguousarray(self.apply(z))

    def solve(self, alpha: float, c: np.ndarray) -> np.ndarray:
        """Return (T + alpha I)^-1 c, or refuse when rounding has eaten the answer.

        X'X has no negative eigenvalue: where there is one, it tells how large the rounding of the products is.
        """
        *_, x, _, _, _, info = lapack.dptsvx(self.diagonal + alpha, self.below, c)
        if info or alpha < -SAFE * self.least:
            why = f"whose least eigenvalue came out as {self.least:.0e}"
            fix = "use a larger alpha, or products: double"
            raise JobFailed(f"alpha {alpha:g} is lost in the rounding of X'X, {why}", fix=fix)
        return np.asarray(x).reshape(len(c))

    def apply(self, columns: np.ndarray, *, transposed: bool = False) -> np.ndarray:
        """Return Q (or Q') times the columns [p, k]."""
        out = np.array(columns, order="F")
        if len(self.tau):
            arguments: tuple[Any, ...] = ("L", "T" if transposed else "N", self.reflectors, self.tau, out[1:])
            _, work, _ = lapack.dormqr(*arguments, -1)
            out[1:], _, _ = lapack.dormqr(*arguments, int(work[0]))
        return out


def _check_finite(*sums: torch.Tensor) -> None:
    """Refuse sums that hold no numbers."""
    if not all(torch.isfinite(part).all() for part in sums):
        raise JobFailed("the inputs or the target hold numbers that are not finite")


def _check_penalties(alphas: Sequence[float]) -> None:
    """Refuse penalties that have no solution."""
    if not alphas:
        raise JobFailed("there is no alpha to fit")
    for alpha in alphas:
        if not 0 < alpha < float("inf"):
            raise JobFailed(f"alpha is {alpha:g}; it must be positive")
