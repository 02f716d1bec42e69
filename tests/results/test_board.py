"""The board: what a figure may ask about the document it stands in."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from runner.documents.kinds import Stated
from runner.findings import InputRefused
from runner.results.board import Board
from runner.results.evidence import drawn
from runner.results.quantities import Quantity
from runner.verdicts.knowledge import Knowledge, gather
from tests.knowledge import file, guess, labels, toy
from tests.swept import file as file_swept
from tests.swept import swept


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The toy base with a result."""
    toy(tmp_path)
    file(tmp_path, "TOY-1", {"weak": guess(tmp_path, 2), "strong": guess(tmp_path, 0.5)}, alpha=3.0)
    return tmp_path


def board(known: Knowledge, identity: str = "TOY-1") -> Board:
    """Look at a document."""
    return Board(known.evaluator, known.library.named(identity))


def test_a_figure_sees_truth_and_predictions(root: Path) -> None:
    """Both come as they were filed, row by row, in double precision."""
    seen = board(gather(root))

    np.testing.assert_allclose(seen.truth(), labels(root).labels("test", 80)["weight"], rtol=1e-6)
    np.testing.assert_allclose(seen.predicted("weak"), guess(root, 2), rtol=2**-14)
    assert {seen.truth().dtype, seen.predicted("weak").dtype} == {np.dtype(np.float64)}


def test_a_figure_sees_the_names_of_things(root: Path) -> None:
    """The target comes with its unit, slices and jobs by name; a hub has none of them."""
    known = gather(root)
    seen, hub = board(known), board(known, "TOY-hub")

    assert seen.target == "weight (kg)"
    assert [seen.run(item) for item in ("weak", "gain", "weak.r2", "-weak")] == ["weak", "", "", ""]
    assert (hub.target, hub.run("weak")) == ("", "")


def test_a_figure_gets_quantities_with_their_interval(root: Path) -> None:
    """An expression has on a figure the value it has in a sentence."""
    known = gather(root)
    gain = known.evaluator.formula(known.library.named("TOY-1").names.define["gain"], known.library.named("TOY-1"))

    assert board(known).quantity("gain").interval == gain.interval
    assert board(known, "TOY-hub").quantity("toy.gain").point == gain.point


def test_evidence_is_empty_while_something_is_pending(tmp_path: Path) -> None:
    """A figure of what was not run has nothing behind it, whether it asks for a job or for a number."""
    seen = board(gather(toy(tmp_path)))

    assert (seen.evidence(["weak"]), seen.evidence(["weak.r2", "gain"])) == ([], [])


def test_evidence_moves_with_what_is_drawn(root: Path) -> None:
    """New predictions of a job move the evidence of what shows that job, and of nothing else."""
    shown = (["weak"], ["weak.r2"], ["strong", "gain"], ["strong"], ["strong.young.mae"], ["strong.alpha"])
    before = [board(gather(root)).evidence(items) for items in shown]
    file(root, "TOY-1", {"weak": guess(root, 3), "strong": guess(root, 0.5)}, alpha=3.0)

    after = [board(gather(root)).evidence(items) for items in shown]

    moved = [old != new for old, new in zip(before, after, strict=True)]
    assert moved == [True, True, True, False, False, False]
    assert [] not in before


def test_evidence_moves_with_a_scalar(root: Path) -> None:
    """A number a job returned by itself may move while its predictions stay."""
    before = board(gather(root)).evidence(["weak.alpha"])
    file(root, "TOY-1", {"weak": guess(root, 2), "strong": guess(root, 0.5)}, alpha=4.0)

    assert board(gather(root)).evidence(["weak.alpha"]) != before


def test_evidence_moves_with_a_formula(root: Path) -> None:
    """A definition that is worth something else is drawn as something else, though no result moved."""
    before = board(gather(root)).evidence(["gain"])
    path = root / "logg/toy/exp/toy.md"
    path.write_text(path.read_text("utf-8").replace("strong.r2 - weak.r2", "strong.r2 / weak.r2"), "utf-8")

    assert board(gather(root)).evidence(["gain"]) != before


