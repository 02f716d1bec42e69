"""What the command line prints: lines, JSON, annotations, for any reader, after a quick start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from runner import cli, publishing, workflow
from runner.findings import CODES, Finding, Place
from tests.executed import EXP, HUB, RESULT, add, executed, put, swap
from tests.knowledge import toy

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in the executed toy base."""
    monkeypatch.chdir(tmp_path)
    return executed(tmp_path)


@pytest.mark.parametrize(
    "arguments",
    [
        ["new", "exp", "moe", "x"],
        ["plan"],
        ["execute", "TOY-1"],
        ["execute", "TOY-1", "--limit", "20"],
        ["execute", "TOY-1", "--again"],
        ["render"],
        ["render", "--diff"],
        ["check"],
        ["check", "--format", "json"],
        ["check", "--format", "json", "--root", "/nowhere"],
        ["status"],
        ["show", "TOY-1"],
        ["explain"],
        ["build"],
        ["serve"],
    ],
)
@pytest.mark.parametrize("spoil", [None, "number", "yaml", "result"])
def test_json_is_json_for_every_verb(
    root: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, arguments: list[str], spoil: str | None
) -> None:
    """Standard output is one JSON value with the findings in it, also when the command refuses."""
    monkeypatch.setattr(publishing, "build_site", lambda root: root / "build" / "site")
    monkeypatch.setattr(publishing, "serve_site", lambda *_: None)
    if spoil == "number":
        swap(root, HUB, "[0.92]", "[0.29]")
    if spoil == "yaml":
        swap(root, EXP, "noise: 1", "noise: [1")
    if spoil == "result":
        put(root, RESULT, "{")

    code = cli.main([*arguments, *([] if "--format" in arguments else ["--json"])])

    answer = json.loads(capsys.readouterr().out)
    assert isinstance(answer["findings"], list)
    assert ("error" in answer) == (code > 1)
    for finding in answer["findings"]:
        assert finding["code"] in CODES
        assert finding.keys() == {"code", "severity", "path", "line", "column", "message", "fix", "fixed_by"}


@pytest.mark.usefixtures("root")
def test_github_gets_at_most_nine_annotations_errors_first(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """GitHub drops the tenth silently, so what does not fit is printed as a line; nothing in a text ends a command."""
    warning = Finding("LG404", Place(EXP, 0, 0), "old")
    errors = [
        Finding("LG101", Place("logg/a:b,c.md", n, 3), f"50 % off\r\n::error::x {n}", "a -> b") for n in range(1, 12)
    ]
    monkeypatch.setattr(workflow, "find_trouble", lambda _: [warning, *errors])

    assert cli.main(["check", "--format", "github"]) == 1

    lines = capsys.readouterr().out.splitlines()
    annotations = [line for line in lines if line.startswith("::")]
    assert len(annotations) == 9
    assert annotations[0] == (
        "::error file=logg/a%3Ab%2Cc.md,line=1,col=3,title=LG101::50 %25 off%0D%0A::error::x 1 -> a -> b"
    )
    assert sum("LG101" in line or "LG404" in line for line in lines) == 12
    assert lines[-1] == "3 documents, 1 result: 11 errors, 1 warning"


@pytest.mark.usefixtures("root")
def test_a_place_without_a_line_is_annotated_at_the_first(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """GitHub wants a line; a finding about a whole file stands at its top."""
    monkeypatch.setattr(workflow, "find_trouble", lambda _: [Finding("LG404", Place(EXP), "old", "again")])

    assert cli.main(["check", "--format", "github"]) == 0
    assert f"::warning file={EXP},line=1,col=1,title=LG404::old -> again" in capsys.readouterr().out


@pytest.mark.usefixtures("root")
def test_a_finding_cannot_move_the_cursor(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control signs in names and messages are shown as their codes."""
    monkeypatch.setattr(workflow, "find_trouble", lambda _: [Finding("LG101", Place(EXP, 1, 1), "a\x1b[2Kb\nc")])

    cli.main(["check"])

    assert "a\\x1b[2Kb\\nc" in capsys.readouterr().out


def test_progress_goes_to_standard_error(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a program may read stays apart from what a person watches."""
    monkeypatch.chdir(toy(tmp_path))

    cli.main(["execute", "--all", "--device", "cpu"])

    out, err = capsys.readouterr()
    assert "weak: ridge on 200 rows, noise 1" in err
    assert "\r" not in err
    assert out.splitlines()[0].startswith("TOY-1: 2 of 2 jobs run")


def command(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program as a process of its own."""
    here = str(Path(cli.__file__).parent.parent)
    more = {**os.environ, "PYTHONPATH": here, **environment}
    return subprocess.run(
        [sys.executable, *arguments], cwd=root, env=more, capture_output=True, text=True, check=False, encoding="utf-8"
    )


HEAVY = {"torch", "sklearn", "lightgbm", "matplotlib", "scipy"}


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        (["--help"], HEAVY | {"numpy", "jinja2", "yaml"}),
        (["explain"], HEAVY | {"numpy", "jinja2", "yaml"}),
        (["explain", "LG101"], HEAVY | {"numpy", "jinja2", "yaml"}),
        (["check"], HEAVY),
        (["status"], HEAVY),
        (["plan"], HEAVY),
        (["show", "TOY-1"], HEAVY),
        (["render"], HEAVY),
    ],
)
def test_a_quick_verb_imports_nothing_heavy(root: Path, arguments: list[str], absent: set[str]) -> None:
    """No machine-learning or plotting library is touched by what only reads; help needs none at all."""
    done = command(root, "-X", "importtime", "-m", "runner", *arguments)

    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert done.returncode == 0
    assert "argparse" in imported
    assert imported & absent == set()


def test_a_terminal_without_unicode_still_shows_the_rest(root: Path) -> None:
    """Signs a terminal cannot show appear as codes."""
    done = command(root, "-m", "runner", "show", "TOY-1", PYTHONIOENCODING="ascii")

    assert (done.returncode, done.stderr) == (0, "")
    assert r"n = 80" in done.stdout
    assert r"\xb7" in done.stdout


@pytest.mark.parametrize("code", [0, 1])
def test_a_reader_that_hangs_up_is_no_error(root: Path, code: int) -> None:
    """`runner check | head -1` ends quietly with the code of the check."""
    if code:
        add(root, HUB, "\n\n".join(f"[?.?][toy.nothing{n}.r2]" for n in range(2000)))
    closed = "import os, sys; read, write = os.pipe(); os.close(read); os.dup2(write, 1)"

    script = f"{closed}; from runner.cli import main; sys.exit(main(['check']))"
    done = command(root, "-c", script, PYTHONUNBUFFERED="")

    assert (done.returncode, done.stderr) == (code, "")
