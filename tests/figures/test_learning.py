"""Learning curves: a line per run, where its epochs stand, and a dot at the one that was kept."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from runner import workflow
from runner.findings import InputRefused
from runner.results.board import Board
from runner.results.curves import Curve
from runner.verdicts.knowledge import Knowledge
from tests.curved import curved
from tests.figures.drawings import Line, lines, marks, texts, ticks

learning = pytest.importorskip("runner.figures.learning")
BLOCK = "<!-- logg: figure {kind: learning, of: [net], curve: loss, over: rows} -->"


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """File the base once."""
    return curved(tmp_path_factory.mktemp("base"))


def board(known: Knowledge) -> Board:
    """Return what a figure of the experiment sees."""
    return Board(known.evaluator, known.library.named("TOY-S"))


def made_up(*curves: Curve) -> Board:
    """Return a board on which every job has these curves."""
    return cast("Board", SimpleNamespace(curves=lambda *_: list(curves)))


def curve(values: np.ndarray, label: str = "net", rows: float = 100, kept: int = 0) -> Curve:
    """Return a curve of a run that sees so many rows in each epoch."""
    return Curve(label, values, rows * np.arange(1, len(values) + 1), kept)


def drawn(*curves: Curve, name: str = "val_r2", over: str = "epoch") -> bytes:
    """Draw curves of one job."""
    return bytes(learning.draw(learning.Params(("net",), name, over), made_up(*curves)))


def straight(line: Line, values: np.ndarray, at: np.ndarray) -> None:
    """See that a line goes through the values at their places, up to the scale of both axes."""
    x, y = line.corners.T
    assert len(x) == len(values)
    np.testing.assert_allclose(np.interp(at, at[[0, -1]], x[[0, -1]]), x, atol=1e-3)
    slope = np.polyfit(values, y, 1)
    np.testing.assert_allclose(np.polyval(slope, values), y, atol=1e-3)
    assert slope[0] < 0  # heights are counted from the top


def test_a_line_goes_through_every_epoch() -> None:
    """At its number, as high as what is said of it."""
    values = np.random.default_rng(1).uniform(0.2, 0.9, 30)

    (line,) = (each for each in lines(drawn(curve(values))) if len(each.corners) > 2)

    straight(line, values, np.arange(1, 31.0))


def test_a_line_may_go_over_the_rows_that_were_seen() -> None:
    """Epochs that saw more rows are longer."""
    values, rows = np.random.default_rng(2).uniform(0.2, 0.9, 20), np.cumsum(np.linspace(500, 700, 20))

    svg = drawn(Curve("net", values, rows, 0), over="rows")

    (line,) = (each for each in lines(svg) if len(each.corners) > 2)
    straight(line, values, rows)
    assert {"rows seen", "10k"} <= set(texts(svg))


def test_there_is_a_dot_at_the_epoch_that_was_kept() -> None:
    """On its line and in its colour; a job that names none, or none of its epochs, has no dot."""
    values = np.random.default_rng(3).uniform(0.2, 0.9, 40)
    ours = [curve(values, "a", kept=17), curve(values - 1, "b"), curve(values + 1, "c", kept=41)]

    svg = drawn(*ours)

    (dot,) = marks(svg)
    line = next(each for each in lines(svg) if len(each.corners) > 2)
    assert dot[0] == line.colour
    np.testing.assert_allclose(dot[2:], line.corners[16], atol=1e-3)
    assert learning.KEPT in texts(svg)
    assert learning.KEPT not in texts(drawn(*ours[1:]))


@pytest.mark.parametrize(("epochs", "marked"), [(1, 1), (3, 3), (12, 12), (13, 0)])
def test_few_epochs_are_marked_one_by_one(epochs: int, marked: int) -> None:
    """A single one could not be seen otherwise."""
    assert len(marks(drawn(curve(np.linspace(0.1, 0.5, epochs))))) == marked


def test_seeds_share_a_look_and_a_name(known: Knowledge) -> None:
    """One colour and one entry of the legend for every point of a sweep, a line and a dot for every run."""
    svg = learning.draw(learning.Params(("net",)), board(known))

    colours = [line.colour for line in lines(svg) if len(line.corners) > 2]
    assert colours == [colours[0]] * 3 + [colours[-1]] * 3
    assert colours[0] != colours[-1]
    legend = [text for text in texts(svg) if text.startswith("net") or text == learning.KEPT]
    assert legend == ["net(train=50k)", "net(train=1M)", learning.KEPT]
    assert {"epoch", "validation R²"} <= set(texts(svg))


def test_more_lines_than_colours_are_told_apart_by_dashes() -> None:
    """No two lines of different names look the same."""
    svg = drawn(*(curve(np.linspace(0.1, 0.5, 20) + k / 10, f"net(k={k})") for k in range(10)))

    looks = [(line.colour, line.dashed) for line in lines(svg) if len(line.corners) > 2]
    assert len(set(looks)) == 10


def test_epochs_are_whole_numbers() -> None:
    """However few there are."""
    for epochs in (1, 2, 3, 200):
        assert all(label.isdigit() for label in ticks(drawn(curve(np.linspace(0.1, 0.5, epochs)))))


def test_rows_are_drawn_in_logarithms_where_runs_saw_many_times_more() -> None:
    """Ten times as many rows are everywhere as far to the right; runs of one length have a plain axis."""
    short, long = curve(np.linspace(0.1, 0.5, 20), rows=500), curve(np.linspace(0.1, 0.5, 20), rows=5e4)

    wide, plain = ticks(drawn(short, long, over="rows")), ticks(drawn(long, over="rows"))

    assert list(wide) == ["1k", "10k", "100k", "1M"]
    assert max(np.diff(list(wide.values()))) == pytest.approx(min(np.diff(list(wide.values()))), abs=0.01)
    assert list(plain)[:4] == ["200k", "400k", "600k", "800k"]


@pytest.mark.parametrize(("speed", "logarithmic"), [(-1.0, False), (-5.0, True)])
def test_a_loss_that_falls_tenfold_is_drawn_in_logarithms(speed: float, logarithmic: bool) -> None:  # noqa: FBT001
    """A straight line then, where it falls by the same share in each epoch."""
    svg = drawn(curve(np.exp(speed * np.linspace(0, 1, 30))), name="loss")

    (line,) = (each for each in lines(svg) if len(each.corners) > 2)
    steps = np.diff(line.corners[:, 1])
    assert (steps.max() - steps.min() < 1e-3) == logarithmic
    assert "training loss" in texts(svg)


@pytest.mark.parametrize(
    ("name", "called"),
    [("lr", "learning rate"), ("val_loss", "validation loss"), ("val_r2", "validation R²"), ("of_two", "of two")],
)
def test_what_is_drawn_is_named(name: str, called: str) -> None:
    """In words where it is known, otherwise as its job calls it."""
    assert called in texts(drawn(curve(np.linspace(0.1, 0.5, 20)), name=name))


def test_a_score_is_never_drawn_in_logarithms() -> None:
    """Though it may rise tenfold; and what is worse than useless leaves the panel."""
    (line,) = (each for each in lines(drawn(curve(np.linspace(0.05, 0.9, 30)))) if len(each.corners) > 2)
    low = [float(text.replace("−", "-")) for text in texts(drawn(curve(np.linspace(-30, 0.9, 30)))) if "." in text]

    assert np.ptp(np.diff(line.corners[:, 1])) < 1e-3
    assert min(low) == -1


def test_many_epochs_are_drawn_by_their_extremes() -> None:
    """Six runs of two thousand epochs stay small and keep their deepest and their highest points."""
    chance = np.random.default_rng(4)
    curves = [curve(chance.normal(size=2000), f"a_long_name_of_a_job(k={k})", kept=5) for k in range(6)]

    svg = drawn(*curves, name="lr")

    assert len(svg) < 150_000
    corners = [line.corners for line in lines(svg) if len(line.corners) > 2]
    assert all(len(each) <= 2 * learning.BLOCKS / 6 for each in corners)
    heights = np.array([[each[:, 1].max(), each[:, 1].min()] for each in corners]).ravel()
    ends = np.array([[each.values.min(), each.values.max()] for each in curves]).ravel()
    np.testing.assert_allclose(np.polyval(np.polyfit(ends, heights, 1), ends), heights, atol=1e-3)


def test_long_names_stand_below_each_other() -> None:
    """The legend grows and the panel stays as high as it was."""
    names = [f"a_job_with_a_rather_long_name(train={k}M)" for k in range(6)]
    svg, short = (
        drawn(*(curve(np.linspace(0.1, 0.5, 20), name, kept=3) for name in called)).decode()
        for called in (names, "abc")
    )

    heights = [float(re.findall(rf'y="([\d.]+)"[^>]*>{re.escape(name)}<', svg)[0]) for name in names]
    assert all(later - earlier > 10 for earlier, later in pairwise(heights))
    assert np.ptp(_spine(svg)) == pytest.approx(np.ptp(_spine(short)), rel=0.1)


def _spine(svg: str) -> list[float]:
    """Return the heights between which the vertical axis of a panel stands."""
    (path,) = re.findall(r'<g id="patch_3">\s*<path d="M [\d.]+ ([\d.]+) *\n?L [\d.]+ ([\d.]+)', svg)
    return [float(height) for height in path]


def test_a_curve_without_rows_has_no_place_among_them(known: Knowledge) -> None:
    """Said in one line, with what to do."""
    with pytest.raises(InputRefused, match=r"`line\(1M\)` does not say how many rows it had seen") as refused:
        board(known).evidence(["net", "line(1M)"], curve="loss", over="rows")

    assert (refused.value.code, refused.value.fix) == ("LG302", "leave out `over: rows`")
    assert board(known).evidence(["net", "line(1M)"], curve="loss", over="epoch")
    assert board(known).evidence(["net"], curve="loss", over="rows")


def test_a_report_shows_how_its_runs_went(tmp_path: Path) -> None:
    """Declared in a block, drawn with the page, and in agreement with it; another job has nothing to show."""
    root = curved(tmp_path).library.root
    report = root / "logg/toy/exp/swept.md"
    report.write_text(f"{report.read_text()}\n{BLOCK}\n")

    (path,) = workflow.render(root, []).data["drawn"]
    assert path.startswith("logg/toy/img/TOY-S/learning-")
    assert workflow.check(root).findings == []

    report.write_text(report.read_text().replace("[net]", "[net, line]"))
    said = "`line(train=50k)` does not say how many rows it had seen by the end of each epoch"
    assert said in [finding.message for finding in workflow.check(root).findings]

    report.write_text(report.read_text().replace("[net, line]", "[edge]"))
    assert "`edge` returned no curves" in [finding.message for finding in workflow.check(root).findings]


def test_the_same_evidence_gives_the_same_bytes(known: Knowledge) -> None:
    """Nothing of the moment enters a drawing."""
    params = learning.Params(("net", "line(50k)"), "loss")

    assert learning.draw(params, board(known)) == learning.draw(params, board(known))
