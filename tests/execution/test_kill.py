"""Trainings that are stopped or killed go on, and end with the bytes of one that was left alone."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from runner.execution import checkpoints
from runner.findings import Interrupted, JobFailed
from runner.safety import atomic
from tests.executed import put, read, swap
from tests.execution.trainings import JOB, STEPS, Told, copied, newest, results, saved, train, training

ROOT = Path(__file__).resolve().parent.parent.parent
KILLS = 6
EAGER = """
import os, sys
import torch
from runner import cli, workflow
from runner.execution import checkpoints

torch.optim.AdamW([torch.zeros(1)])  # imports more than torch itself
checkpoints.EVERY, checkpoints.SHARE, checkpoints.PART = 0, 0, 4000
for _ in sys.stdin:
    child = os.fork()
    if not child:
        os._exit(cli.main(sys.argv[1:]))
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""  # a command that saves after every step, begun anew at every line; torch, which takes seconds, is imported once
GOES_ON = "goes on from its checkpoint of"


@cache
def undisturbed() -> list[bytes]:
    """Return the result of a run that is left alone."""
    with TemporaryDirectory() as folder:
        train(training(Path(folder)), Told())
        return results(Path(folder))


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save after every step."""
    for name in ("EVERY", "SHARE"):
        monkeypatch.setattr(checkpoints, name, 0)


def thrown(error: BaseException) -> None:
    """Raise an error."""
    raise error


def ended(root: Path, at: int, error: BaseException, **options: Any) -> Told:
    """Let a run end at a step by what is raised there."""
    told = Told(at, partial(thrown, error))
    train(root, told, **options)
    return told


def stopped(root: Path, at: int, **options: Any) -> str:
    """Let a run be asked to stop at a step, and return what it says to that."""
    with pytest.raises(Interrupted) as caught:
        train(root, Told(at, partial(signal.raise_signal, signal.SIGTERM)), **options)
    return str(caught.value)


@pytest.mark.timeout(180)  # on machines that may be busy
def test_a_training_that_is_killed_again_and_again_ends_as_if_it_never_was(tmp_path: Path) -> None:
    """`kill -9` at steps by chance, most often while a state is being written; every process goes on."""
    root, told, chance = training(tmp_path), Told(), random.Random()  # noqa: S311 - where to kill
    with started(root) as server, (tmp_path / "stderr").open() as lines:
        for _ in range(KILLS):
            before = newest(root)
            said = killed(root, server, before + chance.randrange(2, 8), chance.uniform(0, 0.02))
            assert said == -signal.SIGKILL
            assert (GOES_ON in lines.read()) == bool(before)
    train(root, told)

    assert told.said(GOES_ON)
    assert told.steps[0] > KILLS
    assert results(root) == undisturbed()
    assert not list(saved(root).glob("*"))


@contextmanager
def started(root: Path) -> Iterator[subprocess.Popen[str]]:
    """Lend a process that begins the command whenever it is sent a line."""
    words = [sys.executable, "-c", EAGER, "execute", "TOY-1", "--root", str(root), "--device", "cpu"]
    environment, pipe = {**os.environ, "PYTHONPATH": str(ROOT)}, subprocess.PIPE
    with (
        (root / "stderr").open("w") as stderr,
        subprocess.Popen(words, env=environment, stdin=pipe, stdout=pipe, stderr=stderr, text=True) as server,
    ):
        yield server


def killed(root: Path, server: subprocess.Popen[str], generation: int, later: float) -> int:
    """Begin the command, kill it some time after it saved so many times, and return how it ended."""
    assert server.stdin
    assert server.stdout
    server.stdin.write("\n")
    server.stdin.flush()
    child, deadline = int(server.stdout.readline()), time.monotonic() + 60
    while newest(root) < generation and time.monotonic() < deadline:
        time.sleep(0.002)
    time.sleep(later)
    os.kill(child, signal.SIGKILL)
    return int(server.stdout.readline())


@pytest.mark.usefixtures("eager")
def test_a_request_to_stop_tells_of_the_checkpoint_and_the_same_command_goes_on(tmp_path: Path) -> None:
    """The next run takes the step after the last one saved; nothing is left of checkpoints at the end."""
    root, told = training(tmp_path), Told()

    line = stopped(root, 20)
    train(root, told)

    assert line == "stopped, 0 of 1 runs are done, a checkpoint of little is kept -> runner execute TOY-1"
    assert told.said(f"little: {GOES_ON}")
    assert told.steps == list(range(22, STEPS + 1))
    assert results(root) == undisturbed()
    assert not list(saved(root).glob("*"))


def test_a_short_training_saves_nothing_unless_it_is_stopped(tmp_path: Path) -> None:
    """A minute has to go by first; but whoever is asked to stop takes one more step and saves it."""
    root, told = training(tmp_path), Told()
    ended(root, 20, MemoryError())
    assert not saved(root).exists()

    line = stopped(root, 20)
    train(root, told)

    assert line == "stopped, 0 of 1 runs are done, a checkpoint of little is kept -> runner execute TOY-1"
    assert told.steps == list(range(22, STEPS + 1))
    assert results(root) == undisturbed()


def test_who_is_stopped_before_the_first_step_has_nothing_to_save(tmp_path: Path) -> None:
    """And does not wait for a step."""
    root = training(tmp_path)
    swap(root, "jobs/little.py", "    x, y =", "    context.progress(0, 0, '')\n    x, y =")
    told = Told(0, partial(signal.raise_signal, signal.SIGTERM))

    with pytest.raises(Interrupted, match="stopped, 0 of 1 runs are done -> "):
        train(root, told)

    assert told.steps == [0]


def test_who_is_stopped_after_the_last_step_keeps_the_fit(tmp_path: Path) -> None:
    """The job looks no more whether it is to save itself; the next command finds it done."""
    root, told = training(tmp_path), Told()

    line = stopped(root, STEPS)
    train(root, told)

    assert line == "stopped, 1 of 1 runs are done -> runner execute TOY-1"
    assert (told.steps, results(root)) == ([], undisturbed())


def test_a_second_request_does_not_wait(tmp_path: Path) -> None:
    """Between two steps: nothing is saved."""
    root = training(tmp_path)

    def twice() -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)

    with pytest.raises(KeyboardInterrupt):
        train(root, Told(20, twice))

    assert not saved(root).exists()


@pytest.mark.usefixtures("eager")
def test_a_checkpoint_goes_on_in_another_knowledge_base(tmp_path: Path) -> None:
    """The folder is copied as it stands: nothing in it names the place it came from."""
    stopped(training(tmp_path / "here"), 20)
    there, told = copied(tmp_path / "here", tmp_path / "there"), Told()

    train(there, told)

    assert told.steps[0] == 22
    assert results(there) == undisturbed()


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("error", [MemoryError("12 TB"), OSError("disk on fire"), RuntimeError("no device")])
def test_what_only_its_surroundings_cut_short_goes_on(tmp_path: Path, error: Exception) -> None:
    """The failure is filed, the checkpoint kept, and both are told."""
    root, told = training(tmp_path), Told()

    failed = ended(root, 20, error)
    train(root, told)

    assert failed.said(
        "little: its checkpoint is kept: the same command goes on from there -> delete .logg/checkpoints"
    )
    assert told.steps[0] == 21
    assert results(root) == undisturbed()


@pytest.mark.usefixtures("eager")
def test_what_the_job_itself_gave_up_begins_anew(tmp_path: Path) -> None:
    """From there it would only fail again."""
    root, told = training(tmp_path), Told()

    ended(root, 20, JobFailed("the training ran away"))
    assert not list(saved(root).glob("*"))
    train(root, told)

    assert told.steps[0] == 1


@pytest.mark.usefixtures("eager")
def test_force_begins_anew_and_goes_on_by_force(tmp_path: Path) -> None:
    """What a run before left is left aside; the command that is named goes on from what it saved itself."""
    root, told, again = training(tmp_path), Told(30, partial(signal.raise_signal, signal.SIGTERM)), Told()
    stopped(root, 20)

    with pytest.raises(Interrupted, match="little is kept -> runner execute TOY-1 --force"):
        train(root, told, force=True)
    train(root, again, force=True)

    assert (told.steps[0], told.said(GOES_ON)) == (1, False)
    assert told.said("little: its checkpoint 21 is left aside: it was not begun by force")
    assert (again.steps[0], again.said(GOES_ON)) == (32, True)
    assert results(root) == undisturbed()
    assert not list(saved(root).glob("*"))


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("options", [{"limit": 20}, {"again": True}])
def test_a_rehearsal_and_a_comparison_have_none(tmp_path: Path, options: dict[str, Any]) -> None:
    """They begin at the first step, leave nothing, and what an interrupted run left lies as it lay."""
    root, told = training(tmp_path), Told()
    train(root, Told())
    stopped(root, 20, force=True)
    before = {path: path.read_bytes() for path in saved(root).rglob("*") if path.is_file()}

    train(root, told, **options)

    assert told.steps[0] == 1
    assert {path: path.read_bytes() for path in saved(root).rglob("*") if path.is_file()} == before != {}


@pytest.mark.usefixtures("eager")
def test_a_job_that_does_something_else_by_now_begins_anew(tmp_path: Path) -> None:
    """Half a training by one file and half by another would be nobody's; a comment changes nothing."""
    root, same, other = training(tmp_path), Told(25, partial(signal.raise_signal, signal.SIGTERM)), Told()
    stopped(root, 20)
    put(root, "jobs/little.py", f"{JOB}\n# a comment\n")
    with pytest.raises(Interrupted):
        train(root, same)
    swap(root, "jobs/little.py", "Dropout(0.1)", "Dropout(0.2)")

    train(root, other)

    assert (same.steps[0], other.steps[0]) == (22, 1)
    assert other.said("is left aside: it was made by another version of little.py")
    assert other.said("little: starts over, as none of its checkpoints can be used")


@pytest.mark.usefixtures("eager")
def test_a_full_disk_does_not_end_a_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line tells it, and the run ends as ever."""
    root, told = training(tmp_path), Told()
    with monkeypatch.context() as full:
        full.setattr(atomic, "replace", lambda *_: thrown(OSError(28, "No space left on device")))
        with pytest.raises(OSError, match="No space"):  # the fit itself cannot be kept either
            train(root, told)

    assert sum("its checkpoint could not be saved, which is tried again" in line for line in told.lines) == 1
    assert told.steps == list(range(1, STEPS + 1))


@pytest.mark.usefixtures("eager")
def test_what_a_run_cost_holds_the_time_before_it_was_stopped(tmp_path: Path) -> None:
    """The time of earlier processes is part of what the run took, and their number is told."""
    root = training(tmp_path)
    stopped(root, 20)
    for path in saved(root).glob("*/*/*.manifest.json"):
        told = {**checkpoints._unsealed(path), "seconds": 5000.0}
        path.write_bytes(checkpoints._sealed(told))

    train(root, Told())

    told = json.loads(read(root, "logg/toy/results/TOY-1.run.json"))["runs"]["little"]
    assert (5000 < told["seconds"] < 6000, told["resumed"]) == (True, 1)
