"""Ways in which an executed base can be out of order."""

from __future__ import annotations

from pathlib import Path

from tests.executed import EXP, HUB, PROTOCOL, RESULT, add, put, read, swap
from tests.knowledge import EXPERIMENT
from tests.knowledge import HUB as BARE_HUB


def bare(root: Path) -> None:
    """Take everything that was ever rendered out of the documents."""
    put(root, EXP, EXPERIMENT)
    put(root, HUB, BARE_HUB)


def lost(root: Path) -> None:
    """Delete the result and everything filed with it."""
    for path in (root / RESULT).parent.iterdir():
        path.unlink()


def edited(root: Path) -> None:
    """Write into a generated block."""
    swap(root, EXP, "| weak |", "| weak, I think |")


def undrawn(root: Path) -> None:
    """Delete the figures."""
    for path in root.glob("logg/toy/img/*/*.svg"):
        path.unlink()


def sliced(root: Path) -> None:
    """Add a slice to the protocol."""
    swap(root, PROTOCOL, "  old:", "  nobody: age > 1000\n  oldest: age > 55\n  old:")


def stale(root: Path) -> None:
    """Change a parameter after the run."""
    swap(root, EXP, "alpha: 1e4", "alpha: 1e5")


def wrong(root: Path) -> None:
    """Write citations that nobody can fill, and some that render can."""
    add(root, HUB, "[?.??][toy.nothing.r2] [0.1][toy.weak.r2] [?][K9] [0.1 0.2][toy.gain] [never][toy.gain < 0]")
    add(root, HUB, "## [?][K1]")


def unreadable(root: Path) -> None:
    """Break a front matter."""
    swap(root, EXP, "train: 200", "train: {200")


def conflicting(root: Path) -> None:
    """Leave a git conflict in a document."""
    add(root, HUB, "<<<<<<< HEAD\n[?][K1]\n=======\nno\n>>>>>>> theirs")


def damaged(root: Path) -> None:
    """Cut a result file short."""
    put(root, RESULT, read(root, RESULT)[:-40])
