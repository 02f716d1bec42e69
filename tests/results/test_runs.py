"""The run file: what the last run said about itself, believed only in the form in which it was written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runner.findings import ArtefactDamaged
from runner.results.runs import FIELDS, last_run
from runner.verdicts.knowledge import gather
from runner.workflow import check, plan, render
from tests.executed import RUN, codes, execute, executed, put, read, snapshot


def told(root: Path) -> object:
    """Return what the toy's last run said."""
    knowledge = gather(root)
    return last_run(knowledge.library.named("TOY-1"), knowledge.library)


def test_a_run_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Everything `execute` wrote is there; without the file there is nothing."""
    root = executed(tmp_path)
    assert told(root) == json.loads(read(root, RUN))

    (root / RUN).unlink()
    assert told(root) is None


@pytest.mark.parametrize("damage", ["", "{", "[]\n", "{}\n", '{"started": 1}\n', "null\n", *FIELDS])
def test_a_damaged_run_file_is_one_finding_and_documents_stay(tmp_path: Path, damage: str) -> None:
    """Half a run file, or one with a field missing or of another kind, is named with its path and its remedy."""
    root = executed(tmp_path)
    if damage in FIELDS:
        damage = json.dumps({**json.loads(read(root, RUN)), damage: None}, indent=2)
    put(root, RUN, damage)
    before = snapshot(root)

    with pytest.raises(ArtefactDamaged):
        told(root)
    plan(root, ["TOY-1"])  # knows less of the cost, and says so no worse than before the first run
    found = check(root).findings
    render(root, [])

    assert codes(found) == ["LG401"]
    assert (found[0].place.path, found[0].fix) == (RUN, "restore it from git, or runner execute TOY-1")
    assert snapshot(root) == before
    execute(root)
    assert check(root).findings == []
