"""Statements: which words of a document carry a key, and a fingerprint that verdicts do not move."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.rendering.desk import lay
from runner.rendering.statements import Statement, statement
from runner.verdicts.knowledge import gather
from tests import knowledge
from tests.knowledge import HUB, file, guess, toy

CLAIMS = "  K1: toy.gain > 0\n  K2: toy.gain < 9\n"
TABLE = "| # | What |\n| -- | -- |\n| K1 | the strong one, [0.95][toy.strong.r2] [?][K1] |\n| K2 | the other |\n"


def read(root: Path, body: str, key: str = "K1") -> Statement | None:
    """Return what a hub with this body says about a key."""
    head = HUB.replace("  K1: toy.gain > 0\n", CLAIMS).partition("# Toy hub")[0]
    knowledge.write(root, {"toy/toy-hub.md": head + body})
    base = file(root, "TOY-1", {"weak": guess(root, 2), "strong": guess(root, 1, seed=2)})
    return statement(key, lay(base.library.named("TOY-hub"), base))


def fingerprint(root: Path, body: str, key: str = "K1") -> str:
    """Return the fingerprint of what a hub with this body says about a key."""
    found = read(root, body, key)
    assert found is not None
    return found.fingerprint


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A base whose hub is written anew by each test."""
    return toy(tmp_path)


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (f"Text [it wins][K1].\n\n{TABLE}", 5),
        ("- other\n- **K1** wins\n  by far\n", 2),
        ("- **K2** wins\n  - **K1**: wins\n", 2),
        ("> - **K1** wins\n", 1),
        ("1. [ ] **K1** wins\n", 1),
        ("**K1** wins\n", 1),
        ("| **K1** | wins |\n", 1),
        ("| [K1][K1] | wins |\n", 1),
        ("Some text.\n\nFirst. Then [it wins][K1]. Last.\n", 3),
        ("```\n| K1 | no |\n```\n\n- [wins][K1]\n", 5),
        ("~~~~\n~~~\n| K1 | no |\n~~~~\n\n- [wins][K1]\n", 6),
        ("````\n```\n````\n\n| K1 | wins |\n", 5),
        ("> ```\n> | K1 | no |\n\n- [wins][K1]\n", 4),
        ("    | K1 | no |\n\n- [wins][K1]\n", 3),
        ("<div>\n| K1 | no |\n</div>\n\n- [wins][K1]\n", 5),
        ("a\n```\n[no][K1]\n```\n- [wins][K1]\n", 5),
        ("<!-- logg: verdict -->\n\n| K1 | generated |\n\n<!-- /logg 00000000 -->\n\n- [wins][K1]\n", 7),
    ],
)
def test_the_words_of_a_key_are_found(root: Path, body: str, line: int) -> None:
    """A row or a bullet that starts with it, wherever that is; else where it is cited first."""
    found = read(root, body)
    start = HUB.replace("  K1: toy.gain > 0\n", CLAIMS).partition("# Toy hub")[0].count("\n")

    assert found is not None
    assert found.place.line - start == line


@pytest.mark.parametrize(
    "body", ["nothing\n", "K1 without marks\n", "| one | K1 |\n", "- **K12** wins\n", "**K1.2** x\n"]
)
def test_a_key_that_no_words_carry_has_no_statement(root: Path, body: str) -> None:
    """The key in the middle of other words is a word."""
    assert read(root, body) is None


SAME = [
    (TABLE, TABLE.replace("[?][K1]", "[holds 99 %][K1]")),
    (TABLE, TABLE.replace("[?][K1]", "[不成立 3 %][K1]")),
    (TABLE, TABLE.replace("| the other |", "| something else |")),
    (TABLE, TABLE.replace("| K1 | the", "|  K1  |   the")),
    (TABLE, TABLE.replace("[0.95]", "[0.12]")),  # rendering puts the digits right
    (TABLE, TABLE.replace("[0.95]", "[?.??]")),
    (TABLE, TABLE.replace("\n", "\r\n")),
    ("- **K1** wins\n  by far\n- next\n", "- **K1** wins by far\n- other\n"),
    ("First. Then [it wins][K1]. Last.\n", "Before. Then [it wins][K1]. After [0.95][toy.strong.r2].\n"),
    ("先说。然后[赢了][K1]。最后。\n", "先讲。然后[赢了][K1]。完。\n"),
    ("Yes. Then [it wins. Truly][K1] here. Last.\n", "No. Then [it wins. Truly][K1] here. First.\n"),
]
OTHER = [
    (TABLE, TABLE.replace("strong one", "weak one")),
    (TABLE, TABLE.replace("[0.95]", "[0.946]")),  # more digits are other words
    (TABLE, TABLE.replace("[0.95][toy.strong.r2]", "[0.95][toy.weak.r2]")),  # rendered as 0.83
    ("- **K1** wins\n  by far\n- next\n", "- **K1** wins\n  just so\n- next\n"),
    ("First. Then [it wins][K1]. Last.\n", "First. Then [it is best][K1]. Last.\n"),
    ("First. Then [it wins][K1], R² is 0.9. Last.\n", "First. Then [it wins][K1], R² is 0.8. Last.\n"),
    ("先说。然后[赢了][K1]。最后。\n", "先说。后来[赢了][K1]。最后。\n"),
    ("Then [it wins. Truly][K1] here. Last.\n", "Then [it wins. Truly][K1] there. Last.\n"),
    ("One line\nand [it wins][K1]\nat last.\n", "One line\nand [it wins][K1]\nat least.\n"),
]


@pytest.mark.parametrize(("one", "two"), SAME)
def test_a_fingerprint_stays(root: Path, one: str, two: str) -> None:
    """Verdicts, blanks, line ends, neighbours and digits that rendering corrects do not count."""
    assert fingerprint(root, one) == fingerprint(root, two)


@pytest.mark.parametrize(("one", "two"), OTHER)
def test_a_fingerprint_moves(root: Path, one: str, two: str) -> None:
    """A word, a digit as shown, a line of the same bullet or sentence."""
    assert fingerprint(root, one) != fingerprint(root, two)


def test_a_verdict_does_not_move_the_fingerprint(root: Path) -> None:
    """The same words, whatever comes of the claim: the verdict is compared by itself."""
    before = fingerprint(root, "| K1 | the strong one wins | [?][K1] |\n")
    file(root, "TOY-1", {"weak": guess(root, 1), "strong": guess(root, 2, seed=2)})
    base = gather(root)
    hub = base.library.named("TOY-hub")
    after = statement("K1", lay(hub, base))

    assert base.judge.key("K1", hub).state == "fails"
    assert after is not None
    assert after.fingerprint == before


def test_a_fingerprint_is_eight_signs(root: Path) -> None:
    """Short enough for one line of front matter."""
    assert len(fingerprint(root, TABLE)) == 8
    assert fingerprint(root, TABLE) != fingerprint(root, TABLE, "K2")
