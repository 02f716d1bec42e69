"""Points: which runs of a sweep and which parts of the rows an address picks, and what it cannot pick."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from runner.documents.kinds import Value
from runner.expressions.parse import parse
from runner.expressions.syntax import Reference
from runner.expressions.tokens import ExpressionRefused
from runner.results.addresses import (
    Definition,
    Every,
    FactAddress,
    Meaning,
    ScalarAddress,
    Seeds,
    family,
    leaves,
    left_out,
    resolve,
)
from runner.results.masks import mask
from runner.results.points import AxisLeftOut, slices_named
from runner.verdicts.knowledge import Knowledge, gather
from tests.swept import EXPERIMENT, swept

MANY = """---
kind: exp
id: TOY-M
title: Everything varies
date: 2026-01-02
protocol: wide@1
train: 32k
sweep:
  noise: [0, 0.5, 1]
  net.router.hidden: [8, 16]
  edge.label: [age, weight]
jobs:
  net:  {job: mix, router: {kind: mlp}}
  line: {job: line}
  edge: {job: bound, label: age}
define:
  drop: net(noise=0).r2 - net.r2
  fall: drop / line.r2
  other: edge.r2
---
"""
ONLY = EXPERIMENT.replace("TOY-S", "TOY-O").replace("  line: {job: line}\n  edge: {job: bound, label: age}\n", "")
ONLY = ONLY.replace("net.r2 - line.r2", "net.r2").replace("seed: [1, 2, 3]", "seed: 4")
MORE = EXPERIMENT.replace("TOY-S", "TOY-N").replace("[50k, 1M]", "[1M, 5M]").replace("net(50k)", "net(5M)")
FAR = EXPERIMENT.replace("TOY-S", "TOY-F").replace("[50k, 1M]", "[5M, 6M]").replace("net(1M).r2 - net(50k).r2", "1")
DESK = """---
kind: hub
id: TOY-desk
title: Toy desk
date: 2026-01-02
cites:
  swept: TOY-S
  big: TOY-S/net(1M)
  first: TOY-S/net(seed=1)
  one: TOY-S/net(1M, seed=1)
  all_seeds: TOY-S/net(1M, seed=*)
  wrong: TOY-S/net(2M)
  many: TOY-M
  only: TOY-O
  more: TOY-N
  far: TOY-F/line
define:
  high: big.r2 - swept.line(1M).r2
  lead: swept.line.r2 - more.line.r2
  back: more.line.r2 - swept.line.r2
  ahead: back + lead
  apart: swept.line.r2 - (more.line.r2 - far.r2)
