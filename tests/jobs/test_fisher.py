"""The Fisher job: closed forms on linear rows, the stand-in in two precisions, and what it says of the labels."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch

from runner.contract import Context, Data, Output, Source
from runner.data import arrays, mockstar
from runner.execution.workshop import Splits
from runner.findings import JobFailed
from runner.jobs import fisher
from runner.jobs.fisher import Params
from runner.numerics import emulator, instrument

RANDOM = np.random.default_rng(15)
GRID = np.array(list(itertools.product(np.arange(5.0), np.arange(4) / 2, np.arange(3) / 4)))
SLOPES = RANDOM.uniform(0.1, 1, (3, 30))
X = (GRID @ SLOPES).astype(np.float32)
SIGMA = RANDOM.uniform(0.5, 1, X.shape).astype(np.float32)


def linear(folder: Path, noise: float = 0.5, **changed: np.ndarray) -> Data:
    """A regular grid whose inputs are linear in three labels, the target in the middle, as a file of numbers."""
    columns = dict(zip(("heat", "pull", "metal"), GRID.T, strict=True))
    np.savez(folder / "x.npz", **{"X": X, "sigma": SIGMA, **columns, **changed})
    source = arrays.open_source({"path": "x.npz", "val": 0, "test": len(X)}, folder)
    return data(cast("Source", source), "pull", len(X), 0, noise=noise)


def stars(rows: int, noise: float = 1.0, **axes: float) -> Data:
    """Synthetic stars, labels continuous."""
    source = mockstar.open_source({"val": 0, "test": rows}, Path())
    return data(cast("Source", source), "logg", rows, 10, noise=noise, **axes)


def data(source: Source, target: str, test: int, train: int, **axes: float) -> Data:
    """The splits of a source, as a job is given them that may see their origin."""
    seen: Any = {"target": target, "axes": axes, "seed": 0, "device": "cpu"}
    train_rows, test_rows = source.split("train", train, **seen), source.split("test", test, **seen)
    return cast("Data", Splits(train_rows, None, test_rows, behind=source.origin))


def ran(given: Data, **params: Any) -> Output:
    """What the job says."""
    return fisher.run(Params(**params), given, Context())


def bounds(given: Data, **params: Any) -> np.ndarray:
    """What it says of every row."""
    found = ran(given, **params).bounds
    assert found is not None
    return found


@pytest.mark.parametrize("labels", [("heat", "pull", "metal"), ("metal",), ("pull", "pull", "heat"), ()])
def test_linear_rows_have_the_bounds_of_least_squares(labels: tuple[str, ...], tmp_path: Path) -> None:
    """The covariance of weighted least squares, the target among the labels whether it was named or not."""
    columns = [k for k, name in enumerate(("heat", "pull", "metal")) if name in {*labels, "pull"}]
    designs = SLOPES[columns] / (0.5 * SIGMA[:, None])
    covariances = np.linalg.inv(designs @ designs.transpose(0, 2, 1))
    expected = covariances[:, columns.index(1), columns.index(1)]

    output = ran(linear(tmp_path), labels=labels)

    assert output.bounds is not None
    assert output.bounds.dtype == np.float64
    np.testing.assert_allclose(output.bounds, expected, rtol=1e-4)
    assert dict(output.predictions) == {}
    left = 1 / expected / (designs[:, columns.index(1)] ** 2).sum(1)
    ten, ninety = np.quantile(expected, [0.1, 0.9])
    found = output.scalars
    assert found["schur"] == pytest.approx(np.median(left), rel=1e-4)
    assert found["schur_p10"] == pytest.approx(np.quantile(left, 0.1), rel=1e-4)
    assert found["crlb_decades"] == pytest.approx(np.log10(ninety / ten), abs=1e-4)
    assert 1 <= found["condition"] <= found["condition_max"]
    assert found["singular"] == 0


def test_rows_without_a_bound_are_counted(tmp_path: Path) -> None:
    """A node without neighbours along a label has an infinite bound, and no part in the scalars."""
    lonely = np.concatenate([GRID, [[9.0, 9.0, 9.0]]])
    columns = dict(zip(("heat", "pull", "metal"), lonely.T, strict=True))
    extra = {"X": np.concatenate([X, X[:1]]), "sigma": np.concatenate([SIGMA, SIGMA[:1]]), **columns}
    np.savez(tmp_path / "y.npz", **extra)
    source = arrays.open_source({"path": "y.npz", "val": 0, "test": len(lonely)}, tmp_path)

    more = ran(data(cast("Source", source), "pull", len(lonely), 0, noise=0.5), labels=("heat", "metal"))
    plain = ran(linear(tmp_path), labels=("heat", "metal"))

    assert more.bounds is not None
    assert more.bounds[-1] == np.inf
    np.testing.assert_array_equal(more.bounds[:-1], plain.bounds)
    assert more.scalars == {**plain.scalars, "singular": 1}


def test_labels_that_do_the_same_have_no_bound(tmp_path: Path) -> None:
    """Where no row has a bound, the job says so."""
    same = (GRID @ SLOPES[[0, 0, 2]]).astype(np.float32)

    with pytest.raises(JobFailed, match="no test row has a bound"):
        ran(linear(tmp_path, X=same), labels=("heat", "metal"))


def test_without_noise_there_is_no_bound(tmp_path: Path) -> None:
    """Noise 0 leaves nothing to bound."""
    with pytest.raises(JobFailed, match="the noise of some inputs is 0"):
        ran(linear(tmp_path, noise=0.0), labels=("heat",))


def test_single_precision_is_enough() -> None:
    """On 200 stars every bound is that of double precision, by numpy's inverse, to 1e-4."""
    drawn = mockstar.open_source({"val": 0, "test": 200}, Path()).draw("test", range(200))
    clean = emulator.clean(drawn.labels, dtype=torch.float64)
    sigma = instrument.load(dtype=torch.float64).sigma(clean, torch.tensor(drawn.mag), torch.tensor(drawn.factor))
    weighted = (emulator.jacobian(drawn.labels, dtype=torch.float64) / sigma[:, None]).numpy()

    expected = np.linalg.inv(weighted @ weighted.transpose(0, 2, 1))[:, 1, 1]

    np.testing.assert_allclose(bounds(stars(200)), expected, rtol=1e-4)


