"""What stands behind rows of which nothing but the rows is known: no law, but templates and, on a grid, differences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, cast

import torch

from runner.findings import JobFailed
from runner.numerics.differences import Axis, axes, slopes

if TYPE_CHECKING:
    from runner.numerics.observation import Asked, View
    from runner.origin import Law


class RowsOrigin:
    """What stands behind the rows of two views, without their noise."""

    truth = False  # whether it told anything of the test rows

    def __init__(self, train: View, test: View) -> None:
        """Take the rows to learn from and those to ask about."""
        self._train, self._test = train, test
        self.target = test._target_name  # noqa: SLF001 - as below

    @property
    def law(self) -> Law | None:
        """How the test rows are made: nobody knows."""
        return None

    def templates(self, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        """Yield the training rows as they are: clean [n, width], sigma [n, width] as noisy as them, target [n]."""
        return self._unveiled(self._train, size)

    def sensitivities(self, labels: Sequence[str], size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield for the test rows how their clean inputs move with labels, and their sigma."""
        return self.differences(labels, size)

    def differences(self, labels: Sequence[str], size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield the same by differences along the regular grid that the test rows are."""
        self.truth = True
        return self._differences(self._axes(labels), size)

    def _axes(self, labels: Sequence[str]) -> list[Axis]:
        """Find the neighbours of every test row along labels."""
        asked = cast("Asked", self._test._asked)  # noqa: SLF001 - sources open no rows without it
        others = (asked.column(name) for name in asked.source.columns if name not in labels)
        along = list(axes([asked.column(label) for label in labels], others))
        for label, axis in zip(labels, along, strict=True):
            if not axis.step.any():
                raise JobFailed(
                    f"no test row has a neighbour along `{label}`", fix="differences need all rows of a regular grid"
                )
        return along

    def _differences(self, along: Sequence[Axis], size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Walk the test rows with all of them at hand: a neighbour may stand anywhere."""
        clean = torch.empty(self._test.rows, self._test.width, device=self._test._device)  # noqa: SLF001
        for rows, (bare, _, _) in self._walk(size):
            clean[rows] = bare
        for rows, (_, sigma, _) in self._walk(size):
            yield slopes(clean, along, rows), sigma

    def _walk(self, size: int) -> Iterator[tuple[slice, tuple[torch.Tensor, torch.Tensor, torch.Tensor]]]:
        """Walk the test rows, and say where they stand."""
        done = 0
        for batch in self._unveiled(self._test, size):
            yield slice(done, done + len(batch[0])), batch
            done += len(batch[0])

    def _unveiled(self, view: View, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        """Walk what a view keeps out of sight of the jobs that are given it, and of nobody else."""
        return view._unveiled(size)  # noqa: SLF001 - public, every job could ask for it


def place_of(label: str, known: Sequence[str]) -> int:
    """Return where a label stands among those that are known."""
    if label not in known:
        raise JobFailed(f"nothing moves with `{label}`; there is {', '.join(known)}")
    return list(known).index(label)
