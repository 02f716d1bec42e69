"""A network that learns the target of a protocol: labels on one scale, rows in order, scores on whole splits.

Labels are brought to one scale by the training rows alone. After every epoch the network predicts all validation rows;
the share of their variance that it leaves, 1 - R2, says which epoch is kept. Without validation rows a tenth of the
training rows, picked by the hash of their numbers, does this and trains nothing. What another model says of the rows
can be taken off the target: the network then learns what is left, and both together predict.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from runner.contract import Context, Data, Output, Split
from runner.findings import JobFailed
from runner.numerics.learnt_rows import READ, LearntRows, held, walked
from runner.numerics.portions import Portion
from runner.numerics.recipe import Recipe, Steps
from runner.numerics.training import Lessons, Schedule, Trained, seeded, set_aside, trained

STOPPING = 0.1  # of the training rows, which judge the epochs where there are no validation rows
LOSSES: dict[str, type[nn.Module]] = {"mse": nn.MSELoss, "l1": nn.L1Loss, "huber": nn.SmoothL1Loss}


@dataclass(frozen=True, slots=True)
class Part:
    """Rows with what is to be learnt of them: the target, less what was said of it, and what stands beside it."""

    split: Split
    labels: np.ndarray  # float64 [rows, k]
    said: np.ndarray | float = 0.0  # [rows]

    def chosen(self, rows: np.ndarray) -> Part:
        """Return some of the rows: bool [rows]."""
        said = self.said[rows] if isinstance(self.said, np.ndarray) else self.said
        return Part(Portion(self.split, rows), self.labels[rows], said)


@dataclass(frozen=True)
class Task:
    """What is learnt: the target alone, or more label columns beside it, or what another model leaves of it."""

    data: Data
    also: Sequence[str] = ()  # label columns
    said: Mapping[str, np.ndarray] = field(default_factory=dict)  # split -> what is taken off its target [rows]

    def _check(self) -> None:
        """Refuse, before anything is trained, what could not be learnt, or told or predicted afterwards."""
        if not self.data.train.rows:
            raise JobFailed("there are no rows to fit")
        if len(set(self.also)) < len(self.also):
            raise JobFailed(f"`also` names a label column twice: {', '.join(self.also)}")
        for column in self.also:
            if not np.isfinite(self.data.test.column(column)).all():
                raise JobFailed(f"`{column}` of the test rows is not finite")
        if not all(torch.isfinite(x).all() for x in self.data.test.inputs(READ)):
            raise JobFailed("the inputs of the test rows hold numbers that are not finite")

    def parts(self) -> tuple[Part, Part]:
        """Return the rows to learn from and those to judge epochs by."""
        self._check()
        train = self._part("train", self.data.train)
        if self.data.val.rows:
            return train, self._part("val", self.data.val)
        aside = set_aside(self.data.train.rows, STOPPING)
        if aside.all():
            raise JobFailed(f"{len(aside)} training rows are too few to learn from and to judge by", fix="take more")
        return train.chosen(~aside), train.chosen(aside)

    def _part(self, name: str, split: Split) -> Part:
        said = self.said.get(name, 0.0)
        labels = np.column_stack([split.target - said, *(split.column(column) for column in self.also)])
        if not np.isfinite(labels).all():
            raise JobFailed(f"labels of the {name} rows are not finite")
        return Part(split, labels, said)

    @property
    def key(self) -> str:
        """Return what says which labels are learnt."""
        digests = {name: hashlib.sha256(said.tobytes()).hexdigest() for name, said in sorted(self.said.items())}
        return f"{list(self.also)} less {digests}"


@dataclass(frozen=True, slots=True)
class Scale:
    """What brings labels to one scale."""

    shift: np.ndarray  # [k]
    spread: np.ndarray  # [k]

    def scaled(self, labels: np.ndarray) -> torch.Tensor:
        """Return labels [n, k] as training sees them."""
        return torch.from_numpy((labels - self.shift) / self.spread).float()

    def restored(self, outputs: np.ndarray) -> np.ndarray:
        """Return what a network gives [n, k] in the units of the labels."""
        return np.asarray(outputs * self.spread + self.shift)


def scale_of(labels: np.ndarray, norm: str) -> Scale:
    """Return the scale that suits labels [n, k]: their deviation, their range, or none."""
    low, high = labels.min(axis=0), labels.max(axis=0)
    shift, spread = {
        "standard": (labels.mean(axis=0), labels.std(axis=0)),
        "minmax": (low, high - low),
        "none": (np.zeros_like(low), np.ones_like(low)),
    }[norm]
    return Scale(shift, np.where(spread > 0, spread, 1.0))


def regressed(build: Callable[[Split], nn.Module], recipe: Recipe, task: Task, context: Context) -> Output:
    """Train a network, keep the epoch that is best on the validation rows, predict these and the test rows.

    `build` makes it of the rows that it learns from. It takes inputs [n, width] and gives [n, k]: the target first,
    then the label columns beside it.
    """
    if recipe.fresh and task.said:
        message = "what another job says of the training rows holds for their own noise"
        raise JobFailed(f"{message}, and `fresh` draws other noise", fix="leave one of the two out")
    learnt, judging = task.parts()
    scale = scale_of(learnt.labels, recipe.labels)
    rows = LearntRows(
        learnt.split, scale.scaled(learnt.labels).to(context.device),
        batch=recipe.batch, seed=context.seed, fresh=recipe.fresh,
    )  # fmt: skip
    error = LOSSES[recipe.loss]()
    with seeded(context.seed, context.device):
        model = build(learnt.split).to(context.device)
        judge = Judge(model, judging, scale)

        def loss(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return torch.as_tensor(error(model(x).float(), y))

        lessons = Lessons(rows.batches, loss, judge.error, rows.rows, lambda left: f"val R2 {1 - left:.4f}")
        of = [learnt.split.key, judging.split.key, f"{type(recipe).__module__} {recipe}", task.key]
        news = trained(model, lessons, schedule_of(recipe, rows.rows), context.progress, context.checkpoint(of))
    return _output(model, news, task, scale, rows.rows)


class Judge:
    """What a network is worth on held-out rows, all of them at once."""

    def __init__(self, model: nn.Module, part: Part, scale: Scale) -> None:
        """Hold the rows in memory where they fit."""
        self.model, self.part, self.scale = model, part, scale
        self.held = held(part.split)
        self.truth = part.labels[:, 0] + part.said
        self.variance = float(self.truth.var()) or 1.0

    def error(self) -> float:
        """Return which share of the target's variance is left: 1 - R2."""
        given = _outputs(self.model, walked(self.part.split, self.held), len(self.truth))
        said = self.scale.restored(given)[:, 0] + self.part.said
        return float(np.square(self.truth - said).mean()) / self.variance


