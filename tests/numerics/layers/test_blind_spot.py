"""The blind-spot network: never its own input, all others, from both sides alike, and as many weights as published."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from runner.numerics.layers.blind_spot import FLOOR, BlindSpot, Layer

WIDTHS = [2, 5, 16, 21, 64]


def judged(layers: int = 4, channels: int = 6, kernel: int = 5, given: int = 1) -> BlindSpot:
    """Return a network in double precision whose batch norms have seen something, as it is judged."""
    torch.manual_seed(3)
    network = BlindSpot(layers, channels, kernel, given).double().eval()
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            for numbers in (part.running_mean, part.weight, part.bias):
                nn.init.normal_(torch.as_tensor(numbers))
            nn.init.uniform_(torch.as_tensor(part.running_var), 0.5, 2)
    return network


def rows(width: int, count: int = 2, given: int = 1) -> torch.Tensor:
    """Return rows of normal numbers."""
    return torch.from_numpy(np.random.default_rng(width).normal(size=(count, given, width)))


def test_parameters_are_as_many_as_published() -> None:
    """1,889,670 with an error vector beside the inputs; one channel less takes its weights in two convolutions."""
    two, one = (sum(p.numel() for p in BlindSpot(9, 48, 25, given).parameters()) for given in (2, 1))
    convolution: Callable[[int, int, int], int] = lambda given, made, kernel: (given * kernel + 1 + 2) * made  # noqa: E731
    encoder = convolution(2, 48, 25) + 9 * convolution(48, 48, 25)
    decoder = 7 * convolution(96, 48, 25) + convolution(50, 48, 25) + 8 * convolution(48, 48, 25)
    head = convolution(96, 192, 1) + convolution(192, 96, 1) + convolution(96, 2, 1)

    assert two == encoder + decoder + head == 1_889_670
    assert one == two - 2 * 25 * 48 == 1_887_270


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("which", [0, 1])
def test_no_output_sees_its_own_input_and_each_sees_all_others(width: int, which: int) -> None:
    """The derivative is exactly 0 there, at the ends and behind all pooling, and nowhere else."""
    network = judged()
    x = rows(width, 1).requires_grad_()
    given = network(x)[which][0]
    slopes = np.stack([torch.autograd.grad(one, x, retain_graph=True)[0][0, 0] for one in given])

    np.testing.assert_array_equal(slopes != 0, ~np.eye(width, dtype=bool))


def test_whatever_stands_at_a_place_its_output_stays() -> None:
    """Even where it is far out of range; in the network as published, as far as layers and kernel go."""
    network, x = judged(9, 3, 25), rows(300)
    changed = x.clone()
    changed[:, :, 123] = 1e3
    (mu, sigma), (other, wider) = network(x), network(changed)

    assert torch.equal(mu[:, 123], other[:, 123])
    assert torch.equal(sigma[:, 123], wider[:, 123])
    assert (mu != other).sum() == 2 * 299


@pytest.mark.parametrize("width", WIDTHS)
def test_mirrored_inputs_give_mirrored_outputs(width: int) -> None:
    """With both directions exchanged where they meet, as they are in maps of the encoder."""
    network, x = judged(), rows(width)
    turned = copy.deepcopy(network)
    join = turned.head[0]
    assert isinstance(join, Layer)
    join.conv.weight.data = join.conv.weight.data.roll(6, 1)

    for here, there in zip(network(x), turned(x.flip(-1)), strict=True):
        np.testing.assert_allclose(here.detach(), there.detach().flip(-1), rtol=1e-9, atol=1e-12)
    for here, there in zip(network.maps(x), network.maps(x.flip(-1)), strict=True):
        np.testing.assert_allclose(here.detach(), there.detach().flip(-1).roll(6, 1), rtol=1e-9, atol=1e-12)
    assert [made.shape[-1] for made in network.maps(x)] == [-(-width // 2**depth) for depth in range(4)]


@pytest.mark.parametrize("width", [7, 8])
@pytest.mark.parametrize("given", [1, 2])
def test_network_is_what_its_formulas_say(width: int, given: int) -> None:
    """Place by place, in loops."""
    network, x = judged(3, 2, 3, given), rows(width, 1, given)
    forth, _ = walked(network, x[0].numpy())
    back, _ = walked(network, x[0].flip(-1).numpy())
    before, behind = (np.pad(y, ((0, 0), (1, 0)))[:, :width] for y in (forth, back))
    y = np.concatenate([before, behind[:, ::-1]])
    for layer in network.head:
        y = convolved(layer, y)

    mu, sigma = network(x)
    np.testing.assert_allclose(mu[0].detach(), y[0], rtol=1e-9)
    np.testing.assert_allclose(sigma[0].detach(), np.log1p(np.exp(y[1])) + FLOOR, rtol=1e-9)


def test_maps_hold_both_directions() -> None:
    """Each place beside the same place seen from the other side."""
    network, x = judged(3, 2, 3), rows(8, 1)
    (_, forth), (_, back) = (walked(network, y.numpy()) for y in (x[0], x[0].flip(-1)))

    for made, one, other in zip(network.maps(x), forth, back, strict=True):
        np.testing.assert_allclose(made[0].detach(), np.concatenate([one, other[:, ::-1]]), rtol=1e-9)


def test_batch_norm_follows_the_batch_only_while_it_trains() -> None:
    """So a network that is judged gives of a row what it gives of it alone."""
    network, x = judged(), rows(16, 5)
    together, alone = network(x)[0][:1], network(x[:1])[0]
    np.testing.assert_allclose(together.detach(), alone.detach(), rtol=1e-9, atol=1e-12)
    network.train()
    assert (network(x)[0][:1] - network(x[:1])[0]).abs().max() > 0.01


def walked(network: BlindSpot, x: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return what the U-Net makes of a row [given, width] from the left, and the maps of its encoder."""
    start = np.pad(x, ((0, 0), (0, -x.shape[1] % 2 ** len(network.decoder))))
    y, skips, maps = convolved(network.first, start), [start], []
    for depth, layer in enumerate(network.encoder):
        if depth:
            y = np.maximum(y[:, ::2], np.pad(y, ((0, 0), (1, 0)))[:, :-1:2])  # a place and the one before it
            skips.append(y)
        y = convolved(layer, y)
        maps.append(y)
    for stage, skip in zip(network.decoder, [*skips[-2::-1]], strict=True):
        assert isinstance(stage, nn.Sequential)
        y = np.concatenate([y[:, np.arange(2 * y.shape[1]) // 2], skip])
        for layer in stage:
            y = convolved(layer, y)
    return y, maps


def convolved(layer: nn.Module, x: np.ndarray) -> np.ndarray:
    """Return what a layer makes of [given, width], in loops."""
    assert isinstance(layer, Layer)
    weight, bias = layer.conv.weight.detach().numpy()[:, :, 0], torch.as_tensor(layer.conv.bias).detach().numpy()
    made, _, kernel = weight.shape
    y = np.empty((made, x.shape[1]))
    for channel in range(made):
        for place in range(x.shape[1]):
            seen = [(t, place - kernel + 1 + t) for t in range(kernel) if place - kernel + 1 + t >= 0]
            y[channel, place] = bias[channel] + sum(weight[channel, :, t] @ x[:, at] for t, at in seen)
    norm = layer.norm
    mean, var, gain, shift = (torch.as_tensor(t).detach().numpy()[:, None] for t in
                              (norm.running_mean, norm.running_var, norm.weight, norm.bias))  # fmt: skip
    y = (y - mean) / np.sqrt(var + norm.eps) * gain + shift
    bent: np.ndarray = np.where(y < 0, layer.slope * y, y)
    return bent
