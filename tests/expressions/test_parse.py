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

from runner.expressions.parse import DEEPEST, FUNCTIONS, LONGEST, RESERVED, parse
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
    is_predicate,
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
CALLS = [f"{name}(" for name in FUNCTIONS]
SIGNS_AND_WORDS = [*"()+-*/<>=.,ab1", " ", "not ", " and ", " or ", "1M", "*", "seed=*", "a.r2", "≥", "%"]
WORDS = st.sampled_from([*SIGNS_AND_WORDS, *CALLS])

OF_QUANTITIES = ("abs", "sqrt", "log10", "mean", "sd", "spread", "argmax", "ci", "prev")
OF_PREDICATES = ("count", "all", "any", "p")
JUDGED = "a published value is shown beside ours, never judged"
MISTAKES = [
    ("", 0, "an expression is missing", "write one, such as job.r2"),
    ("  ", 0, "an expression is missing", "write one, such as job.r2"),
    ("1e5.r2", 3, "`.` does not belong here", "delete it, or put an operator before"),
    ("1.2.3", 3, "`.3` does not belong here", "delete it, or put an operator before"),
    ("a . r2", 2, "blanks around a dot", "write name.name"),
    ("a. r2", 1, "blanks around a dot", "write name.name"),
    ("a .r2", 2, "blanks around a dot", "write name.name"),
    ("a.", 2, "a name is missing after the dot", "write an address such as job.r2, or a number"),
    ("a.(b)", 2, "a name is missing after the dot", "write an address such as job.r2, or a number"),
    ("(a > 1", 6, "`)` is missing", "write )"),
    ("a > 1)", 5, "`)` does not belong here", "delete it, or put an operator before"),
    ("((a) > 1", 8, "`)` is missing", "write )"),
    ("a >", 3, "a name or a number is missing", "write an address such as job.r2, or a number"),
    ("> 1", 0, "a name or a number is missing before `>`", "write an address such as job.r2, or a number"),
    ("a + + b", 4, "a name or a number is missing before `+`", "write an address such as job.r2, or a number"),
    ("a and", 5, "a name or a number is missing", "write an address such as job.r2, or a number"),
    ("a > not b > 1", 4, "a name or a number is missing before `not`", "write an address such as job.r2, or a number"),
    ("a b", 2, "`b` does not belong here", "delete it, or put an operator before"),
    ("a = 1", 2, "two measurements are never equal", "compare with < or >"),
    ("p((a = 1))", 5, "two measurements are never equal", "compare with < or >"),
    ("1,000", 1, "`,` does not belong here", "delete it, or put an operator before"),
    ("vit (1M).r2", 4, "`(` does not belong here", "delete it, or put an operator before"),
    ("vit()", 4, "a value is missing between the parentheses", "write a point such as job(1k), or job(*)"),
    ("vit(seed=)", 9, "a value is missing between the parentheses", "write a point such as job(1k), or job(*)"),
    ("vit(1M", 6, "`)` is missing", "write )"),
    ("ci()", 3, "a name or a number is missing before `)`", "write an address such as job.r2, or a number"),
    ("ci(a, b)", 0, "`ci` takes 1 argument, not 2", "write ci(a.r2)"),
    ("1 + sqrt(a, b)", 4, "`sqrt` takes 1 argument, not 2", "write sqrt(a.r2)"),
    ("p(a > 1, b > 1)", 0, "`p` takes 1 argument, not 2", "write p(a.r2 > 0.5)"),
    ("across(a, b)", 0, "`across` takes 1 argument, not 2", "write across(a.r2)"),
    ("published(a.r2, b.r2)", 0, "`published` takes 1 argument, not 2", "write published(a.r2)"),
    ("near(a, b)", 0, "`near` takes 3 arguments, not 2", "write near(a.r2, b.r2, 0.1)"),
    ("not near(a, b, 1, 2)", 4, "`near` takes 3 arguments, not 4", "write near(a.r2, b.r2, 0.1)"),
    ("max(a, b, a, b, a, b, a, b, a, b)", 0, "`max` takes 1 to 9 arguments, not 10", "write max(a.r2)"),
    ("min()", 4, "a name or a number is missing before `)`", "write an address such as job.r2, or a number"),
    ("min(a,)", 6, "a name or a number is missing before `)`", "write an address such as job.r2, or a number"),
    ("min(a b)", 6, "`)` is missing", "write )"),
    ("mean(vit(seed=*.r2)", 15, "`)` is missing", "write )"),
    ("vit(*", 5, "`)` is missing", "write )"),
    ("vit(seed=1=2)", 10, "`)` is missing", "write )"),
    ("vit(--1)", 5, "a value is missing between the parentheses", "write a point such as job(1k), or job(*)"),
    ("* + 1", 0, "a name or a number is missing before `*`", "write an address such as job.r2, or a number"),
]  # fmt: skip

