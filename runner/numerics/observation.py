"""Rows as an instrument would have seen them: clean inputs plus reproducible Gaussian noise.

observed = clean + noise * sigma * z,       z[row, column] = normal(key(seed, split), row, column)

Sigma is smooth in the clean inputs and would betray what they betray, so a job sees ten numbers of it and no
more: the `STATISTICS` of `numerics/snr.py`, of sigma at noise 1 whatever the noise of the run, and rounded.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import torch

from runner.contract import key_at
from runner.counter import key_of
from runner.findings import InputRefused, JobFailed
from runner.numerics.noise import Normals
from runner.numerics.portions import within
from runner.numerics.snr import told_statistics

if TYPE_CHECKING:
    import numpy as np

    from runner.contract import Source, Split

STRIDE = {"cpu": 128}  # rows made at a time: what is needed on the way to them stays in the cache
LARGE_STRIDE = 1024  # elsewhere: enough to keep an accelerator busy, few enough to read some rows only


def noise_key(seed: int, split: str, draw: int = 0) -> int:
    """Return the key of the noise of one split: other seeds, splits and draws see other noise."""
    return key_of("noise", seed, split, *([draw] if draw else []))


def noise_of(axes: Mapping[str, float], known: Mapping[str, tuple[str, ...]], source: str) -> float:
    """Return the noise that a run's axes set, 0 where they do not, refusing axes the source does not have."""
    for axis in axes:
        if axis not in known:
            raise InputRefused(f"{source} has no axis `{axis}`; it has {', '.join(known)}")
    return axes.get("noise", 0.0)


@dataclass(frozen=True)
class Asked:
    """What a source was asked for when it opened a split, so that more can be asked of the same rows."""

    source: Source
    split: str
    rows: int
    target: str
    axes: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    device: str = "cpu"
    draw: int = 0  # which draw of their noise

    def column(self, name: str) -> np.ndarray:
        """Return a label column of the rows."""
        if name not in self.source.columns:
            there = ", ".join(self.source.columns) or "none"
            raise JobFailed(f"the data have no label column `{name}`; there is {there}")
        return self.source.labels(self.split, self.rows, [name])[name]

    def opened(self) -> Split:
        """Return the rows that are asked for."""
        seen: Any = {"axes": self.axes, "seed": self.seed, "device": self.device, "draw": self.draw}
        return self.source.split(self.split, self.rows, target=self.target, **seen)


