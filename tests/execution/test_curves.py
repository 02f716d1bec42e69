"""Curves: what a job says of each epoch, from the run through the files to whoever asks, and back by `--again`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runner import workflow
from runner.contract import Output
from runner.execution.execute import Settings
from runner.execution.fits import Cache
from runner.execution.outputs import checked
from runner.findings import ArtefactDamaged, JobFailed
from runner.jobs import ridge
from runner.results import arrays
from runner.verdicts.knowledge import Knowledge, gather
from tests.executed import PREDICTIONS, RESULT, execute, put, read, swap
from tests.jobs.made_up_data import MadeUp
from tests.knowledge import EXPERIMENT, base, toy

TRAINED = '''"""A job that says something of each of its epochs."""
from dataclasses import dataclass

import numpy as np

from runner.contract import Output

VERSION = 1
USES_SEED = False


@dataclass(frozen=True)
class Params:
    """What may be set."""

    # how many
    epochs: int = 4


def run(params, data, context):
    """Predict a ramp, and say what was seen on the way."""
    seen = 200 * np.arange(1, params.epochs + 1)
    curves = {"rows": seen, "loss": 1 / seen, "val_r2": 1 - 50 / seen} if params.epochs else {}
    predictions = {name: np.linspace(50, 70, getattr(data, name).rows) for name in ("val", "test")}
    profiles = {"loss": np.ones(data.test.width)}  # another thing of the same name
    return Output(predictions, scalars={"best_epoch": params.epochs}, curves=curves, profiles=profiles)
'''
NAMES = {"loss", "rows", "val_r2"}
SHARED = "  a: {job: trained}\n  b: {job: trained, epochs: 6}\n  c: {like: a}\n"


def trained(root: Path, jobs: str = "  a: {job: trained}\n  b: {job: trained, epochs: 6}\n") -> Path:
    """Write a base whose experiment runs that job."""
    put(root, "pyproject.toml", '[tool.runner]\njobs = "jobs"\n')
    put(root, "jobs/trained.py", TRAINED)
    return base(root, toy__exp__toy=f"{EXPERIMENT[: EXPERIMENT.index('jobs:')]}jobs:\n{jobs}---\n")


def stored(root: Path) -> dict[str, np.ndarray]:
    """Return the arrays that are filed."""
    return arrays.unpack(root / PREDICTIONS, PREDICTIONS)


def curves(known: Knowledge, *runs: str) -> dict[str, dict[str, np.ndarray]]:
    """Return what the store knows of the epochs of runs."""
    return known.store.curves(known.library.named("TOY-1"), runs)


def test_curves_are_filed_with_their_hashes(tmp_path: Path) -> None:
    """One array per run and curve beside the predictions, vouched for by the result; a profile may have its name."""
    root = trained(tmp_path)

    assert execute(root).code == 0

    result, found = json.loads(read(root, RESULT)), stored(root)
    assert {f"{run}/curve/{name}" for run in "ab" for name in NAMES} <= found.keys()
    assert {values.dtype.str for values in found.values()} == {"<f4"}
    np.testing.assert_array_equal(found["b/curve/rows"], [200, 400, 600, 800, 1000, 1200])
    np.testing.assert_allclose(found["b/curve/loss"], 1 / found["b/curve/rows"], rtol=1e-4)
    np.testing.assert_array_equal(found["a/loss"], np.ones(6))
    assert result["runs"]["b"]["curves"] == {name: arrays.digest(found[f"b/curve/{name}"]) for name in NAMES}
    assert workflow.check(root).code == 0


def test_whoever_draws_them_asks_the_store(tmp_path: Path) -> None:
    """For several runs at once."""
    root = trained(tmp_path)
    execute(root)

    found = curves(gather(root), "b", "a", "b")

    assert {run: set(named) for run, named in found.items()} == {"a": NAMES, "b": NAMES}
    assert (len(found["a"]["loss"]), len(found["b"]["loss"])) == (4, 6)


def test_a_curve_that_runs_share_is_filed_once(tmp_path: Path) -> None:
    """Runs that went alike have one copy, which serves them all."""
    root = trained(tmp_path, SHARED)
    execute(root)
    found, known = stored(root), gather(root)

    assert [f"{run}/curve/loss" in found for run in "abc"] == [True, True, False]
    np.testing.assert_array_equal(curves(known, "c")["c"]["loss"], found["a/curve/loss"])
    assert workflow.check(root).code == 0


def test_a_result_without_curves_holds_no_word_of_them(tmp_path: Path) -> None:
    """So no result that was filed before has to be filed again."""
    root = trained(tmp_path, "  a: {job: trained, epochs: 0}\n")

    execute(root)

    assert "curves" not in json.loads(read(root, RESULT))["runs"]["a"]
    assert not any("curve" in name for name in stored(root))


@pytest.mark.parametrize("how", ["changed", "gone"])
def test_check_finds_what_is_not_as_it_was_filed(tmp_path: Path, how: str) -> None:
    """A curve that was touched is named with its file; to run again mends it."""
    root, name = trained(tmp_path), "b/curve/val_r2"
    execute(root)
    found = stored(root)
    (found.pop(name) if how == "gone" else found.update({name: found[name] + 1}))
    (root / PREDICTIONS).write_bytes(arrays.pack(found))

    (finding,) = workflow.check(root).findings
    assert (finding.code, finding.message) == ("LG402", f"`{name}` is not the array its result was computed from")
    with pytest.raises(ArtefactDamaged, match="is not the array"):
        curves(gather(root), "b")

    assert execute(root).code == 0
    assert workflow.check(root).code == 0


def test_a_result_that_vouches_for_curves_of_several_lengths_is_damaged(tmp_path: Path) -> None:
    """Its seal is a public hash: what nobody could have filed is told before anything is drawn."""
    root, name = trained(tmp_path), "b/curve/val_r2"
    execute(root)
    known = gather(root)
    document, found = known.library.named("TOY-1"), stored(root)
    short = found[name][:-1]
    (root / PREDICTIONS).write_bytes(arrays.pack({**found, name: short}))
    result = known.store.result(document)
    assert result is not None
    run = result.runs["b"]
    lying = replace(run, curves={**run.curves, "val_r2": arrays.digest(short)})
    put(root, RESULT, replace(result, runs={**result.runs, "b": lying}).dumps())

    with pytest.raises(ArtefactDamaged, match="LG402 the curves of `b` differ in length"):
        curves(gather(root), "a", "b")


def test_what_is_ready_keeps_its_curves(tmp_path: Path) -> None:
    """A run that is filed as declared is not run again beside a new one, and loses nothing."""
    root = trained(tmp_path)
    execute(root)
    before = stored(root)
    swap(root, "logg/toy/exp/toy.md", "epochs: 6", "epochs: 7")

    report = execute(root)

    after = stored(root)
    assert report.lines[0].startswith("TOY-1: 1 of 2 jobs run")
    assert all(np.array_equal(before[f"a/curve/{name}"], after[f"a/curve/{name}"]) for name in NAMES)
    assert len(after["b/curve/rows"]) == 7


def test_the_cache_gives_the_same_result(tmp_path: Path) -> None:
    """Result and arrays made from the cache of fits are those that were computed, byte for byte."""
    root = trained(tmp_path)
    execute(root)
    before = (root / RESULT).read_bytes(), (root / PREDICTIONS).read_bytes()
    for file in (RESULT, PREDICTIONS):
        (root / file).unlink()

    assert execute(root).lines[0].startswith("TOY-1: 0 of 2 jobs run")

    assert ((root / RESULT).read_bytes(), (root / PREDICTIONS).read_bytes()) == before


def test_a_damaged_fit_of_the_cache_is_computed_again(tmp_path: Path) -> None:
    """Curves in the cache are believed by their hash, as predictions are."""
    root = trained(tmp_path, "  a: {job: trained}\n")
    execute(root)
    (kept,) = Cache(root).folder.glob("*.npz")
    found = arrays.unpack(kept, kept.name)
    kept.write_bytes(arrays.pack({**found, "curve/rows": found["curve/rows"] + 1}))
    (root / RESULT).unlink()

    assert execute(root).lines[0].startswith("TOY-1: 1 of 1 jobs run")
    assert stored(root)["a/curve/rows"][-1] == 800


@pytest.mark.parametrize(
    ("again", "verdict", "moved"),
    [
        ({"loss": [0, 1, 2, 3]}, "exact", ""),
        ({"loss": [0, 1, 2, 3 + 1e-7]}, "exact", ""),
        ({"loss": [0, 1, 2, 4]}, "close", "; curves that moved: loss"),
        ({"loss": [0, 1, 2, 3, 4]}, "close", "; curves that moved: loss"),
        ({"loss": [0, 1, 2, 3], "lr": [1, 1, 1, 1]}, "close", "; curves that moved: lr"),
        ({}, "close", "; curves that moved: loss"),
    ],
)
def test_again_tells_of_curves_and_judges_predictions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: dict[str, list[float]], verdict: str, moved: str
) -> None:
    """A run whose predictions are the same is close, though its training went another way or ended elsewhere."""
    root, honest = toy(tmp_path), ridge.run
    said: dict[str, list[float]] = {"loss": [0, 1, 2, 3]}

    def run(params: ridge.Params, data: Any, context: Any) -> Output:
        output: Output = honest(params, data, context)
        return replace(output, curves={name: np.array(values) for name, values in said.items()})

    monkeypatch.setattr(ridge, "run", run)
    execute(root)
    said = again

    report = workflow.execute(root, [], everything=True, settings=Settings("cpu", again=True))

    (entry,) = report.data["compared"]
    assert report.code == 0
    assert {(each["verdict"], each["distance"]) for each in entry["runs"]} == {(verdict, 0.0)}
    assert all(each["text"].endswith(moved) for each in entry["runs"])


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"a": np.zeros(4), "b": np.zeros(3)}, r"numbers of the curve `b` have shape \(3,\), \(4,\) is due"),
        ({"a": np.zeros((2, 2))}, r"numbers of the curve `a` have shape \(2, 2\)"),
        ({"a": np.array([1, np.nan])}, "1 numbers of the curve `a` are not finite"),
        ({"a": np.array([1, 1e300])}, "1 numbers of the curve `a` are not finite"),
        ({"a": np.array(["x"])}, "numbers of the curve `a` are <U1, real numbers are due"),
        ({"a": np.zeros(0)}, "its curves have no epoch"),
        ({"A": np.zeros(4)}, "`A` cannot name a curve -> write lower-case letters"),
        ({"a/b": np.zeros(4)}, "`a/b` cannot name a curve"),
        ({"a(1)": np.zeros(4)}, r"`a\(1\)` cannot name a curve"),
    ],
)
def test_a_curve_that_cannot_be_filed_is_refused(said: dict[str, np.ndarray], message: str) -> None:
    """One finite real number per epoch, as many as the others have, under a name."""
    rows = MadeUp()
    output = Output({"val": np.zeros(rows.val.rows), "test": np.zeros(rows.test.rows)}, curves=said)

    with pytest.raises(JobFailed, match=message):
        checked(output, rows)


def test_curves_may_have_the_names_of_splits() -> None:
    """They are filed under names of their own."""
    rows = MadeUp()
    output = Output({"val": np.zeros(rows.val.rows), "test": np.zeros(rows.test.rows)}, curves={"test": np.ones(3)})

    fit = checked(output, rows)

    assert set(fit.kept) == {"val", "test", "curve/test"}
    assert set(fit.beside) == {"curve/test"}
