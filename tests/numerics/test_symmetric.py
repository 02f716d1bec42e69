"""Symmetric matrices in panels, against the whole matrix."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from runner.numerics.symmetric import symmetric


def made_up(p: int) -> torch.Tensor:
    """A symmetric matrix with no pattern."""
    a = torch.from_numpy(np.random.default_rng(p).normal(size=(p, p)))
    return a + a.T


@pytest.fixture(name="whole", params=[1, 5, 64, 65, 600, 1023])
def whole_matrix(request: pytest.FixtureRequest) -> torch.Tensor:
    """Matrices of one panel, of a panel and a column, and of eight."""
    return made_up(request.param)


def test_nothing_is_lost_in_packing(whole: torch.Tensor) -> None:
    """Packed and unpacked, a matrix is what it was, in little more than half the memory."""
    packed = symmetric(whole)

    assert torch.equal(packed.dense(), whole)
    np.testing.assert_array_equal(np.tril(packed.lower()), np.tril(whole))
    if len(whole) > 512:
        assert packed.packed.numel() < 0.57 * whole.numel()


def test_products_and_sums_are_those_of_the_whole(whole: torch.Tensor) -> None:
    """Products with columns, sums, differences, squares of a vector, and some of the columns."""
    packed, p = symmetric(whole), len(whole)
    columns, v = made_up(p)[:, :3], made_up(p)[0]
    some = torch.arange(0, p, 3)

    torch.testing.assert_close(packed @ columns, whole @ columns)
    torch.testing.assert_close((packed + symmetric(made_up(p) ** 2)).dense(), whole + made_up(p) ** 2)
    torch.testing.assert_close((packed - packed).dense(), whole * 0)
    assert torch.equal(packed.chosen(some), whole[some][:, some])
    torch.testing.assert_close(symmetric(whole).add_square(v, -2.0).dense(), whole - 2 * torch.outer(v, v))


def test_products_of_rows_are_added(whole: torch.Tensor) -> None:
    """X'X is added to what is there, taken in single precision where the rows are."""
    x = made_up(len(whole))[:50].float()
    packed = symmetric(whole)
    packed.add_products(x)

    torch.testing.assert_close(packed.dense(), whole + x.double().T @ x.double(), rtol=1e-5, atol=1e-3)
    assert packed.packed.dtype == torch.float64
