"""What may stand in front of a ridge: fewer inputs, made or picked from the sums over rows alone.

    principal components      the eigenvectors of X'X with the largest eigenvalues
    partial least squares     r_1, r_2, ... by w = c / |c|,  r = w - sum_j (p_j'w) r_j,  p = X'X r / r'X'X r,
                              c <- c - p r'c,  from c = X'y  (Dayal & MacGregor 1997, J. Chemometrics 11, 73)
    the largest columns       those to which a rule gives the largest weights

The ridge then works on the scores X r, or on the columns, and its weights are brought back to all inputs. With alpha
near 0 the first is principal component regression and the second PLS1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runner.findings import JobFailed
from runner.numerics.components import leading
from runner.numerics.gram import Gram
from runner.numerics.shrinkage import Linear, ridge_path, side_by_side

if TYPE_CHECKING:
    import torch

NOTHING = 1e-13  # a covariance this many times smaller than the first is rounding


def principal(gram: Gram, components: int) -> torch.Tensor:
    """Return the directions in which the inputs vary most, [p, components]."""
    _check(components, gram.xx.p, "components")
    return leading(gram, components).vectors


def partial_least_squares(gram: Gram, components: int, target: int = 0) -> torch.Tensor:
    """Return the directions of the scores of PLS1, [p, components]."""
    _check(components, gram.xx.p, "components")
    c = gram.xy[:, target].clone()
    least = NOTHING * c.norm()
    axes, loadings = (gram.xy.new_zeros(len(c), components) for _ in range(2))
    for k in range(components):
        if c.norm() <= least:
            raise JobFailed(f"the inputs say nothing more of the target after {k} components", fix="take fewer")
        w = c / c.norm()
        r = w - axes @ (loadings.T @ w)
        projected = (gram.xx @ r[:, None])[:, 0]
        axes[:, k], loadings[:, k] = r, projected / (r @ projected)
        c -= loadings[:, k] * (r @ c)
    return axes


def largest(weights: torch.Tensor, count: int) -> torch.Tensor:
    """Return the numbers of the columns with the largest weights [p] whatever their sign, ascending."""
    _check(count, len(weights), "pixels")
    return weights.abs().argsort(descending=True, stable=True)[:count].sort().values


def path_onto(gram: Gram, axes: torch.Tensor, alphas: Sequence[float]) -> Linear:
    """Return the ridge path on the inputs projected onto axes [p, k], as rules for all inputs."""
    return ridge_path(gram.onto(axes), alphas).through(axes)


def path_of_columns(gram: Gram, columns: torch.Tensor, alphas: Sequence[float]) -> Linear:
    """Return the ridge path on some columns, as rules for all inputs."""
    path = ridge_path(gram.chosen(columns), alphas)
    weights = path.weights.new_zeros(gram.xx.p, len(alphas))
    weights[columns] = path.weights
    return Linear(weights, path.intercepts)


def path_of_largest(gram: Gram, count: int, alphas: Sequence[float]) -> Linear:
    """Return for every alpha the ridge on the columns with the largest weights in the ridge on all, at that alpha."""
    whole = ridge_path(gram, alphas)
    tops = [largest(weights, count) for weights in whole.weights.T]
    return side_by_side([path_of_columns(gram, top, [alpha]) for top, alpha in zip(tops, alphas, strict=True)])


def _check(count: int, inputs: int, what: str) -> None:
    """Refuse more inputs than there are."""
    if not 1 <= count <= inputs:
        raise JobFailed(f"`{what}` is {count}; it must be from 1 to the {inputs} inputs")
