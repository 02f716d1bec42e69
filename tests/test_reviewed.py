"""What people and reviewers stumbled over once: each stays mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner import workflow
from runner.execution import execute as execution
from runner.execution.execute import Settings
from runner.findings import DocumentsRefused
from runner.verdicts.knowledge import gather
from tests.executed import EXP, HUB, add, codes, executed, read, result, snapshot, swap


def test_numbers_in_words_stay_the_author_s(tmp_path: Path) -> None:
    """Words over a predicate may hold counts and thresholds; none of them is the value of its left side."""
    root = executed(tmp_path)
    words = "[the 2 penalties differ][toy.gain > 0] and [wins on 500 rows by 0.1][toy.gain > 0.1]"
    add(root, HUB, words)

    workflow.render(root, [])

    assert words in read(root, HUB)


def test_words_over_an_undecided_predicate_are_a_warning(tmp_path: Path) -> None:
    """What half of the resamples deny is not stated without a word about it."""
    root = executed(tmp_path)
    value = result(root).facts["strong.r2"][0] or 0.0
    add(root, HUB, f"[it is good][toy.strong.r2 > {value - 0.0001:.4f}]")

    report = workflow.render(root, [])

    assert codes(report.findings) == ["LG108"]
    assert report.code == 0


def test_a_bare_question_mark_over_a_predicate_asks_for_its_verdict(tmp_path: Path) -> None:
    """The verdict is written, as under a key, and is kept up to date."""
    root = executed(tmp_path)
    add(root, HUB, "SO [?][toy.gain > 0] AND [?][toy.gain > 9]")

    workflow.render(root, [])

    assert "SO [holds >99 %][toy.gain > 0] AND [fails <1 %][toy.gain > 9]" in read(root, HUB)
    assert workflow.check(root).findings == []


def test_a_lost_closing_marker_is_named_and_nothing_is_written_twice(tmp_path: Path) -> None:
    """Old content without its mark is nobody's: render leaves the block alone until a person decides."""
    root = executed(tmp_path)
    text = read(root, EXP)
    start = text.index("<!-- logg: results -->")
    mark = text.index("<!-- /logg", start)
    (root / EXP).write_text(text[:mark] + text[text.index("\n", mark) :], encoding="utf-8")

    report = workflow.render(root, [])

    assert codes(report.findings) == ["LG104"]
    assert "lost its closing marker" in report.findings[0].message
    assert read(root, EXP).count("| weak |") == text.count("| weak |")


@pytest.mark.parametrize("slip", ["kind: exp\n\tx: 1", "noise:1", "jobs: {a: {job: rige}}\nkind: exp"])
def test_a_slip_in_one_document_leaves_those_that_cite_it_alone(tmp_path: Path, slip: str) -> None:
    """What rests on an unreadable front matter cannot be judged, so it is neither accused nor rewritten."""
    root = executed(tmp_path)
    swap(root, EXP, "kind: exp", slip)
    hub = read(root, HUB)

    checked, rendered = workflow.check(root), workflow.render(root, [])

    assert {finding.place.path for finding in checked.findings} == {EXP}
    assert HUB in checked.data["not judged"]
    assert rendered.data["written"] == []
    assert read(root, HUB) == hub


def test_a_run_that_fails_altogether_keeps_the_last_good_result(tmp_path: Path) -> None:
    """A slip in the spec costs a message, not the result that is filed."""
    root = executed(tmp_path)
    swap(root, EXP, "alpha: 1e4", "alpha: -1")
    swap(root, EXP, "alpha: val", "alpha: -2")
    before = {name: kept for name, kept in snapshot(root).items() if "/results/" in name}

    report = workflow.execute(root, ["TOY-1"], everything=False, settings=Settings("cpu"))

    assert report.code == 6
    assert {name: kept for name, kept in snapshot(root).items() if "/results/" in name} == before


def test_a_promise_filed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    """A run that had looked before another filed looks again once it holds the lock."""
    root = executed(tmp_path)
    known = gather(root)
    document = known.library.named("TOY-1")
    known.store.result(document)
    (root / "logg/toy/results/TOY-1.json").unlink()
    swap(root, EXP, "gain >= 0.2", "gain >= 0.3")
    workflow.execute(root, ["TOY-1"], everything=False, settings=Settings("cpu"))
    promised = dict(result(root).promises)

    execution.execute(document, known, Settings("cpu", force=True))

    assert dict(result(root).promises) == promised


def test_a_definition_that_hides_evidence_is_named(tmp_path: Path) -> None:
    """An author's own link under a label with a meaning would switch checking off."""
    root = executed(tmp_path)
    add(root, HUB, "[0.9937][toy.strong.r2]\n\n[toy.strong.r2]: https://example.org")

    assert "LG211" in codes(workflow.check(root).findings)


def test_a_data_variable_is_not_looked_up_by_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a stranger's protocol names of the environment is neither read nor printed."""
    root = executed(tmp_path)
    monkeypatch.setenv("SECRET", "hunter2")
    swap(root, "logg/protocols/tiny.md", "path: tiny.npz", "path: ${SECRET}/x.npz")

    report = workflow.check(root)

    assert "hunter2" not in "".join(map(str, report.findings))
    assert [finding for finding in report.findings if finding.severity == "error"] == []


def test_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    """Results and figures are read and written inside the knowledge base only."""
    root = executed(tmp_path / "base")
    results = root / "logg/toy/results"
    results.rename(tmp_path / "outside")
    results.symlink_to(tmp_path / "outside")

    with pytest.raises(Exception, match="leads out of the knowledge base"):
        workflow.check(root)


def test_definitions_are_made_anew_whoever_touched_them(tmp_path: Path) -> None:
    """A formatter or a search-and-replace inside the generated definitions is undone; an author's line is kept."""
    root = executed(tmp_path)
    honest = read(root, HUB)
    swap(root, HUB, "test rows", "rows of test")

    assert codes(workflow.check(root).findings) == ["LG103"]
    workflow.render(root, [])
    assert read(root, HUB) == honest

    swap(root, HUB, "\n<!-- /logg", "[mine]: https://example.org\n\n<!-- /logg")
    assert codes(workflow.render(root, []).findings) == ["LG104"]


def test_status_remembers_a_threshold_that_moved(tmp_path: Path) -> None:
    """What was promised before the run is not forgotten once the page is rendered again."""
    root = executed(tmp_path)
    assert workflow.status(root).data["moved"] == []

    swap(root, EXP, "gain >= 0.2", "gain >= 0.1")
    workflow.render(root, [])

    assert workflow.status(root).data["moved"] == ["TOY-1 H-A"]
    assert "moved after the run: TOY-1 H-A" in workflow.status(root).lines


def test_a_neighbour_that_cannot_be_read_does_not_excuse_a_typo(tmp_path: Path) -> None:
    """Before a run its own expressions are checked, whatever else in the topic is broken."""
    root = executed(tmp_path)
    swap(root, HUB, "kind: hub", "kind:hub")
    swap(root, EXP, "gain: strong.r2", "gain: strnog.r2")

    with pytest.raises(DocumentsRefused) as refused:
        workflow.execute(root, ["TOY-1"], everything=False, settings=Settings("cpu", force=True))

    assert "LG302" in codes(refused.value.findings)
