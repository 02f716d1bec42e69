"""Resamples: multinomial counts that depend on the row set alone, and intervals that agree with them."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import mean_absolute_error, r2_score

from runner import counter
from runner.results import replicates
from runner.results.metrics import OF_PREDICTIONS, moments
from runner.results.replicates import RESAMPLES, Resamples, interval, weights

RANDOM = np.random.default_rng(5)
ROWS = 120
TRUTH = RANDOM.normal(3, 1, size=ROWS)
GUESSES = {"a": TRUTH + RANDOM.normal(0, 0.4, ROWS), "b": TRUTH + RANDOM.normal(0.1, 0.6, ROWS)}


def values(metric: str, guess: str, drawn: np.ndarray) -> np.ndarray:
    """Return a metric of the whole set on every resample, the engine's way."""
    sums = Resamples(drawn.copy(), {"all": np.ones(ROWS, dtype=bool)}).sums([moments(TRUTH, GUESSES[guess])])[0]
    return OF_PREDICTIONS[metric](sums["all"])


def ordered(replicated: list[float]) -> tuple[float, float]:
    """Return the 26th and the 975th of a thousand replicates."""
    return sorted(replicated)[25], sorted(replicated)[974]


@pytest.mark.parametrize("rows", [1, 2, 37, 1000, 70_000])
def test_every_resample_draws_as_many_rows_as_there_are(rows: int) -> None:
    """Each line of counts sums to n, and the first line is the rows themselves."""
    drawn = weights("set", rows)

    assert drawn.shape == (1 + RESAMPLES, rows)
    assert (drawn.sum(axis=1, dtype=np.int64) == rows).all()
    assert (drawn[0] == 1).all()


def test_resamples_depend_on_the_row_set_alone() -> None:
    """The same set gives the same counts whatever was asked before, another set gives others."""
    first = weights("set", 90)
    weights("other", 33)

    np.testing.assert_array_equal(weights("set", 90), first)
    assert (weights("other", 90) != first).mean() > 0.5


