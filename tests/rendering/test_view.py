"""What templates show of an experiment: tables, judgements, links, in numbers that were filed."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from runner import workflow
from tests.executed import EXP, HUB, RUN, add, execute, executed, put, read, result, swap
from tests.knowledge import EXPERIMENT, toy

ROADMAP = """---
kind: roadmap
id: TOY-roadmap
title: What is next
cites: {toy: TOY-1}
phases:
  1: [MVP-1]
gates:
  Gate-1:
    toy.gain > 2: {do: stop, opens: [MVP-1]}
    toy.gain > 0: go on
    else: human
---

# What is next

<!-- logg: gates -->
"""


def table(root: Path, head: str) -> list[list[str]]:
    """Return the cells of the table of the toy report that starts with a heading."""
    lines = read(root, EXP).split(f"| {head} |", 1)[1].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def number(cell: str) -> float:
    """Read a number as a table shows it."""
    return float(cell.strip("*").replace("−", "-"))


def test_the_results_table_shows_the_filed_facts(tmp_path: Path) -> None:
    """Each cell is the fact of its job and metric, to four decimals; slices show theirs."""
    root = executed(tmp_path)
    facts = {address: value for address, (value, _) in result(root).facts.items() if value is not None}

    for job, *cells in table(root, "job"):
        shown = [number(cell) for cell in cells[:4]]
        np.testing.assert_allclose(shown, [facts[f"{job}.{m}"] for m in ("r2", "mae", "rmse", "bias")], atol=6e-5)
        assert cells[5] == "80"
    for name, rows, weak, strong in table(root, "slice"):
        piece = name.split()[0]
        assert rows == {"young": "37", "old": "43"}[piece]
        assert number(weak.split()[0]) == pytest.approx(facts[f"weak.{piece}.r2"], abs=6e-5)
        assert number(strong.split()[0]) == pytest.approx(facts[f"strong.{piece}.r2"], abs=6e-5)


def test_the_best_value_of_a_column_is_bold(tmp_path: Path) -> None:
    """Highest R², lowest errors, bias nearest zero; with one job nothing is best."""
    root = executed(tmp_path)
    bold = {(row[0], n) for row in table(root, "job") for n, cell in enumerate(row) if cell.startswith("**")}
    assert bold == {("strong", 1), ("strong", 2), ("strong", 3), ("strong", 4)}

    swap(root, EXP, "  strong: {job: ridge, alpha: val}\n", "")
    swap(root, EXP, "gain: strong.r2 - weak.r2", "gain: weak.r2")
    swap(root, EXP, "H-B: strong.r2 > 0.5", "H-B: weak.r2 > 0.5")
    put(root, EXP, re.sub(r"\n\[?R² goes.*\n", "\n", read(root, EXP)).replace("weak.r2, strong.r2", "weak.r2"))
    execute(root)
    assert "**" not in "".join("".join(row) for row in table(root, "job"))


def test_jobs_stand_in_the_order_of_their_declaration(tmp_path: Path) -> None:
    """The document says which job comes first, not the alphabet."""
    assert [row[0] for row in table(executed(tmp_path), "job")] == ["weak", "strong"]


def test_the_header_says_what_ran_and_who_cites_it(tmp_path: Path) -> None:
    """Identity, state, protocol, rows, and links to the documents that rest on it."""
    root = executed(tmp_path)

    header = read(root, EXP).split("<!-- logg: header -->")[1].split("<!-- /logg")[0].replace("&#64;", "@")

    assert "> **TOY-1** · toy · 2026-01-02 · status **reported**" in header
    assert "[tiny@1](../../protocols/tiny.md) · noise 1 · train 200 · validation 40 · test 80" in header
    assert "> Cited by [Toy hub](../toy-hub.md)" in header


def test_the_header_links_the_roadmap_of_its_mvp(tmp_path: Path) -> None:
    """An experiment made for an MVP leads to the roadmap that asked for it."""
    root = executed(tmp_path)
    put(root, "logg/toy/toy-roadmap.md", ROADMAP)
    swap(root, EXP, "protocol: tiny@1", "mvp: MVP-1\nprotocol: tiny@1")

    workflow.render(root, [])

    assert "[MVP-1](../toy-roadmap.md)" in read(root, EXP)


def test_before_a_run_blocks_say_what_is_missing(tmp_path: Path) -> None:
    """An experiment that never ran names the command; its expectations stand without numbers."""
    root = toy(tmp_path)

    workflow.render(root, [])

    text = read(root, EXP)
    assert "status **ready to run**" in text
    assert "No result yet. Run it: `runner execute TOY-1`" in text
    assert "| **H-A** | `gain >= 0.2` → keep the strong one |  |  | – |" in text
    assert "| **H-B** | `strong.r2 > 0.5` |  |  | ○ pending |" in text
    assert "- ○ **H-A** pending" in text


def test_without_expectations_the_verdict_says_so(tmp_path: Path) -> None:
    """A document that promised nothing has a result and no verdict."""
    root = executed(tmp_path)
    plain = re.sub(r"expect:\n(?:  .*\n)+", "", EXPERIMENT)
    put(root, EXP, plain)

    workflow.render(root, [])

    assert "<!-- logg: verdict -->\n\nNo expectation is stated.\n\n<!-- /logg" in read(root, EXP)
    assert {finding.code for finding in workflow.check(root).findings} == {"LG112"}  # something was promised


def test_a_ladder_shows_the_share_of_each_rung(tmp_path: Path) -> None:
    """The rung that leads is bold with its sign; an unsettled ladder is called leaning."""
    root = executed(tmp_path)
    swap(root, EXP, "gain >= 0.2:", "gain >= 0.8935:")
    workflow.render(root, [])

    rows = table(root, "key")

    shares = [int(re.sub(r"[^0-9]", "", row[-1])) for row in rows[:3]]
    assert shares[0] + shares[1] == 100
    assert [row[-1].startswith("◐ **") for row in rows[:3]].count(True) == 1
    assert "◐ **H-A** leaning to keep" in read(root, EXP)


def test_gates_show_their_way_and_its_probability(tmp_path: Path) -> None:
    """Each gate lists its rungs, what each leads to, and how likely it is taken."""
    root = executed(tmp_path)
    put(root, "logg/toy/toy-roadmap.md", ROADMAP)

    workflow.render(root, [])

    text = read(root, "logg/toy/toy-roadmap.md")
    first = "| **Gate-1** | `toy.gain > 2` | stop<br>opens MVP-1 | +0.8935<br>[0.8646, 0.9675] | <1 % |"
    assert first in text.replace("\u00a0", " ")
    assert "|  | `toy.gain > 0` | **go on** |  | ✓ **>99 %** |" in text
    assert "|  | otherwise | for a person |  | <1 % |" in text


def test_provenance_quotes_the_run_file(tmp_path: Path) -> None:
    """The time, the device and the versions of a report are those of the committed run file, not of today."""
    root = executed(tmp_path)
    swap(root, RUN, '"device": "cpu"', '"device": "a toaster"')
    put(root, RUN, re.sub('"started": ".*"', '"started": "2001-02-03T04:05:06Z"', read(root, RUN)))

    workflow.render(root, [])

    assert "Ran 2001-02-03 04:05 UTC on a toaster" in read(root, EXP)


def test_human_questions_and_aliases_are_rows_too(tmp_path: Path) -> None:
    """A question for a person says so; a second name of a claim shows the verdict of the first."""
    root = executed(tmp_path)
    swap(root, HUB, "  K1: toy.gain > 0\n", "  K1: toy.gain > 0\n  Q1: human\n  P1: K1\n  Q2: TOY-1\n")
    add(root, HUB, "<!-- logg: expectations -->\n\n[?][Q1] [?][P1] [?][Q2] [whatever][Q1]")

    report = workflow.render(root, [])

    text = read(root, HUB)
    assert report.findings == []
    assert "| **Q1** |  |  |  | ✎ for a person |" in text
    assert "| **P1** | `K1` |  |  | ✓ holds >99 % |" in text
    assert "| **Q2** | `TOY-1` |  |  |  reported |" in text
    assert "[for a person][Q1] [holds >99 %][P1] [reported][Q2] [whatever][Q1]" in text


def test_a_failing_claim_shows_its_evidence(tmp_path: Path) -> None:
    """The verdict carries the quantity it is about, whichever side of the comparison it stands on."""
    root = executed(tmp_path)
    swap(root, EXP, "H-B: strong.r2 > 0.5", "H-B: 0.99 < strong.r2")

    workflow.render(root, [])

    assert "- ✗ **H-B** fails <1 % — `strong.r2` = 0.9227" in read(root, EXP)
