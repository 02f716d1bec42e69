"""`accept`: what a person read is signed in the front matter, and pages that show it follow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runner import workflow
from runner.cli import main
from runner.findings import DocumentsRefused, InputRefused, UsageError
from runner.verdicts.knowledge import gather
from tests import knowledge
from tests.knowledge import EXPERIMENT, HUB, file, guess, toy

NEW = EXPERIMENT.replace("TOY-1", "TOY-2")
CLAIMS = """  K1: toy.gain > 0  # the first
  K2: new.gain > 0
  K3: toy.strong.young.r2 > toy.strong.r2
  K4: toy.gain > 0
  Q1.1: human
  G1:
    toy.gain > 9: go
    else: human
"""
BODY = "\n# Toy hub\n\n| K1 | wins | [?][K1] |\n\n| Q1.1 | which? | [?][Q1.1] |\n\n[?][G1] [?][K2] [?][K3] [?][Q1]\n"
DAY = "2026-03-01"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A base with a hub of claims, rendered."""
    root = toy(tmp_path)
    head = HUB.replace("  K1: toy.gain > 0\n", CLAIMS).replace("toy: TOY-1", "toy: TOY-1\n  new: TOY-2")
    hub = head.partition("\n# Toy hub")[0] + BODY
    knowledge.write(root, {"toy/toy-hub.md": hub, "toy/exp/new.md": NEW})
    file(root, "TOY-1", {"weak": guess(root, 2), "strong": guess(root, 1, seed=2)})
    workflow.render(root, [])
    return root


def text(root: Path) -> str:
    """Return the hub as it stands."""
    return (root / "logg/toy/toy-hub.md").read_text(encoding="utf-8")


def front(root: Path) -> str:
    """Return the front matter of the hub."""
    return text(root).split("---\n")[1]


def test_a_signature_is_the_only_thing_that_moves(root: Path) -> None:
    """It comes last in the front matter; the comment beside the claim stays."""
    before = front(root)
    report = workflow.accept(root, "TOY-hub", "K1", "", DAY)
    added = front(root).removeprefix(before)

    assert front(root).startswith(before)
    assert added.startswith("signed:\n  K1: holds ")
    assert added.endswith(f" {DAY}\n")
    assert report.lines[0] == f"signed TOY-hub K1: {added.split(': ', 1)[1].strip()}"
    assert gather(root).library.findings == []


def test_a_decision_is_shown_where_it_is_cited(root: Path) -> None:
    """The day and the words, escaped, and the question that sums up answers."""
    workflow.accept(root, "TOY-hub", "Q1.1", "the *strong* one: always", DAY)

    assert f"Q1.1: 'decided {text(root).split('decided ')[1][:8]} {DAY} the *strong* one: always'" in front(root)
    assert f"[decided {DAY}: the &#42;strong&#42; one: always][Q1.1]" in text(root)
    assert "[1 of 1 answered][Q1]" in text(root)
    assert workflow.render(root, []).data["written"] == []


def test_a_decision_lasts_until_another_is_said(root: Path) -> None:
    """Reading it again keeps the words."""
    workflow.accept(root, "TOY-hub", "Q1.1", "the strong one", DAY)
    workflow.accept(root, "TOY-hub", "Q1.1", "", "2026-03-02")
    assert "[decided 2026-03-02: the strong one][Q1.1]" in text(root)
    workflow.accept(root, "TOY-hub", "Q1.1", "the weak one", "2026-03-03")
    assert "[decided 2026-03-03: the weak one][Q1.1]" in text(root)


def test_a_gate_that_leaves_it_to_a_person_shows_the_decision(root: Path) -> None:
    """The signature names the rung that is taken."""
    assert "[for a person · &gt;99 %][G1]" in text(root) or "[for a person · >99 %][G1]" in text(root)
    workflow.accept(root, "TOY-hub", "G1", "wait", DAY)

    assert "  G1: G1.else " in front(root)
    assert f"[decided {DAY}: wait · >99 %][G1]" in text(root)
    assert workflow.render(root, []).data["written"] == []


@pytest.mark.parametrize(
    ("word", "key", "say", "message"),
    [
        ("TOY-1", "H-A", "", "TOY-1 keeps no signatures -> name a hub or a roadmap"),
        ("TOY-hub", "K11", "", "TOY-hub has no key `K11` -> did you mean `K1`?"),
        ("TOY-hub", "K1", "yes", "`K1` is decided by its predicate, not by a person -> leave out --say"),
        ("TOY-hub", "Q1.1", "", '`Q1.1` is for a person to decide -> say what was decided: --say "decision"'),
        ("TOY-hub", "Q1.1", "  ", '`Q1.1` is for a person to decide -> say what was decided: --say "decision"'),
        ("TOY-hub", "G1", "", '`G1` is for a person to decide -> say what was decided: --say "decision"'),
        ("TOY-hub", "Q1.1", "x" * 101, "a decision is one line of at most 100 characters -> say the rest in the body"),
        ("TOY-hub", "Q1.1", "a\nb", "a decision is one line of at most 100 characters -> say the rest in the body"),
        ("TOY-hbu", "K1", "", "no document `TOY-hbu` -> did you mean `TOY-hub`?"),
    ],
)
def test_what_cannot_be_signed_is_refused(root: Path, word: str, key: str, say: str, message: str) -> None:
    """One line, and nothing is written."""
    before = text(root)
    with pytest.raises(UsageError) as refused:
        workflow.accept(root, word, key, say, DAY)

    assert str(refused.value) == message
    assert text(root) == before


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("K2", "LG105 `K2` is pending, there is no evidence to sign -> run what it rests on first"),
        ("K3", "LG105 `K3` is invalid, there is no evidence to sign -> run what it rests on first"),
        ("K4", "LG207 no row, bullet or sentence carries `K4` -> cite it: [words][K4]"),
    ],
)
def test_without_evidence_or_words_there_is_nothing_to_sign(root: Path, key: str, message: str) -> None:
    """The place is told with it."""
    with pytest.raises(InputRefused) as refused:
        workflow.accept(root, "TOY-hub", key, "", DAY)

    assert str(refused.value).partition(": ")[2] == message


def test_a_document_that_cannot_be_read_is_not_signed(root: Path) -> None:
    """What is wrong with it comes first."""
    knowledge.write(root, {"toy/toy-hub.md": text(root).replace("date: 2026-01-02", "date: yesterday")})

    with pytest.raises(DocumentsRefused):
        workflow.accept(root, "TOY-hub", "K1", "", DAY)


def test_the_command_line_signs(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In words and as data."""
    assert main(["accept", "TOY-hub", "Q1.1", "--say", "the strong one", "--root", str(root), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)

    assert answer["signed"] == "Q1.1"
    assert answer["signature"].endswith(" the strong one")
    assert "logg/toy/toy-hub.md" in answer["written"]
