"""A multilayer perceptron on the inputs themselves.

    h_0 = (x - mean) / std,    h_l = dropout(relu(A_l h_(l-1) + b_l)),    y' = mean_y + std_y (a' h_L + b)

`standardise: false` and `labels: none` leave inputs and target as they are, which is how the published neural experts
came to lose to a straight line. `residual_on` names another job of the experiment: the network then learns what that
job leaves over, on training rows it may have been fitted on itself. How it is trained, and by what its epochs are
judged, is said in `numerics/regression.py`.

References: Rumelhart, Hinton & Williams 1986, Nature 323, 533, doi:10.1038/323533a0; Srivastava et al. 2014,
JMLR 15, 1929 (dropout)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from torch import nn

from runner.contract import Context, Data, JobName, Output, Split
from runner.findings import JobFailed
from runner.numerics.networks import perceptron, standardised
from runner.numerics.recipe import Recipe
from runner.numerics.regression import Task, regressed

if TYPE_CHECKING:
    import numpy as np

VERSION = 2
USES_VAL = True
USES_SEED = True
CLOSE = 0.05  # on another machine other roundings lead the training elsewhere

BENDS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "gelu": nn.GELU}


@dataclass(frozen=True)
class Params(Recipe):
    """What an experiment may set."""

    # epochs without a better validation score after which training stops; 0: never
    patience: int = 10
    # how the steps change
    schedule: Literal["cosine", "plateau", "constant"] = "constant"
    # share of all steps over which their length rises first
    warm: float = 0.0
    # units of every hidden layer; none makes it a straight line
    hidden: tuple[int, ...] = (256, 256)
    # what bends a hidden layer
    activation: Literal["relu", "gelu"] = "relu"
    # share of the hidden units that each step leaves out
    dropout: float = 0.2
    # whether every input is brought to mean 0 and deviation 1
    standardise: bool = True
    # the job of this experiment whose error is learnt, and to whose predictions the network's are added
    residual_on: JobName | None = None


def run(params: Params, data: Data, context: Context) -> Output:
    """Train on the training rows, keep the best epoch, predict validation and test."""
    if not 0 <= params.dropout < 1 or min(params.hidden, default=1) < 1:
        raise JobFailed("every hidden layer must be 1 or more, and dropout from 0 to below 1")

    def build(rows: Split) -> nn.Sequential:
        network = perceptron(rows.width, params.hidden, 1, params.dropout, BENDS[params.activation])
        return nn.Sequential(*([standardised(rows)] if params.standardise else []), network)

    return regressed(build, params, Task(data, said=_said(params.residual_on, context)), context)


def _said(base: JobName | None, context: Context) -> dict[str, np.ndarray]:
    """Return what the job to build on predicts of every split."""
    return {} if base is None else {name: context.predicted(base, name) for name in ("train", "val", "test")}
