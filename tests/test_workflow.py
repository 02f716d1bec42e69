"""The verbs, from a folder of text to documents that agree with their results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from runner import publishing, workflow
from runner.findings import Busy, DocumentsRefused, Finding, RunnerError, UsageError
from tests.executed import (
    EXP,
    HUB,
    PROTOCOL,
    RESULT,
    add,
    codes,
    execute,
    executed,
    mendable,
    put,
    read,
    snapshot,
    swap,
)
from tests.knowledge import EXPERIMENT, base, toy
from tests.knowledge import HUB as BARE_HUB


def bare(root: Path) -> None:
    """Take everything that was ever rendered out of the documents."""
    put(root, EXP, EXPERIMENT)
    put(root, HUB, BARE_HUB)


def lost(root: Path) -> None:
    """Delete the result and everything filed with it."""
    for path in (root / RESULT).parent.iterdir():
        path.unlink()


def edited(root: Path) -> None:
    """Write into a generated block."""
    swap(root, EXP, "| weak |", "| weak, I think |")


def undrawn(root: Path) -> None:
    """Delete the figures."""
    for path in root.glob("logg/toy/img/*/*.svg"):
        path.unlink()


def sliced(root: Path) -> None:
    """Add a slice to the protocol."""
    swap(root, PROTOCOL, "  old:", "  nobody: age > 1000\n  oldest: age > 55\n  old:")


def stale(root: Path) -> None:
    """Change a parameter after the run."""
    swap(root, EXP, "alpha: 1e4", "alpha: 1e5")


def wrong(root: Path) -> None:
    """Write citations that nobody can fill, and some that render can."""
    add(root, HUB, "[?.??][toy.nothing.r2] [0.1][toy.weak.r2] [?][K9] [0.1 0.2][toy.gain] [never][toy.gain < 0]")
    add(root, HUB, "## [?][K1]")


def unreadable(root: Path) -> None:
    """Break a front matter."""
    swap(root, EXP, "train: 200", "train: {200")


def conflicting(root: Path) -> None:
    """Leave a git conflict in a document."""
    add(root, HUB, "<<<<<<< HEAD\n[?][K1]\n=======\nno\n>>>>>>> theirs")


def damaged(root: Path) -> None:
    """Cut a result file short."""
    put(root, RESULT, read(root, RESULT)[:-40])


STATES = [bare, lost, edited, undrawn, sliced, stale, wrong, unreadable, conflicting, damaged]


def test_execute_render_check_of_a_new_base_ends_with_all_agree(tmp_path: Path) -> None:
    """Three commands take text to documents that agree; each of them says so with code 0."""
    root = toy(tmp_path)

    reports = [execute(root), workflow.render(root, []), workflow.check(root)]

    assert [report.code for report in reports] == [0, 0, 0]
    assert [finding for report in reports for finding in report.findings] == []
    assert reports[2].lines == ["3 documents, 1 results: all agree"]
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


def test_only_the_named_document_is_rendered(tmp_path: Path) -> None:
    """An id or a path given to render leaves all other documents alone."""
    root = executed(tmp_path)
    bare(root)

    assert workflow.render(root, ["TOY-hub"]).data["written"] == [HUB]
    assert workflow.render(root, [EXP]).data["written"] == [EXP]


@pytest.mark.parametrize(
    ("spoil", "state", "following"),
    [
        (undrawn, "reported", []),
        (lost, "ready", ["TOY-1"]),
        (stale, "stale", ["TOY-1"]),
        (damaged, "damaged", []),
        (unreadable, "", []),
    ],
)
def test_status_says_where_an_experiment_stands(
    tmp_path: Path, spoil: Callable[[Path], None], state: str, following: list[str]
) -> None:
    """The state follows from what is filed, and what can be run is named as the next command."""
    root = executed(tmp_path)
    spoil(root)

    report = workflow.status(root)

    assert [entry["status"] for entry in report.data["experiments"]] == ([state] if state else [])
    assert report.data["next"] == following
    assert (f"next: runner execute {' '.join(following)}" in report.lines) == bool(following)
    assert report.code == (0 if state else 1)


def test_status_names_words_that_no_longer_hold(tmp_path: Path) -> None:
    """Words over a predicate that fails are contradicted, wherever they stand."""
    root = executed(tmp_path)
    add(root, HUB, "[The weak one wins][toy.gain < 0].")

    assert "contradicted: logg/toy/toy-hub.md" in "\n".join(workflow.status(root).lines)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("alpha: 1e4", "alpha: 1e5", "weak: runs (parameters: alpha: 10000.0 -> 100000.0)"),
        ("train: 200", "train: 150", "weak: runs (axes: train: 200 -> 150)"),
        ("noise: 1", "noise: 0", "strong: runs (axes: noise: 1 -> 0)"),
        ("  weak: ", "  weaker: {job: ridge}\n  weak: ", "weaker: runs (new: no result yet)"),
        ("A toy", "A title", "weak: is filed"),
    ],
)
def test_a_plan_says_what_runs_and_why(tmp_path: Path, old: str, new: str, why: str) -> None:
    """Each run names the part of the spec that differs; prose makes nothing run."""
    root = executed(tmp_path)
    swap(root, EXP, old, new)

    report = workflow.plan(root, ["TOY-1"])

    assert any(why in line for line in report.lines)


def test_a_plan_tells_the_time_of_the_last_run_and_admits_to_know_none(tmp_path: Path) -> None:
    """Before the first run nobody knows the time; afterwards the plan quotes the last one."""
    assert "time unknown until the first run" in workflow.plan(toy(tmp_path / "new"), []).lines[1]
    assert "about 0." in workflow.plan(executed(tmp_path / "old"), []).lines[1]


def test_a_new_document_never_replaces_one(tmp_path: Path) -> None:
    """A skeleton whose file exists is refused, and the file stays as it was."""
    root = executed(tmp_path)

    with pytest.raises(UsageError, match=r"toy-hub\.md exists"):
        workflow.new(root, "hub", "toy", "Another", "2026-02-03")


@pytest.mark.parametrize("verb", ["execute", "plan", "render", "show"])
def test_a_document_with_a_broken_front_matter_is_found_by_its_id(tmp_path: Path, verb: str) -> None:
    """Who names an experiment whose YAML is broken is told the line, not that it does not exist."""
    root = executed(tmp_path)
    unreadable(root)
    call = {"execute": execute, "plan": lambda r, i: workflow.plan(r, [i]), "show": workflow.show}
    call["render"] = lambda r, i: workflow.render(r, [i])

    with pytest.raises(DocumentsRefused) as refused:
        call[verb](root, "TOY-1")

    assert str(refused.value.findings[0]).startswith(f"{EXP}:8:")


def test_nothing_is_executed_while_anything_named_is_wrong(tmp_path: Path) -> None:
    """All findings of the experiment, its protocol and its formulas come at once, before any job runs."""
    root = toy(tmp_path)
    swap(root, EXP, "alpha: 1e4", "alfa: 1e4")
    swap(root, PROTOCOL, "age < 40", "aeg < 40")

    with pytest.raises(DocumentsRefused) as refused:
        execute(root)

    assert sorted(codes(refused.value.findings)) == ["LG205", "LG302"]
    assert not (root / RESULT).exists()


@pytest.mark.parametrize(
    ("words", "message"), [(["TOY-2"], "did you mean `TOY-1`"), (["TOY-hub"], "TOY-hub is no experiment")]
)
def test_execute_refuses_what_is_no_experiment(tmp_path: Path, words: list[str], message: str) -> None:
    """A wrong id is answered with the nearest one, another kind of document with what it is not."""
    with pytest.raises(UsageError, match=message):
        execute(toy(tmp_path), *words)


def test_an_empty_base_asks_for_a_first_experiment(tmp_path: Path) -> None:
    """With no experiment there is nothing to execute or to plan, and the command that writes one is named."""
    root = base(tmp_path)

    with pytest.raises(UsageError, match="runner new exp"):
        execute(root)
    with pytest.raises(UsageError, match="runner new exp"):
        workflow.plan(root, [])


def test_only_a_base_that_agrees_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages that disagree with their results are not published."""
    root, said = executed(tmp_path), list[str]()
    monkeypatch.setattr(publishing, "build_site", lambda root: root / "build" / "site")

    assert workflow.build(root, said.append).lines == ["built build/site/index.html"]
    swap(root, HUB, "[0.92]", "[0.29]")
    refused = workflow.build(root, said.append)

    assert (refused.code, refused.lines[-1]) == (1, "the site was not built -> mend the findings above first")
    assert said == ["3 documents, 1 results: all agree"]


def test_serve_renders_before_and_on_every_save(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The site shows what render makes of a document, and a document that cannot be read does not end it."""
    root, said = executed(tmp_path), list[str]()

    def visit(_root: Path, port: int, refresh: Callable[[], None]) -> None:
        assert (port, "[0.92]" in read(root, HUB)) == (8000, True)
        swap(root, HUB, "[0.92]", "[0.30]")
        refresh()
        (root / "logg").rename(root / "gone")
        refresh()

    monkeypatch.setattr(publishing, "serve_site", visit)
    swap(root, HUB, "[0.92]", "[0.29]")

    assert workflow.serve(root, 8000, said.append).code == 0
    assert said[:2] == [f"wrote {HUB}", f"wrote {HUB}"]
    assert "no folder" in said[2]


def test_refusals_are_errors_of_ours(tmp_path: Path) -> None:
    """Outside a knowledge base every verb ends in one line."""
    for call in (workflow.check, workflow.status, execute):
        with pytest.raises(RunnerError, match="no folder `logg/`"):
            call(tmp_path)
