"""The rows of a split with a few features in the place of their inputs: for a network that sees no more of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import torch

from runner.contract import Split
from runner.findings import JobFailed
from runner.numerics.portions import within


class FeatureTable:
    """A split whose inputs are a table in memory; its labels are those of the split behind it."""

    positions: np.ndarray | None = None  # features stand nowhere

    def __init__(self, split: Split, features: np.ndarray, device: str) -> None:
        """Take a split and the features of its rows [rows, k], which are kept as float32."""
        if len(features) != split.rows:
            message = f"{len(features)} rows of features were made of {split.rows} rows"
            raise ValueError(message)
        single = np.ascontiguousarray(features, dtype=np.float32)
        self.split, self.features = split, torch.from_numpy(single).to(device)
        self.rows, self.width = features.shape
        self.axes = split.axes
        self.key = f"{split.key} as {hashlib.sha256(single.tobytes()).hexdigest()[:32]}"

    @property
    def target(self) -> np.ndarray:
        """The target of all rows; refused for the test split."""
        return self.split.target

    def inputs(self, size: int) -> Iterator[torch.Tensor]:
        """Yield the features, at most `size` rows at a time."""
        return (self.features[start : start + size] for start in range(0, self.rows, size))

    def pairs(self, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield (features, target float64 [n]); refused for the test split."""
        target = torch.tensor(self.target, dtype=torch.float64, device=self.features.device)
        return zip(self.inputs(size), torch.split(target, size), strict=True)

    def some(self, rows: range) -> torch.Tensor:
        """Return the features of consecutive rows."""
        return self.features[within(rows, self.rows)]

    def statistics(self, size: int) -> Iterator[torch.Tensor]:
        """Yield the ten numbers a job may know of each row's noise."""
        return self.split.statistics(size)

    def column(self, name: str) -> np.ndarray:
        """Return a label column."""
        return self.split.column(name)

    def at(self, **axes: float) -> FeatureTable:
        """Refused: the features were made of rows as they are."""
        raise JobFailed(f"features were made once, and not at {axes}")

    def redrawn(self, draw: int) -> FeatureTable:
        """Refused: the features were made of rows with their own noise."""
        raise JobFailed(f"features were made once, and not with draw {draw} of the noise")
