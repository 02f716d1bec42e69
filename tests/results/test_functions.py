"""Functions: what they make of values and resamples, of the parts of a `*`, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from runner.documents.kinds import Value
from runner.expressions.parse import parse
from runner.expressions.tokens import ExpressionRefused
from runner.plans.specs import JobRun
from runner.results.evaluation import Pending
from runner.results.quantities import Parts, Quantity
from runner.results.replicates import interval
from runner.verdicts.knowledge import Knowledge
from tests.swept import EXPERIMENT, file, guess, swept

PUBLISHED = """published:
  - source: A report
    population: other rows
    facts:
      net.r2: {50k: 0.5, 1M: "0.75 [0.7, 0.8]"}
      line.mae: 2
withdrawn:
  - source: An older report
    population: other rows
    why: it saw the test rows
    facts: {edge.r2: 0.99}
"""
LOUD = EXPERIMENT.replace("TOY-S", "TOY-L").replace("noise: 1", "noise: 0.5")
DESK = """---
kind: hub
id: TOY-desk
title: Toy desk
date: 2026-01-02
cites:
  swept: TOY-S
  big: TOY-S/net(1M)
  loud: TOY-L
define:
  told: published(swept.net(1M).r2)
  wide: big.half(*).r2
  between: big.r2 - loud.net(1M).r2
  crossed: across(big.r2 - loud.net(1M).r2)
