"""Maps of a convolutional network as a few numbers: the mean of every channel, its largest value, means of segments.

`seg_mean_K8` cuts the places into eight segments and takes the mean over each, so that it is known where something was
found: eight numbers for every channel, those of one channel side by side. Where the places do not divide evenly,
segments reach to the next whole place on both sides.
"""

from __future__ import annotations

import re

import torch
from torch.nn import functional

from runner.findings import JobFailed

NUMBERS = {"mean": 1, "mean_max": 2}  # for every channel
SEGMENTS = re.compile(r"seg_mean_K([1-9][0-9]{0,3})")


def pooled(maps: torch.Tensor, how: str) -> torch.Tensor:
    """Return `mean`, `mean_max` or `seg_mean_K<n>` of maps [n, channels, places] as rows of numbers [n, numbers]."""
    match how:
        case "mean":
            return maps.mean(-1)
        case "mean_max":
            return torch.cat([maps.mean(-1), maps.amax(-1)], 1)
    return functional.adaptive_avg_pool1d(maps, numbers(how)).flatten(1)


def numbers(how: str) -> int:
    """Return how many numbers a pooling makes of every channel."""
    found = SEGMENTS.fullmatch(how)
    if found is None and how not in NUMBERS:
        raise JobFailed(f"`{how}` is no way to make latents", fix="write mean, mean_max or seg_mean_K8")
    return NUMBERS[how] if found is None else int(found[1])
