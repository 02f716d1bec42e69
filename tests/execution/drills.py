"""Commands as processes of their own, to be stopped, killed and raced."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.executed import put
from tests.knowledge import EXPERIMENT, toy

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LONG = "20"  # seconds, of a job that is to be stopped


def three(folder: Path) -> Path:
    """Write the toy base with three jobs, and another experiment that shares two of them."""
    jobs = "  weak:   {job: ridge, alpha: 1e4}\n  middle: {job: ridge, alpha: 1e2}\n"
    text = EXPERIMENT.replace("  weak:   {job: ridge, alpha: 1e4}\n", jobs)
    put(toy(folder), "logg/toy/exp/toy.md", text)
    put(folder, "logg/toy/exp/other.md", text.replace("TOY-1", "TOY-2").replace("alpha: val", "alpha: 1e3"))
    return folder


def start(root: Path, *words: str, waits: str = "0", stubborn: bool = False) -> subprocess.Popen[str]:
    """Start a command on a base whose first, second, ... job waits so many seconds (`0,5`), or at a `gate`."""
    manner = "stubborn" if stubborn else "willing"
    command = [sys.executable, str(HERE / "slow.py"), str(root / "calls"), waits, manner, *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [*command, "--root", str(root), "--device", "cpu"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def open_gate(root: Path) -> None:
    """Let the jobs go on that wait at the gate."""
    (root / "go").touch()


def begun(root: Path) -> list[str]:
    """Return the penalties of the ridges that were begun so far."""
    path = root / "calls"
    return path.read_text().splitlines() if path.is_file() else []


def wait_for(root: Path, count: int) -> None:
    """Wait until so many jobs were begun."""
    deadline = time.monotonic() + 90
    while len(begun(root)) < count:
        assert time.monotonic() < deadline, begun(root)
        time.sleep(0.02)
