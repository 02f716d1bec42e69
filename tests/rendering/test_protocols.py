"""The protocol block: what was agreed on, and how many rows each slice holds."""

from __future__ import annotations

from pathlib import Path

from runner import workflow
from tests.executed import add, codes, swap
from tests.knowledge import PROTOCOL
from tests.orchard import block, orchard, planted, rows
from tests.swept import file, swept


def test_a_protocol_says_what_was_agreed_on(tmp_path: Path) -> None:
    """Data, rows, target, metrics, axes, seed and columns, the headline metric in bold."""
    found = dict(rows(block(orchard(tmp_path), "tiny@1", "protocol"))[:7])

    assert found == {
        "data": "arrays · `path: tiny.npz`",
        "rows": "validation 40 · test 80",
        "target": "weight (kg)",
        "metrics": "**R²**, MAE, RMSE, bias",
        "noise": "0, 1",
        "draw of rows and noise": "7",
        "columns": "weight (kg), age (years)",
    }


def test_a_hub_shows_its_own_axes(tmp_path: Path) -> None:
    """The protocol it names is linked, the value it speaks about stands out."""
    body = block(orchard(tmp_path), "TEA-hub", "protocol")

    assert "| Protocol | [tiny@1](../protocols/tiny.md) |" in body
    assert "| noise | **1** (0, 1) |" in body


def test_slices_count_their_rows_once_these_are_filed(tmp_path: Path) -> None:
    """Before the first result nobody knows how many rows a slice holds."""
    assert "| **young** | `age < 40` · 39 |\n| **old** | `age >= 40` · 41 |" in block(
        orchard(tmp_path), "tiny@1", "protocol"
    )

    before = block(planted(tmp_path / "before"), "tiny@1", "protocol")
    assert "| **young** | `age < 40` |\n| **old** | `age >= 40` |" in before
    assert before.endswith("Counts appear once the rows are filed with the first result.")


def test_a_partition_is_one_line_of_all_its_parts(tmp_path: Path) -> None:
    """Bins stand by the names people call them, each with its rows; together they hold every row."""
    root = swept(tmp_path)
    file(root)

    found = dict(rows(block(root, "wide@1", "protocol"))[-3:])

    assert found["**young**"].startswith("`age < 40` · ")
    names, counts = zip(*(part.split(": ") for part in found["**half**"].split(" · ")), strict=True)
    assert names == ("20–40", "40–60")
    assert sum(map(int, counts)) == 80
    assert [part.split(": ")[0] for part in found["**stage**"].split(" · ")] == ["child", "teen", "grown"]


def test_an_older_protocol_is_linked(tmp_path: Path) -> None:
    """A protocol that replaces another one leads back to it."""
    root = orchard(tmp_path)
    newer = PROTOCOL.replace("version: 1", "version: 2\nreplaces: tiny@1")
    (root / "logg" / "protocols" / "newer.md").write_text(newer)

    assert "| replaces | [tiny@1](tiny.md) |" in block(root, "tiny@2", "protocol")
    assert "- **Protocol**\n    - [Tiny rows](tiny.md)" in block(root, "tiny@2", "links")


def test_a_document_without_a_protocol_is_refused(tmp_path: Path) -> None:
    """The block has nothing to describe on a page, or in a hub whose protocol is unknown."""
    root = orchard(tmp_path)
    add(root, "logg/index.md", "<!-- logg: protocol -->")
    swap(root, "logg/cha/cha-hub.md", "protocol: tiny@1", "protocol: TEA-1")
    add(root, "logg/cha/cha-hub.md", "<!-- logg: protocol -->")

    found = workflow.render(root, ["logg/index.md", "CHA-hub"]).findings

    assert {"LG208"} <= set(codes(found))
    assert {finding.place.path for finding in found} == {"logg/index.md", "logg/cha/cha-hub.md"}
