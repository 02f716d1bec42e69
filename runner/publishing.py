"""The site: MkDocs called as a separate program, its strictness and our finished markdown combined."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from runner.findings import InputRefused

OUTPUT = Path("build") / "site"
PAUSE = 0.4


def build_site(root: Path) -> Path | None:
    """Build the site strictly and return where it is, None when MkDocs found fault.

    Neither -q nor -v: both lose warnings.
    """
    done = subprocess.run(_mkdocs(root, "build", "--strict"), check=False, env=_environment(), cwd=root)  # noqa: S603
    return root / OUTPUT if not done.returncode else None


def serve_site(root: Path, port: int, refresh: Callable[[], None]) -> None:
    """Serve the site until interrupted, refreshing the documents whenever a file below logg/ changes."""
    command = _mkdocs(root, "serve", "--dev-addr", f"127.0.0.1:{port}")
    stop = threading.Event()
    folder = root / "logg"
    watcher = threading.Thread(target=_watch, args=(folder, _changes(folder), refresh, stop), daemon=True)
    watcher.start()
    try:
        subprocess.run(command, check=False, env=_environment(), cwd=root)  # noqa: S603
    finally:
        stop.set()


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
