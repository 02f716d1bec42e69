"""The board: what a figure may ask about the document it stands in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from runner.findings import InputRefused
from runner.results.board import Board
from runner.verdicts.knowledge import Knowledge, gather
from tests.knowledge import file, guess, labels, toy


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

    assert (seen.target, seen.slices) == ("weight (kg)", ["young", "old"])
    assert [seen.is_job(item) for item in ("weak", "gain", "weak.r2")] == [True, False, False]
    assert (hub.target, hub.slices, hub.is_job("weak")) == ("", [], False)


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


def test_a_misspelt_item_is_refused_with_the_nearest_job(root: Path) -> None:
    """What is neither a job nor an expression that can be read is named, with what may have been meant."""
    for item, fix in (
        ("waek", "did you mean `weak`?"),
        ("weak.", "did you mean `weak`?"),
        ("weak.rr2", "did you mean `r2`?"),
    ):
        with pytest.raises(InputRefused, match=f"`{item}`: ") as refused:
            board(gather(root)).evidence([item])
        assert refused.value.fix == fix
