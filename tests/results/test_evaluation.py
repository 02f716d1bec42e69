"""Evaluation: values and resamples of expressions, and the combinations that are refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from runner.expressions.parse import parse
from runner.expressions.tokens import ExpressionRefused
from runner.results.addresses import FactAddress
from runner.results.evaluation import Pending
from runner.results.populations import Population
from runner.results.quantities import Quantity
from runner.results.replicates import interval
from runner.verdicts.knowledge import Knowledge, gather
from tests import knowledge
from tests.knowledge import EXPERIMENT, HUB, PROTOCOL, file, guess, toy

SLICED = PROTOCOL.replace("slices:", "slices:\n  few: age < 30\n  one: age > 59.4\n  none: age > 90")
QUIET = EXPERIMENT.replace("TOY-1", "TOY-2").replace("noise: 1", "noise: 0")
NEW = EXPERIMENT.replace("TOY-1", "TOY-3")
DESK = """---
kind: hub
id: TOY-desk
title: Toy desk
date: 2026-01-02
cites:
  toy: TOY-1
  quiet: TOY-2
  new: TOY-3
define:
  double: 2 * toy.gain
  far: double + quiet.gain
  lost: toy.gian
---
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """Two experiments with results at different noise, one without, and a desk of definitions."""
    root = toy(tmp_path_factory.mktemp("evaluation"))
    files = {"toy/exp/quiet.md": QUIET, "toy/exp/new.md": NEW, "toy/desk.md": DESK, "protocols/tiny.md": SLICED}
    knowledge.write(root, files)
    file(root, "TOY-2", {"weak": guess(root, 1, seed=3), "strong": guess(root, 0.4, seed=4)})
    scalars = {"alpha": 3.0, "edge": 0.0, "confusion(tall, short)": 4.0}
    return file(root, "TOY-1", {"weak": guess(root, 2), "strong": guess(root, 0.5, seed=2)}, **scalars)


def of(text: str, base: Knowledge, identity: str = "TOY-1") -> Quantity:
    """Evaluate an expression in a document."""
    return base.evaluator.expression(text, parse(text), base.library.named(identity))


def raw(address: str, base: Knowledge, identity: str = "TOY-1") -> np.ndarray:
    """Return a score with its resamples, straight from the store."""
    run, *middle, metric = address.split(".")
    return base.store.scores(base.library.named(identity)).values[run, middle[0] if middle else "all", metric]


def refused(text: str, base: Knowledge, identity: str = "TOY-1") -> ExpressionRefused:
    """Return the refusal of an expression."""
    with pytest.raises(ExpressionRefused) as found:
        of(text, base, identity)
    return found.value


def formulas(base: Knowledge) -> Iterator[tuple[str, np.ndarray]]:
    """Yield expressions with the values numpy gives them."""
    a, b, m = raw("strong.r2", base), raw("weak.r2", base), raw("weak.mae", base)
    yield "strong.r2", a
    yield "-strong.r2", -a
    yield "strong.r2 - weak.r2", a - b
    yield "(strong.r2 - weak.r2) / weak.r2 * 100", (a - b) / b * 100
    yield "1 - weak.mae / 2 + 3 * weak.alpha", 1 - m / 2 + 9
    yield "ci(strong.r2 - weak.r2)", a - b
    yield "strong.young.r2 - weak.young.r2", raw("strong.young.r2", base) - raw("weak.young.r2", base)
    yield "strong.r2 > weak.r2", a > b
    yield "0.5 < weak.r2 <= strong.r2", (b > 0.5) & (b <= a)
    yield "strong.r2 > 0.97 and not weak.r2 > 0.5 or weak.mae < 1", ((a > 0.97) & ~(b > 0.5)) | (m < 1)
    yield "weak.alpha > 2", np.array([True])
    yield "weak.alpha > 2 and strong.r2 > 0.97", a > 0.97


def test_an_expression_is_evaluated_on_all_resamples_at_once(base: Knowledge) -> None:
    """Point and replicates are those of numpy on the scores, paired row draw by row draw."""
    for text, expected in formulas(base):
        np.testing.assert_allclose(of(text, base).values, expected, rtol=1e-15, err_msg=text)


def test_a_quantity_knows_its_point_interval_and_probability(base: Knowledge) -> None:
    """The point is the value itself, the interval that of the replicates, the probability a share of them."""
    gain = raw("strong.r2", base) - raw("weak.r2", base)

    assert of("gain", base).point == gain[0]
    assert of("gain", base).interval == interval(gain)
    assert of("gain > 0.2", base).probability == (gain[1:] > 0.2).mean()


