"""A rehearsal on few rows: it runs the jobs for real and files nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, r2_score

from runner import workflow
from runner.execution.execute import Settings
from runner.findings import UsageError
from runner.jobs import ridge
from runner.report import Report
from runner.results import arrays, metrics
from tests.executed import executed, snapshot
from tests.knowledge import labels, toy

NPZ = ".logg/rehearsal/TOY-1.npz"


def rehearse(root: Path, limit: int) -> Report:
    """Rehearse every experiment."""
    return workflow.execute(root, [], everything=True, settings=Settings("cpu", limit=limit))


@pytest.mark.parametrize("ready", [False, True])
def test_a_rehearsal_touches_nothing_but_its_own_folder(
    tmp_path: Path, calls: list[ridge.Params], *, ready: bool
) -> None:
    """Documents, results and cache stay as they are, byte for byte, and every job runs each time."""
    root = executed(tmp_path) if ready else toy(tmp_path)
    before = snapshot(root)

    for _ in range(2):
        report = rehearse(root, 30)

    after = snapshot(root)
    assert {name for name in after if after[name] != before.get(name)} == {NPZ, NPZ.replace("npz", "json")}
    assert before.keys() <= after.keys()
    assert len(calls) == 4
    assert report.code == 0


def test_the_scores_are_those_of_the_first_rows(tmp_path: Path) -> None:
    """As many test rows as the limit allows, scored by the protocol's metrics (oracle: scikit-learn)."""
    root = toy(tmp_path)

    runs = rehearse(root, 30).data["rehearsed"][0]["runs"]

    predicted = arrays.unpack(root / NPZ, NPZ)["strong/test"].astype(float)
    truth = labels(root).labels("test", 80)["weight"][:30]
    assert runs["strong"]["scores"]["r2"] == pytest.approx(r2_score(truth, predicted))
    assert runs["strong"]["scores"]["mae"] == pytest.approx(mean_absolute_error(truth, predicted))
    assert list(runs["weak"]["scores"]) == ["r2", "mae", "rmse", "bias"]


def test_a_rehearsal_is_shown_as_what_it_is(tmp_path: Path) -> None:
    """A table with a head, one line per run, and the words that nothing was filed."""
    lines = rehearse(toy(tmp_path), 30).lines

    assert lines[0] == "TOY-1  rehearsal, not filed: at most 30 rows of each split"
    assert lines[1].split() == ["run", "r2", "mae", "rmse", "bias", "time"]
    assert [line.split()[0] for line in lines[2:]] == ["weak", "strong"]
    assert len({len(line) for line in lines[1:]}) == 1


def test_more_rows_than_there_are_are_not_asked_for(tmp_path: Path) -> None:
    """A limit above what the protocol has changes nothing."""
    root = toy(tmp_path)

    rehearse(root, 10_000)

    assert {name: len(values) for name, values in arrays.unpack(root / NPZ, NPZ).items()} == {
        "strong/test": 80, "strong/val": 40, "weak/test": 80, "weak/val": 40,
    }  # fmt: skip


def test_a_job_that_fails_in_a_rehearsal_is_code_6(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The point of a rehearsal: the message stands in the table, the neighbour has its scores."""
    honest = ridge.run
    monkeypatch.setattr(ridge, "run", lambda p, d, c: honest(p, d, c) if p.alpha == "val" else 1 / 0)

    report = rehearse(toy(tmp_path), 30)

    assert report.code == 6
    assert "  weak    failed: ZeroDivisionError: division by zero" in report.lines
    assert np.isfinite(report.data["rehearsed"][0]["runs"]["strong"]["scores"]["r2"])


def test_a_metric_without_a_value_is_a_dash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not finite is shown as nothing, and is null for a program."""
    monkeypatch.setitem(metrics.OF_PREDICTIONS, "r2", lambda sums: sums[:, 0] * np.nan)

    report = rehearse(toy(tmp_path), 30)

    assert report.lines[2].split()[:2] == ["weak", "–"]
    assert report.data["rehearsed"][0]["runs"]["weak"]["scores"]["r2"] is None


@pytest.mark.parametrize("limit", [1, 0, -3])
def test_a_rehearsal_on_no_rows_is_refused(tmp_path: Path, limit: int) -> None:
    """Scores of one row mean nothing."""
    with pytest.raises(UsageError, match="give --limit 2 or more"):
        rehearse(toy(tmp_path), limit)
