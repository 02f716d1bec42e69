"""Bars over the parts of a partition: heights, intervals and names are those of the evaluator."""

from __future__ import annotations

import math
import re
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from runner.results.board import Board
from runner.results.quantities import Quantity
from runner.results.returned import Stop
from runner.verdicts.knowledge import Knowledge
from tests.figures.drawings import boxes, texts
from tests.gated import gated

bars = pytest.importorskip("runner.figures.bars")


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """File the gated base once."""
    return gated(tmp_path_factory.mktemp("base"))


def board(known: Knowledge) -> Board:
    """Return what a figure of the experiment sees."""
    return Board(known.evaluator, known.library.named("TOY-S"))


def heights(drawn: bytes) -> list[float]:
    """Return the signed heights of all bars, in the order they are drawn, from the line at zero."""
    return [start - end for start, end in boxes(drawn)]


def test_bars_over_a_partition_are_as_high_as_the_evaluator_says(known: Knowledge) -> None:
    """One group per part in the order of the protocol, one bar per quantity in each."""
    seen, of = board(known), ("net(1M).mae", "line(1M).mae")
    drawn = bars.draw(bars.Params(of, "stage"), seen)

    said = [stop.quantity.point for text in of for stop in seen.series(text, "stage")]
    high = heights(drawn)
    assert len(high) == len(said) == 6
    np.testing.assert_allclose(np.array(high) / high[0], np.array(said) / said[0], rtol=1e-4)
    assert [text for text in texts(drawn) if text in {"child", "teen", "grown"}] == ["child", "teen", "grown"]
    assert {"stage", "MAE (kg)", *of} <= set(texts(drawn))


def test_differences_may_be_negative(known: Knowledge) -> None:
    """Their bars hang from the line."""
    seen = board(known)
    drawn = bars.draw(bars.Params(("net(1M).r2 - line(1M).r2",), "stage"), seen)

    said = [stop.quantity.point for stop in seen.series("net(1M).r2 - line(1M).r2", "stage")]
    assert [math.copysign(1, high) for high in heights(drawn)] == [math.copysign(1, value) for value in said]


def test_every_bar_with_an_interval_shows_it(known: Knowledge) -> None:
    """A part of few rows has none, and a table never has."""
    seen = board(known)
    stops = seen.series("line(1M).r2", "half")
    drawn = bars.draw(bars.Params(("line(1M).r2",), "half"), seen)

    assert drawn.count(b'id="interval-') == sum(stop.quantity.interval is not None for stop in stops) == 2
    assert b'id="interval-' not in bars.draw(bars.Params(("line(1M).alpha",), "stage"), seen)


def made_up(values: list[float], measure: str = "R²") -> Board:
    """Return a board that knows one series."""
    stops = [Stop(f"part_{k}", f"part_{k}", Quantity(np.array([value]))) for k, value in enumerate(values)]
    return cast("Board", SimpleNamespace(series=lambda *_: stops, measure=lambda _: measure))


def test_a_part_without_a_finite_value_has_no_bar() -> None:
    """The others are drawn, and its name stays."""
    drawn = bars.draw(bars.Params(("a.r2",), "bin"), made_up([0.5, math.nan, 0.25]))

    assert [round(high / heights(drawn)[0], 4) for high in heights(drawn)] == [1, 0.5]
    assert "part_1" in texts(drawn)


def test_a_bar_far_below_zero_is_cut_and_says_so() -> None:
    """Under an R² of -1 the axis ends, so that the others can be told apart."""
    drawn = bars.draw(bars.Params(("a.r2",), "bin"), made_up([0.9, -699.0]))

    assert "−699" in texts(drawn)
    assert {"−1.00", "0.75"} <= set(texts(drawn))
    assert "−699" not in texts(bars.draw(bars.Params(("a.mae",), "bin"), made_up([0.9, -699.0], "MAE")))


@pytest.mark.parametrize(("parts", "angle"), [(3, "-0"), (9, "-0"), (12, "-40")])
def test_names_that_would_touch_slant(parts: int, angle: str) -> None:
    """Others stand upright."""
    drawn = bars.draw(bars.Params(("a.r2",), "bin"), made_up([0.5] * parts)).decode()

    assert re.findall(r'rotate\(([-\d]+) [^"]*\)">part_0', drawn) == [angle]


def test_jobs_stand_for_their_first_metric(known: Knowledge) -> None:
    """As one writes them: the names of jobs alone."""
    drawn = texts(bars.draw(bars.Params(("line(50k)", "line(1M)")), board(known)))

    assert {"line(50k)", "line(1M)", "R²", f"{board(known).quantity('line(1M).r2').point:.3f}"} <= set(drawn)


def test_the_same_evidence_gives_the_same_bytes(known: Knowledge) -> None:
    """Nothing of the moment enters a drawing."""
    params = bars.Params(("net(1M).r2", "line(1M).r2"), "stage")

    assert bars.draw(params, board(known)) == bars.draw(params, board(known))
