"""Bins of rows, against predicates written out and numpy's own quantiles."""

from __future__ import annotations

import numpy as np
import pytest

from runner.contract import Partition
from runner.findings import JobFailed
from runner.numerics.bins import bins_of, nearest_bins, quantile_bins

NAMES = (
    "cool_poor",
    "cool_solar",
    "cool_rich",
    "mid_poor",
    "mid_solar",
    "mid_rich",
    "hot_poor",
    "hot_solar",
    "hot_rich",
)
NINE = Partition(("teff", "mh"), ((3750, 4500, 5250, 6000), (-2, -1, 0, 0.5)), NAMES)


@pytest.mark.parametrize(
    ("teff", "mh", "name"),
    [
        (3750, -2.0, "cool_poor"),
        (4500, -1.0, "mid_solar"),  # an inner edge belongs to the bin above it
        (5000, 0.0, "mid_rich"),
        (6000, 0.5, "hot_rich"),  # the last edge of a column to the last bin
        (6000, -2.0, "hot_poor"),
        (4000, 0.5000001, None),
        (3749.9, 0.2, None),
        (4000, -2.1, None),
        (float("nan"), 0.2, None),
    ],
)
def test_edges_are_closed_below_and_at_the_very_end(teff: float, mh: float, name: str | None) -> None:
    """[M/H] = 0 is rich, 6000 K is hot; what lies outside of one column lies in no bin."""
    found = bins_of(NINE, np.array([[teff, mh]]))[0]

    assert (None if found < 0 else NAMES[found]) == name


def test_every_row_lies_where_the_predicates_say() -> None:
    """Random labels, many of them on edges, against the predicate of each bin."""
    random = np.random.default_rng(1)
    labels = np.stack([random.choice([3700, 3750, 4200, 4500, 5250, 6000, 6001], 500), random.normal(-0.5, 1, 500)], 1)
    labels[::7, 1] = random.choice([-2, -1, 0, 0.5], len(labels[::7]))
    expected = np.full(500, -1)
    for i, (low, high) in enumerate([(3750, 4500), (4500, 5250), (5250, 6000)]):
        for j, (poor, rich) in enumerate([(-2, -1), (-1, 0), (0, 0.5)]):
            teff, mh = labels.T
            inside = (teff >= low) & ((teff < high) | ((i == 2) & (teff == high)))
            inside &= (mh >= poor) & ((mh < rich) | ((j == 2) & (mh == rich)))
            expected[inside] = 3 * i + j

    np.testing.assert_array_equal(bins_of(NINE, labels), expected)
    assert set(expected) == set(range(-1, 9))


def test_a_row_in_no_bin_is_nearest_to_one() -> None:
    """A label beyond an edge counts as that edge; rows in a bin stay in it."""
    labels = np.array([[4000, -2.4], [4000, 0.7], [7000, 0.7], [4600, -0.5]])

    assert [NAMES[bin_] for bin_ in nearest_bins(NINE, labels)] == ["cool_poor", "cool_rich", "hot_rich", "mid_solar"]


@pytest.mark.parametrize("parts", [1, 2, 4, 6])
def test_quantile_bins_hold_equal_shares_and_have_no_end(parts: int) -> None:
    """Edges are those of np.quantile, every row has a bin, and no bin is much larger than another."""
    values = np.random.default_rng(2).normal(size=997)
    bins = quantile_bins("mh", values, parts)
    found = bins_of(bins, values[:, None])

    assert bins.edges[0][1:-1] == tuple(np.quantile(values, [k / parts for k in range(1, parts)]))
    assert np.ptp(np.bincount(found, minlength=parts)) <= 1
    assert bins_of(bins, np.array([[-1e9], [1e9]])).tolist() == [0, parts - 1]
    assert bins.names == tuple(f"q{k}" for k in range(1, parts + 1))


@pytest.mark.parametrize(
    ("values", "parts", "message"),
    [
        (np.zeros(9), 3, "the same"),
        (np.array([0.0, 0.0, 0.0, 0.0, 1.0, 2.0]), 2, "the same"),
        (np.array([0.0, 0.0, 1.0, 1.0, 1.0]), 3, "the same"),
        (np.arange(9.0), 0, "one bin"),
        (np.empty(0), 2, "finite"),
        (np.array([1.0, np.nan]), 2, "finite"),
    ],
    ids=["ties", "ties at the low end", "ties around a gap", "parts", "rows", "numbers"],
)
def test_quantiles_that_are_none_are_refused(values: np.ndarray, parts: int, message: str) -> None:
    """Ties would leave a bin without rows."""
    with pytest.raises(JobFailed, match=message):
        quantile_bins("mh", values, parts)
