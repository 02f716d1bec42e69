"""Prose: what of a text its readers see, whatever markup surrounds it."""

from __future__ import annotations

import re

import pytest

from runner.documents.prose import Stretch, stretches

DIGIT = re.compile(r"[0-9]")


def found(text: str) -> list[Stretch]:
    """Return the stretches of a text that hold a digit."""
    return list(stretches(text, DIGIT))


def seen(text: str) -> str:
    """Return the digits that readers see, those of one stretch after the other."""
    return " ".join("".join(DIGIT.findall(stretch.text)) for stretch in found(text))


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("a 1 b\nc 2\n\nd 3", "12 3"),
        ("# a 1\n\nb 2\n---\n", "1 2"),
        ("| a 1 | b |\n|---|---|\n| 2 | 3 |", "1 2 3"),
        ("> - a 1\n>   b 2", "12"),
        ("---\nkind: exp\na: 1\n---\nb 2", "2"),
        ("```\n1\n```\n\n    2\n\na 3", "3"),
        ("a `1` b 2 ``3 ` 4`` 5", "25"),
        ("a $1 + x$ b 2\n\n$$\n3\n$$", "2 "),
        ("[a 1](b2.md 'c 3') 4", "14"),
        ("[4.1 a](#41-a) 5", "5"),
        ("![a 1](img-2.png) 3", "13"),
        ("https://a.b/1 2 <https://a.b/3> <b id='4'>5</b>", "25"),
        ("<div>\n1\n</div>\n\n<!-- 2 -->\n\n3", "3"),
        ("a [1][b2.r2] c", "1"),
        ("a 1\n\n[b2]: c3.md", "1"),
        ("<!-- logg: results -->\n1\n<!-- /logg 12345678 -->\n\n2", "2"),
    ],
)
def test_what_is_no_text_is_blank(text: str, digits: str) -> None:
    """Code, math, targets, labels, tags, addresses, front matter and generated blocks hold no prose."""
    assert seen(text) == digits


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("a [0.5][b.r2] [it wins by 2][K2] 3", ["0.5", "it wins by 2"]),
        ("a [0.5](b.md)", []),
        ("a [0.5][b]\n\n[b]: c.md", []),
        ("a [0.5][B.r2]\n\n[b.R2]: c.md", []),
    ],
)
def test_citations_are_told_from_links_of_the_author(text: str, cited: list[str]) -> None:
    """A label that the author defined is a plain link."""
    (stretch,) = found(text)[:1]

    assert [stretch.text[start:end] for start, end in stretch.cited] == cited


@pytest.mark.parametrize(
    ("text", "struck"),
    [
        ("from ~~0.698~~ to 0.7", ["~~0.698~~"]),
        ("~~a 1 b~~ and ~~2~~", ["~~a 1 b~~", "~~2~~"]),
        ("about ~0.5~ or ~~ 0.6 ~~", []),
        ("`~~` 0.5 ~~", []),
        ("~~1~~~", []),
    ],
)
def test_what_is_struck_out_is_told(text: str, struck: list[str]) -> None:
    """Two tildes on each side, touching the text, strike it out."""
    (stretch,) = found(text)

    assert [stretch.text[start:end] for start, end in stretch.struck] == struck


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_every_character_knows_its_place(newline: str) -> None:
    """Offsets lead back to the document, whatever marks stand between the lines."""
    text = newline.join(["\ufeff# a 1", "", "> b 2", "> c `x` 3", "", "| d \\| 4 |", "|---|", "| 5 |"])
    places = [
        (stretch.source(match.start()), match[0]) for stretch in found(text) for match in DIGIT.finditer(stretch.text)
    ]

    assert [digit for _, digit in places] == list("12345")
    assert all(text[offset] == digit for offset, digit in places)


def test_a_heading_is_known() -> None:
    """Its numbering is no number."""
    assert [stretch.heading for stretch in found("# a 1\n\nb 2")] == [True, False]
