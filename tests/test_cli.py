"""The command line: one line for a person's mistake, an exit code for each, and a quick start."""

from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from runner import cli, workflow
from runner.findings import Busy, Interrupted
from runner.jobs import ridge
from tests.executed import EXP, HUB, PROTOCOL, RESULT, executed, put, read, swap

VERBS = ("new", "plan", "execute", "render", "check", "status", "show", "explain", "build", "serve")
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in the executed toy base."""
    monkeypatch.chdir(tmp_path)
    return executed(tmp_path)


def lost(root: Path) -> None:
    """Delete the result of the toy."""
    (root / RESULT).unlink()


def one_line(capsys: Capture) -> str:
    """Return what went to standard error, which must be one line and no traceback."""
    error = capsys.readouterr().err
    assert error.count("\n") == 1, error
    assert "Traceback" not in error
    return error.strip()


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (0, ["check"]),
        (0, ["status"]),
        (0, ["plan"]),
        (0, ["show", "TOY-1"]),
        (0, ["render"]),
        (0, ["execute", "TOY-1"]),
        (0, ["execute", "TOY-1", "--limit", "20", "--device", "cpu"]),
        (0, ["execute", "--all", "--again", "--device", "cpu"]),
        (0, ["new", "exp", "moe", "Does it help?"]),
        (0, ["new", "exp", "moe", "回归最优", "--slug", "best-mix"]),
        (2, ["show", "TOY-2"]),
        (2, ["execute"]),
        (2, ["execute", "TOY-1", "--limit", "1"]),
        (2, ["plan", "TOY-hub"]),
        (2, ["new", "exp", "Moe", "Does it help?"]),
        (2, ["check", "--root", "/nowhere"]),
    ],
)
@pytest.mark.usefixtures("root")
def test_a_command_ends_with_its_code(capsys: Capture, code: int, arguments: list[str]) -> None:
    """0 is fine; 2 is a mistake on the command line, told in one line with what to do."""
    assert cli.main(arguments) == code

    if code:
        assert " -> " in one_line(capsys)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: VERB"),
        (["chekc"], "invalid choice: 'chekc'"),
        (["new", "experiment", "moe", "x"], "invalid choice: 'experiment'"),
        (["check", "--format", "xml"], "invalid choice: 'xml'"),
        (["execute", "--limit", "many"], "invalid int value: 'many'"),
        (["execute", "--again", "--force"], "not allowed with argument --again"),
        (["serve", "--port", "many"], "invalid int value: 'many'"),
        (["check", "--coverge"], "unrecognized arguments: --coverge"),
    ],
)
def test_a_misspelt_command_is_one_line(capsys: Capture, arguments: list[str], message: str) -> None:
    """What the grammar does not have is refused with code 2 and the way to the help."""
    with pytest.raises(SystemExit) as left:
        cli.main(arguments)

    assert left.value.code == 2
    line = one_line(capsys)
    assert message in line
    assert line.endswith("--help")


@pytest.mark.parametrize(
    ("name", "old", "new", "place", "message"),
    [
        (EXP, "noise: 1", "noise: [1", ":7:8", "LG201 what opens with '[' here never closes"),
        (EXP, "job: ridge, alpha: 1e4", "job: rigde", ":10:17", "LG204 unknown job `rigde` -> did you mean `ridge`?"),
        (EXP, "alpha: 1e4", "alhpa: 1e4", ":10:24", "LG205 `ridge` has no parameter `alhpa` -> did you mean `alpha`?"),
        (EXP, "[0.029][weak.r2]", "[0.029][weak.r3]", ":34:22", "LG302 unknown name `r3`"),
        (HUB, "][toy.strong.r2]", "][toy.stron.r2]", ":14:60", "LG302 unknown name `stron` -> did you mean `strong`?"),
        (PROTOCOL, "source: arrays", "source: aray", ":7:11", "LG204 unknown source `aray` -> did you mean `arrays`?"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_document_is_one_line_with_its_place(
    root: Path, capsys: Capture, name: str, old: str, new: str, place: str, message: str
) -> None:
    """file:line:column, a code, what is wrong, and the nearest right word."""
    swap(root, name, old, new)

    assert cli.main(["check"]) == 1

    lines = [line for line in capsys.readouterr().out.splitlines() if message in line]
    assert len(lines) == 1
    assert re.match(rf"{re.escape(name)}{place.rpartition(':')[0]}:\d+: ", lines[0]), lines[0]


@pytest.mark.parametrize(("old", "new"), [("noise: 1", "noise: [1"), ("job: ridge, alpha: 1e4", "job: rigde")])
def test_a_document_that_cannot_be_read_is_refused_with_code_3(root: Path, capsys: Capture, old: str, new: str) -> None:
    """Nothing is run while the spec cannot be understood; each finding has its line."""
    swap(root, EXP, old, new)

    assert cli.main(["execute", "TOY-1"]) == 3

    lines = capsys.readouterr().err.splitlines()
    assert re.match(rf"{EXP}:\d+:\d+: LG20\d ", lines[0])
    assert lines[-1] == "1 finding, nothing was done"


def test_a_failed_job_is_code_6_without_a_traceback(
    root: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message of the job is told, its neighbour is filed, and no frames of Python are shown."""
    lost(root)
    honest = ridge.run
    monkeypatch.setattr(ridge, "run", lambda p, d, c: honest(p, d, c) if p.alpha == "val" else 1 / 0)

    assert cli.main(["execute", "TOY-1", "--device", "cpu", "--force"]) == 6

    out, err = capsys.readouterr()
    assert "failed: TOY-1 weak: ZeroDivisionError: division by zero" in out
    assert "Traceback" not in out + err
    assert "strong.r2" in read(root, RESULT)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (4, "busy"),
        (5, "disk"),
        (7, "damaged"),
        (75, "stop"),
        (130, "interrupt"),
    ],
)
def test_other_ends_have_their_own_code(
    root: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, code: int, error: str
) -> None:
    """Someone else at work, a disk that refuses, a damaged result, Ctrl-C: one line each."""
    if error == "busy":
        swap(root, HUB, "[0.92]", "[0.29]")
        monkeypatch.setattr(workflow, "_draw", refuse(Busy("process 7 holds it", fix="wait")))
    if error == "disk":
        swap(root, HUB, "[0.92]", "[0.29]")
        monkeypatch.setattr(os, "replace", refuse(OSError(28, "No space left on device")))
    if error == "damaged":
        put(root, RESULT, "{")
    if error == "stop":
        monkeypatch.setattr(workflow, "gather", refuse(Interrupted("stopped, 1 of 2 runs are done", fix="again")))
    if error == "interrupt":
        monkeypatch.setattr(workflow, "gather", refuse(KeyboardInterrupt()))

    assert cli.main(["show", "TOY-1"] if error == "damaged" else ["render"]) == code
    assert one_line(capsys)


