"""Observed rows: clean inputs plus noise that depends on seed, split and row alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from runner.contract import Split, key_at
from runner.findings import InputRefused, JobFailed
from runner.numerics import observation
from runner.numerics.observation import Asked, Observed, noise_of
from runner.numerics.snr import told_statistics

RANDOM = np.random.default_rng(1)
CLEAN = RANDOM.normal(size=(500, 30)).astype(np.float16)
SIGMA = RANDOM.uniform(0.1, 3, size=(500, 30)).astype(np.float32)
TARGET = RANDOM.normal(size=500)


def observed(**changes: Any) -> Observed:
    """The same 500 rows, seen as the changes say."""
    settings: dict[str, Any] = {"split": "train", "noise": 1.0, "seed": 42, "sigma": SIGMA} | changes
    return Observed(CLEAN, settings.pop("sigma"), TARGET, **settings)


def seen(split: Observed, size: int = 500) -> torch.Tensor:
    """All inputs of a split, read `size` rows at a time."""
    return torch.cat(list(split.inputs(size)))


def test_noise_is_normal_and_scaled_by_sigma() -> None:
    """What was added, over noise times sigma, is standard normal at any noise."""
    z = [(seen(observed(noise=noise)).numpy() - CLEAN) / (noise * SIGMA) for noise in (0.5, 2.0)]

    assert stats.kstest(z[0].ravel(), "norm").pvalue > 1e-3
    np.testing.assert_allclose(z[0], z[1], atol=1e-4)


def test_without_noise_the_rows_are_clean() -> None:
    """Noise 0 shows the stored inputs, with sigma or without."""
    for sigma in (SIGMA, None):
        assert np.array_equal(CLEAN, seen(observed(noise=0.0, sigma=sigma)).numpy())


@pytest.mark.parametrize("size", [1, 7, 499, 500, 10_000])
def test_batches_do_not_change_a_row(size: int) -> None:
    """Any batch size shows the same float32 rows in the same order."""
    rows = seen(observed(), size)

    assert rows.dtype == torch.float32
    assert torch.equal(seen(observed()), rows)


def test_fewer_rows_are_the_first_rows() -> None:
    """Asking for fewer rows changes none of those that remain."""
    few = Observed(CLEAN[:50], SIGMA[:50], TARGET[:50], split="train", noise=1.0, seed=42)

    assert torch.equal(seen(observed())[:50], seen(few))
    assert (few.rows, few.width) == (50, 30)


@pytest.mark.parametrize("change", [{"seed": 43}, {"split": "val"}])
def test_seed_and_split_draw_other_noise(change: dict[str, Any]) -> None:
    """Another seed or split gives noise that is unrelated."""
    z = [
        ((seen(split) - torch.tensor(CLEAN)) / torch.tensor(SIGMA)).ravel()
        for split in (observed(), observed(**change))
    ]

    assert abs(float(torch.corrcoef(torch.stack(z))[0, 1])) < 5 / np.sqrt(CLEAN.size)


def test_pairs_join_inputs_and_target() -> None:
    """Inputs and float64 target come together, cut at the same rows."""
    batches = list(observed().pairs(64))

    assert torch.equal(seen(observed()), torch.cat([x for x, _ in batches]))
    assert np.array_equal(TARGET, torch.cat([y for _, y in batches]).numpy())
    assert all(len(x) == len(y) for x, y in batches)


def test_the_test_target_is_refused() -> None:
    """A job cannot even begin to read the target of the test split."""
    with pytest.raises(JobFailed, match="the test target is for scoring only"):
        observed(split="test").pairs(10)


def test_a_job_sees_rows_and_nothing_behind_them() -> None:
    """Clean rows and sigma have no name a job may use; the target has one, which the test split refuses."""
    names = {name for name in dir(observed()) if not name.startswith("_")}

    told = {"rows", "width", "key", "axes", "positions"}
    assert names == told | {"inputs", "pairs", "statistics", "target", "column", "at"}
    assert np.array_equal(TARGET, observed().target)
    with pytest.raises(JobFailed, match="the test target is for scoring only"):
        _ = observed(split="test").target


@pytest.mark.parametrize("noise", [0.0, 0.2, 1.0])
def test_statistics_are_those_of_sigma_at_noise_one(noise: float) -> None:
    """Whatever the noise of the run and the size of a batch, a row has the same ten rounded numbers."""
    rows = torch.cat(list(observed(noise=noise, split="test").statistics(64)))

    assert torch.equal(told_statistics(torch.tensor(SIGMA)), rows)


def test_statistics_of_no_sigma_are_refused() -> None:
    """Data that does not say its noise has nothing to tell of it."""
    with pytest.raises(JobFailed, match="the data has no sigma, so there are no statistics of it"):
        observed(sigma=None, noise=0.0).statistics(10)


def test_axes_set_the_noise() -> None:
    """The noise is that of the axes, 0 where they leave it out; an axis the source does not have is refused."""
    known: dict[str, tuple[str, ...]] = {"noise": (), "mag": ("snr",)}

    assert noise_of({"noise": 0.5, "mag": 20}, known, "stars") == 0.5
    assert noise_of({}, known, "stars") == 0
    with pytest.raises(InputRefused, match="stars has no axis `moon`; it has noise, mag"):
        noise_of({"moon": 1}, known, "stars")


@pytest.mark.parametrize("stride", [1, 10, 1000])
def test_the_stride_does_not_change_a_row(stride: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many rows are made at a time is a matter of speed alone."""
    whole = seen(observed())
    monkeypatch.setitem(observation.STRIDE, "cpu", stride)

    assert torch.equal(whole, seen(observed(), 33))