---
"""
BIG = "net(seed={}, train=1000000)"
SPLIT = "line.half(*).r2"
HALVES, STAGES = ("half(30)", "half(50)"), ("child", "teen", "grown")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """Two experiments on the same rows at different noise, one with published values, and a desk."""
    experiment = EXPERIMENT.replace("jobs:", f"{PUBLISHED}jobs:").replace("define:", f"define:\n  split: {SPLIT}")
    root = swept(tmp_path_factory.mktemp("functions"), experiment, toy__exp__loud=LOUD, toy__desk=DESK)
    file(root, "TOY-L")
    return file(root, alpha=3.0)


def of(text: str, base: Knowledge, identity: str = "TOY-S", **at: Value) -> Quantity:
    """Evaluate an expression in a document."""
    assert base.library.findings == []
    return base.evaluator.expression(text, parse(text), base.library.named(identity), at)


def refused(text: str, base: Knowledge, identity: str = "TOY-S", **at: Value) -> ExpressionRefused:
    """Return the refusal of an expression."""
    with pytest.raises(ExpressionRefused) as found:
        of(text, base, identity, **at)
    return found.value


def raw(run: str, base: Knowledge, piece: str = "all", metric: str = "r2", identity: str = "TOY-S") -> np.ndarray:
    """Return a score with its resamples, straight from the store."""
    return base.store.scores(base.library.named(identity)).values[run, piece, metric]


def line(base: Knowledge, piece: str = "all", train: int = 1000000) -> np.ndarray:
    """Return R² of the job that does not draw."""
    return raw(f"line(train={train})", base, piece)


def halves(base: Knowledge) -> np.ndarray:
    """Return its R² in both halves: [2, 1001]."""
    return np.stack([line(base, piece) for piece in HALVES])


def stages(base: Knowledge) -> np.ndarray:
    """Return its R² in the three named parts: [3, 1001]."""
    return np.stack([line(base, piece) for piece in STAGES])


def elementwise(base: Knowledge) -> Iterator[tuple[str, np.ndarray]]:
    """Yield functions of single quantities with the values numpy gives them."""
    a, b, m = line(base), line(base, train=50000), raw("line(train=1000000)", base, metric="mae")
    bias = raw("line(train=1000000)", base, metric="bias")
    yield "abs(line(1M).bias)", np.abs(bias)
    yield "sqrt(line(1M).mae) - log10(line(1M).mae)", np.sqrt(m) - np.log10(m)
    yield "min(line(1M).r2, line(50k).r2)", np.minimum(a, b)
    yield "max(line(1M).r2, line(50k).r2, 0.9, 1 - line(1M).r2)", np.max([a, b, np.full_like(a, 0.9), 1 - a], axis=0)
    yield "max(line(1M).r2)", a
    yield "min(line(1M).alpha, line(1M).r2 * 9)", np.minimum(3, a * 9)
    yield "max(0.25, 1 / 2)", np.array([0.5])
    yield "near(line(1M).r2, line(50k).r2, 0.01)", np.asarray(np.abs(a - b) <= 0.01)
    yield "near(line(1M).r2, 0.9, line(1M).mae / 100)", np.abs(a - 0.9) <= m / 100
    yield "not near(line(1M).r2, 0.9, 0.02) and line(1M).mae < 1", (np.abs(a - 0.9) > 0.02) & (m < 1)
    yield "across(line(1M).r2 - line(1M).young.r2)", a - line(base, "young")
    yield "across(line(1M).r2 > line(1M).young.r2)", a > line(base, "young")
    yield "across(line(1M).r2) - line(1M).young.r2 * 2", a - line(base, "young") * 2
    yield "ci(line(1M).r2)", a


def reductions(base: Knowledge) -> Iterator[tuple[str, np.ndarray]]:
    """Yield functions over the parts of a `*` with the values numpy gives them."""
    h, s, edge = halves(base), stages(base), np.stack([raw("edge", base, piece) for piece in STAGES])
    trains = np.stack([line(base, train=train) for train in (50000, 1000000)])
    mean = {piece: of(f"net(1M).{piece}.r2", base).values for piece in STAGES}
    yield "mean(line(1M).half(*).r2)", h.mean(axis=0)
    yield "sd(line(1M).stage(*).r2)", s.std(axis=0, ddof=1)
    yield "spread(line(1M).stage(*).r2)", s.max(axis=0) - s.min(axis=0)
    yield "min(line(1M).stage(*).r2)", s.min(axis=0)
    yield "max(line(*).r2)", trains.max(axis=0)
    yield (
        "mean(line(*).half(*).r2)",
        np.stack([line(base, p, n) for n in (50000, 1000000) for p in HALVES]).mean(axis=0),
    )
    yield "count(line(1M).stage(*).r2 > 0.85)", (s > 0.85).sum(axis=0)
    yield "count(line(1M).stage(*).r2 > edge.stage(*).r2) / 3", (s > edge).sum(axis=0) / 3
    yield "all(line(1M).half(*).r2 > 0.8)", np.asarray((h > 0.8).all(axis=0))
    yield "any(line(1M).stage(*).r2 < edge.stage(*).r2)", np.asarray((s < edge).any(axis=0))
    yield "not all(line(1M).stage(*).r2 > edge.stage(*).r2)", np.asarray(~(s > edge).all(axis=0))
    yield "all(near(line(1M).stage(*).r2, edge.stage(*).r2, 0.1))", (np.abs(s - edge) <= 0.1).all(axis=0)
    yield "argmax(line(1M).stage(*).r2)", s.argmax(axis=0)
    yield "max(abs(line(1M).stage(*).r2 - edge.stage(*).r2))", np.abs(s - edge).max(axis=0)
    yield "mean(line(1M).stage(*).r2 - 0.5)", (s - 0.5).mean(axis=0)
    yield "min(max(line(1M).stage(*).r2, 0.9))", np.maximum(s, 0.9).min(axis=0)
    yield "all(net(1M).stage(*).r2 > 0.7)", np.all([mean[piece] > 0.7 for piece in STAGES], axis=0)
    yield "mean(gap(*))", np.mean([of("gap(50k)", base).values, of("gap(1M)", base).values], axis=0)
    yield "spread(net(*, seed=2).r2)", np.ptp([raw(f"net(seed=2, train={n})", base) for n in (50000, 1000000)], axis=0)
    yield "spread(line(*).alpha)", np.array([0.0])


@pytest.mark.parametrize("formulas", [elementwise, reductions])
def test_functions_are_evaluated_on_all_resamples_at_once(
    formulas: Callable[[Knowledge], Iterator[tuple[str, np.ndarray]]], base: Knowledge
) -> None:
    """Point and replicates are those of numpy on the scores, resample by resample."""
    for text, expected in formulas(base):
        np.testing.assert_allclose(of(text, base).values, expected, rtol=1e-12, atol=1e-14, err_msg=text)


def test_the_largest_part_is_named(base: Knowledge) -> None:
    """`argmax` gives a name and no number; the resamples say how often each part was the largest."""
    found = of("argmax(line(1M).stage(*).r2)", base)
    train = of("argmax(line(*).r2)", base)

    assert found.choices == STAGES
    assert found.text == STAGES[int(stages(base)[:, 0].argmax())]
    assert found.interval is None
    assert (train.choices, train.text) == (("50k", "1M"), "50k" if line(base, train=50000)[0] > line(base)[0] else "1M")


def test_the_largest_part_has_to_be_a_number(base: Knowledge) -> None:
    """A part without value is not passed over."""
    error = refused("argmax(1 / (line(*).r2 - line(*).r2))", base)

    assert (error.code, error.message) == ("LG305", "a part has no finite value")


@pytest.mark.parametrize("word", ["mean", "sd", "spread", "argmax"])
def test_what_combines_parts_needs_parts(word: str, base: Knowledge) -> None:
    """A single value has no mean."""
    text = f"{word}(line(1M).r2)"
    error = refused(f"1 + {text}" if word != "argmax" else text, base)

    assert (error.code, error.message) == ("LG304", f"`{word}` combines what `*` gives")
    assert error.end - error.start == len(text)


@pytest.mark.parametrize("word", ["count", "all", "any"])
def test_what_counts_parts_needs_parts(word: str, base: Knowledge) -> None:
    """Nor is there anything to count."""
    assert refused(f"{word}(line(1M).r2 > 0)", base).message == f"`{word}` combines what `*` gives"


@pytest.mark.parametrize(
    ("text", "count"),
    [("line(*).r2", 2), ("1 - line(1M).stage(*).r2", 3), ("line(*).stage(*).r2 > 0", 6), ("gap(*)", 2), ("wide", 2)],
)
def test_parts_are_no_single_value(text: str, count: int, base: Knowledge) -> None:
    """Where one value is due, the parts have to be combined; a table may have them all."""
    identity = "TOY-desk" if text == "wide" else "TOY-S"
    error = refused(text, base, identity)
    worth = base.evaluator.worth(text, parse(text), base.library.named(identity))

    assert (error.code, error.message) == ("LG304", f"`*` gives {count} values, one is due")
    assert error.fix.startswith("combine them: mean, sd, ")
    assert isinstance(worth, Parts)
    assert len(worth.by_name) == count


@pytest.mark.parametrize(
    "text",
    [
        "mean(line(*).r2 - line(1M).half(*).r2)",
        "all(line(1M).stage(*).r2 > line(1M).half(*).r2)",
        "all(near(1, line(*).r2, 1) or line(1M).half(*).r2 > 0)",
    ],
)  # fmt: skip
def test_parts_of_unlike_stars_do_not_combine(text: str, base: Knowledge) -> None:
    """Part goes with part: there is no pairing of years with training rows."""
    error = refused(text, base)

    assert (error.code, error.message) == ("LG303", "the parts of one `*` are not those of the other")


def test_a_star_inside_a_star_is_refused(base: Knowledge) -> None:
    """A family whose members are parts themselves has to combine them first."""
    error = refused("1 + mean(split(*))", base)

    assert (error.message, error.start, error.end) == ("a `*` inside a `*`", 9, 17)
    np.testing.assert_array_equal(of("mean(split(1M))", base).values, of("mean(line(1M).half(*).r2)", base).values)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("mean(line(1M).half(*).r2)", "wide@1 test · noise 1 · 2 parts · n = 80"),
        ("count(line(1M).stage(*).r2 > 0.8)", "wide@1 test · noise 1 · 3 parts · n = 80"),
        ("max(line(*).r2)", "wide@1 test · noise 1 · n = 80"),
        ("mean(net(1M, seed=*).r2)", "wide@1 test · noise 1 · n = 80"),
        ("net(1M).young.r2", "wide@1 test · noise 1 · young · n = 37"),
    ],
)
def test_parts_together_are_a_population(text: str, name: str, base: Knowledge) -> None:
    """Combined parts speak about all of them; runs on the same rows about those rows."""
    assert [str(population) for population in of(text, base).bound] == [name]


def test_parts_together_combine_with_their_like_only(base: Knowledge) -> None:
    """A mean over parts is no number of the whole rows, unless it is said to cross."""
    mean = "mean(line(1M).half(*).r2)"

    assert of(f"{mean} - mean(edge.half(*).r2)", base).interval is not None
    assert of(f"{mean} - max(edge.half(*).r2) > 0", base).probability is not None
    for text in (f"{mean} - line(1M).r2", f"{mean} < mean(line(1M).stage(*).r2)", f"{mean} - line(1M).young.r2"):
        error = refused(text, base)
        assert error.code == "LG303"
        assert error.message.startswith("populations differ: wide@1 test · noise 1 · 2 parts · n = 80 and wide@1 test")
        assert error.fix.endswith("or write across(...)")
        assert of(f"across({text})", base).across


def test_a_partition_with_a_small_part_has_no_interval(base: Knowledge) -> None:
    """The smallest part counts: below thirty rows nothing is said about chance."""
    small, large = of("mean(line(1M).stage(*).r2)", base), of("mean(line(1M).half(*).r2)", base)

    assert (small.interval, of("all(line(1M).stage(*).r2 > 0)", base).probability) == (None, None)
    assert large.interval == interval(halves(base).mean(axis=0))
    assert of("across(mean(line(1M).stage(*).r2) - line(1M).r2)", base).interval is None


@pytest.mark.parametrize(
    ("text", "both"),
    [
        ("line(1M).r2 - line(1M).young.r2", ("noise 1 · n = 80", "noise 1 · young · n = 37")),
        ("near(line(1M).r2, 0.5, line(1M).young.r2)", ("noise 1 · n = 80", "noise 1 · young · n = 37")),
        ("min(edge.r2, 0.1, edge.young.r2)", ("noise 1 · n = 80", "noise 1 · young · n = 37")),
        ("between", ("noise 1 · n = 80", "noise 0.5 · n = 80")),
        ("across(between)", ("noise 1 · n = 80", "noise 0.5 · n = 80")),
        ("mean(big.half(*).r2 - loud.net(1M).half(*).r2)", ("noise 1 · half 20–40 · n = 37",
                                                            "noise 0.5 · half 20–40 · n = 37")),
    ],
)  # fmt: skip
def test_populations_that_differ_are_both_named(text: str, both: tuple[str, str], base: Knowledge) -> None:
    """A definition says itself whether it crosses: doing so around it does not make up for it."""
    error = refused(text, base, "TOY-S" if "line" in text or "edge" in text else "TOY-desk")

    assert error.code == "LG303"
    assert error.message.removeprefix("in `between`: ") == (
        "populations differ: " + " and ".join(f"wide@1 test · {name}" for name in both)
    )
    assert error.fix.startswith("write across(...) in `between`") == ("between" in text)


def test_across_combines_and_says_so(base: Knowledge) -> None:
    """What crosses belongs to no population, keeps all it rests on, is paired all the same, and says so."""
    found = of("crossed", base, "TOY-desk")
    expected = of("big.r2", base, "TOY-desk").values - of("loud.net(1M).r2", base, "TOY-desk").values

    np.testing.assert_array_equal(found.values, expected)
    assert (found.across, found.bound, len(found.populations)) == (True, (), 2)
    assert found.interval == interval(expected)
    assert of("crossed > big.young.r2", base, "TOY-desk").across
    assert of("crossed - 1 < 2 and big.r2 > 0", base, "TOY-desk").across
    assert not of("big.r2 - 1", base, "TOY-desk").across


def test_across_over_parts_crosses_each(base: Knowledge) -> None:
    """Inside a `*` the parts cross one by one."""
    found = of("mean(across(line(1M).half(*).r2 - line(1M).r2))", base)

    np.testing.assert_allclose(found.values, (halves(base) - line(base)).mean(axis=0), rtol=1e-12, atol=1e-15)
    assert (found.across, found.bound) == (True, ())


@pytest.mark.parametrize("text", ["line(1M).r2 > 0.85", "all(line(1M).half(*).r2 > 0.8)", "near(edge.r2, 0.8, 0.1)"])
def test_a_probability_is_a_number_without_one_of_its_own(text: str, base: Knowledge) -> None:
    """The share of resamples in which a predicate holds: a number on its rows, without interval."""
    found = of(f"p({text})", base)

    assert found.point == of(text, base).probability == of(text, base).values[1:].mean()
    assert (len(found.values), found.interval, found.bound) == (1, None, of(text, base).bound)
    both = of(f"across(1 - p({text}) + edge.young.r2)", base)
    assert both.values[0] == 1 - found.point + raw("edge", base, "young")[0]
    assert refused(f"p({text}) - p(edge.young.r2 > 0.5)", base).code == "LG303"


@pytest.mark.parametrize("text", ["p(line(1M).alpha > 2)", "p(line(1M).child.r2 > 0)", "p(1 > 2)"])
def test_what_does_not_vary_has_no_probability(text: str, base: Knowledge) -> None:
    """A constant is true or false; of too few rows nothing is said."""
    error = refused(f"1 - {text}", base)

    assert (error.code, error.start, error.message) == ("LG305", 4, "there is no probability here")


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("abs(line(1M).bias)", "kg"),
        ("sqrt(line(1M).mae)", ""),
        ("max(line(1M).mae, line(50k).mae)", "kg"),
        ("max(line(1M).mae, line(1M).r2)", ""),
        ("mean(line(1M).half(*).mae)", "kg"),
        ("spread(line(1M).half(*).mae)", "kg"),
        ("count(line(1M).half(*).mae > 1)", ""),
        ("near(line(1M).mae, 1, 2)", ""),
        ("across(line(1M).mae)", "kg"),
        ("net(1M).mae", "kg"),
        ("p(line(1M).mae > 0.8)", ""),
    ],
)
def test_units_follow(text: str, unit: str, base: Knowledge) -> None:
    """What picks or averages keeps the unit."""
    assert of(text, base).unit == unit


def test_the_row_above_is_asked_for_in_a_table(base: Knowledge) -> None:
    """`prev` is the value one row up, whatever axis the rows differ in, and stands in columns only."""
    document = base.library.named("TOY-S")

    def cell(text: str, at: dict[str, Value], above: dict[str, Value] | None) -> np.ndarray:
        worth = base.evaluator.worth(text, parse(text), document, at, above)
        assert isinstance(worth, Quantity)
        return worth.values

    up = line(base) - line(base, train=50000)
    np.testing.assert_array_equal(cell("line.r2 - prev(line.r2)", {"train": 1e6}, {"train": 5e4}), up)
    parts = line(base, "half(50)") - line(base, "half(30)")
    asked: dict[str, Value] = {"half": "half(50)", "train": 1e6}
    found = cell("across(line.r2 - prev(line.r2))", asked, {**asked, "half": "half(30)"})
    np.testing.assert_array_equal(found, parts)
    gap = of("gap(1M)", base).values - of("gap(50k)", base).values
    np.testing.assert_array_equal(cell("gap - prev(gap)", {"train": 1e6}, {"train": 5e4}), gap)
    with pytest.raises(ExpressionRefused, match="there is no row above"):
        cell("line.r2 - prev(line.r2)", {"train": 5e4}, None)


def test_a_value_depends_on_where_it_is_asked(base: Knowledge) -> None:
    """The same text at two rows of a table is two values."""
    assert of("line.r2", base, train=1e6).point == line(base)[0]
    assert of("line.r2", base, train=5e4).point == line(base, train=50000)[0]
    assert of("edge.r2", base, stage="teen").point == raw("edge", base, "teen")[0]
    assert of("gap", base, train=1e6).point == of("gap(1M)", base).point


@pytest.mark.parametrize("first", [None, "gap(1M)", "gap(*)"])
def test_an_axis_left_out_is_told_of_the_name_that_is_used(first: str | None, base: Knowledge) -> None:
    """Whatever was asked before, the refusal is about the definition, not what stands in it."""
    if first:
        base.evaluator.worth(first, parse(first), base.library.named("TOY-S"))
    error = refused("1 + gap", base)

    assert (error.code, error.start, error.message) == ("LG306", 4, "`gap` has several values of train")
    assert error.fix == "name one, gap(50k), or all, gap(*)"


def test_published_values_are_shown_beside_ours(base: Knowledge) -> None:
    """A source's value has no resamples and no rows of ours, and is named as what the number rests on."""
    found, apart = of("told", base, "TOY-desk"), of("net(1M).r2 - published(net(1M).r2)", base)

    assert (found.point, len(found.values), found.bound, found.interval) == (0.75, 1, (), None)
    assert [entry.source for entry in found.published] == ["A report"]
    np.testing.assert_array_equal(apart.values, of("net(1M).r2", base).values - 0.75)
    assert [entry.source for entry in apart.published] == ["A report"]
    assert of("published(net(1M).r2) - published(net(50k).r2) + published(line.mae)", base).point == 2.25