REMEDIES = {
    "takes quantities": "write a quantity such as a.r2",
    "takes comparisons": "write a comparison such as a.r2 > 0.5",
    "gives two": "cite it by itself",
    "gives a": "cite it by itself",
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
    ("argmax(v(*).r2) + 1", "argmax(v(*).r2)", "`argmax()` gives a name and stands alone"),
    ("near(argmax(v(*).r2), 2, 1)", "argmax(v(*).r2)", "`argmax()` gives a name and stands alone"),
    ("near(a > 1, 2, 1)", "a > 1", "`near` takes quantities, not comparisons"),
    ("min(a, b, a > 1)", "a > 1", "`min` takes quantities, not comparisons"),
    ("abs(all(v(*).r2 > 1))", "all(v(*).r2 > 1)", "`abs` takes quantities, not comparisons"),
    ("1 + near(a, b, 1)", "near(a, b, 1)", "`+` takes quantities, not comparisons"),
    ("1 < across(a > 1)", "across(a > 1)", "`<` takes quantities, not comparisons"),
    ("not across(a)", "across(a)", "`not` takes comparisons, not quantities"),
    ("not count(v(*).r2 > 1)", "count(v(*).r2 > 1)", "`not` takes comparisons, not quantities"),
    ("p(a > 1) and b > 1", "p(a > 1)", "`and` takes comparisons, not quantities"),
    *((f"{name}(a > 1)", "a > 1", f"`{name}` takes quantities, not comparisons") for name in OF_QUANTITIES),
    *((f"{name}(a + 1)", "a + 1", f"`{name}` takes comparisons, not quantities") for name in OF_PREDICATES),
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
        assert error.code in {"LG301", "LG304"}
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


@given(st.text(max_size=30))
@settings(derandomize=True, deadline=None, max_examples=300)
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nor does any other text, whatever its script or its control characters."""
    error = outcome(text)

    assert error is None or 0 <= error.start <= error.end <= len(text) + 1


@pytest.mark.parametrize(
    "text",
    [
        *(f"{name}(a.r2)" for name in (*OF_QUANTITIES, "min", "max", "across", "published")),
        *(f"{name}(a > 1)" for name in (*OF_PREDICATES, "across")),
        *("min(a, b)", "max(a, b, a, b, a, b, a, b, 1)", "near(a, 2, 0.1)", "near (a, 2, 0.1)"),
    ],
)
def test_function_takes_what_it_is_made_for(text: str) -> None:
    """Every function of the language is a call with the arguments as written."""
    tree = parse(text)

    assert isinstance(tree, Call)
    assert tree.function == text.partition("(")[0].strip()
    assert len(tree.arguments) == text.count(",") + 1
    assert (tree.start, tree.end) == (0, len(text))


@pytest.mark.parametrize(
    ("text", "predicate"),
    [
        ("near(a, b, 1)", True),
        ("all(a > 1)", True),
        ("any(a > 1)", True),
        ("across(a > 1)", True),
        ("across(near(a, b, 1))", True),
        ("across(a)", False),
        ("count(a > 1)", False),
        ("p(a > 1)", False),
        ("mean(a)", False),
        ("not all(a > 1)", True),
    ],
)
def test_a_call_is_a_quantity_or_a_predicate(text: str, *, predicate: bool) -> None:
    """Those that judge may be joined by words, the others be compared."""
    assert is_predicate(parse(text)) is predicate
    joined_, compared = f"{text} or b > 1", f"{text} >= 1"
    assert (outcome(joined_) is None) is predicate
    assert (outcome(compared) is None) is not predicate


@pytest.mark.parametrize(
    "text",
    [
        "published(a.r2) > 1",
        "a.r2 - published(a.r2) < 0.1",
        "near(a.r2, published(a.r2), 0.1)",
        "b.r2 > 1 and a.r2 > published(a.r2)",
        "all(v(*).r2 > published(a.r2))",
        "p(across(published(a.r2)) > 0)",
    ],
)
def test_published_value_is_never_judged(text: str) -> None:
    """It stands on other rows: beside ours it may be shown, in a predicate of any form it is refused."""
    error = refusal(text)

    assert (error.code, error.message, error.fix) == ("LG304", JUDGED, "write a predicate on our own facts")
    assert text[error.start : error.end] == "published(a.r2)"
    assert parse("a.r2 - published(a.r2)")


@pytest.mark.parametrize("inner", ["a.r2 + 1", "2", "-a.r2", "ci(a.r2)", "(a > 1)"])
def test_published_takes_one_address(inner: str) -> None:
    """What a source gives is found by its address, not computed."""
    error = refusal(f"published({inner})")

    assert (error.code, error.message) == ("LG304", "`published` takes one address")
    assert error.end == error.start + len(inner)


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("vit(*).r2", [[("", "*")], []]),
        ("vit(seed=*).snr(*).r2", [[("seed", "*")], [("", "*")], []]),
        ("vit(1M, seed=*).r2", [[("", "1M"), ("seed", "*")], []]),
        ("drop(*)", [[("", "*")]]),
        ("vit(-1, noise=-0.5).r2", [[("", "-1"), ("noise", "-0.5")], []]),
        ("vit(kind=mlp).r2", [[("kind", "mlp")], []]),
        ("moe.bin(mid_poor).r2", [[], [("", "mid_poor")], []]),
    ],
)
def test_point_is_kept_as_written(text: str, points: list[list[tuple[str, str]]]) -> None:
    """Values are text, `*` is every value, wherever in the address it stands."""
    tree = parse(text)

    assert isinstance(tree, Reference)
    assert [[(a.key, a.value) for a in segment.point] for segment in tree.segments] == points
    starred = [a.every for segment in tree.segments for a in segment.point]
    assert starred == [value == "*" for segment in points for _, value in segment]
    assert ".".join(text[segment.start : segment.end] for segment in tree.segments) == text


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
