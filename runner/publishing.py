"""The site: MkDocs called as a separate program, its strictness and our finished markdown combined."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from runner.findings import InputRefused, UsageError

OUTPUT = Path("build") / "site"
PAUSE = 0.4
INTERRUPTED = 143  # what a shell shows of a process that was asked to end


def build_site(root: Path) -> Path | None:
    """Build the site strictly and return where it is, None when MkDocs found fault.

    Neither -q nor -v: both lose warnings.
    """
    done = subprocess.run(_mkdocs(root, "build", "--strict"), check=False, env=_environment(), cwd=root)  # noqa: S603
    return root / OUTPUT if not done.returncode else None


def serve_site(root: Path, port: int, refresh: Callable[[], None]) -> None:
    """Serve the site until interrupted, refreshing the documents whenever a file below logg/ changes."""
    command = _mkdocs(root, "serve", "--dev-addr", f"127.0.0.1:{port}")
    _refuse_taken(port)
    stop = threading.Event()
    folder = root / "logg"
    watcher = threading.Thread(target=_watch, args=(folder, _changes(folder), refresh, stop), daemon=True)
    watcher.start()
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(INTERRUPTED))
    with subprocess.Popen(command, env=_environment(), cwd=root) as server:  # noqa: S603
        try:
            server.wait()
        except KeyboardInterrupt:
            pass  # how people end it
        finally:
            stop.set()
            server.terminate()
            signal.signal(signal.SIGTERM, before)


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise UsageError(f"port {port} is taken", fix=f"runner serve --port {port + 1}") from error


def _watch(folder: Path, seen: dict[str, int], refresh: Callable[[], None], stop: threading.Event) -> None:
    """Refresh on every change; what refreshing writes brings one more round, which writes nothing."""
    while not stop.wait(PAUSE):
        now = _changes(folder)
        if now != seen:
            seen = now
            refresh()


def _changes(folder: Path) -> dict[str, int]:
    """Return when each file was last written; only to notice a save, never to decide what is true."""
    seen = {}
    for path in (path for pattern in ("*.md", "*.json") for path in folder.rglob(pattern)):
        with contextlib.suppress(OSError):  # gone since it was listed: an editor at work
            seen[str(path)] = path.stat().st_mtime_ns
    return seen


def _mkdocs(root: Path, *arguments: str) -> list[str]:
    if importlib.util.find_spec("mkdocs") is None or importlib.util.find_spec("material") is None:
        raise InputRefused("the site needs mkdocs and its material theme", fix="pip install 'logg[site]'")
    config = root / "mkdocs.yml"
    if not config.is_file():
        raise InputRefused("there is no mkdocs.yml", fix="copy the one of the project")
    return [sys.executable, "-m", "mkdocs", *arguments, "--config-file", str(config)]


def _environment() -> dict[str, str]:
    return {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
