"""How the penalty of a ridge regression is chosen: given, by validation rows, or by cross-validation.

For cross-validation in k folds every row is in the fold that the counter hash of its number says. The sums over the
rows outside a fold are those over all rows without those of the fold, and the squared error on the fold follows from
its own sums, so rows are read once:

    |y - X w - b|^2 = yy - 2 w'xy + w'xx w + n (mean y - w' mean x - b)^2

Most of it cancels: with products in single precision it is right to about 1e-7 yy, one part in 10^4 at R² 0.999.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from runner.counter import below, hashed, key_of
from runner.findings import JobFailed
from runner.numerics.gram import Gram, summed
from runner.numerics.shrinkage import Linear

FEWEST = 2  # folds with rows


@dataclass(frozen=True, slots=True)
class Choice:
    """The alpha that was taken, and what each would have cost."""

    alphas: tuple[float, ...]
    best: int  # the position of the alpha taken
    errors: np.ndarray | None = None  # mean squared error of every alpha [k], where there was a choice

    @property
    def alpha(self) -> float:
        """Return the alpha taken."""
        return self.alphas[self.best]

    @property
    def at_edge(self) -> bool:
        """Say whether it is an end of the path: then the path was too short."""
        return self.alpha in (min(self.alphas), max(self.alphas))

    @property
    def table(self) -> dict[str, float]:
        """Return the mean squared error by alpha, nothing where there was no choice."""
        errors = [] if self.errors is None else self.errors.tolist()
        return {f"{alpha:g}": error for alpha, error in zip(self.alphas, errors, strict=False)}


@dataclass(frozen=True, slots=True)
class Penalty:
    """What a job's parameters say of alpha."""

    alpha: float | Literal["val", "cv"]
    alphas: tuple[float, ...]  # to choose from
    folds: int = 5

    @property
    def path(self) -> tuple[float, ...]:
        """Return the alphas to fit."""
        return self.alphas if isinstance(self.alpha, str) else (self.alpha,)

    def given(self) -> Choice:
        """Return the alpha that was given."""
        return Choice(self.path, 0)

    def by_validation(self, errors: np.ndarray) -> Choice:
        """Return the alpha with the smallest mean squared error [k] on the validation rows."""
        if not np.isfinite(errors).all():
            raise JobFailed("alpha: val needs validation rows with finite targets", fix="give alpha a number")
        return Choice(self.path, int(errors.argmin()), errors)

    def by_folds(self, folds: Sequence[Gram | None], fit: Callable[[Gram], Linear], target: int = 0) -> Choice:
        """Return the alpha with the smallest mean squared error over all rows, each told by the fit without its fold.

        `fit` makes of the sums over some rows one rule for every alpha.
        """
        parts = [part for part in folds if part is not None]
        if len(parts) < FEWEST:
            raise JobFailed("alpha: cv needs rows in two folds or more", fix="give alpha a number")
        total = summed(parts)
        squares = sum(fit(total - part).squares(part, target) for part in parts)
        errors = np.asarray(squares) / total.n
        return Choice(self.path, int(errors.argmin()), errors)


def fold_of(rows: torch.Tensor, folds: int) -> torch.Tensor:
    """Return the fold of every row, by the row's number in its split: int64 [n] -> int64 [n], below `folds`."""
    return below(hashed(key_of("fold"), rows, torch.zeros_like(rows)), folds)


def folded(
    batches: Iterable[tuple[torch.Tensor, torch.Tensor]], folds: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Yield the batches of a split, from its first row on, with the fold of every row."""
    done = 0
    for x, y in batches:
        yield x, y, fold_of(torch.arange(done, done + len(x)), folds)
        done += len(x)
