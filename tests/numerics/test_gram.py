"""Gram sums: one pass, any batches, combined exactly."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from runner.findings import JobFailed
from runner.numerics.gram import Gram, Sums, gram_of

RANDOM = np.random.default_rng(2)
X = RANDOM.normal(size=(3000, 12)) @ RANDOM.normal(size=(12, 12)) + 1000 * RANDOM.normal(size=12)
Y = X @ RANDOM.normal(size=12) + RANDOM.normal(size=3000) - 50


def batches(size: int, part: slice = slice(None)) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Cut the made-up rows into batches."""
    x, y = torch.tensor(X[part]), torch.tensor(Y[part])
    return ((x[i : i + size], y[i : i + size]) for i in range(0, len(x), size))


def assert_same(ours: Gram, theirs: Gram, rtol: float) -> None:
    """Every sum of one equals that of the other, relative to the largest."""
    assert ours.n == theirs.n
    for name in ("mean_x", "mean_y", "xx", "xy", "yy"):
        a, b = np.asarray(getattr(ours, name)), np.asarray(getattr(theirs, name))
        assert abs(a - b).max() <= rtol * abs(b).max(), name


@pytest.fixture(scope="module", name="whole")
def whole_sums() -> Gram:
    """The textbook sums over all rows, by numpy."""
    x, y = X - X.mean(0), Y - Y.mean()
    xx, xy = torch.tensor(x.T @ x), torch.tensor(x.T @ y)
    return Gram(len(X), torch.tensor(X.mean(0)), float(Y.mean()), xx, xy, float(y @ y))


@pytest.mark.parametrize("size", [1, 7, 1000, 3000])
def test_any_batch_size_gives_the_textbook_sums(size: int, whole: Gram) -> None:
    """Streaming one row, seven or all at a time changes nothing beyond 1e-12."""
    assert_same(gram_of(batches(size)), whole, 1e-12)


def test_single_precision_products_survive_a_large_mean(whole: Gram) -> None:
    """The shift keeps float32 products to 1e-5 although the means are hundreds of deviations away."""
    rows = ((x.float(), y) for x, y in batches(500))

    rounded = gram_of(((x.double(), y) for x, y in ((x.float(), y) for x, y in batches(500))))
    assert_same(gram_of(rows, torch.float32), rounded, 1e-6)
    assert_same(rounded, whole, 1e-3)


@pytest.mark.parametrize("cut", [1, 1234, 2999])
def test_sums_of_parts_add_up_to_the_whole(cut: int, whole: Gram) -> None:
    """Two parts with different means combine to the sums of all rows."""
    parts = [gram_of(batches(100, part)) for part in (slice(cut), slice(cut, None))]

    assert_same(parts[0] + parts[1], whole, 1e-12)


def test_empty_batches_are_passed_over(whole: Gram) -> None:
    """A batch without rows adds nothing, even as the first."""
    sums = Sums()
    sums.add(torch.zeros(0, 12), torch.zeros(0))
    for x, y in batches(3000):
        sums.add(x, y)

    assert_same(sums.gram(), whole, 1e-12)


def test_no_rows_are_refused() -> None:
    """There is no mean of nothing."""
    with pytest.raises(JobFailed, match="no rows"):
        gram_of([])
