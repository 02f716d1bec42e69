"""Metrics of bounds are those of numpy on rows repeated as often as they are drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from runner.results import bounds, replicates
from runner.results.bounds import SHARES, mean_left, quantiles, scores
from runner.results.metrics import LIMITS, OF_PREDICTIONS, Array, moments
from runner.results.replicates import RESAMPLES, Resamples, census, weights

ROWS = 90
RANDOM = np.random.default_rng(4)
TRUTH = 70 + 3 * RANDOM.normal(size=ROWS)
AGE = RANDOM.uniform(0, 60, ROWS)
MASKS = {"all": AGE >= 0, "young": AGE < 30, "teen": (AGE > 12) & (AGE < 20), "one": np.arange(ROWS) == 5}
GIVEN = np.round(RANDOM.gamma(1.5, 4.0, ROWS), 1)  # some are equal, some above the variance


def resamples(drawn: np.ndarray | None = None) -> Resamples:
    """Return the resamples of the rows, or those given."""
    return Resamples(weights("set", ROWS) if drawn is None else drawn.copy(), MASKS)


def by_hand(truth: Array, given: Array, stated: float | None) -> dict[str, float]:
    """Return the metrics of rows, each written out, as numpy has them."""
    variance = truth.var() if stated is None else stated
    spared = np.clip(1 - given / variance, 0, 1)
    at = {share: np.quantile(given, share, method="inverted_cdf") for share in (0.1, 0.5, 0.9)}
    left = {share: float(np.clip(1 - value / variance, 0, 1)) for share, value in at.items()}
    return {
        "bound": float(1 - given.mean() / variance),
        "r2max": left[0.5],
        "r2max_mean": float(spared.mean()),
        "r2max_p10": left[0.9],
        "r2max_p90": left[0.1],
        "sigma": float(np.sqrt(at[0.5])),
    }


@pytest.mark.parametrize("stated", [None, 11.5])
@pytest.mark.parametrize("piece", ["all", "young", "teen"])
def test_metrics_are_those_of_rows_written_out(piece: str, stated: float | None) -> None:
    """On the rows themselves and on every resample, a row drawn three times stands there three times."""
    drawn = weights("set", ROWS)
    found = scores(TRUTH, GIVEN, resamples(), LIMITS, stated)

    for line in (0, 1, 17, RESAMPLES):
        rows = np.repeat(np.arange(ROWS), drawn[line] * MASKS[piece])
        expected = by_hand(TRUTH[rows], GIVEN[rows], stated)
        assert {m: found[piece, m][line] for m in LIMITS} == pytest.approx(expected, rel=1e-11, abs=1e-11)


def test_only_what_is_asked_for_is_computed() -> None:
    """A protocol that lists one of them gets that one, of every slice."""
    assert set(scores(TRUTH, GIVEN, resamples(), ["r2", "bound"])) == {(piece, "bound") for piece in MASKS}
    assert set(scores(TRUTH, GIVEN, resamples(), ["sigma", "mae"])) == {(piece, "sigma") for piece in MASKS}
    assert scores(TRUTH, GIVEN, resamples(), ["r2"]) == {}


def test_a_bound_is_paired_with_the_score_of_the_same_rows() -> None:
    """Bounds that are the very squared errors of an estimator leave its R², on every resample."""
    guess = TRUTH + RANDOM.normal(size=ROWS)
    sums = resamples().sums([moments(TRUTH, guess)])[0]

    found = scores(TRUTH, (guess - TRUTH) ** 2, resamples(), ["bound"])

    for piece in ("all", "young"):
        np.testing.assert_allclose(found[piece, "bound"], OF_PREDICTIONS["r2"](sums[piece]), rtol=1e-11)


def test_nothing_is_known_of_a_row_without_an_end() -> None:
    """It leaves nothing to its row, and nothing at all on average; where it is not drawn it does no harm."""
    given = np.where(np.arange(ROWS) == 7, np.inf, GIVEN)
    left_out = weights("set", ROWS)[:, 7] == 0
    found = scores(TRUTH, given, resamples(), LIMITS)
    piece = next(name for name in ("young", "all") if MASKS[name][7])

    assert np.isneginf(found[piece, "bound"]).sum() == (~left_out).sum()
    np.testing.assert_array_equal(
        found[piece, "bound"][left_out], scores(TRUTH, GIVEN, resamples(), LIMITS)[piece, "bound"][left_out]
    )
    assert found["all", "r2max_mean"][0] == pytest.approx(by_hand(TRUTH, given, None)["r2max_mean"], rel=1e-12)
    assert np.isfinite(found["all", "r2max"]).all()


def test_where_true_values_do_not_differ_there_is_nothing_to_leave() -> None:
    """No share of nothing: of equal values and of no rows at all; but a variance that is stated serves."""
    found, stated = (scores(TRUTH, GIVEN, resamples(), LIMITS, variance) for variance in (None, 4.0))

    for metric in LIMITS - {"sigma"}:
        assert not np.isfinite(found["one", metric]).any(), metric
    drawn = weights("set", ROWS)[:, 5] > 0
    np.testing.assert_array_equal(np.isfinite(stated["one", "r2max"]), drawn)
    np.testing.assert_array_equal(np.isfinite(stated["one", "bound"]), drawn)
    nobody = Resamples(census(3), {"all": np.ones(3, dtype=bool), "none": np.zeros(3, dtype=bool)})
    empty = scores(TRUTH[:3], GIVEN[:3], nobody, LIMITS)
    assert all(not np.isfinite(empty["none", metric]).any() for metric in LIMITS)


def test_few_resamples_at_a_time_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many weights are put in order at once changes no quantile, and a mean in its last digits only."""
    expected = scores(TRUTH, GIVEN, resamples(), LIMITS)
    monkeypatch.setattr(replicates, "DRAWN", 200)

    for key, values in scores(TRUTH, GIVEN, resamples(), LIMITS).items():
        np.testing.assert_allclose(values, expected[key], rtol=1e-12, atol=1e-13, err_msg=str(key))


