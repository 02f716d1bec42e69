"""The training loop: when it stops, what it keeps, whom it tells, and how it goes on after it was stopped."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from runner.findings import JobFailed
from runner.numerics.networks import perceptron
from runner.numerics.training import (
    PLATEAU,
    SHRINK,
    Batch,
    Lessons,
    Schedule,
    Trained,
    one_thread,
    seeded,
    set_aside,
    shuffled,
    trained,
)

Told = list[tuple[int, int, str]]


def walked(values: list[float], patience: int, epochs: int = 9) -> tuple[Trained, float, Told]:
    """Train a number that falls by one every epoch, judged by the given values; return it with what was told."""
    model = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(model.weight)
    judged, told = iter(values), Told()
    ones = torch.ones(1, 1)
    lessons = Lessons(lambda *_: [(ones,)], lambda x: model(x).sum(), lambda: next(judged), 1)
    schedule = Schedule(lr=1.0, epochs=epochs, patience=patience)
    news = trained(model, lessons, schedule, lambda *news: told.append(news))
    return news, float(model.weight.detach()), told


def test_training_stops_when_patience_runs_out_and_returns_to_the_best() -> None:
    """The best is the second of four; after two without a better one it ends there."""
    news, number, told = walked([3.0, 1.0, 2.0, 1.0, 0.0], patience=2)

    assert (news.best_epoch, news.errors, news.rows) == (2, (3.0, 1.0, 2.0, 1.0), (1, 2, 3, 4))
    np.testing.assert_allclose(news.losses, [0, -1, -2, -3], atol=1e-6)  # before each step
    assert news.rates == (1.0,) * 4
    np.testing.assert_allclose(number, -2, rtol=1e-6)  # Adam moves by lr along a gradient that stays
    assert [(done, total) for done, total, _ in told] == [(1, 9), (2, 9), (3, 9), (4, 9)]
    assert told[1][2] == "train: epoch 3 of 9, loss -1.0000, error 1"


def test_without_patience_every_epoch_is_walked() -> None:
    """And the best of all is kept."""
    news, number, _ = walked([3.0, 1.0, 2.0, 1.5, 0.5, 2.0], patience=0, epochs=6)

    assert (news.best_epoch, len(news.errors)) == (5, 6)
    np.testing.assert_allclose(number, -5, rtol=1e-6)


def test_a_loss_that_is_no_number_says_so() -> None:
    """With what to do."""
    with pytest.raises(JobFailed, match="ran away") as failure:
        walked([1.0, float("nan")], patience=0)
    assert "smaller lr" in str(failure.value.fix)


@pytest.mark.parametrize(
    "schedule",
    [
        Schedule(0.0, 5, 5),
        Schedule(1e-3, 0, 5),
        Schedule(1e-3, 5, -1),
        Schedule(float("nan"), 5, 5),
        Schedule(1e-3, 5, 5, decay=-1.0),
        Schedule(1e-3, 5, 5, warm=1.5),
        Schedule(1e-3, 5, 5, end=2.0),
    ],
)
def test_schedules_that_train_nothing_are_refused(schedule: Schedule) -> None:
    """Before the first epoch."""
    with pytest.raises(JobFailed, match="lr"):
        schedule.check()


def test_dropout_is_for_training_alone() -> None:
    """The model judges, and is returned, whole."""
    modes: list[bool] = []
    model = perceptron(2, (3,), 1, 0.5)

    def batches() -> Iterator[tuple[torch.Tensor, ...]]:
        modes.append(model.training)
        yield (torch.ones(4, 2),)

    def held_out() -> float:
        modes.append(model.training)
        return 1.0

    lessons = Lessons(lambda *_: batches(), lambda x: model(x).sum(), held_out, 4)
    trained(model, lessons, Schedule(1e-3, 2, 0))
    assert modes == [True, False, True, False]
    assert not model.training


def test_gradients_are_clipped_to_their_length() -> None:
    """With plain descent in the place of Adam a step is never longer than lr times the limit."""
    model = nn.Linear(2, 1, bias=False)
    before = model.weight.detach().clone()
    x = torch.tensor([[3.0, 4.0]])
    moved: list[float] = []
    for clip in (0.0, 0.5):
        model.load_state_dict({"weight": before})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(torch.optim, "AdamW", torch.optim.SGD)
            lessons = Lessons(lambda *_: [(x,)], lambda x: model(x).sum(), lambda: 1.0, 1)
            trained(model, lessons, Schedule(0.1, 1, 0, clip))
        moved.append(float((model.weight.detach() - before).norm()))

    np.testing.assert_allclose(moved, [0.5, 0.05], rtol=1e-4)


def test_rows_are_shuffled_together_and_all_of_them_once() -> None:
    """In another order every time."""
    x = torch.arange(10)
    with seeded(1, "cpu"):
        first, second = (list(shuffled((x, 2 * x), 4)) for _ in range(2))

    assert [len(a) for a, _ in first] == [4, 4, 2]
    assert all(torch.equal(2 * a, b) for a, b in first)
    orders = [torch.cat([a for a, _ in batches]).tolist() for batches in (first, second)]
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(10))
    assert orders[0] != orders[1]


@pytest.mark.parametrize(("rows", "share", "count"), [(1000, 0.2, 200), (7, 0.1, 1), (1, 0.5, 1)])
def test_rows_set_aside_are_a_share_and_at_least_one(rows: int, share: float, count: int) -> None:
    """The same ones every time, and no run of neighbours."""
    aside = set_aside(rows, share)

    assert aside.sum() == count
    np.testing.assert_array_equal(aside, set_aside(rows, share))
    if rows > 100:
        assert 0.15 < aside[: rows // 2].mean() < 0.25


def test_one_thread_ends_where_it_began() -> None:
    """However it is left."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    inside: list[int] = []

    @one_thread()
    def left() -> None:
        inside.append(torch.get_num_threads())
        raise KeyError

    with pytest.raises(KeyError):
        left()
    assert (inside, torch.get_num_threads()) == ([1], 2)
    torch.set_num_threads(before)


