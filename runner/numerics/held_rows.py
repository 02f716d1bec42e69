"""The rows of a split, for epoch after epoch: kept in memory where they fit, read again where they do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import torch

from runner.contract import Split
from runner.findings import JobFailed
from runner.numerics.training import Batch, shuffled

if TYPE_CHECKING:
    import numpy as np

READ = 4096  # rows at a time
ROOM = 2_000_000_000  # bytes of inputs that are kept


class HeldRows:
    """Rows with what they are to be learnt for, on a device; to be standardised, they know their moments."""

    def __init__(self, split: Split, device: str, known: np.ndarray | None = None) -> None:
        """Read all rows once; what is already `known` of their target [rows] is taken off it."""
        self.split, self.device = split, device
        fits = split.rows * split.width * 4 <= ROOM
        self.kept = torch.empty(split.rows, split.width, device=device) if fits else None
        self.target = torch.empty(split.rows, dtype=torch.float64, device=device)
        self.shift = torch.zeros(split.width, device=device)
        self.sums = torch.zeros(2, split.width, dtype=torch.float64)
        done = 0
        for x, y in split.pairs(READ):
            part = slice(done, done + len(x))
            self.target[part] = y
            if self.kept is not None:
                self.kept[part] = x
            self._sum(x, first=not done)
            done = part.stop
        if known is not None:
            self.target -= torch.tensor(known, device=device)
        if not (torch.isfinite(self.target).all() and torch.isfinite(self.sums).all()):
            raise JobFailed("the inputs or the target hold numbers that are not finite")

    def moments(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the mean of every input and its standard deviation, 1 for one that is constant: float64 [width]."""
        mean, square = self.sums / max(1, self.split.rows)
        std = (square - mean**2).clamp_min(0).sqrt()
        mean += self.shift.cpu()
        return mean, torch.where(std > 0, std, 1.0)

    def epoch(self, size: int) -> Iterator[Batch]:
        """Yield inputs and target, shuffled; rows that are read again, among those read at once."""
        if self.kept is not None:
            yield from shuffled((self.kept, self.target), size)
            return
        for part, x in self._read():
            yield from shuffled((x, self.target[part]), size)

    def mean(self, loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> float:
        """Return the mean over all rows of a loss that is a mean over rows."""
        total = sum(float(loss(x, self.target[part])) * len(x) for part, x in self._read())
        return total / self.split.rows

    def _read(self) -> Iterator[tuple[slice, torch.Tensor]]:
        """Yield the inputs in their order, and where they stand."""
        if self.kept is not None:
            for start in range(0, self.split.rows, READ):
                yield slice(start, start + READ), self.kept[start : start + READ]
            return
        done = 0
        for x in self.split.inputs(READ):
            yield slice(done, done + len(x)), x
            done += len(x)

    def _sum(self, x: torch.Tensor, *, first: bool) -> None:
        """Add rows to the sums of inputs and of their squares, both from a point near the mean."""
        if first:
            self.shift = x.mean(0)
        moved = x - self.shift
        self.sums += torch.stack([part.sum(0, dtype=torch.float64) for part in (moved, moved * moved)]).cpu()
