"""Training by steps along the gradient: the loop that networks share.

An epoch goes over all batches once. After it the model is judged on rows held out from training; when `patience`
epochs in a row have not been better than the best, training stops, and the model is put back to where it was best.
Where the number of `steps` is known, their length rises in a straight line over the first twentieth of them and falls
to 0 along half a cosine.

All chance comes from one seed: on the CPU two runs give the same bytes.

Reference: Kingma & Ba 2015, Adam, arXiv:1412.6980; Loshchilov & Hutter 2017, SGDR,
arXiv:1608.03983 (the cosine); He et al. 2016, arXiv:1603.05027 (blocks that add to what they are given)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from runner.counter import hashed, key_of
from runner.findings import JobFailed

Batch = tuple[torch.Tensor, ...]
Told = Callable[[int, int, str], None]  # epochs done, epochs in all, "epoch"

WARM = 0.05  # of all steps, over which their length rises


@dataclass(frozen=True, slots=True)
class Schedule:
    """In what steps a model is trained, and for how long."""

    lr: float
    epochs: int
    patience: int  # epochs without a better one, after which training stops; 0: never
    clip: float = 0.0  # longest gradient; 0: any
    steps: int = 0  # of all epochs, over which lr rises and falls; 0: it stays

    def check(self) -> None:
        """Refuse what trains nothing."""
        if not (0 < self.lr < math.inf and self.epochs > 0 and self.patience >= 0 and self.clip >= 0):
            message = f"lr {self.lr:g} and epochs {self.epochs} must be above 0, patience and clip not below"
            raise JobFailed(message)

    def share(self, step: int) -> float:
        """Return which share of lr a step takes, the first of them 0."""
        if not self.steps:
            return 1.0
        done = min(1.0, step / self.steps)
        return min(1.0, (step + 1) / (WARM * self.steps)) * 0.5 * (1 + math.cos(math.pi * done))


@dataclass(frozen=True, slots=True)
class Trained:
    """How a training went: the epoch whose model was kept, counted from 1, and the held-out loss of every epoch."""

    best_epoch: int
    losses: tuple[float, ...]


def trained(
    model: nn.Module,
    batches: Callable[[], Iterable[Batch]],
    loss: Callable[..., torch.Tensor],
    held_out: Callable[[], float],
    schedule: Schedule,
    told: Told = lambda _done, _total, _note: None,
) -> Trained:
    """Train a model in place: `loss` is that of the tensors of one batch, `held_out` what the model is worth by now."""
    schedule.check()
    optimiser = torch.optim.Adam(model.parameters(), lr=schedule.lr)
    pace = LambdaLR(optimiser, schedule.share)
    losses: list[float] = []
    best, kept = 0, _state(model)
    while len(losses) < schedule.epochs and not (schedule.patience and len(losses) - best >= schedule.patience):
        _epoch(model, batches(), loss, pace, schedule.clip)
        losses.append(_judged(model, held_out))
        if losses[-1] < min([math.inf, *losses[:-1]]):
            best, kept = len(losses), _state(model)
        told(len(losses), schedule.epochs, "epoch")
    model.load_state_dict(kept)
    model.eval()
    return Trained(best, tuple(losses))


def _epoch(
    model: nn.Module,
    batches: Iterable[Batch],
    loss: Callable[..., torch.Tensor],
    pace: LambdaLR,
    clip: float,
) -> None:
    """Take one step for every batch."""
    optimiser = pace.optimizer
    model.train()
    for batch in batches:
        optimiser.zero_grad()
        torch.autograd.backward(loss(*batch))
        if clip:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimiser.step()
        pace.step()


def _judged(model: nn.Module, held_out: Callable[[], float]) -> float:
    """Return the held-out loss of the model as it is now."""
    model.eval()
    with torch.inference_mode():
        value = held_out()
    if not math.isfinite(value):
        raise JobFailed("the training ran away: its loss is not finite", fix="use a smaller lr")
    return value


def _state(model: nn.Module) -> dict[str, torch.Tensor]:
    """Return a copy of all numbers a model holds."""
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


@contextmanager
def seeded(seed: int, device: str) -> Iterator[None]:
    """Draw all chance of torch from one seed, and leave the generators outside as they were."""
    cuda = torch.device(device).type == "cuda"
    with torch.random.fork_rng(range(torch.cuda.device_count()) if cuda else []):
        torch.manual_seed(key_of("training", seed))
        yield


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one core: steps of a few thousand numbers wait longer for a second one than they take."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1, user_api="blas"):  # what numpy computes with
            yield
    finally:
        torch.set_num_threads(threads)


def shuffled(tensors: Batch, size: int) -> Iterator[Batch]:
    """Yield rows of tensors that belong together in a new random order, at most `size` at a time."""
    order = torch.randperm(len(tensors[0])).to(tensors[0].device)
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        yield tuple(tensor[rows] for tensor in tensors)


def set_aside(rows: int, share: float) -> np.ndarray:
    """Return which rows judge the epochs and train nothing: the same share of the same rows whatever the seed."""
    words = hashed(key_of("early stopping"), np.arange(rows), np.zeros(1, dtype=np.int64))
    aside = np.zeros(rows, dtype=bool)
    aside[np.argsort(words, kind="stable")[: max(1, round(share * rows))]] = True
    return aside


def perceptron(
    width: int, hidden: tuple[int, ...], out: int, dropout: float = 0.0, bend: type[nn.Module] = nn.ReLU
) -> nn.Sequential:
    """Return linear layers with a bend and dropout between them."""
    layers: list[nn.Module] = []
    for size in hidden:
        layers += [nn.Linear(width, size), bend(), nn.Dropout(dropout)]
        width = size
    return nn.Sequential(*layers, nn.Linear(width, out))


class Block(nn.Module):
    """Two layers whose outcome is added to what they were given, which is brought to one scale for them."""

    def __init__(self, width: int) -> None:
        """Take how many numbers come in, and go out."""
        super().__init__()
        self.inner = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the rows [n, width] with what the layers add to them."""
        return torch.add(x, self.inner(x))


def residual(width: int, hidden: int, blocks: int, out: int) -> nn.Sequential:
    """Return a network of blocks between two linear layers."""
    middle = [Block(hidden) for _ in range(blocks)]
    return nn.Sequential(nn.Linear(width, hidden), *middle, nn.LayerNorm(hidden), nn.GELU(), nn.Linear(hidden, out))
