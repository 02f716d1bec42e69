"""Templates and rows: chi-square against least squares, the nearest against brute force, and no digits lost."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from runner.findings import JobFailed
from runner.numerics import template_grid
from runner.numerics.template_grid import Box, Comparison, Library, training_rows
from runner.origin import Seen

RANDOM = np.random.default_rng(4)
WIDTH = 50
BENDS = RANDOM.uniform(1, 3, size=(2, WIDTH))
SIGMA = RANDOM.uniform(0.5, 4, size=WIDTH)


class Waves:
    """A law of two labels, and of a brightness on which only the noise depends."""

    names, labels = ("a", "b", "brightness"), 2
    axes = (np.linspace(0, 1, 7), np.linspace(-2, 2, 5))

    def states(self, scores: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return scores moved by 9, so that their middle is known."""
        return scores + 9, torch.ones_like(scores)

    def seen(self, states: torch.Tensor) -> Seen:
        """Return a wave for each state, with noise that grows with its brightness and with the label a."""
        mean = 2 + torch.sin(states[:, :2] @ torch.from_numpy(BENDS))
        variance = torch.from_numpy(SIGMA**2) * (states[:, [2]] + states[:, [0]])
        return Seen(mean.float(), variance.float())


def library(clean: np.ndarray, variance: np.ndarray | None = None, size: int = 9) -> Library:
    """Templates in batches; each says its number."""
    squares = np.ones_like(clean) if variance is None else variance
    numbers = torch.arange(len(clean), dtype=torch.float64)[:, None]
    tensors = torch.tensor(clean).float(), torch.tensor(squares).float(), numbers
    return lambda: (
        (Seen(mean, square), said)
        for mean, square, said in zip(*(torch.split(part, size) for part in tensors), strict=True)
    )


def least_squares(row: np.ndarray, template: np.ndarray, sigma: np.ndarray) -> float:
    """Return the chi-square at the best amplitude, from numpy's least squares."""
    left = np.linalg.lstsq((template / sigma)[:, None], row / sigma)[1]
    return float(left[0])


def test_chi_square_is_that_of_least_squares() -> None:
    """With the noise for weights, at the amplitude that numpy finds."""
    clean, rows = RANDOM.uniform(1, 2, size=(20, WIDTH)), RANDOM.normal(size=(20, WIDTH))
    comparison = Comparison(library(clean, np.tile(SIGMA**2, (20, 1))))
    got = comparison.chi_square(comparison.scaled(torch.tensor(rows).float()), torch.tensor(clean).float())

    due = [least_squares(row, template, SIGMA) for row, template in zip(rows, clean, strict=True)]
    np.testing.assert_allclose(got, due, rtol=2e-5)


def test_the_nearest_is_that_of_brute_force() -> None:
    """Over all templates, in whatever batches they come, for rows of any amplitude."""
    clean = RANDOM.uniform(1, 2, size=(60, WIDTH))
    rows = RANDOM.uniform(0.1, 9, size=(40, 1)) * clean[RANDOM.integers(60, size=40)]
    rows += 0.5 * SIGMA * RANDOM.normal(size=rows.shape)
    best = [int(np.argmin([least_squares(row, template, SIGMA) for template in clean])) for row in rows]

    assert len(set(best)) > 15
    for size in (60, 9):
        comparison = Comparison(library(clean, np.tile(SIGMA**2, (60, 1)), size))
        assert comparison.templates == 60
        said = comparison.nearest(comparison.scaled(torch.tensor(rows).float()))
        np.testing.assert_array_equal(said[:, 0], best)


def test_weights_are_of_the_mean_variance() -> None:
    """Of the whole library, whatever its batches; where an input has no noise, all weigh the same."""
    variance = RANDOM.uniform(1, 5, size=(25, WIDTH))
    quiet = variance * (np.arange(WIDTH) != 3)

    np.testing.assert_allclose(Comparison(library(variance, variance)).root, variance.mean(0) ** -0.5, rtol=1e-6)
    np.testing.assert_array_equal(Comparison(library(variance, quiet)).root, np.ones(WIDTH))


def test_a_small_chi_square_keeps_its_digits() -> None:
    """That of a row and a template that differ by a millionth in one input: two large sums would leave nothing."""
    clean = torch.ones(WIDTH, WIDTH) + torch.rand(WIDTH, generator=torch.Generator().manual_seed(1))
    rows = clean + 2.0**-18 * torch.eye(WIDTH)
    got = Comparison(library(clean.numpy())).chi_square(rows, clean)

    due = [
        least_squares(row, template, np.ones(WIDTH))
        for row, template in zip(*(x.double().numpy() for x in (rows, clean)), strict=True)
    ]
    np.testing.assert_allclose(got, due, rtol=0.1)


@pytest.mark.parametrize("every", [1, 2, 3])
def test_a_grid_has_the_nodes_of_the_law(every: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each so many along every label, seen in the middle of the rest, batch by batch."""
    monkeypatch.setattr(template_grid, "SIZE", 4)
    box, law = Box(Waves(), "cpu"), Waves()  # type: ignore[arg-type]
    walked = list(box.grid(every)())
    nodes = np.array(list(itertools.product(law.axes[0][::every], law.axes[1][::every])))
    states = torch.tensor(np.column_stack([nodes, np.full(len(nodes), 9)]))

    assert max(len(labels) for _, labels in walked) == 4
    np.testing.assert_array_equal(torch.cat([labels for _, labels in walked]), nodes)
    for place, due in enumerate(law.seen(states)):
        np.testing.assert_allclose(torch.cat([seen[place] for seen, _ in walked]), due, rtol=1e-6)
    np.testing.assert_array_equal(box.low, [0, -2])
    np.testing.assert_array_equal(box.width, [1, 4])


class Rows:
    """The training rows of a source without a law."""

    def templates(self, size: int) -> Iterator[tuple[Any, Any, Any]]:
        """Yield two batches of them."""
        assert size >= 2
        yield torch.ones(2, 3), 2 * torch.ones(2, 3), torch.tensor([5.0, 6.0])
        yield torch.zeros(1, 3), 4 * torch.ones(1, 3), torch.tensor([7.0])


def test_training_rows_are_templates_that_say_their_target() -> None:
    """With the variance of their noise."""
    (first, said), (second, last) = training_rows(Rows())()  # type: ignore[arg-type]

    np.testing.assert_array_equal(first.variance, np.full((2, 3), 4))
    np.testing.assert_array_equal(second.variance, np.full((1, 3), 16))
    np.testing.assert_array_equal(torch.cat([said, last]), [[5], [6], [7]])


def test_without_templates_there_is_nothing_to_compare() -> None:
    """Which is said in one line."""
    with pytest.raises(JobFailed, match="no templates"):
        Comparison(lambda: iter(()))