---
"""
ONE = EXPERIMENT.replace("TOY-S", "TOY-1V").replace("[50k, 1M]", "1M").replace("net(1M).r2 - net(50k).r2", "1")
EXPERIMENTS = {"one": ONE, "many": MANY, "only": ONLY, "more": MORE, "far": FAR}
SEEDS = [f"net(seed={seed}, train=1000000).r2" for seed in (1, 2, 3)]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """An experiment that varies two axes, one that varies three others, one of a single job, and a desk."""
    documents = {f"toy__exp__{name}": text for name, text in EXPERIMENTS.items()} | {"toy__desk": DESK}
    return gather(swept(tmp_path_factory.mktemp("points"), **documents))


def means(text: str, base: Knowledge, identity: str = "TOY-S", **at: Value) -> Meaning:
    """Return what an address means in a document, asked at a point."""
    reference = parse(text)
    assert isinstance(reference, Reference)
    assert base.library.findings == []
    return resolve(reference, base.library.named(identity), base.library, at)


def refused(text: str, base: Knowledge, identity: str = "TOY-S", **at: Value) -> ExpressionRefused:
    """Return the refusal of an address."""
    with pytest.raises(ExpressionRefused) as found:
        means(text, base, identity, **at)
    return found.value


def keys(meaning: Meaning) -> list[str]:
    """Return the addresses a meaning consists of, as the result file spells them."""
    return [leaf.name if isinstance(leaf, Definition) else leaf.key for leaf in leaves(meaning)]


@pytest.mark.parametrize(
    ("text", "identity", "key"),
    [
        ("line(1M).r2", "TOY-S", "line(train=1000000).r2"),
        ("line(1000k).r2", "TOY-S", "line(train=1000000).r2"),
        ("line(train=1e6).r2", "TOY-S", "line(train=1000000).r2"),
        ("line(50k).young.mae", "TOY-S", "line(train=50000).young.mae"),
        ("line(50k).alpha", "TOY-S", "line(train=50000).alpha"),
        ("line(50k).table(a, 3)", "TOY-S", "line(train=50000).table(a, 3)"),
        ("line(50k, noise=1).r2", "TOY-S", "line(train=50000).r2"),
        ("edge.r2", "TOY-S", "edge.r2"),
        ("edge(noise=1).r2", "TOY-S", "edge.r2"),
        ("net(1M, seed=2).r2", "TOY-S", "net(seed=2, train=1000000).r2"),
        ("net(seed=2, 1M).r2", "TOY-S", "net(seed=2, train=1000000).r2"),
        ("net(seed=2, train=1M).r2", "TOY-S", "net(seed=2, train=1000000).r2"),
        ("net(noise=0.5, hidden=8).r2", "TOY-M", "net(hidden=8, noise=0.5).r2"),
        ("net(noise=50e-2, hidden=8).r2", "TOY-M", "net(hidden=8, noise=0.5).r2"),
        ("net(hidden=16, 0.5).r2", "TOY-M", "net(hidden=16, noise=0.5).r2"),
        ("net(hidden=16, 0.5, train=32k).r2", "TOY-M", "net(hidden=16, noise=0.5).r2"),
        ("line(0.5).r2", "TOY-M", "line(noise=0.5).r2"),
        ("edge(label=age, noise=0).r2", "TOY-M", "edge(label=age, noise=0).r2"),
        ("edge(label=age, 0).r2", "TOY-M", "edge(label=age, noise=0).r2"),
        ("net(1M).r2", "TOY-O", "net(seed=4, train=1000000).r2"),
        ("net(1M, seed=4).r2", "TOY-O", "net(seed=4, train=1000000).r2"),
        ("swept.line(1M).r2", "TOY-desk", "line(train=1000000).r2"),
        ("only(1M).r2", "TOY-desk", "net(seed=4, train=1000000).r2"),
        ("only(1M).young.r2", "TOY-desk", "net(seed=4, train=1000000).young.r2"),
        ("big(seed=2).r2", "TOY-desk", "net(seed=2, train=1000000).r2"),
        ("first(1M).r2", "TOY-desk", "net(seed=1, train=1000000).r2"),
        ("one.half(39).r2", "TOY-desk", "net(seed=1, train=1000000).half(30).r2"),
    ],
)
def test_a_point_picks_one_run(text: str, identity: str, key: str, base: Knowledge) -> None:
    """As spoken or in full, named or not, beside what is fixed, through an alias or beside that of one."""
    found = means(text, base, identity)

    assert isinstance(found, FactAddress | ScalarAddress)
    assert found.key == key


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("line.r2", "line(train=1000000).r2"),
        ("line(1M).r2", "line(train=1000000).r2"),
        ("net(seed=2).r2", "net(seed=2, train=1000000).r2"),
        ("gap", "gap"),
    ],
)
def test_the_only_value_of_an_axis_need_not_be_named(text: str, key: str, base: Knowledge) -> None:
    """Of a sweep of one there is only one run to mean."""
    assert keys(means(text, base, "TOY-1V")) == [key]
    assert left_out(parse(text), base.library.named("TOY-1V"), base.library) == {}


@pytest.mark.parametrize(
    ("text", "identity", "at"),
    [
        ("net(1M).r2", "TOY-S", {}),
        ("net.r2", "TOY-S", {"train": 1e6}),
        ("big.r2", "TOY-desk", {}),
        ("swept.net(train=1M).r2", "TOY-desk", {}),
    ],
)
def test_seeds_left_out_are_averaged(text: str, identity: str, at: dict[str, float], base: Knowledge) -> None:
    """A value speaks about the method; one seed is asked for by its name, or by the row of a table."""
    found = means(text, base, identity, **at)

    assert isinstance(found, Seeds)
    assert found.seeds == (1.0, 2.0, 3.0)
    assert keys(found) == SEEDS
    assert keys(means(text, base, identity, **at, seed=2.0)) == SEEDS[1:2]


@pytest.mark.parametrize(
    ("text", "identity", "parts"),
    [
        ("line(*).r2", "TOY-S", {"50k": "line(train=50000).r2", "1M": "line(train=1000000).r2"}),
        ("line(train=*).alpha", "TOY-S", {"50k": "line(train=50000).alpha", "1M": "line(train=1000000).alpha"}),
        ("net(1M, seed=*).r2", "TOY-S", dict(zip("123", SEEDS, strict=True))),
        ("all_seeds.r2", "TOY-desk", dict(zip("123", SEEDS, strict=True))),
        ("line(1M).half(*).r2", "TOY-S", {"20–40": "line(train=1000000).half(30).r2",
                                          "40–60": "line(train=1000000).half(50).r2"}),
        ("edge.stage(*).r2", "TOY-S", {name: f"edge.{name}.r2" for name in ("child", "teen", "grown")}),
        ("edge(*, label=age).r2", "TOY-M", {v: f"edge(label=age, noise={v}).r2" for v in ("0", "0.5", "1")}),
        ("edge(1, label=*).r2", "TOY-M", {v: f"edge(label={v}, noise=1).r2" for v in ("age", "weight")}),
    ],
)  # fmt: skip
def test_a_star_picks_all(text: str, identity: str, parts: dict[str, str], base: Knowledge) -> None:
    """Every value of an axis or every part of a partition, in their order, by the names people call them."""
    found = means(text, base, identity)

    assert isinstance(found, Every)
    assert {name.removeprefix("half "): keys(part) for name, part in found.parts} == {n: [k] for n, k in parts.items()}


def test_stars_multiply(base: Knowledge) -> None:
    """Two stars give every pair, one over runs that vary in their seed the mean of each."""
    both = means("line(*).half(*).r2", base)
    mean = means("net(*).r2", base)

    assert isinstance(both, Every)
    assert keys(both) == [f"line(train={n}).half({age}).r2" for n, age in product((50000, 1000000), (30, 50))]
    assert len({name for name, _ in both.parts}) == 4
    assert isinstance(mean, Every)
    assert [(name, type(part)) for name, part in mean.parts] == [("50k", Seeds), ("1M", Seeds)]


@pytest.mark.parametrize(
    ("written", "part"),
    [
        ("20", "child"),
        ("29.999", "child"),
        ("30", "teen"),
        ("39.9", "teen"),
        ("40", "grown"),
        ("60", "grown"),
        ("teen", "teen"),
    ],
)
def test_a_part_is_found_by_value_or_by_name(written: str, part: str, base: Knowledge) -> None:
    """An edge belongs to the part above it, the last one to the last part, as in the slices themselves."""
    assert keys(means(f"edge.stage({written}).r2", base)) == [f"edge.{part}.r2"]
    assert keys(means(f"edge.{part}.r2", base)) == [f"edge.{part}.r2"]


def test_parts_hold_the_rows_their_values_say(base: Knowledge) -> None:
    """The part that a value finds is the one whose rows have that value."""
    protocol = base.library.protocol(base.library.named("TOY-S"))
    assert protocol is not None
    for age in (20, 25, 30, 35, 40, 50, 60):
        for partition in ("half", "stage"):
            reference = parse(f"edge.{partition}({age}).r2")
            assert isinstance(reference, Reference)
            [(_, piece)] = slices_named(reference.segments[1], protocol)
            assert mask(protocol.slices[piece].tree, {"age": np.array([age])}).all()


@pytest.mark.parametrize(
    ("text", "identity", "at", "message", "fix"),
    [
        ("line(2M).r2", "TOY-S", "line(2M)", "`line` has no run at train 2M", "there is 50k, 1M"),
        ("line(train=x).r2", "TOY-S", "line(train=x)", "`line` has no run at train x", "there is 50k, 1M"),
        ("net(1M, seed=4).r2", "TOY-S", "net(1M, seed=4)", "`net` has no run at seed 4", "there is 1, 2, 3"),
        ("edge(label=hight, 0).r2", "TOY-M", "edge(label=hight, 0)", "`edge` has no run at label hight",
         "there is age, weight"),
        ("line(noise=0).r2", "TOY-S", "line(noise=0)", "`line` has no run at noise 0", "there is 1"),
        ("line(tarin=1M).r2", "TOY-S", "line(tarin=1M)", "`line` does not vary over `tarin`", "did you mean `train`?"),
        ("line(seed=1).r2", "TOY-S", "line(seed=1)", "`line` does not vary over `seed`", "there is train"),
        ("line(1M, 50k).r2", "TOY-S", "line(1M, 50k)", "`line` does not vary so much", "leave out a value"),
        ("line(1M, train=50k).r2", "TOY-S", "line(1M, train=50k)", "`line` does not vary so much", "leave out a value"),
        ("line(train=1M, train=9).r2", "TOY-S", "line(train=1M, train=9)", "`train` is given twice", "give it once"),
        ("edge(1M).r2", "TOY-S", "edge(1M)", "`edge` does not vary", "leave out the parentheses"),
        ("edge(0, age).r2", "TOY-M", "edge(0, age)", "`edge` varies over several axes", "write edge(label=…)"),
        ("edge.stage(61).r2", "TOY-S", "stage(61)", "`61` is in no part of `stage`", "from 20 to 60"),
        ("edge.stage(19.9).r2", "TOY-S", "stage(19.9)", "`19.9` is in no part of `stage`", "from 20 to 60"),
        ("edge.stage(tene).r2", "TOY-S", "stage(tene)", "`tene` is in no part of `stage`", "from 20 to 60"),
        ("edge.stage.r2", "TOY-S", "stage", "`stage` divides the rows, one part is due", "write stage(*)"),
        ("edge.stage(a=*).r2", "TOY-S", "stage(a=*)", "`stage` divides the rows, one part is due", "write stage(*)"),
        ("edge.stage(20, 30).r2", "TOY-S", "stage(20, 30)", "`stage` divides the rows, one part is due",
         "write stage(*)"),
        ("edge.young(20).r2", "TOY-S", "young(20)", "`young` is one slice, it has no parts",
         "leave out the parentheses"),
        ("edge.stgae(20).r2", "TOY-S", "stgae(20)", "unknown name `stgae`", "did you mean `stage`?"),
        ("edge.stage", "TOY-S", "stage", "unknown name `stage`", "there is bias, mae, r2, rmse"),
        ("edge.half(30).rr2", "TOY-S", "rr2", "unknown name `rr2`", "did you mean `r2`?"),
        ("wrong.r2", "TOY-desk", "wrong", "`net` has no run at train 2M", "there is 50k, 1M"),
        ("big(1M).r2", "TOY-desk", "big(1M)", "`net` has no run at seed 1M", "there is 1, 2, 3"),
        ("gap(2M)", "TOY-S", "gap(2M)", "`gap` has no run at train 2M", "there is 50k, 1M"),
        ("step(1M)", "TOY-S", "step(1M)", "`step` does not vary", "leave out the parentheses"),
        ("swept.gap(seed=1)", "TOY-desk", "gap(seed=1)", "`gap` does not vary over `seed`", "there is train"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_refused(
    text: str, identity: str, at: str, message: str, fix: str, base: Knowledge
) -> None:
    """The refusal points at the part with the wrong point, and says what there is."""
    error = refused(text, base, identity)

    assert (error.code, text[error.start : error.end], error.message, error.fix) == ("LG302", at, message, fix)


@pytest.mark.parametrize(
    ("text", "identity", "name", "axis", "offer"),
    [
        ("1 + line.r2", "TOY-S", "line", "train", "line(50k), or all, line(*)"),
        ("net.young.r2 - 1", "TOY-S", "net", "train", "net(50k), or all, net(*)"),
        ("net(seed=1).r2 - 1", "TOY-S", "net", "train", "net(seed=1, train=50k), or all, net(seed=1, train=*)"),
        ("-edge(noise=0).r2", "TOY-M", "edge", "label", "edge(noise=0, label=age), or all, edge(noise=0, label=*)"),
        ("-edge(label=age).r2", "TOY-M", "edge", "noise", "edge(label=age, noise=0), or all, edge(label=age, noise=*)"),
        ("swept.line.r2 + 1", "TOY-desk", "line", "train", "line(50k), or all, line(*)"),
        ("first.r2 + 1", "TOY-desk", "net", "train", "net(seed=1, train=50k), or all, net(seed=1, train=*)"),
        ("only.r2 + 1", "TOY-desk", "net", "train", "net(50k), or all, net(*)"),
    ],
)
def test_an_axis_left_out_is_a_finding(
    text: str, identity: str, name: str, axis: str, offer: str, base: Knowledge
) -> None:
    """Which of several runs is meant has to be said; the offer is one of them, or all."""
    with pytest.raises(ExpressionRefused) as found:
        base.evaluator.check_names(parse(text), base.library.named(identity))

    assert isinstance(found.value, AxisLeftOut)
    assert (found.value.code, found.value.axis) == ("LG306", axis)
    assert (found.value.message, found.value.fix) == (f"`{name}` has several values of {axis}", f"name one, {offer}")


@pytest.mark.parametrize(
    ("text", "at", "key"),
    [
        ("line.r2", {"train": 1e6}, "line(train=1000000).r2"),
        ("line(50k).r2", {"train": 1e6}, "line(train=50000).r2"),
        ("line.r2", {"train": 1e6, "seed": 9.0, "depth": 3.0}, "line(train=1000000).r2"),
        ("edge.r2", {"stage": "teen"}, "edge.teen.r2"),
        ("edge.young.r2", {"stage": "teen"}, "edge.young.r2"),
        ("line.r2", {"train": 1e6, "half": "half(30)"}, "line(train=1000000).half(30).r2"),
        ("line.alpha", {"train": 1e6, "half": "half(30)"}, "line(train=1000000).alpha"),
    ],
)
def test_what_is_left_out_is_taken_from_where_it_is_asked(
    text: str, at: dict[str, Any], key: str, base: Knowledge
) -> None:
    """A row of a table stands at a point: what an address says itself comes first, the rest may be of no use."""
    assert keys(means(text, base, **at)) == [key]


def test_a_row_where_a_job_has_no_run_is_refused(base: Knowledge) -> None:
    """The row of another sweep may ask for what nobody ran."""
    error = refused("line.r2", base, train=3.0)

    assert (error.code, error.message, error.fix) == ("LG302", "`line` has no run at train 3", "there is 50k, 1M")


@pytest.mark.parametrize(
    ("text", "identity", "at"),
    [
        ("gap(1M)", "TOY-S", (("train", 1e6),)),
        ("gap(train=1M)", "TOY-S", (("train", 1e6),)),
        ("swept.gap(1M)", "TOY-desk", (("train", 1e6),)),
        ("gap", "TOY-S", ()),
        ("step", "TOY-S", ()),
        ("drop(noise=1, hidden=8)", "TOY-M", (("noise", 1.0), ("hidden", 8.0))),
        ("only.gap(50k)", "TOY-desk", (("train", 5e4),)),
    ],
)
def test_a_definition_that_leaves_an_axis_out_is_a_family(
    text: str, identity: str, at: tuple[tuple[str, float], ...], base: Knowledge
) -> None:
    """A member is asked for as a run is."""
    found = means(text, base, identity)

    assert isinstance(found, Definition)
    assert set(found.at) == set(at)


@pytest.mark.parametrize("name", ["lead", "back", "ahead"])
def test_a_family_has_the_values_at_which_all_of_it_has_runs(name: str, base: Knowledge) -> None:
    """Two experiments that vary over different training rows are compared where both have been, whoever comes first."""
    document = base.library.named("TOY-desk")

    assert family(document.names.define[name], document, base.library) == {"train": (1e6,)}
    assert left_out(parse(name), document, base.library) == {"train": 1e6}
    assert set(keys(means(f"{name}(*)", base, "TOY-desk"))) == {name}
    error = refused(f"{name}(50k)", base, "TOY-desk")
    assert (error.code, error.message, error.fix) == ("LG302", f"`{name}` has no run at train 50k", "there is 1M")


def test_where_nothing_meets_there_is_no_family(base: Knowledge) -> None:
    """Jobs that were never run alike cannot be compared; the refusal says what there is."""
    error = refused("apart(*)", base, "TOY-desk")

    assert (error.code, error.message) == ("LG302", "`line` has no run at train 50k")


def test_all_members_of_a_family_are_parts(base: Knowledge) -> None:
    """`drop(*)` is every value of the axis that is left out."""
    found = means("gap(*)", base)

    assert isinstance(found, Every)
    assert [(name, part.at) for name, part in found.parts if isinstance(part, Definition)] == [
        ("50k", (("train", 5e4),)),
        ("1M", (("train", 1e6),)),
    ]


@pytest.mark.parametrize(
    ("name", "identity", "axes"),
    [
        ("gap", "TOY-S", {"train": (5e4, 1e6)}),
        ("step", "TOY-S", {}),
        ("drop", "TOY-M", {"noise": (0.0, 0.5, 1.0), "hidden": (8.0, 16.0)}),
        ("fall", "TOY-M", {"noise": (0.0, 0.5, 1.0), "hidden": (8.0, 16.0)}),
        ("other", "TOY-M", {"label": ("age", "weight"), "noise": (0.0, 0.5, 1.0)}),
        ("high", "TOY-desk", {}),
    ],
)
def test_the_axes_of_a_family_are_those_left_open(
    name: str, identity: str, axes: dict[str, tuple[Value, ...]], base: Knowledge
) -> None:
    """Those that it fixes itself are none of them, however deep the definitions it rests on; seeds never are."""
    document = base.library.named(identity)

    assert family(document.names.define[name], document, base.library) == axes
    assert left_out(parse(name), document, base.library) == {axis: values[0] for axis, values in axes.items()}
