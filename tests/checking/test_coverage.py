"""Coverage: which decimals of the prose count, and what each is tied to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runner import cli
from runner.checking.coverage import Coverage, coverage, summary
from runner.verdicts.knowledge import gather
from tests.documents.marked import edited
from tests.knowledge import EXPERIMENT, HUB, toy, write

PAGE = "toy/page.md"
SPEC = EXPERIMENT.partition("# A toy")[0]


def covered(folder: Path, text: str, name: str = PAGE) -> Coverage:
    """Return the coverage of a document in the toy base."""
    toy(folder)
    write(folder, {name: text})
    knowledge = gather(folder)
    return coverage(knowledge.library.named(f"logg/{name}"), knowledge)


def told(folder: Path, text: str) -> str:
    """Return every decimal of a text with its kind."""
    return ", ".join(f"{decimal.written} {decimal.kind}" for decimal in covered(folder, text).decimals)


@pytest.mark.parametrize(
    ("text", "decimals"),
    [
        ("R² is 0.93.", "0.93 unbound"),
        ("从 0.9213 升到0.9310（+0.0097）", "0.9213 unbound, 0.9310 unbound, +0.0097 unbound"),
        ("| a | b |\n|---|---|\n| 0.5 | **0.6** |", "0.5 unbound, 0.6 unbound"),
        ("down by 16 %, 3%, 12 rows, 32k, 2026", "16 % unbound, 3% unbound"),
        ("a rate of 1e-3, 2.5e-4 or 4.0E5", "1e-3 unbound, 2.5e-4 unbound, 4.0E5 unbound"),
        ("0.4–0.5 or 0.4-0.5", "0.4 unbound, 0.5 unbound, 0.4 unbound, 0.5 unbound"),
        ("-0.5 and −0.5", "-0.5 unbound, −0.5 unbound"),
        ("~~0.698~~ now [0.7][K1] and [it wins by 0.2][K1]", "0.698 struck, 0.7 bound, 0.2 bound"),
        ("~~it was [0.7][K1]~~", "0.7 bound"),
        ("see [0.7](a.md)", "0.7 unbound"),
        ("see [0.7][a]\n\n[a]: a.md", "0.7 unbound"),
        ("[?.??][K1] and ?.?", ""),
        ("`0.5` $0.5$ [a](b0.5.md) https://a.b/0.5 <!-- 0.5 -->", ""),
        ("95 % CI of 0.5", "0.5 unbound"),
    ],
)
def test_a_decimal_is_counted_once_with_what_ties_it(tmp_path: Path, text: str, decimals: str) -> None:
    """A point or a percent sign makes a decimal; a citation binds it, two tildes strike it out."""
    assert told(tmp_path, text) == decimals


@pytest.mark.parametrize(
    "text",
    [
        "# 4.1 Results\n\n## 4.1.2. More\n\n### 3.2）更多",
        "[4.1 Results](#41-results)",
        "see section 4.1, Table 2.1, Fig. 3.2 and eq. (2.1)",
        "见 4.1，第 4.1 节，表 2.1，图 3.2，式（2.1），4.1 节",
        "version 1.2, v1.2, 版本 2.1, Python 3.11, torch 2.4.1, CUDA 12.1",
        "on 2025-12-04, 2025-12, 2025.12.04",
        "MVP-1.1, K2.3, Q1.3, VIT-20251204-gate-01, Gate-16.5",
    ],
)
def test_what_names_something_is_no_result(tmp_path: Path, text: str) -> None:
    """Sections, tables, versions, dates and ids are not counted."""
    assert told(tmp_path, text) == ""


@pytest.mark.parametrize("text", ["# R² 0.93", "# 4.1 R² 0.93", "section 0.93", "表 0.93", "version 12.5 %"])
def test_a_result_beside_such_a_word_counts(tmp_path: Path, text: str) -> None:
    """No section begins with 0, and none is a share."""
    assert len(covered(tmp_path, text).loose) == 1


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("at 0.2 the strong one stays", "declared"),
        ("at 0.20, or 20 %, or +0.2", "declared"),
        ("half, 0.5, is due", "declared"),
        ("penalty 1.0e4", "declared"),
        ("seeds 7.0 and 80.0 rows", "declared"),
        ("at 0.21", "unbound"),
        ("on 2.0", "unbound"),
    ],
)
def test_a_number_of_the_front_matter_is_declared(tmp_path: Path, text: str, kind: str) -> None:
    """Thresholds, settings and the numbers of the protocol need no typing; a date is no setting."""
    found = covered(tmp_path, SPEC + text + "\n", "toy/exp/toy.md")

    assert {decimal.kind for decimal in found.decimals} == {kind}


@pytest.mark.parametrize(
    ("cited", "kinds"),
    [
        ("[R² of 0.11 and 0.99][H-B]", ["unchecked", "unchecked"]),
        ("[R² of 0.11][H-B]", ["bound"]),
        ("[above 0.5][H-B]", ["bound"]),
        ("[better by 900 %][gain > 0]", ["bound"]),
        ("[better by 1e-3][gain > 0]", ["unchecked"]),
        ("[0.11 and 0.99][gain]", ["bound", "bound"]),
        ("[R² of 0.99][nothing.r2]", ["unchecked"]),
        ("[R² of 0.99][TOY-1]", ["unchecked"]),
    ],
)
def test_what_a_refused_citation_holds_is_unchecked(tmp_path: Path, cited: str, kinds: list[str]) -> None:
    """A number is bound where it is compared with the evidence, or will be once there is any."""
    found = covered(tmp_path, f"{SPEC}{cited}\n", "toy/exp/toy.md")

    assert [decimal.kind for decimal in found.decimals] == kinds
    assert [decimal.kind for decimal in found.loose] == [kind for kind in kinds if kind == "unchecked"]


def test_what_others_published_is_not_declared(tmp_path: Path) -> None:
    """A result retyped beside the very entry it comes from is still loose."""
    entry = "published:\n  - {source: a, population: same, facts: {weak.r2: 0.77}}\nexpect:"
    text = edited(SPEC, ("expect:", entry)) + "it was 0.77\n"

    assert len(covered(tmp_path, text, "toy/exp/toy.md").loose) == 1


def test_a_hub_is_read_against_its_protocol(tmp_path: Path) -> None:
    """The rows a hub's numbers usually stand on are declared there."""
    text = edited(HUB, ("[?.??][toy.strong.r2]", "40.0"), ("claims:", "protocol: tiny@1\nclaims:"))

    assert [decimal.kind for decimal in covered(tmp_path, text, "toy/toy-hub.md").decimals] == ["declared"]


