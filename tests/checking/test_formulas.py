"""Expressions and keys of a front matter that cannot mean what they should."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner import workflow
from runner.findings import Finding
from tests.executed import EXP, HUB, executed, put, read, swap
from tests.knowledge import toy

ROADMAP = """---
kind: roadmap
id: TOY-roadmap
title: Toy roadmap
cites: {toy: TOY-1}
phases:
  1: [MVP-1, MVP-2]
gates:
  Gate-1:
    toy.gain > 0: {do: go on, opens: [MVP-2], closes: [MVP-1]}
    else: human
---

# Toy roadmap
"""


def found(root: Path, name: str) -> list[str]:
    """Return what check says about one document, as lines."""
    return [str(finding) for finding in _findings(root) if finding.place.path == name]


def _findings(root: Path) -> list[Finding]:
    return workflow.check(root).findings


@pytest.mark.parametrize("start", [toy, executed])
@pytest.mark.parametrize(
    ("name", "old", "new", "line"),
    [
        (EXP, "strong.r2 - weak.r2", "strong.r2 - weka.r2", "13:21: LG302 unknown name `weka` -> did you mean `weak`?"),
        (EXP, "strong.r2 - weak.r2", "strong.r2 - gain", "LG302 in `gain`: `gain` is defined by itself"),
        (EXP, "B: strong.r2", "B: strong.yuong.r2", "19:15: LG302 unknown name `yuong` -> did you mean `young`?"),
        (EXP, "    gain > 0: ", "    gian > 0: ", "17:5: LG302 unknown name `gian` -> did you mean `gain`?"),
        (HUB, "K1: toy.gain > 0", "K1: toy.gian > 0", "9:11: LG302 unknown name `gian` -> did you mean `gain`?"),
        (HUB, "K1: toy.gain > 0", "K1: toy.gain > 0\n  P1: K7", "10:3: LG207 `P1` names an unknown key `K7`"),
    ],
)  # fmt: skip
def test_a_wrong_name_is_found_whether_or_not_anything_was_run(
    tmp_path: Path, start: object, name: str, old: str, new: str, line: str
) -> None:
    """A formula is checked as soon as it is written; the finding stands at the very name."""
    root = start(tmp_path)  # type: ignore[operator]
    swap(root, name, old, new)

    assert any(line in each for each in found(root, name)), found(root, name)


@pytest.mark.parametrize(("old", "key"), [("opens: [MVP-2]", "MVP-9"), ("closes: [MVP-1]", "K7")])
def test_a_gate_opens_and_closes_only_what_there_is(tmp_path: Path, old: str, key: str) -> None:
    """Keys behind a rung are MVPs, claims or documents of the base."""
    root = toy(tmp_path)
    put(root, "logg/toy/toy-roadmap.md", ROADMAP.replace(old, f"{old.split('[', maxsplit=1)[0]}[{key}]"))

    line = next(line for line in found(root, "logg/toy/toy-roadmap.md") if f"names an unknown key `{key}`" in line)
    assert "LG207 `Gate-1` names" in line
    assert line.endswith("did you mean `MVP-2`?" if key == "MVP-9" else "there is MVP-1, MVP-2")


def test_a_sound_roadmap_has_no_finding(tmp_path: Path) -> None:
    """MVPs and gates that exist are no findings."""
    root = toy(tmp_path)
    put(root, "logg/toy/toy-roadmap.md", ROADMAP)

    assert found(root, "logg/toy/toy-roadmap.md") == []


def test_a_number_no_job_returned_is_found_once_it_ran(tmp_path: Path) -> None:
    """What may be a scalar of a job is pending before its run, and unknown when the run did not return it."""
    old, new = "H-B: strong.r2 > 0.5", "H-B: strong.alhpa > 0.5"
    before, after = toy(tmp_path / "before"), executed(tmp_path / "after")
    swap(before, EXP, old, new)
    swap(after, EXP, old, new)

    assert not any("LG302" in line for line in found(before, EXP))
    assert any("19:15: LG302 unknown name `alhpa` -> did you mean `alpha`?" in line for line in found(after, EXP))


def test_numbers_of_different_rows_do_not_combine(tmp_path: Path) -> None:
    """A difference across slices, noises or experiments with other rows is a finding with both populations."""
    root = executed(tmp_path)
    swap(root, HUB, "K1: toy.gain > 0", "K1: toy.strong.young.r2 > toy.weak.r2")

    line = found(root, HUB)[0]

    assert "LG303 populations differ: tiny@1 test · noise 1 · young · n = 37 and tiny@1 test · noise 1 · n = 80" in line


def test_a_gate_waiting_for_its_result_is_no_finding(tmp_path: Path) -> None:
    """What nobody has run yet is pending, not wrong."""
    root = toy(tmp_path)
    workflow.render(root, [])

    assert _findings(root) == []
    assert "[pending][K1]" in read(root, HUB)