def test_noise_without_sigma_is_refused() -> None:
    """Data that does not say its noise can only be seen without."""
    with pytest.raises(InputRefused, match="the data has no sigma, so the only noise is 0"):
        observed(sigma=None)


@pytest.mark.parametrize("noise", [-0.1, float("nan"), float("inf")])
def test_impossible_noise_is_refused(noise: float) -> None:
    """Noise is a finite number from 0 on."""
    with pytest.raises(InputRefused, match="must be 0 or more"):
        observed(noise=noise)


class Stored:
    """A source of the rows above, seen at any noise."""

    columns: Mapping[str, str] = {"y": "", "other": ""}

    def size(self, split: str) -> int:
        """Return how many rows there are."""
        del split
        return len(CLEAN)

    def labels(self, split: str, rows: int, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
        """Return label columns."""
        del split
        return {name: TARGET[:rows] * (1 if name == "y" else 2) for name in names or self.columns}

    def split(self, name: str, rows: int, *, target: str, axes: Mapping[str, float], seed: int, device: str) -> Split:
        """Return rows that remember what they were asked for."""
        asked = Asked(self, name, rows, target, axes, seed, device)
        arrays = CLEAN[:rows], SIGMA[:rows], TARGET[:rows]
        return Observed(*arrays, split=name, noise=axes["noise"], seed=seed, device=device, asked=asked)


def of_source(split: str, noise: float) -> Observed:
    """The first 60 rows of that source, known by a key."""
    found = Stored().split(split, 60, target="y", axes={"noise": noise}, seed=42, device="cpu")
    assert isinstance(found, Observed)
    found.key = key_at(f"rows of {split}", found.axes)
    return found


def test_rows_are_the_same_at_another_noise() -> None:
    """The same draw scaled anew; what its key says of the axes is what it would say if it was opened so."""
    quiet = of_source("train", 0.0)
    loud, again = quiet.at(noise=2.0), quiet.at(noise=0.0)

    expected = of_source("train", 2.0)
    assert torch.equal(torch.cat(list(loud.inputs(60))), seen(expected))
    assert (loud.key, again.key) == (expected.key, quiet.key)
    assert len({loud.key, quiet.key, of_source("val", 2.0).key}) == 3


def test_the_test_split_is_seen_as_it_is() -> None:
    """Neither its target nor another noise is for a job; other label columns are."""
    test = of_source("test", 1.0)

    assert np.array_equal(test.column("other"), 2 * TARGET[:60])
    with pytest.raises(JobFailed, match="the test target is for scoring only"):
        test.column("y")
    with pytest.raises(JobFailed, match="the test rows are seen as the experiment says"):
        test.at(noise=0.0)
    with pytest.raises(JobFailed, match="no label column `why`; there is y, other"):
        of_source("val", 1.0).column("why")
