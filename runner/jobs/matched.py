"""Matched filters and a small network: nearly all that the noise leaves to be known.

Every row becomes a few numbers: generalised least-squares coefficients on the leading principal components of the
clean rows, at several weightings by the inverse variance of the noise, and how noisy what they leave over is
(`numerics/matched_filters.py`). Filters are shaped on the first 4096 training rows as they are without noise; to
predict, only the inputs of a row are looked at. A network of residual blocks learns the target from those numbers x,

    h_0 = A x + a,    h_l = h_(l-1) + C_l gelu(B_l norm(h_(l-1)) + b_l) + c_l,    y' = d' gelu(norm(h_L)) + e

with numbers and target in units of their spread, by Adam on the mean squared error, with a rate that rises for a
twentieth of the steps and falls along half a cosine.

The noise of the training rows is drawn anew every `fresh` epochs, so that the rows are learnt and not their noise.
Fewer rows are walked more often: the steps, and the time, are the same for any number of rows. The epoch with the
smallest error on the validation rows is kept; without validation rows a tenth of the training rows does this, and
trains nothing. The numbers of all training rows are held in memory, 336 bytes for each as the parameters stand, and
twice that while the noise is drawn anew.

References: Kay 1993, Fundamentals of Statistical Signal Processing I; He et al. 2016, arXiv:1603.05027
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from runner.contract import Context, Data, Output, Split
from runner.findings import JobFailed
from runner.numerics.gram import divisors
from runner.numerics.matched_filters import MatchedFilters, matched_to
from runner.numerics.networks import residual
from runner.numerics.portions import Portion
from runner.numerics.training import Batch, Lessons, Schedule, seeded, set_aside, shuffled, trained

VERSION = 1
USES_VAL = True
USES_SEED = True
ORIGIN = True
CLOSE = 0.05  # on another machine other roundings lead the training elsewhere

TEMPLATES = 4096  # training rows whose clean inputs shape the filters
READ = 1024  # rows at a time
FEWEST = 20  # training rows where there are no validation rows
STOPPING = 0.1  # of the training rows, which judge the epochs where there are no validation rows


@dataclass(frozen=True)
class Params:
    """What an experiment may set."""

    # principal components whose coefficients are taken
    components: int = 40
    # groups of rows by their noise, of which each gives a weighting
    weightings: int = 2
    # units of every layer
    hidden: int = 256
    # residual blocks, of two layers each
    blocks: int = 2
    # steps of Adam in all, to the nearest whole epoch
    steps: int = 10_000
    # largest step of Adam
    lr: float = 2e-3
    # rows of a step
    batch: int = 1024
    # epochs on one draw of the noise
    fresh: int = 2


def run(params: Params, data: Data, context: Context) -> Output:
    """Shape the filters, train on draw after draw of the noise, keep the best epoch, predict validation and test."""
    _check(params)
    filters = _filters(params, data)
    learnt, judging = _parts(data)
    train = Passes(learnt, Measuring(filters), params.fresh, context)
    held, truth = train.measuring.pairs(judging)
    mean, std = float(train.target.mean()), float(train.target.std(correction=0)) or 1.0

    with seeded(context.seed, context.device):
        model = residual(filters.width, params.hidden, params.blocks, 1).to(context.device)

        def loss(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return nn.functional.mse_loss(model(x)[:, 0], ((y - mean) / std).float())

        schedule = _schedule(params, learnt.rows)
        lessons = Lessons(lambda *_: train.epoch(params.batch), loss, lambda: float(loss(held, truth)), learnt.rows)
        news = trained(model, lessons, schedule, context.progress)
        return Output(
            predictions={
                name: _predicted(model, train.measuring, split) * std + mean
                for name, split in (("val", data.val), ("test", data.test))
            },
            scalars={
                "best_epoch": float(news.best_epoch),
                "epochs": float(schedule.epochs),
                "draws": float(train.draws),
                "parameters": float(sum(weights.numel() for weights in model.parameters())),
                "train_rows": float(learnt.rows),
            },
        )


@dataclass
class Measuring:
    """What turns rows into numbers of mean 0 and deviation 1 over the rows it was set by."""

    filters: MatchedFilters
    mean: torch.Tensor | float = 0.0  # [width]
    spread: torch.Tensor | float = 1.0  # [width]

    def set_by(self, numbers: torch.Tensor) -> None:
        """Take the moments of numbers [n, width] that are not standardised yet."""
        self.mean = numbers.mean(0, dtype=torch.float64).float()
        self.spread = divisors(numbers.std(0, correction=0), self.mean)

    def inputs(self, rows: torch.Tensor) -> torch.Tensor:
        """Return the numbers of rows [n, p]: [n, width]."""
        return (self.filters.numbers(rows) - self.mean) / self.spread

    def pairs(self, split: Split, context: Context | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the numbers of all rows of a split [rows, width], and their target [rows]."""
        numbers = torch.empty(split.rows, self.filters.width, device=self.filters.mean.device)
        target = torch.empty(split.rows, dtype=torch.float64, device=numbers.device)
        done = 0
        for x, y in split.pairs(READ):
            part = slice(done, done + len(x))
            numbers[part], target[part] = self.inputs(x), y
            done = part.stop
            if context is not None:
                context.progress(done, split.rows, "noise")
        if not (torch.isfinite(numbers).all() and torch.isfinite(target).all()):
            raise JobFailed("the inputs or the target hold numbers that are not finite")
        return numbers, target


