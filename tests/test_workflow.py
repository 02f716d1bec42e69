"""The verbs, from a folder of text to documents that agree with their results."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runner import workflow
from runner.findings import Busy, Finding
from runner.rendering.skeletons import Wish
from runner.report import Report
from runner.safety import atomic
from tests.executed import (
    EXP,
    HUB,
    add,
    execute,
    executed,
    mendable,
    read,
    snapshot,
    swap,
)
from tests.knowledge import toy
from tests.states import bare, conflicting, damaged, edited, lost, sliced, stale, undrawn, unreadable, wrong

STATES = [bare, lost, edited, undrawn, sliced, stale, wrong, unreadable, conflicting, damaged]


def test_execute_render_check_of_a_new_base_ends_with_all_agree(tmp_path: Path) -> None:
    """Three commands take text to documents that agree; each of them says so with code 0."""
    root = toy(tmp_path)

    reports = [execute(root), workflow.render(root, []), workflow.check(root)]

    assert [report.code for report in reports] == [0, 0, 0]
    assert [finding for report in reports for finding in report.findings] == []
    assert reports[2].lines == ["3 documents, 1 result: all agree"]
    assert "?." not in read(root, EXP)


@pytest.mark.parametrize("spoil", STATES)
def test_render_twice_equals_render_once(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    """Whatever the state of a base, a second render changes no byte and touches no file."""
    root = executed(tmp_path)
    spoil(root)
    workflow.render(root, [])
    before = snapshot(root)

    report = workflow.render(root, [])

    assert report.data["written"] == report.data["drawn"] == []
    assert snapshot(root) == before


@pytest.mark.parametrize("spoil", STATES)
def test_check_after_render_holds_nothing_that_render_could_mend(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    """What is said to be mended by render is mended by one render."""
    root = executed(tmp_path)
    spoil(root)

    workflow.render(root, [])

    assert mendable(workflow.check(root)) == []


@pytest.mark.parametrize("spoil", STATES)
def test_check_writes_nothing(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    """Checking leaves every file as it was, whatever it finds."""
    root = executed(tmp_path)
    spoil(root)
    before = snapshot(root)

    report = workflow.check(root)

    assert report.findings
    assert snapshot(root) == before


def test_a_difference_is_shown_and_not_written(tmp_path: Path) -> None:
    """`render --diff` prints what would change and changes nothing."""
    root = executed(tmp_path)
    swap(root, HUB, "[0.92]", "[0.29]")
    before = snapshot(root)

    report = workflow.render(root, [], show_diff=True)

    changed = [line for line in report.lines if line[:1] in "+-" and line[:3] not in {"+++", "---"}]
    assert len(changed) == 2
    assert "[0.29]" in changed[0]
    assert "[0.92]" in changed[1]
    assert report.data["differences"] == report.lines
    assert snapshot(root) == before


def test_a_document_saved_meanwhile_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an author saves between reading and writing is kept, and the command says to run it again."""
    root = executed(tmp_path)
    swap(root, HUB, "[0.92]", "[0.29]")

    def draw(*_: object) -> tuple[list[str], list[Finding]]:
        add(root, HUB, "Saved.")
        return [], []

    monkeypatch.setattr(workflow, "_draw", draw)

    with pytest.raises(Busy, match="run the command again"):
        workflow.render(root, [])

    assert "Saved." in read(root, HUB)
    assert "[0.29]" in read(root, HUB)


@pytest.mark.parametrize("write", ["render", "accept", "new", "record"])
def test_whoever_writes_pages_waits_for_whoever_does(tmp_path: Path, write: str) -> None:
    """Two commands that end together write one after the other; the one that waits says for whom."""
    root = executed(tmp_path)
    swap(root, HUB, "[0.92]", "[0.29]")
    predictions: dict[str, Any] = {"weak/test": np.zeros(80)}
    np.savez(tmp_path / "made.npz", **predictions)
    told: list[str] = []
    steps: dict[str, Callable[[], Report]] = {
        "render": lambda: workflow.render(root, [], say=told.append),
        "accept": lambda: workflow.accept(root, "TOY-hub", "K1", "", "2026-02-03", told.append),
        "new": lambda: workflow.new(root, Wish("exp", "moe", "So?"), "2026-02-03"),
        "record": lambda: workflow.record(root, "TOY-1", tmp_path / "made.npz", told.append),
    }
    ended = threading.Event()

    def run() -> None:
        assert steps[write]().data
        ended.set()

    running = threading.Thread(target=run)
    with atomic.lock(root / ".logg/locks/pages"):
        running.start()
        assert not ended.wait(2)
        if write != "record":
            assert "[0.29]" in read(root, HUB)
    assert ended.wait(60)
    running.join()
    assert told == ([] if write == "new" else [f"waits for process {os.getpid()}, which writes pages"])


def test_a_difference_is_shown_to_whoever_asks_meanwhile(tmp_path: Path) -> None:
    """What writes nothing waits for nobody."""
    root = executed(tmp_path)

    with atomic.lock(root / ".logg/locks/pages"):
        assert workflow.render(root, [], show_diff=True).lines == []


def test_status_says_what_runs(tmp_path: Path) -> None:
    """An experiment is running while somebody holds it."""
    root = executed(tmp_path)

    with atomic.lock(root / ".logg/locks/TOY-1"), atomic.lock(root / ".logg/locks/other"):
        report = workflow.status(root)

    assert report.data["running"] == {"TOY-1": f"process {os.getpid()}"}
    assert f"running: TOY-1, process {os.getpid()}" in report.lines
    assert workflow.status(root).data["running"] == {}


def test_only_the_named_document_is_rendered(tmp_path: Path) -> None:
    """An id or a path given to render leaves all other documents alone."""
    root = executed(tmp_path)
    bare(root)

    assert workflow.render(root, ["TOY-hub"]).data["written"] == [HUB]
    assert workflow.render(root, [EXP]).data["written"] == [EXP]
