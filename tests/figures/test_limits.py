"""Limits behind the quantities they bound, and what sources published beside ours: curves of a base that has both."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from runner.findings import InputRefused
from runner.results.board import Board
from runner.results.metrics import LIMITS, SYMBOLS
from runner.results.quantities import Quantity
from runner.results.returned import Stop
from runner.verdicts.knowledge import Knowledge
from tests.figures.bounded import COVERED, EXPERIMENT, bounded
from tests.figures.drawings import lines, marks, texts, ticks

curve = pytest.importorskip("runner.figures.curve")
from runner.figures._canvas import COLOURS, INK  # noqa: E402 - only where matplotlib is there


@pytest.fixture(scope="module")
def filed(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """File the bounded base once."""
    return bounded(tmp_path_factory.mktemp("base"))


def board(filed: Knowledge, identity: str = "TOY-B") -> Board:
    """Return what a figure of a document sees."""
    return Board(filed.evaluator, filed.library.named(identity))


def made_up(measure: str, values: Mapping[str, tuple[float, ...]]) -> Board:
    """Return a board that knows a few lines of one metric, at 1, 2, 3 and so on."""
    found = {
        name: [Stop(f"{k}", float(k), Quantity(np.array([v]))) for k, v in enumerate(line, 1)]
        for name, line in values.items()
    }
    return cast("Board", SimpleNamespace(series=lambda text, _: found[text], measure=lambda _: measure))


def test_a_limit_stands_behind_what_it_bounds(filed: Knowledge) -> None:
    """It is a dashed line in ink without marks, and the axis is named after what stands in front."""
    drawn = curve.draw(curve.Params("noise", ("net.r2", "edge.bound", "edge.r2max")), board(filed))

    assert curves(drawn) == [(COLOURS[0], False), (INK, True), (INK, True)]
    assert {colour for colour, *_ in marks(drawn)} == {COLOURS[0]}
    assert {"R²", "edge.bound", "edge.r2max"} <= set(texts(drawn))
    assert drawn.count(b'id="FillBetweenPolyCollection_') == 3  # limits have their intervals too


def test_limits_alone_are_quantities_like_others(filed: Knowledge) -> None:
    """With colours and marks of their own."""
    drawn = curve.draw(curve.Params("noise", ("edge.bound", "edge.r2max")), board(filed))

    assert curves(drawn) == [(COLOURS[0], False), (COLOURS[1], False)]
    assert len(marks(drawn)) == 4


@pytest.mark.parametrize("metric", sorted(LIMITS))
def test_every_metric_of_bounds_is_a_limit(metric: str) -> None:
    """Whatever it is called, and whether or not it has a unit."""
    for unit in ("", " (kg)"):
        assert curve.Line("a", [], f"{SYMBOLS[metric]}{unit}").is_limit
    assert not curve.Line("a", [], "RMSE (kg)").is_limit
    assert not curve.Line("a", [], "").is_limit


def test_a_ratio_to_a_limit_is_no_limit(filed: Knowledge) -> None:
    """How much of it is reached is a quantity with an interval."""
    seen, of = board(filed), "net(1).r2 / edge(1).bound"
    drawn = curve.draw(curve.Params("half", (of,)), seen)

    first, second = (seen.quantity(f"net(1).half({age}).r2 / edge(1).half({age}).bound") for age in (30, 50))
    assert [stop.quantity.point for stop in seen.series(of, "half")] == [first.point, second.point]
    assert first.interval is not None
    assert curves(drawn) == [(COLOURS[0], False)]
    assert drawn.count(b'id="FillBetweenPolyCollection_') == 1


def test_published_values_are_open_marks_beside_ours(filed: Knowledge) -> None:
    """In the colour of ours, at the very values of the axis that the source gives, with its intervals."""
    drawn = curve.draw(curve.Params("noise", ("edge.sigma", "net.r2", "published(net.r2)")), board(filed))

    at = ticks(drawn)
    ours, theirs = ([x for colour, is_open, x, _ in marks(drawn) if is_open == asked] for asked in (False, True))
    assert {colour for colour, *_ in marks(drawn)} == {COLOURS[0]}
    assert ours == [at["0.5"], at["1"]]
    assert sorted(theirs) == [at["0.5"], at["1"], at["2"]]
    heights = {round(x, 3): y for _, is_open, x, y in marks(drawn) if is_open}
    first, last, middle = (heights[round(at[label], 3)] for label in ("0.5", "2", "1"))
    slope = (last - first) / (0.6 - 0.7)
    assert middle == pytest.approx(first + slope * (0.65 - 0.7), abs=1e-3)
    (interval,) = [line.corners for line in lines(drawn) if line.width == 1]
    assert interval[:, 0].tolist() == [at["2"], at["2"]]
    assert interval[:, 1] == pytest.approx(first + slope * (np.array([0.55, 0.65]) - 0.7), abs=1e-3)
    assert {"R²", "published(net.r2)"} <= set(texts(drawn))


def test_published_values_stand_on_an_axis_of_bins_where_their_sources_say(filed: Knowledge) -> None:
    """At a value within a bin, or beyond all of them, which is marked then."""
    drawn = curve.draw(curve.Params("half", ("net(1).r2", "published(net(1).r2)")), board(filed))

    at = ticks(drawn)
    assert list(at) == ["20", "40", "60", "70"]
    theirs = [x for _, is_open, x, _ in marks(drawn) if is_open]
    assert theirs == pytest.approx([(at["20"] + at["40"]) / 2, at["70"]], abs=1e-3)


def test_a_job_of_which_only_sources_speak_has_a_look_of_its_own(filed: Knowledge) -> None:
    """What was withdrawn is not drawn, nor what stands at no value of the axis."""
    seen = board(filed)
    drawn = curve.draw(curve.Params("half", ("net(1).r2", "published(far.r2)")), seen)

    assert [(stop.value, stop.quantity.point) for stop in seen.series("published(far.r2)", "half")] == [(25.0, 0.3)]
    assert {colour for colour, is_open, *_ in marks(drawn) if is_open} == {COLOURS[1]}


def test_published_limits_stand_behind_too() -> None:
    """Open marks in ink beside a quantity of ours."""
    published = SimpleNamespace(series=_quoted, measure=lambda items: "bound" if "published(a.bound)" in items else "")
    drawn = curve.draw(curve.Params("noise", ("net.r2", "published(a.bound)")), cast("Board", published))

    assert {colour for colour, is_open, *_ in marks(drawn) if is_open} == {INK}


def _quoted(text: str, _axis: str) -> list[Stop]:
    sources = ("a paper",) if text.startswith("published") else ()
    return [Stop("1", 1.0, Quantity(np.array([0.5]), published=sources))]  # type: ignore[arg-type]


def test_a_hub_draws_what_sources_of_an_experiment_say(filed: Knowledge) -> None:
    """By its alias, along an axis of that experiment and along its slices."""
    seen = board(filed, "TOY-hub")

    noise = {stop.value: stop.quantity.point for stop in seen.series("published(b.net.r2)", "noise")}
    assert noise == {0.5: 0.7, 1.0: 0.65, 2.0: 0.6}
    assert [stop.value for stop in seen.series("published(b.far.r2)", "half")] == [25.0]


def test_a_point_without_the_name_of_its_axis_belongs_to_the_only_one(tmp_path: Path) -> None:
    """Where there are two it is taken for neither."""
    text = EXPERIMENT.replace("  noise: [0.5, 1]", "  noise: [0.5, 1]\n  train: [50, 100]").replace("train: 100\n", "")
    two = board(bounded(tmp_path, text.replace("net(1).half", "net(100).half")))

    with pytest.raises(InputRefused, match=r"no source gives `net\.r2` along `noise`"):
        two.series("published(net.r2)", "noise")


@pytest.mark.parametrize(("of", "x"), [("net.sigma", "noise"), ("net.r2", "stage"), ("nobody.r2", "half")])
def test_what_no_source_gives_is_refused(filed: Knowledge, of: str, x: str) -> None:
    """With what to write, before anything is drawn."""
    with pytest.raises(InputRefused, match=f"no source gives `{of}` along `{x}`.*published:"):
        board(filed).evidence([f"published({of})"], x)


def test_evidence_moves_with_published_values(filed: Knowledge, tmp_path: Path) -> None:
    """A figure is drawn again when a source, or its interval, is put right."""
    before, of = board(filed).evidence(["published(net.r2)"], "noise"), ["published(net.r2)"]

    for old, new in (("0.5: 0.7,", "0.5: 0.71,"), ("[0.55,", "[0.56,")):
        assert board(bounded(tmp_path, EXPERIMENT.replace(old, new))).evidence(of, "noise") != before
    assert board(bounded(tmp_path, EXPERIMENT)).evidence(of, "noise") == before


def test_evidence_of_a_run_moves_with_its_bounds(filed: Knowledge, tmp_path: Path) -> None:
    """A run that predicts nothing has bounds that identify it."""
    assert board(filed).evidence(["edge(1)"]) != board(bounded(tmp_path, allowed=4.0)).evidence(["edge(1)"])


def test_a_number_that_a_job_returned_is_a_curve(filed: Knowledge) -> None:
    """Along an axis of the sweep, under its name."""
    drawn = curve.draw(curve.Params("noise", ("edge.schur",)), board(filed))

    assert len(marks(drawn)) == 2
    assert "schur" in texts(drawn)


def test_calibration_is_a_table_with_the_line_of_equal_numbers(filed: Knowledge) -> None:
    """A share of each level; the axis is no logarithm though its ends are far apart, so the line is straight."""
    drawn = curve.draw(curve.Params("level", ("edge(1).coverage",), diagonal=True), board(filed))

    at, points = ticks(drawn), marks(drawn)
    assert at["0.95"] - at["0.5"] == pytest.approx((at["0.5"] - at["0.05"]), abs=1e-3)
    levels, shares = list(COVERED), list(COVERED.values())
    per_share = (points[-1][3] - points[0][3]) / (shares[-1] - shares[0])
    (diagonal,) = [line.corners for line in lines(drawn) if line.width == 1]
    for (x, y), level in ((diagonal[0], levels[0]), (diagonal[-1], levels[-1])):
        assert x == pytest.approx(at[f"{level:g}"], abs=1e-3)
        assert y == pytest.approx(points[0][3] + (level - shares[0]) * per_share, abs=1e-2)


def test_names_have_no_diagonal(filed: Knowledge) -> None:
    """There are no numbers to be equal to."""
    with pytest.raises(InputRefused, match="`child` is no number"):
        curve.draw(curve.Params("stage", ("net(1).r2",), diagonal=True), board(filed))


def test_least_errors_far_apart_are_drawn_in_logarithms() -> None:
    """At one, two and five of every power of ten; what has no end takes no part."""
    wide, narrow, nothing = (
        texts(curve.draw(curve.Params("mag", ("a",)), made_up("σ (kg)", {"a": (*values, math.inf)})))
        for values in ((0.03, 0.4, 2.0), (0.3, 0.4, 2.0), ())
    )
    other = texts(curve.draw(curve.Params("mag", ("a",)), made_up("RMSE (kg)", {"a": (0.03, 0.4, 2.0)})))

    assert {"0.05", "0.1", "0.2", "0.5", "1", "2", "σ (kg)"} <= set(wide)
    assert {"0.50", "1.00"} <= {*narrow} & {*other}
    assert "σ (kg)" in nothing


def test_a_bound_that_falls_far_leaves_the_others_readable() -> None:
    """Its axis ends where that of R² does."""
    drawn = texts(
        curve.draw(curve.Params("mag", ("a", "b")), made_up("bound", {"a": (0.9, -30.0, -math.inf), "b": (0.9, 0.5)}))
    )

    assert {"−1.00", "a (down to −30.0)", "b"} <= set(drawn)


def test_nine_lines_are_told_apart() -> None:
    """By colour, mark or dashes, in a higher panel below all lines of their legend."""
    names = [f"quite_a_long_name_of_a_job_{k}" for k in range(9)]
    nine = made_up("R²", {name: (0.1 * k, 0.1 * k + 0.05) for k, name in enumerate(names)})

    few, many = (curve.draw(curve.Params("mag", tuple(names[:count])), nine) for count in (3, 9))

    assert len(set(zip(curves(many), outlines(many), strict=True))) == 9
    assert set(names) <= set(texts(many))
    assert height(many) > height(few)
    assert len(many) < 60_000


def test_what_stands_in_a_figure_of_old_looks_as_it_did() -> None:
    """Few quantities and no limits: the height of the picture is that of every curve before."""
    drawn = curve.draw(curve.Params("mag", ("a", "b")), made_up("R²", {"a": (0.1, 0.2), "b": (0.2, 0.3)}))

    assert b'viewBox="0 0 518.4 280.8"' in drawn
    assert curves(drawn) == [("#3f86c8", False), ("#d07a2a", False)]


def curves(drawn: bytes) -> list[tuple[str, bool]]:
    """Return the colour of every curve, and whether it is dashed."""
    return [(line.colour, line.dashed) for line in lines(drawn) if line.width > 1]


def outlines(drawn: bytes) -> list[str]:
    """Return the outline of the marks of every curve."""
    used = re.findall(r'clip-path="[^"]*">\s*<use xlink:href="#(\w+)"', drawn.decode())
    return [re.findall(rf'<path id="{name}" d="([^"]*)"', drawn.decode())[0] for name in used]


def height(drawn: bytes) -> float:
    """Return how high the panel of a drawing is."""
    panel = drawn.decode().split('id="patch_2"')[1].split("</g>")[0]
    return float(np.ptp([float(y) for _, y in re.findall(r"[ML] ([-\d.]+) ([-\d.]+)", panel)]))
