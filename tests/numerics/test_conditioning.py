"""Inputs beside their products with a label."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from runner.numerics.conditioning import Conditioned
from tests.jobs.made_up_data import MadeUp


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("size", [7, 60])
def test_inputs_stand_beside_their_products(order: int, size: int) -> None:
    """Every batch holds x, m x and, where asked, m^2 x of its own rows; the target stays what it was."""
    train = MadeUp().train
    (x, y), m = train.numbers(), np.linspace(-2, 1, 60)
    bent = Conditioned(train, torch.from_numpy(m), order)
    inputs, targets = (torch.cat(parts) for parts in zip(*bent.pairs(size), strict=True))

    expected = np.hstack([x * (m[:, None] ** power) for power in range(order + 1)])
    assert (bent.rows, bent.width) == expected.shape
    np.testing.assert_allclose(inputs, expected, rtol=1e-6)
    np.testing.assert_array_equal(targets, y)
    assert torch.equal(torch.cat(list(bent.inputs(size))), inputs)
    assert inputs.dtype == torch.float32
