"""The parts of a tree, in reading order."""

from __future__ import annotations

import pytest

from runner.expressions.parse import parse
from runner.expressions.syntax import Argument, Reference, children, is_predicate, references


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("1", []),
        ("ci(a.r2)", ["a.r2"]),
        ("not a < -b <= c * d or (e / f > 1 and 2 < a)", ["a", "b", "c", "d", "e", "f", "a"]),
    ],
)
def test_references_come_in_reading_order(text: str, names: list[str]) -> None:
    """Every reference is found, in every kind of node, as often as it stands there."""
    assert [".".join(reference.names) for reference in references(parse(text))] == names


@pytest.mark.parametrize(
    ("text", "count"), [("1", 0), ("a", 0), ("-a", 1), ("a + b", 2), ("a < b < c", 3), ("ci(a)", 1)]
)
def test_children_are_the_direct_parts(text: str, count: int) -> None:
    """A leaf has none, an operator its operands, a call its argument."""
    assert len(children(parse(text))) == count


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("vit(1M)", [("", "1M")]),
        ("vit(-1.5)", [("", "-1.5")]),
        ("vit(*)", [("", "*")]),
        ("vit(seed=*, noise=0.1)", [("seed", "*"), ("noise", "0.1")]),
    ],
)
def test_point_keeps_its_words(text: str, point: list[tuple[str, str]]) -> None:
    """A point is text: what its words mean depends on the axes."""
    tree = parse(f"a.{text}.r2")

    assert isinstance(tree, Reference)
    assert tree.names == ("a", "vit", "r2")
    assert [segment.point for segment in tree.segments] == [(), tuple(Argument(*pair) for pair in point), ()]


@pytest.mark.parametrize("text", ["a > 0", "not a > 0", "a > 0 and b > 0", "(a > 0)"])
def test_comparisons_and_their_combinations_are_predicates(text: str) -> None:
    """What can be true or false is a predicate, parentheses or not."""
    assert is_predicate(parse(text))


@pytest.mark.parametrize("text", ["a", "1", "-a", "a - b", "ci(a)", "(a)"])
def test_quantities_are_no_predicates(text: str) -> None:
    """What has a size has no truth."""
    assert not is_predicate(parse(text))
