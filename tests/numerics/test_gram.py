"""Gram sums: one pass, any batches, combined exactly."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from runner.findings import JobFailed
from runner.numerics import gram
from runner.numerics.gram import Gram, Sums, gram_of, grams_of, summed
from runner.numerics.symmetric import symmetric

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
    for name in ("mean_x", "mean_y", "dense", "xy", "yy"):
        a, b = (np.asarray(part() if callable(part) else part) for part in (getattr(ours, name), getattr(theirs, name)))
        assert abs(a - b).max() <= rtol * abs(b).max(), name


@pytest.fixture(scope="module", name="whole")
def whole_sums() -> Gram:
    """The textbook sums over all rows, by numpy."""
    x, y = X - X.mean(0), Y - Y.mean()
    xx, xy = symmetric(torch.tensor(x.T @ x)), torch.tensor(x.T @ y)[:, None]
    return Gram(len(X), torch.tensor(X.mean(0)), torch.tensor([Y.mean()]), xx, xy, torch.tensor([[y @ y]]))


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


def test_any_batch_size_gives_the_same_bits() -> None:
    """Rows wait for their block, so the size of a batch leaves no trace, whatever the type of the products."""
    for kind in (torch.float32, torch.float64):
        one, other = (gram_of(((x.float(), y) for x, y in batches(size)), kind) for size in (7, 3000))
        for name in ("mean_x", "mean_y", "xy", "yy"):
            assert torch.equal(getattr(one, name), getattr(other, name))
        assert torch.equal(one.xx.packed, other.xx.packed)


@pytest.mark.parametrize("cut", [1, 1234, 2900])
def test_parts_can_be_taken_away(cut: int, whole: Gram) -> None:
    """The sums without those of one part are those of the other."""
    parts = [gram_of(batches(100, part)) for part in (slice(cut), slice(cut, None))]

    assert_same(parts[0] + parts[1] - parts[0], parts[1], 1e-9)
    with pytest.raises(JobFailed, match="no rows"):
        _ = whole - whole


def test_bins_are_summed_apart_in_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every bin's sums are those of its rows alone; the row in no bin counts nowhere, the bin without rows has none."""
    monkeypatch.setattr(gram, "BLOCK", 64)
    bins = torch.from_numpy(RANDOM.integers(0, 3, 3000))
    bins[:50] = -1
    cut = ((x, y, bins[i : i + 70]) for i, (x, y) in zip(range(0, 3000, 70), batches(70), strict=True))
    *found, nobody = grams_of(cut, 4)

    assert nobody is None
    for k, sums in enumerate(found):
        rows = np.flatnonzero(bins == k)
        assert sums is not None
        assert_same(sums, gram_of([(torch.tensor(X[rows]), torch.tensor(Y[rows]))]), 1e-12)
    assert_same(summed(part for part in found if part), gram_of(batches(99, slice(50, None))), 1e-12)


def test_every_bin_may_have_products_of_its_own_type() -> None:
    """Only the bin that asks for single precision is rounded to it."""
    bins = torch.arange(3000) % 2
    single, mixed, double = (
        grams_of([(torch.tensor(X), torch.tensor(Y), bins)], 2, kinds)
        for kinds in (torch.float32, [torch.float32, torch.float64], torch.float64)
    )

    for k, (same, other) in enumerate([(single, double), (double, single)]):
        mine, equal, different = mixed[k], same[k], other[k]
        assert mine is not None
        assert equal is not None
        assert different is not None
        assert torch.equal(mine.xx.packed, equal.xx.packed)
        assert not torch.equal(mine.xx.packed, different.xx.packed)


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_several_targets_are_several_sums(kind: torch.dtype) -> None:
    """Each target's sums are those it has alone, and the targets have theirs with each other."""
    targets = np.column_stack([Y, Y**2, X[:, 0]])
    together = gram_of([(torch.tensor(X), torch.tensor(targets))], kind)
    alone = [gram_of([(torch.tensor(X), torch.tensor(y))], kind) for y in targets.T]

    for k, sums in enumerate(alone):
        torch.testing.assert_close(together.xy[:, [k]], sums.xy, rtol=1e-10, atol=1e-10 * float(sums.xy.abs().max()))
        torch.testing.assert_close(together.mean_y[[k]], sums.mean_y)
    np.testing.assert_allclose(together.yy, np.cov(targets.T, bias=True) * 3000, rtol=1e-10)


def test_columns_are_scaled_picked_and_projected_in_the_sums(whole: Gram) -> None:
    """What is done to the sums is what would have been done to the rows."""
    columns, axes = torch.tensor([1, 5, 6]), torch.from_numpy(RANDOM.normal(size=(12, 4)))
    made = {
        "divided": (whole.divided(whole.spread()), X / X.std(0)),
        "chosen": (whole.chosen(columns), X[:, columns]),
        "onto": (whole.onto(axes), X @ axes.numpy()),
    }

    for sums, rows in made.values():
        assert_same(sums, gram_of([(torch.tensor(rows), torch.tensor(Y))]), 1e-10)
    np.testing.assert_allclose(whole.spread(), X.std(0), rtol=1e-12)


def test_a_constant_column_is_divided_by_nothing() -> None:
    """Its deviation is the last bit of a float, and dividing by that would make noise of it."""
    tenth = np.float32(0.1)
    flat = np.where(np.median(Y) < Y, tenth, np.nextafter(tenth, np.float32(1)))
    x = np.column_stack([X[:, 0], flat, np.zeros(3000)]).astype(np.float32)

    assert gram_of([(torch.tensor(x), torch.tensor(Y))]).spread()[1:].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("products", "rows", "width", "kind"),
    [
        ("auto", 6144, 4096, torch.float32),
        ("auto", 6143, 4096, torch.float64),
        ("auto", 10**6, 511, torch.float64),
        ("single", 10, 10, torch.float32),
        ("double", 10**6, 4096, torch.float64),
    ],
)
def test_products_are_single_where_that_is_safe(
    products: gram.Products, rows: int, width: int, kind: torch.dtype
) -> None:
    """Left to itself a fit takes single precision for many rows of many columns only."""
    assert gram.precision(products, rows, width) == kind


def test_empty_batches_are_passed_over(whole: Gram) -> None:
    """A batch without rows adds nothing, even as the first."""
    sums = Sums()
    sums.add(torch.zeros(0, 12), torch.zeros(0, 1))
    for x, y in batches(3000):
        sums.add(x, y[:, None])

    assert_same(sums.gram(), whole, 1e-12)


def test_no_rows_are_refused() -> None:
    """There is no mean of nothing."""
    with pytest.raises(JobFailed, match="no rows"):
        gram_of([])
