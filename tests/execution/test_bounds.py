"""Bounds: from the run through the files to facts and back, and runs that predict nothing at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runner import workflow
from runner.contract import Output
from runner.execution import workshop
from runner.execution.execute import Settings
from runner.execution.fits import Cache, Fit
from runner.execution.outputs import checked
from runner.findings import JobFailed
from runner.results import arrays
from tests.executed import PREDICTIONS, RESULT, codes, execute, put, read, swap
from tests.jobs.made_up_data import MadeUp
from tests.knowledge import EXPERIMENT, PROTOCOL, base

LIMIT = '''"""Bounds of the test rows, and nothing else."""
from dataclasses import dataclass

import numpy as np

from runner.contract import Output

VERSION = 1
USES_SEED = False
USES_TRAIN = False


@dataclass(frozen=True)
class Params:
    """What may be set."""

    # by which factor they grow
    scale: float = 1.0


def run(params, data, context):
    """Grow from row to row; of the last one nothing is known."""
    bounds = params.scale * (2.0 + np.arange(data.test.rows) / 20)
    bounds[-1] = np.inf
    return Output(bounds=bounds, scalars={"condition": 3.5})
'''
BEST = '''"""Predictions with the variance that is left of each."""
from dataclasses import dataclass

import numpy as np

from runner.contract import Output

VERSION = 1
USES_SEED = False
CEILING = True


@dataclass(frozen=True)
class Params:
    """Nothing may be set."""


def run(params, data, context):
    """Predict the mean of the rows it chooses on, of which some variance is left."""
    mean = np.mean(np.concatenate([y for _, y in data.val.pairs(64)]))
    predictions = {name: np.full(getattr(data, name).rows, mean) for name in ("val", "test")}
    return Output(predictions, bounds=np.full(data.test.rows, 3.0))
'''
JOBS = "  limit: {job: limit}\n  best: {job: best}\n  line: {job: ridge, alpha: 1}\n"
ALL = "r2, mae, bound, r2max, r2max_mean, r2max_p10, r2max_p90, sigma"
EXP, AGREED = "logg/toy/exp/toy.md", "logg/protocols/tiny.md"
TEXT = "\n<!-- logg: results {splits: [val]} -->\n\n<!-- logg: protocol -->\n"


def limited(root: Path, jobs: str = JOBS, metrics: str = ALL, text: str = TEXT) -> Path:
    """Write a base whose experiment runs these jobs."""
    put(root, "pyproject.toml", '[tool.runner]\njobs = "jobs"\n')
    put(root, "jobs/limit.py", LIMIT)
    put(root, "jobs/best.py", BEST)
    base(root, toy__exp__toy=f"{EXPERIMENT[: EXPERIMENT.index('jobs:')]}jobs:\n{jobs}---\n\n# A toy\n{text}")
    put(root, AGREED, PROTOCOL.replace("r2, mae, rmse, bias", metrics))
    return root


def stored(root: Path) -> dict[str, np.ndarray]:
    """Return the arrays that are filed."""
    return arrays.unpack(root / PREDICTIONS, PREDICTIONS)


def facts(root: Path) -> dict[str, float | None]:
    """Return the facts that are filed."""
    return {name: value for name, (value, *_) in json.loads(read(root, RESULT))["facts"].items()}


def column(root: Path, name: str) -> np.ndarray:
    """Return a label of the test rows."""
    return np.asarray(np.load(root / "logg/protocols/tiny@1.rows.npz")[f"test/{name}"], dtype=np.float64)


def test_bounds_are_filed_with_their_hash(tmp_path: Path) -> None:
    """Beside predictions or alone, as an array of the run that the result vouches for."""
    root = limited(tmp_path)

    assert execute(root).code == 0

    found, runs = stored(root), json.loads(read(root, RESULT))["runs"]
    by_row = {"limit/bounds", "best/val", "best/test", "best/bounds", "line/val", "line/test"}
    assert set(found) == {*by_row, "line/weights"}
    for name, values in found.items():
        run, _, part = name.partition("/")
        assert name not in by_row or runs[run]["arrays"][part] == arrays.digest(values)
    assert found["limit/bounds"].dtype == np.float32
    assert np.isinf(found["limit/bounds"]).tolist() == [False] * 79 + [True]
    assert codes(workflow.check(root).findings) == []


def test_facts_are_there_where_they_mean_something(tmp_path: Path) -> None:
    """What bounds has metrics of bounds, what predicts those of predictions; a mean without an end is no number."""
    root = limited(tmp_path)
    execute(root)

    found, variance, old = facts(root), column(root, "weight").var(), column(root, "age") >= 40
    assert {name.rpartition(".")[2] for name in found if name.startswith("limit.")} == set(ALL.split(", ")) - {
        "r2", "mae"
    }  # fmt: skip
    assert {name.rpartition(".")[2] for name in found if name.startswith("best.")} == set(ALL.split(", "))
    assert {name.rpartition(".")[2] for name in found if name.startswith("line.")} == {"r2", "mae"}
    assert found["limit.bound"] is None
    given = arrays.rounded(2.0 + np.arange(80) / 20).astype(float)
    middle = np.quantile(np.where(np.arange(80) == 79, np.inf, given), 0.5, method="inverted_cdf")
    assert found["limit.r2max"] == pytest.approx(1 - middle / variance, rel=1e-9)
    assert found["limit.sigma"] == pytest.approx(np.sqrt(middle), rel=1e-9)
    assert found["best.bound"] == pytest.approx(1 - 3 / variance, rel=1e-9)
    assert found["best.old.bound"] == pytest.approx(1 - 3 / column(root, "weight")[old].var(), rel=1e-9)


def test_a_variance_that_is_agreed_on_takes_the_place_of_that_of_the_rows(tmp_path: Path) -> None:
    """What was filed before no longer agrees; a run that fits nothing files it again."""
    root = limited(tmp_path)
    execute(root)
    before = facts(root)
    put(root, AGREED, read(root, AGREED).replace("seed: 7", "seed: 7\nvariance: 40"))

    findings = workflow.check(root).findings
    again = execute(root)

    assert any("LG403" in str(finding) and "best.bound is filed as" in finding.message for finding in findings)
    assert again.lines[0] == "TOY-1: nothing to run, filed again"
    assert facts(root)["best.bound"] == pytest.approx(1 - 3 / 40, rel=1e-9)
    assert facts(root)["best.young.bound"] == facts(root)["best.bound"]
    kept = {name for name, value in facts(root).items() if value == before[name]}
    assert {name for name in before if name.endswith((".r2", ".mae", ".sigma"))} <= kept
    assert codes(workflow.check(root).findings) == []


def test_a_metric_that_is_listed_later_needs_no_run(tmp_path: Path) -> None:
    """It follows from the bounds that are filed."""
    root = limited(tmp_path, metrics="r2")
    execute(root)
    assert {name.rpartition(".")[2] for name in facts(root)} == {"r2"}
    put(root, AGREED, read(root, AGREED).replace("[r2]", "[r2, bound]"))

    again = execute(root)

    assert again.lines[0] == "TOY-1: nothing to run, filed again"
    assert facts(root)["best.bound"] is not None


@pytest.mark.parametrize("how", ["changed", "gone", "shorter"])
def test_check_finds_bounds_that_are_not_as_they_were_filed(tmp_path: Path, how: str) -> None:
    """They are named with their file; to run again mends it."""
    root = limited(tmp_path)
    execute(root)
    found = stored(root)
    changed = {"changed": found["best/bounds"] / 2, "shorter": found["best/bounds"][1:]}
    (found.pop("best/bounds") if how == "gone" else found.update({"best/bounds": changed[how]}))
    (root / PREDICTIONS).write_bytes(arrays.pack(found))

    (finding,) = workflow.check(root).findings

    assert (finding.code, str(finding.place)) == ("LG402", PREDICTIONS)
    assert finding.message == "`best/bounds` is not the array its result was computed from"
    assert execute(root).code == 0
    assert codes(workflow.check(root).findings) == []


def test_the_cache_gives_the_same_result(tmp_path: Path) -> None:
    """Result and arrays made from the cache of fits are those that were computed, byte for byte."""
    root = limited(tmp_path)
    execute(root)
    before = (root / RESULT).read_bytes(), (root / PREDICTIONS).read_bytes()
    for file in (RESULT, PREDICTIONS):
        (root / file).unlink()

    report = execute(root)

    assert report.lines[0].startswith("TOY-1: 0 of 3 jobs run")
    assert ((root / RESULT).read_bytes(), (root / PREDICTIONS).read_bytes()) == before


def test_damaged_bounds_of_the_cache_are_computed_again(tmp_path: Path) -> None:
    """They are believed by their hash, as predictions are."""
    root = limited(tmp_path, jobs="  limit: {job: limit}\n", text="")
    execute(root)
    (kept,) = Cache(root).folder.glob("*.npz")
    found = arrays.unpack(kept, kept.name)
    assert set(found) == {"bounds"}
    kept.write_bytes(arrays.pack({"bounds": found["bounds"] * 2}))
    (root / RESULT).unlink()

    assert execute(root).lines[0].startswith("TOY-1: 1 of 1 jobs run")
    assert stored(root)["limit/bounds"][0] == 2


def test_what_is_ready_keeps_its_bounds(tmp_path: Path) -> None:
    """A run that is filed as declared is not run again beside a new one."""
    root = limited(tmp_path)
    execute(root)
    before = stored(root)
    swap(root, EXP, "{job: limit}", "{job: limit, scale: 2}")

    report = execute(root)

    after = stored(root)
    assert report.lines[0].startswith("TOY-1: 1 of 3 jobs run")
    np.testing.assert_array_equal(after["best/bounds"], before["best/bounds"])
    np.testing.assert_array_equal(after["limit/bounds"], 2 * before["limit/bounds"])


MOVES: list[tuple[Callable[[np.ndarray], np.ndarray], str]] = [
    (lambda bounds: bounds, "exact"),
    (lambda bounds: 1.5 * bounds, "differs"),
    (lambda bounds: np.inf * bounds, "differs"),
    (lambda bounds: np.where(np.isinf(bounds), 3, bounds), "differs"),
]


@pytest.mark.parametrize(("move", "verdict"), MOVES, ids=["same", "larger", "without end", "with an end"])
def test_again_compares_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, move: Callable[[np.ndarray], np.ndarray], verdict: str
) -> None:
    """A run that predicts nothing is compared by what it bounds, a bound without end with its like."""
    root = limited(tmp_path, jobs="  limit: {job: limit}\n", text="")
    execute(root)

    def moved(output: Output, splits: Any, **told: bool) -> Fit:
        fit = checked(output, splits, **told)
        assert fit.bounds is not None
        return replace(fit, bounds=move(fit.bounds))

    monkeypatch.setattr(workshop, "checked", moved)

    report = workflow.execute(root, [], everything=True, settings=Settings("cpu", again=True))

    (entry,) = report.data["compared"]
    assert [each["verdict"] for each in entry["runs"]] == [verdict]
    said = "every bound is the same" if verdict == "exact" else "the farthest bound moved by"
    assert said in entry["runs"][0]["text"]


def test_a_rehearsal_shows_what_each_run_has(tmp_path: Path) -> None:
    """One column for every metric that some run has, empty where another has none."""
    root = limited(tmp_path, metrics="r2, bound, r2max_mean, bias")

    report = workflow.execute(root, [], everything=True, settings=Settings("cpu", limit=40))

    head, limit, best, line = (text.split() for text in report.lines[1:5])
    assert head == ["run", "r2", "bound", "r2max_mean", "bias", "time"]
    assert [len(words) for words in (limit, best, line)] == [5, 7, 5]  # a time is two words
    scores = report.data["rehearsed"][0]["runs"]
    assert list(scores["limit"]["scores"]) == ["bound", "r2max_mean"]
    assert scores["limit"]["scores"]["bound"] is None
    assert set(scores["best"]["scores"]) == {"r2", "bound", "r2max_mean", "bias"}
    assert [len(report.lines[1]), len(report.lines[2])] == [len(report.lines[3])] * 2


def test_a_job_that_asks_a_bound_what_it_predicts_fails_in_one_line(tmp_path: Path) -> None:
    """Who learns from another job needs one that predicts."""
    net = "  net: {job: mlp, residual_on: limit, epochs: 1, hidden: [2]}\n"
    root = limited(tmp_path, jobs=f"  limit: {{job: limit}}\n{net}", text="")

    report = execute(root)

    assert report.code == 6
    assert report.data["failed"] == ["TOY-1 net: `limit` predicts nothing -> name a job that predicts"]


ROWS = MadeUp()
ZEROS = {"val": np.zeros(ROWS.val.rows), "test": np.zeros(ROWS.test.rows)}
FINE = np.ones(ROWS.test.rows)


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (Output(), "it returns neither predictions nor bounds -> return one of them, or both"),
        (Output({"test": ZEROS["test"]}), "it returns no val predictions -> return those of val and test, or none"),
        (Output({"val": ZEROS["val"]}, bounds=FINE), "it returns no test predictions"),
        (Output(bounds=FINE[1:]), r"bounds have shape \(\d+,\), \(\d+,\) is due"),
        (Output(bounds=-FINE), r"\d+ bounds are negative or no number -> return variances, and infinity where nothing"),
        (Output(bounds=np.where(FINE.cumsum() == 2, np.nan, 1)), "1 bounds are negative or no number"),
        (Output(bounds=-np.inf * FINE), r"\d+ bounds are negative"),
        (Output(bounds=FINE.astype(complex)), "bounds are complex128, real numbers are due"),
        (Output(ZEROS, profiles={"bounds": np.zeros(ROWS.test.width)}), "`bounds` cannot name a profile"),
    ],
)
def test_what_cannot_be_filed_is_refused(output: Output, message: str) -> None:
    """One number from zero up per test row; without bounds, predictions of both splits."""
    with pytest.raises(JobFailed, match=message):
        checked(output, ROWS)


@pytest.mark.parametrize("bounds", [0 * FINE, FINE.astype(int), np.inf * FINE, FINE.astype(np.float16)])
def test_bounds_are_kept_as_predictions_are(bounds: np.ndarray) -> None:
    """Zero says that the truth can be known, infinity that nothing is."""
    found = checked(Output(bounds=bounds), ROWS)

    assert (found.predictions, found.bounds is not None and found.bounds.dtype.str) == ({}, "<f4")
    np.testing.assert_array_equal(found.bounds, bounds.astype(np.float32))


def test_who_was_told_the_truth_may_predict_nothing() -> None:
    """Bounds may be taken at the truth of the test rows; predictions may not."""
    assert checked(Output(bounds=FINE), ROWS, told=True).bounds is not None
    with pytest.raises(JobFailed, match="it asked for the truth of the test rows, so it may predict nothing"):
        checked(Output(ZEROS, bounds=FINE), ROWS, told=True)
    assert checked(Output(ZEROS, bounds=FINE), ROWS).predictions


@pytest.mark.parametrize("name", ["sigma", "bound", "r2", "n"])
def test_a_scalar_has_no_name_of_a_metric(name: str) -> None:
    """The day a protocol lists the metric, nobody could ask for the scalar any more."""
    with pytest.raises(JobFailed, match=f"the scalar `{name}` has the name of a metric"):
        checked(Output(bounds=FINE, scalars={name: 1.0}), ROWS)
