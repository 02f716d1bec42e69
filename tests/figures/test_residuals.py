"""Residuals: what the three panels show of the rows, and of what bounds allow."""

from __future__ import annotations

import base64
import io
import re
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from runner.expressions.tokens import ExpressionRefused
from runner.findings import InputRefused
from runner.results.board import Board
from tests.figures.bounded import bounded
from tests.figures.drawings import lines, texts, ticks

residuals = pytest.importorskip("runner.figures.residuals")
image = pytest.importorskip("PIL.Image")
from runner.figures import parity  # noqa: E402 - only where matplotlib is there
from runner.figures._canvas import COLOURS  # noqa: E402

TRUTH = np.linspace(1, 5, 10_000)
NOISE = np.random.default_rng(5).normal(size=len(TRUTH))


def made_up(predicted: np.ndarray, truth: np.ndarray = TRUTH, **bounds: np.ndarray) -> Board:
    """Return a board that knows these rows, all of one population."""
    fake: dict[str, Any] = {"truth": lambda: truth, "predicted": lambda _: predicted, "bounds": bounds.__getitem__}
    rows = SimpleNamespace(populations=("rows",))
    return cast("Board", SimpleNamespace(**fake, run=str, quantity=lambda _: rows, target="weight (kg)"))


@pytest.fixture(scope="module")
def filed(tmp_path_factory: pytest.TempPathFactory) -> Board:
    """File the bounded base once, and return what a figure of it sees."""
    known = bounded(tmp_path_factory.mktemp("base"))
    return Board(known.evaluator, known.library.named("TOY-B"))


def panels(drawn: bytes) -> list[np.ndarray]:
    """Return how opaque each pixel of the counted panels is, row 0 on top."""
    found = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=\s]+)", drawn.decode())
    return [np.array(image.open(io.BytesIO(base64.b64decode(each))))[..., 3] for each in found]


def test_three_panels_name_what_they_show() -> None:
    """The job above the first, the target with its unit below, bounds with the least error they leave."""
    seen = made_up(TRUTH + NOISE, edge=np.full(len(TRUTH), 0.25))
    drawn = residuals.draw(residuals.Params(("net",), ("edge",)), seen)

    said = {"net", "true weight (kg)", "predicted weight (kg)", "predicted − true weight (kg)", "share of rows"}
    assert {*said, "edge ± 0.500"} <= set(texts(drawn))
    assert len(panels(drawn)) == 2


@pytest.mark.parametrize("rows", [1_000, 10_000, 30_000])
def test_rows_are_counted_so_that_many_weigh_no_more_than_few(rows: int) -> None:
    """However they scatter."""
    generator = np.random.default_rng(1)
    truth, predicted = generator.uniform(1, 5, (2, rows))

    assert len(residuals.draw(residuals.Params(("net",), ("edge",)), made_up(predicted, truth, edge=truth))) < 100_000


def test_a_drawing_is_the_same_every_time() -> None:
    """Images included."""
    seen = made_up(TRUTH + NOISE)

    assert residuals.draw(residuals.Params(("net",)), seen) == residuals.draw(residuals.Params(("net",)), seen)


def test_cells_lie_where_their_rows_do() -> None:
    """Predictions that equal the truth fill a diagonal, and leave nothing: a line at zero."""
    parity_panel, trend = panels(residuals.draw(residuals.Params(("net",)), made_up(TRUTH)))

    rows, columns = np.nonzero(parity_panel)
    assert np.corrcoef(rows, columns)[0, 1] > 0.99
    assert np.ptp(np.nonzero(trend)[0]) <= 0.03 * len(trend)
    assert np.nonzero(trend)[0].mean() == pytest.approx(len(trend) / 2, rel=0.03)


def test_a_cell_is_the_more_opaque_the_more_rows_it_holds() -> None:
    """One that holds a single row among many can still be seen."""
    crowd = np.append(np.full(999, 3.0), 1.0)
    counted, _ = panels(residuals.draw(residuals.Params(("net",)), made_up(crowd, crowd)))

    assert sorted(set(counted[counted > 0].tolist())) == pytest.approx([0.3 * 255 + 0.7 * 255 / 999**0.5, 255], abs=1)


