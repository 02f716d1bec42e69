"""The drill: change one prediction array in a copy of the real base and see that nothing that moved stays unnamed.

    python tests/drill.py

1. copy `logg/`, reverse the predictions of the run that is cited most, file its result again
2. `check` must name every number, word, block, claim, gate and row that no longer agrees; what must be named is
   worked out here a second way, from the facts in the new result file and plain arithmetic
3. `render` once; `check` may then list only what a person must decide
4. the difference to the copy touches blocks, citation texts and figures, nothing else
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from runner import workflow
from runner.documents.reading import Document
from runner.documents.scanner import Citation, scan
from runner.execution.filing import file_result
from runner.execution.fits import HIDDEN
from runner.expressions.names import is_key
from runner.findings import CODES, Finding
from runner.plans.specs import compute_key, job_runs
from runner.rendering import digits
from runner.results import arrays
from runner.results.metrics import OF_PREDICTIONS
from runner.verdicts.knowledge import Knowledge, gather

HERE = Path(__file__).parent.parent
ADDRESS = re.compile(r"[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)*")
SCALES = {"%": 0.01, "k": 1e3, "M": 1e6}  # what stands behind a number
POINT = re.compile(r"\w\(")  # of a function or an address: not for plain arithmetic
KINDS = {
    "LG101": "numbers",
    "LG102": "words",
    "LG103": "blocks",
    "LG105": "claims, gates and states",
    "LG106": "figures",
}


@dataclass(frozen=True)
class Where:
    """A place that has to be named: file and line."""

    path: str
    line: int


def main() -> int:
    """Run the drill on a scratch copy; 0 when everything that moved was named and mended."""
    with tempfile.TemporaryDirectory(prefix="drill-") as folder:
        root = copy(Path(folder))
        knowledge = gather(root)
        document, run = most_cited(knowledge)
        print(f"drill: {document.id}, predictions of `{run}` reversed")
        spoil(document, run, knowledge)
        commit(root, "spoiled")
        named = workflow.check(root).findings
        missing = unnamed(gather(root), named)
        before = {path: path.read_text(encoding="utf-8") for path in root.rglob("*.md")}
        workflow.render(root, [])
        trouble = [
            *(f"not named: {where.path}:{where.line}" for where in missing),
            *(f"left for nobody: {f}" for f in workflow.check(root).findings if f.fixed_by != "author"),
            *(f"changed without a finding: {where}" for where in silent(before, named, root)),
            *(f"touched outside blocks and citations: {name}" for name in strayed(root)),
            *([] if named else ["no item found: the base cites nothing of this run"]),
        ]
    return tell(named, trouble)


def tell(named: list[Finding], trouble: list[str]) -> int:
    """Print what was found, by kind, and what went wrong."""
    counts = Counter(KINDS.get(finding.code, CODES[finding.code].title) for finding in named)
    for line in trouble:
        print(line)
    shown = ", ".join(f"{count} {kind}" for kind, count in counts.most_common())
    print(f"drill: {len(named)} items named ({shown}); {len(trouble)} problems")
    return 1 if trouble else 0


def copy(scratch: Path) -> Path:
    """Copy the real knowledge base into a repository of its own."""
    shutil.copytree(HERE / "logg", scratch / "logg")
    shutil.copy(HERE / "pyproject.toml", scratch)
    git(scratch, "init", "--quiet")
    commit(scratch, "as it is")
    return scratch


def git(root: Path, *arguments: str) -> str:
    """Run git in the scratch repository."""
    identity = ["-c", "user.name=drill", "-c", "user.email=drill@localhost", "-c", "core.quotepath=off"]
    done = subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout


def commit(root: Path, message: str) -> None:
    """Commit everything there is."""
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--no-verify", "-m", message)


def most_cited(knowledge: Knowledge) -> tuple[Document, str]:
    """Return the run whose filed numbers the whole base cites most, as far as plain arithmetic can follow."""
    used: Counter[tuple[str, str]] = Counter()
    for document in knowledge.library.documents:
        for citation in document.scan.citations:
            if not is_key(citation.label):
                substituted(citation.label, document, knowledge, used)
    if not used:
        sys.exit("drill: no experiment that is cited has a result; execute one first")
    (name, run), _ = max(used.items(), key=lambda each: each[1])
    found = knowledge.library.find(name)
    assert found is not None
    return found, run


def spoil(document: Document, run: str, knowledge: Knowledge) -> None:
    """Reverse one array of predictions and file the result the way `execute` does."""
    result = knowledge.store.result(document)
    assert result is not None
    predictions = dict(knowledge.store.predictions(document))
    predictions[f"{run}/test"] = np.ascontiguousarray(predictions[f"{run}/test"][::-1])
    old = result.runs[run]
    hashes = {**old.arrays, "test": arrays.digest(predictions[f"{run}/test"])}
    runs, key = {**result.runs, run: replace(old, arrays=hashes)}, compute_key(job_runs(document, knowledge.library))
    file_result(document, runs, predictions, result.scalars, knowledge, key)


def unnamed(knowledge: Knowledge, named: list[Finding]) -> list[Where]:
    """Return the citations that plain arithmetic on the filed facts contradicts and no finding names."""
    places = {Where(finding.place.path, finding.place.line) for finding in named}
    wrong = []
    for document in knowledge.library.documents:
        for citation in document.scan.citations:
            where = Where(document.name, document.source.place(citation.start).line)
            if contradicted(citation, document, knowledge) and where not in places:
                wrong.append(where)
    return wrong


def contradicted(citation: Citation, document: Document, knowledge: Knowledge) -> bool:
    """Tell by substitution and `eval` whether a citation's number or words disagree with the filed facts."""
    label = citation.label
    plain = None if is_key(label) else substituted(label, document, knowledge)
    if plain is None:
        return False
    value = eval(plain, {"__builtins__": {}})  # noqa: S307 - our own documents
    if isinstance(value, bool):
        return not value
    number = float(re.sub(r"[^0-9.+-]", "", citation.text.replace(digits.MINUS, "-")) or "nan")
    decimals = len(re.split(r"\D", citation.text.rpartition(".")[2])[0]) if "." in citation.text else 0
    scale = next((scale for unit, scale in SCALES.items() if re.search(rf"\d ?{unit}", citation.text)), 1.0)
    return not abs(number * scale - value) <= 0.5 * scale * 10.0**-decimals + 1e-9


