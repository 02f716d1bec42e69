"""Trees from text: precedence against Python's own, and every mistake at its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from operator import add, attrgetter, ge, gt, le, lt, mul, sub, truediv
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from runner.expressions.parse import DEEPEST, LONGEST, RESERVED, parse
from runner.expressions.syntax import (
    Arithmetic,
    Call,
    Comparison,
    Expression,
    Logic,
    Negative,
    Number,
    Reference,
    children,
)
from runner.expressions.tokens import ExpressionRefused

VALUES = {"a": SimpleNamespace(r2=0.75, old=SimpleNamespace(r2=-2.5)), "gain": 3.0, "zero": 0.0}
SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "+": add, "-": sub, "*": mul, "/": truediv, "<": lt, "<=": le, ">": gt, ">=": ge,
}  # fmt: skip
JOINED: dict[str, Callable[[Iterable[bool]], bool]] = {"and": all, "or": any, "not": lambda parts: not any(parts)}
BLANK = st.sampled_from(["", " ", "  "])


def joined(part: st.SearchStrategy[str], operators: list[str], most: int) -> st.SearchStrategy[str]:
    """Parts with operators between them, with or without blanks."""
    tails = st.lists(st.tuples(BLANK, st.sampled_from(operators), BLANK, part).map("".join), max_size=most)
    return st.tuples(part, tails).map(lambda pair: pair[0] + "".join(pair[1]))


ATOMS = st.sampled_from(["a.r2", "a.old.r2", "gain", "zero", "1", "0.5", ".25", "2e1", "40", "1E-2"])
QUANTITIES = st.recursive(
    ATOMS,
    lambda inner: joined(inner, ["+", "-", "*", "/"], 3) | inner.map("({})".format) | inner.map("- {}".format),
    max_leaves=8,
)
COMPARISONS = st.tuples(QUANTITIES, BLANK, st.sampled_from(["<", "<=", ">", ">="]), joined(QUANTITIES, ["<", ">="], 2))
PREDICATES = st.recursive(
    COMPARISONS.map("".join),
    lambda inner: joined(inner, [" and ", " or "], 3) | inner.map("({})".format) | inner.map("not {}".format),
    max_leaves=5,
)
WORDS = st.sampled_from([*"()+-*/<>=.,ab1", " ", "not ", " and ", " or ", "ci(", "max(", "1M", "*", "a.r2", "≥", "%"])

NOT_YET = (
    *("abs", "min", "max", "sqrt", "log10", "mean", "sd", "count", "all", "any"),
    *("argmax", "spread", "near", "p", "prev", "across", "published"),
)
MISTAKES = [
    ("", 0, "an expression is missing", "write one, such as job.r2"),
    ("  ", 0, "an expression is missing", "write one, such as job.r2"),
    ("1e5.r2", 3, "`.` does not belong here", ""),
    ("1.2.3", 3, "`.3` does not belong here", ""),
    ("a . r2", 2, "blanks around a dot", "write name.name"),
    ("a. r2", 1, "blanks around a dot", "write name.name"),
    ("a .r2", 2, "blanks around a dot", "write name.name"),
    ("a.", 2, "a name is missing after the dot", ""),
    ("a.(b)", 2, "a name is missing after the dot", ""),
    ("(a > 1", 6, "`)` is missing", ""),
    ("a > 1)", 5, "`)` does not belong here", ""),
    ("((a) > 1", 8, "`)` is missing", ""),
    ("a >", 3, "a name or a number is missing", ""),
    ("> 1", 0, "a name or a number is missing before `>`", ""),
    ("a + + b", 4, "a name or a number is missing before `+`", ""),
    ("a and", 5, "a name or a number is missing", ""),
    ("a > not b > 1", 4, "a name or a number is missing before `not`", ""),
    ("a b", 2, "`b` does not belong here", ""),
    ("a = 1", 2, "`=` does not belong here", ""),
    ("1,000", 1, "`,` does not belong here", ""),
    ("vit (1M).r2", 4, "`(` does not belong here", ""),
    ("vit()", 4, "a value is missing between the parentheses", ""),
    ("vit(seed=)", 9, "a value is missing between the parentheses", ""),
    ("vit(1M", 6, "`)` is missing", ""),
    ("ci()", 3, "a name or a number is missing before `)`", ""),
    ("ci(a, b)", 4, "`)` is missing", ""),
]  # fmt: skip

REMEDIES = {
    "takes quantities": "write a quantity such as a.r2",
    "takes comparisons": "write a comparison such as a.r2 > 0.5",
    "gives two": "cite it by itself",
}
CONFUSIONS = [
    ("a and b > 1", "a", "`and` takes comparisons, not quantities"),
    ("a > 1 and b", "b", "`and` takes comparisons, not quantities"),
    ("a > 1 or b > 1 or (c - d)", "(c - d)", "`or` takes comparisons, not quantities"),
    ("not c", "c", "`not` takes comparisons, not quantities"),
    ("1 + (b > 2)", "(b > 2)", "`+` takes quantities, not comparisons"),
    ("(b > 2) * 1", "(b > 2)", "`*` takes quantities, not comparisons"),
    ("(a > 1) < 2", "(a > 1)", "`<` takes quantities, not comparisons"),
    ("2 >= (a > 1 or b > 2)", "(a > 1 or b > 2)", "`>=` takes quantities, not comparisons"),
    ("-(a > 1) > 0", "(a > 1)", "`-` takes quantities, not comparisons"),
    ("ci(a > 1)", "a > 1", "`ci` takes quantities, not comparisons"),
    ("ci(a) > 0", "ci(a)", "`ci()` gives two numbers and stands alone"),
    ("a > 0 and ci(b) > 1", "ci(b)", "`ci()` gives two numbers and stands alone"),
    ("-ci(a)", "ci(a)", "`ci()` gives two numbers and stands alone"),
    ("ci(1 + ci(a))", "ci(a)", "`ci()` gives two numbers and stands alone"),
]


def outcome(text: str) -> ExpressionRefused | None:
    """Return the refusal of a text, nothing when it is read."""
    try:
        parse(text)
    except ExpressionRefused as error:
        return error
    return None


def refusal(text: str) -> ExpressionRefused:
    """Return the refusal of a text."""
    error = outcome(text)
    assert error is not None
    return error


def value(node: Expression) -> Any:
    """Evaluate a tree in the plainest way there is, and no more of it than Python would."""
    match node:
        case Number(value=number):
            return number
        case Reference(names=(first, *rest)):
            return attrgetter(".".join(rest))(VALUES[first]) if rest else VALUES[first]
        case Negative(operand=operand):
            return -value(operand)
        case Arithmetic(operator=sign, left=left, right=right):
            return SIGNS[sign](value(left), value(right))
    return truth(node)


def truth(node: Expression) -> bool:
    """Evaluate a predicate."""
    match node:
        case Comparison(operands=operands, operators=signs):
            pairs = zip(signs, pairwise(operands), strict=True)
            return all(SIGNS[sign](value(left), value(right)) for sign, (left, right) in pairs)
        case Logic(operator=word, operands=operands):
            return JOINED[word](map(truth, operands))
    raise AssertionError(node)


def nodes(node: Expression) -> list[Expression]:
    """Return a tree's nodes."""
    return [node, *(inner for part in children(node) for inner in nodes(part))]


