"""The matched job: the optimum of a linear toy, ridge on synthetic stars, and noise that is drawn anew."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from runner.contract import Context, Data, Output, Source
from runner.data import arrays, mockstar
from runner.execution.workshop import Splits
from runner.findings import JobFailed
from runner.jobs.matched import Measuring, Params, Passes, run
from runner.numerics.matched_filters import matched_to
from runner.numerics.networks import Block, residual
from runner.numerics.training import Schedule, one_thread

RANDOM = np.random.default_rng(23)
STATES = RANDOM.normal(size=(3000, 3))  # what the target tells, and two nuisances
PULL = 7 + 3 * STATES[:, 0]
AXES = RANDOM.normal(size=(3, 40)) / 4
SIGMA = RANDOM.uniform(0.5, 2, 40)
QUICK = Params(components=5, weightings=1, hidden=16, blocks=1, steps=60, batch=100)


@pytest.fixture(autouse=True)
def _small() -> Iterator[None]:
    """Networks of a few numbers on one core."""
    with one_thread():
        yield


def toy(folder: Path, val: int = 400, noise: float = 1.0, train: int = 1600, test: int = 1000) -> Data:
    """Rows that are linear in three normal numbers, of which the first is the target, as a file of numbers."""
    sigma = np.broadcast_to(SIGMA, (3000, 40)).astype(np.float32)
    np.savez(folder / "x.npz", X=(STATES @ AXES + 5).astype(np.float32), sigma=sigma, pull=PULL)
    source = arrays.open_source({"path": "x.npz", "val": val, "test": test}, folder)
    return data(cast("Source", source), "pull", {"train": train, "val": val, "test": test}, noise)


def stars(train: int, test: int) -> tuple[Data, np.ndarray]:
    """Synthetic stars at the noise of the instrument, and the target of the test rows."""
    source = mockstar.open_source({"val": 200, "test": test}, Path())
    rows = {"train": train, "val": 200, "test": test}
    return data(cast("Source", source), "logg", rows, 1.0), source.labels("test", test, ["logg"])["logg"]


def data(source: Source, target: str, rows: dict[str, int], noise: float) -> Data:
    """Open the splits of a source and what stands behind them."""
    seen: Any = {"target": target, "axes": {"noise": noise}, "seed": 42, "device": "cpu"}
    splits = {name: source.split(name, count, **seen) for name, count in rows.items()}
    return cast("Data", Splits(**splits, behind=source.origin))


def r2(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Return R²."""
    return float(1 - ((predicted - truth) ** 2).mean() / truth.var())


def predicted(params: Params, given: Data, seed: int = 0) -> np.ndarray:
    """Return the test predictions."""
    return run(params, given, Context(seed=seed)).predictions["test"]


def test_on_a_linear_toy_it_predicts_the_posterior_mean(tmp_path: Path) -> None:
    """In closed form: (I + A S^-1 A')^-1 A S^-1 x. What its predictions miss of it is a hundredth of the target."""
    given = toy(tmp_path)
    x = next(given.test.inputs(1000)).double().numpy() - 5
    precision = np.eye(3) + (AXES / SIGMA**2) @ AXES.T
    best = np.linalg.solve(precision, (AXES / SIGMA**2) @ x.T)[0] * 3 + 7
    found = predicted(replace(QUICK, steps=600, hidden=32), given)

    assert ((found - best) ** 2).mean() < 0.01 * PULL.var()
    assert r2(best, PULL[2000:]) == pytest.approx(1 - np.linalg.inv(precision)[0, 0], abs=0.05)


def test_it_beats_ridge_on_the_pixels() -> None:
    """On the same 3,000 stars, at the better of two penalties on the test rows themselves."""
    given, truth = stars(3000, 500)
    x, y = (torch.cat(parts).numpy() for parts in zip(*given.train.pairs(1000), strict=True))
    pixels = next(given.test.inputs(500)).numpy()
    ridge = max(r2(Ridge(alpha).fit(x, y.astype(np.float32)).predict(pixels), truth) for alpha in (10.0, 30.0))
    found = r2(predicted(Params(steps=60, batch=500, hidden=128, blocks=1), given), truth)

    assert found > ridge + 0.1


