"""Rows as an instrument would have seen them: clean inputs plus reproducible Gaussian noise.

observed = clean + noise * sigma * z,       z[row, column] = normal(key(seed, split), row, column)
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING

import torch

from runner.counter import key_of
from runner.findings import InputRefused, JobFailed
from runner.numerics.noise import normals

if TYPE_CHECKING:
    import numpy as np


def noise_key(seed: int, split: str) -> int:
    """Return the key of the noise of one split: other seeds and splits see other noise."""
    return key_of("noise", seed, split)


@dataclass(slots=True)
class Observed:
    """One split of in-memory arrays as a job may see it."""

    clean: np.ndarray  # [rows, width]
    sigma: np.ndarray | None  # [rows, width], the noise of one row at noise = 1
    target: np.ndarray  # [rows]
    _: KW_ONLY
    split: str
    noise: float
    seed: int
    device: str = "cpu"
    rows: int = field(init=False)
    width: int = field(init=False)

    def __post_init__(self) -> None:
        """Refuse a noise that cannot be drawn."""
        self.rows, self.width = self.clean.shape
        if not 0 <= self.noise < math.inf:
            raise InputRefused(f"noise is {self.noise}; it must be 0 or more")
        if self.sigma is None and self.noise:
            raise InputRefused("the data has no sigma, so the only noise is 0")

    def inputs(self, size: int) -> Iterator[torch.Tensor]:
        """Yield the observed inputs, at most `size` rows at a time: float32 [n, width]."""
        for start in range(0, self.rows, size):
            yield self._observed(slice(start, min(start + size, self.rows)))

    def pairs(self, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield (inputs float32 [n, width], target float64 [n]); refused for the test split."""
        if self.split == "test":
            raise JobFailed("the test target is for scoring only")
        return self._pairs(size)

    def _pairs(self, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Walk inputs and target together."""
        targets = range(0, self.rows, size)
        for start, x in zip(targets, self.inputs(size), strict=True):
            y = self.target[start : start + size]
            yield x, torch.tensor(y, dtype=torch.float64, device=self.device)

    def _observed(self, part: slice) -> torch.Tensor:
        """Return the rows of one part with their noise."""
        x = self._tensor(self.clean[part])
        if self.sigma is None or not self.noise:
            return x
        rows = torch.arange(part.start, part.stop, device=self.device)
        z = normals(noise_key(self.seed, self.split), rows, self.width)
        return x + self.noise * self._tensor(self.sigma[part]) * z

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        """Copy rows to the device as float32."""
        return torch.tensor(array, dtype=torch.float32, device=self.device)
