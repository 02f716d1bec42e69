"""Signatures: read from the front matter, and written into it without moving anything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.documents.form import Form
from runner.documents.kinds import Signature
from runner.documents.signed import read_signed, with_signature, written
from runner.findings import Finding, Place
from runner.safety import bounded_yaml
from tests.documents.marked import expected, listed, unmarked

HERE = Place("logg/a.md", 1, 1)
K2 = Signature("K2", "holds", "5be1c07a", "2026-01-28", HERE)
FRONT = "kind: hub\nid: A # mine\nclaims:\n  K2: a > 0\n"


def signed(text: str) -> tuple[dict[str, Signature], list[Finding]]:
    """Return the signatures of a front matter and what is wrong with it."""
    node = bounded_yaml.load(text)
    assert isinstance(node, bounded_yaml.Mapping)
    findings: list[Finding] = []
    return read_signed(Form(node, "logg/a.md", findings)), findings


def test_a_signature_is_a_verdict_a_fingerprint_and_a_day() -> None:
    """What a person decided follows in words."""
    text = "signed:\n  K2: holds 5be1c07a 2026-01-28\n  Q1.3: 'decided 12345678 2026-01-29 go on: slowly'\n"
    found, findings = signed(text)

    assert not findings
    assert found["K2"] == Signature("K2", "holds", "5be1c07a", "2026-01-28", Place("logg/a.md", 2, 3))
    assert (found["Q1.3"].verdict, found["Q1.3"].words) == ("decided", "go on: slowly")


@pytest.mark.parametrize("fingerprint", ["00000000", "12345678", "1234e567"])
def test_a_fingerprint_is_no_number(fingerprint: str) -> None:
    """Eight digits stay the text they are."""
    found, findings = signed(f"signed: {{K2: holds {fingerprint} 2026-01-28}}")

    assert (found["K2"].fingerprint, findings) == (fingerprint, [])


@pytest.mark.parametrize(
    "entry",
    [
        "§K2: holds",
        "§K2: holds 5be1c07 2026-01-28",
        "§K2: holds 5BE1C07A 2026-01-28",
        "§K2: holds 5be1c07a 28.1.2026",
        "§K2: [holds]",
        "§k2: holds 5be1c07a 2026-01-28",
    ],
)
def test_what_is_no_signature_is_told_at_its_place(entry: str) -> None:
    """Signatures are written by a command; one edited by hand may not be one any more."""
    text, places = unmarked(f"signed:\n  {entry}\n")
    found, findings = signed(text)
    key = entry.strip("§").partition(":")[0]
    shown = "" if "[" in entry else entry.partition(": ")[2]

    assert not found
    message = f"LG203 `{key}: {shown}` is no signature -> write it with runner accept DOCUMENT KEY"
    assert listed(findings, "a.md") == expected(places, message)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "signed:\n  K2: {}\n"),
        ("signed:\n", "signed:\n  K2: {}\n"),
        ("signed: # by us\nlang: en\n", "signed: # by us\n  K2: {}\nlang: en\n"),
        ("signed: {}\n", None),
        (
            "signed:\n  K1: fails 11111111 2026-01-01 # old\n\nlang: en\n",
            "signed:\n  K1: fails 11111111 2026-01-01 # old\n  K2: {}\n\nlang: en\n",
        ),
        (
            "signed:\n    K2: 'fails 11111111 2026-01-01 it''s off' # old\n    K3: holds 33333333 2026-01-03\n",
            "signed:\n    K2: {} # old\n    K3: holds 33333333 2026-01-03\n",
        ),
        ("signed: {K1: fails 11111111 2026-01-01}\n", "signed: {K1: fails 11111111 2026-01-01, K2: {}}\n"),
        (
            "signed: {K2: fails 11111111 2026-01-01, K3: holds 33333333 2026-01-03 } # a\n",
            "signed: {K2: {}, K3: holds 33333333 2026-01-03 } # a\n",
        ),
        ('signed: {"K2": "fails 11111111 2026-01-01"}\n', 'signed: {"K2": {}}\n'),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_signature_is_written_and_nothing_else_moves(before: str, after: str | None, newline: str) -> None:
    """Comments, order and line ends stay; a new field comes last."""
    due = "signed: {K2: holds 5be1c07a 2026-01-28}\n" if after is None else after.replace("{}", written(K2))
    text = with_signature((FRONT + before).replace("\n", newline), K2, newline)

    assert text == (FRONT + due).replace("\n", newline)
    assert signed(text)[0]["K2"].verdict == "holds"


@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF), min_size=1, max_size=60))
@pytest.mark.parametrize("before", ["", "signed: {K1: fails 11111111 2026-01-01}\n"])
def test_a_decision_is_read_back_as_it_was_said(before: str, words: str) -> None:
    """Whatever a person types, the front matter stays readable and says it."""
    said = " ".join(words.split())
    if not said.isprintable():
        return
    signature = Signature("Q1", "decided", "5be1c07a", "2026-01-28", HERE, said)

    assert signed(with_signature(before + "kind: hub\n" if before else FRONT, signature, "\n"))[0]["Q1"].words == said
