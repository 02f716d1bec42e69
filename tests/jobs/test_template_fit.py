"""Template fit: the truth without noise, a fit by scipy in double precision, and no label outside the nodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from runner.contract import Context, Output
from runner.data.mockstar import Mockstar, open_source
from runner.execution.workshop import Splits
from runner.findings import JobFailed
from runner.jobs import template_fit
from runner.jobs.template_fit import Params, run
from runner.numerics import emulator
from runner.numerics.observation import Observed
from runner.numerics.training import one_thread

LOGG = 1  # where it stands among the labels
EVERY = 3
CLOSELY = Params(tolerance=1e-5, evaluations=3000)


@pytest.fixture(autouse=True)
def _small() -> Iterator[None]:
    """A few rows on one core."""
    with one_thread():
        yield


def stars(noise: float, rows: int, target: str = "logg", val: int = 0) -> tuple[Splits, Mockstar]:
    """Some synthetic stars."""
    source = open_source({"val": 100, "test": 1000}, Path())
    seen: Any = {"target": target, "axes": {"noise": noise}, "seed": 42, "device": "cpu"}
    counts = {"train": 5, "val": val, "test": rows}
    train, validation, test = (source.split(name, count, **seen) for name, count in counts.items())
    return Splits(train, validation, test, source.origin), source


def fitted(params: Params, data: Splits) -> np.ndarray:
    """Return the predictions for the test rows."""
    return np.asarray(run(params, data, Context()).predictions["test"])


def chi_square(labels: np.ndarray, row: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return that of a row against the templates of labels [n, 5], in double precision."""
    m = emulator.clean(labels, dtype=torch.float64).numpy()
    amplitude = (m * weights) @ row / ((m * weights) * m).sum(1)
    return np.asarray((weights * (row - amplitude[:, None] * m) ** 2).sum(1))


def by_scipy(row: np.ndarray, weights: np.ndarray, axes: list[np.ndarray]) -> np.ndarray:
    """Return the labels where scipy ends, from the best node."""
    low, width = (np.array([axis[0] for axis in axes]), np.array([axis[-1] - axis[0] for axis in axes]))
    nodes = grid(axes)
    start = (nodes[np.argmin(chi_square(nodes, row, weights))] - low) / width
    steps = np.array([EVERY / (len(axis) - 1) for axis in axes])
    corners = start + np.diag(np.where(start + steps > 1.001, -steps, steps))
    found = minimize(
        lambda x: chi_square(low + width * x[None], row, weights)[0],
        start,
        method="Nelder-Mead",
        bounds=[(0, 1)] * len(axes),
        options={"initial_simplex": [start, *corners], "xatol": 1e-5, "fatol": np.inf, "maxfev": 3000},
    )
    return np.asarray(low + width * found.x)


def grid(axes: list[np.ndarray]) -> np.ndarray:
    """Return every third node along each label: [n, 5]."""
    return np.stack(np.meshgrid(*(axis[::EVERY] for axis in axes), indexing="ij"), -1).reshape(-1, len(axes))


def test_without_noise_it_finds_the_truth() -> None:
    """To a hundredth of a dex, but where the search ends in another valley: its chi-square there says so."""
    data, source = stars(0.0, 50)
    errors = np.abs(fitted(CLOSELY, data) - source.labels("test", 50)["logg"])

    assert np.median(errors) < 1e-4
    assert (errors < 0.01).mean() > 0.85


def test_it_comes_to_the_fit_of_scipy() -> None:
    """With the mean noise of the templates in the middle of the magnitudes for weights.

    Single precision knows a chi-square to about a thousandth, which along a flat valley ends a search a little earlier.
    """
    data, _ = stars(0.3, 6)
    law: Any = data.origin.law
    nodes = grid(law.axes)
    middle = np.column_stack([nodes, np.full(len(nodes), 21.5), np.full(len(nodes), np.exp(0.12))])
    weights = 1 / law.seen(torch.tensor(middle)).variance.double().mean(0).numpy()
    rows = next(data.test.inputs(6)).double().numpy()
    due = [by_scipy(row, weights, law.axes)[LOGG] for row in rows]
    apart = np.abs(fitted(replace(CLOSELY, every=EVERY), data) - due)

    assert np.median(apart) < 5e-3
    assert apart.max() < 0.1


def test_the_amplitude_of_a_row_does_not_count() -> None:
    """Twice as bright is the same star, to the byte."""
    data, _ = stars(1.0, 20)
    doubled = replace(data, test=Scaled(data.test), behind=lambda *_: data.origin)

    assert fitted(Params(), data).tobytes() == fitted(Params(), doubled).tobytes()


class Scaled:
    """Rows twice as bright."""

    def __init__(self, split: Any) -> None:
        """Take the rows."""
        self.split, self.rows = split, split.rows

    def inputs(self, size: int) -> Iterator[torch.Tensor]:
        """Yield them."""
        return (2 * x for x in self.split.inputs(size))


def test_no_label_is_outside_its_nodes() -> None:
    """However little the rows say; some end at an edge."""
    data, _ = stars(20.0, 40)
    predicted = fitted(Params(), data)

    assert predicted.min() == 1
    assert predicted.max() == 5