@dataclass
class Passes:
    """The numbers of the training rows, with other noise every few epochs."""

    split: Split
    measuring: Measuring
    fresh: int  # epochs on one draw
    context: Context
    epochs: int = field(default=0, init=False)  # walked so far
    draws: int = field(default=0, init=False)  # made so far

    def __post_init__(self) -> None:
        """Make the first draw, which says what numbers are standardised by."""
        self.numbers, self.target = self._drawn()
        self.measuring.set_by(self.numbers)
        self.numbers.sub_(self.measuring.mean).div_(self.measuring.spread)

    def epoch(self, size: int) -> Iterator[Batch]:
        """Yield numbers and target, shuffled."""
        if self.epochs == self.draws * self.fresh:
            self.numbers, self.target = self._drawn()
        self.epochs += 1
        yield from shuffled((self.numbers, self.target), size)

    def _drawn(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the numbers of the next draw, and the target."""
        self.draws += 1
        return self.measuring.pairs(self.split.redrawn(self.draws - 1), self.context)


def _check(params: Params) -> None:
    """Refuse a network there cannot be."""
    counts = (params.components, params.weightings, params.hidden, params.steps, params.batch, params.fresh)
    if min(counts) < 1 or params.blocks < 0:
        raise JobFailed(
            "components, weightings, hidden, steps, batch and fresh must be 1 or more, and blocks not below 0"
        )


def _filters(params: Params, data: Data) -> MatchedFilters:
    """Return the filters that suit the first training rows."""
    if not data.train.rows:
        raise JobFailed("there are no rows to fit")
    clean, sigma, _ = next(iter(data.origin.templates(TEMPLATES)))
    return matched_to(clean, sigma, params.components, params.weightings)


def _parts(data: Data) -> tuple[Split, Split]:
    """Return the rows to learn from and those to judge epochs by."""
    if data.val.rows:
        return data.train, data.val
    if data.train.rows < FEWEST:
        raise JobFailed(f"{data.train.rows} training rows are too few to learn from and to judge by", fix="take more")
    aside = set_aside(data.train.rows, STOPPING)
    return Portion(data.train, ~aside), Portion(data.train, aside)


def _schedule(params: Params, rows: int) -> Schedule:
    """Return whole epochs that come nearest to the steps."""
    steps = math.ceil(rows / params.batch)
    epochs = max(1, round(params.steps / steps))
    return Schedule(params.lr, epochs, patience=0, steps=epochs * steps)


def _predicted(model: nn.Module, measuring: Measuring, split: Split) -> np.ndarray:
    """Return what the network gives for every row of a split."""
    predicted, done = np.empty(split.rows), 0
    with torch.inference_mode():
        for x in split.inputs(READ):
            predicted[done : done + len(x)] = model(measuring.inputs(x))[:, 0].cpu().numpy()
            done += len(x)
    return predicted
