"""Curves and histograms: what they draw is what the evaluator says."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from runner.documents.kinds import Value
from runner.findings import InputRefused
from runner.results.board import Board
from runner.results.quantities import Quantity
from runner.results.returned import Stop
from runner.verdicts.knowledge import Knowledge
from tests.figures.drawings import texts, ticks
from tests.gated import ONE_SEED, gated
from tests.swept import EXPERIMENT, file, swept

curve = pytest.importorskip("runner.figures.curve")
bootstrap = pytest.importorskip("runner.figures.bootstrap")
bars = pytest.importorskip("runner.figures.bars")
parity = pytest.importorskip("runner.figures.parity")
from runner.figures._canvas import COLOURS  # noqa: E402 - only where matplotlib is there


@pytest.fixture(scope="module")
def filed(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """File the swept base once."""
    return file(swept(tmp_path_factory.mktemp("base")))


def board(filed: Knowledge) -> Board:
    """Return what a figure of the experiment sees."""
    return Board(filed.evaluator, filed.library.named("TOY-S"))


def test_a_curve_has_a_tick_per_value_and_a_line_per_quantity(filed: Knowledge) -> None:
    """Values are spoken on the axis, quantities named in the legend."""
    drawn = curve.draw(curve.Params(x="train", of=("net.r2", "line.r2")), board(filed))

    assert {"50k", "1M", "train", "net.r2", "line.r2", "R²"} <= set(texts(drawn))
    assert drawn.count(b'id="FillBetweenPolyCollection_') == 2  # one band each


@pytest.mark.parametrize(("x", "what"), [("noise", "0"), ("stage", "child")])
def test_no_logarithms_where_there_are_none(tmp_path: Path, x: str, what: str) -> None:
    """A value that a logarithmic axis has no place for would be missing without a word."""
    of = "line(train=1M).r2" if x == "noise" else "line(train=1M, noise=1).r2"
    with pytest.raises(InputRefused, match=f"`{what}` has no logarithm"):
        curve.draw(curve.Params(x=x, of=(of,), log=True), board(gated(tmp_path, ONE_SEED)))


def test_a_curve_over_a_partition_names_its_bins(filed: Knowledge) -> None:
    """Bins that have names stand side by side under them, in their order."""
    drawn = curve.draw(curve.Params(x="stage", of=("net(1M).r2",)), board(filed))

    assert list(ticks(drawn)) == ["child", "teen", "grown"]


def test_a_curve_over_bins_of_values_marks_their_edges(filed: Knowledge) -> None:
    """Each bin stands in the middle between its edges, on an axis of numbers."""
    drawn = curve.draw(curve.Params(x="half", of=("net(1M).r2",)), board(filed))

    at = ticks(drawn)
    assert list(at) == ["20", "40", "60"]
    (line,) = lines(drawn)[-1:]
    middles = [(at["20"] + at["40"]) / 2, (at["40"] + at["60"]) / 2]
    assert [x for x, _ in line] == pytest.approx(middles, abs=1e-3)


def test_a_curve_over_bins_far_apart_is_logarithmic() -> None:
    """Each stands in the middle of the logarithms, and is as high as its value."""
    edges = [2.5, 3.5, 6.5, 12.5, 28]
    values = [0.2, 0.5, 0.4, 0.7]
    stops = [
        Stop(f"{low:g}–{high:g}", f"snr({low})", Quantity(np.array([value])), (low, high))
        for (low, high), value in zip(pairwise(edges), values, strict=True)
    ]
    few = SimpleNamespace(series=lambda *_: stops, measure=lambda _: "R²")
    drawn = curve.draw(curve.Params(x="snr", of=("a.r2",)), cast("Board", few))

    at, (line,) = ticks(drawn), lines(drawn)[-1:]
    scale = (at["28"] - at["2.5"]) / np.log(28 / 2.5)
    expected = [at["2.5"] + scale * np.log(np.sqrt(low * high) / 2.5) for low, high in pairwise(edges)]
    assert [x for x, _ in line] == pytest.approx(expected, abs=1e-3)
    heights = [line[0][1] - y for _, y in line]
    assert np.array(heights) / heights[-1] == pytest.approx((np.array(values) - 0.2) / 0.5, abs=1e-4)


def test_a_table_is_a_curve(tmp_path: Path) -> None:
    """Along what its places are called, in logarithms where they are far apart, under the name of the table."""
    known = gated(tmp_path)
    drawn = curve.draw(curve.Params(x="alpha", of=("line(1M).val_mse", "line(50k).val_mse")), board(known))

    at, line = ticks(drawn), lines(drawn)[-1]
    assert list(at) == ["0.001", "0.03", "1", "30", "1k"]
    assert at["1"] - at["0.001"] == pytest.approx(at["1k"] - at["1"], abs=1e-3)
    assert line[0][1] == pytest.approx(line[-1][1])
    assert {"alpha", "val_mse"} <= set(texts(drawn))


def test_labels_of_a_crowded_axis_make_room_for_each_other() -> None:
    """Every value is marked; those are written that do not touch the one before."""
    from runner.figures._canvas import spaced

    places = [float(k) for k in range(15)]

    written = spaced(places, [f"{10.0**k:g}" for k in range(-7, 8)], 6.2)

    assert len(written) == 15
    assert written[0] == "1e-07"
    assert 7 <= sum(map(bool, written)) < 15
    assert spaced(places[:5], list("abcde"), 6.2) == list("abcde")


def test_a_curve_that_falls_far_leaves_the_others_readable() -> None:
    """Under an R² of -1 the axis ends."""
    values = {"bad": (0.99, -6.0, -699.0), "good": (0.9, 0.8, 0.5)}
    found = {
        name: [Stop(f"{k}", float(k), Quantity(np.array([v]))) for k, v in enumerate(v)] for name, v in values.items()
    }
    few = SimpleNamespace(series=lambda text, _: found[text], measure=lambda _: "R²")

    drawn = texts(curve.draw(curve.Params(x="noise", of=("bad", "good")), cast("Board", few)))

    assert {"−1.00", "0.00", "1.00"} <= set(drawn)
    assert {"bad (down to −699)", "good"} <= set(drawn)


def lines(drawn: bytes) -> list[list[tuple[float, float]]]:
    """Return the corners of every curve of a drawing: lines of the axes' own part that lie after its bands."""
    paths = re.findall(r'<path d="([^"]*)" clip-path="[^"]*" style="fill: none; stroke: #[^"]*"', drawn.decode())
    corners = [re.findall(r"[ML] ([-\d.]+) ([-\d.]+)", path) for path in paths]
    return [[(float(x), float(y)) for x, y in path] for path in corners]


