"""Stars: what they may be paired with, and what a star means beside other values of a point."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.expressions.parse import parse
from runner.expressions.tokens import ExpressionRefused
from runner.results.points import NoSuchRun
from runner.results.quantities import Parts
from runner.verdicts.knowledge import Knowledge, gather
from tests.swept import EXPERIMENT, PROTOCOL, file, swept

ALIKE = EXPERIMENT.replace("  seed: [1, 2, 3]", "  seed: [1, 2, 3]\n  edge.label: [1, 2, 3]").replace(
    "edge: {job: bound, label: age}", "edge: {job: bound, label: 1}"
)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """File an experiment in which two axes have the same values."""
    return file(swept(tmp_path_factory.mktemp("stars"), ALIKE))


def worth(text: str, base: Knowledge) -> object:
    """Evaluate an expression, to its parts where it has several."""
    return base.evaluator.worth(text, parse(text), base.library.named("TOY-S"))


def test_parts_of_other_axes_do_not_pair_though_they_are_called_alike(base: Knowledge) -> None:
    """Seed 1 has nothing to do with label 1."""
    for text in ("mean(net(1M, seed=*).r2 - edge(label=*).r2)", "all(net(1M, seed=*).r2 > edge(label=*).r2)"):
        with pytest.raises(ExpressionRefused, match="not those of the other") as refusal:
            worth(text, base)
        assert refusal.value.code == "LG303"


def test_seeds_are_left_out_beside_another_star(base: Knowledge) -> None:
    """Their spread would be lost in the mean of both; averaged by themselves it is kept."""
    for text in ("mean(net(*, seed=*).r2)", "mean(net(1M, seed=*).half(*).r2)"):
        with pytest.raises(ExpressionRefused, match="averaged with their spread") as refusal:
            worth(text, base)
        assert (refusal.value.code, refusal.value.fix) == ("LG304", "leave the seed out")


def test_a_star_beside_a_value_takes_the_axis_that_is_left(base: Knowledge) -> None:
    """`net(1M, *)` varies over the seeds, `net(noise=*)` over the one noise there is."""
    found, named = worth("net(1M, *).r2", base), worth("net(1M, seed=*).r2", base)

    assert isinstance(found, Parts)
    assert isinstance(named, Parts)
    assert list(found.by_name) == list(named.by_name) == ["1", "2", "3"]
    assert worth("net(1M, noise=*).r2", base) is not None


def test_a_part_that_another_protocol_does_not_have_is_no_run(tmp_path: Path) -> None:
    """Asked at a bin of another protocol, an expression has no value; it does not break."""
    finer = PROTOCOL.replace("id: wide", "id: fine").replace("edges: [20, 40, 60]}", "edges: [20, 30, 40, 60]}")
    other = EXPERIMENT.replace("TOY-S", "TOY-F").replace("wide@1", "fine@1")
    root = swept(tmp_path, protocols__fine=finer, toy__exp__fine=other)
    file(root, "TOY-F")
    knowledge = file(root)
    document = knowledge.library.named("TOY-F")

    with pytest.raises(NoSuchRun):
        knowledge.evaluator.expression("net(1M).r2", parse("net(1M).r2"), document, {"half": "half(50.5)"})


def test_two_partitions_at_once_are_refused(base: Knowledge) -> None:
    """A row of a table stands for one part."""
    with pytest.raises(ExpressionRefused, match="at once"):
        base.evaluator.expression(
            "net(1M).r2", parse("net(1M).r2"), base.library.named("TOY-S"), {"half": "half(30)", "stage": "teen"}
        )


def test_a_mistake_inside_a_definition_is_told_where_it_is_named(tmp_path: Path) -> None:
    """The place is that of the name, the message says in which definition, and across has to be written there."""
    mixed = EXPERIMENT.replace("step: net(1M).r2 - net(50k).r2", "step: net(1M).r2 - net(1M).young.r2")
    root = swept(tmp_path, mixed)
    file(root)
    knowledge = gather(root)
    with pytest.raises(ExpressionRefused) as refusal:
        knowledge.evaluator.expression("1 + step", parse("1 + step"), knowledge.library.named("TOY-S"))

    assert (refusal.value.start, refusal.value.end) == (4, 8)
    assert refusal.value.message.startswith("in `step`: populations differ")
    assert refusal.value.fix == "write across(...) in `step` itself"
