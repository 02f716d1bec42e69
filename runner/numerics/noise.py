"""Normal numbers from the counter hash, the same for any batch, slice, order and device.

Word j of a row gives the two numbers of columns 2j and 2j + 1 (Box & Muller 1958):

    z = sqrt(-2 ln u) (cos t, sin t),    u uniform on (0, 1],  t uniform on [-pi, pi)
"""

from __future__ import annotations

import math

import torch

from runner.counter import hashed

BLOCK = {"cpu": 1 << 16}  # words at a time: the intermediate arrays stay in the cache
LARGE_BLOCK = 1 << 23  # elsewhere: enough to keep an accelerator busy


def normals(key: int, rows: torch.Tensor, width: int) -> torch.Tensor:
    """Return standard normal numbers, float32 [rows, width], each a function of (key, row, column) alone."""
    pairs = torch.arange((width + 1) // 2, device=rows.device)
    out = torch.empty(len(rows), len(pairs), 2, device=rows.device)
    step = max(1, BLOCK.get(rows.device.type, LARGE_BLOCK) // max(1, len(pairs)))
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        _box_muller(hashed(key, rows[part, None], pairs[None, :]), out[part])
    return out.flatten(1)[:, :width]


def _box_muller(words: torch.Tensor, out: torch.Tensor) -> None:
    """Write the two normal numbers of every word [n, m] into `out` [n, m, 2]."""
    halves = words.view(torch.int32).view(*words.shape, 2).float()  # low and high, each in [-2^31, 2^31)
    angle = halves[..., 0] * (math.pi / 2**31)
    steps = halves[..., 1].abs().clamp_(min=0.25)  # 0 stands for half a step: its middle is 1/4
    uniform = steps.mul_(2.0**-31)
    radius = uniform.log_().mul_(-2.0).sqrt_()
    torch.mul(radius, angle.cos(), out=out[..., 0])
    torch.mul(radius, angle.sin_(), out=out[..., 1])
