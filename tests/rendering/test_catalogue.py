"""What the tool says of its jobs: the list, one in full, and the schema, without any library being loaded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from runner.cli import main
from runner.findings import UsageError
from runner.rendering.catalogue import described, overview
from tests.documents.made_up_jobs import FILES
from tests.executed import put


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a project with jobs of its own."""
    for name, text in FILES.items():
        put(tmp_path, f"own/{name}.py", text)
    put(tmp_path, "pyproject.toml", "[tool.runner]\njobs = 'own'\n")
    return tmp_path


def test_every_job_is_one_line(root: Path) -> None:
    """Name, version and what it is: the package's and the project's, side by side."""
    report = overview(root)
    widest = max(len(entry["name"]) for entry in report.data["jobs"])

    assert f"{'line':<{widest}}  3  A straight line." in report.lines
    assert any(line.startswith("ridge") for line in report.lines)
    assert {"name": "bound", "version": 1, "summary": "A ceiling."} in report.data["jobs"]


def test_one_job_is_told_in_full(root: Path) -> None:
    """What it is, what its fit depends on, and what may be set, records under the parameter they belong to."""
    lines = described(root, "mix").lines

    assert lines[:4] == ["mix, version 1: A mixture.", "", lines[2], ""]
    assert lines[2] == "Its fit depends on the training rows, the validation rows, the seed."
    assert lines[4:16] == [
        "experts: a job or nothing (default none)",
        "router: oracle or logistic or mlp (default {kind: oracle})",
        "  oracle",
        "  logistic:",
        "    rows: a number (default 1)",
        "    classes: a whole number (default 2)",
        "  mlp:",
        "    hidden: a whole number (default 8)",
        "    rows: a number (default 1)",
        "features: a map of pca, best (default {pca: none, best: []})",
        "  features:",
        "    pca: a whole number or nothing (default none)",
    ]
    assert "label: text (must be given)" in described(root, "bound").lines
    assert "Its fit depends on nothing but its parameters." in described(root, "bound").lines
    assert "scale: true or false (default true)" in described(root, "line").lines


def test_meaning_is_the_comment_of_the_file() -> None:
    """What a parameter means is written once, where it is declared."""
    lines = described(Path("nowhere"), "ridge").lines

    assert lines[lines.index("alpha: a number or val or cv (default val)") + 1].startswith("  the penalty;")


def test_data_say_the_same(root: Path) -> None:
    """For programs, the same in JSON."""
    data = json.loads(json.dumps(described(root, "mix").data))
    router = next(parameter for parameter in data["parameters"] if parameter["name"] == "router")

    assert data["depends"] == ["the training rows", "the validation rows", "the seed"]
    assert (router["default"], router["required"]) == ({"kind": "oracle"}, False)
    assert [field["name"] for field in router["records"]["mlp"]] == ["kind", "hidden", "rows"]


def test_job_that_is_none_is_one_line(root: Path) -> None:
    """A misspelt name finds the nearest."""
    with pytest.raises(UsageError, match=r"there is no job `lime` -> did you mean `line`\?"):
        described(root, "lime")


def test_verbs_print_it(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """List, one job and schema, from the command line."""
    assert main(["jobs", "--root", str(root)]) == 0
    assert "A straight line." in capsys.readouterr().out
    assert main(["jobs", "line", "--root", str(root), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == 3
    assert main(["jobs", "lime", "--root", str(root)]) == 2
    assert "did you mean `line`?" in capsys.readouterr().err
    assert main(["schema", "--root", str(root)]) == 0
    assert {"line", "ridge"} < set(json.loads(capsys.readouterr().out)["$defs"]["job"]["properties"]["job"]["enum"])


@pytest.mark.parametrize("verb", ["jobs", "schema"])
def test_no_numbers_are_needed_to_say_it(verb: str, root: Path) -> None:
    """Neither numpy nor anything that computes is imported."""
    heavy = "{'numpy', 'torch', 'scipy', 'matplotlib', 'sklearn'}"
    loaded = f"sorted({heavy} & set(sys.modules))"
    code = f"import sys; from runner.cli import main; main(['{verb}']); sys.exit(str({loaded}))"
    answer = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)

    assert answer.stderr.strip() == "[]"
