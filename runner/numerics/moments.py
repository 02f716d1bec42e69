"""Mean and deviation of every input of a split."""

from __future__ import annotations

import torch

from runner.contract import Split
from runner.findings import JobFailed

READ = 4096  # rows at a time


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
    return mean + shift.cpu(), torch.where(std > 0, std, 1.0)
