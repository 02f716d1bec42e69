"""Roadmaps: gates with what they open and close, MVPs by phase and priority, and what their experiments set."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner import workflow
from tests.executed import add, codes, swap
from tests.orchard import block, orchard, planted, rows

ROADMAP = "logg/tea/tea-roadmap.md"
HOSTILE_LINK = "&lt;!&#45;&#45; /logg &#45;&#45;&gt;](exp/four.md)"


def test_gates_say_what_comes_first_and_what_follows(tmp_path: Path) -> None:
    """The rung that must be taken before, how sure it must be, what each rung opens and closes."""
    found = rows(block(orchard(tmp_path), "TEA-roadmap", "gates"))

    assert found[0] == [
        "**Gate-1**", "`one.strong.r2 >= 0.5`", "**pour**<br>opens MVP-3", "0.9000<br>[0.8659, 0.9239]", "✓ **>99 %**",
    ]  # fmt: skip
    assert found[1] == ["", "otherwise", "stop<br>closes MVP-3", "", "<1 %"]
    assert found[2][0] == "**Gate-2**<br>after Gate-1.1<br>sure from 90 %"
    assert found[2][2] == "**change the leaves**<br>closes MVP-5"
    assert found[2][4] == "✓ **96 %**"
    assert found[4][2] == "for a person"
    assert found[5] == [
        "**Gate-3**<br>after Gate-1.else",
        "`four.ridge.r2 > 0`",
        "rest<br>opens MVP-4",
        "",
        "– passed over",
    ]
    assert found[6] == ["", "otherwise", "stop", "", ""]


def test_a_gate_left_to_a_person_is_one_line(tmp_path: Path) -> None:
    """It has no criterion, and says that somebody decides."""
    root = orchard(tmp_path)
    swap(root, ROADMAP, "gates:\n", "gates:\n  Gate-0: human\n")

    assert rows(block(root, "TEA-roadmap", "gates"))[0] == ["**Gate-0**", "", "", "", "✎ for a person"]


def test_mvps_stand_by_phase(tmp_path: Path) -> None:
    """State, what gates say about it, experiments with what they came to; the phase of now and priorities show."""
    found = rows(block(orchard(tmp_path), "TEA-roadmap", "mvps"))

    assert found[0] == ["**1**", "**MVP-1**", "reported", "[One cup](exp/one.md) · passed"]
    assert found[1] == ["", "**MVP-2** · P1", "reported", "[Two cups](exp/two.md) · undecided"]
    assert found[2][:3] == ["**2** · now", "**MVP-3** · P0", "ready to run · opened by Gate-1.1"]
    assert found[2][3].endswith(HOSTILE_LINK)
    assert found[3] == ["", "**MVP-4**", "planned", ""]
    assert found[4] == ["", "~~MVP-5~~", "closed by Gate-2.1", ""]


def test_several_experiments_of_one_mvp_each_say_where_they_stand(tmp_path: Path) -> None:
    """The MVP is as far as the least of them."""
    root = orchard(tmp_path)
    swap(root, "logg/tea/exp/four.md", "mvp: MVP-3", "mvp: MVP-1")

    first = rows(block(root, "TEA-roadmap", "mvps"))[0]

    assert first[2] == "ready to run"
    assert "[One cup](exp/one.md) · reported · passed" in first[3]
    assert first[3].count("<br>") == 1


def test_progress_counts_what_is_done(tmp_path: Path) -> None:
    """What a gate closed is not due; what is left says where it stands."""
    found = rows(block(orchard(tmp_path), "TEA-roadmap", "progress"))

    assert found == [
        ["**1**", "▰▰▰▰▰▰▰▰▰▰ 2/2", ""],
        [
            "**2** · now",
            "▱▱▱▱▱▱▱▱▱▱ 0/2 · 1 closed",
            "MVP-3 (ready to run · opened by Gate-1.1), MVP-4 (planned)",
        ],
    ]


def test_a_bar_is_full_only_when_all_is_done(tmp_path: Path) -> None:
    """One of three is three of ten cells, two of three six."""
    root = orchard(tmp_path)
    swap(root, ROADMAP, "  1: [MVP-1, MVP-2]", "  1: [MVP-1, MVP-2, MVP-6]")

    assert rows(block(root, "TEA-roadmap", "progress"))[0][1] == "▰▰▰▰▰▰▱▱▱▱ 2/3"


def test_a_board_sorts_work_by_priority_and_state(tmp_path: Path) -> None:
    """Each MVP stands in one column; what has no priority comes last."""
    found = rows(block(orchard(tmp_path), "TEA-roadmap", "board"))

    assert [row[0] for row in found] == ["**P0**", "**P1**", ""]
    assert found[0][1] == ""
    assert found[0][2].startswith("**MVP-3** [a &#124; b")
    assert found[0][2].endswith("(exp/four.md) · opened by Gate-1.1")
    assert found[1][4] == "**MVP-2** [Two cups](exp/two.md)"
    assert found[2][1] == "**MVP-4**<br>~~MVP-5~~ · closed by Gate-2.1"
    assert found[2][4] == "**MVP-1** [One cup](exp/one.md)"


def test_what_must_run_again_is_ready_on_the_board(tmp_path: Path) -> None:
    """A stale experiment is work to do, and the ticket says why."""
    root = orchard(tmp_path)
    swap(root, "logg/tea/exp/two.md", "alpha: 0.5", "alpha: 0.7")

    found = rows(block(root, "TEA-roadmap", "board", only=["P1"]))

    assert [row[2] for row in found] == ["**MVP-2** [Two cups](exp/two.md) · stale"]


@pytest.mark.parametrize("only", [["P0"], "P0"])
def test_a_board_may_show_some_priorities_only(tmp_path: Path, only: object) -> None:
    """A list or a single one."""
    assert [row[0] for row in rows(block(orchard(tmp_path), "TEA-roadmap", "board", only=only))] == ["**P0**"]


def test_setups_show_what_was_chosen(tmp_path: Path) -> None:
    """Rows, axes and sweeps of each experiment, of each job the parameters that are not at their defaults."""
    found = rows(block(orchard(tmp_path), "TEA-roadmap", "setups"))

    assert found[0] == [
        "**MVP-1**",
        "[One cup](exp/one.md)",
        "tiny@1<br>noise 1<br>train 200",
        "**weak** ridge · alpha = 10k<br>**strong** ridge · alpha = val",
    ]
    assert found[1][2:] == ["tiny@1<br>noise 1<br>train 100, 200", "**small** ridge · alpha = 0.5"]
    assert [row[0] for row in rows(block(tmp_path, "TEA-roadmap", "setups", phase=2))] == ["**MVP-3**"]


def test_swept_parameters_show_all_their_values(tmp_path: Path) -> None:
    """A parameter that a sweep varies was chosen, whatever its default."""
    root = planted(tmp_path)
    swap(root, "logg/tea/exp/two.md", "sweep: {train: [100, 200]}", "train: 100\nsweep: {small.alpha: [1, 2]}")
    swap(root, "logg/tea/exp/two.md", "small(200).r2 < small(100).r2", "small(2).r2 < small(1).r2")

    assert rows(block(root, "TEA-roadmap", "setups"))[1][3] == "**small** ridge · alpha = 1, 2"


@pytest.mark.parametrize(
    "written", ["board {only: [P7]}", "setups {phase: 9}", "mvps {phase: 1}", "progress {x: 1}", "gates {x: 1}"]
)
def test_arguments_that_mean_nothing_are_refused(tmp_path: Path, written: str) -> None:
    """A priority, a phase or an argument that there is not is a finding at the block."""
    root = orchard(tmp_path)
    add(root, ROADMAP, f"<!-- logg: {written} -->")

    assert codes(workflow.render(root, ["TEA-roadmap"]).findings) == ["LG208"]


@pytest.mark.parametrize("kind", ["mvps", "progress", "board", "setups"])
def test_only_a_roadmap_has_work(tmp_path: Path, kind: str) -> None:
    """The block has no meaning elsewhere, and says so."""
    root = orchard(tmp_path)
    add(root, "logg/index.md", f"<!-- logg: {kind} -->")

    report = workflow.render(root, ["logg/index.md"])

    assert [(finding.code, finding.message) for finding in report.findings] == [
        ("LG208", "this document is no roadmap")
    ]


@pytest.mark.parametrize(
    ("kind", "english", "chinese"),
    [
        ("mvps", "No MVP is planned.", "未规划 MVP。"),
        ("progress", "No MVP is planned.", "未规划 MVP。"),
        ("board", "No MVP is planned.", "未规划 MVP。"),
        ("setups", "No experiment is declared here yet.", "尚未声明实验。"),
        ("gates", "No gate is stated.", "未声明决策门。"),
    ],
)
def test_an_empty_roadmap_says_so(tmp_path: Path, kind: str, english: str, chinese: str) -> None:
    """One line, in the language of the page."""
    root = orchard(tmp_path)
    empty = "---\nkind: roadmap\nid: MT-{0}\ntitle: Nothing\nlang: {0}\n---\n\n# Nothing\n"
    for lang in ("en", "zh"):
        (root / "logg" / "tea" / f"empty-{lang}.md").write_text(empty.format(lang))

    assert block(root, "MT-en", kind) == english
    assert block(root, "MT-zh", kind) == chinese
