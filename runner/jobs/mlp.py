"""A multilayer perceptron on the inputs themselves.

    h_0 = (x - mean) / std,    h_l = dropout(relu(A_l h_(l-1) + b_l)),    y' = mean_y + std_y (a' h_L + b)

trained by Adam on the mean squared or absolute error. `standardise: false` leaves inputs and target as they are, which
is how the published neural experts came to lose to a straight line. `residual_on` names another job of the experiment:
the network then learns what that job leaves over, on training rows it may have been fitted on itself.

After every epoch the error on the validation rows is taken, and the epoch with the smallest one is kept; without
validation rows a tenth of the training rows, picked by the hash of their numbers, does this and trains nothing. The
training rows are held in memory as float32 up to 2 GB of them and shuffled anew for every epoch; more are read
again for every epoch, and shuffled only among the 4096 that are read at once.

References: Rumelhart, Hinton & Williams 1986, Nature 323, 533, doi:10.1038/323533a0; Srivastava et al. 2014,
JMLR 15, 1929 (dropout)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import nn

from runner.contract import Context, Data, JobName, Output, Split
from runner.findings import JobFailed
from runner.numerics.held_rows import READ, HeldRows
from runner.numerics.portions import Portion
from runner.numerics.training import Schedule, perceptron, seeded, set_aside, trained

VERSION = 1
USES_VAL = True
USES_SEED = True
CLOSE = 0.05  # on another machine other roundings lead the training elsewhere

STOPPING = 0.1  # of the training rows, which judge the epochs where there are no validation rows
BENDS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "gelu": nn.GELU}
LOSSES: dict[str, type[nn.Module]] = {"mse": nn.MSELoss, "l1": nn.L1Loss}


@dataclass(frozen=True)
class Params:
    """What an experiment may set."""

    # units of every hidden layer; none makes it a straight line
    hidden: tuple[int, ...] = (256, 256)
    # what bends a hidden layer
    activation: Literal["relu", "gelu"] = "relu"
    # share of the hidden units that each step leaves out
    dropout: float = 0.2
    # the error that training makes small
    loss: Literal["mse", "l1"] = "mse"
    # step of Adam
    lr: float = 1e-3
    # the most epochs
    epochs: int = 100
    # epochs without a better validation error after which training stops; 0: never
    patience: int = 10
    # rows of a step
    batch: int = 256
    # longest gradient of a step; 0 for any
    clip: float = 0.0
    # whether every input and the target are brought to mean 0 and deviation 1
    standardise: bool = True
    # the job of this experiment whose error is learnt, and to whose predictions the network's are added
    residual_on: JobName | None = None


def run(params: Params, data: Data, context: Context) -> Output:
    """Train on the training rows, keep the best epoch, predict validation and test."""
    _check(params)
    train, held = _rows(params.residual_on, data, context)
    mean, std = _scale(train.target) if params.standardise else (0.0, 1.0)

    with seeded(context.seed, context.device):
        network = perceptron(data.train.width, params.hidden, 1, params.dropout, BENDS[params.activation])
        first = [Standardised(*train.moments())] if params.standardise else []
        model = nn.Sequential(*first, network).to(context.device)
        error = LOSSES[params.loss]()

        def loss(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return torch.as_tensor(error(model(x)[:, 0], ((y - mean) / std).float()))

        schedule = Schedule(params.lr, params.epochs, params.patience, params.clip)
        news = trained(
            model, lambda: train.epoch(params.batch), loss, lambda: held.mean(loss), schedule, context.progress
        )
    return Output(
        predictions={
            name: _predicted(model, split, context.device) * std
            + mean
            + _said(params.residual_on, name, split, context)
            for name, split in (("val", data.val), ("test", data.test))
        },
        scalars={
            "best_epoch": float(news.best_epoch),
            "epochs": float(len(news.losses)),
            "parameters": float(sum(numbers.numel() for numbers in model.parameters())),
            "train_rows": float(len(train.target)),
        },
    )


class Standardised(nn.Module):
    """The layer that brings every input to mean 0 and deviation 1."""

    def __init__(self, mean: torch.Tensor, std: torch.Tensor) -> None:
        """Take the moments of the training rows [width]."""
        super().__init__()
        self.mean: torch.Tensor
        self.share: torch.Tensor
        self.register_buffer("mean", mean.float())
        self.register_buffer("share", (1 / std).float())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return rows [n, width] in units of their spread."""
        return (x - self.mean) * self.share


def _check(params: Params) -> None:
    """Refuse a network there cannot be."""
    if params.batch < 1 or not 0 <= params.dropout < 1 or min(params.hidden, default=1) < 1:
        raise JobFailed("batch and every hidden layer must be 1 or more, and dropout from 0 to below 1")


def _rows(base: JobName | None, data: Data, context: Context) -> tuple[HeldRows, HeldRows]:
    """Return the rows to learn from and those to judge epochs by, with what `base` leaves of their target."""
    said = _said(base, "train", data.train, context)
    if data.val.rows:
        parts = [(data.train, said), (data.val, _said(base, "val", data.val, context))]
    else:
        aside = set_aside(data.train.rows, STOPPING)
        parts = [(Portion(data.train, chosen), said[chosen]) for chosen in (~aside, aside)]
    train, held = (HeldRows(split, context.device, known) for split, known in parts)
    if not len(train.target):
        raise JobFailed("there are no rows to fit")
    return train, held


def _said(base: JobName | None, name: str, split: Split, context: Context) -> np.ndarray:
    """Return what the job to build on predicts of a split, 0 without one."""
    return np.zeros(split.rows) if base is None else context.predicted(base, name)


def _scale(values: torch.Tensor) -> tuple[float, float]:
    """Return mean and deviation, 1 for values that are all the same."""
    return float(values.mean()), float(values.std(correction=0)) or 1.0


def _predicted(model: nn.Module, split: Split, device: str) -> np.ndarray:
    """Return what the network gives for every row of a split."""
    predicted, done = np.empty(split.rows), 0
    with torch.inference_mode():
        for x in split.inputs(READ):
            predicted[done : done + len(x)] = model(x.to(device))[:, 0].cpu().numpy()
            done += len(x)
    return predicted
