"""What every training of a network has in common, as an experiment may set it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Steps:
    """How a network is moved, whatever it learns; the `Params` of a job that trains without labels are built on it."""

    # the most epochs
    epochs: int = 100
    # rows of a step
    batch: int = 256
    # largest step of AdamW
    lr: float = 1e-3
    # `cosine` falls along half a cosine to `lr_end`, `plateau` by a fifth whenever five epochs were no better
    schedule: Literal["cosine", "plateau", "constant"] = "cosine"
    # where the cosine ends
    lr_end: float = 0.0
    # share of all steps over which their length rises first
    warm: float = 0.05
    # decay of the weights
    decay: float = 0.0
    # epochs without a better validation score after which training stops; 0: never
    patience: int = 0
    # longest gradient of a step; 0: any
    clip: float = 0.0
    # in what the products of a step are taken; scores and predictions are always float32
    precision: Literal["bf16", "float32"] = "float32"
    # whether every epoch sees the training rows with other noise
    fresh: bool = False


@dataclass(frozen=True)
class Recipe(Steps):
    """How a network is trained to predict; the `Params` of a job that does are built on it."""

    # the error that training makes small
    loss: Literal["mse", "l1", "huber"] = "mse"
    # what the labels are divided by for training: their deviation, their range, or nothing
    labels: Literal["standard", "minmax", "none"] = "standard"
