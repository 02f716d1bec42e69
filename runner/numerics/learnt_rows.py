"""The rows of a training, epoch after epoch, in an order that depends on the seed, the epoch and their number alone.

Rows are read in stretches of neighbours, so that a file on disk is read in pieces worth the trip. Stretches come in a
new order in every epoch, eight of them at a time, and the rows of those eight are shuffled. Whoever goes on in the
middle of an epoch reads only what is left of it. Where every epoch is to see other noise, it is drawn with the rows;
else the inputs are held in memory up to 2 GB of them.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch

from runner.contract import Split
from runner.counter import key_of
from runner.findings import JobFailed
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
        done = first * self.batch
        for start in range(done // (POOL * self._stretch) * POOL, len(stretches), POOL):
            pool = stretches[start : start + POOL]
            order = _order(sum(map(len, pool)), self.seed, epoch, start)
            skipped = max(0, done - start * self._stretch)
            if skipped >= len(order):
                continue
            x = torch.cat([self._inputs(split, rows) for rows in pool])
            y = torch.cat([self.labels[rows.start : rows.stop] for rows in pool])
            for place in range(skipped, len(order), self.batch):
                chosen = order[place : place + self.batch].to(x.device)
                yield x[chosen], y[chosen]

    def _stretches(self, epoch: int) -> list[range]:
        """Return the stretches of an epoch in their order; one that is shorter comes last, so that no other moves."""
        whole = self.rows // self._stretch
        starts = (_order(whole, self.seed, epoch) * self._stretch).tolist()
        rest = [range(whole * self._stretch, self.rows)] if self.rows % self._stretch else []
        return [*(range(start, start + self._stretch) for start in starts), *rest]

    def _inputs(self, split: Split, rows: range) -> torch.Tensor:
        """Return the inputs of neighbours."""
        return split.some(rows) if self._held is None else self._held[rows.start : rows.stop]


def held(split: Split) -> torch.Tensor | None:
    """Return all inputs of a split, None where they take too much room."""
    if split.rows * split.width * 4 > ROOM:
        return None
    kept = None
    done = 0
    for x in split.inputs(STRETCH):
        kept = torch.empty(split.rows, split.width, device=x.device) if kept is None else kept
        kept[done : done + len(x)] = x
        done += len(x)
    return kept


def _order(count: int, *what: int) -> torch.Tensor:
    """Return the numbers below `count` in an order that is a function of what it is for."""
    chance = torch.Generator().manual_seed(key_of("order of rows", *what))
    return torch.randperm(count, generator=chance)
