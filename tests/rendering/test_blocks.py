"""Blocks: filled from templates, never over a person's edit, quiet about what is only layout."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from runner import workflow
from runner.rendering import blocks, templates
from runner.rendering.page import render_page
from runner.verdicts.knowledge import gather
from tests.executed import EXP, HUB, add, codes, executed, put, read, snapshot, swap
from tests.knowledge import EXPERIMENT, toy

ROW = "| weak | 0.0292 |"


def test_a_lone_opening_marker_gets_its_body(tmp_path: Path) -> None:
    """One line is enough: render adds what belongs there and the closing mark; check asks for it before."""
    root = executed(tmp_path)
    add(root, HUB, "<!-- logg: header -->")

    before = workflow.check(root).findings
    workflow.render(root, [])

    assert [(f.code, f.message) for f in before] == [("LG103", "the block `header` is not filled yet")]
    assert re.search(
        r"<!-- logg: header -->\n\n> \*\*TOY-hub\*\* · toy · .*\n\n<!-- /logg [0-9a-f]{8} -->\n", read(root, HUB)
    )
    assert workflow.check(root).findings == []


def test_results_that_moved_are_told_from_hand_edits(tmp_path: Path) -> None:
    """A block whose results moved is out of date, and render mends it."""
    root = executed(tmp_path)
    swap(root, HUB, "title: Toy hub", "title: The hub of toys")

    found = workflow.check(root).findings
    workflow.render(root, [])

    assert [(f.code, f.message) for f in found] == [("LG103", "the block `header` has new content")]
    assert "[The hub of toys](../toy-hub.md)" in read(root, EXP)


def test_a_hand_edit_is_refused_and_shown(tmp_path: Path) -> None:
    """Text a person wrote into a block stays; render shows what it would overwrite, and how to insist."""
    root = executed(tmp_path)
    swap(root, EXP, ROW, "| weak | 0.9292 |")
    before = snapshot(root)

    report = workflow.render(root, [])

    assert (report.code, codes(report.findings)) == (1, ["LG104"])
    assert "render --force TOY-1" in report.findings[0].fix
    assert "-| weak | 0.9292 |" in "\n".join(report.lines)
    assert "+| weak | 0.0292 |" in "\n".join(report.lines)
    assert snapshot(root) == before


def test_force_overwrites_a_hand_edit(tmp_path: Path) -> None:
    """`--force` gives the block back to its template, and says nothing more about it."""
    root = executed(tmp_path)
    whole = read(root, EXP)
    swap(root, EXP, ROW, "| weak | 0.9292 |")

    report = workflow.render(root, ["TOY-1"], force=True)

    assert (report.findings, read(root, EXP)) == ([], whole)


def test_the_rest_of_a_document_is_rendered_beside_a_hand_edit(tmp_path: Path) -> None:
    """One edited block stops neither the other blocks nor the citations."""
    root = executed(tmp_path)
    swap(root, EXP, ROW, "| weak | 0.9292 |")
    swap(root, EXP, "to [0.923]", "to [0.111]")

    workflow.render(root, [])

    assert "to [0.923][strong.r2]" in read(root, EXP)
    assert "| weak | 0.9292 |" in read(root, EXP)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n", "\r\n"),
        (ROW, "|  weak  |   0.0292   |"),
        ("| :-- | --: | --: |", "| :---------- | -----: | --: |"),
        ("| weak |", "   | weak |"),
        ("| rows |\n", "| rows |   \n"),
        ("The best value", "\n\nThe best value"),
    ],
)
def test_layout_is_no_hand_edit(tmp_path: Path, old: str, new: str) -> None:
    """Line ends, blanks and table padding, as a formatter leaves them, are no edits; render may set them right."""
    root = executed(tmp_path)
    text = read(root, EXP)
    assert old in text
    put(root, EXP, text.replace(old, new))

    found = [f for f in workflow.check(root).findings if f.place.path == EXP]
    report = workflow.render(root, [])

    assert found == report.findings == []
    assert workflow.check(root).findings == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("| :-- | --: | --: |", "\n| :-- | --: | --: |"),
        ("\n| ", "\n    | "),
        ("\n| ", "\n\t| "),
        ("\n- ✓", "\n    - ✓"),
        ("\n\nThe best value", "\nThe best value"),
    ],
)
def test_layout_that_breaks_what_is_shown_is_a_hand_edit(tmp_path: Path, old: str, new: str) -> None:
    """A blank line inside a table ends it, four blanks make code of it, without one the sentence is a row of it."""
    root = executed(tmp_path)
    text = read(root, EXP)
    assert old in text
    put(root, EXP, text.replace(old, new))

    assert "LG104" in codes(f for f in workflow.check(root).findings if f.place.path == EXP)


@pytest.mark.parametrize(
    ("old", "new"), [(ROW, ROW + "\n"), (ROW, f"  {ROW}  "), ("<!-- /logg ", "<!-- /logg 0"), ("weak", "waek")]
)
def test_what_render_would_write_is_a_finding_before(tmp_path: Path, old: str, new: str) -> None:
    """A page that reads differently after rendering, by force or not, is never all right for check."""
    root = executed(tmp_path)
    swap(root, EXP, old, new)
    knowledge = gather(root)
    document = knowledge.library.named("TOY-1")

    pages = [render_page(document, knowledge, force=force) for force in (False, True)]

    assert [bool(page.findings) for page in pages if page.changed] == [True] * sum(page.changed for page in pages)


def test_layout_is_left_to_the_formatter(tmp_path: Path) -> None:
    """Render does not undo what a formatter does at each commit."""
    root = executed(tmp_path)
    swap(root, EXP, ROW, "|  weak  |   0.0292   |")

    assert workflow.render(root, []).data["written"] == []
    assert "|  weak  |   0.0292   |" in read(root, EXP)


@pytest.mark.parametrize("close", ["<!-- /logg -->", "<!-- /logg 12345678 -->"])
def test_an_empty_block_is_filled(tmp_path: Path, close: str) -> None:
    """Where nothing stands nothing can be lost, whatever the closing mark says."""
    root = toy(tmp_path)
    swap(root, EXP, "<!-- logg: header -->\n", f"<!-- logg: header -->\n\n{close}\n")

    assert workflow.render(root, []).findings == []
    assert "> **TOY-1**" in read(root, EXP)


def test_text_before_an_unsigned_closing_mark_is_kept(tmp_path: Path) -> None:
    """A closing mark without digits vouches for nothing: the text before it is somebody's."""
    root = toy(tmp_path)
    swap(root, EXP, "<!-- logg: header -->\n", "<!-- logg: header -->\n\nMine.\n\n<!-- /logg -->\n")

    assert codes(workflow.render(root, []).findings) == ["LG104"]
    assert "\nMine.\n" in read(root, EXP)