def test_chance_inside_is_the_seeds_and_outside_is_untouched() -> None:
    """The numbers drawn are those of the seed whatever was drawn before."""
    drawn: Callable[[], list[float]] = lambda: torch.rand(3).tolist()  # noqa: E731
    before = torch.random.get_rng_state()
    with seeded(5, "cpu"):
        first = drawn()
    assert torch.equal(before, torch.random.get_rng_state())
    drawn()
    with seeded(5, "cpu"):
        assert drawn() == first
    with seeded(6, "cpu"):
        assert drawn() != first


def test_the_length_of_steps_rises_and_falls_as_torch_has_it() -> None:
    """A straight line up and half a cosine down to a tenth, beside torch's own schedulers."""
    schedule = Schedule(2.0, 1, 0, steps=40, warm=0.25, end=0.1)
    weight = nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([weight], lr=2.0)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 40, eta_min=0.2)
    due = []
    for step in range(40):
        due.append(optimiser.param_groups[0]["lr"] * min(1.0, (step + 1) / 10))
        optimiser.step()
        cosine.step()

    np.testing.assert_allclose([2.0 * schedule.share(step) for step in range(40)], due, rtol=1e-12)
    assert {replace(schedule, falls=False).share(step) for step in range(10, 40)} == {1.0}
    assert replace(schedule, warm=0.0).share(0) == 1.0


def test_on_a_plateau_steps_shrink_as_torch_has_it() -> None:
    """By a fifth whenever enough epochs in a row were no better than the best."""
    errors = [5.0, 4.0, *[4.5] * 7, 3.0, *[3.0] * 11, 2.0]
    schedule = Schedule(1.0, 1, 0, plateau=True)
    optimiser = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimiser, factor=SHRINK, patience=PLATEAU - 1, threshold=0.0, threshold_mode="abs"
    )
    due = []
    for error in errors:
        plateau.step(error)
        due.append(optimiser.param_groups[0]["lr"])

    np.testing.assert_allclose([schedule.worn(errors[: k + 1]) for k in range(len(errors))], due, rtol=1e-12)
    assert due[-1] < SHRINK**2
    assert replace(schedule, plateau=False).worn(errors) == 1.0


