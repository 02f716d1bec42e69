"""The base at a glance: its documents, what came when, and what changed."""

from __future__ import annotations

import re
from pathlib import Path

import cmarkgfm
import pytest

from runner import workflow
from tests.executed import add, codes, put, read, snapshot, swap
from tests.knowledge import base
from tests.orchard import HOSTILE, block, orchard, planted, rows

EVERYWHERE = ["index", "leaderboard", "graph", "changes", "timeline", "links", "consensus", "numbers"]


def test_an_index_lists_documents_by_kind_and_date(tmp_path: Path) -> None:
    """Hubs, roadmaps, experiments with what they came to, protocols; the newest first."""
    found = rows(block(orchard(tmp_path), "logg/index.md", "index"))

    assert [(row[0], row[1].rpartition("`")[0].rpartition("`")[2], row[2], row[3]) for row in found] == [
        ("hub", "CHA-hub", "2026-02-02", ""),
        ("hub", "TEA-hub", "2026-02-01", ""),
        ("roadmap", "TEA-roadmap", "2026-02-01", ""),
        ("experiment", "TEA-4", "2026-01-21", "ready to run"),
        ("experiment", "TEA-2", "2026-01-20", "reported · undecided"),
        ("experiment", "TEA-1", "2026-01-02", "reported · passed"),
        ("experiment", "TEA-5", "2025-12-01", "retired"),
        ("experiment", "TEA-3", "2025-06-01", "reported"),
        ("protocol", "tiny@1", "", ""),
    ]
    assert found[5][1] == "[One cup](tea/exp/one.md)<br>`TEA-1`"


def test_an_index_inside_a_topic_is_about_it(tmp_path: Path) -> None:
    """A page of a topic lists that topic, another one when asked, or all."""
    root = orchard(tmp_path)

    assert len(rows(block(root, "TEA-hub", "index"))) == 6
    assert "`TEA-hub`" in block(root, "CHA-hub", "index", topic="tea")
    assert len(rows(block(root, "CHA-hub", "index", topic="all", kind="exp"))) == 5
    assert [row[1] for row in rows(block(root, "TEA-hub", "index", topic="all", kind="page"))] == ["[All](../index.md)"]


@pytest.mark.parametrize(
    "written", ["index {topic: coffee}", "index {kind: note}", "changes {days: few}", "graph {topic: x}"]
)
def test_arguments_that_mean_nothing_are_refused(tmp_path: Path, written: str) -> None:
    """A topic or a kind that there is not is a finding at the block."""
    root = orchard(tmp_path)
    add(root, "logg/index.md", f"<!-- logg: {written} -->")

    assert codes(workflow.render(root, ["logg/index.md"]).findings) == ["LG208"]


def test_a_timeline_has_results_and_gates(tmp_path: Path) -> None:
    """Newest first; a gate is dated by the newest experiment it rests on, what has no result is not yet there."""
    found = rows(block(orchard(tmp_path), "TEA-roadmap", "timeline"))

    assert found == [
        ["2026-01-20", "[Two cups](exp/two.md)", "reported · undecided"],
        ["2026-01-02", "gate **[Gate-1](tea-roadmap.md)**", "pour · >99 %"],
        ["2026-01-02", "gate **[Gate-2](tea-roadmap.md)**", "change the leaves · 96 %"],
        ["2026-01-02", "[One cup](exp/one.md)", "reported · passed"],
        ["2025-12-01", "[The bag](exp/five.md)", "retired"],
        ["2025-06-01", "[Without noise](exp/three.md)", "reported"],
    ]


def test_a_timeline_keeps_what_has_no_date(tmp_path: Path) -> None:
    """It stands at the end, with a dash."""
    root = orchard(tmp_path)
    swap(root, "logg/tea/exp/three.md", "date: 2025-06-01\n", "")

    assert rows(block(root, "TEA-roadmap", "timeline"))[-1][:2] == ["–", "[Without noise](exp/three.md)"]


def test_changes_counts_days_back_from_the_newest_result(tmp_path: Path) -> None:
    """No clock is asked: the newest result is today."""
    root = orchard(tmp_path)

    assert [row[0] for row in rows(block(root, "TEA-hub", "changes"))] == ["2026-01-20", "2026-01-02"]
    assert [row[0] for row in rows(block(root, "TEA-hub", "changes", days=0))] == ["2026-01-20"]
    assert len(rows(block(root, "TEA-hub", "changes", days=10**9))) == 4


def test_changes_lists_verdicts_that_were_signed_otherwise(tmp_path: Path) -> None:
    """The key, where it is stated, what was signed and what holds now."""
    body = block(orchard(tmp_path), "logg/index.md", "changes")

    assert "- ⚠ **K1** · [What we know about tea](tea/tea-hub.md) · signed as fails (2026-01-01) → holds >99 %" in body
    assert "K3" not in body
    swap(tmp_path, "logg/tea/tea-hub.md", "K1: fails 1", "K1: holds 1")
    assert "Every signed verdict still stands." in block(tmp_path, "logg/index.md", "changes")