def test_a_quantity_names_its_facts_and_its_population(base: Knowledge) -> None:
    """Each fact is named once, in reading order, with the one population they share."""
    found = of("gain / weak.r2", base)

    assert [fact.key for fact in found.facts] == ["strong.r2", "weak.r2"]
    assert [str(population) for population in found.populations] == ["tiny@1 test · noise 1 · n = 80"]


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("weak.r2", ""),
        ("weak.mae", "kg"),
        ("-weak.mae", "kg"),
        ("weak.mae - strong.rmse", "kg"),
        ("weak.mae / strong.mae", ""),
        ("weak.mae > 1", ""),
        ("weak.alpha", ""),
    ],
)
def test_units_follow(text: str, unit: str, base: Knowledge) -> None:
    """Errors come in the unit of the target; a ratio of them in none."""
    assert of(text, base).unit == unit


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ("weak.r2 - weak.young.r2", "noise 1 · n = 80", "noise 1 · young · n = 37"),
        ("weak.young.r2 > weak.old.r2", "noise 1 · young · n = 37", "noise 1 · old · n = 43"),
        ("toy.weak.r2 - quiet.weak.r2", "noise 1 · n = 80", "noise 0 · n = 80"),
        ("toy.weak.r2 < 2 * quiet.weak.r2 + 1", "noise 1 · n = 80", "noise 0 · n = 80"),
        ("far", "noise 1 · n = 80", "noise 0 · n = 80"),
        ("0 < toy.gain < quiet.gain", "noise 1 · n = 80", "noise 0 · n = 80"),
    ],
)
def test_populations_that_differ_do_not_combine(text: str, first: str, second: str, base: Knowledge) -> None:
    """Numbers of other rows, another slice or another noise make no difference, ratio or comparison: both are named."""
    identity = "TOY-desk" if "toy" in text or text == "far" else "TOY-1"
    error = refused(text, base, identity)

    assert error.code == "LG303"
    assert error.message.removeprefix("in `far`: ") == (
        f"populations differ: tiny@1 test · {first} and tiny@1 test · {second}"
    )


def test_and_or_join_populations(base: Knowledge) -> None:
    """Each predicate is judged on rows of its own, and both populations are kept."""
    both = of("toy.weak.r2 > 0.5 and quiet.weak.r2 > 0.5", base, "TOY-desk")
    either = of("toy.weak.young.r2 > 9 or not quiet.weak.old.r2 > 9", base, "TOY-desk")
    expected = (raw("weak.r2", base) > 0.5) & (raw("weak.r2", base, "TOY-2") > 0.5)

    np.testing.assert_array_equal(both.values, expected)
    assert either.probability == 1.0
    assert [len(found.populations) for found in (both, either)] == [2, 2]


def test_scalars_have_neither_interval_nor_population(base: Knowledge) -> None:
    """A number a job returned by itself combines with anything and is a constant."""
    scalar = of("weak.alpha * 2", base)

    assert (scalar.point, scalar.interval, scalar.probability, scalar.populations) == (6.0, None, None, ())
    assert of("weak.alpha * weak.young.r2 + weak.alpha", base).interval is not None


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("weak.alhpa", "did you mean `alpha`?"),
        ("weak.rr2", "did you mean `r2`?"),
        ("weak.confusion(tall, shrot)", "did you mean `confusion(tall, short)`?"),
    ],
)
def test_a_scalar_no_run_returned_is_refused(text: str, fix: str, base: Knowledge) -> None:
    """Once there is a result, what it does not hold is a misspelling."""
    error = refused(f"1 - {text}", base)

    assert (error.code, error.start, error.fix) == ("LG302", 4 + len("weak."), fix)


def test_small_slices_have_no_interval(base: Knowledge) -> None:
    """Below thirty rows there is a value, but neither interval nor probability."""
    assert [p.n for p in of("weak.few.mae", base).populations] == [20]
    assert of("weak.few.mae", base).point == raw("weak.few.mae", base)[0]
    assert (of("weak.few.mae", base).interval, of("weak.few.mae > 0", base).probability) == (None, None)
    assert of("weak.few.mae > 0 and weak.mae > 0", base).probability is None


@pytest.mark.parametrize("count", [29, 30])
def test_thirty_rows_are_enough(count: int, tmp_path: Path) -> None:
    """The bound is thirty rows exactly."""
    root = toy(tmp_path)
    age = np.sort(knowledge.labels(root).labels("test", 80)["age"])[count]
    knowledge.write(root, {"protocols/tiny.md": PROTOCOL.replace("age < 40", f"age < {age}")})
    base = file(root, "TOY-1", {"weak": guess(root, 2), "strong": guess(root, 1)})

    assert (of("weak.young.r2", base).interval is not None) == (count == 30)


