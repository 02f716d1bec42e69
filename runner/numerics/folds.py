"""Ridge regression that has not seen the rows it speaks of: every training row is told by the fit without its fold.

    y'_i = w_k' x_i + b_k,    k the fold of row i,    w_k and b_k from the rows outside fold k

Whatever is learnt on top of such predictions meets errors as large as those of new rows; those of a ridge on its own
rows are smaller. Sums are gathered by fold in one pass. The rows outside a fold are all rows without it, and as their
penalty is known by then, each of their rules takes a Cholesky factorisation, a twelfth of the time of a whole path.

Reference: Wolpert 1992, Stacked generalization, Neural Networks 5, 241, doi:10.1016/S0893-6080(05)80023-1
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from runner.contract import Data, Split
from runner.findings import JobFailed
from runner.numerics.bin_ridges import answers
from runner.numerics.gram import Gram, grams_of, precision, summed
from runner.numerics.penalty import Choice, Penalty, fold_of, folded
from runner.numerics.shrinkage import Linear, ridge_path, side_by_side

BATCH = 4096  # rows at a time

Told = Callable[[int, int, str], None]
Numbered = tuple[torch.Tensor, torch.Tensor, torch.Tensor]  # inputs [n, p], target [n] and fold [n]


@dataclass(frozen=True, slots=True)
class FoldedRidge:
    """The rule of all training rows, and for every fold that of the rows outside it."""

    whole: Gram  # of all training rows
    rule: Linear
    without: Linear  # [p, folds]
    choice: Choice

    @property
    def rules(self) -> Linear:
        """Return all rules side by side, that of all rows first."""
        return side_by_side([self.rule, self.without])

    def unseen(self, said: np.ndarray) -> np.ndarray:
        """Return of what all `rules` say of the training rows [rows, 1 + folds] what those without them say [rows]."""
        folds = fold_of(torch.arange(len(said)), said.shape[1] - 1).numpy()
        return np.asarray(said[np.arange(len(said)), 1 + folds])


def folded_ridge(data: Data, penalty: Penalty, told: Told) -> FoldedRidge:
    """Fit the rules; without validation rows `alpha: val` is chosen by the folds."""
    rows, width = data.train.rows, data.train.width
    folds = grams_of(_told(data.train, penalty.folds, told), penalty.folds, precision("auto", rows, width))
    parts = [part for part in folds if part is not None]
    if not parts:
        raise JobFailed("there are no rows to fit")
    whole = summed(parts)
    rule, choice = _chosen(whole, folds, penalty, data.val)
    without = [rule if part is None else ridge_at(whole - part, choice.alpha) for part in folds]
    return FoldedRidge(whole, rule, side_by_side(without), choice)


def ridge_at(gram: Gram, alpha: float) -> Linear:
    """Return the ridge solution at one alpha."""
    lower = gram.xx.lower()
    lower[np.diag_indices(len(lower))] += alpha
    try:
        factor = cho_factor(lower, lower=True, overwrite_a=True, check_finite=False)  # the upper triangle is anything
    except LinAlgError as error:
        raise JobFailed(f"alpha {alpha:g} is lost in the rounding of X'X", fix="use a larger alpha") from error
    weights = torch.from_numpy(cho_solve(factor, gram.xy[:, :1].numpy(), check_finite=False))
    return Linear(weights, gram.mean_y[0] - gram.mean_x @ weights)


def _chosen(whole: Gram, folds: Sequence[Gram | None], penalty: Penalty, val: Split) -> tuple[Linear, Choice]:
    """Return the rule of all rows, and how its alpha was chosen."""
    if isinstance(penalty.alpha, str) and (penalty.alpha == "cv" or not val.rows):
        choice = penalty.by_folds(folds, lambda gram: ridge_path(gram, penalty.path))
        return ridge_path(whole, [choice.alpha]), choice
    path = ridge_path(whole, penalty.path)
    if penalty.alpha != "val":
        return path, penalty.given()
    said, target = answers(path, val, known=True)
    choice = penalty.by_validation(np.square(said - target[:, None]).mean(0))
    return path.rule(choice.best), choice


def _told(train: Split, folds: int, told: Told) -> Iterator[Numbered]:
    """Yield the training rows with their folds, and report how many have gone by."""
    done = 0
    for batch in folded(train.pairs(BATCH), folds):
        yield batch
        done += len(batch[0])
        told(done, train.rows, "ridge")
