"""Tables and profiles: what a job returned beside its predictions, as a figure asks for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from runner.findings import InputRefused
from runner.results.board import Board
from runner.verdicts.knowledge import Knowledge
from tests.gated import COUNTS, PLACES, STAGES, gated, tables, weights
from tests.swept import file, runs, swept


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """File the gated base once."""
    return gated(tmp_path_factory.mktemp("base"))


def board(known: Knowledge) -> Board:
    """Return what a figure of the experiment sees."""
    return Board(known.evaluator, known.library.named("TOY-S"))


def test_a_table_of_numbers_is_a_series(known: Knowledge) -> None:
    """Its places are numbers as they grow, whatever the order of the file; `x` is only what they are called."""
    stops = board(known).series("line(1M).val_mse", "alpha")

    assert [stop.value for stop in stops] == [0.001, 0.03, 1.0, 30.0, 1000.0]
    assert [stop.label for stop in stops] == ["0.001", "0.03", "1", "30", "1k"]
    assert [stop.quantity.point for stop in stops] == pytest.approx([4, 1 - np.log10(0.03), 1, 1 + np.log10(30), 4])
    assert {stop.quantity.interval for stop in stops} == {None}


def test_a_table_of_bins_stands_as_the_protocol_has_them(known: Knowledge) -> None:
    """The parts of a partition keep its order, not that of the alphabet."""
    stops = board(known).series("line(1M).alpha", "stage")

    assert [(stop.label, stop.quantity.point) for stop in stops] == [("child", 1), ("teen", 10), ("grown", 100)]


def test_a_table_of_two_indices_is_a_grid(known: Knowledge) -> None:
    """Rows and columns stand as the protocol has them, and hold what the job returned."""
    grid = board(known).grid("line(1M).confusion")

    assert grid.rows == grid.columns == STAGES
    np.testing.assert_array_equal(grid.values, list(COUNTS.values()))


def test_a_place_that_the_job_left_out_is_no_number(tmp_path: Path) -> None:
    """A class of the columns alone, after those of the partition."""
    grid = board(gated(tmp_path, more={"confusion(teen, global)": 7.0})).grid("line(1M).confusion")

    assert (grid.rows, grid.columns) == (STAGES, (*STAGES, "global"))
    np.testing.assert_array_equal(grid.values[:, 3], [np.nan, 7, np.nan])


def test_seeds_that_are_left_out_are_averaged(known: Knowledge) -> None:
    """As everywhere: a table and a profile without a seed are the mean over all."""
    seen = board(known)
    parts = [weights(run) for run in runs(known.library.root) if run.name.startswith("net") and "50000" in run.name]

    assert seen.grid("net(50k).confusion").values[0, 0] == pytest.approx(COUNTS["child"][0] + 2)
    np.testing.assert_allclose(seen.profile("net(50k).weights"), np.mean(parts, axis=0), rtol=1e-6)


def test_a_profile_is_no_number_to_cite(known: Knowledge) -> None:
    """It is said what it is, not that its name is unknown."""
    with pytest.raises(
        InputRefused, match=r"`weights` has a number for every input, one is due -> draw it in a figure"
    ):
        board(known).evidence(["line(1M).weights"], "stage")


def test_a_profile_has_a_number_per_input(known: Knowledge) -> None:
    """With where its inputs stand; the source says what that axis is called, if it has a name."""
    seen = board(known)
    (run,) = (run for run in runs(known.library.root) if run.name == "line(train=50000)")

    np.testing.assert_array_equal(seen.profile("line(50k).weights"), weights(run))
    np.testing.assert_array_equal(seen.positions("line(50k).weights"), PLACES)
    assert seen.inputs("line(50k).weights") == ""


def test_a_grid_over_two_axes_holds_what_the_evaluator_says(known: Knowledge) -> None:
    """Row by row, column by column, an axis of the sweep and a partition alike."""
    seen = board(known)
    grid = seen.grid("line.r2", "half", "train")

    assert (grid.rows, grid.columns) == (("50k", "1M"), ("20–40", "40–60"))
    for row, train in enumerate(grid.rows):
        for column, age in enumerate((30, 50)):
            assert grid.values[row, column] == seen.quantity(f"line({train}).half({age}).r2").point


def test_a_job_alone_stands_for_its_first_metric(known: Knowledge) -> None:
    """Wherever a number is due: with its point, and along an axis."""
    seen = board(known)

    assert seen.quantity("line(1M)").point == seen.quantity("line(1M).r2").point
    assert [s.quantity.point for s in seen.series("net", "train")] == [
        s.quantity.point for s in seen.series("net.r2", "train")
    ]
    assert seen.measure(["line(1M)", "net"]) == "R²"
    assert seen.measure(["line(1M).val_mse", "line(50k).val_mse"]) == "val_mse"


def test_bins_of_values_know_between_what_they_lie(known: Knowledge) -> None:
    """Those that have names are called by them instead."""
    seen = board(known)

    assert [stop.span for stop in seen.series("line(1M).r2", "half")] == [(20, 40), (40, 60)]
    assert {stop.span for stop in seen.series("line(1M).r2", "stage")} == {None}
    assert {stop.span for stop in seen.series("line.r2", "train")} == {None}


@pytest.mark.parametrize("item", ["line(1M).val_mse", "line(1M).confusion", "line(1M).weights", "line(1M)"])
def test_evidence_is_there_for_all_that_can_be_drawn(known: Knowledge, item: str) -> None:
    """And it is not that of another run."""
    seen = board(known)

    assert seen.evidence([item]) != seen.evidence([item.replace("1M", "50k")]) != []


def test_evidence_over_two_axes_is_what_stands_there(known: Knowledge) -> None:
    """Two quantities over the same places differ by their values."""
    ((_, *one), (_, *other)) = board(known).evidence(["line.r2", "net.r2"], "half", "train")[-1]

    assert one[:2] == other[:2] == [["50k", "1M"], ["20–40", "40–60"]]
    assert one[2] != other[2]


def test_evidence_of_a_profile_is_its_numbers(known: Knowledge) -> None:
    """Two profiles over the same inputs differ by their values, and agree where their inputs stand."""
    ((_, one, at, called), (_, other, *same)) = board(known).evidence(["line(1M).weights", "line(50k).weights"])[-1]

    assert one != other
    assert [at, called] == same
    assert at


def test_evidence_is_pending_until_there_is_a_result(tmp_path: Path) -> None:
    """Tables, profiles and grids wait as numbers do."""
    from runner.verdicts.knowledge import gather

    seen = board(gather(swept(tmp_path)))

    assert seen.evidence(["line(1M).confusion", "line(1M).weights"]) == []
    assert seen.evidence(["line(1M).val_mse"], "alpha") == []
    assert seen.evidence(["line.r2"], "half", "train") == []


@pytest.mark.parametrize(
    ("moved", "items", "x"),
    [
        ("confusion(child, teen)", ["line(1M).confusion"], ""),
        ("confusion(child, teen)", ["line(1M)"], ""),
        ("val_mse(1)", ["line(1M).val_mse"], "alpha"),
    ],
)
def test_evidence_moves_with_a_table(tmp_path: Path, moved: str, items: list[str], x: str) -> None:
    """A number of a table may move while all predictions stay; what does not show it stays."""
    before, after = (board(gated(tmp_path / str(value), more={moved: value})) for value in (5.0, 6.0))

    assert before.evidence(items, x) != after.evidence(items, x)
    assert before.evidence(["line(1M).weight", "line(1M).weights"]) == after.evidence(
        ["line(1M).weight", "line(1M).weights"]
    )


@pytest.mark.parametrize(
    ("item", "x", "y", "message", "fix"),
    [
        ("line(1M).val_mes", "", "", "unknown name `val_mes`", "did you mean `val_mse("),
        ("line(1M).wieghts", "", "", "unknown name `wieghts`", "did you mean `weights`?"),
        ("line(1M).val_mes", "alpha", "", "is no table that a job returned", "did you mean `val_mse`?"),
        ("line(1M).r2", "stag", "", "does not vary over `stag`", "did you mean `stage`?"),
        ("line(1M).r2", "stage", "trian", "does not vary over `trian`", "did you mean `train`?"),
        ("line.r2", "", "train", "there is `y: train` and no `x`", "name both axes"),
        ("line(1M).confusion", "stage", "", "a table of rows and columns", "draw it without `x`"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_one_line(known: Knowledge, item: str, x: str, y: str, message: str, fix: str) -> None:
    """Before anything is drawn, with the nearest name."""
    with pytest.raises(InputRefused, match=message) as refused:
        board(known).evidence([item], x, y)

    assert fix in refused.value.fix


def test_what_is_asked_for_as_something_else_is_one_line(known: Knowledge) -> None:
    """A figure that wants one number, a grid or a profile says what it was given."""
    seen = board(known)

    with pytest.raises(InputRefused, match=r"`line\(1M\).val_mse` is many numbers, one is due"):
        seen.quantity("line(1M).val_mse")
    with pytest.raises(InputRefused, match="is many numbers"):
        seen.quantity("line(1M).weights")
    with pytest.raises(InputRefused, match="is no table of rows and columns"):
        seen.grid("line(1M).val_mse")
    with pytest.raises(InputRefused, match="is no profile"):
        seen.profile("line(1M).r2")
    with pytest.raises(InputRefused, match="has no profile `wieghts`") as refused:
        seen.profile("line(1M).wieghts")
    assert refused.value.fix == "did you mean `weights`?"


def test_the_toy_returns_tables(tmp_path: Path) -> None:
    """A base whose jobs return nothing beside their predictions has none."""
    seen = board(file(swept(tmp_path)))

    assert tables(runs(tmp_path)[0])
    with pytest.raises(InputRefused, match="is no table"):
        seen.grid("line(1M).confusion")
