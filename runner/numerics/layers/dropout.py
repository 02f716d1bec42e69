"""Dropout that draws sixteen random bits for every number, where torch draws a double on the CPU.

    y = x m / (1 - p),   m = 0 with probability p, else 1

`p` is rounded to a multiple of 2^-16, and what is kept is scaled by the rounded one, so that the mean stays.

Reference: Srivastava et al. 2014, JMLR 15, 1929
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

BITS = 16
LOWEST = -(1 << (BITS - 1))
PIECES = 64 // BITS  # of a random word


class Dropout(nn.Module):
    """The layer that leaves a share of its numbers out while it is trained."""

    def __init__(self, share: float) -> None:
        """Take a share from 0 to below 1."""
        super().__init__()
        self.share = share

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x with some numbers 0 and the others larger."""
        return dropped(x, self.share) if self.training and self.share else x


def dropped(x: torch.Tensor, share: float) -> torch.Tensor:
    """Return numbers of which a share was left out."""
    if x.device.type != "cpu":
        return functional.dropout(x, share)
    left = min(round(share * (1 << BITS)), (1 << BITS) - 1)
    words = torch.empty(-(-x.numel() // PIECES), dtype=torch.int64).random_(LOWEST << (64 - BITS), None)
    kept = words.view(torch.int16)[: x.numel()].view(x.shape) >= LOWEST + left
    return x * kept.to(x.dtype).mul_((1 << BITS) / ((1 << BITS) - left))
