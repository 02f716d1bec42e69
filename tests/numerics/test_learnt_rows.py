"""Rows of a training: each once an epoch, in an order of their own, from anywhere on."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from runner.data.mockstar import open_source
from runner.findings import JobFailed
from runner.numerics import learnt_rows
from runner.numerics.learnt_rows import POOL, STRETCH, LearntRows
from runner.numerics.observation import Asked, Observed
from runner.numerics.portions import Joined, Portion


def numbered(rows: int, reads: list[range] | None = None) -> Observed:
    """Rows whose one input is their number, and what was read of them."""

    class Watched(Observed):
        def some(self, rows: range) -> torch.Tensor:
            if reads is not None:
                reads.append(rows)
            return super().some(rows)

    numbers = np.arange(rows, dtype=np.float32)
    return Watched(numbers[:, None], None, numbers.astype(float), split="train", noise=0.0, seed=0)


def learnt(rows: int, batch: int = 8, seed: int = 0) -> LearntRows:
    """Rows with their own number as label."""
    return LearntRows(numbered(rows), torch.arange(rows).float()[:, None], batch=batch, seed=seed, fresh=False)


@pytest.mark.parametrize(("rows", "batch"), [(1, 1), (7, 8), (100, 8), (5000, 256), (20_000, 96), (9000, 3000)])
def test_every_row_comes_once_an_epoch_with_its_label(rows: int, batch: int) -> None:
    """In batches of one size, but for one: the last rows are fewer."""
    batches = list(learnt(rows, batch).batches(0))

    sizes = sorted(len(x) for x, _ in batches)
    assert sizes[1:] == [batch] * (len(batches) - 1)
    assert sizes[0] == rows % batch or sizes[0] == batch
    assert all(torch.equal(x, y) for x, y in batches)
    assert Counter(torch.cat([x[:, 0] for x, _ in batches]).tolist()) == Counter(range(rows))


def test_a_row_that_is_left_alone_is_left_out() -> None:
    """It would be a batch that nothing can be normed by; another one is left out in another epoch."""
    epochs = [torch.cat([x[:, 0] for x, _ in learnt(257, 64).batches(epoch)]).tolist() for epoch in (0, 1)]

    assert [len(set(seen)) for seen in epochs] == [256, 256]
    assert set(epochs[0]) != set(epochs[1])


def test_the_last_rows_of_a_split_come_at_any_time() -> None:
    """They are fewer than a stretch, and are not always the end of an epoch."""
    places = []
    for epoch in range(20):
        order = torch.cat([x[:, 0] for x, _ in learnt(5 * POOL * STRETCH + 100, 1024).batches(epoch)])
        places.append(int((order >= 5 * POOL * STRETCH).nonzero().float().mean()) / len(order))

    assert min(places) < 0.4
    assert max(places) > 0.6


def test_order_is_that_of_seed_and_epoch() -> None:
    """Other epochs and seeds have other orders; the same have the same."""
    orders = [
        tuple(torch.cat([x[:, 0] for x, _ in learnt(3000, seed=seed).batches(epoch)]).tolist())
        for seed, epoch in [(0, 0), (0, 0), (0, 1), (1, 0)]
    ]
    assert orders[0] == orders[1]
    assert len(set(orders)) == 3


@pytest.mark.parametrize(("rows", "batch"), [(100, 8), (3 * POOL * STRETCH + 77, 512), (40_000, 3000)])
def test_an_epoch_goes_on_from_any_batch(rows: int, batch: int) -> None:
    """With the very batches that were left of it."""
    whole = list(learnt(rows, batch).batches(4))
    for first in {0, 1, len(whole) // 2, len(whole) - 1, len(whole)}:
        rest = list(learnt(rows, batch).batches(4, first))
        assert len(rest) == len(whole) - first
        assert all(torch.equal(a[0], b[0]) for a, b in zip(rest, whole[first:], strict=True))


def test_what_was_done_of_an_epoch_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the eight stretches that hold the next batch, and those behind them."""
    monkeypatch.setattr(learnt_rows, "ROOM", 0)
    reads: list[range] = []
    count = 3 * POOL * STRETCH
    rows = LearntRows(numbered(count, reads), torch.zeros(count, 1), batch=1024, seed=0, fresh=False)
    list(rows.batches(0, 20))

    assert len(reads) == POOL
    assert all(len(read) == STRETCH for read in reads)


