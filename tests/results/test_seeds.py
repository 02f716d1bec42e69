"""Seeds: a mean over them varies with the rows and with the seeds that happened to be taken."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import mean_absolute_error, r2_score

from runner import counter
from runner.expressions.parse import parse
from runner.plans.specs import JobRun
from runner.results.quantities import Quantity
from runner.results.replicates import RESAMPLES, census, interval, over_seeds, weights
from runner.verdicts.knowledge import Knowledge
from tests import knowledge
from tests.swept import EXPERIMENT, file, swept

RANDOM = np.random.default_rng(11)
TWIN = EXPERIMENT.replace("jobs:", "jobs:\n  twin: {job: mix}").replace("train: [50k, 1M]\n  ", "").replace(
    "sweep:", "train: 1M\nsweep:"
).replace("net(1M).r2 - net(50k).r2", "net.r2 - twin.r2")  # fmt: skip
DESK = """---
kind: hub
id: TOY-desk
title: Toy desk
date: 2026-01-02
cites: {a: TOY-S, b: TOY-T}
---
"""


def by_hand(seeds: Iterable[float], values: list[np.ndarray]) -> np.ndarray:
    """Return the mean over seeds as the design writes it, one replicate after another."""
    k, key = len(values), counter.key_of("seeds", ",".join(f"{seed:g}" for seed in seeds))
    found = [np.mean([array[0] for array in values])]
    for r in range(1, len(values[0])):
        mean = sum(array[r] for array in values) / k
        words = [counter.hashed(key, np.array([r - 1]), np.array([draw])) for draw in range(k)]
        taken = [values[int(counter.below(word, k)[0])][r] for word in words]
        found.append(mean + (k / (k - 1)) ** 0.5 * (sum(taken) / k - mean))
    return np.array(found)


def missing(run: JobRun) -> float:
    """Return by how much a run misses on average: the same for one seed, whatever the job."""
    return zlib.crc32(f"seed {run.axes.get('seed', 0):g}".encode()) % 101 / 101


def guess(root: Path, run: JobRun) -> np.ndarray:
    """Return predictions that miss by the same noise in every run, and by an offset of their seed."""
    return knowledge.guess(root, 1.0, seed=7) + missing(run)


def of(text: str, base: Knowledge, identity: str = "TOY-S") -> Quantity:
    """Evaluate an expression in a document."""
    assert base.library.findings == []
    return base.evaluator.expression(text, parse(text), base.library.named(identity))


def raw(run: str, metric: str, base: Knowledge) -> np.ndarray:
    """Return a score with its resamples, straight from the store."""
    return base.store.scores(base.library.named("TOY-S")).values[run, "all", metric]


def with_seeds(folder: Path, seeds: Iterable[int], **documents: str) -> Path:
    """Write an experiment of two equal jobs that draw, over some seeds."""
    text = TWIN.replace("seed: [1, 2, 3]", f"seed: [{', '.join(map(str, seeds))}]")
    return swept(folder, text, toy__exp__other=text.replace("TOY-S", "TOY-T"), toy__desk=DESK, **documents)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """Two experiments of two jobs that draw, each over three seeds."""
    root = with_seeds(tmp_path_factory.mktemp("seeds"), (1, 2, 3))
    file(root, "TOY-T", guess)
    return file(root, "TOY-S", guess)


@pytest.mark.parametrize("seeds", [(1.0, 2.0), (1.0, 2.0, 3.0), (7.0, 5.0, 3.0, 1.0, 0.0)])
def test_replicates_are_those_of_the_design(seeds: tuple[float, ...]) -> None:
    """The mean over all seeds on the rows drawn, and how far the mean over the seeds drawn lies from it, widened."""
    values = [RANDOM.normal(size=101) for _ in seeds]

    np.testing.assert_allclose(over_seeds(seeds, values), by_hand(seeds, values), rtol=1e-12, atol=1e-12)


def test_a_mean_over_seeds_is_that_of_the_design(base: Knowledge) -> None:
    """Left out, or asked for as the mean over all, it is the same number with the same uncertainty."""
    values = [raw(f"net(seed={seed})", "r2", base) for seed in (1, 2, 3)]
    expected = by_hand((1, 2, 3), values)

    np.testing.assert_allclose(of("net.r2", base).values, expected, rtol=1e-12)
    np.testing.assert_allclose(of("mean(net(seed=*).r2)", base).values, expected, rtol=1e-12)
    twice = by_hand((1, 2, 3), [2 * array - 1 for array in values])
    np.testing.assert_allclose(of("mean(2 * net(seed=*).r2 - 1)", base).values, twice, rtol=1e-12)
    squared = by_hand((1, 2, 3), [np.sqrt(array) for array in values])
    np.testing.assert_allclose(of("mean(sqrt(net(seed=*).r2))", base).values, squared, rtol=1e-12)


def test_seeds_are_drawn_evenly() -> None:
    """Each seed stands in a third of the draws, and a replicate draws as many as there are."""
    seeds, rows = (1.0, 2.0, 3.0), np.zeros(1 + RESAMPLES)
    shares = [over_seeds(seeds, [rows + (seed == other) for other in seeds])[1:] for seed in seeds]
    drawn = [(share - 1 / 3) / np.sqrt(3 / 2) + 1 / 3 for share in shares]

    np.testing.assert_allclose(sum(drawn), 1, rtol=1e-12)
    for share in drawn:
        assert set(np.round(3 * share).astype(int)) == {0, 1, 2, 3}
        assert share.mean() == pytest.approx(1 / 3, abs=5 * np.sqrt(2 / 27 / RESAMPLES))  # sd of a share: sqrt(2/27)


def test_equal_jobs_differ_by_nothing_in_every_replicate(base: Knowledge) -> None:
    """Jobs, slices and experiments over the same seeds share the seeds drawn, as they share the rows."""
    for text in ("net.r2 - twin.r2", "net.young.mae - twin.young.mae", "step"):
        assert not of(text, base).values.any()
    assert not of("a.net.r2 - b.twin.r2", base, "TOY-desk").values.any()
    assert of("net.r2", base).values[1:].std() > 0


def test_a_constant_difference_has_no_spread(base: Knowledge) -> None:
    """What all seeds gain alike is certain."""
    gain = of("mean(net(seed=*).bias + 0.25 - twin(seed=*).bias)", base)

    assert gain.values[1:] == pytest.approx(0.25, abs=1e-12)


def test_one_seed_adds_nothing(tmp_path: Path) -> None:
    """Its mean is itself, and nothing is known of others."""
    base = file(with_seeds(tmp_path, (5,)), "TOY-S", guess)

    for text in ("net.r2", "net(seed=5).r2", "mean(net(seed=*).r2)"):
        np.testing.assert_array_equal(of(text, base).values, raw("net(seed=5)", "r2", base))
    np.testing.assert_array_equal(over_seeds((5.0,), [np.arange(4.0)]), np.arange(4.0))


def test_without_resamples_there_is_a_mean_alone() -> None:
    """Scalars, and facts of a census, are constants."""
    assert len(census(5)) == 1
    np.testing.assert_array_equal(over_seeds((1.0, 2.0), [np.array([1.0]), np.array([4.0])]), [2.5])


def test_the_draw_depends_on_the_seeds_alone() -> None:
    """Other seeds, or the same in another order, are drawn anew; other values are not."""
    values = [RANDOM.normal(size=501) for _ in range(3)]
    first = over_seeds((1.0, 2.0, 3.0), values)

    np.testing.assert_allclose(over_seeds((1.0, 2.0, 3.0), [v + 7 for v in values]), first + 7, rtol=1e-12)
    assert (over_seeds((1.0, 2.0, 4.0), values)[1:] != first[1:]).mean() > 0.5


@pytest.mark.parametrize(("k", "rows", "seeds"), [(3, 1.0, 0.0), (3, 0.0, 1.0), (5, 1.0, 2.0), (20, 0.5, 3.0)])
def test_the_spread_is_that_of_rows_and_of_seeds(k: int, rows: float, seeds: float) -> None:
    """The variance of the replicates is that of the rows plus that of the seeds over k, without bias for small k.

    Given the seeds, the replicates have the variance rows² + s²/k with the sample variance s². From a thousand of them
    the standard deviation is known to 1/sqrt(2000) = 2.2 % where they are normal, and better where they are flatter:
    four of those are allowed. A shared draw of rows shifts all seeds alike.
    """
    random = np.random.default_rng(k)
    shift, offsets = random.normal(0, rows, 1 + RESAMPLES), random.normal(0, seeds, k)
    shift = (shift - shift[1:].mean()) / (shift[1:].std() or 1) * rows if rows else np.zeros(1 + RESAMPLES)

    found = over_seeds(tuple(map(float, range(k))), [shift + offset for offset in offsets])[1:].std()

    assert found == pytest.approx(np.sqrt(rows**2 + offsets.var(ddof=1) / k), rel=4 / np.sqrt(2 * RESAMPLES))


def test_the_spread_of_a_fact_is_that_of_rows_and_of_seeds(base: Knowledge) -> None:
    """The same through predictions: the error of a mean offset, noise over n and seeds over k (four times 2.2 %)."""
    error = (
        knowledge.guess(base.library.root, 1.0, seed=7)
        - knowledge.labels(base.library.root).labels("test", 80)["weight"]
    )
    offsets = np.array([raw(f"net(seed={seed})", "bias", base)[0] for seed in (1, 2, 3)])
    expected = np.sqrt(error.var() / 80 + offsets.var(ddof=1) / 3)

    assert of("net.bias", base).values[1:].std() == pytest.approx(expected, rel=0.09)
    assert of("net(seed=1).bias", base).values[1:].std() == pytest.approx(np.sqrt(error.var() / 80), rel=0.09)


@pytest.mark.parametrize(
    ("seeds", "text", "fits"),
    [
        ((1, 2, 3), "net.r2", False),
        ((1, 2, 3), "net.r2 > line.r2", False),
        ((1, 2, 3), "mean(net(seed=*).r2)", False),
        ((1, 2, 3), "all(net(seed=*).r2 > 0.5)", False),
        ((1, 2, 3), "net(seed=1).r2", True),
        ((1, 2, 3), "net.r2 - net(seed=2).r2", True),
        ((1, 2), "net.r2", True),
        ((1, 2), "net.r2 > 0.5 or line.r2 > 0.5", True),
        ((1, 2), "line.r2 - edge.r2", False),
        ((1,), "net.r2", True),
    ],
)
def test_fewer_than_three_seeds_speak_of_these_fits(
    tmp_path: Path, seeds: tuple[int, ...], text: str, *, fits: bool
) -> None:
    """A job that draws has to be seen three times; runs times parts are no seeds; one that does not draw need not."""
    base = file(with_seeds(tmp_path, seeds), "TOY-S", guess)

    assert of(text, base).fits is fits


class Replayed(np.random.Generator):
    """A generator that draws the rows it is told to."""

    def __init__(self, drawn: np.ndarray) -> None:
        """Remember the rows of every resample."""
        super().__init__(np.random.PCG64(0))
        self.drawn = drawn

    def integers(self, *_: Any, **__: Any) -> Any:
        """Return the rows of all resamples: [R, n]."""
        return self.drawn


def statistics() -> list[tuple[str, Any]]:
    """Return expressions with what they mean to scikit-learn: functions of the truth and two predictions."""
    return [
        ("line.r2", lambda y, a, _: r2_score(y, a)),
        ("line.r2 - edge.r2", lambda y, a, b: r2_score(y, a) - r2_score(y, b)),
        ("line.mae / edge.mae", lambda y, a, b: mean_absolute_error(y, a) / mean_absolute_error(y, b)),
        ("(line.r2 - edge.r2) / (1 - edge.r2)", lambda y, a, b: 1 - (1 - r2_score(y, a)) / (1 - r2_score(y, b))),
    ]


@pytest.fixture(scope="module")
def unlike(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """The base with predictions that differ from job to job."""
    return file(with_seeds(tmp_path_factory.mktemp("unlike"), (1, 2, 3)))


def sample(base: Knowledge) -> tuple[np.ndarray, ...]:
    """Return truth and predictions as they are filed."""
    document = base.library.named("TOY-S")
    stored = base.store.predictions(document)
    truth = base.store.rows(document).columns["weight"]
    return tuple(array.astype(np.float64) for array in (truth, stored["line/test"], stored["edge/test"]))


@pytest.mark.parametrize(("text", "statistic"), statistics())
def test_intervals_are_those_of_scipy_on_the_same_resamples(text: str, statistic: Any, unlike: Knowledge) -> None:
    """R², differences and ratios through the evaluator: every replicate of scipy is ours, and so is the interval."""
    document = unlike.library.named("TOY-S")
    rows, protocol = unlike.store.rows(document), unlike.library.protocol(document)
    assert protocol is not None
    drawn = np.stack([np.repeat(np.arange(rows.count), w) for w in weights(rows.key, rows.count)[1:]])
    options = {"paired": True, "vectorized": False, "method": "percentile", "n_resamples": RESAMPLES}
    theirs = stats.bootstrap(sample(unlike), statistic, rng=Replayed(drawn), **options).bootstrap_distribution
    ours = of(text, unlike)

    np.testing.assert_allclose(ours.values[1:], theirs, rtol=1e-12, atol=1e-12)
    assert ours.interval == pytest.approx(tuple(np.sort(theirs)[[25, 974]]), abs=1e-12)
    assert ours.interval == interval(ours.values)
    assert of(f"{text} > 0.01", unlike).probability == pytest.approx((theirs > 0.01).mean(), abs=1e-12)


@pytest.mark.parametrize(("text", "statistic"), statistics())
def test_intervals_agree_with_scipy_on_other_resamples(text: str, statistic: Any, unlike: Knowledge) -> None:
    """Resamples of scipy's own differ by Monte Carlo error: 0.085 sd for a 2.5 % quantile of a thousand, five times."""
    options = {"paired": True, "vectorized": False, "method": "percentile", "n_resamples": RESAMPLES}
    theirs = stats.bootstrap(sample(unlike), statistic, rng=np.random.default_rng(2), **options)

    error = 5 * 0.085 * np.sqrt(2) * theirs.standard_error
    assert of(text, unlike).interval == pytest.approx(tuple(theirs.confidence_interval), abs=error)
