"""Canonical JSON has one text per value, and reading refuses every second meaning."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.findings import ArtefactDamaged
from runner.safety.canonical import digest, digest_bytes, dumps, inline, loads

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(-1e9, 1e9)
    | st.text(st.characters(blacklist_categories=["Cs"]), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('ab"\\é', max_size=2), inner, max_size=3),
    max_leaves=10,
)
TEXT = """\
{
  "facts": {
    "chosen.r2": [0.4339, "ab12"],
    "z": -1
  },
  "none": {},
  "runs": [
    [1, 2],
    {
      "é": null
    }
  ]
}
"""


def nested(depth: int) -> list[Any]:
    """Return lists in lists."""
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_text_is_sorted_indented_and_keeps_rows_on_their_line() -> None:
    """One entry per line, a list of scalars inline, a final newline."""
    value = {"runs": [(1, 2), {"é": None}], "none": {}, "facts": {"z": -1, "chosen.r2": [0.4339, "ab12"]}}

    assert dumps(value) == TEXT


def test_leaf_decides_what_stays_inline() -> None:
    """A caller can keep small mappings on one line."""
    value = {"a": {"b": 1, "c": [2]}}

    assert dumps(value, leaf=lambda node: inline(node) or "b" in node) == '{\n  "a": {"b": 1, "c": [2]}\n}\n'


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1 + 0.2, "0.3"), (-0.0, "0.0"), (-1e-11, "0.0"), (1.0, "1.0"), (1e22, "1e+22"), (1e-10, "1e-10"),
     (True, "true"), ("中\n", '"中\\n"')],
)  # fmt: skip
def test_scalars_have_one_spelling(value: object, text: str) -> None:
    """Floats are rounded to ten decimals and written as short as they read back; zero has no sign."""
    assert dumps(value) == text + "\n"


@settings(derandomize=True, max_examples=300, deadline=None)
@given(VALUES)
def test_what_is_written_reads_back_and_writes_the_same(value: Any) -> None:
    """Reading and writing again changes no byte, and the standard library reads the same value."""
    text = dumps(value)

    assert dumps(loads(text)) == text
    assert json.loads(text) == loads(text)
    assert digest(loads(text)) == digest(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, nested(17)])
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    """A number that is none, or a tower, is refused with its address."""
    with pytest.raises(ValueError, match=r"^value\.a\.r2\[1\]|16 levels"):
        dumps({"a": {"r2": [1, value]}})


@pytest.mark.parametrize("value", [{1: 2}, {"a": {1, 2}}, {"a": b"x"}, object()])
def test_what_json_has_no_type_for_is_refused(value: object) -> None:
    """Sets, bytes and keys that are no text never become something else in silence."""
    with pytest.raises(TypeError, match=r"^value"):
        dumps(value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": 1,\n"a": 2}', 'line 2: the key "a" stands twice'),
        ('{"a": 1,\n\n"\\u0061": 2}', "line 3: .* twice"), ('{"x": {"b": 1, "b": 1}}', "line 1: .* twice"),
        ("[1,\nNaN]", "line 2: NaN"), ("[-Infinity]", "-Infinity"), ("[0,\n\n1e999]", "line 3: 1e999"),
        ("[-1e999]", "too large"), ("[" + "9" * 5000 + "]", "line 1: 999"),
        ("[" + "1" * 400 + ".5]", "line 1: 111.*too large"),
        ("[\n" * 17 + "]" * 17, "line 17: more than 16"), ("[" * 100_000, "line 1: more than 16"),
        ("", "line 1: no valid JSON"), ('{"a" 1}', "no valid JSON"), ('["\x01"]', "no valid JSON"),
        ("{}\n{}", "line 2: no valid"), ('["open', "no valid"), ("\ufeff{}", "BOM"),
        ('{"\\x": 1, "a": NaN}', "NaN"), (']{"a": 1}', "no valid"), ('"a": 1', "no valid"),
        ('"' + "x" * 5_000_000 + '"', "more than 5 MB"), ('"' + "é" * 2_500_000 + '"', "more than 5 MB"),
    ],
)  # fmt: skip
def test_damaged_text_is_refused_with_its_line(text: str, words: str) -> None:
    """Duplicate keys, numbers that are none, towers and broken syntax are named with their line."""
    with pytest.raises(ArtefactDamaged, match=words):
        loads(text)


def test_strings_that_look_damaged_are_only_strings() -> None:
    """NaN, braces and colons inside a string, and one key in two mappings, are fine."""
    value = {"a": {"x": 'NaN 1e999 [[[["\\":'}, "b": {"x": "Infinity"}, "c": nested(15)}

    assert loads(json.dumps(value)) == value


def test_hostile_string_is_read_in_one_pass() -> None:
    """A megabyte of escaped quotes that never closes is refused, not scanned for ever."""
    with pytest.raises(ArtefactDamaged):
        loads('"' + '\\"' * 1_000_000)


def test_digest_is_the_hash_of_the_compact_text() -> None:
    """The digest depends on the value, not on the order or spelling it was given in."""
    compact = '{"a":[1.5,"é"],"b":0.0}'.encode()

    assert digest({"b": -0.0, "a": (1.5, "é")}) == hashlib.sha256(compact).hexdigest()[:12]
    assert digest({"a": 1}) != digest({"a": 1.0})
    assert digest_bytes(b"x", 32) == hashlib.sha256(b"x").hexdigest()[:32]
