"""The plan of a command: what would run and why, what is in the cache, what it would cost."""

from __future__ import annotations

import re
from pathlib import Path

from runner import workflow
from tests.executed import EXP, RESULT, executed, put, read, snapshot, swap
from tests.knowledge import EXPERIMENT, toy


def sweep(folder: Path) -> Path:
    """Write the toy base with a sweep over the training rows."""
    text = EXPERIMENT.replace("train: 200", "sweep: {train: [100, 200]}").partition("define:")[0]
    put(toy(folder), EXP, f"{text}---\n")
    (folder / "logg/toy/toy-hub.md").unlink()
    return folder


def test_every_point_of_a_sweep_is_a_line(tmp_path: Path) -> None:
    """Runs are named with their point; before the first one nobody knows how long they take."""
    report = workflow.plan(sweep(tmp_path), [])

    assert [line.split(":")[0].strip() for line in report.lines[1:-1]] == [
        "weak(train=100)", "weak(train=200)", "strong(train=100)", "strong(train=200)",
    ]  # fmt: skip
    assert report.data["plans"][0]["point"] == {"train": 100.0}
    assert report.data["plans"][0]["rows"] == {"train": 100, "val": 40, "test": 80}
    assert report.lines[-1] == "total: 4 of 4 runs to make; 4 of unknown length"


def test_what_is_in_the_cache_is_said_and_not_counted(tmp_path: Path) -> None:
    """A result that is gone comes back from the cache; only the changed job would run."""
    root = executed(tmp_path)
    (root / RESULT).unlink()
    swap(root, EXP, "alpha: 1e4", "alpha: 1e3")

    report = workflow.plan(root, ["TOY-1"])

    assert report.lines[1].startswith("  weak: runs (new: no result yet); ridge, train 200, val 40, test 80; about 0.")
    assert report.lines[2] == "  strong: from the cache of fits (new: no result yet); ridge, train 200, val 40, test 80"
    assert report.lines[-1].startswith("total: 1 of 2 runs to make, 1 from the cache of fits; about 0.")
    assert [(each["cached"], each["runs"]) for each in report.data["plans"]] == [(False, True), (True, True)]
    assert report.data["total"]["to make"] == 1


def test_another_experiment_lends_its_time(tmp_path: Path) -> None:
    """A job that ran elsewhere is judged by that run, which is named."""
    root = executed(tmp_path)
    put(root, "logg/toy/exp/toy-2.md", EXPERIMENT.replace("TOY-1", "TOY-2").replace("alpha: 1e4", "alpha: 7"))

    lines = workflow.plan(root, ["TOY-2"]).lines

    assert re.search(r"; about 0\.\d+ s, \d+ MB, judged by TOY-1 (weak|strong) with other alpha$", lines[1])


def test_what_is_no_longer_declared_is_named(tmp_path: Path) -> None:
    """A run that is filed and gone from the document is dropped by the next command."""
    root = executed(tmp_path)
    put(root, EXP, read(root, EXP).replace("weak", "feeble"))

    lines = workflow.plan(root, ["TOY-1"]).lines

    assert lines[1].startswith("  feeble: from the cache of fits (new: no result yet)")
    assert lines[3] == "  weak: is dropped (job: `weak` is no longer declared)"


def test_a_plan_of_what_is_filed_has_nothing_to_do(tmp_path: Path) -> None:
    """Nothing is to be made, the past times are shown, and no file is touched."""
    root = executed(tmp_path)
    before = snapshot(root)

    report = workflow.plan(root, [])

    assert report.lines[-1] == "total: 0 of 2 runs to make"
    assert all("is filed" in line for line in report.lines[1:-1])
    assert snapshot(root) == before
