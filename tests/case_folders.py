"""The folders of tests/cases: each a document before and after, and what is said about it.

    python -m tests.case_folders [NAME ...]

writes what check and render make of these cases, or of all, into their folders: to be read before it is
committed. Tests never write.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from runner import workflow
from runner.findings import Finding
from tests import toy_results

CASES = Path(__file__).parent / "cases"
BASE = CASES / "_base"
RESULTS, MENDED_RESULTS = "results.yml", "fixed.yml"
FINDINGS, LEFT = "findings.txt", "after.txt"
CODE = re.compile(r"LG\d+")

Files = dict[str, bytes]


@dataclass(frozen=True)
class Case:
    """One folder of tests/cases."""

    folder: Path

    @property
    def name(self) -> str:
        """Return what the case is called."""
        return self.folder.name

    @property
    def codes(self) -> list[str]:
        """Return the codes the case is named after."""
        return CODE.findall(self.name)

    def files(self, part: str) -> Files:
        """Return the files of `before`, `after` or `fixed` by name."""
        return files(self.folder / part)

    def lines(self, name: str) -> list[str]:
        """Return the lines of `findings.txt` or `after.txt`, none where it is absent."""
        path = self.folder / name
        return path.read_text(encoding="utf-8").splitlines() if path.is_file() else []

    @property
    def mended(self) -> bool:
        """Tell whether the case says how a person mends it."""
        return (self.folder / "fixed").is_dir() or (self.folder / MENDED_RESULTS).is_file()

    def lay(self, root: Path) -> Path:
        """Write the base with this case's documents and results over it."""
        write(root, {**base(), **self.files("before")})
        return self._filed(root, RESULTS)

    def mend(self, root: Path) -> Path:
        """Write over a laid case what a person makes of it, and what the next run reaches."""
        write(root, self.files("fixed"))
        return self._filed(root, MENDED_RESULTS)

    def _filed(self, root: Path, name: str) -> Path:
        if (self.folder / name).is_file():
            toy_results.file(root, toy_results.read(self.folder / name))
        return root


def cases() -> list[Case]:
    """Return every case."""
    return [Case(folder) for folder in sorted(CASES.iterdir()) if folder.is_dir() and folder.name != BASE.name]


@cache
def base() -> Files:
    """Return the files every case starts from, results included."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(root, {**files(BASE), "logg/tiny.npz": toy_results.data()})
        (root / RESULTS).unlink()
        toy_results.file(root, toy_results.read(BASE / RESULTS))
        return files(root)


def files(folder: Path) -> Files:
    """Return every file below a folder by its name there."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def write(root: Path, content: Files) -> None:
    """Write files below a folder."""
    for name, data in content.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def documents(content: Files) -> Files:
    """Return the documents among files."""
    return {name: data for name, data in content.items() if name.endswith(".md")}


def changed(old: Files, new: Files) -> Files:
    """Return the documents that are not what they were."""
    return {name: data for name, data in documents(new).items() if old.get(name) != data}


def listed(findings: Iterable[Finding]) -> list[str]:
    """Write findings the way a case keeps them: code, place, message."""
    return [f"{finding.code} {finding.place} {finding.message}" for finding in findings]


def record(case: Case) -> None:
    """Write what check and render make of a case into its folder."""
    with tempfile.TemporaryDirectory() as folder:
        root = case.lay(Path(folder))
        _keep(case, FINDINGS, listed(workflow.check(root).findings))
        old = files(root)
        workflow.render(root, [])
        shutil.rmtree(case.folder / "after", ignore_errors=True)
        write(case.folder / "after", changed(old, files(root)))
        _keep(case, LEFT, listed(workflow.check(root).findings))


def _keep(case: Case, name: str, lines: list[str]) -> None:
    path = case.folder / name
    path.unlink(missing_ok=True)
    if lines:
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def main(names: Sequence[str]) -> int:
    """Record the cases named, or all."""
    chosen = [case for case in cases() if not names or case.name in names]
    for case in chosen:
        record(case)
    unknown = set(names) - {case.name for case in chosen}
    print(f"recorded {len(chosen)} of tests/cases, now look: git diff tests/cases", *sorted(unknown), sep="\nno case ")
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
