"""Heat maps, confusion and gate weights: what is written is what was asked, on colours that can be read."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from runner.findings import InputRefused
from runner.results.board import Board
from runner.results.returned import Grid
from runner.verdicts.knowledge import Knowledge
from tests.figures.drawings import cells, crowded, texts
from tests.gated import COUNTS, ONE_SEED, STAGES, gated

pytest.importorskip("matplotlib")
from runner.figures import _cells, confusion, gate_weights, heatmap


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """File a sweep over rows and noise once."""
    return gated(tmp_path_factory.mktemp("base"), ONE_SEED)


def board(known: Knowledge) -> Board:
    """Return what a figure of the experiment sees."""
    return Board(known.evaluator, known.library.named("TOY-S"))


def made_up(values: object, name: str = "R²") -> Board:
    """Return a board that knows one grid."""
    numbers = np.array(values, dtype=float)
    rows, columns = (tuple(f"{side}{k}" for k in range(n)) for side, n in zip("rc", numbers.shape, strict=True))
    fake = SimpleNamespace(grid=lambda *_: Grid(rows, columns, numbers), measure=lambda _: name)
    return cast("Board", fake)


def test_a_heat_map_writes_what_the_evaluator_says(known: Knowledge) -> None:
    """Row by row, top to bottom, between the names of its places."""
    seen = board(known)
    drawn = texts(heatmap.draw(heatmap.Params(("line.r2",), "noise", "train"), seen))

    said = [seen.quantity(f"line({t}, noise={n}).r2").point for t in ("50k", "1M") for n in (0, 0.5, 1)]
    assert [text for text in drawn if "." in text and text[-1].isdigit()][:6] != []
    assert [text.replace("−", "-") for text in drawn if text.count(".") == 1 and len(text.split(".")[1]) == 3] == [
        f"{value:.3f}" for value in said
    ]
    assert {"50k", "1M", "0.5", "noise", "train", "line.r2 · R²"} <= set(drawn)


def test_several_quantities_over_one_axis_are_rows(known: Knowledge) -> None:
    """Each under its own name."""
    of = ("line(1M, noise=0).r2", "net(1M, noise=0).r2")
    drawn = texts(heatmap.draw(heatmap.Params(of, "half"), board(known)))

    assert {*of, "20–40", "40–60", "R²"} <= set(drawn)
    assert f"{board(known).quantity('line(1M, noise=0).half(30).r2').point:.3f}".replace("-", "−") in drawn


def test_a_table_is_a_heat_map_of_its_own(known: Knowledge) -> None:
    """Without axes, as the job returned it."""
    drawn = texts(heatmap.draw(heatmap.Params(("line(1M, noise=0).weight",)), board(known)))

    assert [text for text in drawn if text in STAGES] == [*STAGES, *STAGES]
    assert f"{20 / 35:.3f}" in drawn


@pytest.mark.parametrize(
    ("values", "best", "ends"),
    [
        ([0.2, 0.9], None, (0.2, 0.9)),
        ([-0.4, -0.1], None, (-0.4, -0.1)),
        ([-0.01, 0.03], None, (-0.03, 0.03)),
        ([0.999, -700, 0.9], 1.0, (-1.0, 1.0)),
        ([-0.2, 0.9], 1.0, (-0.9, 0.9)),
        ([-0.01, 0.01, 0.012, -500], None, (-0.11, 0.11)),
        ([0.5], None, (-0.5, 1.5)),
        ([np.nan], None, (0.0, 1.0)),
        ([0.0, np.inf, 2.0], None, (0.0, 2.0)),
    ],
)
def test_colours_end_where_differences_can_be_seen(
    values: list[float], best: float | None, ends: tuple[float, float]
) -> None:
    """About zero where values lie on both sides; one that is far out does not make all others alike."""
    assert _cells.limits(np.array(values), best) == pytest.approx(ends)


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Return the contrast of two colours as the accessibility guidelines define it."""

    def luminance(colour: tuple[float, ...]) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [_cells.RISING, _cells.SIGNED])
def test_every_cell_can_be_read(colours: object) -> None:
    """The letters on each colour reach the 4.5 to 1 that small text needs."""
    from matplotlib.colors import to_rgb

    for at in np.linspace(0, 1, 101):
        paint = colours(at)[:3]  # type: ignore[operator]
        letters = _cells.DARK if _cells._luminance(paint) > _cells.BRIGHT else _cells.PALE
        assert contrast(paint, to_rgb(letters)) >= 4.5


def test_a_value_far_out_is_written_in_full() -> None:
    """Its colour ends with the others, its number does not."""
    drawn = texts(heatmap.draw(heatmap.Params(("a.r2",), "x", "y"), made_up([[0.999, -6.04], [-699.2, np.nan]])))

    assert {"0.999", "−6.04", "−699"} <= set(drawn)
    assert "nan" not in " ".join(drawn)


def test_a_heat_map_too_wide_to_be_read_is_refused() -> None:
    """It says how many columns would do."""
    with pytest.raises(InputRefused, match="21 columns cannot be read") as refused:
        heatmap.draw(heatmap.Params(("a.r2",), "x", "y"), made_up(np.ones((2, 21))))

    assert "at most 20" in refused.value.fix