def schedule_of(recipe: Steps, rows: int) -> Schedule:
    """Return the steps that a recipe asks for."""
    steps = recipe.epochs * math.ceil(rows / recipe.batch)
    return Schedule(
        recipe.lr, recipe.epochs, recipe.patience, recipe.clip, steps, recipe.warm,
        falls=recipe.schedule == "cosine", end=recipe.lr_end / recipe.lr if recipe.lr > 0 else 0.0,
        plateau=recipe.schedule == "plateau", decay=recipe.decay, bf16=recipe.precision == "bf16",
    )  # fmt: skip


def scalars_of(news: Trained, model: nn.Module, rows: int) -> dict[str, float]:
    """Return what a training on so many rows came to."""
    return {
        "best_epoch": float(news.best_epoch),
        "epochs": float(len(news.errors)),
        "parameters": float(sum(numbers.numel() for numbers in model.parameters())),
        "rows_seen": float(news.rows[-1]),
        "train_rows": float(rows),
    }


def curves_of(news: Trained, judged: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return what was seen after every epoch, with what the epochs were judged by."""
    told = {"rows": news.rows, "loss": news.losses, **judged, "lr": news.rates}
    return {name: np.array(values, dtype=np.float64) for name, values in told.items()}


def _outputs(model: nn.Module, batches: Iterable[torch.Tensor], rows: int) -> np.ndarray:
    """Return what a network gives for rows in their order: float64 [rows, k]."""
    given = [model(x).float().cpu() for x in batches]
    return torch.cat(given).double().numpy() if given else np.empty((rows, 1))


def _output(model: nn.Module, news: Trained, task: Task, scale: Scale, rows: int) -> Output:
    """Predict both splits, and tell what the training came to."""
    given = {}
    for name, split in (("val", task.data.val), ("test", task.data.test)):
        with torch.inference_mode():
            given[name] = scale.restored(_outputs(model, split.inputs(READ), split.rows))
    beside = _beside(task, given["test"])
    return Output(
        predictions={name: labels[:, 0] + task.said.get(name, 0.0) for name, labels in given.items()},
        scalars=scalars_of(news, model, rows),
        tables={"beside_r2": beside} if beside else {},
        curves=curves_of(news, {"val_r2": 1 - np.array(news.errors)}),
    )


def _beside(task: Task, given: np.ndarray) -> dict[str, float]:
    """Return R2 on the test rows of the labels beside the target, as far as they vary there."""
    truths = {label: task.data.test.column(label) for label in task.also}
    return {
        label: float(1 - np.square(truth - given[:, place]).mean() / truth.var())
        for place, (label, truth) in enumerate(truths.items(), 1)
        if truth.var() > 0
    }
