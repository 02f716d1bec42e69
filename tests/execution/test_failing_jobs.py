"""Jobs that raise, return nonsense or are interrupted: filed as failed, alone, and tried again."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runner import workflow
from runner.contract import Output
from runner.findings import JobFailed
from runner.jobs import ridge
from tests.executed import (
    EXP,
    RESULT,
    codes,
    execute,
    read,
    result,
)
from tests.knowledge import toy

HONEST = ridge.run


class Odd(Exception):
    """An exception that no library knows."""


def spoil(monkeypatch: pytest.MonkeyPatch, change: Callable[[Output], object], alpha: float | str = 1e4) -> None:
    """Let the ridge with this penalty return something else."""

    def run(params: ridge.Params, data: Any, context: Any) -> Any:
        output = HONEST(params, data, context)
        return change(output) if params.alpha == alpha else output

    monkeypatch.setattr(ridge, "run", run)


def thrown(error: BaseException) -> Callable[[Output], object]:
    """Return a change that raises."""

    def change(_output: Output) -> object:
        raise error

    return change


def with_test(values: object) -> Callable[[Output], object]:
    """Return a change that replaces the test predictions by what a function makes of them."""
    return lambda output: Output({**output.predictions, "test": values(output.predictions["test"])})  # type: ignore[operator]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (thrown(ValueError("no\n  such value")), "ValueError: no such value"),
        (thrown(AttributeError("'NoneType' object has no attribute 'x'")), "AttributeError: 'NoneType' object"),
        (thrown(Odd()), "Odd: no message"),
        (thrown(MemoryError("12 TB")), "MemoryError: 12 TB"),
        (thrown(AssertionError()), "AssertionError"),
        (thrown(StopIteration()), "StopIteration"),
        (thrown(JobFailed("too few rows", fix="take more")), "too few rows -> take more"),
        (with_test(lambda values: values[:-1]), "test predictions have shape (79,), (80,) is due"),
        (with_test(lambda values: values * float("nan")), "80 test predictions are not finite"),
        (with_test(lambda values: [str(value) for value in values]), "real numbers are due"),
        (with_test(lambda values: values * 1j), "test predictions are complex128, real numbers are due"),
        (with_test(lambda values: values * 1e300), "80 test predictions are not finite"),
        (lambda output: Output({"val": output.predictions["val"]}), "it returns no test predictions -> return those"),
        (lambda output: Output(output.predictions, bounds=np.ones(3)), "bounds have shape (3,), (80,) is due"),
        (lambda _: Output(scalars={"x": 1.0}), "it returns neither predictions nor bounds -> return one of them"),
        (lambda output: Output(output.predictions, scalars={"x": float("inf")}), "no number that can be filed"),
        (lambda output: Output(output.predictions, scalars={"x": 1e305}), "`x` is 1e+305, no number that can be filed"),
        (thrown(OSError("cannot read '/srv/x/secret stars/a.npz' or /tmp/x/b.npz")), "stars/a.npz' or b.npz"),
        (lambda _: None, "AttributeError"),
    ],
)
def test_a_job_that_fails_is_filed_and_does_not_stop_its_neighbour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Output], object], message: str
) -> None:
    """Whatever a job raises or returns, its message is filed in one line and the other job has its result."""
    root = toy(tmp_path)
    spoil(monkeypatch, change)

    report = execute(root)

    assert report.code == 6
    assert message in result(root).runs["weak"].failed
    assert "\n" not in result(root).runs["weak"].failed
    assert not re.search(r"/(?:srv|tmp)", result(root).runs["weak"].failed)
    assert "strong.r2" in result(root).facts
    assert "weak.r2" not in result(root).facts
    assert f"failed: TOY-1 weak: {result(root).runs['weak'].failed}" in report.lines


def test_a_failed_job_is_shown_where_its_numbers_would_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table says failed, citations of the job keep their placeholder, check warns and names the remedy."""
    root = toy(tmp_path)
    spoil(monkeypatch, thrown(ValueError("a | b")))
    execute(root)

    document, found = read(root, EXP), workflow.check(root)

    assert "| weak | failed: ValueError: a &#124; b | | | | | |\n" in document
    assert "from [?.???][weak.r2] to [0.923][strong.r2]" in document
    assert codes(found.findings) == ["LG408"]
    assert found.findings[0].fix == "runner execute TOY-1"


def test_a_failed_job_runs_again_and_its_neighbour_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: list[ridge.Params]
) -> None:
    """The next command tries what failed; what succeeded comes from the cache of fits."""
    root = toy(tmp_path)
    with monkeypatch.context() as failing:
        spoil(failing, thrown(ValueError("once")))
        execute(root)

    report = execute(root)

    assert [params.alpha for params in calls] == [1e4]
    assert "1 of 2 jobs run" in report.lines[0]
    assert workflow.check(root).findings == []


def test_an_interrupted_run_keeps_the_fits_it_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: list[ridge.Params]
) -> None:
    """Ctrl-C in the second job files nothing; the same command then runs that job only."""
    root = toy(tmp_path)
    with monkeypatch.context() as cut:
        spoil(cut, thrown(KeyboardInterrupt()), alpha="val")
        with pytest.raises(KeyboardInterrupt):
            execute(root)

    assert not (root / RESULT).exists()
    execute(root)
    assert [params.alpha for params in calls] == ["val"]


def test_a_forced_run_that_fails_keeps_what_was_filed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The failure is told and the exit status says so, but a result that still stands is not thrown away for it."""
    root = toy(tmp_path)
    execute(root)
    before = result(root).facts
    spoil(monkeypatch, thrown(MemoryError("12 TB")))

    report = execute(root, force=True)

    assert report.code == 6
    assert "failed: TOY-1 weak: MemoryError: 12 TB" in report.lines
    assert result(root).facts == before
    assert result(root).runs["weak"].failed == ""
