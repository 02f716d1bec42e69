"""The site: MkDocs called as a program of its own, strictly, and a watcher that renders on save."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest

from runner import publishing
from runner.findings import InputRefused, UsageError


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return a folder with a page and a configuration."""
    (tmp_path / "logg").mkdir()
    (tmp_path / "logg/index.md").write_text("# Home\n")
    (tmp_path / "mkdocs.yml").write_text("site_name: x\ndocs_dir: logg\nsite_dir: build/site\n")
    return tmp_path


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, Any]]]:
    """Return the commands that would be run, each answered with success."""
    seen: list[tuple[list[str], dict[str, Any]]] = []

    def run(command: list[str], **more: Any) -> SimpleNamespace:
        seen.append((command, more))
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(subprocess, "run", run)
    return seen


def test_the_site_is_built_strictly(site: Path, commands: list[tuple[list[str], dict[str, Any]]]) -> None:
    """Every warning of MkDocs is an error, and none is silenced."""
    assert publishing.build_site(site) == site / "build" / "site"

    command, more = commands[0]
    assert command[1:] == ["-m", "mkdocs", "build", "--strict", "--config-file", str(site / "mkdocs.yml")]
    assert (more["cwd"], more["env"]["NO_MKDOCS_2_WARNING"]) == (site, "1")


def test_a_site_that_mkdocs_finds_fault_with_is_none(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What MkDocs refuses is told by MkDocs; there is no folder to look into."""
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=1))

    assert publishing.build_site(site) is None


@pytest.mark.parametrize("missing", ["mkdocs", "material"])
def test_without_mkdocs_there_is_one_line(site: Path, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """The core is installed without the site's packages; the command that brings them is named."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else object())

    with pytest.raises(InputRefused, match=r"pip install 'logg\[site\]'"):
        publishing.build_site(site)


def test_without_a_configuration_there_is_one_line(tmp_path: Path) -> None:
    """A base without mkdocs.yml has no site yet."""
    with pytest.raises(InputRefused, match=r"there is no mkdocs\.yml"):
        publishing.build_site(tmp_path)


def test_a_save_while_serving_refreshes(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The watcher notices a changed, a new and a deleted file, from the moment the server starts."""
    monkeypatch.setattr(publishing, "PAUSE", 0.01)
    refreshed = threading.Event()
    page = site / "logg/index.md"

    class Server:
        """A server that people save files beside, until they end it."""

        def __init__(self, _command: list[str], **_more: Any) -> None:
            self.ended = False

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            assert self.ended

        def wait(self) -> None:
            for change in (lambda: page.write_text("# Changed\n"), (site / "logg/new.json").touch, page.unlink):
                change()
                assert refreshed.wait(10)
                refreshed.clear()
            raise KeyboardInterrupt

        def terminate(self) -> None:
            self.ended = True

    monkeypatch.setattr(subprocess, "Popen", Server)

    publishing.serve_site(site, 0, refreshed.set)


def test_a_taken_port_is_one_line(site: Path) -> None:
    """Nothing is started where another server answers; the next port is proposed."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} is taken -> runner serve --port {port + 1}"):
            publishing.serve_site(site, port, lambda: None)


def test_a_save_during_a_refresh_is_not_missed(site: Path) -> None:
    """Rendering takes a moment: what is saved meanwhile brings another round, and then it is quiet."""
    page, rounds = site / "logg/index.md", 0

    class Clock:
        """Ten looks at the folder, without waiting."""

        def __init__(self) -> None:
            self.left = 10

        def wait(self, _pause: float) -> bool:
            self.left -= 1
            return self.left < 0

    def refresh() -> None:
        nonlocal rounds
        rounds += 1
        if rounds < 3:
            page.write_text("# Saved" + "!" * rounds)
            os.utime(page, ns=(rounds, rounds))

    publishing._watch(site / "logg", {}, refresh, Clock())  # type: ignore[arg-type]

    assert rounds == 3
