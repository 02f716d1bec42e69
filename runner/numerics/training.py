"""Training by steps along the gradient: the loop that networks share.

An epoch goes over all batches once. After it the model is judged on rows held out from training; when `patience`
epochs in a row have not been better than the best, training stops, and the model is put back to where it was best.
Where the number of `steps` is known, their length rises in a straight line over the first of them and then falls
along half a cosine; on a plateau it shrinks by a fifth.

All chance comes from one seed, and batches say for themselves in what order they come: on the CPU two runs give the
same bytes, and so does a run that was stopped anywhere and went on from its last checkpoint.

Reference: Kingma & Ba 2015, Adam, arXiv:1412.6980; Loshchilov & Hutter 2019, AdamW, arXiv:1711.05101, and 2017, SGDR,
arXiv:1608.03983 (the cosine); He et al. 2016, arXiv:1603.05027 (blocks that add to what they are given)
"""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import nn

from runner.contract import Checkpoint
from runner.counter import hashed, key_of
from runner.findings import JobFailed

Batch = tuple[torch.Tensor, ...]
Told = Callable[[int, int, str], None]  # rows seen, rows in all, "train: " and what is new
State = dict[str, Any]

WARM = 0.05  # of all steps, over which their length rises
PLATEAU, SHRINK = 5, 0.8  # epochs that were no better, after which a step shrinks to this share
OFTEN = 0.5  # seconds between two words about how far it is


@dataclass(frozen=True, slots=True)
class Schedule:
    """In what steps a model is trained, and for how long."""

    lr: float
    epochs: int
    patience: int  # epochs without a better one, after which training stops; 0: never
    clip: float = 0.0  # longest gradient; 0: any
    steps: int = 0  # of all epochs, over which lr rises and falls; 0: it stays
    warm: float = WARM  # share of the steps over which it rises
    falls: bool = True  # whether it falls along a cosine
    end: float = 0.0  # to which share of lr
    plateau: bool = False  # whether it shrinks where epochs are no better
    decay: float = 0.0  # of the weights
    bf16: bool = False  # whether the products of a step are taken in bfloat16

    def check(self) -> None:
        """Refuse what trains nothing."""
        if not (0 < self.lr < math.inf and self.epochs > 0 and min(self.patience, self.clip, self.decay) >= 0):
            given = f"lr {self.lr:g}, epochs {self.epochs}, patience {self.patience}, clip {self.clip:g}"
            raise JobFailed(f"{given}, decay {self.decay:g}: the first two must be above 0, the others not below")
        if not (0 <= self.warm <= 1 and 0 <= self.end <= 1):
            ends = f"to 1 and to lr {self.lr:g}"
            raise JobFailed(f"warm {self.warm:g} and lr_end {self.end * self.lr:g} must be from 0 up, {ends}")

    def share(self, step: int) -> float:
        """Return which share of lr a step takes, the first of them 0."""
        if not self.steps:
            return 1.0
        rise = min(1.0, (step + 1) / (self.warm * self.steps)) if self.warm else 1.0
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, step / self.steps))) if self.falls else 1.0
        return rise * (self.end + (1 - self.end) * cosine)

    def worn(self, errors: list[float]) -> float:
        """Return to which share of itself lr has shrunk after epochs with these errors."""
        share, best, since = 1.0, math.inf, 0
        for error in errors if self.plateau else ():
            best, since = (error, 0) if error < best else (best, since + 1)
            if since == PLATEAU:
                share, since = share * SHRINK, 0
        return share


@dataclass(frozen=True, slots=True)
class Lessons:
    """What a model learns from: batches with their loss, and what it is worth on rows that it does not learn from."""

    batches: Callable[[int, int], Iterable[Batch]]  # of an epoch, counted from 0, from one of its batches on
    loss: Callable[..., torch.Tensor]  # of the tensors of one batch
    error: Callable[[], float]  # on held-out rows: the epoch where it is smallest is kept
    rows: int  # of an epoch
    said: Callable[[float], str] = "error {:.3g}".format  # the error, as people say it


@dataclass(frozen=True, slots=True)
class Trained:
    """How a training went: the epoch whose model was kept, counted from 1, and what was seen after every epoch."""

    best_epoch: int
    errors: tuple[float, ...]  # on held-out rows
    rows: tuple[int, ...]  # seen so far
    losses: tuple[float, ...]  # the mean of the batches
    rates: tuple[float, ...]  # the last lr


@dataclass
class Far:
    """How far a training is."""

    step: int = 0  # of all epochs
    batch: int = 0  # of this epoch
    rows: int = 0  # seen in all epochs
    best: int = 0  # epoch, counted from 1
    errors: list[float] = field(default_factory=list)  # of every epoch, as are these:
    seen: list[int] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)


def trained(
    model: nn.Module,
    lessons: Lessons,
    schedule: Schedule,
    told: Told = lambda _done, _total, _note: None,
    checkpoint: Checkpoint | None = None,
) -> Trained:
    """Train a model in place, from its last checkpoint on if there is one; its best epoch is what is left."""
    schedule.check()
    course = Course(model, lessons, schedule, told)
    if checkpoint is not None:
        course.resume(checkpoint.load())
    while not course.over:
        course.epoch(checkpoint)
        course.judge()
        course.end(checkpoint)
    model.load_state_dict(course.kept)
    model.eval()
    far = course.far
    return Trained(far.best, tuple(far.errors), tuple(far.seen), tuple(far.losses), tuple(far.rates))