def test_definitions_edited_by_hand_are_not_lost(tmp_path: Path) -> None:
    """The block of definitions is a block like the others: what a person adds to it is refused, not deleted."""
    root = executed(tmp_path)
    swap(root, HUB, "\n<!-- /logg", "[mine]: https://example.org\n\n<!-- /logg")

    assert codes(workflow.render(root, []).findings) == ["LG104"]
    assert "[mine]: https://example.org" in read(root, HUB)


@pytest.mark.parametrize("side", ["HEAD", "theirs"])
def test_a_conflict_between_two_generated_bodies_is_settled_by_render(tmp_path: Path, side: str) -> None:
    """Two branches rendered the same block: whichever closing mark is kept, render writes the body anew."""
    root = executed(tmp_path)
    whole = read(root, EXP)
    ours = "- ✓ **H-B** holds >99 % — `strong.r2` = 0.9227 [0.8893,\u00a00.9448]\n"
    theirs = "- ◐ **H-B** undecided 50 %\n"
    assert ours in whole
    head, _, tail = whole.partition("<!-- logg: verdict -->")
    body, _, _ = tail.partition("<!-- /logg ")
    digest = blocks.digest(body if side == "HEAD" else body.replace(ours, theirs))
    conflict = f"<<<<<<< HEAD\n{ours}=======\n{theirs}>>>>>>> theirs\n"
    put(root, EXP, whole.replace(ours, conflict).replace(blocks.digest(body), digest))
    assert head in read(root, EXP)

    assert workflow.render(root, []).findings == []
    assert read(root, EXP) == whole