class Memory:
    """A checkpoint in memory, due at chosen steps; from one of them on the run is dead."""

    def __init__(self, dies: int = -1) -> None:
        """Keep every state until the run dies."""
        self.states: list[bytes] = []
        self.dies, self.ended = dies, 0

    def load(self) -> bytes | None:
        """Return the last state."""
        return self.states[-1] if self.states else None

    def due(self, *, ended: bool = False) -> bool:
        """Save after every step, and at the end."""
        self.ended += ended
        return True

    def save(self, make: Callable[[], bytes]) -> None:
        """Keep a state, and die when it is time."""
        self.states.append(make())
        if len(self.states) == self.dies:
            raise KeyboardInterrupt


def lesson(checkpoint: Memory | None) -> tuple[Trained, bytes]:
    """Train a network with dropout, batch norm, warm-up, decay and a plateau for five epochs of seven batches."""
    chance = torch.Generator().manual_seed(3)
    x = torch.randn(26, 6, generator=chance)
    y = x.sum(1, keepdim=True)

    def batches(epoch: int, first: int) -> Iterator[Batch]:
        order = torch.randperm(26, generator=torch.Generator().manual_seed(epoch))
        return ((x[rows], y[rows]) for rows in torch.split(order, 4)[first:])

    with seeded(7, "cpu"):
        model = nn.Sequential(nn.BatchNorm1d(6), perceptron(6, (8,), 1, 0.4))
        lessons = Lessons(
            batches,
            lambda a, b: nn.functional.mse_loss(model(a), b),
            lambda: float(nn.functional.mse_loss(model(x), y)),
            26,
        )
        schedule = Schedule(0.05, 5, 0, 0.5, steps=35, warm=0.2, end=0.1, plateau=True, decay=0.02)
        news = trained(model, lessons, schedule, checkpoint=checkpoint)
    stream = io.BytesIO()
    torch.save(model.state_dict(), stream)
    return news, stream.getvalue()


@pytest.mark.parametrize("dies", [1, 6, 7, 8, 13, 14, 34, 35, 36])
def test_a_run_that_was_stopped_ends_in_the_same_bytes(dies: int) -> None:
    """In the middle of an epoch, after its last step, after the first step of the next, at the end, after it."""
    undisturbed, memory = lesson(None), Memory(dies)
    with pytest.raises(KeyboardInterrupt):
        lesson(memory)
    memory.dies = -1

    assert lesson(memory) == undisturbed
    assert (len(memory.states), memory.ended) == (36, 1)  # no step was taken twice, the end was saved once
    assert lesson(memory) == undisturbed
    assert len(memory.states) == 36


def test_bfloat16_is_for_the_products_of_a_step() -> None:
    """What is judged, and what is kept, is in full precision."""
    model, kinds = nn.Linear(4, 1), []
    x = torch.ones(2, 4)

    def said() -> torch.Tensor:
        kinds.append(model(x).dtype)
        return torch.as_tensor(model(x).float().sum())

    lessons = Lessons(lambda *_: [(x,)], lambda _: said(), lambda: float(said()), 2)
    trained(model, lessons, Schedule(1e-3, 1, 0, bf16=True))

    assert kinds == [torch.bfloat16, torch.float32]
    assert model.weight.dtype == torch.float32


def test_the_mean_loss_of_an_epoch_is_over_rows() -> None:
    """A short last batch counts by its rows."""
    model = nn.Linear(1, 1)
    batches = [(torch.ones(3, 1),), (torch.full((1, 1), 5.0),)]
    lessons = Lessons(lambda *_: batches, lambda x: x.mean() + 0 * model(x).sum(), lambda: 1.0, 4)
    news = trained(model, lessons, Schedule(1e-9, 2, 0))

    assert news.losses == (2.0, 2.0)
    assert news.rows == (4, 8)
    assert math.isfinite(news.rates[0])
