"""A vision transformer on one-dimensional inputs.

    t_i = W x[i S : i S + P] + b,   z_0 = dropout([c, t_1, ..., t_n] + p),   z_l = B_l(z_(l-1)),   y' = a N(z_L)_0 + a_0

with B the blocks of `numerics/layers/attention.py` (pre-LN, biases everywhere, GELU between widths h and 4 h). It is
the published SpecViT as its code has it: matrices start from a normal law of deviation 0.02 and biases at 0, while the
token c and the positions p start from one of deviation 1, and the line through a patch, with `tokens: c1d`, as torch
starts a convolution, uniformly within 1 / sqrt(P). `tokens: sw` is the same line with the small start, on inputs padded
with zeros at the end: beside such positions little is seen of it at first. Hugging Face cuts its normal law a hundred
deviations out, which is left out here, as is the pooler that it holds and never uses.

Departures: the cosine falls with every step, not every epoch, half precision is bfloat16, and the epoch that is kept
is the one with the best R2 on all validation rows, not the smallest absolute error. The last block computes
only the tokens that the head reads, which changes no result.

References: Dosovitskiy et al. 2021, arXiv:2010.11929; Vaswani et al. 2017, arXiv:1706.03762 (sinusoidal positions);
Su et al. 2021, arXiv:2104.09864 (rope); Zhai et al. 2022, arXiv:2106.04560 (mean pooling); Caruana 1997, Machine
Learning 28, 41 (labels learnt beside the target)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from runner.contract import Context, Data, Output, Split
from runner.findings import JobFailed
from runner.numerics.layers.attention import EPS, Attention, Block, Rotary, sinusoidal
from runner.numerics.layers.dropout import Dropout
from runner.numerics.layers.tokens import Patches
from runner.numerics.networks import standardised
from runner.numerics.recipe import Recipe
from runner.numerics.regression import Task, regressed

VERSION = 1
USES_VAL = True
USES_SEED = True
CLOSE = 0.05  # on another machine other roundings lead the training elsewhere

START = 0.02  # deviation of a matrix before training
MODEL = re.compile(r"p(\d+)_h(\d+)_L(\d+)_a(\d+)(?:_s(\d+))?")


@dataclass(frozen=True)
class Params(Recipe):
    """What an experiment may set; the first are those of every training, as they were published."""

    epochs: int = 200
    lr: float = 3e-4
    lr_end: float = 1e-5
    warm: float = 0.0
    decay: float = 0.01
    clip: float = 0.5
    precision: Literal["bf16", "float32"] = "bf16"
    fresh: bool = True
    # inputs of a patch, width of a token, layers and heads; `_s8` behind it takes a patch every 8 inputs
    model: str = "p16_h256_L6_a8"
    # how patches are cut: `c1d` drops inputs at the end that fill none, `sw` fills it with zeros and starts smaller
    tokens: Literal["c1d", "sw"] = "c1d"
    # how a token knows its place
    positions: Literal["none", "learned", "sinusoidal", "rope"] = "learned"
    # what the head reads: a token of its own that asks all others, or the mean of all patches, without such a token
    pooling: Literal["cls", "mean"] = "cls"
    # share of the numbers that each step leaves out of tokens and of what a layer adds to them
    dropout: float = 0.1
    # share of the attention that each step leaves out
    attention_dropout: float = 0.1
    # label columns that are learnt beside the target
    also: tuple[str, ...] = ()
    # whether every input is brought to mean 0 and deviation 1
    standardise: bool = False


@dataclass(frozen=True, slots=True)
class Size:
    """The size of a model."""

    patch: int
    width: int
    layers: int
    heads: int
    stride: int


def run(params: Params, data: Data, context: Context) -> Output:
    """Train on the training rows, keep the best epoch, predict validation and test."""
    size = size_of(params, data.train.width)

    def build(rows: Split) -> nn.Module:
        model = ViT(size, params, rows.width)
        return nn.Sequential(*([standardised(rows)] if params.standardise else []), model)

    return regressed(build, params, Task(data, also=params.also), context)


class ViT(nn.Module):
    """Patches of a row, a token of its own, their places, the blocks, and a line for every label."""

    def __init__(self, size: Size, params: Params, inputs: int) -> None:
        """Start as the published code does."""
        super().__init__()
        self.patches = Patches(inputs, size.patch, size.stride, size.width, padded=params.tokens == "sw")
        own = int(params.pooling == "cls")
        tokens = self.patches.tokens + own
        self.own = nn.Parameter(torch.randn(own, size.width))
        self.places = _places(params.positions, tokens, size.width)
        turns = Rotary(tokens, size.width // size.heads) if params.positions == "rope" else None
        self.drop = Dropout(params.dropout)
        self.blocks = nn.ModuleList(
            Block(size.width, Attention(size.width, size.heads, params.attention_dropout, turns), params.dropout)
            for _ in range(size.layers)
        )
        self.norm = nn.LayerNorm(size.width, EPS)
        self.head = nn.Linear(size.width, 1 + len(params.also))
        self._start(small_tokens=params.tokens == "sw")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the scaled labels of rows [n, inputs]: [n, labels]."""
        tokens = self.patches(x)
        z = torch.cat([self.own.expand(len(x), -1, -1), tokens], 1)  # [n, tokens, width]
        z = self.drop(z if self.places is None else z + self.places)
        for block in self.blocks[:-1]:
            z = block(z, z.shape[1])
        z = self.blocks[-1](z, len(self.own) or z.shape[1])  # of the last block, what the head reads
        labels: torch.Tensor = self.head(self.norm(z).mean(1))
        return labels

    def _start(self, *, small_tokens: bool) -> None:
        """Draw matrices as Hugging Face does; it passes over Conv1d, so the line through a patch may keep its start."""
        for layer in self.modules():
            if isinstance(layer, nn.Linear) and (small_tokens or layer is not self.patches.line):
                nn.init.normal_(layer.weight, std=START)
                nn.init.zeros_(layer.bias)


def _places(kind: str, tokens: int, width: int) -> torch.Tensor | None:
    """Return what is added to tokens so that they know their place: [tokens, width]."""
    if kind == "learned":
        return nn.Parameter(torch.randn(tokens, width))
    return nn.Buffer(sinusoidal(tokens, width), persistent=False) if kind == "sinusoidal" else None


def size_of(params: Params, inputs: int) -> Size:
    """Read the size of a model, and refuse what cannot be."""
    named = MODEL.fullmatch(params.model)
    if named is None:
        raise JobFailed(f"model is {params.model}, which names no size", fix="write it like p16_h256_L6_a8")
    patch, width, layers, heads, stride = (int(number) for number in named.groups(named[1]))
    size = Size(patch, width, layers, heads, stride)
    if min(patch, width, layers, heads, stride) < 1:
        raise JobFailed(f"model is {params.model}; each of its numbers must be 1 or more")
    if patch > inputs:
        raise JobFailed(f"a patch of {patch} is wider than the {inputs} inputs of a row", fix="name a smaller p")
    if stride > patch:
        raise JobFailed(f"a patch of {patch} every {stride} inputs leaves some out", fix="name an s up to p")
    if width % heads:
        raise JobFailed(f"{heads} heads cannot share a width of {width} equally", fix="name an h that a divides")
    if params.positions == "rope" and width // heads % 2:
        raise JobFailed(f"rope turns pairs, and a head has {width // heads} numbers", fix="make h / a even")
    if not (0 <= params.dropout < 1 and 0 <= params.attention_dropout < 1):
        raise JobFailed("dropout and attention_dropout must be from 0 to below 1")
    return size