class Course:
    """A training under way."""

    def __init__(self, model: nn.Module, lessons: Lessons, schedule: Schedule, told: Told) -> None:
        """Start before the first step."""
        self.model, self.lessons, self.schedule, self.told = model, lessons, schedule, told
        self.device = next(model.parameters()).device
        cuda = self.device.type == "cuda"
        self.optimiser = torch.optim.AdamW(
            model.parameters(), lr=schedule.lr, weight_decay=schedule.decay, fused=cuda or None
        )
        self.far, self.kept = Far(), _copied(model)
        self.sum = torch.zeros((), dtype=torch.float64, device=self.device)  # of the losses of this epoch's rows
        self.spoke = time.monotonic()

    @property
    def over(self) -> bool:
        """Tell whether all epochs are done, or too many were no better."""
        far, patience = self.far, self.schedule.patience
        return len(far.errors) >= self.schedule.epochs or bool(patience and len(far.errors) - far.best >= patience)

    def epoch(self, checkpoint: Checkpoint | None) -> None:
        """Take one step for every batch that is left of this epoch."""
        self.model.train()
        worn = self.schedule.lr * self.schedule.worn(self.far.errors)
        for batch in self.lessons.batches(len(self.far.errors), self.far.batch):
            self._step(batch, worn * self.schedule.share(self.far.step))
            if checkpoint is not None and checkpoint.due():
                checkpoint.save(self.state)
            if time.monotonic() - self.spoke >= OFTEN:
                self._tell()

    def judge(self) -> None:
        """End an epoch: see what the model is worth, and remember it where it is the best so far."""
        self.model.eval()
        with torch.inference_mode():
            error = self.lessons.error()
        if not math.isfinite(error):
            raise JobFailed("the training ran away: its loss is not finite", fix="use a smaller lr")
        far = self.far
        first = far.seen[-1] if far.seen else 0
        if error < min([math.inf, *far.errors]):
            far.best, self.kept = len(far.errors) + 1, _copied(self.model)
        far.errors.append(error)
        far.seen.append(far.rows)
        far.losses.append(float(self.sum) / max(1, far.rows - first))
        far.rates.append(float(self.optimiser.param_groups[0]["lr"]))
        far.batch = 0
        self.sum.zero_()
        self._tell()

    def end(self, checkpoint: Checkpoint | None) -> None:
        """Save what no epoch is left to improve."""
        if self.over and checkpoint is not None and checkpoint.due(ended=True):
            checkpoint.save(self.state)

    def state(self) -> bytes:
        """Return all that is needed to go on from here."""
        cuda = torch.cuda.get_rng_state(self.device) if self.device.type == "cuda" else None
        saved = {
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "kept": self.kept,
            "far": vars(self.far),
            "sum": self.sum,
            "chance": (torch.get_rng_state(), cuda),
        }
        stream = io.BytesIO()
        torch.save(saved, stream)
        return stream.getvalue()

    def resume(self, state: bytes | None) -> None:
        """Go on from where a state was taken, if there is one."""
        if state is None:
            return
        saved = torch.load(io.BytesIO(state), map_location="cpu", weights_only=True)
        self.model.load_state_dict(saved["model"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self.kept = {name: tensor.to(self.device) for name, tensor in saved["kept"].items()}
        self.far = Far(**saved["far"])
        self.sum.copy_(saved["sum"])
        cpu, cuda = saved["chance"]
        torch.set_rng_state(cpu)
        if cuda is not None and self.device.type == "cuda":
            torch.cuda.set_rng_state(cuda, self.device)

    def _step(self, batch: Batch, lr: float) -> None:
        """Move the model by one batch."""
        for group in self.optimiser.param_groups:
            group["lr"] = lr
        self.optimiser.zero_grad()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.schedule.bf16):
            loss = self.lessons.loss(*batch)
        torch.autograd.backward(loss)
        if self.schedule.clip:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.schedule.clip)
        self.optimiser.step()
        self.sum += loss.detach() * len(batch[0])
        self.far.step += 1
        self.far.batch += 1
        self.far.rows += len(batch[0])

    def _tell(self) -> None:
        """Say how far it is, with the loss of this epoch and the error of the last."""
        far, epochs = self.far, self.schedule.epochs
        done = far.rows - (far.seen[-1] if far.seen else 0)
        loss = float(self.sum) / done if done else far.losses[-1] if far.losses else math.nan
        news = [f"epoch {min(len(far.errors) + 1, epochs)} of {epochs}", f"loss {loss:.4f}"]
        news += [self.lessons.said(far.errors[-1])] if far.errors else []
        self.told(far.rows, max(far.rows, self.lessons.rows * epochs), f"train: {', '.join(news)}")
        self.spoke = time.monotonic()


def _copied(model: nn.Module) -> dict[str, torch.Tensor]:
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