def test_a_conflict_somebody_else_s_text_took_part_in_is_kept(tmp_path: Path) -> None:
    """Where neither side of a conflict is what was generated, the body is a hand edit."""
    root = executed(tmp_path)
    swap(root, EXP, ROW, f"<<<<<<< HEAD\nmine\n=======\nyours\n>>>>>>> theirs\n{ROW}")

    assert "LG104" in codes(workflow.render(root, []).findings)
    assert "\nmine\n" in read(root, EXP)


@pytest.mark.parametrize(
    ("block", "code", "message"),
    [
        ("tabel", "LG204", "there is no block `tabel`"),
        ("header {rows: bin}", "LG208", "`header` takes no `rows`"),
        ("header [a, b]", "LG208", "arguments of `header` are no map"),
        ("header {a: [}", "LG208", "stands where a value is due"),
        ("results", "LG208", "this document is without a protocol"),
        ("provenance", "LG208", "this document is no experiment"),
        ("figure {kind: bras, of: [toy.gain]}", "LG204", "there is no figure `bras`"),
        ("figure {kind: bars}", "LG205", "`bars` needs `of`"),
        ("figure", "LG204", "there is no figure ``"),
        ("figure {kind: bars, of: {a: toy.gain}}", "LG203", "`of` of `bars`: a collection where a list"),
        ("figure {kind: bars, of: [toy.gian]}", "LG302", "unknown name `gian`"),
        ("figure {kind: bars, of: [toy.gain], size: 3}", "LG205", "`bars` has no parameter `size`"),
    ],
)
def test_a_block_that_cannot_be_rendered_is_one_line_at_its_marker(
    tmp_path: Path, block: str, code: str, message: str
) -> None:
    """What is wrong with a block stands at its marker; the document around it is rendered."""
    root = executed(tmp_path)
    add(root, HUB, f"[?.?][toy.gain]\n\n<!-- logg: {block} -->")

    findings = workflow.render(root, []).findings

    assert codes(findings) == [code]
    assert message in findings[0].message
    assert f"logg: {block}" in read(root, HUB).splitlines()[findings[0].place.line - 1]
    assert "[0.9][toy.gain]" in read(root, HUB)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_arguments_over_several_lines_stay_as_written(tmp_path: Path, newline: str) -> None:
    """A marker is the author's: its lines, comments and blanks stay, with the line ends of the file."""
    root = executed(tmp_path)
    marker = "<!-- logg: figure\nkind: bars   # of one\nof: [weak.r2]\n-->".replace("\n", newline)
    put(root, EXP, EXPERIMENT.replace("\n", newline) + newline + marker + newline)

    workflow.render(root, [])
    once = read(root, EXP)
    workflow.render(root, [])

    assert marker + newline in once
    assert "\r\r" not in once
    assert read(root, EXP) == once


@pytest.mark.parametrize("marker", ["<!-- /logg 00000000 -->", "<!-- logg: header -->"])
def test_no_template_can_close_or_open_a_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marker: str) -> None:
    """A marker at the head of a line of a body is disarmed, so that the body ends where its mark stands."""
    root = executed(tmp_path)
    add(root, HUB, "<!-- logg: header -->")
    monkeypatch.setattr(templates, "fill", lambda *_: f"a\n{marker}\nb\n")

    workflow.render(root, [])

    assert workflow.check(root).findings == []
    assert "\na\n<!-- (logg)" in read(root, HUB)
    assert read(root, HUB).count("<!-- /logg") == 2
