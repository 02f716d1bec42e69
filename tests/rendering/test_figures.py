"""Figures of documents: drawn when their evidence moved, stamped, and never over a person's edit."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from runner import workflow
from runner.rendering import figures
from runner.rendering.desk import lay
from runner.safety import canonical
from runner.verdicts.knowledge import gather
from tests.executed import EXP, HUB, PREDICTIONS, add, codes, execute, executed, read, swap
from tests.knowledge import toy

BARS = "<!-- logg: figure {kind: bars, of: [weak.r2, strong.r2]} -->"


def drawn(root: Path) -> Path:
    """Return the one figure of the toy report."""
    (path,) = root.glob("logg/toy/img/TOY-1/*.svg")
    return path


def written(old: bytes, new: bytes) -> Callable[[Path], object]:
    """Return a damage that writes into a file."""
    return lambda path: path.write_bytes(path.read_bytes().replace(old, new))


def test_a_figure_is_linked_where_it_is_declared(tmp_path: Path) -> None:
    """The block holds a relative link to a file that is there, and says in words what it shows."""
    root = executed(tmp_path)

    match = re.search(r"!\[(.*)\]\((.*)\)", read(root, EXP))

    assert match
    assert match[1] == "bars: weak.r2, strong.r2"
    assert ((root / EXP).parent / match[2]).resolve() == drawn(root).resolve()


def test_a_bug_behind_a_figure_is_not_taken_for_a_wrong_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong with a block is told where the block is rendered; what is wrong with us is told as that."""
    root = executed(tmp_path)
    add(root, HUB, "<!-- logg: figure [bars] -->\n\n<!-- logg: figure -->\n\n<!-- logg: figure {kind: bars -->")
    knowledge = gather(root)
    hub = knowledge.library.named("TOY-hub")
    assert figures.figures_of(hub, knowledge) == []

    def broken(*_: object) -> figures.Figure:
        raise AttributeError("ours")

    monkeypatch.setattr(figures, "declared", broken)

    with pytest.raises(AttributeError, match="ours"):
        figures.figures_of(knowledge.library.named("TOY-1"), knowledge)


def test_nothing_is_drawn_before_there_are_results(tmp_path: Path) -> None:
    """Without evidence there is a sentence in the place of the figure, and no finding."""
    root = toy(tmp_path)

    report = workflow.render(root, [])

    assert (report.data["drawn"], report.findings) == ([], [])
    assert "The figure is drawn when its results are there." in read(root, EXP)
    assert workflow.check(root).findings == []


@pytest.mark.parametrize(
    ("damage", "code", "message"),
    [
        (Path.unlink, "LG106", "is not drawn"),
        (lambda path: path.write_bytes(b""), "LG106", "shows older results"),
        (written(b"from ", b"from 0"), "LG106", "shows older results"),
        (written(b"</svg>", b"<g/></svg>"), "LG107", "edited by hand"),
        (written(b"0.029", b"0.929"), "LG107", "edited by hand"),
    ],
)  # fmt: skip
def test_a_missing_older_or_edited_figure_is_found(
    tmp_path: Path, damage: Callable[[Path], object], code: str, message: str
) -> None:
    """The stamp in the file tells what it was drawn from and whether it was changed since."""
    root = executed(tmp_path)
    damage(drawn(root))

    found = workflow.check(root).findings

    assert codes(found) == [code]
    assert message in found[0].message


def test_render_draws_what_is_missing_and_leaves_what_was_edited(tmp_path: Path) -> None:
    """A lost figure comes back byte for byte; an edited one stays until it is deleted."""
    root = executed(tmp_path)
    whole = drawn(root).read_bytes()
    drawn(root).unlink()
    workflow.render(root, [])
    assert drawn(root).read_bytes() == whole

    mine = whole.replace(b"0.029", b"0.929")
    drawn(root).write_bytes(mine)
    report = workflow.render(root, [])
    assert (report.code, codes(report.findings)) == (1, ["LG107"])
    assert report.findings[0].fix == "delete it, then runner render TOY-1"
    assert drawn(root).read_bytes() == mine


def test_line_ends_are_no_edit_of_a_figure(tmp_path: Path) -> None:
    """A checkout that changed line ends did not change the figure."""
    root = executed(tmp_path)
    drawn(root).write_bytes(drawn(root).read_bytes().replace(b"\n", b"\r\n"))

    assert workflow.check(root).findings == []


def test_a_figure_is_redrawn_when_its_results_move(tmp_path: Path) -> None:
    """New predictions make the figure show older results until it is drawn again."""
    root = executed(tmp_path)
    before = drawn(root).read_bytes()
    swap(root, EXP, "alpha: 1e4", "alpha: 1e3")

    report = execute(root)

    assert report.data["drawn"] == [drawn(root).relative_to(root).as_posix()]
    assert drawn(root).read_bytes() != before
    assert workflow.check(root).findings == []


