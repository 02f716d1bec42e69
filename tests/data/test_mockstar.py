"""The synthetic stand-in: who is drawn, that a row is a function of its number, and that sigma stays inside."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from runner.contract import read_contract
from runner.data import mockstar
from runner.data.mockstar import COLUMNS, Mockstar, open_source
from runner.findings import InputRefused
from runner.numerics import emulator, instrument
from runner.numerics.noise import normals
from runner.numerics.observation import View, noise_key
from runner.numerics.star_law import HIGH, LOW, STEP

MANY = range(60_000)
SEEN: dict[str, Any] = {"target": "logg", "axes": {"noise": 1.0}, "seed": 42, "device": "cpu"}


def opened(**options: Any) -> Mockstar:
    """The stand-in with 1000 validation and 50,000 test rows."""
    return open_source({"val": 1000, "test": 50_000, **options}, Path("no/such/folder"))


def nodes() -> Mockstar:
    """The stand-in with the nodes of BOSZ as its test rows."""
    return open_source({"val": 1000, "test": 30_240, "labels": "nodes"}, Path())


def seen(rows: range, **changes: Any) -> torch.Tensor:
    """Some test rows as a job would see them, the rest of the split left unmade."""
    view = opened().split("test", 50_000, **{**SEEN, **changes})
    assert isinstance(view, View)
    return view._observed(rows)


def clean_and_sigma(source: Mockstar, split: str, rows: range) -> tuple[torch.Tensor, torch.Tensor]:
    """What the instrument makes of some rows, in float64."""
    stars = source.draw(split, rows)
    clean = emulator.clean(stars.labels, dtype=torch.float64).clamp(min=0)
    return clean, instrument.sigma(clean, torch.tensor(stars.mag), torch.tensor(stars.factor))


def test_continuous_labels_have_the_declared_distributions() -> None:
    """Kolmogorov and Smirnov see uniform teff, logg and mag, Beta(1.25) abundances and a lognormal factor."""
    stars = opened().draw("train", MANY)
    shares = (stars.labels - LOW) / (HIGH - LOW)
    beta = stats.beta(1.25, 1.25).cdf

    for values, cdf in [
        *((shares[:, k], "uniform") for k in (0, 1)),
        *((shares[:, k], beta) for k in (2, 3, 4)),
        ((stars.mag - 20.5) / 2, "uniform"),
        ((np.log(stars.factor) - 0.12) / 0.15, "norm"),
    ]:
        assert stats.kstest(values, cdf).pvalue > 1e-3


def test_draws_are_independent() -> None:
    """No two of labels, magnitude and factor correlate, nor neighbouring rows, nor the splits or seeds."""
    source, other = opened(), opened(seed=43)
    parts = [source.draw("train", MANY), source.draw("val", MANY), source.draw("test", MANY), other.draw("train", MANY)]
    columns = [np.column_stack([s.labels, s.mag, s.factor]) for s in parts]
    columns.append(np.roll(columns[0], 1, axis=0))

    correlation = np.corrcoef(np.concatenate(columns, axis=1), rowvar=False) - np.eye(35)

    assert abs(correlation).max() < 5 / np.sqrt(len(MANY))


def test_grid_labels_have_one_free_axis() -> None:
    """Each row has at most one label off its nodes, each axis for a fifth of the rows, all inside the ranges."""
    labels = opened(labels="grid").draw("train", MANY).labels
    off = np.rint((labels - LOW) / STEP) * STEP + LOW != labels

    assert (off.sum(axis=1) == 1).all()
    np.testing.assert_allclose(off.mean(axis=0), 0.2, atol=4 * np.sqrt(0.16 / len(MANY)))
    assert ((labels >= LOW) & (labels <= HIGH)).all()


def test_grid_labels_fall_into_bins_as_published() -> None:
    """Shares by metallicity of the published 32k rows, by temperature of the million: to four standard errors."""
    teff, logg, mh = opened(labels="grid").draw("train", MANY).labels[:, :3].T
    covered = (mh >= -2) & (mh <= 0.5)
    published = [
        (mh < -2, 0.1233, 32_000),
        ((mh >= -2) & (mh < -1), 0.3077, 32_000),
        ((mh >= -1) & (mh < 0), 0.3083, 32_000),
        ((mh >= 0) & (mh <= 0.5), 0.2156, 32_000),
        (mh > 0.5, 0.0451, 32_000),
        (teff[covered] < 4500, 0.2894, 830_821),
        (teff[covered] >= 5250, 0.3770, 830_821),
    ]

    for rows, share, size in published:
        error = np.sqrt(share * (1 - share) * (1 / len(rows) + 1 / size))
        assert rows.mean() == pytest.approx(share, abs=4 * error)
    assert logg.mean() == pytest.approx(2.9975, abs=0.015)
    assert logg.std() == pytest.approx(1.1683, abs=0.01)


def test_one_magnitude_fixes_it() -> None:
    """A single value of `mag` is every star's; two are the ends of a range, in any order."""
    assert set(opened(mag=(21.5,)).draw("test", range(50)).mag) == {21.5}
    assert np.array_equal(opened(mag=(22.5, 20.5)).draw("test", MANY).mag, opened().draw("test", MANY).mag)