class View(ABC):
    """One split as a job may see it: rows, width, noisy inputs, and the target unless it is the test split.

    A source says where clean rows, their sigma and the target come from. Those stay out of sight: what a
    job may use has no underscore.
    """

    key = ""  # whoever opens a split for a job says what its rows depend on
    positions: np.ndarray | None = None

    def __init__(
        self,
        rows: int,
        width: int,
        *,
        split: str,
        noise: float,
        seed: int,
        device: str,
        measured: bool = True,
        asked: Asked | None = None,
    ) -> None:
        """Refuse a noise that cannot be drawn; rows that were not `measured` have no sigma."""
        self.rows, self.width = rows, width
        self.axes: Mapping[str, float] = dict(asked.axes) if asked else {"noise": noise}
        self._measured, self._asked = measured, asked
        self._split, self._noise, self._device = split, noise, device
        self._level = noise  # of the noise that is in the rows, drawn here or stored with them
        self._normals = Normals(noise_key(seed, split, asked.draw if asked else 0), width, device)
        self._stride = STRIDE.get(torch.device(device).type, LARGE_STRIDE)
        if not 0 <= noise < math.inf:
            raise InputRefused(f"noise is {noise}; it must be 0 or more")

    @abstractmethod
    def _clean(self, rows: range) -> torch.Tensor:
        """Return the clean inputs of consecutive rows, never across a multiple of the stride: float32."""

    def _bare(self, rows: range) -> torch.Tensor:
        """Return these rows without any noise."""
        return self._clean(rows)

    @abstractmethod
    def _sigma(self, rows: range, clean: torch.Tensor) -> torch.Tensor:
        """Return the noise of these rows at level 1, as a tensor that may be overwritten."""

    @abstractmethod
    def _target(self, rows: range) -> np.ndarray:
        """Return the target of these rows."""

    def inputs(self, size: int) -> Iterator[torch.Tensor]:
        """Yield the observed inputs, at most `size` rows at a time: float32 [n, width]."""
        for rows in self._batches(size):
            yield self._observed(rows)

    def pairs(self, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield (inputs float32 [n, width], target float64 [n]); refused for the test split."""
        self._refuse_test()
        return self._pairs(size)

    def some(self, rows: range) -> torch.Tensor:
        """Return the observed inputs of consecutive rows, from anywhere in the split: float32 [n, width]."""
        within(rows, self.rows)
        return self._observed(rows)

    def statistics(self, size: int) -> Iterator[torch.Tensor]:
        """Yield the ten numbers of each row's sigma that may be told: float32 [n, 10]; refused without sigma."""
        if not self._measured:
            raise JobFailed("the data has no sigma, so there are no statistics of it")
        return self._statistics(size)

    def column(self, name: str) -> np.ndarray:
        """Return a label column, float64 [rows]; the target of the test split is refused."""
        if self._asked is None:
            raise JobFailed(f"these rows have no label column `{name}`")
        if name == self._asked.target:
            self._refuse_test(f"`{name}` is the target, and the test target is for scoring only")
        return self._asked.column(name)

    def at(self, **axes: float) -> Split:
        """Return the same rows seen at other settings of the axes; refused for the test split."""
        self._refuse_test("the test rows are seen as the experiment says, and no other way")
        if self._asked is None:
            raise JobFailed("these rows are seen as they are, and no other way")
        return self._seen(replace(self._asked, axes={**self._asked.axes, **axes}))

    @property
    def target(self) -> np.ndarray:
        """The target of all rows, float64 [rows]; refused for the test split."""
        self._refuse_test()
        return self._target(range(self.rows))

    @property
    def _target_name(self) -> str:
        """The label column that is estimated."""
        return self._asked.target if self._asked else ""

    def _unveiled(self, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        """Yield the rows as they are: clean and sigma [n, width], as noisy as they are observed, and target [n].

        For their `Origin` alone.
        """
        if self._level and not self._measured:
            raise JobFailed("the data has no sigma, so nobody knows how noisy the rows are")
        for rows in self._batches(size):
            clean, sigma = (torch.empty(len(rows), self.width, device=self._device) for _ in range(2))
            for piece in self._pieces(rows):
                part = slice(piece.start - rows.start, piece.stop - rows.start)
                clean[part] = self._bare(piece)
                sigma[part] = self._sigma(piece, clean[part]).mul_(self._level) if self._level else 0.0
            yield clean, sigma, torch.tensor(self._target(rows), dtype=torch.float64, device=self._device)

    def redrawn(self, draw: int) -> Split:
        """Return the same rows with another draw of their noise, 0 the first; refused for the test split."""
        self._refuse_test("the test rows are seen with their own noise, and no other")
        if self._asked is None:
            raise JobFailed("these rows are seen as they are, and no other way")
        return self._seen(replace(self._asked, draw=draw))

    def _seen(self, asked: Asked) -> Split:
        """Return the same rows, asked for in another way."""
        other: Any = asked.opened()
        other.key = key_at(self.key, asked.axes, asked.draw)
        return cast("Split", other)

    def _statistics(self, size: int) -> Iterator[torch.Tensor]:
        """Reduce the sigma of every batch, piece by piece."""
        for rows in self._batches(size):
            yield torch.cat([told_statistics(self._sigma(piece, self._clean(piece))) for piece in self._pieces(rows)])

    def _refuse_test(self, why: str = "the test target is for scoring only") -> None:
        """Keep from a job what would give the test split away."""
        if self._split == "test":
            raise JobFailed(why)

    def _pairs(self, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Walk inputs and target together."""
        for rows in self._batches(size):
            y = torch.tensor(self._target(rows), dtype=torch.float64, device=self._device)
            yield self._observed(rows), y

    def _batches(self, size: int) -> Iterator[range]:
        """Cut the rows into batches of at most `size`."""
        for start in range(0, self.rows, size):
            yield range(start, min(start + size, self.rows))

    def _observed(self, rows: range) -> torch.Tensor:
        """Return a batch with its noise, made in pieces that stay in the cache."""
        batch = torch.empty(len(rows), self.width, device=self._device)
        for piece in self._pieces(rows):
            self._observe(piece, batch[piece.start - rows.start : piece.stop - rows.start])
        return batch

    def _pieces(self, rows: range) -> Iterator[range]:
        """Cut a batch at the multiples of the stride."""
        start = rows.start
        while start < rows.stop:
            stop = min(start - start % self._stride + self._stride, rows.stop)
            yield range(start, stop)
            start = stop

    def _observe(self, rows: range, out: torch.Tensor) -> None:
        """Write one piece of a batch."""
        clean = self._clean(rows)
        if not self._noise:
            out.copy_(clean)
            return
        z = self._normals.rows(torch.arange(rows.start, rows.stop, device=self._device))
        torch.add(clean, z.mul_(self._sigma(rows, clean).mul_(self._noise)), out=out)


class Observed(View):
    """A view of arrays in memory."""

    def __init__(
        self,
        clean: np.ndarray,
        sigma: np.ndarray | None,
        target: np.ndarray,
        *,
        split: str,
        noise: float,
        seed: int,
        device: str = "cpu",
        asked: Asked | None = None,
    ) -> None:
        """Take clean [rows, width], the noise of one row at noise = 1 of the same shape, and target [rows]."""
        measured = sigma is not None
        super().__init__(
            *clean.shape, split=split, noise=noise, seed=seed, device=device, measured=measured, asked=asked
        )
        self._arrays = clean, sigma, target
        if sigma is None and noise:
            raise InputRefused("the data has no sigma, so the only noise is 0")

    def _clean(self, rows: range) -> torch.Tensor:
        """Return stored rows."""
        return self._tensor(self._arrays[0], rows)

    def _sigma(self, rows: range, clean: torch.Tensor) -> torch.Tensor:
        """Return the stored noise of these rows."""
        return torch.zeros_like(clean) if self._arrays[1] is None else self._tensor(self._arrays[1], rows)

    def _target(self, rows: range) -> np.ndarray:
        """Return the stored target of these rows."""
        return self._arrays[2][rows.start : rows.stop]

    def _tensor(self, array: np.ndarray, rows: range) -> torch.Tensor:
        """Copy rows to the device as float32."""
        return torch.tensor(array[rows.start : rows.stop], dtype=torch.float32, device=self._device)
