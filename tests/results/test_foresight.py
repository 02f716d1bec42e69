"""Before any run: what no result can mend is told at its place, and nothing is told that a result would mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.checking.formulas import formula_trouble
from runner.verdicts.knowledge import gather
from tests.swept import EXPERIMENT, file, swept

BIG = "net(1M)"


def told(root: Path) -> list[tuple[str, str]]:
    """Return code and message of what is wrong with the expressions of the experiment."""
    knowledge = gather(root)
    return [(f.code, f.message) for f in formula_trouble(knowledge.library.named("TOY-S"), knowledge)]


@pytest.mark.parametrize(
    ("definition", "code", "message"),
    [
        (f"{BIG}.young.r2 - {BIG}.r2", "LG303", "wide@1 test · noise 1 · young and wide@1 test · noise 1"),
        (f"{BIG}.half(30).r2 / {BIG}.half(50).r2", "LG303", "half 20–40 and wide@1 test · noise 1 · half 40–60"),
        (f"mean({BIG}.r2)", "LG304", "`mean` combines what `*` gives"),
    ],
)
def test_what_no_result_can_mend_is_told_before_the_run(
    tmp_path: Path, definition: str, code: str, message: str
) -> None:
    """Rows that differ are named without a number of rows, which nobody knows yet."""
    root = swept(tmp_path, EXPERIMENT.replace("step: net(1M).r2 - net(50k).r2", f"step: {definition}"))
    found = told(root)

    assert [code for code, _ in found] == [code]
    assert message in found[0][1]
    assert "n =" not in found[0][1]


@pytest.mark.parametrize(
    "definition",
    [
        "net(1M).r2 - net(50k).r2",
        "across(net(1M).young.r2 - net(1M).r2)",
        "mean(net(1M).half(*).r2)",
        "sqrt(net(1M).r2 - net(50k).r2)",
        "net(1M).anything / (net(1M).r2 - net(1M).r2)",
        "p(net(1M).r2 > line(1M).r2)",
        "net(1M).r2 - edge.r2",
    ],
)
def test_what_a_result_may_settle_is_left_to_it(tmp_path: Path, definition: str) -> None:
    """Scalars, roots and quotients of values that are not there yet are no mistakes."""
    root = swept(tmp_path, EXPERIMENT.replace("step: net(1M).r2 - net(50k).r2", f"step: {definition}"))

    assert told(root) == []


def test_made_up_values_never_reach_a_page(tmp_path: Path) -> None:
    """With a result, the evaluator of the base gives what was filed."""
    root = swept(tmp_path)
    knowledge = file(root)
    document = knowledge.library.named("TOY-S")

    assert list(formula_trouble(document, knowledge)) == []
    assert knowledge.evaluator.formula(document.names.define["step"], document).interval is not None


def test_several_values_where_a_predicate_is_due_are_told(tmp_path: Path) -> None:
    """A `*` that nothing combines is no predicate, with or without a result."""
    expect = "expect:\n  H-A: net(1M).half(*).r2 > 0.5\n---"
    root = swept(tmp_path, EXPERIMENT.rstrip().removesuffix("---") + expect + "\n")

    assert told(root) == [("LG304", "`*` gives 2 values, one is due")]