def test_a_figure_is_redrawn_when_its_formula_moves(tmp_path: Path) -> None:
    """A definition that was rewritten gives another number: what is drawn is the evidence."""
    root = executed(tmp_path)
    swap(root, EXP, BARS, BARS.replace("weak.r2, strong.r2", "gain"))
    workflow.render(root, [])
    swap(root, EXP, "gain: strong.r2 - weak.r2", "gain: strong.r2 / weak.r2")

    assert "LG106" in codes(workflow.check(root).findings)
    assert workflow.render(root, []).data["drawn"]


def test_a_figure_is_redrawn_when_a_recorded_number_moves(tmp_path: Path) -> None:
    """Numbers recorded without predictions are drawn with the interval they bring, and there is no cloud of points."""
    root, facts, found = executed(tmp_path), tmp_path / "made.csv", []
    drawn(root).unlink()
    swap(root, EXP, BARS, BARS.replace("weak.r2, strong.r2", "strong.r2"))
    swap(root, EXP, "gain: strong.r2 - weak.r2", "gain: across(strong.r2 - weak.r2)")
    for ends in ("0.95,0.99", "0.96,0.98"):
        facts.write_text(f"address,value,low,high,n,population\nstrong.r2,0.97,{ends},816,covered rows\n", "utf-8")
        workflow.record(root, "TOY-1", facts)
        found.append(drawn(root).read_bytes())

    assert found[0] != found[1]
    swap(root, EXP, "{kind: bars, of: [strong.r2]}", "{kind: parity, of: [strong]}")
    assert "`strong` was recorded without predictions" in [f.message for f in workflow.check(root).findings]


def test_a_figure_is_not_redrawn_for_words(tmp_path: Path) -> None:
    """Titles, prose and other blocks are no evidence."""
    root = executed(tmp_path)
    swap(root, EXP, "title: A toy", "title: Another")
    add(root, EXP, "Words.")

    assert workflow.render(root, []).data["drawn"] == []


def test_a_new_version_of_a_figure_draws_it_again(tmp_path: Path) -> None:
    """What is drawn depends on the VERSION that the figure's file declares."""
    knowledge = gather(executed(tmp_path))
    document, contracts = knowledge.library.named("TOY-1"), dict(knowledge.library.plugins.figures)
    (now,) = figures.figures_of(document, knowledge)

    contracts["bars"] = replace(contracts["bars"], version=99)
    newer = replace(knowledge.library, plugins=replace(knowledge.library.plugins, figures=contracts))
    (later,) = figures.figures_of(document, replace(knowledge, library=newer))

    assert figures.trouble(now, document) is None
    assert "shows older results" in str(figures.trouble(later, document))