def test_nodes_are_every_node_once() -> None:
    """The test rows are the product of the five lists of nodes, each at nominal conditions."""
    stars = nodes().draw("test", range(30_240))
    axes = [np.arange(low, high + step / 2, step) for low, high, step in zip(LOW, HIGH, STEP, strict=True)]

    assert np.array_equal(stars.labels, list(product(*axes)))
    assert set(stars.factor) == {1.0}


def test_nodes_are_learned_from_continuous_labels() -> None:
    """Training and validation rows do not know of the nodes."""
    for split in ("train", "val"):
        assert np.array_equal(nodes().draw(split, range(99)).labels, opened().draw(split, range(99)).labels)


def test_nodes_come_all_or_not_at_all() -> None:
    """A part of the nodes is no grid: another number of test rows is refused."""
    with pytest.raises(InputRefused, match=r"there are 30240 nodes, not 1000 .*write `rows: \{test: grid\}`"):
        open_source({"val": 0, "test": 1000, "labels": "nodes"}, Path())


def test_a_row_of_nodes_is_its_node() -> None:
    """The last rows, which share a block with rows that are not there, are the spectra of the last nodes."""
    view = nodes().split("test", 30_240, **{**SEEN, "axes": {"noise": 0.0}})
    assert isinstance(view, View)

    torch.testing.assert_close(
        view._observed(range(30_235, 30_240))[-1:], emulator.clean(HIGH[None]), atol=1e-6, rtol=0
    )


def test_the_axis_mag_moves_the_noise_alone() -> None:
    """At a magnitude every star has its labels, its seeing and its z; what was added is that of the magnitude."""
    rows = range(100)
    stars = opened().draw("test", rows)
    clean = seen(rows, axes={"noise": 0.0})
    brighter = seen(rows, axes={"noise": 1.0, "mag": 18.0}) - clean
    sigma = instrument.sigma(clean.double(), torch.full((100,), 18.0), torch.tensor(stars.factor))
    z = normals(noise_key(42, "test"), torch.arange(100), 4096)

    torch.testing.assert_close(brighter, (sigma * z).float(), atol=1e-5, rtol=0)
    assert torch.equal(clean, seen(rows, axes={"noise": 0.0, "mag": 18.0}))


def test_labels_do_not_follow_the_axis_mag() -> None:
    """The target along the axis is the target without it; what follows the axis is no target."""
    y = [
        torch.cat([y for _, y in opened().split("val", 50, **{**SEEN, "axes": axes}).pairs(50)])
        for axes in ({"mag": 18.0}, {"mag": 22.0}, {})
    ]

    assert torch.equal(y[0], y[1])
    assert torch.equal(y[0], y[2])
    for target in ("mag", "snr_med"):
        with pytest.raises(InputRefused, match=f"the target `{target}` follows the axis `mag`"):
            opened().split("val", 50, **{**SEEN, "axes": {"mag": 18.0}, "target": target})


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({"moon": 1.0}, "mockstar has no axis `moon`; it has noise, mag"),
        ({"mag": float("nan")}, "must be a magnitude"),
        ({"noise": -1.0}, "must be 0 or more"),
    ],
)
def test_impossible_axes_are_refused(axes: dict[str, float], message: str) -> None:
    """An axis there is not, and a value no star could have, are one clear line."""
    with pytest.raises(InputRefused, match=message):
        opened().split("val", 5, **{**SEEN, "axes": axes})


def test_signal_to_noise_spans_the_published_range() -> None:
    """The 5th, 50th and 95th percentile of the test rows are within 8 % of the published 3.71, 8.21 and 17.22."""
    snr = opened().column("snr_med", "test", range(2000))

    np.testing.assert_allclose(np.percentile(snr, [5, 50, 95]), [3.71, 8.21, 17.22], rtol=0.08)


def test_a_row_is_its_equation() -> None:
    """A noisy row is clean + noise x sigma x z, computed here in double precision for this row alone."""
    row = range(31_415, 31_416)
    clean, sigma = clean_and_sigma(opened(), "test", row)
    z = normals(noise_key(42, "test"), torch.tensor([31_415]), 4096)

    for noise in (0.0, 0.2, 1.0):
        torch.testing.assert_close(
            seen(row, axes={"noise": noise}), (clean + noise * sigma * z).float(), atol=3e-6, rtol=0
        )


@pytest.mark.parametrize("rows", [range(31_300, 31_500), range(31_415, 31_417), range(31_000, 31_416)])
def test_a_row_alone_is_the_row_of_any_batch(rows: range) -> None:
    """Row 31,415 is the same to the last bit, whatever stands around it."""
    assert torch.equal(seen(range(31_415, 31_416))[0], seen(rows)[31_415 - rows.start])


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_batches_do_not_change_a_row(noise: float) -> None:
    """Any batch size, any number of rows and a source opened again show the same bits."""
    whole = seen(range(600), axes={"noise": noise})

    for size, rows in [(1000, 600), (97, 600), (256, 511), (1, 3)]:
        view = opened().split("test", rows, **{**SEEN, "axes": {"noise": noise}})
        assert torch.equal(whole[:rows], torch.cat(list(view.inputs(size))))


