"""Curves and histograms: what they draw is what the evaluator says."""

from __future__ import annotations

import re

import pytest

from runner.findings import InputRefused
from runner.results.board import Board
from runner.verdicts.knowledge import Knowledge
from tests.swept import file, swept

curve = pytest.importorskip("runner.figures.curve")
bootstrap = pytest.importorskip("runner.figures.bootstrap")


@pytest.fixture(scope="module")
def filed(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """File the swept base once."""
    return file(swept(tmp_path_factory.mktemp("base")))


def board(filed: Knowledge) -> Board:
    """Return what a figure of the experiment sees."""
    return Board(filed.evaluator, filed.library.named("TOY-S"))


def texts(svg: bytes) -> list[str]:
    """Return the texts of a drawing, in order."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg.decode())


def test_a_curve_has_a_tick_per_value_and_a_line_per_quantity(filed: Knowledge) -> None:
    """Values are spoken on the axis, quantities named in the legend."""
    drawn = curve.draw(curve.Params(x="train", of=("net.r2", "line.r2")), board(filed))

    assert {"50k", "1M", "train", "net.r2", "line.r2"} <= set(texts(drawn))
    assert drawn.count(b'id="FillBetweenPolyCollection_') == 2  # one band each


def test_a_curve_over_a_partition_names_its_bins(filed: Knowledge) -> None:
    """Bins stand side by side under the names people call them."""
    drawn = curve.draw(curve.Params(x="half", of=("net(1M).r2",)), board(filed))

    assert {"20–40", "40–60"} <= set(texts(drawn))


def test_the_same_evidence_gives_the_same_bytes(filed: Knowledge) -> None:
    """Nothing of the moment enters a drawing."""
    params = curve.Params(x="train", of=("net.r2",))

    assert curve.draw(params, board(filed)) == curve.draw(params, board(filed))


def test_a_histogram_names_its_quantity(filed: Knowledge) -> None:
    """The resamples of a difference of two runs are drawn under its expression."""
    drawn = bootstrap.draw(bootstrap.Params(of=("step",)), board(filed))

    assert "step" in texts(drawn)


def test_what_has_no_resamples_cannot_be_drawn(filed: Knowledge) -> None:
    """A count of rows is one number."""
    with pytest.raises(InputRefused, match="no resamples"):
        bootstrap.draw(bootstrap.Params(of=("net(1M).n",)), board(filed))


def test_evidence_along_an_axis_moves_with_any_of_its_runs(filed: Knowledge) -> None:
    """Every run along the axis is part of what identifies a curve; a quantity that does not vary is refused."""
    there = board(filed)

    assert there.evidence(["net.r2"], "train") != there.evidence(["net(1M).r2", "net(50k).r2"])
    assert len(there.evidence(["net.r2"], "train")) > len(there.evidence(["net(1M).r2"]))
    with pytest.raises(InputRefused, match="does not vary over `train`"):
        there.evidence(["step"], "train")