def test_changes_lists_expectations_that_were_moved(tmp_path: Path) -> None:
    """Both texts, or that one of them is gone; before, it says that nothing was moved."""
    root = orchard(tmp_path)
    assert block(root, "TEA-hub", "changes").endswith("No expectation was changed after a result.")

    swap(root, "logg/tea/exp/one.md", "H1: strong.r2 > weak.r2", "H1: strong.r2 > 0.1")
    swap(root, "logg/tea/exp/two.md", "  H1: small(200)", "  H2: small(200)")

    body = block(root, "TEA-hub", "changes")
    assert "- ⚠ **H1** · [One cup](exp/one.md) · `strong.r2 > weak.r2` → `strong.r2 > 0.1`" in body
    assert re.search(r"\*\*H1\*\* · \[Two cups\]\(exp/two.md\) · `small.*` → no longer there", body)


@pytest.mark.parametrize("kind", EVERYWHERE)
def test_an_empty_base_says_so_in_one_line(tmp_path: Path, kind: str) -> None:
    """Without any document there is nothing to list, and each block says that much."""
    root = base(tmp_path, index="# All\n", zh__nothing="---\nkind: hub\nid: ZH-hub\ntitle: 空\nlang: zh\n---\n\n# 空\n")
    (root / "logg" / "protocols" / "tiny.md").unlink()

    english = block(root, "logg/index.md", kind, **({"kind": "exp"} if kind == "index" else {}))
    chinese = block(root, "ZH-hub", kind)

    lines = [line for line in english.splitlines() if line]
    assert lines == [re.sub(r"[|\[]", "", line) for line in lines]
    assert len(lines) == (3 if kind == "changes" else 1)
    assert re.search("[\u4e00-\u9fff]", chinese)
    assert "|" not in chinese


@pytest.mark.parametrize("kind", ["index", "graph", "timeline", "changes", "leaderboard"])
def test_hostile_titles_stay_text(tmp_path: Path, kind: str) -> None:
    """Bars, tags, links, comments and closing markers in a title break neither table nor page."""
    root = orchard(tmp_path)
    for name in ("exp/one", "exp/two", "exp/three", "exp/five", "tea-hub", "tea-roadmap"):
        old = re.findall(r"(?m)^title: .*$", read(root, f"logg/tea/{name}.md"))[0]
        swap(root, f"logg/tea/{name}.md", old, f"title: '{HOSTILE}'")

    body = block(root, "logg/index.md", kind)
    html = cmarkgfm.github_flavored_markdown_to_html(body, options=cmarkgfm.Options.CMARK_OPT_UNSAFE)

    assert not re.search(r"<script|<h1|href=.javascript|<!--", html)
    assert len({len(row) for row in rows(body)}) <= 1
    add(root, "logg/index.md", f"<!-- logg: {kind} -->\n\nafter")
    workflow.render(root, ["logg/index.md"])
    assert codes(workflow.render(root, ["logg/index.md"]).findings) == []


def test_every_block_is_stable_once_rendered(tmp_path: Path) -> None:
    """A second render writes nothing, and check finds no block out of date."""
    root = orchard(tmp_path)
    everywhere = "\n\n".join(f"<!-- logg: {kind} -->" for kind in [*EVERYWHERE, "scoreboard", "protocol"])
    for name in ("logg/tea/tea-hub.md", "logg/cha/cha-hub.md"):
        add(root, name, everywhere)
    kinds = ("gates", "mvps", "setups", "board", "progress", "timeline", "links")
    add(root, "logg/tea/tea-roadmap.md", "\n\n".join(f"<!-- logg: {kind} -->" for kind in kinds))

    first = workflow.render(root, [])
    before = snapshot(root)
    second = workflow.render(root, [])

    assert "logg/tea/tea-hub.md" in first.data["written"]
    assert second.data["written"] == []
    assert snapshot(root) == before
    assert {"LG101", "LG103", "LG105", "LG208"}.isdisjoint(codes(workflow.check(root).findings))


def test_a_damaged_result_leaves_the_page_as_it_was(tmp_path: Path) -> None:
    """Nothing is rewritten on evidence that cannot be trusted."""
    root = orchard(tmp_path)
    add(root, "logg/index.md", "<!-- logg: leaderboard -->")
    workflow.render(root, [])
    page = read(root, "logg/index.md")
    put(root, "logg/tea/results/TEA-1.json", read(root, "logg/tea/results/TEA-1.json").replace("0.9", "0.8"))

    report = workflow.render(root, ["logg/index.md"])

    assert codes(report.findings) == ["LG401"]
    assert read(root, "logg/index.md") == page


def test_an_index_shows_a_damaged_experiment_as_such(tmp_path: Path) -> None:
    """A list of states needs no numbers of what is damaged."""
    root = orchard(tmp_path)
    put(root, "logg/tea/results/TEA-1.json", "{}")

    listed = rows(block(root, "logg/index.md", "index"))
    assert [row[3] for row in listed if "`TEA-1`" in row[1]] == ["damaged"]


def test_before_anything_ran_an_index_says_what_is_ready(tmp_path: Path) -> None:
    """No outcome is shown where there is no result."""
    states = {row[3] for row in rows(block(planted(tmp_path), "logg/index.md", "index", kind="exp"))}

    assert states == {"ready to run", "retired"}
