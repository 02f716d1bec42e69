"""What can happen to stored files, one damage per finding about them, done to a base that agreed with itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runner import workflow
from runner.safety import canonical
from tests.case_folders import CASES, Case, base, write

RESULT = "logg/toy/results/TOY-1.json"
PREDICTIONS = "logg/toy/results/TOY-1.npz"
OTHERS = "logg/toy/results/TOY-0.npz"
ROWS = "logg/protocols/tiny@1.rows.npz"


def retouched_figure(root: Path) -> None:
    """Draw a figure, then change what it shows."""
    Case(CASES / "LG106-figure-missing").lay(root)
    workflow.render(root, [])
    (figure,) = root.rglob("*.svg")
    figure.write_bytes(figure.read_bytes().replace(b"</svg>", b"<!-- a better bar --></svg>"))


def edited_result(root: Path) -> None:
    """Change a word in a result file."""
    path = root / RESULT
    path.write_text(path.read_text(encoding="utf-8").replace("weak", "week"), encoding="utf-8")


def exchanged_predictions(root: Path) -> None:
    """Put the predictions of another experiment in the place of one's own."""
    (root / PREDICTIONS).write_bytes((root / OTHERS).read_bytes())


def forged_fact(root: Path) -> None:
    """Improve a fact and seal the file again."""

    def forge(content: dict[str, Any]) -> None:
        content["facts"]["strong.r2"][0] = 0.99

    _reseal(root, forge)


def other_code(root: Path) -> None:
    """File the result as if the job's code had been another one."""

    def forget(content: dict[str, Any]) -> None:
        for run in content["runs"].values():
            run["code"] = "0" * len(run["code"])

    _reseal(root, forget)


def lost_rows(root: Path) -> None:
    """Delete the rows of the protocol."""
    (root / ROWS).unlink()


def _reseal(root: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = root / RESULT
    content = json.loads(path.read_text(encoding="utf-8"))
    del content["seal"]
    change(content)
    path.write_text(canonical.dumps({**content, "seal": canonical.digest(content)}), encoding="utf-8")


DAMAGES: dict[str, Callable[[Path], None]] = {
    "LG107": retouched_figure,
    "LG401": edited_result,
    "LG402": exchanged_predictions,
    "LG403": forged_fact,
    "LG405": other_code,
    "LG406": lost_rows,
}


def damage(root: Path, code: str) -> None:
    """Write a base that agrees with itself, and do to it what leads to this finding."""
    write(root, base())
    DAMAGES[code](root)
