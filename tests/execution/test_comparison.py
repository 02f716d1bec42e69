"""Running again and comparing: exact, close, different, and what cannot be compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runner import workflow
from runner.contract import Output
from runner.documents import settings as documents
from runner.documents.kinds import Job
from runner.documents.settings import load_plugins
from runner.execution.comparison import close_of
from runner.execution.execute import Settings
from runner.findings import Place
from runner.jobs import ridge
from runner.plans.specs import JobRun
from runner.report import Report
from tests.executed import EXP, RESULT, executed, snapshot, swap

HONEST = ridge.run


def again(root: Path) -> Report:
    """Run every experiment again and compare."""
    return workflow.execute(root, [], everything=True, settings=Settings("cpu", again=True))


def alter(monkeypatch: pytest.MonkeyPatch, change: Callable[[np.ndarray], np.ndarray], **scalars: float) -> None:
    """Change what the strong ridge predicts, and the scalars it returns."""

    def run(params: ridge.Params, data: Any, context: Any) -> Output:
        output: Output = HONEST(params, data, context)
        if params.alpha != "val":
            return output
        test = change(output.predictions["test"].copy())
        return replace(output, predictions={**output.predictions, "test": test}, scalars={**output.scalars, **scalars})

    monkeypatch.setattr(ridge, "run", run)


def verdicts(report: Report) -> dict[str, str]:
    """Return the verdict of every run that was compared."""
    return {run["run"]: run["verdict"] for entry in report.data["compared"] for run in entry["runs"]}


def first_moved(by: float) -> Callable[[np.ndarray], np.ndarray]:
    """Return a change that moves the first prediction by a share of the spread."""

    def change(values: np.ndarray) -> np.ndarray:
        values[0] += by * values.std()
        return values

    return change


def test_what_gives_the_same_is_exact_and_nothing_is_written(tmp_path: Path, calls: list[ridge.Params]) -> None:
    """Every job is run, not taken from the cache; no file below `logg/` or in the cache is touched."""
    root = executed(tmp_path)
    before = snapshot(root)

    report = again(root)

    assert (verdicts(report), report.code) == ({"weak": "exact", "strong": "exact"}, 0)
    assert len(calls) == 2
    assert snapshot(root) == before


@pytest.mark.parametrize(
    ("by", "verdict", "code"),
    [(1e-9, "close", 0), (0.01, "differs", 1), (-0.5, "differs", 1), (np.inf, "failed", 6)],
)
def test_an_altered_job_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: float, verdict: str, code: int
) -> None:
    """A prediction that moved farther than the job allows differs; by less than can be stored it may be close."""
    root = executed(tmp_path)
    before = snapshot(root)
    alter(monkeypatch, first_moved(by), **({"wobble": 1.0} if verdict == "close" else {}))

    report = again(root)

    assert (verdicts(report), report.code) == ({"weak": "exact", "strong": verdict}, code)
    assert snapshot(root) == before


def test_the_distance_is_told_in_spreads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The farthest prediction decides; how far it went does not count the rounding of what is stored."""
    root = executed(tmp_path)
    alter(monkeypatch, first_moved(0.5))

    run = again(root).data["compared"][0]["runs"][1]

    assert run["distance"] == pytest.approx(0.5, abs=0.01)
    assert run["allowed"] == 1e-6
    assert run["text"].startswith(f"the farthest prediction moved by {run['distance']:.2g} of their spread")


@pytest.mark.parametrize("expert", ["lightgbm", "ridge"])
def test_a_job_is_as_close_as_what_is_inside_it(expert: str) -> None:
    """A mixture of trees may move as far as the trees do."""
    jobs = load_plugins(Path(), documents.Settings()).jobs
    defaults = {name: parameter.default for name, parameter in jobs[expert].parameters.items()}
    params = {"experts": {"job": expert, "version": 1, "params": defaults}, "split": {}}
    run = JobRun("m", Job("m", "moe", 1, "", params, Place("a.md")), {}, {}, "", "", "")

    assert close_of(run, jobs) == max(jobs["moe"].close, jobs[expert].close)


def test_one_stored_digit_is_close(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A last bit that rounds the other way is not a difference of the job."""
    root = executed(tmp_path)
    alter(monkeypatch, lambda values: values * (1 + 2.0**-15))

    assert verdicts(again(root))["strong"] == "close"


def test_a_scalar_that_moved_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Predictions decide; a scalar that is no longer the same keeps a run from being exact."""
    root = executed(tmp_path)
    alter(monkeypatch, lambda values: values, alpha=2.0)

    report = again(root)

    assert verdicts(report)["strong"] == "close"
    assert "scalars that moved: alpha" in report.lines[2]


def test_both_machines_are_told(tmp_path: Path) -> None:
    """Who compares across machines sees what may have moved a digit on either side."""
    root = executed(tmp_path)

    report = again(root)

    entry = report.data["compared"][0]
    assert entry["filed on"] == entry["again on"]
    assert set(entry["filed on"]) == {"device", "host", "versions"}
    assert "filed on cpu" in report.lines[0]
    assert "torch" in report.lines[0]


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda root: (root / RESULT).unlink(), "no result yet"),
        (lambda root: swap(root, EXP, "alpha: 1e4", "alpha: 1e3"), "alpha: 10000.0 -> 1000.0"),
    ],
)
def test_without_a_result_of_today_s_spec_there_is_nothing_to_compare(
    tmp_path: Path, calls: list[ridge.Params], spoil: Callable[[Path], None], why: str
) -> None:
    """What is missing or stale is named with the command, nothing is run, and the command does not end well."""
    root = executed(tmp_path)
    spoil(root)

    report = again(root)

    assert report.lines == [f"TOY-1  nothing to compare with: {why} -> runner execute TOY-1"]
    assert (report.code, calls) == (1, [])
