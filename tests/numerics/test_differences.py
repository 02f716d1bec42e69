"""Differences along a grid: exact for parabolas, one-sided beside what is missing, against brute force."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from runner.numerics.differences import Axis, axes, slopes

RANDOM = np.random.default_rng(12)
HEAT, PULL, METAL = np.arange(6) * 250.0 + 3750, np.arange(5) / 2 + 1, np.arange(4) / 4 - 2.5
NODES = np.array(list(itertools.product(HEAT, PULL, METAL)))
STEPS = np.array([250, 0.5, 0.25])


def along(nodes: np.ndarray, labels: int = 3, *others: np.ndarray) -> list[Axis]:
    """The neighbours along the first labels; the rest of the columns, and more, are at hand."""
    return list(axes(list(nodes.T[:labels]), [*nodes.T[labels:], *others]))


def moved(values: np.ndarray, nodes: np.ndarray, labels: int = 3, *others: np.ndarray) -> np.ndarray:
    """How all values [n, width] move with the first labels."""
    return slopes(torch.tensor(values), along(nodes, labels, *others), slice(len(nodes))).numpy()


def test_parabolas_are_followed_exactly() -> None:
    """Inside the grid the difference is the derivative; at an edge that half a step further in."""
    nodes = RANDOM.permutation(NODES)
    linear, square = RANDOM.normal(size=(2, 3, 7)) / STEPS[:, None] ** [[[1]], [[2]]]
    middle = nodes.mean(0)
    values = (nodes - middle) @ linear + (nodes - middle) ** 2 @ square
    low, high = nodes == nodes.min(0), nodes == nodes.max(0)
    seen_at = nodes + np.where(low, STEPS / 2, 0) - np.where(high, STEPS / 2, 0)

    expected = linear + 2 * (seen_at - middle)[:, :, None] * square

    np.testing.assert_allclose(moved(values, nodes), expected, rtol=1e-9, atol=1e-9 * abs(expected).max())


def test_a_whole_grid_agrees_with_numpy() -> None:
    """On a whole grid in order the differences are those of numpy.gradient."""
    values = RANDOM.normal(size=(len(NODES), 3))
    shaped = values.reshape(6, 5, 4, 3)

    expected = [np.gradient(shaped, step, axis=k).reshape(-1, 3) for k, step in enumerate(STEPS)]

    np.testing.assert_allclose(moved(values, NODES), np.stack(expected, axis=1), rtol=1e-9, atol=1e-12)


def brute(values: np.ndarray, nodes: np.ndarray) -> Iterator[np.ndarray]:
    """Look every neighbour up by its labels."""
    place = {tuple(node): values[k] for k, node in enumerate(nodes)}
    for node in nodes:
        for k, step in enumerate(STEPS):
            side = step * np.eye(3)[k]
            up, down = (tuple(other) if tuple(other) in place else tuple(node) for other in (node + side, node - side))
            with np.errstate(invalid="ignore"):
                yield (place[up] - place[down]) / np.float64(up[k] - down[k])


@pytest.mark.parametrize("kept", [115, 60])
def test_missing_nodes_are_gone_around(kept: int) -> None:
    """With nodes missing anywhere, in any order, every row agrees with a lookup by labels; a lone one knows nothing."""
    nodes = RANDOM.permutation(NODES)[:kept]
    values = RANDOM.normal(size=(kept, 2))

    expected = np.reshape(list(brute(values, nodes)), (kept, 3, 2))

    assert kept > 100 or np.isnan(expected).any()
    np.testing.assert_allclose(moved(values, nodes), expected, rtol=1e-9)


def test_some_rows_move_as_they_do_among_all() -> None:
    """A few rows find their neighbours among all."""
    values = torch.tensor(RANDOM.normal(size=(len(NODES), 2)))
    found = along(NODES)

    whole = slopes(values, found, slice(len(NODES)))
    assert torch.equal(whole[37:50], slopes(values, found, slice(37, 50)))
    assert whole.float().allclose(slopes(values.float(), found, slice(len(NODES))), rtol=1e-4, atol=1e-4)


def test_columns_nobody_asks_for_part_the_rows_too() -> None:
    """Along one label, neighbours agree in the columns of the grid that were not asked for."""
    nodes = RANDOM.permutation(NODES)
    values = RANDOM.normal(size=(len(nodes), 2))

    for labels in (1, 2):
        np.testing.assert_array_equal(moved(values, nodes, labels), moved(values, nodes)[:, :labels])


@pytest.mark.parametrize(
    "other",
    [
        np.ones(len(NODES)),  # has one value
        RANDOM.normal(size=len(NODES)),  # was measured
        np.floor(NODES[:, 0] / 1000) + (NODES[:, 1] > 2),  # follows from the labels
    ],
)
def test_other_columns_are_no_part_of_the_grid(other: np.ndarray) -> None:
    """A column that tells nothing new apart, or has more values than half the rows, stands between no neighbours."""
    values = RANDOM.normal(size=(len(NODES), 2))
    columns = [NODES[:, 0], NODES[:, 1]]

    found = list(axes(columns, [other, NODES[:, 2]]))

    expected = moved(values, NODES)[:, :2]
    np.testing.assert_array_equal(slopes(torch.tensor(values), found, slice(len(NODES))).numpy(), expected)


def test_no_column_is_read_that_is_not_needed() -> None:
    """Where the labels tell all rows apart, nothing else is asked for: a column may take long to make."""
    others = iter([NODES[:, 0]])

    assert len(list(axes(list(NODES.T), others))) == 3
    assert next(others, None) is not None


def test_a_cloud_of_points_has_no_neighbours() -> None:
    """Rows that are no grid have steps of 0."""
    cloud = RANDOM.normal(size=(40, 2))

    assert not any(axis.step.any() for axis in axes(list(cloud.T), []))
