"""What stands behind the rows of a source, for jobs that ask how well anybody could do.

Such a job says `ORIGIN = True` in its file, and nobody else is shown any of it: the noise of a row is smooth in its
clean inputs, and would betray what they betray.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np
    import torch


class Seen(NamedTuple):
    """What would be measured of some states: Gaussian, pixel by pixel."""

    mean: torch.Tensor  # float32 [n, width], the clean inputs
    variance: torch.Tensor  # float32 [n, width], of the noise at the settings of the rows


class Slopes(NamedTuple):
    """How what would be measured moves with every number of a state."""

    mean: torch.Tensor  # float32 [n, k, width]
    variance: torch.Tensor  # float32 [n, k, width]


class Law(Protocol):
    """How a source makes a row: a state is drawn, and seen with noise.

    A state is all a row is made of: a number for each of `names`, of which the first `labels` are label columns and
    the rest is what else decides how the row is seen.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """What the numbers of a state are."""

    @property
    def labels(self) -> int:
        """How many of them are label columns that decide the clean inputs."""

    @property
    def axes(self) -> tuple[np.ndarray, ...]:
        """The nodes that are customary along each label, rising from one end of its range to the other."""

    def states(self, scores: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the states of standard normal scores, and how fast each number grows with its own score.

        States of independent scores are drawn from the law: float64 [n, k] -> float64 [n, k], float64 [n, k].
        """

    def scores(self, places: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the scores of places, and how each score moves with each place: float64 [n, k] and [n, k, k].

        Places are scores put so that what is known of a row is nearly Gaussian in them. Those of labels are their
        scores, volumes are the same, and 0 is 0.
        """

    def lattice(self, parts: int) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Return all labels there can be, their shares, and how far each is free, or None where all are continuous.

        [m, labels], [m] and [m, labels]. An axis that is free between its nodes is cut into `parts` for each step; a
        label lies evenly within the width around its point.
        """

    def seen(self, states: torch.Tensor) -> Seen:
        """Return what would be measured of these states."""

    def slopes(self, states: torch.Tensor) -> Slopes:
        """Return how that moves with every number of the states."""


class Origin(Protocol):
    """What stands behind the rows a run is given."""

    @property
    def target(self) -> str:
        """The label column that is estimated."""

    @property
    def truth(self) -> bool:
        """Whether the truth of the test rows was asked for: a job that did so may predict nothing."""

    @property
    def law(self) -> Law | None:
        """How the test rows are made, None where the source has only rows and no law."""

    def templates(self, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        """Yield the training rows as they are: clean [n, width], sigma [n, width] as noisy as them, target [n]."""

    def sensitivities(self, labels: Sequence[str], size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield for the test rows how their clean inputs move with labels, [n, labels, width], and sigma [n, width].

        Both at the truth of these rows.
        """

    def differences(self, labels: Sequence[str], size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield the same by differences along the regular grid that the test rows are."""
