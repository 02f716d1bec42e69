"""Attention between the tokens of a row, and the encoder block made of it.

    A(x) = W_o [softmax(q k' / sqrt(d)) v]_heads,   q, k, v = W_q x, W_k x, W_v x
    B(x) = y + F(N(y)),   y = x + A(N(x)),   F(y) = W_2 gelu(W_1 y)

N brings every token to mean 0 and deviation 1 first ("pre-LN"), then scales and shifts it. Dropout acts on what A and F
give, and on the softmax. Where only the first tokens of a block are used, only they ask, and only theirs is computed.

References: Vaswani et al. 2017, arXiv:1706.03762; Xiong et al. 2020, arXiv:2002.04745 (pre-LN); Hendrycks & Gimpel
2016, arXiv:1606.08415 (gelu); Su et al. 2021, arXiv:2104.09864 (rotary positions)
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from runner.numerics.layers.dropout import Dropout, dropped

BASE = 10_000.0  # of the wavelengths of positions
EPS = 1e-12  # of the norms
WIDER = 4  # times the width: the middle of a block


class Rotary(nn.Module):
    """Positions that turn queries and keys: their product then knows how far apart two tokens are, and no more."""

    def __init__(self, tokens: int, size: int) -> None:
        """Take the number of tokens and the even size of a head."""
        super().__init__()
        angles = torch.outer(torch.arange(tokens), BASE ** -(torch.arange(0, size, 2) / size))  # [tokens, size / 2]
        self.cos: torch.Tensor
        self.sin: torch.Tensor
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the first tokens of all heads [n, heads, tokens, size], each turned by its place."""
        cos, sin = self.cos[: x.shape[-2]], self.sin[: x.shape[-2]]
        one, two = x.chunk(2, -1)  # a pair is a number of the first half and one of the second
        return torch.cat([one * cos - two * sin, two * cos + one * sin], -1).type_as(x)


def sinusoidal(tokens: int, width: int) -> torch.Tensor:
    """Return positions as sines and cosines in turn, of wavelengths from 2 pi to 10000 times that: [tokens, width]."""
    angles = torch.outer(torch.arange(tokens), BASE ** -(torch.arange(0, width, 2) / width))
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)[:, :width]


class Attention(nn.Module):
    """Every token asks all tokens, in several heads at once."""

    def __init__(self, width: int, heads: int, dropout: float, positions: Rotary | None = None) -> None:
        """Take a width that the number of heads divides, and what turns queries and keys."""
        super().__init__()
        self.heads, self.dropout, self.positions = heads, dropout, positions
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: torch.Tensor, asking: int) -> torch.Tensor:
        """Return what the first tokens of rows [n, tokens, width] get as an answer: [n, asking, width]."""
        q, k, v = (part.view(*part.shape[:2], self.heads, -1).transpose(1, 2) for part in self._projected(x, asking))
        if self.positions is not None:
            q, k = self.positions(q), self.positions(k)
        answers = attended(q, k, v, self.dropout if self.training else 0.0)  # [n, heads, asking, size]
        mixed: torch.Tensor = self.out(answers.transpose(1, 2).flatten(2))
        return mixed

    def _projected(self, x: torch.Tensor, asking: int) -> tuple[torch.Tensor, ...]:
        """Return queries [n, asking, width], keys and values [n, tokens, width]."""
        if asking == x.shape[1]:
            return tuple(self.qkv(x).chunk(3, -1))
        weight, bias, width = self.qkv.weight, self.qkv.bias, x.shape[2]
        asked = functional.linear(x[:, :asking], weight[:width], bias[:width])
        return asked, *functional.linear(x, weight[width:], bias[width:]).chunk(2, -1)


def attended(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, dropout: float) -> torch.Tensor:
    """Return softmax(q k' / sqrt(d)) v, a share of the softmax left out: [n, heads, asking, size].

    On the CPU torch's own is the faster one in float32 without dropout alone: in bfloat16 it takes three to seven times
    as long as the products written out, forward and backward together.
    """
    if q.device.type != "cpu" or (q.dtype == torch.float32 and not dropout):
        return functional.scaled_dot_product_attention(q, k, v, dropout_p=dropout)
    weights = (q @ (k * k.shape[-1] ** -0.5).transpose(-1, -2)).softmax(-1)
    return (dropped(weights, dropout) if dropout else weights) @ v


class Block(nn.Module):
    """One layer of an encoder."""

    def __init__(self, width: int, attention: Attention, dropout: float) -> None:
        """Take attention of the same width."""
        super().__init__()
        self.attention = attention
        self.before, self.after = nn.LayerNorm(width, EPS), nn.LayerNorm(width, EPS)
        self.inner = nn.Sequential(nn.Linear(width, WIDER * width), nn.GELU(), nn.Linear(WIDER * width, width))
        self.drop = Dropout(dropout)

    def forward(self, x: torch.Tensor, asking: int) -> torch.Tensor:
        """Return the first tokens of rows [n, tokens, width] after this layer: [n, asking, width]."""
        y = x[:, :asking] + self.drop(self.attention(self.before(x), asking))
        return torch.add(y, self.drop(self.inner(self.after(y))))