@given(st.one_of(QUANTITIES, PREDICATES))
@settings(derandomize=True, deadline=None, max_examples=300)
def test_trees_mean_what_python_means(text: str) -> None:
    """Precedence, chains and left association are those of Python, which evaluates the same text."""
    assume(len(text) <= LONGEST)
    try:
        expected = eval(text, {"__builtins__": {}}, VALUES)  # noqa: S307 - the oracle, on text made here
    except ZeroDivisionError:
        with pytest.raises(ZeroDivisionError):
            value(parse(text))
        return
    assert value(parse(text)) == expected


@given(st.one_of(QUANTITIES, PREDICATES))
@settings(derandomize=True, deadline=None, max_examples=200)
def test_every_node_knows_its_text(text: str) -> None:
    """The stretch of text a node points at reads as that node again, its parentheses included."""
    assume(len(text) <= LONGEST)
    for node in nodes(parse(text)):
        again = parse(text[node.start : node.end])
        assert (again.start, again.end) == (0, node.end - node.start)
        assert [type(part) for part in nodes(again)] == [type(part) for part in nodes(node)]


@given(st.lists(WORDS, max_size=25).map("".join))
@settings(derandomize=True, deadline=None, max_examples=300)
def test_every_text_is_read_or_refused(text: str) -> None:
    """Nothing that can be typed stops the program; a refusal points at the text or right behind it."""
    error = outcome(text)
    if error is not None:
        assert error.code in {"LG301", "LG304", "LG215"}
        assert 0 <= error.start <= len(text)
        assert error.start <= error.end <= len(text) + 1


