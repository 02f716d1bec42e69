"""A few rows of numbers in three splits, and a watch on what a job does with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch

ROWS = {"train": 60, "val": 20, "test": 30}
WIDTH = 5


@dataclass
class Watched:
    """One split whose targets are refused where it is the test split, its rows drawn anew from a seed."""

    name: str
    asked: list[str] = field(default_factory=list)

    axes: dict[str, float] = field(default_factory=lambda: {"noise": 0.0})

    @property
    def key(self) -> str:
        """Return what the rows depend on."""
        return f"made up {self.name} {self.axes}"

    @property
    def positions(self) -> np.ndarray:
        """Return where the inputs stand."""
        return np.arange(8490.0, 8490.0 + WIDTH)

    def column(self, name: str) -> np.ndarray:
        """Return a made-up label: the inputs' first column is `heat`, the second `metal`; `y` is the target."""
        x, y = self.numbers()
        assert (self.name, name) != ("test", "y"), "a job asked for the test targets"
        return y if name == "y" else x[:, ["heat", "metal"].index(name)].astype(float)

    def at(self, **axes: float) -> Watched:
        """Return the same rows; other settings of the axes change nothing here."""
        assert self.name != "test", "a job looked at the test rows another way"
        return Watched(self.name, self.asked, axes={**self.axes, **axes})

    def redrawn(self, _draw: int) -> Watched:
        """Return the same rows; they have no noise to draw."""
        assert self.name != "test", "a job drew the noise of the test rows anew"
        return Watched(self.name, self.asked, axes=self.axes)

    @property
    def rows(self) -> int:
        """Return the number of rows."""
        return ROWS[self.name]

    @property
    def width(self) -> int:
        """Return the number of inputs of a row."""
        return WIDTH

    @property
    def target(self) -> np.ndarray:
        """Return the targets; the test split has none to give."""
        assert self.name != "test", "a job asked for the test targets"
        self.asked.append("pairs")
        return self.numbers()[1]

    def numbers(self) -> tuple[np.ndarray, np.ndarray]:
        """Return all inputs and targets, fresh copies every time."""
        generator = np.random.default_rng(list(ROWS).index(self.name))
        x = generator.normal(size=(self.rows, WIDTH)).astype(np.float32)
        return x, x.astype(float) @ np.arange(1.0, WIDTH + 1) + 0.1 * generator.normal(size=self.rows)

    def inputs(self, size: int) -> Iterator[torch.Tensor]:
        """Yield the inputs in batches."""
        self.asked.append("inputs")
        x, _ = self.numbers()
        for start in range(0, self.rows, size):
            yield torch.from_numpy(x[start : start + size])

    def some(self, rows: range) -> torch.Tensor:
        """Return the inputs of consecutive rows."""
        return torch.from_numpy(self.numbers()[0][rows.start : rows.stop])

    def pairs(self, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield inputs and targets in batches; the test split has none to give."""
        self.asked.append("pairs")
        assert self.name != "test", "a job asked for the test targets"
        x, y = self.numbers()
        for start in range(0, self.rows, size):
            yield torch.from_numpy(x[start : start + size]), torch.from_numpy(y[start : start + size])


@dataclass
class Behind:
    """What stands behind the rows: no law, but templates and derivatives by `heat` and `metal`."""

    train: Watched
    test: Watched
    target: str = "y"
    law: None = None
    truth: bool = False

    def templates(self, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        """Yield the training rows with a sigma of 0.5."""
        for x, y in self.train.pairs(size):
            yield x, torch.full_like(x, 0.5), y

    def sensitivities(self, labels: Sequence[str], size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield slopes that are the same for all rows, and sigma."""
        self.truth = True
        slopes = torch.from_numpy(np.random.default_rng(1).normal(size=(len(labels), WIDTH)).astype(np.float32))
        for start in range(0, self.test.rows, size):
            rows = min(size, self.test.rows - start)
            yield slopes.expand(rows, -1, -1), torch.full((rows, WIDTH), 0.5)

    differences = sensitivities


@dataclass
class MadeUp:
    """The three splits a job is given."""

    train: Any = field(default_factory=lambda: Watched("train"))
    val: Any = field(default_factory=lambda: Watched("val"))
    test: Any = field(default_factory=lambda: Watched("test"))

    @cached_property
    def origin(self) -> Behind:
        """What stands behind the rows."""
        return Behind(self.train, self.test)

    @property
    def behind(self) -> Behind | None:
        """Return what was shown of that, if a job asked."""
        return vars(self).get("origin")
