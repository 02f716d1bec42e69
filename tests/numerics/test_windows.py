"""Features of a gate: closed forms on made-up lines, and what the windows hold of the stand-in's spectra."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from runner.data.mockstar import Mockstar, Params
from runner.findings import JobFailed
from runner.numerics import emulator, windows
from runner.numerics.components import Components
from runner.numerics.observation import Observed
from runner.numerics.windows import features, names, of_batch

WAVE = emulator.wavelengths()
VACUUM = {
    "8498": 8500.4, "8542": 8544.4, "8662": 8664.5, "8183": 8185.5, "8195": 8197.1,
    "8806": 8809.2, "8807": 8809.2, "8808": 8809.2,
}  # fmt: skip
LINES = (*windows.CALCIUM, *windows.WIDE_CALCIUM, *windows.WIDE_SODIUM, *windows.MAGNESIUM)
GENERATOR = np.random.default_rng(0)
COMPONENTS = Components(
    mean=torch.full((4096,), 0.5, dtype=torch.float64),
    vectors=torch.from_numpy(np.linalg.qr(GENERATOR.normal(size=(4096, 10)))[0]),
    variances=torch.ones(10, dtype=torch.float64),
)


def seen(x: np.ndarray, kind: str) -> dict[str, np.ndarray]:
    """Return the features of rows by their names."""
    values = of_batch(torch.from_numpy(x), kind, WAVE, COMPONENTS).numpy()
    return dict(zip(names(kind), values.T, strict=True))


@pytest.mark.parametrize(("kind", "count"), [("physical11", 11), ("physical13", 13), ("physical37", 37), ("snr10", 10)])
def test_a_kind_says_in_its_name_how_many_there_are(kind: str, count: int) -> None:
    """And no two features share a name."""
    assert len(set(names(kind))) == count


@pytest.mark.parametrize("kind", ["physical13", "physical37"])
def test_a_box_shaped_line_has_the_depth_and_width_it_was_given(kind: str) -> None:
    """On a continuum of 2, a line at 1.5 over m pixels has depth 0.25 and EW m / 4; the others have none."""
    flux = np.full((3, 4096), 2.0)
    line = np.abs(WAVE - 8544.4) < 3
    flux[1, line] = 1.5
    told = seen(flux, kind)

    for name, values in told.items():
        depth, width = (0.25, line.sum() / 4) if name in {"depth_8542", "EW_8542"} else (0, 0)
        if name.startswith("depth"):
            np.testing.assert_allclose(values, [0, depth, 0])
        if name.startswith("EW") and name not in {"EW_CaT", "EW_Ca"}:
            np.testing.assert_allclose(values, [0, width, 0], atol=1e-12)
    total = told["EW_CaT" if kind == "physical13" else "EW_Ca"]
    np.testing.assert_allclose(total, [0, line.sum() / 4, 0], atol=1e-12)


def test_every_number_is_that_of_a_loop_over_rows_and_windows() -> None:
    """Mean, depth, EW and the totals of random rows, by the definition in numpy."""
    flux = GENERATOR.normal(1.0, 0.2, size=(4, 4096))
    told = seen(flux, "physical37")
    totals: dict[str, np.ndarray] = {}

    for lines, element in ((windows.WIDE_CALCIUM, "Ca"), (windows.WIDE_SODIUM, "Na"), (windows.MAGNESIUM, "Mg")):
        totals[element] = np.zeros(4)
        for line in lines:
            middle, half = np.mean(line.group), np.ptp(line.group) / 2
            side = (np.abs(WAVE - middle) > half) & (np.abs(WAVE - middle) <= half + 15)
            inside = flux[:, np.abs(WAVE - (line.low + line.high) / 2) <= (line.high - line.low) / 2]
            relative = inside / np.median(flux[:, side], axis=1)[:, None]
            np.testing.assert_allclose(told[f"mean_{line.name}"], inside.mean(1))
            np.testing.assert_allclose(told[f"depth_{line.name}"], 1 - relative.min(1))
            np.testing.assert_allclose(told[f"EW_{line.name}"], (1 - relative).sum(1), atol=1e-12)
            totals[element] += (1 - relative).sum(1)
    for element, total in totals.items():
        np.testing.assert_allclose(told[f"EW_{element}"], total)
    scores = (flux - 0.5) @ COMPONENTS.vectors.numpy()
    np.testing.assert_allclose(np.stack([told[f"PCA{k + 1}"] for k in range(10)], axis=1), scores)
    few, fewer = seen(flux, "physical13"), seen(flux, "physical11")
    np.testing.assert_allclose(np.stack([few[f"PCA{k + 1}"] for k in range(4)], axis=1), scores[:, :4])
    assert all((fewer[name] == few[name]).all() for name in fewer)


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line.name} {line.low:g}")
def test_windows_hold_their_lines_in_vacuum_and_side_bands_hold_none(line: windows.Window) -> None:
    """The darkest pixel of a clean star at most 0.5 Angstrom from the line, well inside; no other in the bands."""
    flux = emulator.clean(np.array([[4500, 3.0, 0.0, 0.1, 0.0]])).double().numpy()[0]
    darkest = WAVE[line.inside(WAVE)][flux[line.inside(WAVE)].argmin()]

    assert abs(darkest - VACUUM[line.name]) < 0.5
    assert line.low + 1 < darkest < line.high - 1
    beside = WAVE[line.beside(WAVE)]
    assert all(np.abs(beside - other).min() > 3.5 for other in VACUUM.values())
    assert 60 <= len(beside) <= 75


def test_no_noise_brings_the_continuum_near_nothing() -> None:
    """At noise 1 and magnitude 22.5 depth and EW stay numbers of a line: none is blown up by a small continuum."""
    source = Mockstar(Params(val=0, test=256, mag=(22.5,)))
    split = source.split("test", 256, target="logg", axes={"noise": 1.0}, seed=1, device="cpu")
    values = features(split, "physical37", COMPONENTS)

    assert np.isfinite(values).all()
    told = dict(zip(names("physical37"), values.T, strict=True))
    assert max(np.abs(told[name]).max() for name in told if name.startswith("depth")) < 10
    flat = seen(np.zeros((1, 4096)), "physical37")  # nor does a row without light
    assert all(np.isfinite(value).all() for value in flat.values())
    dark = np.full((1, 4096), 1.0)
    dark[:, (WAVE > 8400) & (WAVE < 8700)] = -0.1
    assert seen(dark, "physical11")["EW_CaT"][0] < 300  # (1 + 0.1 / (a quarter of 0.9)) of some 170 pixels


def test_a_split_is_read_batch_by_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of its rows; what comes of one pass is what comes of a batch, and `snr10` is the split's own."""
    flux = GENERATOR.normal(1.0, 0.2, size=(11, 4096)).astype(np.float32)
    split = Observed(flux, np.full_like(flux, 0.1), np.zeros(11), split="test", noise=0.0, seed=1)
    split.positions = WAVE
    whole = of_batch(torch.from_numpy(flux), "physical13", WAVE, COMPONENTS)
    monkeypatch.setattr(windows, "BATCH", 4)

    np.testing.assert_allclose(features(split, "physical13", COMPONENTS), whole, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(features(split, "snr10"), next(split.statistics(11)).double())


def test_inputs_without_wavelengths_or_lines_are_refused() -> None:
    """In one line each, before anything is computed; components that are missing are the caller's mistake."""
    x = torch.ones(2, 4096)
    with pytest.raises(JobFailed, match="physical13 need to know where the inputs stand"):
        of_batch(x, "physical13", None, COMPONENTS)
    with pytest.raises(JobFailed, match="no input stands in the window 8498"):
        of_batch(x, "physical13", np.linspace(4000, 5000, 4096), COMPONENTS)
    with pytest.raises(ValueError, match="4 principal components are needed"):
        of_batch(x, "physical13", WAVE)