@pytest.mark.parametrize(("text", "start", "message", "fix"), MISTAKES)
def test_mistake_is_told_at_its_place(text: str, start: int, message: str, fix: str) -> None:
    """The finding points at the first sign that does not fit and says what is wrong."""
    error = refusal(text)

    assert (error.code, error.start, error.message, error.fix) == ("LG301", start, message, fix)


@pytest.mark.parametrize(("text", "part", "message"), CONFUSIONS)
def test_quantity_and_predicate_are_not_confused(text: str, part: str, message: str) -> None:
    """Truth and size do not mix: the finding points at the part of the wrong kind."""
    error = refusal(text)

    assert (error.code, error.message) == ("LG304", message)
    assert error.fix == REMEDIES[" ".join(message.split()[1:3]).rstrip(",")]
    assert text[error.start : error.end] == part


def test_length_is_bounded() -> None:
    """An expression has an end, and its parts can have names."""
    assert parse("a" * LONGEST)
    error = refusal("a" * (LONGEST + 1))

    assert (error.message, error.fix) == ("longer than 400 characters", "name a part in define:")
    assert (error.start, error.end) == (0, LONGEST + 1)


@pytest.mark.parametrize(("opening", "core", "closing"), [("(", "a", ")"), ("-", "a", ""), ("not ", "a > 1", "")])
def test_depth_is_bounded(opening: str, core: str, closing: str) -> None:
    """Parentheses and signs pile up to a limit, far below what the stack can take."""
    assert parse(opening * DEEPEST + core + closing * DEEPEST)
    error = refusal(opening * (DEEPEST + 1) + core + closing * (DEEPEST + 1))

    assert error.message == "parentheses or signs are nested too deeply"
    assert error.start == len(opening) * (DEEPEST + 1)


@pytest.mark.parametrize("name", NOT_YET)
def test_function_of_a_later_step_says_so(name: str) -> None:
    """A function the grammar has but this version lacks is not mistaken for a point."""
    error = refusal(f"a > 1 and {name}(b.r2) > 1")

    assert (error.code, error.start, error.end) == ("LG215", 10, 10 + len(name))
    assert str(error) == f"LG215 the function `{name}` is not available yet -> use ci"


@pytest.mark.parametrize("word", sorted(RESERVED - {"and", "or", "not"}))
def test_function_name_without_parentheses_is_a_name(word: str) -> None:
    """`vit.count` is an address; only parentheses make a call."""
    assert isinstance(parse(f"vit.{word}"), Reference)
    assert isinstance(parse(word), Reference)


def test_interval_of_a_quantity_is_a_call() -> None:
    """`ci` stands alone, in parentheses or with blanks before its own."""
    for text in ("ci(a.r2 - b.r2)", "ci (a.r2 - b.r2)", "(ci(a.r2 - b.r2))"):
        tree = parse(text)
        assert isinstance(tree, Call)
        assert tree.function == "ci"
        assert isinstance(tree.arguments[0], Arithmetic)
