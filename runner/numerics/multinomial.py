"""Multinomial logistic regression: how likely each class is, given a few features.

    p_j = exp(w_j' z + b_j) / sum_l exp(w_l' z + b_l)
    minimise  - sum_i log p_{class(i)} + |W|^2 / (2 C)            the intercepts b are not penalised

by Newton's method with halved steps (Boyd & Vandenberghe 2004, section 9.5): some ten steps, each one product of rows
with rows and one Cholesky factorisation. C means what it means in scikit-learn. The intercepts sum to what they
started from, 0: adding one number to all of them changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import log_softmax, softmax

STEPS = 100  # at most
HALVINGS = 40
EXACT, ROUGH = 1e-8, 1e-5  # of the gradient, per row
PIN = 1e-8  # per row, on the intercepts: keeps their common part, of which nothing depends, from drifting
CHUNK = 8192  # rows at a time


@dataclass(frozen=True, slots=True)
class Multinomial:
    """Fitted weights and intercepts, and whether Newton's method came to its end."""

    weights: np.ndarray  # [classes, k]
    intercepts: np.ndarray  # [classes]
    converged: bool

    def log_shares(self, z: np.ndarray) -> np.ndarray:
        """Return the logarithm of how likely each class is for the rows z [n, k]: [n, classes]."""
        return np.asarray(log_softmax(z @ self.weights.T + self.intercepts, axis=1))


def multinomial(
    z: np.ndarray,
    labels: np.ndarray,
    classes: int,
    c: float,
    *,
    start: Multinomial | None = None,
    tolerance: float = EXACT,
) -> Multinomial:
    """Return the fit to rows z [n, k] of the classes `labels` [n], from 0 to `classes` - 1, from a fit nearby."""
    x = np.column_stack([z, np.ones(len(z))])
    w = np.zeros((classes, x.shape[1])) if start is None else np.column_stack([start.weights, start.intercepts])
    penalty = np.full(x.shape[1], 1 / c)
    penalty[-1] = 0
    for _ in range(STEPS):
        shares = softmax(x @ w.T, axis=1)
        shares_off = shares.copy()
        shares_off[np.arange(len(x)), labels] -= 1
        gradient = shares_off.T @ x + penalty * w
        if abs(gradient).max() <= tolerance * len(x):
            return Multinomial(w[:, :-1], w[:, -1], converged=True)
        step = _newton_step(x, shares, gradient, penalty)
        taken = _taken(x, labels, w, step, penalty, float((gradient * step).sum()))
        if taken is None:
            break
        w = taken
    return Multinomial(w[:, :-1], w[:, -1], converged=False)


def _newton_step(x: np.ndarray, shares: np.ndarray, gradient: np.ndarray, penalty: np.ndarray) -> np.ndarray:
    """Return the second derivatives' inverse times the gradient [classes, k + 1]."""
    size = gradient.size
    curvature = _curvature(x, shares)
    pinned = penalty + PIN * len(x) * (penalty == 0)
    curvature[np.arange(size), np.arange(size)] += np.tile(pinned, len(gradient))
    return np.asarray(cho_solve(cho_factor(curvature, lower=True), gradient.ravel())).reshape(gradient.shape)


def _curvature(x: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return sum_i (diag(p_i) - p_i p_i') x x_i x_i', the second derivatives of the loss."""
    classes, k = shares.shape[1], x.shape[1]
    out = np.zeros((classes * k, classes * k))
    for start in range(0, len(x), CHUNK):
        rows, p = x[start : start + CHUNK], shares[start : start + CHUNK]
        weighed = (p[:, :, None] * rows[:, None, :]).reshape(len(rows), -1)
        out -= weighed.T @ weighed
        blocks = (weighed.T @ rows).reshape(classes, k, k)
        for j in range(classes):
            out[j * k : j * k + k, j * k : j * k + k] += blocks[j]
    return out


def _taken(
    x: np.ndarray, labels: np.ndarray, w: np.ndarray, step: np.ndarray, penalty: np.ndarray, slope: float
) -> np.ndarray | None:
    """Return the weights after the longest halved step that lowers the loss enough, none where rounding hides it."""
    now, share = _loss(x, labels, w, penalty), 1.0
    for _ in range(HALVINGS):
        after = w - share * step
        if _loss(x, labels, after, penalty) <= now - 1e-4 * share * slope:
            return after
        share /= 2
    return None


def _loss(x: np.ndarray, labels: np.ndarray, w: np.ndarray, penalty: np.ndarray) -> float:
    """Return what is minimised."""
    likely = log_softmax(x @ w.T, axis=1)[np.arange(len(x)), labels]
    return float((penalty * w * w).sum() / 2 - likely.sum())
