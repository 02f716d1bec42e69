"""What keys, names and labels may look like."""

from __future__ import annotations

import pytest

from runner.expressions.names import is_key, is_name, is_protocol_id, label_trouble, suggestion


@pytest.mark.parametrize("label", ["K2", "Q3.1", "H-A", "Gate-16G", "moe:Q3.3", "vit_2:MVP-4.0", "EXP-20260101-a_b-01"])
def test_capital_makes_a_key(label: str) -> None:
    """A key starts with a capital, after the topic it may carry."""
    assert is_key(label)


@pytest.mark.parametrize("label", ["", "k2", "2K", "K 2", "K2 > 0", "moe:", "Moe:K2", "a:b:K2", "K/2", "Ä1", "K2\n"])
def test_expressions_and_odd_spellings_are_no_keys(label: str) -> None:
    """Whatever could be an expression, a path or two topics is no key."""
    assert not is_key(label)


@pytest.mark.parametrize(
    ("text", "fits"), [("mlp", True), ("e9_b", True)] + [(t, False) for t in ("", "9e", "_a", "A", "a-b", "é")]
)
def test_name_is_lower_case_ascii(text: str, fits: bool) -> None:  # noqa: FBT001 - a table of outcomes
    """Jobs, aliases and definitions share one spelling."""
    assert is_name(text) is fits


@pytest.mark.parametrize(
    ("text", "fits"),
    [("pfs-10k", True), ("Grid.v2", True)] + [(t, False) for t in ("", "../a", "a/b", ".a", "a b", "a@1", "é")],
)
def test_protocol_id_can_name_a_file(text: str, fits: bool) -> None:  # noqa: FBT001 - a table of outcomes
    """The rows of a protocol stand in a file of its name, so no id leads out of the folder."""
    assert is_protocol_id(text) is fits


@pytest.mark.parametrize("label", ["a.r2 - b.r2 >= 0.5", "all(vit(1M).snr(*).r2 > 1)", "-a", "K2", "a * b / c, d = e"])
def test_sturdy_label_has_no_trouble(label: str) -> None:
    """Letters, digits and the operators survive every renderer."""
    assert label_trouble(label) == ""


@pytest.mark.parametrize("sign", [*'[]|\\`$^{}"#&;~@', "≥", "é", "\n", "\t", "\x7f", "\u00a0"])
def test_fragile_sign_is_named(sign: str) -> None:
    """A sign that some renderer eats is shown to the author."""
    assert label_trouble(f"a{sign}b") == f"`{sign}` does not survive every renderer inside a label"


@pytest.mark.parametrize("label", ["a  b", " a", "a "])
def test_blanks_that_renderers_fold_are_refused(label: str) -> None:
    """Only single blanks between words keep their number everywhere."""
    assert label_trouble(label) == "a label has single blanks only, none at its ends"


@pytest.mark.parametrize(
    ("word", "known", "said"),
    [
        ("rigde", ["lgbm", "ridge"], "did you mean `ridge`?"),
        ("xyz", ["b", "a"], "there is a, b"),
        ("xyz", "abcdefgh", "there is a, b, c, d, e, f, g, h"),
        ("xyz", "abcdefghi", "there is a, b, c, d, e, f, g, h, …"),
        ("xyz", [], ""),
    ],
)
def test_suggestion_names_the_nearest_or_the_first_few(word: str, known: list[str], said: str) -> None:
    """A misspelt word is corrected; a word far from all is answered with what there is."""
    assert suggestion(word, known) == said
