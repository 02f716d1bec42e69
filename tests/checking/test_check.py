"""All findings of a base: each once, in the order of files and lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from runner import workflow
from tests.executed import EXP, HUB, RESULT, add, executed, put, read, swap
from tests.knowledge import EXPERIMENT

Change = Callable[[Path], None]


def test_findings_come_in_the_order_of_files_and_lines(tmp_path: Path) -> None:
    """A reader can walk from the first finding to the last through the files."""
    root = executed(tmp_path)
    add(root, HUB, "[?][K9] [0.1][toy.weak.r2]")
    swap(root, EXP, "[0.029]", "[0.920]")
    swap(root, HUB, "  toy: TOY-1", "  toy: TOY-1\n  other: TOY-9")

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

    assert (warned.code, warned.lines) == (0, ["3 documents, 1 result: 0 errors, 1 warning"])
    assert (failed.code, failed.data["errors"]) == (1, 1)


def nothing(_root: Path) -> None:
    """Leave a base as it is."""


def edit_figure(root: Path) -> None:
    """Write into a figure."""
    for path in root.glob("logg/toy/img/*/*.svg"):
        path.write_bytes(path.read_bytes().replace(b"0.923", b"0.999"))


def delete_figure(root: Path) -> None:
    """Delete a figure."""
    for path in root.glob("logg/toy/img/*/*.svg"):
        path.unlink()


def swapped(name: str, old: str, new: str) -> Change:
    """Return a change of a document."""
    return lambda root: swap(root, name, old, new)


def added(text: str) -> Change:
    """Return an addition to the hub."""
    return lambda root: add(root, HUB, text)


@pytest.mark.parametrize(
    ("code", "spoil", "mend", "force"),
    [
        ("LG101", swapped(HUB, "[0.92]", "[0.29]"), nothing, False),
        ("LG102", added("[It fails][toy.gain < 0]"), swapped(HUB, "[It fails][toy.gain < 0]", "It works"), False),
        ("LG103", swapped(HUB, "title: Toy hub", "title: A new hub"), nothing, False),
        ("LG104", swapped(EXP, "| weak | 0.0292", "| weak | 0.9292"), nothing, True),
        ("LG105", swapped(HUB, "[holds >99 %]", "[fails <1 %]"), nothing, False),
        ("LG106", delete_figure, nothing, False),
        ("LG107", edit_figure, delete_figure, False),
        ("LG209", added("## [?][K1]"), swapped(HUB, "## [?][K1]", "[?][K1]"), False),
        ("LG210", added("[? or ?][toy.gain]"), swapped(HUB, "[? or ?]", "[?]"), False),
        ("LG211", added("[?][toy.\ngain]"), swapped(HUB, "[toy.\ngain]", "[toy.gain]"), False),
    ],
)
def test_each_disagreement_is_found_and_mended(
    tmp_path: Path, code: str, spoil: Change, mend: Change, *, force: bool
) -> None:
    """What a person mends and what render mends: afterwards everything agrees again."""
    root = executed(tmp_path)
    spoil(root)
    assert code in {finding.code for finding in workflow.check(root).findings}

    mend(root)
    workflow.render(root, [], force=force)

    assert workflow.check(root).findings == []


def test_the_last_line_names_the_cause_of_what_is_not_judged(tmp_path: Path) -> None:
    """Who reads the end of a long list sees first what to mend; neighbours of the cause are judged as ever."""
    root = executed(tmp_path)
    other = read(root, HUB).replace("TOY-hub", "TOY-other").replace("toy: TOY-1", "toy: TOY-2")
    put(root, "logg/toy/other.md", other.replace("K1", "K2"))
    put(root, "logg/toy/exp/two.md", EXPERIMENT.replace("TOY-1", "TOY-2"))
    swap(root, EXP, "date: 2026-01-02", "date: tomorrow")

    report = workflow.check(root)

    assert report.lines[-1] == f"not judged, they rest on {EXP}: {HUB}"
    assert report.data["not judged"] == [HUB]
    judged = {finding.place.path for finding in report.findings}
    assert {"logg/toy/other.md", "logg/toy/exp/two.md"} <= judged
    assert HUB not in judged
