"""The training loop: when it stops, what it keeps, whom it tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from torch import nn

from runner.findings import JobFailed
from runner.numerics.training import Schedule, Trained, one_thread, perceptron, seeded, set_aside, shuffled, trained

Told = list[tuple[int, int, str]]


def walked(values: list[float], patience: int, epochs: int = 9) -> tuple[Trained, float, Told]:
    """Train a number that falls by one every epoch, judged by the given values; return it with what was told."""
    model = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(model.weight)
    judged, told = iter(values), Told()
    ones = torch.ones(1, 1)
    news = trained(
        model,
        lambda: [(ones,)],
        lambda x: model(x).sum(),
        lambda: next(judged),
        Schedule(lr=1.0, epochs=epochs, patience=patience),
        lambda *news: told.append(news),
    )
    return news, float(model.weight.detach()), told


def test_training_stops_when_patience_runs_out_and_returns_to_the_best() -> None:
    """The best is the second of four; after two without a better one it ends there."""
    news, number, told = walked([3.0, 1.0, 2.0, 1.0, 0.0], patience=2)

    assert news == Trained(2, (3.0, 1.0, 2.0, 1.0))
    np.testing.assert_allclose(number, -2, rtol=1e-6)  # Adam moves by lr along a gradient that stays
    assert told == [(epoch, 9, "epoch") for epoch in (1, 2, 3, 4)]


def test_without_patience_every_epoch_is_walked() -> None:
    """And the best of all is kept."""
    news, number, _ = walked([3.0, 1.0, 2.0, 1.5, 0.5, 2.0], patience=0, epochs=6)

    assert (news.best_epoch, len(news.losses)) == (5, 6)
    np.testing.assert_allclose(number, -5, rtol=1e-6)


def test_a_loss_that_is_no_number_says_so() -> None:
    """With what to do."""
    with pytest.raises(JobFailed, match="ran away") as failure:
        walked([1.0, float("nan")], patience=0)
    assert "smaller lr" in str(failure.value.fix)


@pytest.mark.parametrize(
    "schedule", [Schedule(0.0, 5, 5), Schedule(1e-3, 0, 5), Schedule(1e-3, 5, -1), Schedule(float("nan"), 5, 5)]
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

    trained(model, batches, lambda x: model(x).sum(), held_out, Schedule(1e-3, 2, 0))
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
            patch.setattr(torch.optim, "Adam", torch.optim.SGD)
            trained(model, lambda: [(x,)], lambda x: model(x).sum(), lambda: 1.0, Schedule(0.1, 1, 0, clip))
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
