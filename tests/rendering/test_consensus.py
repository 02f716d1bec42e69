"""The consensus of a hub: each claim with its evidence, its verdict, and what a person signed."""

from __future__ import annotations

from pathlib import Path

from runner import workflow
from tests.executed import swap
from tests.orchard import block, orchard, planted, rows

HUB = "logg/tea/tea-hub.md"


def claims(root: Path) -> dict[str, list[str]]:
    """Return the cells behind each key."""
    return {row[0].strip("*"): row[1:] for row in rows(block(root, "TEA-hub", "consensus"))}


def test_every_claim_has_its_line(tmp_path: Path) -> None:
    """Predicates, questions, aliases and ladders in the order they are stated, opinions of the body after them."""
    found = claims(orchard(tmp_path))

    assert list(found) == ["K1", "K2", "K3", "P1", "Q1.1", "Q1.2", "X1", "K4", "Q1"]
    assert found["K1"][:4] == ["`gain > 0`", "+0.4000", "[0.2955, 0.5537]", "✓ holds >99 %"]
    assert found["K2"][3] == "✗ fails <1 %"
    assert found["K3"][3] == "✎ decided 2026-01-02: hot water"
    assert (found["P1"][0], found["P1"][3]) == ("`K1`", "✓ holds >99 %")
    assert found["Q1.2"][3] == "ready to run · opened by Gate-1.1"
    assert (found["X1"][0], found["X1"][3]) == ("otherwise", "✓ pour it away · >99 %")
    assert found["Q1"][3] == "○ 1 of 2 answered"


def test_a_row_without_a_predicate_is_an_opinion(tmp_path: Path) -> None:
    """A keyed row of the body counts among the claims; a bullet or another family of keys does not."""
    root = orchard(tmp_path)
    swap(root, HUB, "| K4 | It tastes | | opinion |", "| **K4** | It tastes | | |\n| Z1 | no | | |\n\n- **K7** no\n")

    found = claims(root)

    assert found["K4"] == ["", "", "", "opinion", ""]
    assert {"Z1", "K7"}.isdisjoint(found)


def test_signatures_stand_beside_the_verdict(tmp_path: Path) -> None:
    """A verdict or words other than the signed ones show; an accepted claim has its date."""
    root = orchard(tmp_path)

    assert claims(root)["K1"][4] == "⚠ signed as fails · 2026-01-01"
    assert claims(root)["K3"][4] == "⚠ reworded since 2026-01-02"
    assert claims(root)["K2"][4] == ""

    workflow.render(root, [])
    workflow.accept(root, "TEA-hub", "K1", "", "2026-03-01")
    assert claims(root)["K1"][4] == "✓ 2026-03-01"


def test_pending_claims_are_listed_without_numbers(tmp_path: Path) -> None:
    """Before anything ran each claim says so."""
    assert claims(planted(tmp_path))["K1"][:4] == ["`gain > 0`", "–", "", "○ pending"]


def test_a_document_without_claims_says_so(tmp_path: Path) -> None:
    """One line, in the language of the page."""
    root = orchard(tmp_path)
    swap(root, "logg/cha/cha-hub.md", "claims:\n  K1: one.strong.r2 > 0.5\n", "")

    assert block(root, "logg/index.md", "consensus") == "No claim is stated."
    assert block(root, "CHA-hub", "consensus") == "未声明主张。"


def test_a_chinese_hub_is_in_chinese(tmp_path: Path) -> None:
    """Heads and verdicts follow the language of the document."""
    body = block(orchard(tmp_path), "CHA-hub", "consensus")

    assert body.startswith("| 编号 | 主张 | 实际 | 95 % 区间 | 判定 | 签字 |")
    assert "✓ 成立 >99 %" in body