COUNTS = arrays.arrays(np.uint8, st.tuples(st.integers(1, 4), st.just(7)), elements=st.integers(0, 3))


@given(COUNTS, st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0, np.inf]), min_size=7, max_size=7))
def test_a_quantile_is_that_of_numpy(drawn: np.ndarray, values: list[float]) -> None:
    """Ties, rows that were not drawn, resamples without any row."""
    ranked, shares = np.sort(np.array(values)), np.array([0.1, 0.5, 0.9, 1.0])

    found = quantiles(ranked, drawn, shares)

    for line, counts in enumerate(drawn):
        rows = np.repeat(ranked, counts)
        expected = np.quantile(rows, shares, method="inverted_cdf") if rows.size else np.full(4, np.nan)
        np.testing.assert_array_equal(found[line], expected)


@given(COUNTS, st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0, np.inf]), min_size=7, max_size=7), st.data())
def test_what_is_left_on_average_is_that_of_a_loop(drawn: np.ndarray, values: list[float], data: st.DataObject) -> None:
    """Variances that differ from line to line, equal to bounds, below and above all of them, or no number."""
    each = st.sampled_from([0.25, 0.5, 1.0, 1.5, 3.0, np.nan])
    variance = np.array(data.draw(st.lists(each, min_size=len(drawn), max_size=len(drawn))))
    ranked = np.sort(np.array(values))

    found = mean_left(ranked, drawn, variance)

    for line, (counts, against) in enumerate(zip(drawn, variance, strict=True)):
        spared = np.clip(1 - np.repeat(ranked, counts) / against, 0, 1)
        expected = spared.mean() if spared.size else np.nan
        assert found[line] == pytest.approx(expected, rel=1e-12, abs=1e-12, nan_ok=True)


def test_shares_are_of_the_smaller_bounds() -> None:
    """The tenth of the rows that are bounded best leave most: p90 is above the median, p10 below."""
    found = scores(TRUTH, GIVEN, resamples(census(ROWS)), LIMITS)

    assert len(found["all", "r2max"]) == 1
    p10, median, p90 = (found["all", metric][0] for metric in ("r2max_p10", "r2max", "r2max_p90"))
    assert p10 <= median <= p90
    assert SHARES["r2max_p90"] < SHARES["r2max"] < SHARES["r2max_p10"]
    assert bounds.MEAN in LIMITS