def test_rows_that_stand_together_are_mixed() -> None:
    """Rows sorted by their target come in batches that hold small and large ones alike."""
    batches = [x for x, _ in learnt(16 * POOL * STRETCH, 1024).batches(0)]
    means = torch.stack([batch.mean() for batch in batches]) / (16 * POOL * STRETCH)

    assert 0.3 < means.mean() < 0.7
    assert means.std() < 0.25  # 0.29 for batches of neighbours


def test_fresh_noise_is_that_of_the_epoch() -> None:
    """Every epoch sees the rows as `redrawn` shows them."""
    split = open_source({"val": 4, "test": 4}, Path()).split(
        "train", 300, target="logg", axes={"noise": 1.0}, seed=1, device="cpu"
    )
    rows = LearntRows(split, torch.arange(300)[:, None], batch=100, seed=0, fresh=True)
    for epoch in (0, 3):
        due = torch.cat(list(split.redrawn(epoch).inputs(300)))
        for x, y in rows.batches(epoch):
            torch.testing.assert_close(x, due[y[:, 0]], rtol=0, atol=0)


def test_some_rows_are_those_that_all_rows_have() -> None:
    """Of a source, of chosen rows, and of rows that were joined."""
    split = open_source({"val": 4, "test": 4}, Path()).split(
        "train", 700, target="logg", axes={"noise": 1.0}, seed=1, device="cpu"
    )
    split.key = "all"  # type: ignore[misc]
    chosen = np.arange(700) % 3 == 1
    for view in (split, Portion(split, chosen), Joined([Portion(split, chosen), Portion(split, ~chosen)])):
        whole = torch.cat(list(view.inputs(700)))
        for rows in (range(0), range(3, 4), range(100, 230), range(view.rows - 5, view.rows)):
            torch.testing.assert_close(view.some(rows), whole[rows.start : rows.stop], rtol=0, atol=0)
        np.testing.assert_array_equal(view.target, torch.cat([y for _, y in view.pairs(700)]).numpy())


def test_few_rows_among_many_are_read_in_pieces() -> None:
    """Not with all that lies between them."""
    reads: list[range] = []
    chosen = np.zeros(100 * STRETCH, dtype=bool)
    chosen[:: 10 * STRETCH] = True
    portion = Portion(numbered(len(chosen), reads), chosen)

    assert portion.some(range(2, 6))[:, 0].tolist() == [10 * STRETCH * k for k in range(2, 6)]
    assert sum(map(len, reads)) == 4


@pytest.mark.parametrize("rows", [range(-1, 2), range(3, 8), range(5, 4)])
def test_rows_there_are_not_are_refused(rows: range) -> None:
    """Rather than fewer of them returned."""
    with pytest.raises(ValueError, match="there are rows 0 to 7"):
        numbered(7).some(rows)


def test_nothing_to_learn_from_is_refused() -> None:
    """No rows, no batch, labels of other rows."""
    with pytest.raises(JobFailed, match="no rows"):
        learnt(0)
    with pytest.raises(JobFailed, match="batch is 0"):
        learnt(5, batch=0)
    with pytest.raises(ValueError, match="3 labels"):
        LearntRows(numbered(5), torch.zeros(3, 1), batch=2, seed=0, fresh=False)


def test_the_test_rows_have_no_target() -> None:
    """Not in one piece either."""
    seen = Asked(open_source({"val": 4, "test": 4}, Path()), "test", 4, "logg", {"noise": 1.0})
    with pytest.raises(JobFailed, match="scoring only"):
        _ = seen.opened().target
