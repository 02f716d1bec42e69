"""The look of figures: the same bytes every time, small, transparent, text as text."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from runner.figures import bars, parity
from runner.figures._canvas import canvas, svg
from runner.findings import InputRefused
from runner.results.board import Board
from runner.verdicts.knowledge import gather
from tests.executed import PROTOCOL, executed, swap

OF = ("weak.r2", "strong.r2", "gain")


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    """Return the evidence of the toy report."""
    knowledge = gather(executed(tmp_path_factory.mktemp("base")))
    return Board(knowledge.evaluator, knowledge.library.named("TOY-1"))


def picture(kind: str, board: Board) -> bytes:
    """Draw one figure of each kind."""
    if kind == "bars":
        return bars.draw(bars.Params(OF), board)
    return parity.draw(parity.Params(("weak", "strong")), board)


def words(drawn: bytes) -> list[str]:
    """Return the texts of a picture."""
    root = ET.fromstring(drawn)  # noqa: S314 - our own picture
    return ["".join(element.itertext()).strip() for element in root.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("kind", ["bars", "parity"])
def test_a_picture_is_byte_identical_when_drawn_twice(board: Board, kind: str) -> None:
    """No clock, no random id: whoever draws the same evidence gets the same file."""
    assert picture(kind, board) == picture(kind, board)


@pytest.mark.parametrize("kind", ["bars", "parity"])
def test_a_picture_is_small_and_transparent(board: Board, kind: str) -> None:
    """A figure stays under 150 kB and takes the background of its page."""
    drawn = picture(kind, board)

    assert len(drawn) < 150_000
    assert not re.search(rb"dc:(date|creator)", drawn)
    assert not re.search(rb"fill: ?(#fff(fff)?|white)", drawn)


def test_ten_thousand_points_stay_small() -> None:
    """Points are one image per panel, so that a figure of many rows is no larger than one of few."""
    generator = np.random.default_rng(1)
    many = SimpleNamespace(
        truth=lambda: np.arange(1e4),
        predicted=lambda _job: np.arange(1e4) + generator.normal(0, 500, 10_000),
        run=lambda job: job,
        target="depth",
    )

    assert len(parity.draw(parity.Params(("a", "b", "c", "d")), cast("Board", many))) < 150_000


@pytest.mark.parametrize("jobs", [1, 2, 3, 4])
def test_panels_are_no_wider_than_a_page(jobs: int) -> None:
    """More than two begin another row, and no empty panel shows its axes."""
    truth = np.linspace(1, 5, 80)
    some = SimpleNamespace(truth=lambda: truth, predicted=lambda _: truth, run=lambda job: job, target="weight (kg)")

    drawn = parity.draw(parity.Params(tuple("abcd"[:jobs])), cast("Board", some))

    assert float(re.findall(rb'viewBox="0 0 ([\d.]+)', drawn)[0]) <= 7.5 * 72
    assert words(drawn).count("true weight (kg)") == jobs


def test_text_is_text(board: Board) -> None:
    """Labels can be searched, copied and read aloud; they are no outlines."""
    assert {*OF, "0.029", "0.923", "0.894"} <= set(words(picture("bars", board)))
    assert {"weak", "strong", "true weight (kg)", "predicted weight (kg)"} <= set(words(picture("parity", board)))


def test_bars_show_the_intervals(board: Board) -> None:
    """Each bar carries its interval over test rows."""
    assert board.quantity("gain").interval is not None
    assert picture("bars", board).count(b'id="interval-') == 3


def test_a_quantity_without_interval_is_a_bar(board: Board) -> None:
    """A number a job returned has no resamples and is drawn all the same."""
    assert "200.000" in words(bars.draw(bars.Params(("weak.train_rows",)), board))


@pytest.mark.parametrize("text", ["weak.r2 / 0", "0 / (weak.r2 - weak.r2)"])
def test_what_is_not_finite_is_not_drawn(board: Board, text: str) -> None:
    """A bar of no length is refused by name."""
    with pytest.raises(InputRefused, match="no finite value to draw"):
        bars.draw(bars.Params((text,)), board)


def test_only_jobs_have_predictions(board: Board) -> None:
    """A parity panel shows a job of the document."""
    with pytest.raises(InputRefused, match="`gain` is no job"):
        parity.draw(parity.Params(("weak", "gain")), board)


@pytest.mark.parametrize("unit", ["$a$", r"$\frac$", "千克", "🌈"])
def test_a_unit_is_shown_as_it_is_written(tmp_path: Path, unit: str) -> None:
    """Signs that a plotting library would take for mathematics or has no glyph for are text."""
    root = executed(tmp_path)
    swap(root, PROTOCOL, "weight: kg", f"weight: '{unit}'")
    knowledge = gather(root)

    drawn = picture("parity", Board(knowledge.evaluator, knowledge.library.named("TOY-1")))

    assert f"true weight ({unit})" in words(drawn)


def test_the_farthest_points_do_not_set_the_limits() -> None:
    """One absurd prediction among a thousand does not squeeze all others into a corner."""
    truth = np.linspace(0, 1, 1000)
    predicted = np.append(truth[1:], 1e9)

    low, high = parity._range([truth, predicted])

    assert -0.1 < low < 0.01
    assert 0.99 < high < 1.1


@pytest.mark.parametrize("panels", [1, 2, 3])
@pytest.mark.parametrize("largest", [1e-3, 5.0, 70.0, 5000.0])
def test_all_text_lies_inside_the_picture(panels: int, largest: float) -> None:
    """Square panels leave room for the titles above and the labels below, however wide their numbers are."""
    truth = np.linspace(largest / 2, largest, 80)
    some = SimpleNamespace(truth=lambda: truth, predicted=lambda _: truth, run=lambda job: job, target="weight (kg)")

    drawn = parity.draw(parity.Params(("a", "b", "c")[:panels]), cast("Board", some)).decode()

    height = float(re.findall(r'viewBox="0 0 [\d.]+ ([\d.]+)"', drawn)[0])
    baselines = [float(y) for y in re.findall(r'<text style="[^"]*" x="[-\d.]+" y="([-\d.]+)"', drawn)]
    assert min(baselines) > 13  # the height of a title
    assert max(baselines) < height - 3  # what hangs below a line


def test_a_canvas_has_as_many_panels_as_asked() -> None:
    """One figure, a row of axes, no stated size of anything else."""
    figure, axes = canvas(4, 3, 3)

    assert len(axes) == len(figure.axes) == 3
    assert svg(figure).startswith(b"<?xml")
