"""A program of one's own as a job: what it is given, what it may write, and every way it can go wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runner.contract import Context, Output
from runner.findings import InputRefused, JobFailed
from runner.jobs.command import Params, run
from tests.jobs.made_up_data import ROWS, WIDTH, MadeUp

LINE = """
import json, sys
import numpy as np
data, out = sys.argv[1:]
given = {split: np.load(f"{data}/{split}.npz") for split in ("train", "val", "test")}
weights, *_ = np.linalg.lstsq(given["train"]["X"], given["train"]["y"], rcond=None)
np.savez(out, **{split: given[split]["X"] @ weights for split in ("val", "test")})
json.dump({"rows": len(given["train"]["y"])}, open(out.replace(".npz", ".json"), "w"))
"""
WRITE = "import sys, json, os; import numpy as np; out, note = sys.argv[1], sys.argv[1][:-3] + 'json'; "
BOTH = "np.savez(out, val=np.zeros(20), test=np.zeros(30)); "


def said(folder: Path, code: str, *arguments: str, timeout: float = 20.0, **context: Any) -> Output:
    """Run a program on the made-up rows."""
    (folder / "fit.py").write_text(code)
    params = Params((sys.executable, "fit.py", *(arguments or ("{out}",))), ("fit.py",), timeout)
    return run(params, MadeUp(), Context(folder=folder, **context))


def told(folder: Path, expression: str, *arguments: str, **context: Any) -> Any:
    """Return what a program finds out about itself."""
    code = WRITE + BOTH + f"open(os.environ['HOME'] + '/told', 'w').write(json.dumps({expression}))"
    said(folder, code, "{out}", *arguments, **context)
    return json.loads((folder / "told").read_text())


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what a program may leave behind stand in a folder of the test."""
    monkeypatch.setenv("HOME", str(tmp_path))


def test_program_fits_and_predicts(tmp_path: Path) -> None:
    """Least squares in a script of its own gives what numpy gives here."""
    output, data = said(tmp_path, LINE, "{data}", "{out}"), MadeUp()
    x, y = data.train.numbers()
    weights = np.linalg.lstsq(x, y)[0]

    for split in ("val", "test"):
        np.testing.assert_allclose(output.predictions[split], getattr(data, split).numbers()[0] @ weights)
    assert output.scalars == {"rows": 60.0}


def test_program_is_given_every_row_and_no_test_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inputs arrive as they are, batch after batch; test.npz holds inputs only."""
    monkeypatch.setattr("runner.jobs.command.BATCH", 7)
    keep = "import shutil, sys; import numpy as np; data, out, to = sys.argv[1:]; shutil.copytree(data, to); "
    said(tmp_path, keep + BOTH, "{data}", "{out}", str(tmp_path / "kept"))

    for split, rows in ROWS.items():
        stored, (x, y) = np.load(tmp_path / "kept" / f"{split}.npz"), getattr(MadeUp(), split).numbers()
        assert stored["X"].dtype == np.float32
        assert stored["X"].shape == (rows, WIDTH)
        np.testing.assert_array_equal(stored["X"], x)
        assert set(stored.files) == ({"X"} if split == "test" else {"X", "y"})
        if split != "test":
            np.testing.assert_array_equal(stored["y"], y)


def test_words_are_replaced_wherever_they_stand(tmp_path: Path) -> None:
    """Seed and device reach the program inside arguments of its own; other braces are left alone."""
    found = told(tmp_path, "sys.argv[2:]", "--seed={seed}", "{device}", "{other}", seed=7, device="cpu")

    assert found == ["--seed=7", "cpu", "{other}"]


def test_program_starts_among_its_files_only(tmp_path: Path) -> None:
    """The folder it starts in holds what was declared; patterns name several files."""
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(name)
    (tmp_path / "fit.py").write_text(WRITE + BOTH + "json.dump({'files': len(os.listdir())}, open(note, 'w'))")
    params = Params((sys.executable, "fit.py", "{out}"), ("fit.py", "*.txt"))

    assert run(params, MadeUp(), Context(folder=tmp_path)).scalars == {"files": 3.0}


def test_environment_is_bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths, language and thread counts are kept; tokens and settings of the shell are not."""
    monkeypatch.setenv("SECRET_TOKEN", "x")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    found = told(tmp_path, "dict(os.environ)")

    assert "SECRET_TOKEN" not in found
    assert (found["OMP_NUM_THREADS"], found["HOME"]) == ("1", str(tmp_path))


