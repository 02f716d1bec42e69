"""Fields by name: what they become, what is missing, what is of the wrong kind."""

from __future__ import annotations

from typing import Any

import pytest

from runner.documents.form import Form
from runner.findings import Finding
from runner.safety import bounded_yaml
from tests.documents.marked import expected, listed, unmarked


def form(text: str) -> tuple[Form, list[Finding], list[str]]:
    """Return the form of a YAML text, where its findings go, and the places of its marks."""
    text, places = unmarked(text)
    node = bounded_yaml.load(text)
    assert isinstance(node, bounded_yaml.Mapping)
    findings: list[Finding] = []
    return Form(node, "logg/a.md", findings), findings, places


@pytest.mark.parametrize(
    ("method", "text", "value"),
    [
        ("text", "a: 1e-3", "1e-3"),
        ("text", "a: '  no '", "  no "),
        ("required_text", "a: b", "b"),
        ("number", "a: 20 %", 0.2),
        ("number", "a: '5'", 5.0),
        ("size", "a: 32k", 32_000),
        ("texts", "a: [b, '']", ("b", "")),
        ("texts", "a: b", ("b",)),
    ],
)
def test_field_is_read_by_what_is_due(method: str, text: str, value: Any) -> None:
    """The same YAML text is a word, a number or a size as the schema asks."""
    fields, findings, _ = form(text)

    assert getattr(fields, method)("a") == value
    assert not findings


@pytest.mark.parametrize("text", ["b: 1", "a:", "a: []", "a: {}"])
def test_empty_field_is_as_good_as_none(text: str) -> None:
    """Nothing, an empty list and an empty map give the default, wherever one is due."""
    fields, findings, _ = form(text)

    assert (fields.text("a", "x"), fields.number("a", 0.5), fields.size("a", 3), fields.texts("a")) == ("x", 0.5, 3, ())
    assert not fields.form("a").mapping.entries
    assert not findings


@pytest.mark.parametrize("text", ["§b: 1", "b: 1\na:§", "b: 1\na: §[]", "a: §{}"])
def test_required_field_may_not_be_empty(text: str) -> None:
    """The finding points at the empty value, or at the whole map where there is none."""
    fields, findings, places = form(text)

    assert fields.require("a") is None
    assert not fields.required_text("a")
    assert listed(findings[:1], "a.md") == expected(places, "LG202 `a` is missing -> add `a:`")


@pytest.mark.parametrize(
    ("method", "text", "message"),
    [
        ("text", "a: §[b, c]", "`a` takes one value, not several"),
        ("number", "a: §much", "`a` is `much`, a number from 0 up is due -> write 0.5"),
        ("number", "a: §-1", "`a` is `-1`, a number from 0 up is due -> write 0.5"),
        ("number", "a: §1e400", "`a` is `1e400`, a number from 0 up is due -> write 0.5"),
        ("number", "a: §''", "`a` is ``, a number from 0 up is due -> write 0.5"),
        ("size", "a: §1.5", "`a` is `1.5`, a whole number from 0 up is due -> write 500, 32k or 1M"),
        ("size", "a: §1e400", "`a` is `1e400`, a whole number from 0 up is due -> write 500, 32k or 1M"),
        ("size", "a: §[1]", "`a` is a collection, a whole number from 0 up is due -> write 500, 32k or 1M"),
        ("form", "a: §[b]", "`a` takes a map of names -> write one `name: value` per line"),
        ("form", "a: §b", "`a` takes a map of names -> write one `name: value` per line"),
        ("texts", "a: §[b, [c]]", "`a` takes a list of words -> write [one, two]"),
    ],
)
def test_value_of_the_wrong_kind_is_a_finding_at_the_value(method: str, text: str, message: str) -> None:
    """The finding quotes what is written and says what is due."""
    fields, findings, places = form(text)
    getattr(fields, method)("a")

    assert listed(findings, "a.md") == expected(places, f"LG203 {message}")


def test_value_of_the_wrong_kind_counts_as_left_out() -> None:
    """Reading goes on with the default, so that all findings come at once."""
    fields, findings, _ = form("a: [[b]]")

    assert (fields.text("a", "x"), fields.number("a", 0.5), fields.size("a", 3), fields.texts("a")) == ("x", 0.5, 3, ())
    assert not fields.form("a").mapping.entries
    assert len(findings) == 5