@pytest.mark.parametrize("block", [1, 90, 91, 1 << 20])
def test_resamples_do_not_depend_on_the_block(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many draws are made at a time changes nothing."""
    expected = weights("set", 90)
    monkeypatch.setattr(replicates, "BLOCK", block)

    np.testing.assert_array_equal(weights("set", 90), expected)


def test_a_resample_counts_the_rows_its_words_draw() -> None:
    """Line r counts the n rows drawn by the counters (r, 0) to (r, n - 1)."""
    key = counter.key_of("resample", "set")
    lines, columns = np.arange(RESAMPLES)[:, None], np.arange(23)[None, :]
    picked = counter.below(counter.hashed(key, lines, columns), 23)

    expected = np.stack([np.bincount(line, minlength=23) for line in picked])

    np.testing.assert_array_equal(weights("set", 23)[1:], expected)


def test_counts_are_multinomial() -> None:
    """Counts have mean 1, variance 1 - 1/n, covariance -1/n, and as many zeros as drawing with replacement leaves."""
    n = 40
    drawn = weights("multinomial", n)[1:].astype(float)
    expected = np.eye(n) - 1 / n

    assert drawn.mean(axis=0) == pytest.approx(np.ones(n), abs=5 / np.sqrt(RESAMPLES))
    assert np.cov(drawn, rowvar=False) == pytest.approx(expected, abs=6 * np.sqrt(3 / RESAMPLES))
    assert (drawn == 0).mean() == pytest.approx((1 - 1 / n) ** n, abs=0.01)
    found = [(drawn == k).sum() for k in range(5)] + [(drawn >= 5).sum()]
    share = [stats.binom.pmf(k, n, 1 / n) for k in range(5)] + [stats.binom.sf(4, n, 1 / n)]
    assert stats.chisquare(found, np.array(share) * drawn.size).pvalue > 0.001


def test_sums_by_cells_are_those_of_a_loop() -> None:
    """Overlapping, nested, empty and whole slices all get the sums of their rows on every resample."""
    rows = 60
    drawn, table = weights("loop", rows), RANDOM.normal(size=(rows, 3))
    age = RANDOM.uniform(0, 60, rows)
    masks = {"all": age >= 0, "young": age < 30, "teen": (age > 12) & (age < 20), "none": age < 0, "odd": age % 2 > 1}

    sums = Resamples(drawn.copy(), masks).sums([table])[0]

    for (name, inside), line in product(masks.items(), range(0, 1 + RESAMPLES, 50)):
        expected = sum((drawn[line, i] * table[i] for i in np.flatnonzero(inside)), np.zeros(3))
        np.testing.assert_allclose(sums[name][line], expected, rtol=1e-12, atol=1e-12)


def test_intervals_are_those_of_scikit_learn_on_the_same_resamples() -> None:
    """R², a difference and a ratio: the engine's intervals equal those of metrics called on the drawn rows."""
    drawn = weights("oracle", ROWS)
    picked = [np.repeat(np.arange(ROWS), line) for line in drawn[1:]]
    r2 = {g: [r2_score(TRUTH[i], guess[i]) for i in picked] for g, guess in GUESSES.items()}
    mae = {g: [mean_absolute_error(TRUTH[i], guess[i]) for i in picked] for g, guess in GUESSES.items()}
    by_sums = {(m, g): values(m, g, drawn) for m in ("r2", "mae") for g in "ab"}

    assert interval(by_sums["r2", "a"]) == pytest.approx(ordered(r2["a"]), abs=1e-12)
    difference = ordered([a - b for a, b in zip(r2["a"], r2["b"], strict=True)])
    assert interval(by_sums["r2", "a"] - by_sums["r2", "b"]) == pytest.approx(difference, abs=1e-12)
    ratio = ordered([a / b for a, b in zip(mae["a"], mae["b"], strict=True)])
    assert interval(by_sums["mae", "a"] / by_sums["mae", "b"]) == pytest.approx(ratio, abs=1e-12)


def test_intervals_agree_with_scipy_on_other_resamples() -> None:
    """Percentile intervals of scipy, from resamples of its own, differ by Monte Carlo error only."""

    def difference(truth: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
        return float(r2_score(truth, a) - r2_score(truth, b))

    drawn = weights("scipy", ROWS)
    ours = interval(values("r2", "a", drawn) - values("r2", "b", drawn))
    sample = (TRUTH, GUESSES["a"], GUESSES["b"])
    options = {"paired": True, "vectorized": False, "method": "percentile", "n_resamples": 1000}
    theirs = stats.bootstrap(sample, difference, rng=np.random.default_rng(1), **options)

    noise = 5 * 0.085 * theirs.standard_error * np.sqrt(2)  # 0.085 sd: error of a 2.5 % quantile of 1000
    assert ours == pytest.approx(tuple(theirs.confidence_interval), abs=noise)


def test_the_interval_is_the_26th_and_the_975th() -> None:
    """The interval leaves out 25 replicates on either side, and the value itself is no replicate."""
    shuffled = RANDOM.permutation(np.arange(1.0, 1001.0))

    assert interval(np.concatenate([[-5.0], shuffled])) == (26.0, 975.0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("at", [0, 1, 1000])
def test_a_replicate_that_is_not_finite_leaves_no_interval(bad: float, at: int) -> None:
    """One undefined resample is enough: nothing is dropped silently."""
    replicated = np.linspace(0, 1, 1001)
    replicated[at] = bad

    assert interval(replicated) is None


def test_a_value_without_resamples_has_no_interval() -> None:
    """A constant is not given an interval of width zero."""
    assert interval(np.array([0.5])) is None


@example(above=975, zeros=25, seed=1)
@example(above=974, zeros=0, seed=1)
@example(above=25, zeros=0, seed=1)
@example(above=26, zeros=974, seed=1)
@given(above=st.integers(0, 1000), zeros=st.integers(0, 50), seed=st.integers(0, 99))
def test_interval_and_probability_never_contradict_each_other(above: int, zeros: int, seed: int) -> None:
    """`gain > 0` holds exactly when the interval lies above zero, and fails exactly when it does not reach above."""
    random = np.random.default_rng(seed)
    zeros = min(zeros, 1000 - above)
    parts = [
        random.exponential(size=above) + 1e-9,
        np.zeros(zeros),
        -random.exponential(size=1000 - above - zeros) - 1e-9,
    ]
    gain = np.concatenate([[0.1], random.permutation(np.concatenate(parts))])
    low, high = interval(gain) or (np.nan, np.nan)
    probability = float((gain > 0)[1:].mean())

    assert (probability >= 0.975) == (low > 0)
    assert (probability <= 0.025) == (high <= 0)


@pytest.mark.parametrize("beside", [1, 2, 5])
def test_a_model_scores_the_same_whoever_stands_beside_it(beside: int) -> None:
    """Not a bit of it depends on the other models: a model compared with itself is neither better nor worse."""
    masks = {"all": np.ones(ROWS, dtype=bool), "few": np.arange(ROWS) % 3 == 0}
    models = [moments(TRUTH, TRUTH + RANDOM.normal(size=ROWS)) for _ in range(beside + 1)]
    alone, among = Resamples(weights("beside", ROWS), masks), Resamples(weights("beside", ROWS), masks)

    together = among.sums(models)
    for index, model in enumerate(models):
        for name, sums in alone.sums([model])[0].items():
            np.testing.assert_array_equal(together[index][name], sums)
