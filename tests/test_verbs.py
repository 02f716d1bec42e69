"""Status, plan, new, build and serve, and what every verb refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from runner import publishing, workflow
from runner.findings import DocumentsRefused, RunnerError, UsageError
from runner.rendering.skeletons import Wish
from tests.executed import (
    EXP,
    HUB,
    PROTOCOL,
    RESULT,
    add,
    codes,
    execute,
    executed,
    read,
    swap,
)
from tests.knowledge import base, toy
from tests.states import damaged, lost, stale, undrawn, unreadable


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
        ("  weak: ", "  weaker: {job: ridge}\n  weak: ", "weaker: from the cache of fits (new: no result yet)"),
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
        workflow.new(root, Wish("hub", "toy", "Another"), "2026-02-03")


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
    assert said == ["3 documents, 1 result: all agree"]


def test_a_site_that_was_not_built_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When MkDocs finds fault, the command fails and points at what MkDocs said."""
    monkeypatch.setattr(publishing, "build_site", lambda _: None)

    report = workflow.build(executed(tmp_path), lambda _: None)

    assert (report.code, report.lines) == (1, ["the site was not built -> mend what mkdocs names above"])


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
