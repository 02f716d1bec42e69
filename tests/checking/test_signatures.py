"""Signed verdicts that changed, signed words that changed, and promises that were moved."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner import workflow
from runner.checking.check import check
from runner.findings import Finding
from runner.verdicts.knowledge import gather
from tests import knowledge
from tests.knowledge import EXPERIMENT, HUB, file, guess, toy

BODY = """
| # | Claim | Verdict |
| -- | -- | -- |
| K1 | the strong one wins by [?.??][toy.gain] | [?][K1] |
| K2 | it is not sure | [?][K2] |

- **Q1** [?][Q1]
  - **Q1.1** [?][Q1.1]
- **Q2** [?][Q2]
"""
CLAIMS = """  K1: toy.gain > 0
  K2: toy.strong.r2 > 0.948
  Q1.1: K1
  Q2: human
"""
DAY = "2026-03-01"


def hub(root: Path, *changes: tuple[str, str]) -> None:
    """Write the hub with texts replaced in what is there now, or anew."""
    path = root / "logg/toy/toy-hub.md"
    text = HUB.replace("  K1: toy.gain > 0\n", CLAIMS).partition("# Toy hub")[0] + BODY
    if changes:
        text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    knowledge.write(root, {"toy/toy-hub.md": text})


def results(root: Path, *, strong: float = 1, weak: float = 2) -> None:
    """File results whose jobs miss by so much, and render."""
    file(root, "TOY-1", {"weak": guess(root, weak), "strong": guess(root, strong, seed=2)})
    workflow.render(root, [])


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    """A base in which everything of the hub was accepted."""
    root = toy(tmp_path)
    hub(root)
    results(root)
    for key in ("K1", "K2", "Q1", "Q1.1", "Q2"):
        workflow.accept(root, "TOY-hub", key, "the strong one" if key == "Q2" else "", DAY)
    return root


def drift(root: Path) -> list[tuple[str, str]]:
    """Return the codes and messages of what is said about signatures."""
    return [(finding.code, finding.message) for finding in found(root)]


def found(root: Path) -> list[Finding]:
    """Return what is said about signatures and promises."""
    return [f for f in check(gather(root)) if f.code in {"LG110", "LG111", "LG112", "LG207"} and "hub" in f.place.path]


def test_what_was_signed_today_has_not_changed(signed: Path) -> None:
    """Signing and rendering leave nothing to say."""
    assert drift(signed) == []
    assert [f for f in check(gather(signed)) if f.severity == "error"] == []


def test_a_verdict_that_changed_is_an_error_until_it_is_accepted(signed: Path) -> None:
    """What rests on the same evidence changes with it; the question whose part still has an answer does not."""
    results(signed, strong=3)

    assert [line for line in drift(signed) if line[0] == "LG110"] == [
        ("LG110", f"`K1` was signed as holds on {DAY}, it is fails now"),
        ("LG110", f"`K2` was signed as undecided on {DAY}, it is fails now"),
        ("LG110", f"`Q1.1` was signed as holds on {DAY}, it is fails now"),
    ]
    for key in ("K1", "K2", "Q1.1"):
        workflow.accept(signed, "TOY-hub", key, "the strong one" if key == "Q2" else "", "2026-03-02")
    assert drift(signed) == []


def test_the_finding_stands_at_the_signature_and_says_what_to_do(signed: Path) -> None:
    """A person reads the claim again before signing."""
    results(signed, strong=3)
    finding = next(f for f in found(signed) if f.code == "LG110")
    lines = (signed / "logg/toy/toy-hub.md").read_text(encoding="utf-8").split("\n")

    assert lines[finding.place.line - 1].startswith("  K1: holds")
    assert finding.fix == "reword it if need be, then runner accept TOY-hub K1"
    assert finding.severity == "error"


def test_digits_that_changed_make_the_wording_suspect(signed: Path) -> None:
    """The verdict holds as before, the number in its words is another one; before and after rendering."""
    file(signed, "TOY-1", {"weak": guess(signed, 2.5), "strong": guess(signed, 1, seed=2)})
    before = drift(signed)
    workflow.render(signed, [])

    assert before == [("LG111", f"the wording of `K1` changed since it was signed on {DAY}")]
    assert drift(signed) == before


def test_words_that_changed_are_suspect(signed: Path) -> None:
    """A warning at the row, until someone accepts it."""
    hub(signed, ("it is not sure", "nobody knows"))
    finding = found(signed)[0]

    assert drift(signed) == [("LG111", f"the wording of `K2` changed since it was signed on {DAY}")]
    assert finding.severity == "warning"
    workflow.accept(signed, "TOY-hub", "K2", "", "2026-03-02")
    assert drift(signed) == []


def test_words_that_are_gone_are_suspect(signed: Path) -> None:
    """The signature is what is left to point at."""
    hub(signed, ("- **Q2**", "- Q2"), ("][Q2]", "](x.md)"))

    assert ("LG111", f"the wording of `Q2` is gone since it was signed on {DAY}") in drift(signed)


def test_unrelated_edits_change_nothing(signed: Path) -> None:
    """Neither other rows, nor prose, nor a title."""
    hub(signed, ("title: Toy hub", "title: Another"), ("| Claim |", "| What we know |"))

    assert drift(signed) == []


def test_an_unsigned_claim_cannot_drift(signed: Path) -> None:
    """It has no memory."""
    text = (signed / "logg/toy/toy-hub.md").read_text(encoding="utf-8")
    start, end = text.index("signed:"), text.index("---", 5)
    knowledge.write(signed, {"toy/toy-hub.md": text[:start] + text[end:]})
    results(signed, strong=3)

    assert drift(signed) == []


def test_a_signature_of_nothing_is_told(signed: Path) -> None:
    """The claim went away, its signature stayed."""
    hub(signed, ("  Q2: human\n", ""), ("- **Q2** [decided 2026-03-01: the strong one][Q2]\n", ""))

    assert drift(signed) == [("LG207", "`Q2` is signed, but there is no such key here")]


def test_status_names_what_is_contradicted_and_suspect(signed: Path) -> None:
    """The morning view tells both apart."""
    results(signed, strong=3)
    lines = [line.partition(" logg")[0] for line in workflow.status(signed).lines if "LG11" in line]

    assert lines == ["contradicted:", "suspect:", "contradicted:", "contradicted:"]


def test_a_threshold_moved_after_the_run_is_told_with_both_texts(tmp_path: Path) -> None:
    """A warning for ever; putting it back ends it."""
    root = toy(tmp_path)
    results(root)
    path = root / "logg/toy/exp/toy.md"
    text = path.read_text(encoding="utf-8")

    def moved() -> list[tuple[str, str]]:
        return [(f.severity, f.message) for f in check(gather(root)) if f.code == "LG112"]

    assert moved() == []
    path.write_text(text.replace("strong.r2 > 0.5", "strong.r2 > 0.4"), encoding="utf-8")
    assert moved() == [("warning", "`H-B` was promised as `strong.r2 > 0.5`, it reads `strong.r2 > 0.4` now")]
    path.write_text(text.replace("  H-B: strong.r2 > 0.5\n", ""), encoding="utf-8")
    assert moved() == [("warning", "`H-B` was promised as `strong.r2 > 0.5`, it is gone")]
    path.write_text(text, encoding="utf-8")
    assert moved() == []


def test_an_expectation_added_after_the_run_is_told(tmp_path: Path) -> None:
    """Nothing was promised then."""
    root = toy(tmp_path)
    results(root)
    knowledge.write(root, {"toy/exp/toy.md": EXPERIMENT.replace("  H-B:", "  H-C: gain > 0.1\n  H-B:")})

    assert [f.message for f in check(gather(root)) if f.code == "LG112"] == [
        "nothing was promised of `H-C`, it reads `gain > 0.1 where gain = strong.r2 - weak.r2` now"
    ]
