"""Observed rows: clean inputs plus noise that depends on seed, split and row alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from runner.contract import Origin, Split, key_at
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
    assert names == told | {"inputs", "pairs", "some", "statistics", "target", "column", "at", "redrawn"}
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

    def split(
        self, name: str, rows: int, *, target: str, axes: Mapping[str, float], seed: int, device: str, draw: int = 0
    ) -> Split:
        """Return rows that remember what they were asked for."""
        asked = Asked(self, name, rows, target, axes, seed, device, draw)
        arrays = CLEAN[:rows], SIGMA[:rows], TARGET[:rows]
        return Observed(*arrays, split=name, noise=axes["noise"], seed=seed, device=device, asked=asked)

    def origin(self, train: Split, test: Split) -> Origin:
        """Return what stands behind the rows."""
        raise NotImplementedError


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


def normals_of(split: Split) -> torch.Tensor:
    """The standard normals behind the noise of these rows at noise 1."""
    x = torch.cat(list(split.inputs(60)))
    return (x - torch.tensor(CLEAN[:60])) / torch.tensor(SIGMA[:60])


def test_another_draw_is_other_noise_on_the_same_rows() -> None:
    """Draws are unrelated and reproducible, of the same clean rows and targets; draw 0 is the one that is given."""
    rows = of_source("train", 1.0)
    one, two, first = (rows.redrawn(draw) for draw in (1, 2, 0))

    assert torch.equal(seen(rows), torch.cat(list(first.inputs(60))))
    assert torch.equal(normals_of(one), normals_of(rows.redrawn(1)))
    z = torch.stack([normals_of(split).ravel() for split in (rows, one, two)]).double()
    assert abs(torch.corrcoef(z) - torch.eye(3)).max() < 5 / np.sqrt(z.shape[1])
    assert all(stats.kstest(draw.numpy(), "norm").pvalue > 1e-3 for draw in z)
    assert torch.equal(torch.cat([y for _, y in one.pairs(7)]), torch.from_numpy(TARGET[:60]))


def test_another_draw_has_another_key() -> None:
    """Rows of one key are the same rows: those of draw 0 are those that were given."""
    rows = of_source("train", 1.0)

    assert rows.redrawn(0).key == rows.key
    assert len({rows.key, rows.redrawn(1).key, rows.redrawn(2).key, of_source("val", 1.0).redrawn(1).key}) == 4


def test_a_draw_and_a_noise_may_be_asked_for_in_any_order() -> None:
    """The same rows, whichever comes first."""
    rows = of_source("train", 1.0)

    assert torch.equal(
        *(torch.cat(list(s.inputs(60))) for s in (rows.redrawn(1).at(noise=2), rows.at(noise=2).redrawn(1)))
    )


def test_the_key_of_a_draw_says_draw_and_noise() -> None:
    """Rows that differ have keys that differ, and the same rows the same key, whichever way they were asked for."""
    rows = of_source("train", 1.0)
    both, louder = rows.redrawn(1).at(noise=2), rows.at(noise=2)

    assert both.key == louder.redrawn(1).key
    assert both.key != louder.key
    assert rows.redrawn(1).redrawn(0).key == rows.key
    assert rows.redrawn(1).redrawn(2).key == rows.redrawn(2).key


def test_rows_without_a_source_have_one_draw() -> None:
    """Nothing can be asked again of rows that nobody opened; nor of the test split."""
    with pytest.raises(JobFailed, match="these rows are seen as they are, and no other way"):
        observed().redrawn(1)
    with pytest.raises(JobFailed, match="the test rows are seen with their own noise, and no other"):
        of_source("test", 1.0).redrawn(1)


@pytest.mark.parametrize("size", [1, 50, 1000])
@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_what_an_origin_is_shown(size: int, noise: float) -> None:
    """Clean rows, their sigma at the noise they are seen at, and the target, in batches of any size."""
    clean, sigma, y = (torch.cat(parts) for parts in zip(*observed(noise=noise)._unveiled(size), strict=True))

    assert np.array_equal(clean, CLEAN)
    np.testing.assert_allclose(sigma, noise * SIGMA, rtol=1e-6)
    assert np.array_equal(y, TARGET)


def test_an_origin_is_shown_rows_without_sigma() -> None:
    """Data that does not say its noise has none."""
    _, sigma, _ = next(observed(sigma=None, noise=0.0)._unveiled(10))

    assert not sigma.any()


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
