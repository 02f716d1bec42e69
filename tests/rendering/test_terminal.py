"""A report in the terminal: judgements first, then what was measured."""

from __future__ import annotations

from pathlib import Path

from runner import workflow
from tests.executed import EXP, HUB, executed, result, swap
from tests.knowledge import toy
from tests.swept import swept


def test_a_report_lists_judgements_and_facts(tmp_path: Path) -> None:
    """Each expectation with its word, each fact with its interval and its rows."""
    root = executed(tmp_path)

    report = workflow.show(root, "TOY-1")

    assert report.lines[:2] == ["TOY-1  A toy", f"exp, reported, {EXP}"]
    assert report.data["judged"] == {"H-A": "keep the strong one · >99 %", "H-B": "holds >99 %"}
    assert report.data["facts"].keys() == result(root).facts.keys() | result(root).scalars.keys()
    assert report.data["defined"]["gain"].endswith("= strong.r2 - weak.r2")
    assert report.data["facts"]["strong.old.r2"].startswith("0.9183 [0.8429,")
    assert report.data["facts"]["strong.old.r2"].endswith("old · n = 43")


def test_the_first_metric_on_all_rows_is_shown_and_the_rest_is_counted(tmp_path: Path) -> None:
    """A screen holds what a person asks first; the last line says how to see everything."""
    root = executed(tmp_path)

    lines = workflow.show(root, "TOY-1").lines

    everything = workflow.facts(root, "", "TOY-1").lines
    assert [line.split()[0] for line in lines[-4:-1] if line] == ["strong.r2", "weak.r2"]
    assert lines[-1] == f"runner facts --in TOY-1 lists all {len(everything)}"


def test_a_hub_lists_its_claims(tmp_path: Path) -> None:
    """Documents without results show what they hold; a path does as well as an id."""
    root = executed(tmp_path)

    assert workflow.show(root, HUB).data == workflow.show(root, "TOY-hub").data
    assert "K1  holds >99 %" in workflow.show(root, "TOY-hub").lines


def test_a_family_says_how_it_is_asked(tmp_path: Path) -> None:
    """A definition that leaves an axis open has no one value: a point it has is named."""
    defined = workflow.show(swept(tmp_path), "TOY-S").data["defined"]

    assert defined["gap"] == "asked at a point: gap(50k)  = net.r2 - line.r2"


def test_an_experiment_that_never_ran_has_no_facts(tmp_path: Path) -> None:
    """Before the run there are words and no numbers."""
    report = workflow.show(toy(tmp_path), "TOY-1")

    assert report.lines[1].startswith("exp, ready to run")
    assert (report.data["facts"], report.data["judged"]["H-B"]) == ({}, "pending")


def test_few_rows_have_no_interval(tmp_path: Path) -> None:
    """Below thirty rows a fact is shown without interval."""
    root = executed(tmp_path)
    swap(root, "logg/protocols/tiny.md", "  old:", "  oldest: age > 55\n  old:")

    shown = workflow.show(root, "TOY-1").data["facts"]

    assert " –  tiny@1" in shown["strong.oldest.r2"]
    assert " – " not in shown["strong.old.r2"]


def test_control_signs_do_not_reach_the_terminal(tmp_path: Path) -> None:
    """What would move the cursor or colour the screen is shown as its code."""
    root = executed(tmp_path)
    swap(root, EXP, "keep the strong one", '"a \\u202e b"')

    assert "a \\u202e b" in "\n".join(workflow.show(root, "TOY-1").lines)
