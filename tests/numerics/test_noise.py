"""Normals from the counter hash: normal, independent, and the same however they are asked for."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from runner.counter import hashed
from runner.numerics import noise
from runner.numerics.noise import normals

ROWS = torch.arange(1000)


def box_muller(key: int, rows: int, pairs: int) -> np.ndarray:
    """The module's equation in float64, from the two halves of every word; u and t start as float32."""
    words = hashed(key, np.arange(rows)[:, None], np.arange(pairs)[None, :])
    low, high = (words & 0xFFFFFFFF).astype(np.uint32).view(np.int32), words >> 32
    u = np.maximum(abs(high), 0.25).astype(np.float32) / 2.0**31
    t = low.astype(np.float32) * (np.pi / 2**31)
    r = np.sqrt(-2 * np.log(u))
    return np.stack([r * np.cos(t), r * np.sin(t)], axis=-1).reshape(rows, 2 * pairs)


def test_numbers_are_the_box_muller_of_the_words() -> None:
    """Every number is the double-precision one to float32 rounding."""
    z = normals(11, ROWS, 300).numpy()

    assert z.dtype == np.float32
    np.testing.assert_allclose(z, box_muller(11, 1000, 150), atol=3e-6)


def test_numbers_are_normal() -> None:
    """A million numbers pass Kolmogorov and Smirnov's test and have the moments 0, 1, 0, 3."""
    z = normals(1, ROWS, 1000).double().numpy().ravel()

    assert stats.kstest(z, "norm").pvalue > 1e-3
    for power, moment, variance in [(1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)]:
        assert abs((z**power).mean() - moment) < 4.5 * np.sqrt(variance / z.size)


def test_tails_are_as_long_as_they_should_be() -> None:
    """Of four million numbers about 253 lie beyond 4 sigma, about 2.3 beyond 5, and none is infinite."""
    z = normals(2, torch.arange(2000), 2000).abs()

    assert 180 < int((z > 4).sum()) < 330
    assert 4.8 < float(z.max()) < 7


def test_extreme_words_give_finite_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The smallest and the largest uniform number are as far as the tail goes, and zero."""
    extremes = torch.tensor([[0, 1 << 32, -(2**63), 2**63 - 1, -1]])
    monkeypatch.setattr(noise.Normals, "_hashed", lambda *_: extremes)

    radius = normals(0, torch.arange(1), 10).view(5, 2).norm(dim=1)

    expected = [
        np.sqrt(-2 * np.log(2.0**-33)),
        np.sqrt(-2 * np.log(2.0**-31)),
        0,
        0,
        np.sqrt(-2 * np.log(2.0**-31)),
    ]
    np.testing.assert_allclose(radius, expected, rtol=1e-6)


@pytest.mark.parametrize("block", [1, 100, 1 << 20])
def test_any_batch_slice_order_or_block_gives_the_same_numbers(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number depends on key, row and column and on nothing else."""
    whole = normals(3, ROWS, 77)
    monkeypatch.setitem(noise.BLOCK, "cpu", block)

    assert torch.equal(whole, torch.cat([normals(3, ROWS[i : i + 13], 77) for i in range(0, 1000, 13)]))
    assert torch.equal(whole.flip(0)[::7], normals(3, ROWS.flip(0)[::7], 77))
    assert torch.equal(whole[:, :40], normals(3, ROWS, 40))


def test_rows_and_columns_are_uncorrelated() -> None:
    """No two of 200 adjacent columns or rows correlate over 5000 numbers, by value or by square."""
    for z in (normals(4, torch.arange(5000), 200), normals(4, torch.arange(200), 5000).T):
        for values in (z.double(), z.double() ** 2):
            correlation = np.corrcoef(values.numpy(), rowvar=False) - np.eye(200)
            assert abs(correlation).max() < 6 / np.sqrt(5000)


def test_other_keys_give_other_numbers() -> None:
    """Two keys share no more than chance allows."""
    a, b = normals(5, ROWS, 1000).double(), normals(6, ROWS, 1000).double()

    assert abs(float((a * b).mean())) < 5e-3


@pytest.mark.parametrize(("rows", "width"), [(0, 5), (3, 1), (3, 0)])
def test_small_shapes_are_filled(rows: int, width: int) -> None:
    """No rows, one column and no columns are shapes like any other."""
    assert normals(1, torch.arange(rows), width).shape == (rows, width)


@pytest.mark.gpu
def test_an_accelerator_gives_the_same_numbers() -> None:
    """The numbers of the CPU and of the GPU agree to float32 rounding."""
    there = normals(7, ROWS.cuda(), 1000).cpu()

    torch.testing.assert_close(there, normals(7, ROWS, 1000), atol=3e-6, rtol=0)
