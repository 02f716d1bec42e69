"""A convolutional network: a few small filters slide along the inputs, and a perceptron reads what they found where.

    h_0 = (x - mean) / std,    h_l = relu(norm(A_l * h_(l-1))),    y' = mean_y + std_y mlp(pool(h_L))

`*` is a convolution with a step and holes (stride and dilation), norm brings every channel to mean 0 and deviation 1
over a batch, and every layer has twice the channels of the one before. pool takes the mean of each channel over `pool`
equal stretches of positions.

Of the published network two layers, kernels of 9 and 27 K parameters are known. `channels: 32, stride: 1, pool: 1,
head: 128` has 27,457 and is ours otherwise; so is the default, with 24,985 on 4096 inputs. Convolutions answer alike
wherever a line stands, and a mean over all positions no longer knows which line it was: `pool: 1` says how much that
costs.

References: LeCun, Bottou, Bengio & Haffner 1998, Proc. IEEE 86, 2278, doi:10.1109/5.726791; Ioffe & Szegedy 2015,
arXiv:1502.03167 (batch norm); Yu & Koltun 2016, arXiv:1511.07122 (dilation)
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from runner.contract import Context, Data, Output, Split
from runner.findings import JobFailed
from runner.numerics.networks import perceptron, standardised
from runner.numerics.recipe import Recipe
from runner.numerics.regression import Task, regressed

VERSION = 1
USES_VAL = True
USES_SEED = True
CLOSE = 0.05  # on another machine other roundings lead the training elsewhere


@dataclass(frozen=True)
class Params(Recipe):
    """What an experiment may set."""

    # rows of a step
    batch: int = 128
    # largest step of AdamW
    lr: float = 3e-3
    # convolutions, one after the other
    layers: int = 2
    # filters of the first; every further one has twice as many
    channels: int = 4
    # inputs that a filter looks at, an odd number
    kernel: int = 9
    # how far apart these are
    dilation: int = 1
    # how far a filter moves on
    stride: int = 4
    # stretches of positions over which means are taken; 1 leaves the head ignorant of where anything is
    pool: int = 128
    # units of every hidden layer of the head
    head: tuple[int, ...] = (24,)
    # share of these that each step leaves out
    dropout: float = 0.0
    # whether every input is brought to mean 0 and deviation 1
    standardise: bool = True


def run(params: Params, data: Data, context: Context) -> Output:
    """Train on the training rows, keep the best epoch, predict validation and test."""
    _check(params)

    def build(rows: Split) -> nn.Sequential:
        return nn.Sequential(*([standardised(rows)] if params.standardise else []), network(params))

    return regressed(build, params, Task(data), context)


def network(params: Params) -> nn.Sequential:
    """Return the convolutions and their head."""
    layers: list[nn.Module] = [nn.Unflatten(1, (1, -1))]  # [n, width] -> [n, 1, width]
    channels = 1
    for layer in range(params.layers):
        before, channels = channels, params.channels * 2**layer
        layers += [_convolution(params, before, channels), nn.BatchNorm1d(channels), nn.ReLU()]
    pooled = nn.AdaptiveAvgPool1d(params.pool)  # [n, channels, pool]
    head = perceptron(channels * params.pool, params.head, 1, params.dropout)
    return nn.Sequential(*layers, pooled, nn.Flatten(), head)


def _convolution(params: Params, before: int, channels: int) -> nn.Conv1d:
    """Return a convolution that sees zeros beyond both ends: n positions become n / stride, rounded up."""
    beyond = params.dilation * (params.kernel // 2)
    return nn.Conv1d(before, channels, params.kernel, params.stride, padding=beyond, dilation=params.dilation)


def _check(params: Params) -> None:
    """Refuse a network there cannot be."""
    if min(params.layers, params.channels, params.dilation, params.stride, params.pool, *params.head) < 1:
        raise JobFailed("layers, channels, dilation, stride, pool and every hidden layer of the head must be 1 or more")
    if params.kernel < 1 or params.kernel % 2 == 0:
        raise JobFailed(f"kernel is {params.kernel}; it must be an odd number")
    if not 0 <= params.dropout < 1:
        raise JobFailed(f"dropout is {params.dropout:g}; it must be from 0 to below 1")
