"""The toy base after it was executed once, copied for every test, and a few ways to look at it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from runner import workflow
from runner.execution.execute import Settings
from runner.findings import Finding
from runner.report import Report
from runner.results.files import Result, read_result
from tests.knowledge import toy

EXP, HUB, PROTOCOL = "logg/toy/exp/toy.md", "logg/toy/toy-hub.md", "logg/protocols/tiny.md"
RESULT = "logg/toy/results/TOY-1.json"
PREDICTIONS, RUN = RESULT.replace(".json", ".npz"), RESULT.replace(".json", ".run.json")
ROWS = "logg/protocols/tiny@1.rows.npz"


@cache
def files() -> dict[str, bytes]:
    """Return the files of the executed toy base by name; the run itself happens once."""
    with tempfile.TemporaryDirectory() as folder:
        root = toy(Path(folder))
        execute(root)
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def executed(folder: Path) -> Path:
    """Write the toy base as it stands after `runner execute --all`, its cache of fits included."""
    for name, content in files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def execute(root: Path, *ids: str, force: bool = False) -> Report:
    """Execute these experiments, or all, on the processor."""
    return workflow.execute(root, list(ids), everything=not ids, settings=Settings("cpu", force))


def read(root: Path, name: str) -> str:
    """Return a file's text, line ends as they stand."""
    return (root / name).read_bytes().decode("utf-8")


def put(root: Path, name: str, text: str) -> None:
    """Write a file's text, line ends as they stand."""
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(text.encode("utf-8"))


def swap(root: Path, name: str, old: str, new: str) -> None:
    """Replace the first occurrence of a piece of text that must be there."""
    text = read(root, name)
    assert old in text, f"{old!r} is not in {name}"
    put(root, name, text.replace(old, new, 1))


def add(root: Path, name: str, text: str) -> None:
    """Write a text at the end of a document, before its generated definitions."""
    found = read(root, name)
    head, mark, tail = found.partition("<!-- logg: sources -->")
    put(root, name, f"{head}{text}\n\n{mark}{tail}")


def snapshot(root: Path) -> dict[str, tuple[bytes, int]]:
    """Return every file of a tree but locks with its bytes and the time it was written."""
    files = (path for path in root.rglob("*") if path.is_file() and path.parent != root / ".logg/locks")
    return {p.relative_to(root).as_posix(): (p.read_bytes(), p.stat().st_mtime_ns) for p in files}


def result(root: Path) -> Result:
    """Return what the toy experiment filed."""
    return read_result(root / RESULT, RESULT)


def codes(findings: Iterable[Finding]) -> list[str]:
    """Return the codes of findings, in their order."""
    return [finding.code for finding in findings]


def mendable(report: Report) -> list[Finding]:
    """Return what a report holds that `render` is said to mend."""
    return [finding for finding in report.findings if finding.fixed_by == "render"]