def test_blocks_and_batches_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """But for roundings, which lead a few searches elsewhere along a flat valley."""
    data, _ = stars(0.3, 40)
    whole = fitted(Params(), data)
    monkeypatch.setattr(template_fit, "BLOCK", {"cpu": 7})
    monkeypatch.setattr(template_fit, "BATCH", 17)
    apart = np.abs(fitted(Params(), data) - whole)

    assert np.median(apart) < 2e-3
    assert np.percentile(apart, 85) < 0.02


def test_the_search_is_told_of() -> None:
    """How many ended by themselves, how much they asked, what it gained; and none where there is none."""
    data, _ = stars(1.0, 30)
    far, short = run(Params(), data, Context()).scalars, run(Params(evaluations=20), data, Context()).scalars
    none = run(Params(refine=False, every=3), data, Context()).scalars

    assert far["templates"] == 5 * 5 * 7 * 2 * 3
    assert far["settled"] == 1
    assert short["settled"] == 0
    assert 20 <= short["evaluations"] < 20 + 2 + 5 < far["evaluations"]
    assert 0 < short["gain"] < far["gain"] < 1
    assert none == {"templates": 4 * 3 * 5 * 2 * 2}


def test_unrefined_it_is_a_node() -> None:
    """Every second one; and as no star stands at a node, the search is nearer to the truth."""
    data, source = stars(0.1, 40)
    truth = source.labels("test", 40)["logg"]
    nodes, refined = fitted(Params(refine=False), data), fitted(Params(), data)

    assert set(nodes) <= {1.0, 2.0, 3.0, 4.0, 5.0}
    assert np.abs(refined - truth).mean() < 0.5 * np.abs(nodes - truth).mean()


def test_the_truth_of_the_test_rows_is_not_asked_for() -> None:
    """Only how rows are made; and both splits are predicted, an empty one, too."""
    data, _ = stars(1.0, 5, val=3)
    told: list[tuple[int, int, str]] = []
    output = run(Params(), data, Context(progress=lambda *news: told.append(news)))

    assert not data.origin.truth
    assert [output.predictions[name].shape for name in ("val", "test")] == [(3,), (5,)]
    assert told == [(3, 3, "val"), (5, 5, "test")]
    assert run(Params(refine=False), stars(1.0, 5)[0], Context()).predictions["val"].shape == (0,)


# ---- a source without a law ----


class Unlawful:
    """What stands behind rows of which nothing but the rows is known."""

    target, truth, law = "y", False, None

    def __init__(self, clean: np.ndarray, sigma: np.ndarray, target: np.ndarray) -> None:
        """Take the training rows."""
        self.rows = [torch.tensor(array) for array in (clean, sigma, target)]

    def templates(self, size: int) -> Iterator[Any]:
        """Yield them in two batches."""
        half = min(size, len(self.rows[0]) // 2)
        yield from ([part[:half] for part in self.rows], [part[half:] for part in self.rows])


def rows_alone() -> tuple[Splits, np.ndarray]:
    """Return rows without a law, and the target of the training row that is nearest to each test row."""
    random = np.random.default_rng(3)
    clean = random.uniform(1, 1.4, size=(50, 30)).astype(np.float32)
    sigma = random.uniform(0.1, 1, size=(1, 30)).astype(np.float32) * np.ones((50, 1), np.float32)
    target = np.arange(50.0)
    train, val, test = (
        Observed(clean[part], sigma[part], target[part], split=name, noise=0.5, seed=1)
        for name, part in (("train", slice(50)), ("val", slice(0, 10)), ("test", slice(20, 50)))
    )
    rows = next(test.inputs(30)).double().numpy() / sigma[0]
    templates = clean.astype(float) / sigma
    chi_square = [[np.linalg.lstsq(t[:, None], row)[1][0] for t in templates] for row in rows]
    origin: Any = Unlawful(clean, 0.5 * sigma, target)
    data = Splits(train, val, test, lambda *_: origin)
    return data, target[np.argmin(chi_square, axis=1)]


def test_without_a_law_the_nearest_training_row_speaks() -> None:
    """Found by brute force."""
    data, due = rows_alone()
    output: Output = run(Params(refine=False), data, Context())

    np.testing.assert_array_equal(output.predictions["test"], due)
    assert output.scalars == {"templates": 50}
    assert 0.5 < (due == np.arange(20, 50)).mean() < 1


@pytest.mark.parametrize(
    ("params", "target", "message"),
    [
        (Params(), "y", "no law that makes templates"),
        (Params(), "snr_med", "no template says `snr_med`; they say teff, logg, mh, am, cm"),
        (Params(every=0), "logg", "1 or more"),
        (Params(evaluations=0), "logg", "1 or more"),
        (Params(tolerance=0.0), "logg", "between 0 and 1"),
    ],
)
def test_what_cannot_be_fitted_is_refused(params: Params, target: str, message: str) -> None:
    """In one line."""
    data = rows_alone()[0] if target == "y" else stars(1.0, 1, target)[0]

    with pytest.raises(JobFailed, match=message):
        run(params, data, Context())
