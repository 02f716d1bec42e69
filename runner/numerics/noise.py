"""Normal numbers from the counter hash, the same for any batch, slice, order and device.

Word j of a row gives the two numbers of columns 2j and 2j + 1 (Box & Muller 1958):

    z = sqrt(-2 ln u) (cos t, sin t),    u uniform on (0, 1],  t uniform on [-pi, pi)
"""

from __future__ import annotations

import math

import torch

from runner.counter import addends, scramble

BLOCK = {"cpu": 1 << 17}  # words at a time: the arrays on the way stay in the cache
LARGE_BLOCK = 1 << 23  # elsewhere: enough to keep an accelerator busy


def normals(key: int, rows: torch.Tensor, width: int) -> torch.Tensor:
    """Return standard normal numbers, float32 [rows, width], each a function of (key, row, column) alone."""
    return Normals(key, width, rows.device).rows(rows)


class Normals:
    """The numbers of one key, made block by block in the same memory."""

    def __init__(self, key: int, width: int, device: torch.device | str) -> None:
        """Set memory for one block aside."""
        self.key, self.width = key, width
        self.pairs = torch.arange((width + 1) // 2, device=device)
        block = BLOCK.get(self.pairs.device.type, LARGE_BLOCK)
        shape = max(1, block // max(1, len(self.pairs))), len(self.pairs)
        self.words = torch.empty(shape, dtype=torch.int64, device=device)
        self.radius, self.angle, self.wave = (torch.empty(shape, device=device) for _ in range(3))

    def rows(self, rows: torch.Tensor) -> torch.Tensor:
        """Return the numbers of these rows: float32 [rows, width]."""
        out = torch.empty(len(rows), len(self.pairs), 2, device=rows.device)
        lines, columns = addends(self.key, rows[:, None], self.pairs[None, :])
        for start in range(0, len(rows), len(self.words)):
            part = slice(start, start + len(self.words))
            self._box_muller(self._hashed(lines[part], columns), out[part])
        return out.flatten(1)[:, : self.width]

    def _hashed(self, lines: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
        """Return the words of a block [n, m], as `hashed` of the counter makes them."""
        words = torch.add(lines, columns, out=self.words[: len(lines)])
        scramble(words)
        return words

    def _box_muller(self, words: torch.Tensor, out: torch.Tensor) -> None:
        """Write the two normal numbers of every word [n, m] into `out` [n, m, 2]."""
        radius, angle, wave = (memory[: len(words)] for memory in (self.radius, self.angle, self.wave))
        halves = words.view(torch.int32).view(*words.shape, 2)  # low and high, each in [-2^31, 2^31)
        angle.copy_(halves[..., 0]).mul_(math.pi / 2**31)
        radius.copy_(halves[..., 1]).abs_().clamp_(min=0.25)  # 0 stands for half a step: its middle is 1/4
        radius.mul_(2.0**-31).log_().mul_(-2.0).sqrt_()
        torch.mul(radius, torch.cos(angle, out=wave), out=out[..., 0])
        torch.mul(radius, angle.sin_(), out=out[..., 1])
