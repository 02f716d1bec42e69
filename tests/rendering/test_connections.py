"""Connections: what a document rests on and what rests on it, in words and as a picture."""

from __future__ import annotations

from pathlib import Path

import cmarkgfm

from runner.documents.library import Library
from runner.rendering import connections
from tests.executed import add, swap
from tests.orchard import HOSTILE, block, orchard, planted


def test_a_hub_is_connected_with_all_it_rests_on(tmp_path: Path) -> None:
    """Protocol, roadmap, the experiments it cites with what they came to, and the hub that cites one of its keys."""
    body = block(orchard(tmp_path), "TEA-hub", "links")

    head, roadmap, rests, cited = (part.splitlines() for part in body.removeprefix("- **").split("\n- **"))
    assert head == ["Protocol**", "    - [Tiny rows](../protocols/tiny.md)"]
    assert roadmap == ["Roadmap**", "    - [What to brew next](tea-roadmap.md)"]
    assert rests[:3] == [
        "Rests on**",
        "    - [One cup](exp/one.md) · reported · passed",
        "    - [Two cups](exp/two.md) · reported · undecided",
    ]
    assert rests[3].endswith("(exp/four.md) · ready to run")
    assert cited == ["Cited by**", "    - [茶](../cha/cha-hub.md)"]


def test_an_experiment_is_connected_with_its_roadmap_and_its_hub(tmp_path: Path) -> None:
    """The roadmap of its MVP, the hub of its topic, and whoever cites it."""
    body = block(orchard(tmp_path), "TEA-1", "links")

    assert body.splitlines() == [
        "- **Protocol**",
        "    - [Tiny rows](../../protocols/tiny.md)",
        "- **Roadmap**",
        "    - [What to brew next](../tea-roadmap.md)",
        "- **Hub**",
        "    - [What we know about tea](../tea-hub.md)",
        "- **Cited by**",
        "    - [茶](../../cha/cha-hub.md)",
    ]


def test_a_protocol_is_connected_with_what_is_scored_under_it(tmp_path: Path) -> None:
    """Every experiment and every hub that names it."""
    found = block(orchard(tmp_path), "tiny@1", "links").splitlines()

    assert found[0] == "- **Used by**"
    assert len(found) == 8
    assert "    - [One cup](../tea/exp/one.md) · reported · passed" in found


def test_a_named_hub_goes_before_that_of_the_topic(tmp_path: Path) -> None:
    """A roadmap may belong to the hub of another topic, which then leads to it."""
    root = orchard(tmp_path)
    swap(root, "logg/tea/tea-roadmap.md", "date: 2026-02-01\n", "date: 2026-02-01\nhub: CHA-hub\n")

    assert "- **Hub**\n    - [茶](../cha/cha-hub.md)\n" in block(root, "TEA-roadmap", "links")
    assert "- **所属路线图**\n    - [What to brew next](../tea/tea-roadmap.md)" in block(root, "CHA-hub", "links")


def test_keys_in_the_text_connect_too(tmp_path: Path) -> None:
    """A sentence that cites an id, a gate or an MVP rests on the document that decides it."""
    root = orchard(tmp_path)
    add(root, "logg/index.md", "See [the gate][tea:Gate-1] and [that][TEA-2], [this][tea:MVP-1], [nothing][TEA-9].")

    assert block(root, "logg/index.md", "links").splitlines() == [
        "- **Rests on**",
        "    - [What to brew next](tea/tea-roadmap.md)",
        "    - [Two cups](tea/exp/two.md) · reported · undecided",
    ]


def test_a_lonely_page_says_so(tmp_path: Path) -> None:
    """Nothing connected is one line, in the language of the page."""
    root = planted(tmp_path)
    swap(root, "logg/cha/cha-hub.md", "[?][tea:K1]", "")
    swap(
        root,
        "logg/cha/cha-hub.md",
        "protocol: tiny@1\nnoise: 1\ncites: {one: TEA-1}\nclaims:\n  K1: one.strong.r2 > 0.5\n",
        "",
    )

    assert block(root, "logg/index.md", "links") == "Nothing is connected with this document yet."
    assert block(root, "CHA-hub", "links") == "尚无相关文档。"
    assert block(root, "logg/index.md", "graph", topic="cha") == "No document cites another one yet."


def test_a_graph_draws_who_cites_whom(tmp_path: Path) -> None:
    """A flowchart for GitHub, and the same as links for everyone."""
    body = block(orchard(tmp_path), "TEA-hub", "graph")

    picture, below = body.split("```\n\n")
    assert picture.splitlines() == [
        "```mermaid",
        "flowchart LR",
        '  d1["TEA-4"]',
        '  d2["TEA-1"]',
        '  d4["TEA-2"]',
        '  d5["TEA-hub"]',
        '  d6["TEA-roadmap"]',
        "  d5 --> d2",
        "  d5 --> d4",
        "  d5 --> d1",
        "  d6 --> d2",
        "  d6 --> d1",
    ]
    assert below.splitlines() == [
        "- [TEA-hub](tea-hub.md) → [TEA-1](exp/one.md), [TEA-2](exp/two.md), [TEA-4](exp/four.md)",
        "- [TEA-roadmap](tea-roadmap.md) → [TEA-1](exp/one.md), [TEA-4](exp/four.md)",
    ]


def test_a_graph_of_everything_crosses_topics(tmp_path: Path) -> None:
    """A page outside every topic shows all of them, a page inside may ask for all."""
    root = orchard(tmp_path)

    assert "[CHA-hub](cha/cha-hub.md) → " in block(root, "logg/index.md", "graph")
    assert "[CHA-hub](../cha/cha-hub.md) → " in block(root, "TEA-hub", "graph", topic="all")


def test_dated_ids_are_shortened(tmp_path: Path) -> None:
    """The name in a picture leaves the date and the number of an id out, and never outgrows its box."""
    root = orchard(tmp_path)
    long = "TEA-20260101-the-very-longest-name-anyone-could-think-of-01"
    for name in ("exp/one", "tea-hub", "tea-roadmap"):
        swap(root, f"logg/tea/{name}.md", "TEA-1", long)
    swap(root, "logg/cha/cha-hub.md", "TEA-1", "TEA-20260102-short-02")

    body = block(root, "TEA-hub", "graph")

    assert '["the-very-longest-name-anyon…"]' in body


def test_a_picture_nobody_could_read_is_left_out(tmp_path: Path, monkeypatch: object) -> None:
    """Beyond some hundred arrows only the list of links remains."""
    monkeypatch.setattr(connections, "MOST_EDGES", 3)  # type: ignore[attr-defined]

    body = block(orchard(tmp_path), "TEA-hub", "graph")

    assert body.startswith("There are too many citations for a picture.\n\n- [TEA-hub]")


def test_hostile_titles_stay_text(tmp_path: Path) -> None:
    """Whatever stands in a title, a list shows it as it is and links to its document."""
    html = cmarkgfm.github_flavored_markdown_to_html(
        block(orchard(tmp_path), "TEA-hub", "links"), options=cmarkgfm.Options.CMARK_OPT_UNSAFE
    )

    assert "<script" not in html
    shown = HOSTILE.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert f'<a href="exp/four.md">{shown}</a>' in html


def test_what_cites_what_is_read_once(tmp_path: Path) -> None:
    """Three hundred pages with links ask the same question."""
    root = orchard(tmp_path)
    connections._cites.cache_clear()
    block(root, "TEA-hub", "links")
    before = connections._cites.cache_info()

    assert (before.misses, before.hits > 0) == (1, True)
    assert Library.__eq__ is object.__eq__  # a library is known by itself, not by its content
