"""Principal components: the directions along which rows vary most (Pearson 1901).

    xx v_j = lambda_j v_j,    lambda_1 >= lambda_2 >= ...,    score_j(x) = v_j' (x - mean)

The few largest eigenvectors come from Lanczos steps on the sums of products (ARPACK; Lehoucq, Sorensen & Yang
1998), from a start that is always the same; the largest entry of each is positive, so that no sign is left to chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.linalg import eigh
from scipy.sparse.linalg import ArpackError, eigsh

from runner.findings import JobFailed
from runner.numerics.gram import Gram

FEW = 0.03  # of all components, up to which Lanczos steps are the faster way


@dataclass(frozen=True, slots=True)
class Components:
    """A centre and k orthonormal directions, the one of most variance first: float64."""

    mean: torch.Tensor  # [p]
    vectors: torch.Tensor  # [p, k]
    variances: torch.Tensor  # [k], over n - 1

    def scores(self, x: torch.Tensor, k: int | None = None) -> torch.Tensor:
        """Return how far the rows x [n, p] lie along the first k directions: float64 [n, k]."""
        centred = x - self.mean.to(x)
        return (centred @ self.vectors[:, :k].to(x)).double()


def leading(gram: Gram, k: int) -> Components:
    """Return the k leading principal components of the rows that were summed."""
    xx = gram.dense().numpy()
    if not 0 <= k <= len(xx):
        raise JobFailed(f"{k} components were asked for; rows of {len(xx)} inputs have no more than {len(xx)}")
    values, vectors = _largest(xx, k)
    vectors = vectors * np.where(vectors[abs(vectors).argmax(axis=0), np.arange(k)] < 0, -1.0, 1.0)
    variances = values / max(1, gram.n - 1)
    return Components(gram.mean_x, *(torch.from_numpy(np.ascontiguousarray(array)) for array in (vectors, variances)))


def _largest(xx: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the k largest eigenvalues and their vectors [p, k], largest first."""
    p = len(xx)
    if not k:
        return np.zeros(0), np.zeros((p, 0))
    if k <= FEW * p:
        try:
            values, vectors = eigsh(xx, k=k, which="LA", v0=np.ones(p))
            order = np.argsort(-values, kind="stable")
            return values[order], vectors[:, order]
        except ArpackError:  # rows that do not vary, or not along the start
            pass
    values, vectors = eigh(xx, subset_by_index=(p - k, p - 1))
    return values[::-1], vectors[:, ::-1]
