"""What bounded_yaml reads, what it refuses, and in which words."""

from __future__ import annotations

import random
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.safety import bounded_yaml
from runner.safety.bounded_yaml import Mapping, Scalar, Sequence, YamlRefused, load, plain_value, to_python

NESTED = st.recursive(
    st.text(alphabet=st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"], blacklist_characters="\ufeff")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcé中_", min_size=1), inner, max_size=3),
    max_leaves=8,
)
SNIPPETS = [
    *"[]{},:?-&*!|>%@`'\"#\n\t \\~<=", "a", "b", "- ", ": ", "\n  ", "<<", "---\n", "...\n", "0x1", "1e9",
    "\x00", "\u2028", "é", "\ud800", "\\U00110000", "%YAML 1.1.1\n", "!!python/name:os.system ", "&a ",
    "*a", "? ", "\r",
]  # fmt: skip


@pytest.fixture(params=["libyaml", "pure"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test on both parsers."""
    if request.param == "pure":
        monkeypatch.setattr(yaml, "__with_libyaml__", False)
    return str(request.param)


def refusal(text: str) -> YamlRefused:
    """Return the refusal of a text."""
    with pytest.raises(YamlRefused) as caught:
        load(text)
    return caught.value


def outcome(text: str) -> str:
    """Return the refusal of a text as a line, or nothing when it is read."""
    try:
        to_python(load(text))
    except YamlRefused as error:
        return str(error)
    return ""


def test_tree_knows_lines_columns_and_quotes() -> None:
    """Every node carries the place where it starts in the file, not in the snippet."""
    node = load("a: 'x'\nb: [1, {c: 2}]\n", line=5)

    assert isinstance(node, Mapping)
    assert node.keys() == ["a", "b"]
    assert node.get("a") == Scalar("x", 5, 4, plain=False)
    inner = Mapping(((Scalar("c", 6, 9), Scalar("2", 6, 12)),), 6, 8, flow=True)
    assert node.get("b") == Sequence((Scalar("1", 6, 5), inner), 6, 4)
    assert node.get("missing") is None
    assert [key.text for key, _ in node.items()] == ["a", "b"]


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n"])
def test_missing_value_is_a_plain_scalar_without_text(text: str) -> None:
    """An empty document is a missing value, as an empty entry is."""
    assert load(text) == Scalar("", 1, 1, plain=True)
    assert to_python(load("a:\n")) == {"a": None}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1e-3", 0.001), ("12E5", 1.2e6), ("1.10", 1.1), ("-7", -7), ("+.5", 0.5), ("1.", 1.0), ("0", 0),
        ("true", True), ("FALSE", False), ("null", None), ("~", None), ("", None),
        ("no", "no"), ("on", "on"), ("010", "010"), ("16:0", "16:0"), ("1__0", "1__0"), ("0b1", "0b1"),
        ("0x1f", "0x1f"), ("2025-12-04", "2025-12-04"), ("'1'", "1"), ('"true"', "true"), ("50k", "50k"),
    ],
)  # fmt: skip
def test_plain_values_follow_the_core_rules_of_yaml_1_2(written: str, value: object) -> None:
    """No, 010 and 16:0 are text; 1e-3 is a number; quotes make text."""
    node = load(f"a: {written}\n")

    assert isinstance(node, Mapping)
    scalar = node.get("a")
    assert isinstance(scalar, Scalar)
    assert (plain_value(scalar), type(plain_value(scalar))) == (value, type(value))


@pytest.mark.parametrize("written", ["5e999", "-1e400", ".inf", ".nan", "9" * 5000])
def test_numbers_that_are_none_are_refused(written: str) -> None:
    """What overflows, or is no number by its own account, does not become one."""
    with pytest.raises(YamlRefused, match="number"):
        to_python(load(f"a: {written}"))


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("a: &x 1", 1, 4, "anchor"), ("a: 1\nb: *x", 2, 4, "alias"), ("a: !!str 1", 1, 4, "tag"),
        ("a: !x 1", 1, 4, "tag"), ("<<: {a: 1}", 1, 1, "merge"), ("a: 1\n---\nb: 2", 2, 1, "second"),
        ("[a]: 1", 1, 1, "where a key"), ("{a: 1}: 2", 1, 1, "where a key"),
        ("~: 1", 1, 1, "empty or null"), ("'': 1", 1, 1, "empty or null"),
        ("a: 1\n\na: 2", 3, 1, "lines 1 and 3"), ("a: x\u2028y", 1, 5, "U\\+2028"),
        ("a: x\u0085", 1, 5, "U\\+0085"), ("a\r: x", 1, 2, "U\\+000D"), ("a: \x1b", 1, 4, "U\\+001B"),
        ('a: "\\0"', 1, 4, "U\\+0000"), ("%TAG ! x\n---\na", 1, 1, "directive"),
        ("\ufeffa: 1", 1, 1, "U\\+FEFF"),
        ("x: {that: vit(train=5, patch=16).r2 > 0.5}", 1, 11, "cuts 'vit\\(train=5'.*one entry per line, or quote"),
        ("cols: [n, vit(a=1, b=2).r2]", 1, 11, "cuts 'vit\\(a=1' off"),
        ("x: {a, b: 1}", 1, 5, "comma.*quote it"), ("x: {a: }", 1, 5, "no value"),
        ("x: {a:1}", 1, 5, "blank after the colon"), ("a: #1 idea", 1, 3, "comment"),
        ("claim: [0.7][vit.r2] is good", 1, 13, "'\\[' is a list.*quote"),
        ("claim: Ridge: 0.9", 1, 13, "': '.*quote"), ("a: > 0.5", 1, 6, "'>'.*quote"),
        ("a: |x|", 1, 5, "'\\|'.*quote"), ("a: %x", 1, 4, "'%'.*quote"), ("a: @x", 1, 4, "'@'.*quote"),
        ("a: `x`", 1, 4, "'`'.*quote"), ("a: 'it's'", 1, 8, "single quote.*quote"),
        ("a:\n\tb: 1", 2, 1, "tab"), ('a: "open', 1, 4, "never closes"),
        ("a: [1, 2", 1, 4, "never closes"), ("a: 1\nfoo\nb: 2", 2, 1, "no 'key: value'"),
        ('a: "\\q"', 1, 4, "backslash"), ("[a, , b]", 1, 5, "',' stands where"), ("- a\nb: 1", 2, 1, "cannot read"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("parser")
def test_refusals_name_the_place_and_the_remedy(text: str, line: int, column: int, words: str) -> None:
    """What is refused is refused at its line and column, in one plain line."""
    with pytest.raises(YamlRefused, match=words) as caught:
        load(text)

    assert (caught.value.line, caught.value.column) == (line, column)
    assert "\n" not in str(caught.value)


def test_lines_of_a_refusal_count_from_the_snippets_first_line() -> None:
    """A refusal in front matter points into the file."""
    with pytest.raises(YamlRefused, match="line 12, column 1"):
        load("a: 1\na: 2", line=11)


@pytest.mark.parametrize("opening", ["[", "{", "- ", "? ", "[\n", "- [", "{a: [", "? - "])
@pytest.mark.usefixtures("parser")
def test_towers_are_refused(opening: str) -> None:
    """Sixty kilobytes of openings are one refusal, not a crash of the process."""
    assert refusal(opening * (60_000 // len(opening))).line >= 1


@pytest.mark.parametrize(("opening", "column"), [("[", 101), ("- ", 1), ("{a: [", 251), ("{ x \n", 1)])
def test_towers_do_not_reach_the_parser(monkeypatch: pytest.MonkeyPatch, opening: str, column: int) -> None:
    """More openings than anyone writes are counted before libyaml sees them."""
    monkeypatch.setattr(bounded_yaml, "_events", lambda _: pytest.fail("the parser was called"))

    assert refusal(opening * 1000).column == column


@pytest.mark.usefixtures("parser")
def test_depth_is_bounded_at_twelve() -> None:
    """Twelve levels are read, thirteen are refused."""
    assert to_python(load("[" * 12 + "]" * 12)) == [[[[[[[[[[[[]]]]]]]]]]]]
    assert "12 levels" in str(refusal("[" * 13 + "]" * 13))


def test_size_and_number_of_values_are_bounded() -> None:
    """More than 64 kB or 5000 values belong into a data file."""
    assert "64 kB" in str(refusal("a: " + "é" * 33_000))
    assert "5000 values" in str(refusal("- 1\n" * 5000))
    assert len(to_python(load("- 1\n" * 4999))) == 4999


@settings(derandomize=True, max_examples=200, deadline=None)
@given(value=NESTED, flow=st.booleans())
def test_quoted_text_reads_as_pyyaml_reads_it(value: Any, flow: bool) -> None:  # noqa: FBT001
    """Where both accept a text, the strings are the same."""
    text = yaml.safe_dump(value, default_style='"', allow_unicode=True, default_flow_style=flow)

    if {"", "<<"} & set(_keys(value)):
        return
    assert to_python(load(text)) == yaml.safe_load(text) == value


def _keys(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(key for item in value.values() for key in _keys(item))]
    return [key for item in value for key in _keys(item)] if isinstance(value, list) else []


@settings(derandomize=True, max_examples=300, deadline=None)
@given(text=st.text("ab1:-#[]{},'\" \n>|?", max_size=40))
def test_accepted_text_has_the_scalars_pyyaml_finds(text: str) -> None:
    """On arbitrary text our tree, when there is one, has exactly PyYAML's shape and scalar texts."""
    try:
        ours, theirs = load(text), yaml.compose(text, Loader=yaml.SafeLoader)
    except (YamlRefused, yaml.YAMLError):
        return

    assert _texts(ours) == _texts_of(theirs)


def _texts(node: bounded_yaml.Node) -> Any:
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Sequence):
        return [_texts(item) for item in node.items]
    return {key.text: _texts(value) for key, value in node.items()}


def _texts_of(node: yaml.Node | None) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [_texts_of(item) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        return {key.value: _texts_of(value) for key, value in node.value}
    return "" if node is None else node.value


@pytest.mark.usefixtures("parser")
def test_fuzz_raises_nothing_but_refusals() -> None:
    """Two thousand hostile texts end in a tree or in a refusal."""
    dice = random.Random(7)  # noqa: S311 - a fixed sequence, no secret
    texts = ("".join(dice.choices(SNIPPETS, k=dice.randint(1, 30))) for _ in range(2000))
    refused = [message for text in texts if (message := outcome(text))]

    assert 1000 < len(refused) < 2000
    assert not [message for message in refused if "\n" in message]


@pytest.mark.parametrize(
    ("text", "sign", "instead"),
    [
        ("b: 1\na： 200\nc: 1", "：", ": "),
        ("{a：b}", "：", ": "),
        ("{a: b， c: d}", "，", ","),
        ("a: [1, 2】\nb: 1", "】", "]"),
        ("a: ｛b: c｝", "｛", "{"),
    ],
)
def test_signs_of_a_chinese_keyboard_are_named(text: str, sign: str, instead: str) -> None:
    """They look like signs of YAML, and nobody sees why the line is wrong."""
    with pytest.raises(YamlRefused) as caught:
        load(text)

    assert caught.value.fix == f"write `{instead}` for `{sign}`, which is a letter to YAML"


def test_chinese_text_is_not_blamed_for_another_mistake() -> None:
    """A comma in a sentence is right; what is wrong with its line is something else."""
    with pytest.raises(YamlRefused) as caught:
        load("a: 好，继续: 下一步")

    assert caught.value.fix == "quote it, or align it"
