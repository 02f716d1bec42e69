"""Staleness: why a run would be made again, with the part that differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runner.jobs import ridge
from runner.plans.specs import JobRun, job_runs
from runner.plans.staleness import Reason, code_moved, reasons
from runner.results.files import Result
from runner.verdicts.knowledge import Knowledge, gather
from tests import knowledge
from tests.knowledge import EXPERIMENT, PROTOCOL, file, guess, toy

USUAL = ridge.Params().products


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The toy base with a result."""
    toy(tmp_path)
    file(tmp_path, "TOY-1", {"weak": guess(tmp_path, 2), "strong": guess(tmp_path, 0.5)})
    return tmp_path


def declared(known: Knowledge) -> tuple[list[JobRun], Result | None]:
    """Return what the toy declares and what was filed."""
    document = known.library.named("TOY-1")
    return job_runs(document, known.library), known.store.result(document)


def after(root: Path, old: str, new: str) -> list[Reason]:
    """Return the reasons to run again after a change of the protocol, or else of the experiment."""
    name, text = ("protocols/tiny.md", PROTOCOL) if old in PROTOCOL else ("toy/exp/toy.md", EXPERIMENT)
    assert old in text
    knowledge.write(root, {name: text.replace(old, new)})
    return reasons(*declared(gather(root)))


def test_without_a_result_everything_is_new(tmp_path: Path) -> None:
    """Each declared run is named."""
    assert reasons(*declared(gather(toy(tmp_path)))) == [
        Reason("weak", "new", "no result yet"),
        Reason("strong", "new", "no result yet"),
    ]


def test_what_is_filed_as_declared_does_not_run(root: Path) -> None:
    """A result of today's spec gives no reason."""
    assert reasons(*declared(gather(root))) == []


@pytest.mark.parametrize(
    ("old", "new", "part", "text"),
    [
        ("alpha: 1e4", "alpha: 5", "parameters", "alpha: 10000.0 -> 5.0"),
        ("alpha: 1e4", "alpha: 1e4, products: single", "parameters", f"products: {USUAL} -> single"),
        ("alpha: 1e4", "alpha: 1e4, alphas: [1, 2]", "parameters", "-> (1.0, 2.0)"),
    ],
)
def test_a_changed_parameter_is_named(root: Path, old: str, new: str, part: str, text: str) -> None:
    """Only the job it belongs to would run, and the message shows both values."""
    [reason] = after(root, old, new)

    assert (reason.run, reason.part) == ("weak", part)
    assert reason.text.endswith(text)


@pytest.mark.parametrize(
    ("old", "new", "part", "text"),
    [
        ("train: 200", "train: 150", "axes", "train: 200 -> 150"),
        ("noise: 1", "noise: 0", "axes", "noise: 1 -> 0"),
        ("noise: 1", "noise: 1\ntrain_noise: 0", "axes", "train_noise: absent -> 0"),
        ("seed: 7", "seed: 8", "protocol", "its target, seed, validation rows or test rows changed"),
        ("test: 80", "test: 79", "protocol", "its target, seed, validation rows or test rows changed"),
        ("val: 40", "val: 39", "protocol", "its target, seed, validation rows or test rows changed"),
        ("target: weight", "target: age", "protocol", "its target, seed, validation rows or test rows changed"),
    ],
)
def test_a_changed_axis_or_protocol_is_named(root: Path, old: str, new: str, part: str, text: str) -> None:
    """Every job would run again, for the same reason."""
    assert after(root, old, new) == [Reason(run, part, text) for run in ("weak", "strong")]


def test_changed_data_are_named(root: Path) -> None:
    """One label more or less is other data."""
    (root / "logg/tiny.npz").write_bytes(knowledge.data(rows=321))

    assert {reason.part for reason in reasons(*declared(gather(root)))} == {"data"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("A toy", "Another title"),
        ("gain >= 0.2", "gain >= 0.1"),
        ("young: age < 40", "young: age < 30"),
        ("[r2, mae, rmse, bias]", "[mae]"),
        ("{weight: kg, age: years}", "{weight: kg, age: months}"),
    ],
)
def test_words_expectations_slices_and_metrics_make_nothing_stale(root: Path, old: str, new: str) -> None:
    """They follow from predictions that are filed already."""
    assert after(root, old, new) == []


@pytest.mark.parametrize(
    ("change", "part", "text"),
    [
        (lambda job: replace(job, version=9), "version", f"ridge version {ridge.VERSION} -> 9"),
        (lambda job: replace(job, job="lasso"), "job", "was ridge, is lasso"),
        (lambda job: replace(job, version=9, params={"alpha": 3.0}), "version", f"ridge version {ridge.VERSION} -> 9"),
        (lambda job: replace(job, params={**job.params, "fresh": 1}), "parameters", "fresh: absent -> 1"),
        (
            lambda job: replace(job, params={k: v for k, v in job.params.items() if k != "products"}),
            "parameters",
            f"products: {USUAL} -> absent",
        ),
        (lambda job: replace(job, params={**job.params, "tiny": 1e-300}), "parameters", "tiny: absent -> 1e-300"),
    ],
    ids=["version", "job", "the first of several", "parameter added", "parameter gone", "tiny"],
)
def test_what_a_job_declares_is_compared(root: Path, change: Callable[[Any], Any], part: str, text: str) -> None:
    """The first part that differs is named: job, then version, then parameters."""
    runs, result = declared(gather(root))
    moved = replace(runs[0], job=change(runs[0].job), fit="moved")

    assert reasons([moved, runs[1]], result) == [Reason("weak", part, text)]


def test_a_job_that_failed_runs_again(tmp_path: Path) -> None:
    """A failure is filed with its message, and is a reason by itself."""
    root = toy(tmp_path)
    known = file(root, "TOY-1", {"weak": guess(root, 2), "strong": "JobFailed: out of luck"})

    assert reasons(*declared(known)) == [Reason("strong", "failed", "failed last time: JobFailed: out of luck")]


def test_jobs_that_come_and_go_are_named(root: Path) -> None:
    """A result that holds more or less than is declared is not that of today's spec."""
    assert after(root, "  weak: ", "  feeble: ") == [
        Reason("feeble", "new", "no result yet"),
        Reason("weak", "job", "`weak` is no longer declared"),
    ]


def test_code_that_moved_without_a_version_is_suspect(root: Path) -> None:
    """A job file whose meaning may have changed is told apart from one that says that it has."""
    runs, result = declared(gather(root))
    edited = replace(runs[0], job=replace(runs[0].job, code="edited"))
    assert result is not None

    assert code_moved(runs, result) == []
    assert code_moved([edited, runs[1]], result) == [edited]
    assert code_moved([replace(edited, fit="moved"), replace(edited, name="fresh")], result) == []


def test_inside_a_record_only_what_differs_is_named(root: Path) -> None:
    """Bins with nine names, or a job inside a job, do not stand in a message whole."""
    runs, result = declared(gather(root))
    assert result is not None
    bins = {"by": ["age"], "edges": [[1.0, 2.0]], "names": ["a"]}
    inside = {"job": "ridge", "version": 1, "params": {"alpha": 1.0, "split": bins}}
    before = replace(result.runs["weak"], params={"experts": inside}, fit="moved")
    moved = {**inside, "params": {"alpha": 1.0, "split": {**bins, "edges": ((1.0, 3.0),)}}}
    now = replace(runs[0], job=replace(runs[0].job, params={"experts": moved}))

    (reason,) = reasons([now], replace(result, runs={"weak": before}))

    assert reason.text == "experts.params.split.edges: [[1.0, 2.0]] -> ((1.0, 3.0),)"
