"""What a run says about its surroundings, and what it keeps to itself."""

from __future__ import annotations

import getpass
import json
import re
import socket
import subprocess
from pathlib import Path

import pytest

from runner.execution import provenance
from tests.executed import RUN, executed, read


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a git repository with one commit."""
    (tmp_path / "file").write_text("a")
    identity = ["-c", "user.name=somebody", "-c", "user.email=some@body"]
    for command in (["init", "--quiet"], ["add", "file"], [*identity, "commit", "--quiet", "--message", "one"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def test_the_commit_and_uncommitted_changes_are_told(checkout: Path) -> None:
    """A run names the commit it was made from, and whether tracked files differed from it."""
    clean = provenance.surroundings(checkout, "cpu")
    (checkout / "file").write_text("b")
    dirty = provenance.surroundings(checkout, "cpu")

    assert re.fullmatch("[0-9a-f]{40}", clean["commit"])
    assert (clean["dirty"], dirty["dirty"]) == (False, True)
    assert dirty["commit"] == clean["commit"]


def test_outside_a_repository_there_is_no_commit(tmp_path: Path) -> None:
    """Without git, or without a repository, the commit is empty and nothing is called uncommitted."""
    found = provenance.surroundings(tmp_path / "nowhere", "cpu")

    assert (found["commit"], found["dirty"]) == ("", False)


def test_a_repository_without_a_commit_has_none(tmp_path: Path) -> None:
    """What git prints while it fails is no commit."""
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)

    assert provenance.surroundings(tmp_path, "cpu")["commit"] == ""


def test_a_missing_git_is_no_error(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no git program the run is told without a commit."""
    monkeypatch.setenv("PATH", "")

    assert provenance.surroundings(checkout, "cpu")["commit"] == ""


def test_a_run_file_tells_no_name_and_no_path(tmp_path: Path) -> None:
    """What is committed with a result holds no user, no host name and no folder of somebody's machine."""
    text = read(executed(tmp_path), RUN)

    assert not re.search(rf"\b({re.escape(getpass.getuser())}|{re.escape(socket.gethostname())})\b", text)
    assert not re.search(r"(?<![\w])/\w|[A-Z]:\\", text)
    assert set(json.loads(text)["versions"]) >= {"logg", "python", "numpy", "torch"}


def test_times_are_utc_to_the_second() -> None:
    """A start is written as an ISO time with Z."""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", provenance.now())
