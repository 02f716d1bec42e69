"""All findings of a base: each once, in the order of files and lines."""

from __future__ import annotations

from pathlib import Path

from runner import workflow
from tests.executed import EXP, HUB, RESULT, add, executed, put, read, swap


def test_findings_come_in_the_order_of_files_and_lines(tmp_path: Path) -> None:
    """A reader can walk from the first finding to the last through the files."""
    root = executed(tmp_path)
    add(root, HUB, "[?][K9] [0.1][toy.weak.r2]")
    swap(root, EXP, "[0.029]", "[0.920]")
    swap(root, HUB, "K1: toy.gain > 0", "K1: toy.gain > 2")

    places = [finding.place for finding in workflow.check(root).findings]

    assert len(places) >= 4
    assert places == sorted(places)


def test_what_several_documents_rest_on_is_reported_once(tmp_path: Path) -> None:
    """A damaged result that many documents cite is one finding."""
    root = executed(tmp_path)
    for n in range(3):
        put(root, f"logg/toy/hub-{n}.md", read(root, HUB).replace("TOY-hub", f"HUB-{n}").replace("K1", f"K{n + 2}"))
    put(root, RESULT, "{}")

    assert [finding.code for finding in workflow.check(root).findings] == ["LG401"]


def test_errors_make_check_fail_and_warnings_do_not(tmp_path: Path) -> None:
    """A stale result is a warning with code 0; a number that differs is an error with code 1."""
    root = executed(tmp_path)
    swap(root, EXP, "job: ridge, alpha: 1e4", "job: ridge, alpha: 1e5")
    workflow.render(root, [])
    warned = workflow.check(root)
    swap(root, HUB, "[0.92]", "[0.93]")
    failed = workflow.check(root)

    assert (warned.code, warned.lines) == (0, ["3 documents, 1 results: 0 errors, 1 warnings"])
    assert (failed.code, failed.data["errors"]) == (1, 1)