def test_a_hub_draws_quantities_of_others(tmp_path: Path) -> None:
    """A figure stands in any document, next to the folder of its topic."""
    root = executed(tmp_path)
    add(root, HUB, "<!-- logg: figure {kind: bars, of: [toy.gain, toy.strong.old.r2]} -->")

    report = workflow.render(root, [])

    assert report.data["drawn"][0].startswith("logg/toy/img/TOY-hub/bars-")
    assert workflow.check(root).findings == []


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("{kind: parity, of: [gain]}", "`gain` is no job of this document"),
        ("{kind: bars, of: [weak.r2 / 0]}", "`weak.r2 / 0` has no finite value to draw"),
        ("{kind: confusion, of: [strong]}", "`strong.confusion` is no table of rows and columns"),
        ("{kind: gate_weights, of: [strong]}", "`strong.weight` is no table of rows and columns"),
        ("{kind: heatmap, of: [gain]}", "`gain` is no table of rows and columns"),
        ("{kind: spectrum, of: [gain]}", "`gain` is no profile"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(tmp_path: Path, block: str, message: str) -> None:
    """Render says why a figure is not drawn, and writes everything else."""
    root = executed(tmp_path)
    swap(root, EXP, "{kind: bars, of: [weak.r2, strong.r2]}", block)
    swap(root, HUB, "[0.92]", "[0.29]")

    report = workflow.render(root, [])

    line = read(root, EXP).splitlines().index(BARS.replace("{kind: bars, of: [weak.r2, strong.r2]}", block)) + 1
    assert [(finding.message, finding.place.line) for finding in report.findings] == [(message, line)]
    assert "[0.92]" in read(root, HUB)


@pytest.mark.parametrize(
    ("block", "code", "message"),
    [
        ("{kind: bars, of: [gain], x: traim}", "LG208", "`gain` does not vary over `traim`"),
        ("{kind: heatmap, of: [gain], y: train}", "LG208", "there is `y: train` and no `x`"),
        ("{kind: spectrum, of: [strong.wieghts]}", "LG302", "`strong.wieghts`: unknown name `wieghts`"),
        ("{kind: curve, of: [strong.val_mes], x: alpha}", "LG302", "`strong.val_mes` is no table that a job returned"),
        ("{kind: spectrum, of: [strong.weights], marks: far}", "LG203", "`marks` of `spectrum`"),
        ("{kind: learning, of: [strong]}", "LG302", "`strong` returned no curves"),
        ("{kind: learning, of: [strong], over: time}", "LG203", "`over` of `learning`"),
        ("{kind: heat_map, of: [gain]}", "LG204", "there is no figure `heat_map`"),
    ],
)
def test_what_is_declared_wrong_is_found_by_check(tmp_path: Path, block: str, code: str, message: str) -> None:
    """Names and axes are checked without a plotting library, before anything is drawn."""
    root = executed(tmp_path)
    swap(root, EXP, "{kind: bars, of: [weak.r2, strong.r2]}", block)

    found = [finding for finding in workflow.check(root).findings if finding.code == code]

    assert any(finding.message.startswith(message) for finding in found)


def test_a_parameter_at_its_default_renames_no_figure(tmp_path: Path) -> None:
    """Whether it is written or not, and whether its kind had it when the figure was drawn."""
    knowledge = gather(executed(tmp_path))
    desk = lay(knowledge.library.named("TOY-1"), knowledge)
    plain = {"kind": "spectrum", "of": ["strong.weights"]}

    name = figures.declared(plain, desk).path.name

    assert name == f"spectrum-{canonical.digest(['spectrum', {'of': ['strong.weights']}], 8)}.svg"
    assert figures.declared({**plain, "smooth": 1}, desk).path.name == name
    assert figures.declared({**plain, "smooth": 2}, desk).path.name != name


def test_a_figure_that_is_too_large_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A base is cloned with all its figures: each stays small."""
    root = executed(tmp_path)
    drawn(root).unlink()
    monkeypatch.setattr(figures, "LARGEST", 1000)

    report = workflow.render(root, [])

    assert [finding.code for finding in report.findings] == ["LG106"]
    assert "at most 1 kB are kept" in report.findings[0].message
    assert not list(root.glob("logg/toy/img/TOY-1/*.svg"))


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ({EXP: "TOY-1"}, "TOY-1 borrows a figure from itself"),
        ({EXP: "TOY-hub", HUB: "TOY-1"}, "TOY-hub has no figure `bars`"),
    ],
)
def test_a_figure_borrowed_in_a_circle_is_one_line(tmp_path: Path, blocks: dict[str, str], message: str) -> None:
    """Only what a document declares itself can be borrowed."""
    root = executed(tmp_path)
    swap(root, EXP, BARS, "")
    for name, owner in blocks.items():
        add(root, name, f"<!-- logg: figure {{kind: bars, from: {owner}}} -->")

    report = workflow.check(root)

    assert message in [finding.message for finding in report.findings]


def test_a_borrowed_figure_is_linked_and_not_drawn_again(tmp_path: Path) -> None:
    """The hub shows the file of the experiment; a figure that this one borrows itself does not hide it."""
    root = executed(tmp_path)
    add(root, HUB, "<!-- logg: figure {kind: bars, from: TOY-1} -->")
    swap(root, EXP, BARS, f"<!-- logg: figure {{kind: bars, from: TOY-hub}} -->\n\n{BARS}")

    report = workflow.render(root, [])

    assert report.data["drawn"] == []
    assert [finding.message for finding in report.findings] == ["TOY-hub has no figure `bars`"]
    assert f"img/TOY-1/{drawn(root).name}" in read(root, HUB)


def test_predictions_that_are_damaged_are_not_drawn(tmp_path: Path) -> None:
    """A figure of predictions needs the very array its result vouches for."""
    root = executed(tmp_path)
    swap(root, EXP, BARS, BARS.replace("bars, of: [weak.r2, strong.r2]", "parity, of: [weak]"))
    (root / PREDICTIONS).write_bytes(b"")

    report = workflow.render(root, [])

    assert report.data["drawn"] == []
    assert set(codes(report.findings)) == {"LG402"}


def test_without_matplotlib_everything_but_figures_is_rendered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The core needs no plotting library: the figure is left with the command that brings it."""
    root = executed(tmp_path)
    drawn(root).unlink()
    swap(root, HUB, "[0.92]", "[0.29]")
    monkeypatch.setitem(sys.modules, "runner.figures.bars", None)

    report = workflow.render(root, [])

    assert codes(report.findings) == ["LG106"]
    assert "drawing needs" in report.findings[0].message
    assert "[0.92]" in read(root, HUB)