def refuse(error: BaseException) -> Callable[..., None]:
    """Return a function that raises."""

    def function(*_: object, **__: object) -> None:
        raise error

    return function


def test_a_folder_that_cannot_be_made_is_the_disk_s_fault(root: Path, capsys: Capture) -> None:
    """What the operating system refuses anywhere is code 5 with the path, not a bug of ours."""
    (root / "logg/moe").write_text("a file")

    assert cli.main(["new", "exp", "moe", "x"]) == 5
    assert str(root / "logg/moe") in one_line(capsys)


@pytest.mark.parametrize("hidden", [True, False])
def test_a_bug_of_ours_is_one_line_and_a_report(
    root: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, *, hidden: bool
) -> None:
    """An unexpected exception ends with 70 and names a file that holds the traceback."""
    if not hidden:
        (root / ".logg").rename(root / "moved")
        (root / ".logg").write_text("not a folder")
    monkeypatch.setattr(workflow, "gather", refuse(IndexError("list index out of range")))

    assert cli.main(["check"]) == 70

    line = one_line(capsys)
    report = Path(line.rpartition(" ")[2])
    assert line.startswith("a bug in runner, not a mistake of yours -> please report ")
    assert "IndexError: list index out of range" in report.read_text()
    assert (report.parent == root / ".logg") == hidden
    report.unlink()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["execute", "--all"], "interrupted; finished fits are kept, run the same command again"),
        (["check"], "interrupted"),
        (["serve"], "interrupted"),
    ],
)
@pytest.mark.usefixtures("root")
def test_only_execute_speaks_of_fits_when_it_is_interrupted(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    """Other verbs have nothing to keep."""
    monkeypatch.setattr(workflow, "gather", refuse(KeyboardInterrupt()))

    assert cli.main(arguments) == 130
    assert one_line(capsys) == said


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), (IndexError("ours"), 70)])
@pytest.mark.parametrize("form", [["--json"], ["--format", "json"]])
@pytest.mark.usefixtures("root")
def test_an_end_nobody_wished_for_is_json_where_json_was_asked_for(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, form: list[str]
) -> None:
    """A program that reads the answer can read this one."""
    monkeypatch.setattr(workflow, "gather", refuse(error))

    assert cli.main(["check", *form]) == code

    out, err = capsys.readouterr()
    assert err == ""
    assert json.loads(out)["error"].startswith("interrupted" if code == 130 else "a bug in runner")


def test_the_nearest_base_above_is_used(root: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command works from any folder inside a base; `--root` names one from anywhere."""
    monkeypatch.chdir(root / "logg/toy")
    assert cli.main(["check"]) == 0
    monkeypatch.chdir("/")
    assert cli.main(["check", "--root", str(root)]) == 0
    assert cli.main(["check"]) == 2
    assert "run inside a knowledge base" in capsys.readouterr().err


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(capsys: Capture, verb: str) -> None:
    """`runner VERB --help` ends with a command that can be copied, and that the grammar accepts."""
    with pytest.raises(SystemExit):
        cli.main([verb, "--help"])

    text = " ".join(capsys.readouterr().out.split())
    example = re.search(r"example: runner (.*)$", text)
    assert example
    assert "--json" in text
    words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', example[1])]
    assert isinstance(cli.parser().parse_args(words), argparse.Namespace)
