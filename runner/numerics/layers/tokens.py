"""The tokens of a row: a straight line through every patch of its inputs.

    t_i = W x[i S : i S + P] + b

Reference: Dosovitskiy et al. 2021, arXiv:2010.11929
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


def count(width: int, patch: int, stride: int, *, padded: bool) -> int:
    """Return how many patches a row of inputs has; `padded` makes one of the inputs left at its end and zeros."""
    steps = width - patch
    return (-(-steps // stride) if padded else steps // stride) + 1


class Patches(nn.Module):
    """The layer that makes tokens of rows, as a convolution of this stride does."""

    def __init__(self, width: int, patch: int, stride: int, out: int, *, padded: bool) -> None:
        """Take rows no narrower than a patch, and the width of a token."""
        super().__init__()
        self.patch, self.stride = patch, stride
        self.tokens = count(width, patch, stride, padded=padded)
        self.missing = max(0, (self.tokens - 1) * stride + patch - width)
        self.line = nn.Linear(patch, out)  # starts as Conv1d(1, out, patch) does

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the tokens of rows [n, width]: [n, tokens, out]."""
        whole = functional.pad(x, (0, self.missing)) if self.missing else x
        tokens: torch.Tensor = self.line(whole.unfold(1, self.patch, self.stride))
        return tokens
