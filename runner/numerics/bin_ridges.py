"""Ridge regressions of many bins and of all rows, from sums over each bin that are gathered in one streaming pass.

The sums over all rows are those over the bins and over the rows in none, added up: the rule of all rows costs no pass
of its own. Nor do rules for the labels that the bins lie over: further targets of the same sums, with the alpha that
is given, else with those the validation rows choose. With alpha by cross-validation the sums are kept by fold, and
every bin takes a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from runner.contract import Split
from runner.findings import JobFailed
from runner.numerics.bins import labels_of
from runner.numerics.components import leading
from runner.numerics.gram import Gram, Products, grams_of, precision, summed
from runner.numerics.penalty import Choice, Penalty, fold_of
from runner.numerics.portions import Portion
from runner.numerics.shrinkage import Linear, ridge_paths, side_by_side

VERSION = 1  # of what the same rows give
BATCH = 4096  # rows at a time
AT_ONCE = 1  # bins whose folds are summed in one pass: with two it would be 2.2 GB at 4096 inputs
COMPONENTS = 10  # principal components of all rows that are found on the way
HELD = -1  # the number of a row that nobody is fitted on
FEWEST = 2  # rows of a bin

Told = Callable[[int, int, str], None]
Folds = list[Gram | None]  # of a bin; a single one where nothing is cross-validated


@dataclass(frozen=True, slots=True)
class Assigned:
    """Whose rows the rows are: number k for expert k, their count for nobody's, -1 for rows not to be seen."""

    names: tuple[str, ...]  # of the experts
    train: np.ndarray  # int64 [training rows]
    val: np.ndarray  # int64 [validation rows]

    @property
    def rows(self) -> dict[str, int]:
        """Return how many training rows every expert has."""
        return {name: int((self.train == number).sum()) for number, name in enumerate(self.names)}

    def check(self) -> None:
        """Refuse an expert with too few rows to be fitted on."""
        for name, rows in self.rows.items():
            if rows < FEWEST:
                raise JobFailed(f"{rows} training rows fall into {name}", fix="take more rows, or wider bins")


@dataclass(frozen=True, slots=True)
class Shrinkage:
    """How every regression is made: its penalty, the float type of the products, whether inputs are standardised."""

    penalty: Penalty
    products: Products
    standardise: bool

    def paths(self, gram: Gram, targets: int = 1) -> list[Linear]:
        """Return the rules of all alphas for the first targets, from one factorisation."""
        return ridge_paths(gram, self.penalty.path, targets, standardise=self.standardise)


def bin_ridges(
    train: Split, val: Split, assigned: Assigned, by: Sequence[str], shrinkage: Shrinkage, told: Told
) -> dict[str, np.ndarray]:
    """Return one rule for each expert, for all rows, and for each label in `by`, side by side.

    `weights` [p, rules], `intercepts`, `alphas` and `at_edge` [rules], and the leading principal components of all
    rows: `mean` [p], `vectors` [p, k], `variances` [k].
    """
    labels = labels_of(train, by)
    found: list[tuple[Linear, Choice]] = []
    whole: Folds = []
    for number, folds in _sums(train, labels, assigned, shrinkage, told):
        whole = [_both(*pair) for pair in zip(whole, folds, strict=True)] if whole else folds
        if number < len(assigned.names):
            found += _of_bin(assigned.names[number], folds, Portion(val, assigned.val == number), shrinkage)
        del folds  # not to be held while the next ones are summed
    everything = _total(whole)
    found += _rules(everything, whole, val, by, shrinkage)
    rules, choices = side_by_side([rule for rule, _ in found]), [choice for _, choice in found]
    directions = leading(everything, min(COMPONENTS, train.width))
    return {
        "weights": rules.weights.numpy(),
        "intercepts": rules.intercepts.numpy(),
        "alphas": np.array([choice.alpha for choice in choices]),
        "at_edge": np.array([choice.errors is not None and choice.at_edge for choice in choices]),
        "mean": directions.mean.numpy(),
        "vectors": directions.vectors.numpy(),
        "variances": directions.variances.numpy(),
    }