def test_values_in_any_order_are_drawn_in_theirs(tmp_path: Path) -> None:
    """A sweep may name its values as it likes: each label stands at its value, and no line runs back."""
    root = swept(tmp_path, EXPERIMENT.replace("train: [50k, 1M]", "train: [1M, 50k, 200k]"))

    drawn = curve.draw(curve.Params(x="train", of=("line.r2", "net.r2")), board(file(root)))

    at = ticks(drawn)
    assert sorted(at, key=lambda label: at[label]) == ["50k", "200k", "1M"]
    assert [[x for x, _ in line] for line in lines(drawn)[-2:]] == [sorted(at.values())] * 2


def test_a_curve_has_the_values_of_all_its_quantities(filed: Knowledge) -> None:
    """A quantity with fewer values than another takes none of its labels."""
    known = board(filed)
    everything = {text: known.series(text, "train") for text in ("net.r2", "line.r2")}
    everything["line.r2"] = everything["line.r2"][:1]
    few = SimpleNamespace(series=lambda text, _axis: everything[text], measure=known.measure)

    drawn = curve.draw(curve.Params(x="train", of=("line.r2", "net.r2")), cast("Board", few))

    assert list(ticks(drawn)) == ["50k", "1M"]


@pytest.mark.parametrize(
    ("lists", "merged"),
    [
        ([["b", "c"], ["a", "b", "c"]], ["a", "b", "c"]),
        ([["low", "high"], ["low", "mid", "high"]], ["low", "mid", "high"]),
        ([["z", "a"]], ["z", "a"]),
        ([[], ["a"]], ["a"]),
    ],
)
def test_names_stand_as_they_are_declared(lists: list[list[Value]], merged: list[Value]) -> None:
    """Names have no order of their own: that of the sweep or partition stays, whoever lacks some of them."""
    assert curve._places([[Stop(str(v), v, Quantity(np.zeros(1))) for v in values] for values in lists]) == {
        value: float(index) for index, value in enumerate(merged)
    }


def test_more_quantities_than_colours_are_drawn(filed: Knowledge) -> None:
    """Colours begin again, in every kind."""
    of = (
        *("edge.r2", "line(50k).r2", "line(1M).r2"),
        *(f"net({train}, seed={seed}).r2" for train in ("50k", "1M") for seed in (1, 2, 3)),
    )
    assert len(of) > len(COLOURS)

    for kind in (bars, bootstrap):
        drawn = kind.draw(kind.Params(of=of), board(filed))
        assert set(of) <= set(texts(drawn))
        assert len(drawn) < 60_000


def test_a_panel_shows_one_run_of_a_sweep(filed: Knowledge) -> None:
    """Which one is named as in an expression."""
    of = ("line(50k)", "net(1M, seed=2)")

    assert set(of) <= set(texts(parity.draw(parity.Params(of=of), board(filed))))


def test_the_same_evidence_gives_the_same_bytes(filed: Knowledge) -> None:
    """Nothing of the moment enters a drawing."""
    params = curve.Params(x="train", of=("net.r2",))

    assert curve.draw(params, board(filed)) == curve.draw(params, board(filed))


def test_bars_name_their_metric(filed: Knowledge) -> None:
    """With its unit; quantities of several metrics have no common name."""
    alike = bars.draw(bars.Params(of=("net(50k).mae", "line(50k).mae")), board(filed))
    mixed = bars.draw(bars.Params(of=("net(50k).mae", "line(50k).r2")), board(filed))

    assert "MAE (kg)" in texts(alike)
    assert not {"MAE (kg)", "R²"} & set(texts(mixed))


def test_several_histograms_name_their_metric(filed: Knowledge) -> None:
    """The quantities stand in the legend."""
    drawn = bootstrap.draw(bootstrap.Params(of=("net(50k).mae", "line(50k).mae")), board(filed))

    assert {"MAE (kg)", "net(50k).mae"} <= set(texts(drawn))


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
    (_, stops) = there.evidence(["net.r2"], "train")[-1][0]
    assert [label for label, *_ in stops] == ["50k", "1M"]
    with pytest.raises(InputRefused, match="does not vary over `train`"):
        there.evidence(["step"], "train")