@pytest.mark.parametrize(
    "text", ["weak.r2 / 0", "weak.r2 / (weak.r2 - weak.r2)", "1 / (weak.r2 - strong.r2 - weak.r2 + strong.r2)"]
)
def test_division_by_zero_has_no_interval(text: str, base: Knowledge) -> None:
    """A quotient that is not finite is a value nobody may compare, without a warning on the way."""
    assert not np.isfinite(of(text, base).point)
    assert of(text, base).interval is None
    assert refused(f"{text} > 1", base).code == "LG305"


@pytest.mark.parametrize("text", ["1 > weak.none.mae", "weak.r2 > 0 and weak.none.r2 > 0"])
def test_what_is_not_finite_has_no_verdict(text: str, base: Knowledge) -> None:
    """What has no value cannot be compared; the comparison itself is pointed at."""
    error = refused(text, base)

    assert (error.code, error.message) == ("LG305", "a side of the comparison is not finite")
    assert text[error.start : error.end] in {"1 > weak.none.mae", "weak.none.r2 > 0"}


def test_resamples_without_value_take_the_verdict_not_the_value(base: Knowledge) -> None:
    """A few rows give a value; resamples that miss them give none, so there is neither share nor interval."""
    found = of("weak.one.r2 < 1", base)

    assert bool(found.values[0])
    assert (found.holes, found.enough, found.probability, found.interval) == (True, False, None, None)
    many = Population("p", "rows", 500)
    assert Quantity(np.ones(1001, dtype=bool), (many,)).probability == 1.0
    assert Quantity(np.ones(1001, dtype=bool), (many,), holes=True).probability is None


@pytest.mark.parametrize(
    ("text", "probable", "ranged"),
    [
        ("strong.r2 > weak.r2", True, False),
        ("strong.r2 > weak.r2 and strong.r2 > 0", True, False),
        ("near(strong.r2, weak.r2, 1)", True, False),
        ("strong.r2", False, True),
    ],
)
def test_predicates_have_a_probability_and_numbers_an_interval(
    text: str,
    probable: bool,  # noqa: FBT001
    ranged: bool,  # noqa: FBT001
    base: Knowledge,
) -> None:
    """A name that is chosen has neither."""
    found = of(text, base)
    chosen = replace(found, values=found.values.astype(float), choices=("one", "two"))

    assert (chosen.probability, chosen.interval) == (None, None)

    assert (found.probability is not None, found.interval is not None) == (probable, ranged)


@pytest.mark.parametrize("text", ["new.gain", "new.weak.r2", "new.weak.alpha > 1", "toy.gain + new.gain"])
def test_what_was_not_run_is_pending(text: str, base: Knowledge) -> None:
    """Without a result there is no number, and the message says which experiment owes it."""
    with pytest.raises(Pending, match="TOY-3 has no result yet -> runner execute TOY-3") as owed:
        of(text, base, "TOY-desk")
    assert owed.value.document.id == "TOY-3"


@pytest.mark.parametrize("text", ["new.gain + toy.gian", "new.weak.yuong.r2", "new.weka.r2", "lost * new.gain"])
def test_names_are_checked_before_values(text: str, base: Knowledge) -> None:
    """A misspelling is found before anything was run, also behind a value that is pending."""
    assert refused(text, base, "TOY-desk").code == "LG302"


def test_a_failed_job_owes_its_values(tmp_path: Path) -> None:
    """What depends on it is pending, what does not is there."""
    root = toy(tmp_path)
    base = file(root, "TOY-1", {"weak": guess(root, 2), "strong": "JobFailed: out of luck"}, alpha=1.0)

    assert of("weak.r2", base).interval is not None
    for text in ("gain", "strong.alpha", "weak.r2 > strong.r2"):
        with pytest.raises(Pending):
            of(text, base)


def test_a_job_added_after_the_result_is_pending(tmp_path: Path) -> None:
    """A result that does not hold a job yet owes it."""
    root = toy(tmp_path)
    file(root, "TOY-1", {"weak": guess(root, 2), "strong": guess(root, 1)})
    added = EXPERIMENT.replace("jobs:\n", "jobs:\n  third: {job: ridge, alpha: 2}\n")
    knowledge.write(root, {"toy/exp/toy.md": added, "toy/toy-hub.md": HUB})

    with pytest.raises(Pending):
        of("third.r2", gather(root))


def test_a_fact_can_be_asked_for_directly(base: Knowledge) -> None:
    """Tables ask by address, and get what an expression would give."""
    document = base.library.named("TOY-1")

    fact = base.evaluator.fact(FactAddress(document, "weak", "young", "mae"))

    np.testing.assert_array_equal(fact.values, of("weak.young.mae", base).values)
    assert (fact.unit, fact.populations) == ("kg", of("weak.young.mae", base).populations)
