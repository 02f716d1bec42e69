"""Commands that are asked to stop, told twice, or killed: nothing half-done is filed, nothing done is lost."""

from __future__ import annotations

import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from runner import workflow
from runner.contract import Output
from runner.execution.execute import Settings
from runner.execution.interrupts import stoppable
from runner.findings import Interrupted
from runner.jobs import ridge
from tests.executed import RESULT, execute, read, snapshot
from tests.execution.drills import LONG, begun, start, three, wait_for

pytestmark = pytest.mark.timeout(300)  # every process imports torch, on machines that may be busy


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_request_to_stop_says_how_far_it_was_and_how_to_go_on(tmp_path: Path, number: signal.Signals) -> None:
    """Exit 75, the last line names what is done and the command; that command runs only the rest."""
    root = three(tmp_path)
    before = snapshot(root / "logg")
    running = start(root, "execute", "TOY-1", waits=f"0,{LONG}")
    wait_for(root, 2)
    running.send_signal(number)

    _, error = running.communicate(timeout=90)

    assert running.returncode == 75
    assert error.splitlines()[-1] == "stopped, 1 of 3 runs are done -> runner execute TOY-1"
    assert "Traceback" not in error
    assert snapshot(root / "logg") == before

    start(root, "execute", "TOY-1").communicate(timeout=90)
    assert begun(root) == ["10000.0", "100.0", "100.0", "val"]
    assert read(root, RESULT) == read(straight(tmp_path / "straight"), RESULT)


def straight(folder: Path) -> Path:
    """Return a base executed without a cut."""
    execute(three(folder), "TOY-1")
    return folder


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the middle job ask for a stop."""
    honest = ridge.run

    def run(params: ridge.Params, data: Any, context: Any) -> Output:
        if params.alpha == 1e2:
            signal.raise_signal(signal.SIGTERM)
        return honest(params, data, context)

    monkeypatch.setattr(ridge, "run", run)


def test_what_was_filed_before_stays_while_a_new_run_is_stopped(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """A forced run that is stopped leaves the result of the run before, byte for byte."""
    root = straight(tmp_path)
    before = snapshot(root / "logg")
    request.getfixturevalue("stopped")

    with pytest.raises(Interrupted, match="stopped, 1 of 3 runs are done -> runner execute TOY-1"):
        execute(root, "TOY-1", force=True)

    assert snapshot(root / "logg") == before


@pytest.mark.usefixtures("stopped")
def test_the_command_to_go_on_names_every_experiment_that_is_left(tmp_path: Path) -> None:
    """Stopped in the first of two experiments, both are named."""
    with pytest.raises(Interrupted) as told:
        execute(three(tmp_path))

    assert told.value.fix == "runner execute TOY-2 TOY-1"


@pytest.mark.parametrize("options", [{"limit": 20}, {"again": True}])
def test_a_rehearsal_or_a_comparison_that_is_stopped_is_begun_anew(
    tmp_path: Path, request: pytest.FixtureRequest, options: dict[str, Any]
) -> None:
    """There is nothing to keep, so the same command is named."""
    root = straight(tmp_path)
    request.getfixturevalue("stopped")

    with pytest.raises(Interrupted, match="stopped -> run the same command again"):
        workflow.execute(root, ["TOY-1"], everything=False, settings=Settings("cpu", **options))


def test_a_second_request_ends_a_job_that_does_not_listen(tmp_path: Path) -> None:
    """A job that swallows the first Ctrl-C is cut by the second: exit 130."""
    root = three(tmp_path)
    running = start(root, "execute", "TOY-1", waits=LONG, stubborn=True)
    wait_for(root, 1)
    running.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        running.wait(1)
    running.send_signal(signal.SIGINT)

    _, error = running.communicate(timeout=90)
    assert (running.returncode, "Traceback" in error) == (130, False)


def test_a_killed_command_leaves_what_was_finished(tmp_path: Path, calls: list[ridge.Params]) -> None:
    """`kill -9` in the second job: no lock stays, the first fit is taken from the cache, the result is the same."""
    root = three(tmp_path)
    running = start(root, "execute", "TOY-1", waits=f"0,{LONG}")
    wait_for(root, 2)
    running.kill()
    running.communicate(timeout=90)
    assert not (root / RESULT).exists()

    execute(root, "TOY-1")

    assert [params.alpha for params in calls] == [1e2, "val"]
    assert read(root, RESULT) == read(straight(tmp_path / "straight"), RESULT)


def test_a_signal_is_as_it_was_afterwards() -> None:
    """Handlers are put back whether the body ends, raises or is stopped."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    with pytest.raises(Interrupted, match="stopped -> run the same command again"), stoppable():
        signal.raise_signal(signal.SIGTERM)
    with pytest.raises(ZeroDivisionError), stoppable():
        _ = 1 / 0

    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_thread_that_hears_no_signals_runs_all_the_same() -> None:
    """Outside the main thread nothing is installed and nothing refused."""
    seen: list[bool] = []

    def body() -> None:
        with stoppable():
            seen.append(True)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()

    assert seen == [True]