def test_places_are_exact_and_the_line_is_shown(tmp_path: Path) -> None:
    """File, line and column lead to the first digit; the line's start tells what it is about."""
    (decimal,) = covered(tmp_path, "# A\r\n\r\n> about\r\n> the R² of 0.93 here\r\n").decimals

    assert str(decimal.place) == f"logg/{PAGE}:4:13"
    assert decimal.line == "> the R² of 0.93 here"


def test_summary_counts_by_document_and_in_total(tmp_path: Path) -> None:
    """What nothing ties is listed; documents without decimals are left out."""
    lines, data = summary([covered(tmp_path, "0.1 and ~~0.2~~"), covered(tmp_path, "nothing")])

    assert lines[0] == f"logg/{PAGE}:1:1: 0.1  0.1 and ~~0.2~~"
    assert lines[-1].split() == ["total", "0", "0", "0", "1", "1"]
    counts = {"bound": 0, "unchecked": 0, "declared": 0, "struck": 1, "unbound": 1}
    assert data["documents"] == {f"logg/{PAGE}": counts}
    assert data["total"] == counts
    assert data["loose"][0] == {"path": f"logg/{PAGE}", "line": 1, "column": 1, "number": "0.1", "kind": "unbound"}


def test_summary_of_nothing(tmp_path: Path) -> None:
    """A base without a decimal has a table all the same."""
    lines, data = summary([covered(tmp_path, "nothing")])

    assert lines[-1].split() == ["total", "0", "0", "0", "0", "0"]
    assert data == {
        "total": dict.fromkeys(("bound", "unchecked", "declared", "struck", "unbound"), 0),
        "documents": {},
        "loose": [],
    }


def test_check_lists_it_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The list stands before the verdict of the check, which it does not change; programs get it as data."""
    toy(tmp_path)
    write(tmp_path, {PAGE: "# A page\n\nIt was 0.93 once.\n"})
    line = f"logg/{PAGE}:3:8: 0.93  It was 0.93 once."

    code = cli.main(["check", "--coverage", "--root", str(tmp_path)])
    told = capsys.readouterr().out.splitlines()
    assert line in told
    assert told.index(line) < len(told) - 1
    assert code == cli.main(["check", "--root", str(tmp_path)])
    assert line not in capsys.readouterr().out
    cli.main(["check", "--coverage", "--json", "--root", str(tmp_path)])
    assert json.loads(capsys.readouterr().out)["coverage"]["loose"][-1]["number"] == "0.93"