def test_confusion_counts_rows(known: Knowledge) -> None:
    """What was never chosen stays empty."""
    drawn = texts(confusion.draw(confusion.Params(("line(1M, noise=0)",)), board(known)))

    counts = [f"{count}" for row in COUNTS.values() for count in row if count]
    assert [text for text in drawn if text in counts and text not in STAGES][: len(counts)] == counts
    assert "0" not in drawn
    assert {"line(1M, noise=0)", "true", "chosen"} <= set(drawn)


def test_gate_weights_write_weights_and_draw_the_largest(known: Knowledge) -> None:
    """One heat map per job and one histogram for all; weights that round to nothing stay empty."""
    of = ("line(1M, noise=0)", "line(50k, noise=0)")
    drawn = texts(gate_weights.draw(gate_weights.Params(of), board(known)))

    weights = [f"{count / 35:.2f}".removeprefix("0") for row in COUNTS.values() for count in row if count]
    assert [text for text in drawn if text in set(weights)] == weights * 2
    assert ".00" not in drawn
    assert {*of, "largest weight of a row", "share of rows", "expert"} <= set(drawn)
    assert all(drawn.count(job) == 2 for job in of)  # above its map, and in the legend


@pytest.mark.parametrize("kind", [confusion, gate_weights])
def test_a_job_without_a_gate_has_none_to_draw(tmp_path: Path, kind: object) -> None:
    """It is named, with what was looked for."""
    from tests.swept import file, swept

    known = file(swept(tmp_path))
    with pytest.raises(InputRefused, match=r"`line\(1M\)\.(confusion|weight)` is no table"):
        kind.draw(kind.Params(("line(1M)",)), board(known))  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", [confusion, gate_weights])
@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_long_names_leave_the_cells_their_room(known: Knowledge, kind: Any, jobs: int) -> None:
    """Three classes are narrower than the name of a job above them, and than a legend of three."""
    of = ("line(train=1M, noise=0.5)", "edge(noise=0.5)", "line(train=50k, noise=0.5)")
    drawn = kind.draw(kind.Params(of[:jobs]), board(known))

    assert crowded(drawn) == []
    assert np.min(cells(drawn), axis=0).min() > 15


def test_slanting_names_leave_a_row_its_height() -> None:
    """One row of bins whose names are wider than their cells, and a title wider than all of them."""
    names = ("cool_and_poor", "cool_and_rich")
    fake = SimpleNamespace(grid=lambda *_: Grid(("a",), names, np.ones((1, 2))), measure=lambda _: "R²")
    drawn = heatmap.draw(heatmap.Params(("strong(train=1M).r2 - weak(train=1M).r2",), "x", "y"), cast("Board", fake))

    assert crowded(drawn) == []
    assert np.min(cells(drawn), axis=0).min() > 15


def test_names_that_leave_no_room_are_refused() -> None:
    """A quantity that matters has a name of its own."""
    fake = SimpleNamespace(grid=lambda *_: Grid(("a" * 70,), ("b", "c"), np.ones((1, 2))), measure=lambda _: "")

    with pytest.raises(InputRefused, match="leave no room") as refused:
        heatmap.draw(heatmap.Params(("a",), "x", "y"), cast("Board", fake))
    assert "define:" in refused.value.fix


@pytest.mark.parametrize("kind", [confusion, gate_weights])
def test_a_table_is_named_by_its_job(known: Knowledge, kind: Any) -> None:
    """Who names the table is told to name the job."""
    with pytest.raises(InputRefused, match=r"`line\(1M, noise=0\).confusion` is no job of this document"):
        kind.draw(kind.Params(("line(1M, noise=0).confusion",)), board(known))


@pytest.mark.parametrize("jobs", [1, 2, 3, 4])
def test_nine_classes_of_four_jobs_stay_small(jobs: int) -> None:
    """Half of all cells filled, and no wider than a page."""
    counts = np.where(np.add.outer(np.arange(9), np.arange(9)) % 2, 0.0, 123.0)
    names = tuple(f"{a}_{b}" for a in ("cool", "mid", "hot") for b in ("poor", "solar", "rich"))
    fake = SimpleNamespace(grid=lambda _: Grid(names, names, counts), run=str)

    drawn = confusion.draw(confusion.Params(tuple("abcd"[:jobs])), cast("Board", fake))

    width = float(drawn.decode().split('viewBox="0 0 ')[1].split(" ")[0])
    assert len(drawn) < 150_000
    assert width <= 7.5 * 72


@pytest.mark.parametrize(
    ("count", "columns", "across", "down"), [(1, 9, 1, 1), (2, 9, 2, 1), (3, 9, 2, 2), (4, 12, 1, 4)]
)
def test_panels_stand_side_by_side_where_their_cells_stay_wide(
    count: int, columns: int, across: int, down: int
) -> None:
    """Three digits need a quarter of an inch."""
    beside, below, cell = _cells.arrangement("abcd"[:count], columns)

    assert (beside, below) == (across, down)
    assert _cells.NARROWEST <= cell <= _cells.ROOMY


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1234, "0.123"), (-0.0001, "0.000"), (1.5, "1.50"), (-27.04, "−27.0"), (-699.2, "−699"), (12345.6, "12346")],
)
def test_numbers_are_written_in_few_letters(value: float, text: str) -> None:
    """Fewer decimals the larger they are; nothing is no minus nothing."""
    from runner.figures._canvas import written

    assert written(value, 3) == text
