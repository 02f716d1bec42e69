"""What an experiment asks of its data is looked at before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner import workflow
from runner.execution.supply import offered_rows
from runner.findings import InputRefused
from runner.verdicts.knowledge import gather
from tests.executed import EXP, PROTOCOL, execute, executed, put, read, snapshot, swap
from tests.knowledge import EXPERIMENT, toy

ASKED = [("train: 200", "train: 5000"), ("train: 200", "sweep: {train: [5000]}")]
LINE = (
    "logg/toy/exp/toy.md:8:1: LG203 5000 train rows are asked for, the data of tiny@1 have 200 -> ask for at most 200"
)


@pytest.mark.parametrize(("old", "new"), ASKED)
@pytest.mark.parametrize("start", [toy, executed])
def test_more_rows_than_there_are_are_refused_in_one_line(tmp_path: Path, start: object, old: str, new: str) -> None:
    """Nothing runs and nothing is filed; the plan says so too."""
    root = start(tmp_path)  # type: ignore[operator]
    swap(root, EXP, old, new)
    before = snapshot(root / "logg")

    assert f"  refused: {LINE}" in workflow.plan(root, []).lines
    with pytest.raises(InputRefused) as caught:
        execute(root)

    assert str(caught.value) == LINE
    assert snapshot(root / "logg") == before


def test_all_the_rows_there_are_may_be_asked_for(tmp_path: Path) -> None:
    """The training rows are those that neither validation nor test takes."""
    root = toy(tmp_path)
    library = gather(root).library
    protocol = library.protocol(library.named("TOY-1"))

    assert protocol is not None
    assert offered_rows(protocol, library) == 200
    assert not any("refused" in line for line in workflow.plan(root, []).lines)
    (root / "logg/tiny.npz").write_bytes(b"nothing")
    assert offered_rows(protocol, library) is None


def test_what_is_filed_asks_for_nothing(tmp_path: Path) -> None:
    """A neighbour that needs fewer rows runs beside what was made when there were more."""
    root = executed(tmp_path)
    swap(root, PROTOCOL, "val: 40", "val: 41")  # one training row less

    assert any("refused" in line for line in workflow.plan(root, []).lines)


def test_a_target_the_data_do_not_have_is_refused_where_it_is_named(tmp_path: Path) -> None:
    """A protocol that lists no columns cannot know; the data do, before a job is tried."""
    root = toy(tmp_path)
    text = read(root, PROTOCOL).replace("  columns: {weight: kg, age: years}\n", "").partition("slices:")[0]
    put(root, PROTOCOL, text.replace("target: weight", "target: wieght") + "---\n")
    put(root, EXP, EXPERIMENT)

    with pytest.raises(InputRefused) as caught:
        execute(root)

    line = "tiny.md:13:1: LG302 the data have no column `wieght` -> did you mean `weight`?"
    assert str(caught.value).endswith(line)


def test_a_target_that_is_renamed_later_does_not_blame_the_rows(tmp_path: Path) -> None:
    """What is filed is as it was; the finding stands at the wrong word and says the right one."""
    root = toy(tmp_path)
    text = read(root, PROTOCOL).replace("  columns: {weight: kg, age: years}\n", "").partition("slices:")[0]
    put(root, PROTOCOL, text + "---\n")
    execute(root)
    swap(root, PROTOCOL, "target: weight", "target: wieght")

    found = [str(finding) for finding in workflow.check(root).findings]

    assert len(found) == 1
    assert ":13:1: LG302 the filed rows have no column `wieght` -> did you mean `weight`? Otherwise" in found[0]


def test_the_summary_counts_what_ran_through(tmp_path: Path) -> None:
    """A job that failed did not run."""
    root = toy(tmp_path)
    swap(root, EXP, "alpha: 1e4", "alphas: [-1]")

    lines = execute(root).lines

    assert any("1 of 2 jobs run in" in line and ", 1 failed" in line for line in lines), lines


def test_the_status_says_whose_data_are_not_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An experiment that is ready but for its data is named with the reason, and not put forward to be run."""
    root = toy(tmp_path)
    (root / "logg/tiny.npz").rename(root / "elsewhere.npz")
    place = "logg/protocols/tiny.md:6:1: LG207 data.path: "

    report = workflow.status(root)
    assert report.data["next"] == []
    assert f"no data: TOY-1, {place}there is no file `tiny.npz`" in report.lines[-1]

    swap(root, PROTOCOL, "path: tiny.npz", "path: ${TOY_ROWS}/elsewhere.npz")
    line = f"{place}the environment has no TOY_ROWS -> export TOY_ROWS=/where/the/data/are"
    assert workflow.status(root).data["no data"] == {"TOY-1": line}
    monkeypatch.setenv("TOY_ROWS", str(root))
    assert workflow.status(root).data["next"] == ["TOY-1"]
