"""Networks of every kind that are stopped and go on end with the bytes of those that were left alone."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from runner.execution import checkpoints
from runner.findings import Interrupted
from runner.numerics import training as loop
from tests.executed import RUN, read
from tests.execution.trainings import Told, results, saved, train, training

NETWORKS = {
    "mlp": "{job: mlp, hidden: [8], epochs: 9, fresh: true, dropout: 0.2, schedule: plateau, patience: 3}",
    "cnn": "{job: cnn, channels: 2, kernel: 3, stride: 1, pool: 2, head: [4], epochs: 4, dropout: 0.1, batch: 64}",
    "vit": "{job: vit, model: p2_h8_L2_a2, epochs: 4, batch: 64, warm: 0.1}",
    "moe": "{job: moe, split: {by: age, edges: [0, 40, 100]}, experts: {job: mlp, hidden: [8], epochs: 4, batch: 32}}",
}


@dataclass
class Counting(Told):
    """Does something when it was told so often."""

    def step(self, run: str, done: int, total: int, note: str) -> None:
        """Remember a step of a training."""
        del run, total
        if note.startswith("train"):
            self.steps.append(done)
        if len(self.steps) == self.at:
            self.then()


@pytest.fixture(autouse=True)
def _eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell every step; save only when asked to stop, and whatever training ended."""
    monkeypatch.setattr(loop, "OFTEN", 0)
    monkeypatch.setattr(checkpoints, "ENDED", 0)
    monkeypatch.setattr(checkpoints, "SHARE", 0)


def stopped(root: Path, at: int) -> Counting:
    """Let a run be asked to stop when it told so many steps."""
    told = Counting(at, partial(signal.raise_signal, signal.SIGINT))
    with pytest.raises(Interrupted, match="a checkpoint of net is kept"):
        train(root, told)
    return told


@pytest.mark.parametrize("network", NETWORKS)
def test_a_network_that_was_stopped_twice_ends_as_if_it_never_was(tmp_path: Path, network: str) -> None:
    """Each process takes the steps that are left, and no other; the one that is saved by it tells nothing more."""
    alone, last = Counting(), Counting()
    jobs = f"net: {NETWORKS[network]}"
    undisturbed, root = training(tmp_path / "alone", jobs), training(tmp_path / "stopped", jobs)
    train(undisturbed, alone)
    third = len(alone.steps) // 3

    first, second = stopped(root, third), stopped(root, third)
    train(root, last)

    assert results(root) == results(undisturbed)
    steps, left = [*first.steps, *second.steps, *last.steps], iter(alone.steps)
    assert len(steps) == len(alone.steps) - 2
    assert all(step in left for step in steps)  # in this order
    assert json.loads(read(root, RUN))["runs"]["net"]["resumed"] == 2
    assert not list(saved(root).glob("*"))