def test_an_envelope_is_what_bounds_leave_in_the_middle_along_the_truth() -> None:
    """Their root, above and below the truth and above and below zero; one line on either side in all."""
    variances = np.where(TRUTH < 3, 0.04, 0.25)
    drawn = residuals.draw(residuals.Params(("net",), ("edge",)), made_up(TRUTH + NOISE, edge=variances))

    found = [line.corners for line in lines(drawn) if line.colour == COLOURS[1]]
    assert [len(corners) for corners in found] == [18, 18, 18, 18, 2, 2]
    zero, unit = vertical(drawn, 1)
    for corners, sign in ((found[2], 1), (found[3], -1)):
        assert (corners[[0, -1], 1] - zero) / unit == pytest.approx([sign * 0.2, sign * 0.5], abs=0.01)
    middle, unit = vertical(drawn, 0)
    place = ticks(drawn)
    at = 1 + (found[0][[0, -1], 0] - place["1"]) / (place["5"] - place["1"]) * 4
    assert at == pytest.approx([1 + 2 / 18, 5 - 2 / 18], abs=0.01)
    for corners, sign in ((found[0], 1), (found[1], -1)):
        assert (corners[[0, -1], 1] - middle) / unit == pytest.approx(at + sign * np.array([0.2, 0.5]), abs=0.02)
    across = ticks(drawn, 2)
    wide = across["2"] - across["0"]
    assert [(corners[0, 0] - across["0"]) / wide * 2 for corners in found[4:]] == pytest.approx([0.2, -0.2], abs=0.01)


def vertical(drawn: bytes, panel: int) -> tuple[float, float]:
    """Return where zero stands on the vertical axis of a panel, and how long one is."""
    axis = drawn.decode().split(f'id="matplotlib.axis_{2 * panel + 2}"')[1].split('id="matplotlib.axis_')[0]
    marked = re.findall(
        r'<use xlink:href="#[^"]*" x="[\d.]+" y="([\d.]+)".*?<text[^>]*>([^<]*)</text>', axis, re.DOTALL
    )
    values = {float(label.replace("−", "-")): float(y) for y, label in marked}
    (low, first), *_, (high, last) = sorted(values.items())
    unit = (last - first) / (high - low)
    return first - low * unit, unit


def test_middles_are_taken_of_rows_that_are_there() -> None:
    """On a grid they stand at its nodes, and a few rows apart from the others have none."""
    nodes = np.append(np.repeat([1.0, 2.0, 5.0], 200), [3.9, 4.0])
    places, middles = residuals._middles(nodes, np.arange(len(nodes), dtype=float))

    assert places.tolist() == [1.0, 2.0, 5.0]
    assert middles.tolist() == [99.0, 299.0, 499.0]


def test_the_middle_is_the_one_the_metric_takes(filed: Board) -> None:
    """So that the number of the figure is that of the text."""
    drawn = residuals.draw(residuals.Params(("net(1)",), ("edge(1)",)), filed)

    assert f"edge(1) ± {filed.quantity('edge(1).sigma').point:.3f}" in texts(drawn)
    assert {"true weight (kg)", "net(1)"} <= set(texts(drawn))


def test_a_bound_without_end_leaves_the_others() -> None:
    """It is said in the legend and drawn nowhere."""
    variances = np.where(TRUTH < 4, np.inf, 0.25)
    drawn = residuals.draw(residuals.Params(("net",), ("edge",)), made_up(TRUTH + NOISE, edge=variances))

    assert "edge ± inf" in texts(drawn)
    assert all(np.isfinite(line.corners).all() for line in lines(drawn))


@pytest.mark.parametrize(
    ("of", "bound", "match"),
    [
        (("net(1)", "net(0.5)"), (), r"one job is due, not 2 -> write `of: net\(1\)`"),
        (("net(1)",), ("net(0.5)",), "populations differ: .*noise 1.*noise 0.5"),
        (("net(1)",), ("edge(0.5)",), r"populations differ: .*noise 1.*`net\(1\)`.*noise 0.5.*`edge\(0.5\)`"),
        (("net(1)",), ("net(1)",), r"`net\(1\)` returned no bounds"),
        (("edge(1)",), (), r"`edge\(1\)` predicts nothing"),
        (("net(1).r2",), (), "is no job of this document"),
        (("net(1)",), ("edge(1).bound",), "is no job of this document"),
        (("net",), (), "`net` has several runs"),
    ],
)
def test_what_cannot_be_drawn_is_refused(filed: Board, of: tuple[str, ...], bound: tuple[str, ...], match: str) -> None:
    """In one line, by name."""
    with pytest.raises((InputRefused, ExpressionRefused), match=match) as caught:
        residuals.draw(residuals.Params(of, bound), filed)

    assert "\n" not in str(caught.value)


def test_what_predicts_nothing_has_no_parity(filed: Board) -> None:
    """The other kind that draws predictions says so too."""
    with pytest.raises(InputRefused, match="predicts nothing"):
        parity.draw(parity.Params(("edge(1)",)), filed)