def test_evidence_moves_with_a_published_value(root: Path) -> None:
    """What others published is drawn as well as what was run here."""
    path = root / "logg/toy/exp/toy.md"
    whole = path.read_text("utf-8")
    found = []
    for value in ("0.5", "0.6"):
        entry = f"published:\n  - source: A paper\n    population: theirs\n    facts: {{weak.r2: {value}}}\ndefine:"
        path.write_text(whole.replace("define:", entry, 1), "utf-8")
        found.append(board(gather(root)).evidence(["published(weak.r2)"]))

    assert found[0] != found[1]
    assert [] not in found


def test_evidence_moves_with_an_interval_alone() -> None:
    """A number recorded without rows brings its interval, and may keep its value when that moves."""
    wide, narrow = (
        Quantity(np.array([0.5]), recorded=Stated(0.5, ends), ends=ends) for ends in ((0.3, 0.7), (0.4, 0.6))
    )

    assert drawn(wide) != drawn(narrow)


def test_evidence_is_as_exact_as_a_fact() -> None:
    """What another machine rounds in its last bits is the same drawing."""
    assert drawn(Quantity(np.array([0.3, np.nan, 0.0]))) == drawn(Quantity(np.array([0.1 + 0.2, -np.nan, -1e-17])))
    assert drawn(Quantity(np.array([0.3]))) != drawn(Quantity(np.array([0.3 + 1e-9])))


def test_evidence_holds_what_is_not_finite(root: Path) -> None:
    """A ratio without a value is evidence like any other: the plug-in says what it makes of it."""
    assert board(gather(root)).evidence(["weak.r2 / 0", "0 / (weak.r2 - weak.r2)"])


def test_a_point_stands_for_one_run_of_a_sweep(tmp_path: Path) -> None:
    """Settings that do not vary may be named too; what answers to several runs is refused with the first of them."""
    seen = board(file_swept(swept(tmp_path)), "TOY-S")

    assert seen.run("net(1M, seed=2)") == "net(seed=2, train=1000000)"
    assert (seen.run("line(50k, noise=1)"), seen.run("edge")) == ("line(train=50000)", "edge")
    assert len(seen.predicted("line(50k, noise=1)")) == len(seen.truth())
    assert seen.evidence(["line(50k)"]) != seen.evidence(["line(1M)"]) != []
    for item, first in (
        ("line", "line(train=50000)"),
        ("net", "net(seed=1, train=50000)"),
        ("net(1M)", "net(seed=1, train=1000000)"),
        ("line(*)", "line(train=50000)"),
    ):
        with pytest.raises(InputRefused, match=re.escape(f"`{item}`: `{item}` has several runs")) as refused:
            seen.evidence([item])
        assert refused.value.fix == f'name one: "{first}"'
        assert seen.run(first) == first


def test_a_misspelt_item_is_refused_with_the_nearest_job(root: Path) -> None:
    """What is neither a job nor an expression that can be read is named, with what may have been meant."""
    for item, fix in (
        ("waek", "did you mean `weak`?"),
        ("weak.", "write an address such as job.r2, or a number"),
        ("weak.rr2", "did you mean `r2`?"),
    ):
        with pytest.raises(InputRefused, match=f"`{item}`: ") as refused:
            board(gather(root)).evidence([item])
        assert refused.value.fix == fix


@pytest.mark.parametrize(
    ("items", "measure"),
    [
        (["weak.r2"], "R²"),
        (["weak.mae", "strong.old.mae"], "MAE (kg)"),
        (["max(weak.rmse, strong.rmse)"], "RMSE (kg)"),
        (["best"], "bias (kg)"),
        (["weak.r2", "weak.mae"], ""),
        (["weak.mae", "weak.alpha"], ""),
        (["gain"], ""),
        (["weak.mae / strong.mae"], ""),
        (["weak.n"], ""),
    ],
)
def test_a_figure_knows_the_metric_it_shows(root: Path, items: list[str], measure: str) -> None:
    """With its unit where all items are values of one; a difference or a ratio is none."""
    path = root / "logg/toy/exp/toy.md"
    path.write_text(path.read_text(encoding="utf-8").replace("define:", "define:\n  best: strong.bias"), "utf-8")

    assert board(gather(root)).measure(items) == measure


def test_a_figure_of_a_sweep_knows_its_metric(tmp_path: Path) -> None:
    """Over an axis, seeds and parts as well."""
    seen = board(file_swept(swept(tmp_path)), "TOY-S")

    assert seen.measure(["net.r2", "mean(net(50k).half(*).r2)"]) == "R²"
    assert seen.measure(["step"]) == ""
