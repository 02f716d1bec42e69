"""Inputs that a label bends: [x, m x] or [x, m x, m^2 x], so that a linear rule's weights are a polynomial in m.

y = (w_0 + m w_1 + m^2 w_2)'x + b
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from runner.contract import Split


@dataclass(frozen=True, slots=True)
class Conditioned:
    """A split whose inputs stand beside their products with the powers of a label."""

    split: Split
    label: torch.Tensor  # m of every row, float64 [rows]
    order: int  # the highest power

    @property
    def rows(self) -> int:
        """Return the number of rows."""
        return self.split.rows

    @property
    def width(self) -> int:
        """Return the number of inputs of a row."""
        return self.split.width * (self.order + 1)

    def inputs(self, size: int) -> Iterator[torch.Tensor]:
        """Yield the inputs, at most `size` rows at a time: float32 [n, width]."""
        done = 0
        for x in self.split.inputs(size):
            yield self._bent(x, done)
            done += len(x)

    def pairs(self, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield (inputs, target); refused where the split refuses."""
        done = 0
        for x, y in self.split.pairs(size):
            yield self._bent(x, done), y
            done += len(x)

    def _bent(self, x: torch.Tensor, first: int) -> torch.Tensor:
        """Return the inputs of the rows from `first` on with their products."""
        m = self.label[first : first + len(x)].to(x)[:, None]
        return torch.cat([x * m**power for power in range(self.order + 1)], dim=1)
