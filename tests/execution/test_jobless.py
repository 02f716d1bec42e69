"""An experiment that declares no job yet is planned: it is read, shown and rendered, and there is nothing to run."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner import workflow
from runner.execution.execute import Settings
from tests.executed import execute, read, snapshot
from tests.knowledge import HEAD, toy, write

IDLE = "logg/toy/exp/idle.md"
LINE = "TOY-9: no job is declared yet, nothing to run"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the toy base with a planned experiment beside the one that can run."""
    head = HEAD.replace("TOY-1", "TOY-9")
    blocks = "<!-- logg: header -->\n\n<!-- logg: setup -->\n\n<!-- logg: results -->\n\n<!-- logg: provenance -->\n"
    write(toy(tmp_path), {"toy/exp/idle.md": f"{head}---\n\n# Later\n\n{blocks}"})
    return tmp_path


def test_a_plan_says_that_no_job_is_declared(root: Path) -> None:
    """One line, alone or among others, whether or not the data are there."""
    (root / "logg/tiny.npz").rename(root / "elsewhere.npz")
    assert workflow.plan(root, ["TOY-9"]).lines[1:] == ["  no job is declared yet", "total: 0 of 0 runs to make"]
    (root / "elsewhere.npz").rename(root / "logg/tiny.npz")
    assert workflow.plan(root, []).lines[1] == "  no job is declared yet"


@pytest.mark.parametrize("settings", [Settings("cpu"), Settings("cpu", limit=20), Settings("cpu", again=True)])
def test_named_alone_it_runs_nothing_and_says_so(root: Path, settings: Settings) -> None:
    """Nothing is written, and that is no failure."""
    before = snapshot(root)

    report = workflow.execute(root, ["TOY-9"], everything=False, settings=settings)

    assert (report.code, report.lines, report.findings) == (0, [LINE], [])
    assert snapshot(root) == before


def test_all_others_run_beside_it(root: Path) -> None:
    """`execute --all` passes it over; its page is rendered, its status is planned, and check agrees."""
    report = execute(root)

    assert (report.code, report.data["executed"], report.lines[-1]) == (0, ["TOY-1"], LINE)
    assert "status **planned**" in read(root, IDLE)
    assert workflow.check(root).findings == []
    assert "planned   TOY-9  A toy" in workflow.status(root).lines
    assert workflow.status(root).data["next"] == []