@pytest.mark.parametrize("text", ["told > 0.5", "big.r2 - told > 0", "near(big.r2, told, 1)", "p(told < 1)"])
def test_published_values_are_not_judged_under_another_name(text: str, base: Knowledge) -> None:
    """A definition is no way round."""
    error = refused(text, base, "TOY-desk")

    assert (error.code, error.message) == ("LG304", "a published value is shown beside ours, never judged")


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("published(net(2M).r2)", "LG302", "no source gives `net(2000000).r2`"),
        ("published(edge.r2)", "LG113", "`edge.r2` was withdrawn: it saw the test rows"),
    ],
)
def test_published_values_that_nobody_stands_by_are_refused(
    text: str, code: str, message: str, base: Knowledge
) -> None:
    """Unknown or withdrawn, it is not replaced by ours."""
    error = refused(f"1 + {text}", base)

    assert (error.code, error.message) == (code, message)


def test_a_sweep_with_a_failed_run_owes_what_rests_on_it(tmp_path: Path) -> None:
    """A mean over two of three seeds is not passed off as one over three; the others are there."""

    def predict(root: Path, run: JobRun) -> np.ndarray | str:
        return "JobFailed: out of luck" if run.name == BIG.format(2) else guess(root, run)

    base = file(swept(tmp_path), predict=predict)
    for text in ("net(1M).r2", "net(1M, seed=2).r2", "mean(net(*).r2)", "any(net(1M, seed=*).r2 > 0)", "gap(1M)"):
        with pytest.raises(Pending):
            of(text, base)
    for text in ("net(50k).r2", "net(1M, seed=1).r2", "line(1M).r2", "gap(50k)"):
        assert of(text, base).interval is not None