def test_more_noise_and_more_unknown_labels_leave_less() -> None:
    """Twice the noise is four times the bound; five labels never leave less than three, nor three than one."""
    five = bounds(stars(150))
    three, one = (bounds(stars(150), labels=labels) for labels in (("teff", "logg", "mh"), ()))

    np.testing.assert_allclose(bounds(stars(150, 2.0)), 4 * five, rtol=1e-5)
    assert (five >= three * (1 - 1e-4)).all()
    assert (three >= one * (1 - 1e-4)).all()
    assert np.median(five / three) > 1.01


def test_brighter_stars_are_known_better() -> None:
    """On every row, a magnitude brighter lowers the bound."""
    bright, faint = (bounds(stars(100, mag=mag)) for mag in (20.5, 21.5))

    assert (bright < faint).all()


def test_progress_counts_the_test_rows() -> None:
    """It ends with all of them."""
    told: list[tuple[int, int, str]] = []

    fisher.run(Params(), stars(150), Context(progress=lambda *news: told.append(news)))

    assert told[-1] == (150, 150, "test rows")
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)


def test_a_label_nobody_knows_is_refused() -> None:
    """The stand-in's inputs move with five labels; a magnitude is none of them."""
    with pytest.raises(JobFailed, match="nothing moves with `mag`; there is teff, logg, mh, am, cm"):
        ran(stars(5), labels=("mag",))


def test_stars_that_are_no_grid_have_no_differences() -> None:
    """Continuous labels have no neighbours."""
    with pytest.raises(JobFailed, match="no test row has a neighbour along `teff`"):
        ran(stars(20), derivatives="differences")


def test_differences_are_close_to_the_derivatives() -> None:
    """On five gravities of the regular grid, at its lowest temperature, both medians agree to a tenth."""
    source = cast("Source", mockstar.open_source({"labels": "nodes", "val": 0, "test": 30_240}, Path()))
    nodes = data(source, "logg", 1680, 2, noise=1.0, mag=21.5)

    exact, near = (bounds(nodes, labels=("mh",), derivatives=kind) for kind in ("exact", "differences"))

    assert np.median(near) == pytest.approx(np.median(exact), rel=0.1)
    assert not np.array_equal(near, exact)
