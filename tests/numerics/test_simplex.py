"""The simplex search side by side: step by step what scipy does one by one, in a box and out of it."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from runner.numerics.simplex import Found, minimised

RANDOM = np.random.default_rng(9)
ROWS = 12
INSIDE = (-0.5, 0.7)


def rosenbrock(points: Any) -> Any:
    """Return the bent valley [n, k] -> [n], smallest at 1 in every number."""
    x = points.T
    return sum(100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(len(x) - 1))


def bowl(points: Any) -> Any:
    """Return a tilted bowl, smallest at 0.3."""
    return ((points - 0.3) ** 2 * [[1.0, 30, 3, 0.2, 9][: points.shape[1]]]).sum(1)


def quartic(centres: torch.Tensor, _: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    """Return a flat bowl around centres of their own."""
    return (points - centres).pow(4).sum(1)


def searched(function: Any, simplices: np.ndarray, **settings: Any) -> Found:
    """Search a function that is the same for every row."""
    return minimised(lambda _, points: torch.as_tensor(function(points.numpy())), torch.tensor(simplices), **settings)


@pytest.mark.parametrize("numbers", [2, 3, 5])
@pytest.mark.parametrize("function", [rosenbrock, bowl])
@pytest.mark.parametrize("box", [INSIDE, (-np.inf, np.inf)])
def test_every_row_goes_the_way_of_scipy(function: Any, numbers: int, box: tuple[float, float]) -> None:
    """The same number of values asked for, the same point at the end; a sum in another order may part a few ways."""
    simplices = RANDOM.uniform(*INSIDE, size=(ROWS, numbers + 1, numbers))
    found = searched(function, simplices, tolerance=1e-6, calls=5000, box=box)
    same = 0
    for row, simplex in enumerate(simplices):
        options = {"initial_simplex": simplex, "xatol": 1e-6, "fatol": np.inf, "maxfev": 5000}
        alone = minimize(
            lambda x: float(function(x[None])[0]),
            simplex[0],
            method="Nelder-Mead",
            bounds=[box] * numbers,
            options=options,
        )
        np.testing.assert_allclose(found.values[row], alone.fun, atol=1e-9)
        same += alone.nfev == found.calls[row] and np.allclose(found.points[row], alone.x, atol=1e-7)

    assert same >= ROWS - 1
    assert found.settled.all()


def test_minima_are_where_they_are() -> None:
    """Known ones: in the open, and on the edge of a box that leaves it out."""
    simplices = RANDOM.uniform(*INSIDE, size=(ROWS, 4, 3))

    np.testing.assert_allclose(searched(rosenbrock, simplices, tolerance=1e-7, calls=5000).points, 1, atol=1e-5)
    edge = searched(bowl, np.clip(simplices, -1, 0.1), tolerance=1e-7, calls=5000, box=(-1, 0.1)).points
    np.testing.assert_allclose(edge, 0.1, atol=1e-5)


def test_each_row_has_its_own_function() -> None:
    """And comes to the same bytes alone as beside others that end sooner or later."""
    simplices = torch.from_numpy(RANDOM.normal(size=(ROWS, 3, 2)))
    centres = torch.from_numpy(RANDOM.normal(size=(ROWS, 2)))
    settings: Any = {"tolerance": 1e-5, "calls": 400}
    together = minimised(lambda rows, x: quartic(centres[rows], rows, x), simplices, **settings)

    assert len(set(together.calls.tolist())) > 2
    np.testing.assert_allclose(together.points, centres, atol=0.02)
    for row, centre in enumerate(centres):
        alone = minimised(partial(quartic, centre), simplices[[row]], **settings)
        assert torch.equal(alone.points[0], together.points[row])
        assert alone.calls[0] == together.calls[row]


def test_nothing_outside_the_box_is_asked_about() -> None:
    """Not even a corner of the first simplex."""
    asked: list[torch.Tensor] = []

    def falling(_: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
        asked.append(points.clone())
        return -points.sum(1)

    found = minimised(
        falling, 3 * torch.from_numpy(RANDOM.normal(size=(ROWS, 4, 3))), tolerance=1e-4, calls=500, box=(0, 1)
    )
    everything = torch.cat(asked)

    assert everything.min() >= 0
    assert everything.max() <= 1
    assert found.points.max() == 1


def test_the_search_ends_after_enough_values() -> None:
    """With the step it is in: two points tried and all but one moved are the most a step asks for."""
    simplices = RANDOM.normal(size=(ROWS, 6, 5))
    found = searched(rosenbrock, simplices, tolerance=1e-9, calls=50)

    assert not found.settled.any()
    assert ((found.calls >= 50) & (found.calls < 50 + 2 + 5)).all()
    np.testing.assert_array_equal(found.values, rosenbrock(found.points.numpy()))


def test_a_plain_settles() -> None:
    """Where all points are equally good the simplex shrinks all the same, and does not go round for ever."""
    found = searched(lambda x: np.zeros(len(x)), RANDOM.normal(size=(ROWS, 6, 5)), tolerance=1e-3, calls=10_000)

    assert found.settled.all()
    assert found.calls.max() < 500


def test_no_rows_are_no_work() -> None:
    """Nothing is found of nothing."""
    assert searched(bowl, np.empty((0, 3, 2)), tolerance=1e-3, calls=10).points.shape == (0, 2)
