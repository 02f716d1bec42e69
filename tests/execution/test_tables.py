"""Tables that a job returns: filed as scalars, one per place, cited, compared and judged by what stands there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from runner import workflow
from tests.executed import execute, put, read, swap
from tests.knowledge import HEAD, base

COUNTING = '''"""A job that counts."""
from dataclasses import dataclass

import numpy as np

from runner.contract import Output

VERSION = 1
USES_SEED = False
PARTS = ("cool_poor", "cool_rich", "3", "-1.5")


@dataclass(frozen=True)
class Params:
    """Nothing may be set."""


def run(params, data, context):
    """Predict a straight line, and count what was taken for what."""
    del params, context
    counts = {a: {b: float(10 * i + j) for j, b in enumerate(PARTS)} for i, a in enumerate(PARTS)}
    predictions = {name: np.linspace(50, 70, getattr(data, name).rows) for name in ("val", "test")}
    return Output(predictions, tables={"confusion": counts, "alpha": dict.fromkeys(PARTS, 2.0)})
'''
PAGE = f"""{HEAD}jobs:
  a: {{job: counting}}
define:
  missed: a.confusion(cool_poor, cool_rich) / (a.confusion(cool_poor, cool_poor) + a.confusion(cool_poor, cool_rich))
expect:
  H-A: a.confusion(3, -1.5) > a.confusion(-1.5, 3)
---

# A toy

Of cool rich [?][a.confusion(cool_rich, cool_poor)] are taken for poor, [?.?][missed] of the poor for rich.

<!-- logg: results -->

<!-- logg: setup -->
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base whose experiment ran that job."""
    folder = tmp_path_factory.mktemp("tables")
    put(folder, "pyproject.toml", '[tool.runner]\njobs = "jobs"\n')
    put(folder, "jobs/counting.py", COUNTING)
    base(folder, toy__exp__toy=PAGE)
    assert execute(folder).code == 0
    return folder


def test_each_place_of_a_table_is_a_number_of_its_own(root: Path) -> None:
    """By its row, or by its row and column, as the job spells them."""
    listed = {value["name"]: value["value"] for value in workflow.facts(root, "", "TOY-1").data["values"]}

    assert (listed["a.confusion(cool_rich, cool_poor)"], listed["a.confusion(-1.5, 3)"]) == (10.0, 32.0)
    assert listed["a.alpha(-1.5)"] == 2.0
    assert len([name for name in listed if name.startswith("a.confusion(")]) == 16


def test_it_is_cited_and_judged(root: Path) -> None:
    """In prose, in a definition and in an expectation; the page agrees with the result."""
    page = read(root, "logg/toy/exp/toy.md")

    assert "Of cool rich [10][a.confusion(cool_rich, cool_poor)] are taken for poor, [1.0][missed] of the poor" in page
    assert workflow.check(root).code == 0
    (value,) = workflow.facts(root, "a.confusion(3, -1.5) > a.confusion(-1.5, 3)", "TOY-1").data["values"]
    assert value["value"] is False


def test_a_page_is_not_flooded(root: Path) -> None:
    """Tables are drawn or cited; the block of results holds metrics, whatever else a job returns."""
    page = read(root, "logg/toy/exp/toy.md")
    block = page[page.index("<!-- logg: results") : page.index("<!-- logg: setup")]

    assert "confusion" not in block
    assert not any("confusion" in line for line in workflow.show(root, "TOY-1").lines if "=" not in line)


def test_a_misspelt_place_is_named(root: Path, tmp_path: Path) -> None:
    """With the nearest place there is."""
    root = shutil.copytree(root, tmp_path / "copy")
    swap(root, "logg/toy/exp/toy.md", "(cool_rich, cool_poor)", "(cool_rich, cool_por)")

    messages = [str(finding) for finding in workflow.check(root).findings]

    assert any("unknown name `confusion(cool_rich, cool_por)`" in message for message in messages), messages
    assert any("did you mean `confusion(cool_rich, cool_poor)`?" in message for message in messages), messages