def answers(rules: Linear, split: Split, *, known: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return what every rule says of every row of a split [rows, rules], and the target where it is known [rows]."""
    said, target, done = np.empty((split.rows, len(rules.intercepts))), np.full(split.rows, np.nan), 0
    for x, y in split.pairs(BATCH) if known else ((x, None) for x in split.inputs(BATCH)):
        part = slice(done, done + len(x))
        said[part] = rules.predict(x).cpu().numpy()
        if y is not None:
            target[part] = y.cpu().numpy()
        done += len(x)
    return said, target


def _sums(
    train: Split, labels: np.ndarray, assigned: Assigned, shrinkage: Shrinkage, told: Told
) -> Iterator[tuple[int, Folds]]:
    """Yield the number of every bin, and last that of the rows in none, with the sums over its folds."""
    crossed = shrinkage.penalty.alpha == "cv"
    folds = shrinkage.penalty.folds if crossed else 1
    numbers = range(len(assigned.names) + 1)
    at_once = AT_ONCE if crossed else len(numbers)
    rows = [int((assigned.train == number).sum()) for number in numbers]
    for start in range(0, len(numbers), at_once):
        group = numbers[start : start + at_once]
        bins = _numbered(assigned.train, group, folds)
        kinds = [precision(shrinkage.products, rows[number], train.width) for number in group for _ in range(folds)]
        gone_by = (start // at_once * train.rows, -(-len(numbers) // at_once) * train.rows)
        grams = grams_of(_batches(train, labels, bins, told, gone_by), len(kinds), kinds)
        for number in group:
            yield number, [grams.pop(0) for _ in range(folds)]


def _numbered(bins: np.ndarray, group: range, folds: int) -> np.ndarray:
    """Return in which of the sums of a pass each row goes, -1 for none of them: one for each bin and fold."""
    fold = fold_of(torch.arange(len(bins)), folds).numpy()
    return np.where((bins >= group.start) & (bins < group.stop), (bins - group.start) * folds + fold, HELD)


def _batches(
    train: Split, labels: np.ndarray, bins: np.ndarray, told: Told, gone_by: tuple[int, int]
) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Yield inputs, target and labels side by side, and numbers of sums; tell how many rows of all passes went by."""
    done, (before, total) = 0, gone_by
    for x, y in train.pairs(BATCH):
        part = slice(done, done + len(x))
        yield x, torch.cat([y[:, None], torch.from_numpy(labels[part]).to(y)], dim=1), torch.from_numpy(bins[part])
        done += len(x)
        told(before + done, total, "train")


def _of_bin(name: str, folds: Folds, val: Split, shrinkage: Shrinkage) -> list[tuple[Linear, Choice]]:
    """Return the rule of one bin; what is wrong with it names the bin."""
    try:
        return _rules(_total(folds), folds, val, (), shrinkage)
    except JobFailed as error:
        raise JobFailed(f"{name}: {error.message}", fix=error.fix) from error


def _rules(
    total: Gram, folds: Folds, val: Split, by: Sequence[str], shrinkage: Shrinkage
) -> list[tuple[Linear, Choice]]:
    """Return the rules for the target and for each label of the rows behind some sums, and how alpha was chosen."""
    penalty = shrinkage.penalty
    paths = shrinkage.paths(total, 1 + len(by))
    if not isinstance(penalty.alpha, str):
        choices = [penalty.given() for _ in paths]
    else:
        crossed = penalty.alpha == "cv"
        errors = _errors(paths, val, by) if by or not crossed else ()
        choices = [penalty.by_validation(error) for error in errors[crossed:]]
        if crossed:
            choices.insert(0, penalty.by_folds(folds, lambda gram: shrinkage.paths(gram)[0]))
    return [(path.rule(choice.best), choice) for path, choice in zip(paths, choices, strict=True)]


def _errors(paths: Sequence[Linear], val: Split, by: Sequence[str]) -> np.ndarray:
    """Return the mean squared error of every rule of the paths for the target and the labels: [paths, rules]."""
    labels, squares, done = labels_of(val, by), np.zeros((len(paths), len(paths[0].intercepts))), 0
    for x, y in val.pairs(BATCH):
        targets = torch.cat([y[:, None], torch.from_numpy(labels[done : done + len(x)]).to(y)], dim=1)
        for place, path in enumerate(paths):
            squares[place] += (path.predict(x) - targets[:, place, None]).square().sum(0).cpu().numpy()
        done += len(x)
    return squares / val.rows if val.rows else squares + np.nan


def _both(one: Gram | None, other: Gram | None) -> Gram | None:
    """Return the sums over the rows of both."""
    return one + other if one is not None and other is not None else one or other


def _total(folds: Folds) -> Gram:
    """Return the sums over all folds."""
    parts = [part for part in folds if part is not None]
    if not parts:
        raise JobFailed("there are no rows to fit")
    return summed(parts)