def test_nested_map_is_a_form_of_its_own() -> None:
    """What is wrong inside a map lands in the same list."""
    fields, findings, places = form("a: {b: 1, c: §x}")
    inner = fields.form("a")

    assert (inner.size("b"), inner.size("c")) == (1, 0)
    assert [line.split()[0] for line in listed(findings, "a.md")] == [f"{place}:" for place in places]


def test_unknown_fields_are_found() -> None:
    """A misspelt field is corrected; beside one like no other stand those there are."""
    fields, findings, places = form("§trian: 1\nnoise: 1\n§zzz: 1")
    fields.only(("train", "noise"))

    assert listed(findings, "a.md") == expected(
        places,
        "LG202 unknown field `trian` -> did you mean `train`?",
        "LG202 unknown field `zzz` -> there is noise, train",
    )


def test_names_are_lower_case_and_no_words_of_the_language() -> None:
    """What may be a name is yielded, what may not is a finding at the key."""
    fields, findings, places = form("one: 1\n§Two: 2\n§mean: 3\n§not: 4\nfour_4: 4")

    assert [key.text for key, _ in fields.named("the job")] == ["one", "four_4"]
    assert listed(findings, "a.md") == expected(
        places,
        "LG203 the job `Two` is not lower-case letters, digits and _ -> choose another name",
        "LG203 the job `mean` is a word of the language -> choose another name",
        "LG203 the job `not` is a word of the language -> choose another name",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: x.r2 §≥ 0.5", "LG301 `≥` has no meaning in an expression -> write >="),
        ("a: 'x.r2 §== 1'", "LG301 two measurements are never equal -> compare with < or >"),
        ('a: "x.r2 §% 1"', "LG301 `%` has no meaning in an expression -> write a plain fraction such as 0.05"),
        ("{a: 1 + sqrt(§x.r2 > 1)}", "LG304 `sqrt` takes quantities, not comparisons -> write a quantity such as a.r2"),
        ("{a: §near(x.r2)}", "LG301 `near` takes 3 arguments, not 1 -> write near(a.r2, b.r2, 0.1)"),
        ("a: not §x.r2", "LG304 `not` takes comparisons, not quantities -> write a comparison such as a.r2 > 0.5"),
        ("a: §[x.r2]", "LG203 an expression is due, not a collection"),
        ("a:§", "LG301 an expression is missing -> write one, such as job.r2"),
    ],
)
def test_refused_expression_is_a_finding_at_the_wrong_sign(text: str, message: str) -> None:
    """The column is that of the sign in the file, quotes counted."""
    fields, findings, places = form(text)

    assert fields.formula(fields.node("a")) is None
    assert listed(findings, "a.md") == expected(places, message)


@pytest.mark.parametrize("text", ["a: §x.r2 - y.r2", "a: '§x.r2 - y.r2'"])
def test_formula_knows_its_text_and_place(text: str) -> None:
    """An expression keeps its spelling and where its first sign stands."""
    fields, findings, places = form(text)
    formula = fields.formula(fields.node("a"))

    assert formula is not None
    assert (formula.text, str(formula.place)) == ("x.r2 - y.r2", f"logg/a.md:{places[0]}")
    assert not findings


@pytest.mark.parametrize(
    ("method", "text", "message"),
    [
        ("number", "a: §1，2", "`a` is `1，2`, a number from 0 up is due -> write `,` for `，`"),
        ("texts", "a: [§b，c]", "`b，c` is one word of `a` -> write `,` for `，`"),
        ("texts", "a: §【b、c】", "`【b、c】` is one word of `a` -> write `[` for `【`"),
    ],
)
def test_signs_of_a_chinese_keyboard_separate_nothing(method: str, text: str, message: str) -> None:
    """A list typed with them is one word; the finding says which sign was meant."""
    fields, findings, places = form(text)
    getattr(fields, method)("a")

    assert listed(findings, "a.md") == expected(places, f"LG203 {message}, which is a letter to YAML")


def test_a_quoted_word_may_hold_any_sign() -> None:
    """Who quotes it means it."""
    fields, findings, _ = form("a: ['b，c']")

    assert fields.texts("a") == ("b，c",)
    assert not findings
