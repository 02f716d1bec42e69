"""What stands behind the rows of a file: templates, differences along its grid, and who is told so."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, cast

import h5py
import numpy as np
import pandas as pd
import pytest
import torch

from runner.contract import Origin, Source
from runner.data import arrays, hdf5, mockstar
from runner.findings import JobFailed
from runner.numerics import emulator, instrument
from runner.numerics.origins import place_of

RANDOM = np.random.default_rng(13)
HEAT, PULL, METAL = np.arange(4.0), np.arange(3) / 2, np.arange(5) / 4
GRID = RANDOM.permutation(list(itertools.product(HEAT, PULL, METAL)))
TRAIN = RANDOM.normal(size=(20, 3))
LABELS = np.concatenate([TRAIN, GRID])
X = (LABELS @ RANDOM.uniform(0.1, 1, (3, 6)) + 5).astype(np.float32)
SIGMA = RANDOM.uniform(0.5, 1, X.shape).astype(np.float32)
SLOPES = np.linalg.lstsq(np.c_[LABELS, np.ones(len(X))], X, rcond=None)[0][:3]  # the same for every row
NAMES = ("teff", "logg", "mh")


def of_arrays(folder: Path) -> Source:
    """The rows as an npz file."""
    columns = dict(zip(NAMES, LABELS.T, strict=True))
    np.savez(folder / "x.npz", X=X, sigma=SIGMA, **columns)
    return cast("Source", arrays.open_source({"path": "x.npz", "val": 0, "test": len(GRID)}, folder))


def of_hdf5(folder: Path) -> Source:
    """The rows in the published layout, with their noise drawn already."""
    frame = pd.DataFrame(dict(zip(("T_eff", "log_g", "M_H"), LABELS.T, strict=True)))
    frame.to_hdf(folder / "x.h5", key="dataset/params", mode="w")
    with h5py.File(folder / "x.h5", "a") as file:
        for name, array in {"flux": X, "error": SIGMA, "noisy": X + SIGMA}.items():
            file.create_dataset(f"dataset/arrays/{name}/value", data=array)
    return cast("Source", hdf5.open_source({"path": "x.h5", "val": 0, "test": len(GRID)}, folder))


SOURCES = pytest.mark.parametrize("made", [of_arrays, of_hdf5])


def behind(source: Source, noise: float = 1.0, test: int = len(GRID), train: int = 20, **axes: float) -> Origin:
    """What stands behind the rows of a source at this noise."""
    seen: dict[str, Any] = {"target": "logg", "axes": {"noise": noise, **axes}, "seed": 0, "device": "cpu"}
    return source.origin(source.split("train", train, **seen), source.split("test", test, **seen))


@SOURCES
@pytest.mark.parametrize("noise", [1.0, 0.2])
def test_templates_are_the_training_rows_without_noise(made: Any, noise: float, tmp_path: Path) -> None:
    """Clean inputs, sigma at the noise of the run, and the target, in batches of any size; no truth of the test."""
    origin = behind(made(tmp_path), noise)

    clean, sigma, target = (torch.cat(parts) for parts in zip(*origin.templates(7), strict=True))
    np.testing.assert_array_equal(clean, X[:20])
    np.testing.assert_allclose(sigma, noise * SIGMA[:20], rtol=1e-6)
    np.testing.assert_array_equal(target, TRAIN[:, 1])
    assert (origin.target, origin.law, origin.truth) == ("logg", None, False)


@SOURCES
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_differences_follow_the_grid(made: Any, size: int, tmp_path: Path) -> None:
    """Where inputs are linear in the labels every row moves as they do, with its sigma; whoever asks is known."""
    origin = behind(made(tmp_path), 0.2)

    moves, sigma = (torch.cat(parts) for parts in zip(*origin.differences(NAMES, size), strict=True))
    np.testing.assert_allclose(moves, np.tile(SLOPES, (len(GRID), 1, 1)), rtol=1e-4)
    np.testing.assert_allclose(sigma, 0.2 * SIGMA[20:], rtol=1e-6)
    assert origin.truth


@SOURCES
def test_what_has_no_law_knows_differences_only(made: Any, tmp_path: Path) -> None:
    """Asked for derivatives, it gives differences, of the labels that are asked for, in their order."""
    origin = behind(made(tmp_path))

    found = torch.cat([moves for moves, _ in origin.sensitivities(("mh", "teff"), 9)])

    np.testing.assert_allclose(found, np.tile(SLOPES[[2, 0]], (len(GRID), 1, 1)), rtol=1e-4)
    assert origin.truth


def test_what_is_no_grid_is_refused(tmp_path: Path) -> None:
    """A few rows of a grid, or a label that is no column, have no differences."""
    origin = behind(of_arrays(tmp_path), test=2)

    with pytest.raises(JobFailed, match="no test row has a neighbour along `teff`"):
        origin.differences(NAMES, 10)
    with pytest.raises(JobFailed, match="the data have no label column `age`; there is teff, logg, mh"):
        origin.differences(("age",), 10)


def test_a_label_has_a_place() -> None:
    """Labels are found by name; one that moves nothing is refused."""
    assert place_of("mh", NAMES) == 2
    with pytest.raises(JobFailed, match="nothing moves with `mag`; there is teff, logg, mh"):
        place_of("mag", NAMES)


NODES = 1008  # of three gravities at the lowest temperature: 14 x 4 x 6 each


@pytest.fixture(name="stars")
def synthetic_stars() -> Origin:
    """What stands behind the first nodes of the regular grid of synthetic stars, all at one magnitude."""
    source = mockstar.open_source({"labels": "nodes", "val": 0, "test": 30_240}, Path())
    return behind(cast("Source", source), 0.5, test=NODES, train=5, mag=21.5)


def test_the_grid_of_synthetic_stars_has_differences(stars: Origin) -> None:
    """In the middle of the grid they are the differences of the emulator, sigma is that of the instrument."""
    source = mockstar.open_source({"labels": "nodes", "val": 0, "test": 30_240}, Path())
    nodes = source.draw("test", range(NODES)).labels
    rows = [336 + 5, 336 + 100, 336 + 200]
    moves, sigma = (torch.cat(parts) for parts in zip(*stars.differences(("logg",), 100), strict=True))

    side = np.array([0, 0.5, 0, 0, 0])
    up, down = (emulator.clean(nodes[rows] + step, dtype=torch.float64) for step in (side, -side))
    np.testing.assert_allclose(moves[rows, 0].double(), up - down, rtol=0, atol=1e-5)
    clean = emulator.clean(nodes[rows])
    expected = 0.5 * instrument.sigma(clean, torch.full((3,), 21.5), torch.ones(3))
    np.testing.assert_allclose(sigma[rows], expected, rtol=1e-5, atol=0)


def test_the_law_of_synthetic_stars_has_derivatives(stars: Origin) -> None:
    """They are those of the emulator at the truth of each row, whatever the batch, in the order asked for."""
    source = mockstar.open_source({"labels": "nodes", "val": 0, "test": 30_240}, Path())
    exact = emulator.jacobian(source.draw("test", range(NODES)).labels[:150])

    walk = stars.sensitivities(("cm", "logg"), 70)
    found = torch.cat([next(walk)[0], next(walk)[0]])[:140]

    np.testing.assert_allclose(found, exact[:140, [4, 1]], rtol=0, atol=1e-5)
    assert stars.truth
    with pytest.raises(JobFailed, match="nothing moves with `mag`; there is teff, logg, mh, am, cm"):
        next(stars.sensitivities(("mag",), 70))