def test_there_is_no_shell(tmp_path: Path) -> None:
    """A semicolon is a letter like any other."""
    assert told(tmp_path, "sys.argv[2]", "; touch pwned $HOME") == "; touch pwned $HOME"


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows and predictions lie in a temporary folder that is gone afterwards, whatever happened."""
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(room))
    said(tmp_path, WRITE + BOTH)
    with pytest.raises(JobFailed):
        said(tmp_path, "raise SystemExit(1)")

    assert list(room.iterdir()) == []


WRONG = [
    ("raise ValueError('no such\\nluck\\n\\n')", "` ended with 1: luck"),
    ("raise SystemExit(3)", "` ended with 3: it said nothing"),
    ("import os; os.kill(os.getpid(), 9)", "` ended with -9: it said nothing"),
    ("pass", "the program wrote no predictions -> let it write the file it is given as {out}"),
    (WRITE + "open(out, 'w').write('x')", "the file of predictions is damaged or no npz file: File is not a zip file"),
    (WRITE + "np.savez(out, val=np.zeros(20))", "the predictions hold no `test` -> write val and test"),
    (WRITE + "np.savez(out, val=np.zeros(20), test=np.zeros((30, 1)))", "has shape (30, 1), (30,) is due"),
    (WRITE + "np.savez(out, val=np.zeros(21), test=np.zeros(30))", "`val` of the predictions has shape (21,)"),
    (WRITE + "np.savez(out, val=np.zeros(20), test=np.array(['a'] * 30))", "only numbers are read"),
    (WRITE + BOTH + "open(note, 'w').write('{')", "the numbers by name are no JSON"),
    (WRITE + BOTH + "open(note, 'w').write('[1]')", "`` is no number with a name"),
    (WRITE + BOTH + "open(note, 'w').write('{\"a\": true}')", "`a` is no number with a name"),
    (WRITE + BOTH + "open(note, 'w').write('{\"a b\": 1}')", '`a b` is no number with a name -> write {"epochs": 12}'),
    (WRITE + BOTH + "open(note, 'w').write('{\"a\": NaN}')", "the numbers by name are no JSON"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "message"), WRONG)
def test_program_that_fails_is_one_line(tmp_path: Path, code: str, message: str) -> None:
    """What it did, or the last thing it said, is the reason that is reported."""
    with pytest.raises(JobFailed) as caught:
        said(tmp_path, code)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        (Params(()), JobFailed, "`run` names no program"),
        (Params(("no-such-program",)), JobFailed, "`no-such-program` cannot be started: No such file or directory"),
        (Params(("true",), ("nowhere.py",)), InputRefused, "files: there is no file `nowhere.py`"),
        (Params(("true",), ("../x.py",)), InputRefused, "files"),
        (Params(("true",), ("a/x.py", "x.py")), JobFailed, "two of the files are called x.py"),
    ],
)
def test_program_that_cannot_be_started_is_one_line(
    tmp_path: Path, params: Params, error: type[Exception], message: str
) -> None:
    """Files are looked for below the knowledge base and nowhere else."""
    (tmp_path / "a").mkdir()
    for name in ("x.py", "a/x.py"):
        (tmp_path / name).write_text("")
    with pytest.raises(error, match=message):
        run(params, MadeUp(), Context(folder=tmp_path))


CHILD = (
    "import subprocess, sys; p = subprocess.Popen(['sleep', '60']); open(sys.argv[1], 'w').write(str(p.pid)); p.wait()"
)


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended, waiting a little for it."""
    for _ in range(50):
        state = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout
        if not state.strip() or state.startswith("Z"):
            return True
        time.sleep(0.1)
    return False


def test_program_that_takes_too_long_is_stopped_with_all_it_started(tmp_path: Path) -> None:
    """After its time nothing of it runs on."""
    with pytest.raises(JobFailed, match=r"was stopped after 2 s -> give it more `timeout`"):
        said(tmp_path, CHILD, str(tmp_path / "pid"), timeout=2.0)

    assert is_gone(int((tmp_path / "pid").read_text()))


def test_interrupt_stops_the_program(tmp_path: Path) -> None:
    """Ctrl-C ends what was started too."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts what runs behind it deaf to this
    try:
        threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            said(tmp_path, CHILD, str(tmp_path / "pid"))
    finally:
        signal.signal(signal.SIGINT, before)

    assert is_gone(int((tmp_path / "pid").read_text()))
