"""Facts that bring their own interval: what a comparison of them may say, and what becomes of the interval."""

from __future__ import annotations

import pytest

from runner.expressions.parse import parse
from runner.results.files import Recorded
from runner.results.quantities import Quantity
from runner.verdicts.judgements import verdict
from runner.verdicts.knowledge import Knowledge
from tests import knowledge
from tests.knowledge import EXPERIMENT, HUB, file, guess, toy

FACTS = {
    "weak.r2": Recorded(0.5, "500 cups", 500, (0.4, 0.6)),
    "strong.r2": Recorded(0.7, "500 cups", 500, (0.55, 0.8)),
    "weak.mae": Recorded(-0.1, "500 cups", 500, (-0.3, 0.2)),
    "strong.mae": Recorded(2.0, "500 cups", 500),
}
GATES = """expect:
  G1:
    strong.r2 > 0.9: far
    strong.r2 > 0.6: near
    else: {last}
  G2:
    strong.r2 > 0.3: sure
    strong.r2 > 0.6: never asked
    else: stop
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """The toy, whose metrics came without rows, beside another one with rows."""
    root = toy(tmp_path_factory.mktemp("ends"))
    head, _, rest = EXPERIMENT.partition("expect:")
    gated = head + GATES.format(last="stop") + "---\n" + rest.partition("---\n")[2]
    knowledge.write(root, {"toy/exp/toy.md": gated, "toy/exp/ours.md": EXPERIMENT.replace("TOY-1", "TOY-2")})
    knowledge.write(root, {"toy/toy-hub.md": HUB.replace("  toy: TOY-1", "  toy: TOY-1\n  ours: TOY-2")})
    file(root, "TOY-2", {"weak": guess(root, 2), "strong": guess(root, 1, seed=2)})
    found = file(root, "TOY-1", {"weak": guess(root, 2), "strong": guess(root, 1, seed=2)})
    result = found.store.result(found.library.named("TOY-1"))
    assert result is not None
    result.recorded.update(FACTS)  # type: ignore[attr-defined]
    return found


def of(text: str, base: Knowledge) -> Quantity:
    """Evaluate an expression in the toy."""
    return base.evaluator.expression(text, parse(text), base.library.named("TOY-1"))


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("weak.r2 > 0.3", "holds"),
        ("weak.r2 > 0.7", "fails"),
        ("weak.r2 > 0.45", "undecided"),
        ("weak.r2 < 0.55", "undecided"),
        ("0.45 > weak.r2", "undecided"),
        ("0 < weak.r2 <= 0.58", "undecided"),
        ("strong.r2 > weak.r2", "undecided"),
        ("strong.r2 - weak.r2 > 0", "undecided"),
        ("gain > -0.1", "holds"),
        ("2 * strong.r2 > 1", "holds"),
        ("-weak.r2 < -0.45", "undecided"),
        ("weak.r2 / 2 > 0.21", "undecided"),
        ("1 / weak.mae > -20", "undecided"),
        ("abs(weak.mae) > 0.05", "undecided"),
        ("sqrt(weak.r2) > 0.7", "undecided"),
        ("max(weak.r2, strong.r2) > 0.56", "undecided"),
        ("max(weak.r2, strong.r2) > 0.5", "holds"),
        ("near(weak.r2, 0.45, 0.001)", "undecided"),
        ("near(weak.r2, 0.9, 0.1)", "fails"),
        ("strong.mae > 1.9", "holds"),
        ("weak.r2 > 0.45 and strong.mae > 1.9", "undecided"),
        ("not weak.r2 > 0.45", "undecided"),
    ],
)
def test_a_comparison_that_depends_on_where_a_fact_lies_is_undecided(text: str, state: str, base: Knowledge) -> None:
    """Nobody knows how likely the ends are, so there is no probability; without an interval the value decides."""
    found = verdict(of(text, base))

    assert (found.state, found.probability) == (state, None)


@pytest.mark.parametrize(
    ("text", "state", "probability"),
    [
        ("across(ours.strong.r2 - toy.strong.r2) > 0", "holds", 1.0),
        ("across(ours.strong.r2 - 0.3 - toy.strong.r2) > 0", "undecided", None),
        ("across(ours.strong.r2 - 0.3) > toy.strong.r2", "undecided", None),
    ],
)
def test_our_own_interval_counts_beside_that_of_a_fact(
    text: str, state: str, probability: float | None, base: Knowledge
) -> None:
    """Where both intervals overlap nothing is known of their pairs; where they do not, the resamples speak."""
    found = verdict(base.evaluator.expression(text, parse(text), base.library.named("TOY-hub")))

    assert (found.state, found.probability) == (state, probability)


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("weak.r2", (0.4, 0.6)),
        ("-weak.r2", (-0.6, -0.4)),
        ("abs(weak.mae)", (0.0, 0.3)),
        ("sqrt(weak.r2)", (0.4**0.5, 0.6**0.5)),
        ("gain", None),
        ("-strong.mae", None),
    ],
)
def test_the_interval_of_a_fact_moves_with_it(text: str, interval: tuple[float, float] | None, base: Knowledge) -> None:
    """What is made of one fact keeps it, what is made of two has none."""
    assert of(text, base).interval == (interval and pytest.approx(interval))


def test_a_ladder_is_undecided_where_an_open_rung_is_reached(base: Knowledge) -> None:
    """A rung above that holds for sure leaves the others unasked."""
    document = base.library.named("TOY-1")
    found = {key: base.judge.key(key, document) for key in ("G1", "G2")}

    assert [(one.state, getattr(one, "leading", None)) for one in found.values()] == [("undecided", 1), ("taken", 0)]