def test_the_columns_are_what_was_drawn() -> None:
    """Every label column stands under its name."""
    stars, columns = opened().draw("val", range(9)), opened().labels("val", 9)

    drawn = dict(zip(COLUMNS, [*stars.labels.T, stars.mag], strict=False))
    assert all(np.array_equal(values, columns[name]) for name, values in drawn.items())


def test_labels_do_not_depend_on_how_many_are_asked_for() -> None:
    """The first rows of a long column are the rows of a short one, the signal-to-noise ratio too."""
    few, many = opened().labels("test", 300), opened().labels("test", 600)

    assert list(few) == list(COLUMNS)
    for name in COLUMNS:
        assert few[name].dtype == np.float64
        assert np.array_equal(few[name], many[name][:300])


def test_another_noise_seed_leaves_the_stars() -> None:
    """Fresh noise is another key: the clean rows stay, what is added is unrelated."""
    rows = range(200)
    clean = seen(rows, axes={"noise": 0.0})

    added = [(seen(rows, seed=seed) - clean).ravel() for seed in (42, 43)]

    assert torch.equal(clean, seen(rows, seed=43, axes={"noise": 0.0}))
    assert abs(float(torch.corrcoef(torch.stack(added))[0, 1])) < 5 / np.sqrt(clean.numel())


def test_pairs_join_rows_and_the_named_column() -> None:
    """Inputs and target of the same rows come together; the column can be any label."""
    for target in ("logg", "teff", "mag", "snr_med"):
        view = opened().split("train", 100, **{**SEEN, "target": target})
        x, y = (torch.cat(part) for part in zip(*view.pairs(37), strict=True))
        assert torch.equal(x, next(view.inputs(100)))
        assert np.array_equal(y.numpy(), opened().labels("train", 100)[target])


def test_snr_is_the_median_over_the_pixels() -> None:
    """The column is definition A at noise 1, by numpy's median."""
    source = opened()
    clean, sigma = clean_and_sigma(source, "val", range(300))

    np.testing.assert_allclose(source.labels("val", 300)["snr_med"], np.median(clean / sigma, axis=1), rtol=1e-12)


def test_labels_make_no_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred thousand labels are drawn without a spectrum; only snr_med needs one."""
    source = opened()
    monkeypatch.setattr(emulator, "clean", None)

    assert len(source.column("mh", "train", range(100_000))) == 100_000
    with pytest.raises(TypeError):
        source.column("snr_med", "train", range(1))


def test_the_train_split_has_no_end() -> None:
    """Rows far out are drawn like the first; the other splits end where the protocol says."""
    source = opened()

    assert source.size("train") > 10**15
    assert (source.size("val"), source.size("test")) == (1000, 50_000)
    assert len(source.draw("train", range(10**12, 10**12 + 5)).mag) == 5


@pytest.mark.parametrize(("split", "rows"), [("val", 1001), ("test", 50_001), ("train", -1)])
def test_rows_that_are_not_there_are_refused(split: str, rows: int) -> None:
    """Labels and rows beyond the split are one clear line."""
    for ask in (lambda: opened().labels(split, rows), lambda: opened().split(split, rows, **SEEN)):
        with pytest.raises(InputRefused, match=f"{rows} {split} rows were asked for; there are"):
            ask()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mag": ()}, "one magnitude or two"),
        ({"mag": (20.0, 21.0, 22.0)}, "one magnitude or two"),
        ({"mag": (float("nan"),)}, "one magnitude or two"),
        ({"val": -1}, "must be 0 or more"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, Any], message: str) -> None:
    """Options that no row could be drawn with are refused when the source is opened."""
    with pytest.raises(InputRefused, match=message):
        opened(**options)


def test_an_unknown_target_is_answered_with_the_columns() -> None:
    """A wrong name lists the right ones."""
    with pytest.raises(InputRefused, match="no label column `age`; it has teff, logg, mh, am, cm, mag, snr_med"):
        opened().split("train", 5, **{**SEEN, "target": "age"})


def test_the_contract_reads_the_file() -> None:
    """The engine learns the parameters without importing the file."""
    contract = read_contract(Path(mockstar.__file__))

    assert contract.version == 1
    assert contract.axes == mockstar.AXES
    assert [contract.grid({"labels": name}) for name in ("nodes", "grid", "continuous")] == [30_240, 0, 0]
    assert list(contract.parameters) == ["val", "test", "labels", "mag", "seed"]
    assert "stand-in for BOSZ" in contract.summary


@pytest.mark.gpu
def test_an_accelerator_shows_the_same_rows() -> None:
    """Rows on the GPU agree with those on the CPU to float32 rounding, alone and in batches of any size."""
    here = seen(range(20_000, 20_300))
    there = seen(range(20_000, 20_300), device="cuda")

    torch.testing.assert_close(there.cpu(), here, atol=2e-5, rtol=0)
    assert torch.equal(there[100:101], seen(range(20_100, 20_101), device="cuda"))
