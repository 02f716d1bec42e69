"""Shapes by themselves: what a path leads to, which values name a job, and unions that only their kinds tell apart."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from runner.safety import bounded_yaml as yaml
from runner.shapes import (
    JobName,
    Mismatch,
    Parameter,
    Scope,
    Shape,
    accept,
    named_jobs,
    parameter_at,
)

WHOLE, NUMBER = Shape("int"), Shape("float")


def record(kind: str, width: Shape) -> Shape:
    """Return a record with a kind and one field."""
    named = Parameter("kind", Shape("literal", choices=(kind,)), kind)
    return Shape("record", fields={"kind": named, "width": Parameter("width", width, 1)}, label=kind)


@dataclass
class Plugin:
    """As much of a contract as shapes look at."""

    name: str = "plugin"
    version: int = 1
    parameters: dict[str, Parameter] = field(default_factory=dict)


TWO = Plugin(parameters={"net": Parameter("net", Shape("union", (record("deep", WHOLE), record("wide", NUMBER))))})


@pytest.mark.parametrize(("kind", "due"), [("deep", WHOLE), ("wide", NUMBER)])
def test_records_with_the_same_fields_are_told_apart_by_their_kind(kind: str, due: Shape) -> None:
    """A width may be a whole number in one kind of network and any number in another."""
    params = {"net": {"kind": kind, "width": 1}}

    assert parameter_at(TWO, ("net", "width"), {}, params) == due


@pytest.mark.parametrize(
    ("parts", "text", "value"),
    [
        ((Shape("tuple", (WHOLE,)), WHOLE), "[1, 2]", (1, 2)),
        ((Shape("tuple", (WHOLE,)), Shape("tuple", (Shape("str"),))), "[1, x]", ("1", "x")),
        ((Shape("job"), Shape("dict", (NUMBER,))), "{job: plugin}", {"job": "plugin", "version": 1, "params": {}}),
        ((record("deep", WHOLE), Shape("job")), "{job: plugin}", {"job": "plugin", "version": 1, "params": {}}),
        ((record("deep", WHOLE), Shape("job")), "{width: 3}", {"kind": "deep", "width": 3}),
        ((Shape("sibling"), Shape("literal", choices=("none",))), "none", "none"),
        ((Shape("literal", choices=("all",)), Shape("sibling")), "all", "all"),
    ],
)
def test_union_takes_the_part_that_fits(parts: tuple[Shape, ...], text: str, value: object) -> None:
    """A collection is meant for the part that is one; words are tried in the order they are declared."""
    scope = Scope({"plugin": Plugin()}, ("all", "b"))

    assert accept(Shape("union", parts), yaml.load(text), scope) == value


@pytest.mark.parametrize(
    ("shape", "text", "fix"),
    [
        (Shape("literal", choices=("published", "quick")), "quik", "did you mean `quick`?"),
        (Shape("union", (record("deep", WHOLE), record("wide", NUMBER))), "dep", "did you mean `deep`?"),
        (Shape("union", (Shape("job"), Shape("none"))), "plugin", "write {job: plugin}"),
    ],
)
def test_a_word_that_does_not_fit_is_answered_with_one_that_does(shape: Shape, text: str, fix: str) -> None:
    """A choice, the kind of a record, or a job that is named and not written out."""
    with pytest.raises(Mismatch) as refused:
        accept(shape, yaml.load(text), Scope({"plugin": Plugin()}))

    assert refused.value.fix == fix


def test_only_names_of_jobs_are_names_of_jobs() -> None:
    """`all` is a neighbour where one is due, and a word where a word is."""
    either = Shape("union", (Shape("literal", choices=("all",)), Shape("sibling")))
    scope = Scope(siblings=("all", "b"))

    assert named_jobs({"a": accept(either, yaml.load("all"), scope)}) == []
    assert named_jobs({"a": (accept(either, yaml.load("b"), scope), {"c": JobName("d")}, "e")}) == ["b", "d"]


def test_mismatch_remembers_where_and_what_to_write() -> None:
    """The node, the code and the remedy travel with the message."""
    node = yaml.load("{job: plugim}")
    with pytest.raises(Mismatch, match="unknown job `plugim`") as caught:
        accept(Shape("job"), node, Scope({"plugin": Plugin()}))

    assert (caught.value.code, caught.value.fix) == ("LG204", "did you mean `plugin`?")
    assert isinstance(node, yaml.Mapping)
    assert caught.value.node is node.get("job")
