"""Some rows of a split, or several splits in a row, as a split of their own: what a nested job is given to fit.

Both keep the order of the rows and refuse what the splits behind them refuse: a portion of the test rows has no
target, and neither have rows that a test split was joined to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch

from runner.contract import Origin, Split
from runner.counter import hashed, key_of, top
from runner.findings import JobFailed

APART = 1024  # rows of a split that are read at once where only some of them are meant

Batch = tuple[torch.Tensor, ...]
Walked = TypeVar("Walked")


@dataclass(frozen=True)
class Splits:
    """The three splits a nested job is given."""

    train: Split
    val: Split
    test: Split

    @property
    def origin(self) -> Origin:
        """Refused: nobody knows what stands behind rows that were chosen or joined."""
        raise JobFailed("a job inside another is not shown what stands behind the rows")


class Portion:
    """The chosen rows of a split."""

    def __init__(self, split: Split, chosen: np.ndarray) -> None:
        """Take a split and which of its rows are meant: bool [rows]."""
        if chosen.dtype != bool or chosen.shape != (split.rows,):
            message = f"bool [{split.rows}] says which rows are chosen, not {chosen.dtype} {list(chosen.shape)}"
            raise ValueError(message)
        self.split, self.chosen = split, chosen
        self._numbers = np.flatnonzero(chosen)
        self.rows = len(self._numbers)
        self.width, self.axes, self.positions = split.width, split.axes, split.positions
        self.key = f"{split.key} rows {hashlib.sha256(np.packbits(chosen).tobytes()).hexdigest()[:32]}"

    @property
    def target(self) -> np.ndarray:
        """The target of the rows; refused for rows of the test split."""
        target: np.ndarray = self.split.target[self.chosen]
        return target

    def inputs(self, size: int) -> Iterator[torch.Tensor]:
        """Yield the observed inputs, `size` rows at a time: float32 [n, width]."""
        return (x for (x,) in self._walk(((x,) for x in self.split.inputs(size)), size))

    def pairs(self, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield (inputs float32 [n, width], target float64 [n]); refused for rows of the test split."""
        return ((x, y) for x, y in self._walk(self.split.pairs(size), size))

    def some(self, rows: range) -> torch.Tensor:
        """Return the observed inputs of consecutive rows, read in pieces that hold few others."""
        wanted = self._numbers[within(rows, self.rows)]
        pieces = np.split(wanted, np.flatnonzero(np.diff(wanted // APART)) + 1)
        return torch.cat([self._picked(piece) for piece in pieces])

    def _picked(self, numbers: np.ndarray) -> torch.Tensor:
        """Return rows of the split with these ascending numbers."""
        first, last = (int(numbers[0]), int(numbers[-1])) if len(numbers) else (0, -1)
        around = self.split.some(range(first, last + 1))
        return around[torch.from_numpy(numbers - first).to(around.device)]

    def statistics(self, size: int) -> Iterator[torch.Tensor]:
        """Yield the ten numbers a job may know of each row's noise, float32 [n, 10]."""
        return (told for (told,) in self._walk(((told,) for told in self.split.statistics(size)), size))

    def column(self, name: str) -> np.ndarray:
        """Return a label column, float64 [rows]."""
        column: np.ndarray = self.split.column(name)[self.chosen]
        return column

    def at(self, **axes: float) -> Portion:
        """Return the same rows seen at other settings of the axes."""
        return Portion(self.split.at(**axes), self.chosen)

    def redrawn(self, draw: int) -> Portion:
        """Return the same rows with another draw of their noise."""
        return Portion(self.split.redrawn(draw), self.chosen)

    def _walk(self, batches: Iterable[Batch], size: int) -> Iterator[Batch]:
        """Yield the chosen rows of all batches in batches of `size`, the last one shorter."""
        kept: list[Batch] = []
        done = 0
        for batch in batches:
            mask = torch.from_numpy(self.chosen[done : done + len(batch[0])]).to(batch[0].device)
            done += len(batch[0])
            kept.append(tuple(part[mask] for part in batch))
            if sum(len(piece[0]) for piece in kept) >= size:
                whole = _joined(kept)
                yield tuple(part[:size] for part in whole)
                kept = [tuple(part[size:] for part in whole)]
        if any(len(piece[0]) for piece in kept):
            yield _joined(kept)


class Joined:
    """The rows of several splits, one split after the other."""

    def __init__(self, splits: Sequence[Split]) -> None:
        """Take splits with the same inputs."""
        self.splits = tuple(splits)
        first = self.splits[0]
        if any(split.width != first.width for split in self.splits):
            raise JobFailed("splits with other inputs cannot be joined")
        self.rows = sum(split.rows for split in self.splits)
        self.width, self.positions = first.width, first.positions
        self.key = f"joined {[split.key for split in self.splits]}"

    @property
    def axes(self) -> Mapping[str, float]:
        """Return the settings of the axes that all rows share."""
        first, *others = (split.axes for split in self.splits)
        return {axis: value for axis, value in first.items() if all(other.get(axis) == value for other in others)}

    @property
    def target(self) -> np.ndarray:
        """The target of the rows; refused where test rows are among them."""
        return np.concatenate([split.target for split in self.splits])

    def inputs(self, size: int) -> Iterator[torch.Tensor]:
        """Yield the observed inputs, at most `size` rows at a time: float32 [n, width]."""
        return self._chained(lambda split: split.inputs(size))

    def pairs(self, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield (inputs float32 [n, width], target float64 [n]); refused where test rows are among them."""
        return self._chained(lambda split: split.pairs(size))

    def some(self, rows: range) -> torch.Tensor:
        """Return the observed inputs of consecutive rows: float32 [n, width]."""
        within(rows, self.rows)
        pieces, first = [], 0
        for split in self.splits:
            part = range(max(0, rows.start - first), min(split.rows, rows.stop - first))
            pieces += [split.some(part)] if part else []
            first += split.rows
        return torch.cat(pieces or [self.splits[0].some(range(0))])

    def statistics(self, size: int) -> Iterator[torch.Tensor]:
        """Yield the ten numbers a job may know of each row's noise, float32 [n, 10]."""
        return self._chained(lambda split: split.statistics(size))

    def column(self, name: str) -> np.ndarray:
        """Return a label column, float64 [rows]."""
        return np.concatenate([split.column(name) for split in self.splits])

    def at(self, **axes: float) -> Joined:
        """Return the same rows seen at other settings of the axes."""
        return Joined([split.at(**axes) for split in self.splits])

    def redrawn(self, draw: int) -> Joined:
        """Return the same rows with another draw of their noise."""
        return Joined([split.redrawn(draw) for split in self.splits])

    def parts(self, predicted: np.ndarray) -> list[np.ndarray]:
        """Return what was predicted of all rows split by split."""
        return np.split(predicted, np.cumsum([split.rows for split in self.splits])[:-1])

    def _chained(self, opened: Callable[[Split], Iterator[Walked]]) -> Iterator[Walked]:
        """Open all splits, so that what one refuses is refused at once, then walk them in turn."""
        walks = [opened(split) for split in self.splits]
        return (batch for walk in walks for batch in walk)


def within(rows: range, count: int) -> slice:
    """Return where these rows stand among so many, refusing others."""
    if not 0 <= rows.start <= rows.stop <= count:
        message = f"there are rows 0 to {count}, not {rows.start} to {rows.stop}"
        raise ValueError(message)
    return slice(rows.start, rows.stop)


def _joined(pieces: list[Batch]) -> Batch:
    """Return pieces of batches as one."""
    return tuple(torch.cat(parts) for parts in zip(*pieces, strict=True))


def share_of(split: Split, share: float) -> np.ndarray:
    """Return which rows of a split belong to a share of them, by the hash of their numbers: bool [rows]."""
    words = hashed(key_of("share of rows"), np.arange(split.rows), np.zeros(1, dtype=np.int64))
    chosen: np.ndarray = top(words, 52) < share * 2.0**52
    return chosen
