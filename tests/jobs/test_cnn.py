"""The convolutional network: its layers by a plain loop, its size by a formula, what pooling throws away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from runner.contract import Context
from runner.findings import JobFailed
from runner.jobs.cnn import Params, network, run
from runner.numerics.observation import Observed
from runner.numerics.portions import Splits
from runner.numerics.training import one_thread

RANDOM = np.random.default_rng(8)
WIDTH = 30
PLACES = RANDOM.integers(0, WIDTH, 700)
PEAKS = (0.1 * RANDOM.normal(size=(700, WIDTH)) + np.eye(WIDTH)[PLACES]).astype(np.float32)  # one peak in every row
QUICK = Params(channels=2, pool=4, head=(5,), epochs=3, batch=50, stride=2, kernel=3)
PUBLISHED = Params(channels=32, stride=1, pool=1, head=(128,))


def split(name: str, part: slice, target: np.ndarray = PLACES) -> Observed:
    """Some of the made-up rows as one split, without noise."""
    return Observed(PEAKS[part], None, target[part].astype(float), split=name, noise=0.0, seed=1)


DATA = Splits(split("train", slice(500)), split("val", slice(500, 600)), split("test", slice(600, None)))


@pytest.fixture(autouse=True)
def _small() -> Iterator[None]:
    """Networks of a few numbers on one core."""
    with one_thread():
        yield


def predicted(params: Params, **context: Any) -> bytes:
    """Return the bytes of the test predictions."""
    return run(params, DATA, Context(**context)).predictions["test"].tobytes()


def r2(params: Params) -> float:
    """Return R² on the test rows."""
    said = run(params, DATA, Context()).predictions["test"]
    return float(1 - ((said - PLACES[600:]) ** 2).mean() / PLACES[600:].var())


def convolved(x: np.ndarray, layer: nn.Conv1d, dilation: int, stride: int) -> np.ndarray:
    """Slide filters along [channels, positions], number by number, with zeros beyond both ends."""
    assert layer.bias is not None
    weights, bias = layer.weight.detach().double().numpy(), layer.bias.detach().double().numpy()
    kernel = weights.shape[2]
    out = np.zeros((len(weights), -(-x.shape[1] // stride)))
    for channel, place in np.ndindex(*out.shape):
        out[channel, place] = bias[channel]
        for before, tap in np.ndindex(len(x), kernel):
            position = place * stride + (tap - kernel // 2) * dilation
            if 0 <= position < x.shape[1]:
                out[channel, place] += weights[channel, before, tap] * x[before, position]
    return out


@pytest.mark.parametrize(
    ("kernel", "dilation", "stride", "pool"), [(3, 1, 1, 1), (9, 1, 2, 4), (5, 3, 1, 6), (7, 2, 3, 2)]
)
def test_layers_are_those_of_a_plain_loop(kernel: int, dilation: int, stride: int, pool: int) -> None:
    """Filters, batch norm with other moments and scales than it starts with, a bend, means over stretches, a line."""
    params = Params(kernel=kernel, dilation=dilation, stride=stride, pool=pool, channels=2, head=())
    torch.manual_seed(1)
    model = network(params)
    norms = [layer for layer in model if isinstance(layer, nn.BatchNorm1d)]
    for numbers in (part for norm in norms for part in (norm.weight, norm.bias, norm.running_mean, norm.running_var)):
        assert numbers is not None
        numbers.detach().copy_(torch.rand(len(numbers)) + 0.5)
    x = torch.randn(3, 36)

    for row, given in zip(x.double().numpy(), model.eval()(x).detach().double().numpy(), strict=True):
        h = row[None]
        for place, norm in enumerate(norms):
            mean, var, weight, bias = (
                part.detach().double().numpy()[:, None]  # type: ignore[union-attr]
                for part in (norm.running_mean, norm.running_var, norm.weight, norm.bias)
            )
            h = convolved(h, model[1 + 3 * place], dilation, stride)  # type: ignore[arg-type]
            h = np.maximum((h - mean) / np.sqrt(var + 1e-5) * weight + bias, 0)
        cuts = [(k * h.shape[1] // pool, -(-(k + 1) * h.shape[1] // pool)) for k in range(pool)]
        means = np.array([h[:, start:stop].mean(1) for start, stop in cuts]).T.ravel()
        line = model[-1][0]  # type: ignore[index]
        told = line.weight.detach().double().numpy() @ means + line.bias.detach().double().numpy()
        np.testing.assert_allclose(given, told, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("params", "size"),
    [
        (PUBLISHED, 27_457),
        (replace(PUBLISHED, kernel=21), 52_417),
        (Params(), 24_985),
        (QUICK, (3 + 1) * 2 + 2 * 2 + (2 * 3 + 1) * 4 + 2 * 4 + (4 * 4 + 1) * 5 + 5 + 1),
        (replace(QUICK, layers=1), (3 + 1) * 2 + 2 * 2 + (2 * 4 + 1) * 5 + 5 + 1),
    ],
)
def test_parameters_are_counted_by_the_formula(params: Params, size: int) -> None:
    """Per layer (before k + 1) channels and two of the norm for each, then the head; the published shape has 27 K."""
    output = run(replace(params, epochs=1), DATA, Context())

    assert output.scalars["parameters"] == size


def test_it_learns_eight_rows_by_heart() -> None:
    """Judged by the same eight."""
    few = split("train", slice(8))
    params = Params(channels=8, pool=8, stride=1, epochs=150, batch=8)
    output = run(params, Splits(few, split("val", slice(8)), DATA.test), Context())

    assert output.curves["val_r2"].max() > 0.999


def test_one_stretch_does_not_know_where_a_peak_is() -> None:
    """Means over all positions are the same wherever it stands; means over several stretches tell where."""
    params = Params(channels=4, stride=1, kernel=3, head=(16,), epochs=15, batch=50, lr=0.01, standardise=False)

    assert r2(replace(params, pool=1)) < 0.5
    assert r2(replace(params, pool=10)) > 0.9


def test_a_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    """Start, order and dropout all come from it."""
    params = replace(QUICK, dropout=0.2)

    assert predicted(params, seed=1) == predicted(params, seed=1) != predicted(params, seed=2)


def test_inputs_come_to_one_scale_unless_told_otherwise() -> None:
    """Inputs a hundred times as large and shifted are the same to a network that standardises."""
    moved = [
        Observed(100 * PEAKS[part] + 7, None, PLACES[part].astype(float), split=name, noise=0.0, seed=1)
        for name, part in (("train", slice(500)), ("val", slice(500, 600)), ("test", slice(600, None)))
    ]
    for standardise, same in ((True, True), (False, False)):
        params = replace(QUICK, standardise=standardise)
        one, other = (run(params, data, Context()).predictions["test"] for data in (DATA, Splits(*moved)))
        assert np.allclose(one, other, atol=0.05 * PLACES.std()) == same


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kernel": 4}, "kernel is 4; it must be an odd number"),
        ({"kernel": -1}, "kernel is -1"),
        ({"pool": 0}, "must be 1 or more"),
        ({"layers": 0}, "must be 1 or more"),
        ({"head": (8, 0)}, "must be 1 or more"),
        ({"dropout": 1.0}, "dropout is 1"),
        ({"lr": 1e30, "standardise": False, "schedule": "constant", "warm": 0.0}, "ran away"),
    ],
)
def test_what_cannot_be_trained_is_refused(change: dict[str, Any], message: str) -> None:
    """In one line."""
    with pytest.raises(JobFailed, match=message):
        run(replace(QUICK, **change), DATA, Context())
