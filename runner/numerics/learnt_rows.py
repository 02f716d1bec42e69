"""The rows of a training, epoch after epoch, in an order that depends on the seed, the epoch and their number alone.

Rows are read in stretches of neighbours, so that a file on disk is read in pieces worth the trip. Stretches come in a
new order in every epoch, eight of them at a time, and the rows of those eight are shuffled. Whoever goes on in the
middle of an epoch reads only what is left of it. Where every epoch is to see other noise, it is drawn with the rows;
else the inputs are held in memory up to 2 GB of them, on a card up to a quarter of what is free there. A row that is
left alone in the last batch of eight stretches is left out in that epoch: there are layers that no single row can pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from runner.contract import Split
from runner.counter import key_of
from runner.findings import JobFailed
from runner.numerics.feature_table import FeatureTable
from runner.numerics.training import Batch

STRETCH, POOL = 1024, 8  # about how many neighbours are read at once, and how many such stretches are mixed
READ = 512  # rows at a time where nothing is learnt: few, because networks make much of each
ROOM = 2_000_000_000  # bytes of inputs that are held


class LearntRows:
    """Rows of a split with what is to be learnt of them."""

    def __init__(self, split: Split, labels: torch.Tensor, *, batch: int, seed: int, fresh: bool) -> None:
        """Take labels [rows, k] on the device where the split puts its inputs."""
        if split.rows != len(labels):
            message = f"{len(labels)} labels stand beside {split.rows} rows"
            raise ValueError(message)
        if not split.rows or batch < 1:
            raise JobFailed("there are no rows to fit" if batch > 0 else f"batch is {batch}; it must be 1 or more")
        self.split, self.labels = split, labels
        self.batch, self.seed, self.fresh = batch, seed, fresh
        self.rows = split.rows
        self._stretch = batch * max(1, STRETCH // batch)
        self._held = None if fresh else held(split)

    def batches(self, epoch: int, first: int = 0) -> Iterator[Batch]:
        """Yield inputs and labels of an epoch, counted from 0, from one of its batches on."""
        split = self.split.redrawn(epoch) if self.fresh else self.split
        stretches = self._stretches(epoch)
        for start in range(0, len(stretches), POOL):
            pool = stretches[start : start + POOL]
            starts = self._starts(sum(map(len, pool)))
            if first < len(starts):
                yield from self._pool(split, pool, (self.seed, epoch, start), starts[first:])
            first = max(0, first - len(starts))

    def _pool(
        self, split: Split, pool: Sequence[range], order_of: tuple[int, ...], starts: Sequence[int]
    ) -> Iterator[Batch]:
        """Yield the batches of some stretches that begin at these places of their shuffled rows."""
        x = torch.cat([self._inputs(split, rows) for rows in pool])
        y = torch.cat([self.labels[rows.start : rows.stop] for rows in pool])
        order = _order(len(x), *order_of).to(x.device)
        for place in starts:
            chosen = order[place : place + self.batch]
            yield x[chosen], y[chosen]

    def _starts(self, rows: int) -> range:
        """Return where the batches of shuffled rows begin; a single row at their end is none."""
        alone = self.batch > 1 and rows > 1 and rows % self.batch == 1
        return range(0, rows - alone, self.batch)

    def _stretches(self, epoch: int) -> list[range]:
        """Return the stretches of an epoch in their order; the last rows may be a shorter one."""
        starts = range(0, self.rows, self._stretch)
        stretches = [range(start, min(start + self._stretch, self.rows)) for start in starts]
        return [stretches[place] for place in _order(len(stretches), self.seed, epoch).tolist()]

    def _inputs(self, split: Split, rows: range) -> torch.Tensor:
        """Return the inputs of neighbours."""
        return split.some(rows) if self._held is None else self._held[rows.start : rows.stop]


def held(split: Split) -> torch.Tensor | None:
    """Return all inputs of a split, None where they take too much room."""
    if isinstance(split, FeatureTable):
        return split.features
    kept, done = None, 0
    for x in split.inputs(STRETCH):
        if kept is None:
            if split.rows * split.width * 4 > room(x.device):
                return None
            kept = torch.empty(split.rows, split.width, device=x.device)
        kept[done : done + len(x)] = x
        done += len(x)
    return kept


def walked(split: Split, kept: torch.Tensor | None, size: int = READ) -> Iterator[torch.Tensor]:
    """Yield the inputs of a split in their order, from where they are held if they are."""
    return split.inputs(size) if kept is None else iter(torch.split(kept, size))


def room(device: torch.device) -> int:
    """Return how many bytes of inputs may be held on a device."""
    return torch.cuda.mem_get_info(device)[0] // 4 if device.type == "cuda" else ROOM


def _order(count: int, *what: int) -> torch.Tensor:
    """Return the numbers below `count` in an order that is a function of what it is for."""
    chance = torch.Generator().manual_seed(key_of("order of rows", *what))
    return torch.randperm(count, generator=chance)