def test_noise_is_drawn_anew_every_few_epochs(tmp_path: Path) -> None:
    """Two epochs walk the same numbers, the next two others of the same rows; all over again, the same ones."""
    given = toy(tmp_path)
    clean, sigma, _ = next(iter(given.origin.templates(500)))
    walked = []
    for _ in range(2):
        passes = Passes(given.train, Measuring(matched_to(clean, sigma, 5, 1)), 2, Context())
        epochs = [sorted(zip(y.tolist(), x.tolist(), strict=True)) for x, y in map(whole, [passes] * 4)]
        assert (passes.epochs, passes.draws) == (4, 2)
        walked.append(epochs)

    first, again, fresh, _ = walked[0]
    assert first == again != fresh
    assert [y for y, _ in first] == [y for y, _ in fresh]
    assert walked[0] == walked[1]
    np.testing.assert_allclose(np.mean([x for _, x in first], axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(np.std([x for _, x in first], axis=0), 1, rtol=1e-4)


def whole(passes: Passes) -> list[torch.Tensor]:
    """Return one epoch, joined."""
    return [torch.cat(parts) for parts in zip(*passes.epoch(300), strict=True)]


def test_fresh_noise_is_worth_more_than_the_same_again(tmp_path: Path) -> None:
    """A network that may learn its rows by heart does, unless they look different every time."""
    given = toy(tmp_path, train=300)
    params = Params(components=20, weightings=1, hidden=64, steps=450, batch=100, fresh=1)
    fresh, stale = (r2(predicted(replace(params, fresh=n), given), PULL[2000:]) for n in (1, 1000))

    assert fresh > stale + 0.05


def test_a_row_is_predicted_from_itself_alone(tmp_path: Path) -> None:
    """Whatever other test rows there are: the last 1,000 rows of the file, or the first of them."""
    given = toy(tmp_path)
    few = Splits(given.train, given.val, HeadOf(given.test), behind=lambda _train, _test: given.origin)

    np.testing.assert_allclose(predicted(QUICK, cast("Data", few)), predicted(QUICK, given)[:50], atol=1e-5)


class HeadOf:
    """The first fifty rows of a split."""

    rows = 50

    def __init__(self, split: Any) -> None:
        """Take the split."""
        self.split = split

    def inputs(self, size: int) -> Iterator[torch.Tensor]:
        """Yield them at once."""
        yield next(self.split.inputs(size))[:50]


def test_a_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    """Start and order come from it."""
    given = toy(tmp_path)
    first, again, other = (predicted(QUICK, given, seed).tobytes() for seed in (1, 1, 2))

    assert first == again != other


def test_steps_come_in_whole_epochs_whatever_the_rows(tmp_path: Path) -> None:
    """1,600 rows in steps of 100 are 16 to an epoch, so 60 steps are four; two epochs to a draw."""
    output = run(QUICK, toy(tmp_path), Context())

    assert (output.scalars["epochs"], output.scalars["draws"]) == (4, 2)
    assert output.scalars["train_rows"] == 1600
    assert output.scalars["parameters"] == (6 + 1) * 16 + (2 * 16 + 2 * 17 * 16) + 2 * 16 + 17


def test_without_validation_rows_a_tenth_of_the_training_rows_judges(tmp_path: Path) -> None:
    """And trains nothing."""
    output: Output = run(QUICK, toy(tmp_path, val=0), Context())

    assert output.scalars["train_rows"] == 1440
    assert output.predictions["val"].shape == (0,)


@pytest.mark.parametrize(
    ("params", "changed", "message"),
    [
        (replace(QUICK, fresh=0), {}, "must be 1 or more"),
        (replace(QUICK, blocks=-1), {}, "must be 1 or more"),
        (QUICK, {"noise": 0.0}, "no noise"),
        (QUICK, {"train": 0}, "no rows to fit"),
        (replace(QUICK, lr=1e30), {}, "ran away"),
    ],
)
def test_what_cannot_be_learnt_is_refused(
    params: Params, changed: dict[str, Any], message: str, tmp_path: Path
) -> None:
    """In one line."""
    with pytest.raises(JobFailed, match=message):
        run(params, toy(tmp_path, **changed), Context())


def test_the_rate_rises_and_falls() -> None:
    """To the top after a twentieth of the steps, to a half in the middle and to nothing in the end; or it stays."""
    shares = [Schedule(1.0, 1, 0, steps=1000).share(step) for step in (0, 24, 49, 500, 1000, 1200)]

    np.testing.assert_allclose(shares, [0.02, 0.5, 1, 0.5, 0, 0], atol=0.01)
    assert Schedule(1.0, 1, 0).share(10**9) == 1


def test_a_block_adds_to_what_it_is_given() -> None:
    """Whose scale and level it does not see; a network has as many of them as it is asked for."""
    torch.manual_seed(1)
    block, x = Block(8), torch.randn(5, 8)

    np.testing.assert_allclose((block(4 * x + 3) - (4 * x + 3)).detach(), (block(x) - x).detach(), atol=1e-4)
    assert sum(isinstance(layer, Block) for layer in residual(3, 8, 4, 2)) == 4
    assert residual(3, 8, 4, 2)(torch.zeros(7, 3)).shape == (7, 2)
    assert math.isclose(sum(p.numel() for p in residual(3, 8, 0, 2).parameters()), 4 * 8 + 16 + 9 * 2)