def substituted(
    text: str, document: Document, knowledge: Knowledge, used: Counter[tuple[str, str]] | None = None
) -> str | None:
    """Write definitions out and put filed values in the place of addresses; None where arithmetic cannot follow.

    `used` counts the runs whose predictions values were made from.
    """
    if POINT.search(text):
        return None
    beyond = False

    def put(match: re.Match[str]) -> str:
        nonlocal beyond
        name, home = match[0], document
        first, _, rest = name.partition(".")
        if first in document.names.cites:
            found = knowledge.library.find(document.names.cites[first].experiment)
            assert found is not None
            job = document.names.cites[first].job
            home, name = found, f"{job}.{rest}" if job else rest
        if name in home.names.define:
            inner = substituted(home.names.define[name].text, home, knowledge, used)
            beyond |= inner is None
            return f"({inner})"
        value = filed(home, name, knowledge)
        if value is None:
            beyond = True
            return "0"
        run, metric = name.partition(".")[0], name.rpartition(".")[2]
        if used is not None and metric in OF_PREDICTIONS:
            used[home.id, run] += 1
        return repr(value)

    put_in = ADDRESS.sub(put, text)
    return None if beyond else put_in


def filed(document: Document, name: str, knowledge: Knowledge) -> float | None:
    """Return a filed value; none while it is pending, of a mean over seeds, recorded without rows, or not finite."""
    result = knowledge.store.result(document)
    if result is None or name.endswith(".n"):  # counts are not filed as facts
        return None
    return result.facts[name][0] if name in result.facts else result.scalars.get(name)


def silent(before: dict[Path, str], named: list[Finding], root: Path) -> list[str]:
    """Return the citations and blocks that render changed although no finding named them."""
    places = {(finding.place.path, finding.place.line) for finding in named if finding.fixed_by == "render"}
    found = []
    for path, old in before.items():
        name, was, now = path.relative_to(root).as_posix(), scan(old), scan(path.read_text(encoding="utf-8"))
        moved = [a.start for a, b in zip(was.citations, now.citations, strict=True) if a.text != b.text]
        moved += [a.start for a, b in zip(was.blocks, now.blocks, strict=True) if a.digest != b.digest]
        lines = [old.count("\n", 0, start) + 1 for start in moved]
        found += [f"{name}:{line}" for line in lines if (name, line) not in places]
    return found


def strayed(root: Path) -> list[str]:
    """Return the files whose change is more than blocks, citation texts or figures."""
    names = git(root, "diff", "--name-only", "HEAD").splitlines()
    names += git(root, "ls-files", "--others", "--exclude-standard").splitlines()
    return [name for name in names if not (name.startswith(f"{HIDDEN}/") or allowed(root, name))]


def allowed(root: Path, name: str) -> bool:
    """Tell whether a changed file is a figure, or a document whose author's text is untouched."""
    if "/img/" in name and name.endswith(".svg"):
        return True
    return name.endswith(".md") and prose(git(root, "show", f"HEAD:{name}")) == prose((root / name).read_text("utf-8"))


def prose(text: str) -> str:
    """Return a document without what is generated: block bodies and citation texts."""
    found = scan(text)
    spans = [(block.start, block.end) for block in found.blocks]
    spans += [(citation.text_start, citation.text_end) for citation in found.citations]
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + text[end:]
    return text


if __name__ == "__main__":
    sys.exit(main())
