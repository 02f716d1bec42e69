"""Networks of linear layers, and the layer that brings inputs to one scale.

References: Rumelhart, Hinton & Williams 1986, Nature 323, 533, doi:10.1038/323533a0; He et al. 2016, arXiv:1603.05027
"""

from __future__ import annotations

import torch
from torch import nn

from runner.contract import Split
from runner.findings import JobFailed
from runner.numerics.gram import divisors

READ = 4096  # rows at a time


class Standardised(nn.Module):
    """The layer that brings every input to mean 0 and deviation 1."""

    def __init__(self, mean: torch.Tensor, std: torch.Tensor) -> None:
        """Take the moments of the training rows [width]."""
        super().__init__()
        self.mean: torch.Tensor
        self.share: torch.Tensor
        self.register_buffer("mean", mean.float())
        self.register_buffer("share", (1 / std).float())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return rows [n, width] in units of their spread."""
        return (x - self.mean) * self.share


def standardised(split: Split) -> Standardised:
    """Return the layer that suits the rows of a split."""
    return Standardised(*moments(split))


def moments(split: Split) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the mean of every input and its standard deviation, 1 for one that is constant: float64 [width]."""
    sums, shift = torch.zeros(2, split.width, dtype=torch.float64), torch.zeros(split.width)
    for place, x in enumerate(split.inputs(READ)):
        shift = shift if place else x.mean(0)  # sums from a point near the mean lose nothing
        moved = x - shift
        sums += torch.stack([part.sum(0, dtype=torch.float64) for part in (moved, moved * moved)]).cpu()
    mean, square = sums / max(1, split.rows)
    std = (square - mean**2).clamp_min(0).sqrt()
    if not torch.isfinite(std).all():
        raise JobFailed("the inputs hold numbers that are not finite")
    mean += shift.cpu()
    return mean, divisors(std, mean)


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
