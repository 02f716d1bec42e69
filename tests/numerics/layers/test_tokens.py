"""Tokens: dot products of patches, counted as convolutions count, padded at the end where that is asked."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from runner.numerics.layers.tokens import Patches

CASES = [(40, 8, 8), (40, 8, 4), (43, 8, 8), (43, 8, 5), (8, 8, 8), (41, 10, 3)]


@pytest.mark.parametrize(("width", "patch", "stride"), CASES)
def test_tokens_are_those_of_a_convolution(width: int, patch: int, stride: int) -> None:
    """A loop of dot products, and torch's own convolution; what fills no patch is dropped."""
    x = torch.randn(3, width)
    layer = Patches(width, patch, stride, 5, padded=False)
    w, b = layer.line.weight.detach(), layer.line.bias.detach()
    found = layer(x).detach()
    conv = functional.conv1d(x[:, None], w[:, None], b, stride).transpose(1, 2)

    assert layer.tokens == (width - patch) // stride + 1
    assert found.shape == (3, layer.tokens, 5)
    np.testing.assert_allclose(found, conv, atol=1e-5)
    for token in range(layer.tokens):
        for row in range(3):
            part = x[row, token * stride : token * stride + patch]
            np.testing.assert_allclose(found[row, token], [part @ line for line in w] + b.numpy(), atol=1e-5)


@pytest.mark.parametrize(("width", "patch", "stride"), CASES)
def test_padded_tokens_are_windows_of_a_row_with_zeros_behind_it(width: int, patch: int, stride: int) -> None:
    """As many as it takes to see every input, counted and cut by numpy."""
    x = torch.randn(3, width)
    layer = Patches(width, patch, stride, 5, padded=True)
    tokens = int(np.ceil((width - patch) / stride)) + 1
    row = np.concatenate([x.numpy(), np.zeros((3, patch), np.float32)], 1)
    windows = np.stack([row[:, first : first + patch] for first in range(0, tokens * stride, stride)], 1)
    w, b = (part.detach().numpy() for part in (layer.line.weight, layer.line.bias))

    assert layer.tokens == tokens
    np.testing.assert_allclose(layer(x).detach().numpy(), windows @ w.T + b, atol=1e-5)


def test_they_start_as_a_convolution_does() -> None:
    """Uniformly within one over the square root of a patch."""
    torch.manual_seed(1)
    ours = Patches(64, 16, 16, 4000, padded=False).line
    theirs = torch.nn.Conv1d(1, 4000, 16)

    assert theirs.bias is not None
    for mine, other in ((ours.weight, theirs.weight), (ours.bias, theirs.bias)):
        assert mine.std().item() == pytest.approx(0.25 / np.sqrt(3), rel=0.03)
        assert mine.std().item() == pytest.approx(other.std().item(), rel=0.03)
        assert 0.24 < mine.abs().max().item() <= 0.25
