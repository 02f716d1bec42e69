"""Curves as a figure asks for them: by job, one for every run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from runner.documents.reading import Document
from runner.findings import InputRefused
from runner.results.board import Board
from runner.verdicts.knowledge import Knowledge, gather
from tests.curved import EPOCHS, HUB, curved, curves
from tests.swept import EXPERIMENT, runs, swept

SMALL, LARGE = "net(train=50k)", "net(train=1M)"


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """File the base once."""
    return curved(tmp_path_factory.mktemp("base"))


def board(known: Knowledge, identity: str = "TOY-S") -> Board:
    """Return what a figure of a document sees."""
    return Board(known.evaluator, known.library.named(identity))


def test_a_job_alone_stands_for_all_its_runs(known: Knowledge) -> None:
    """Every value of an axis it leaves open has a name as an address has it; its seeds share one."""
    found = board(known).curves(["net"], "val_r2")

    assert [curve.label for curve in found] == [SMALL] * 3 + [LARGE] * 3
    assert [len(curve.values) for curve in found] == [EPOCHS[50_000]] * 3 + [EPOCHS[1_000_000]] * 3
    assert [curve.kept for curve in found] == [39, 38, 37, 4, 3, 2]


def test_a_curve_is_what_the_run_returned(known: Knowledge) -> None:
    """With how many rows it had seen by the end of each epoch."""
    (run,) = (run for run in runs(known.library.root) if run.name == "net(seed=2, train=50000)")

    (found,) = board(known).curves(["net(seed=2, train=50k)"], "loss")

    np.testing.assert_array_equal(found.values, curves(run)["loss"])
    np.testing.assert_array_equal(found.rows, curves(run)["rows"])


@pytest.mark.parametrize(
    ("item", "labels"),
    [
        ("net(1M)", ["net(1M)"] * 3),
        ("net(seed=1)", ["net(seed=1, train=50k)", "net(seed=1, train=1M)"]),
        ("net(train=*)", ["net(train=*) 50k"] * 3 + ["net(train=*) 1M"] * 3),
        ("line(50k)", ["line(50k)"]),
    ],
)
def test_a_point_leaves_only_the_other_axes_open(known: Knowledge, item: str, labels: list[str]) -> None:
    """What it names is in the label already."""
    assert [curve.label for curve in board(known).curves([item], "loss")] == labels


def test_several_axes_may_be_open(tmp_path: Path) -> None:
    """The label names each of them."""
    more = EXPERIMENT.replace("  seed: [1, 2, 3]\n", "  noise: [0, 0.5]\n").replace("noise: 1\n", "", 1)

    found = board(curved(tmp_path, more)).curves(["net"], "loss")

    places = [(noise, train) for noise in ("0", "0.5") for train in ("50k", "1M")]
    assert [curve.label for curve in found] == [f"net(noise={noise}, train={train})" for noise, train in places]


def test_the_arrays_of_an_experiment_are_read_once(known: Knowledge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is asked of it; a run that is asked for twice is there twice."""
    read: list[str] = []
    honest = known.store.predictions

    def predictions(document: Document) -> dict[str, np.ndarray]:
        read.append(document.id)
        return honest(document)

    monkeypatch.setattr(known.store, "predictions", predictions)

    found = board(known, "TOY-hub").curves(["toy.net(1M)", "toy.line", "best"], "loss")

    assert read == ["TOY-S"]
    assert [curve.label for curve in found] == (
        ["toy.net(1M)"] * 3 + ["toy.line(train=50k)", "toy.line(train=1M)"] + ["best"] * 3
    )
    for one, other in zip(found[:3], found[-3:], strict=True):
        np.testing.assert_array_equal(one.values, other.values)


@pytest.mark.parametrize(("item", "count"), [("toy.net", 6), ("best", 3), ("toy.line(1M)", 1)])
def test_a_hub_asks_for_curves_of_others(known: Knowledge, item: str, count: int) -> None:
    """By the alias of an experiment, or of a run."""
    assert len(board(known, "TOY-hub").curves([item], "loss")) == count


def test_a_job_that_does_not_count_rows_has_none(known: Knowledge) -> None:
    """Nor has one that names no epoch."""
    assert board(known).curves(["line(1M)"], "loss")[0].rows is None


@pytest.mark.parametrize(
    ("item", "name", "message", "fix"),
    [
        ("net", "val_r3", "`net` has no curve `val_r3`", "did you mean `val_r2`?"),
        ("net", "gradient", "`net` has no curve `gradient`", "there is loss, rows, val_r2"),
        ("edge", "loss", "`edge` returned no curves", "name one that is trained epoch by epoch"),
        ("nett", "loss", "`nett`: unknown name `nett`", "did you mean `net`?"),
        ("net(3k)", "loss", r"`net\(3k\)`: `net` has no run at train 3k", "there is 50k, 1M"),
        ("gap", "loss", "`gap`: `gap` is a number", "write gap"),
        ("net.young", "loss", "`net.young` is no job", "name a job, without a slice"),
        ("net.r2", "loss", "`net.r2`: unknown name `r2`", ""),
        ("net - line", "loss", "`net - line` is no job", "name a job, without a metric"),
    ],
)
def test_what_has_no_curve_is_one_line(known: Knowledge, item: str, name: str, message: str, fix: str) -> None:
    """Before anything is drawn, with what there is."""
    with pytest.raises(InputRefused, match=message) as refused:
        board(known).evidence([item], curve=name)

    assert fix in refused.value.fix
    assert (refused.value.code or "").startswith("LG3")


def test_evidence_is_pending_until_there_is_a_result(tmp_path: Path) -> None:
    """Curves wait as numbers do."""
    known = gather(swept(tmp_path, **{"toy__toy-hub": HUB}))

    assert board(known).evidence(["net"], curve="loss") == []
    assert board(known, "TOY-hub").evidence(["toy.net"], curve="loss") == []


def test_evidence_moves_with_the_curve_that_is_drawn(tmp_path: Path) -> None:
    """And not with another one."""
    before, after = (board(curved(tmp_path / str(shift), shift=shift)) for shift in (0.0, 0.01))

    assert before.evidence(["net"], curve="val_r2") != after.evidence(["net"], curve="val_r2")
    assert before.evidence(["net"], curve="loss") == after.evidence(["net"], curve="loss")


def test_a_curve_is_no_number_to_cite(known: Knowledge) -> None:
    """It is said what it is, not that its name is unknown."""
    with pytest.raises(InputRefused, match="`loss` has a number for every epoch, one is due -> draw it in a figure"):
        board(known).evidence(["net(1M).loss"])
