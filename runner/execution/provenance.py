"""What a run says about its surroundings: versions, commit, device, times; no names, no paths."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runner import __version__

PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "lightgbm")


def surroundings(root: Path, device: str) -> dict[str, Any]:
    """Return the facts about this machine and checkout that a reader may need."""
    commit = _git(root, "rev-parse", "HEAD")
    return {
        "commit": commit,
        "dirty": bool(commit) and bool(_git(root, "status", "--porcelain", "--untracked-files=no")),
        "device": device,
        "host": f"{platform.machine()}, {os.cpu_count()} cores",
        "versions": {"logg": __version__, "python": platform.python_version(), **versions()},
    }


def now() -> str:
    """Return the time in UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def versions() -> Mapping[str, str]:
    """Return the versions of what jobs compute with."""
    import importlib.metadata  # slow to import, and only a run needs it

    found = {}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-c", "core.fsmonitor=false", "-C", str(root), *arguments]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20, env=environment)  # noqa: S603 - fixed program, no shell
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
