"""Stored results that do not agree with themselves, their predictions or their spec."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runner import workflow
from runner.findings import Finding
from runner.jobs import ridge
from runner.results import arrays
from runner.results.files import Result, Run
from tests.executed import (
    EXP,
    HUB,
    PREDICTIONS,
    PROTOCOL,
    RESULT,
    ROWS,
    add,
    codes,
    executed,
    put,
    read,
    result,
    snapshot,
    swap,
)


def found(root: Path) -> list[Finding]:
    """Return what check says about artefacts."""
    return [finding for finding in workflow.check(root).findings if finding.code >= "LG400"]


def sealed(root: Path, **changes: Any) -> None:
    """Write the result with some of its maps replaced, under a seal that fits."""
    put(root, RESULT, replace(result(root), **changes).dumps())


def cut(text: str) -> str:
    """Cut a file short."""
    return text[: len(text) // 2]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text.replace("0.92", "0.97", 1), "the seal does not fit"),
        (lambda text: text.replace('"format": 2', '"format": 1'), "format 1, 2 is due"),
        (cut, "no valid JSON"),
        (lambda _: "[]\n", "none"),
        (lambda text: text.replace("\n", "\r\n", 3) + "x", "no valid JSON"),
        (lambda _: '{"format": 2}\n', "the seal does not fit"),
    ],
)
def test_a_result_changed_by_hand_is_reported_once_and_documents_stay(
    tmp_path: Path, damage: Callable[[str], str], message: str
) -> None:
    """A result that is not what was filed gives one finding, and nothing is rewritten on its evidence."""
    root = executed(tmp_path)
    put(root, RESULT, damage(read(root, RESULT)))
    add(root, EXP, "[0.5][weak.r2]")
    before = snapshot(root)

    report, rendered = workflow.check(root), workflow.render(root, [])

    assert codes(report.findings) == codes(rendered.findings) == ["LG401"]
    assert message in report.findings[0].message
    assert report.findings[0].place.path == RESULT
    assert snapshot(root) == before


def test_a_damaged_result_is_reported_though_nothing_cites_it(tmp_path: Path) -> None:
    """A report without a block or a citation is checked all the same."""
    root = executed(tmp_path)
    put(root, RESULT, "{}")
    for name in (EXP, HUB):
        put(root, name, read(root, name).partition("\n# ")[0].replace("claims:\n  K1: toy.gain > 0", "claims: {}"))

    assert codes(workflow.check(root).findings) == ["LG401"]


def other(values: np.ndarray) -> np.ndarray:
    """Return an array that differs in one bit of one value."""
    changed = values.copy()
    changed.view(np.uint32)[0] ^= 1 << 12
    return changed


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-30]),
        lambda path: path.write_bytes(b"no archive"),
        lambda path: path.unlink(),
        lambda path: path.write_bytes(arrays.pack({"weak/test": np.zeros(80, np.float32)})),
        lambda path: path.write_bytes(
            arrays.pack({name: other(values) for name, values in arrays.unpack(path, "").items()})
        ),
    ],
)
def test_predictions_of_another_result_are_reported_once_and_documents_stay(
    tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    """Predictions that are not those of the result give one finding, and nothing is rewritten on their evidence."""
    root = executed(tmp_path)
    damage(root / PREDICTIONS)
    add(root, EXP, "[0.5][weak.r2]")
    before = snapshot(root)

    report, rendered = workflow.check(root), workflow.render(root, [])

    assert codes(report.findings) == codes(rendered.findings) == ["LG402"]
    assert report.findings[0].place.path == PREDICTIONS
    assert snapshot(root) == before


def test_a_fact_edited_under_a_new_seal_is_caught_by_arithmetic(tmp_path: Path) -> None:
    """Facts are recomputed from predictions and rows: a false one is named with both values."""
    root = executed(tmp_path)
    value, population = result(root).facts["weak.r2"]
    assert value is not None
    sealed(root, facts={**result(root).facts, "weak.r2": (value + 0.1, population)})

    assert codes(found(root)) == ["LG403"]
    assert f"weak.r2 is filed as {round(value + 0.1, 10)}" in found(root)[0].message
    assert f"give {value}" in found(root)[0].message
    assert found(root)[0].fix == "runner execute TOY-1"


@pytest.mark.parametrize(
    "change",
    [
        lambda facts: {name: fact for name, fact in facts.items() if name != "strong.old.mae"},
        lambda facts: {**facts, "strong.old.mae": (None, facts["strong.old.mae"][1])},
        lambda facts: {**facts, "strong.old.mae": (facts["strong.old.mae"][0], facts["strong.mae"][1])},
    ],
)
def test_a_missing_empty_or_misplaced_fact_is_caught(tmp_path: Path, change: Callable[[Any], Any]) -> None:
    """Every fact that follows from the predictions must be filed, with its own population."""
    root = executed(tmp_path)
    sealed(root, facts=change(result(root).facts))

    assert codes(found(root)) == ["LG403"]
    assert "strong.old.mae" in found(root)[0].message


def run_with(filed: Result, **changes: Any) -> dict[str, Run]:
    """Return the runs of a result, the weak one changed."""
    return {**filed.runs, "weak": replace(filed.runs["weak"], **changes)}


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("alpha: 1e4", "alpha: 1e5", "`weak` (parameters): alpha: 10000.0 -> 100000.0"),
        ("train: 200", "train: 120", "`weak` (axes): train: 200 -> 120"),
        ("noise: 1", "noise: 0", "`strong` (axes): noise: 1 -> 0"),
        ("  weak: ", "  third: {job: ridge}\n  weak: ", "`third` (new): no result yet"),
    ],
)
def test_a_stale_result_is_a_warning_naming_the_part(tmp_path: Path, old: str, new: str, part: str) -> None:
    """What was computed from another spec says which part of the spec moved, and how to run it again."""
    root = executed(tmp_path)
    swap(root, EXP, old, new)

    stale = [finding for finding in found(root) if finding.code == "LG404"]

    assert part in {finding.message for finding in stale}
    assert {(finding.severity, finding.fix) for finding in stale} == {("warning", "runner execute TOY-1")}


def test_a_job_no_longer_declared_makes_the_result_stale(tmp_path: Path) -> None:
    """A run that the document does not declare any more is named."""
    root = executed(tmp_path)
    weak = result(root).runs["weak"]
    sealed(root, runs={**result(root).runs, "gone": weak})
    archive = arrays.unpack(root / PREDICTIONS, "")
    archive |= {f"gone/{name}": archive[f"weak/{name}"] for name in (*weak.arrays, *weak.profiles)}
    (root / PREDICTIONS).write_bytes(arrays.pack(archive))

    assert "`gone` (job): `gone` is no longer declared" in {finding.message for finding in found(root)}


def test_a_new_version_of_a_job_makes_its_results_stale(tmp_path: Path) -> None:
    """A result of an older VERSION of its job is stale, and both versions are named."""
    root = executed(tmp_path)
    sealed(root, runs=run_with(result(root), version=0, fit="0" * 32))

    assert [(f.code, f.message) for f in found(root)] == [
        ("LG404", f"`weak` (version): ridge version 0 -> {ridge.VERSION}")
    ]


def test_a_job_file_that_changed_without_a_new_version_is_a_warning(tmp_path: Path) -> None:
    """Code that moved under a result whose VERSION did not is named with both remedies."""
    root = executed(tmp_path)
    sealed(root, runs=run_with(result(root), code="0" * 12))

    assert codes(found(root)) == ["LG405"]
    assert found(root)[0].severity == "warning"
    assert "raise VERSION" in found(root)[0].fix


def test_other_rows_are_caught(tmp_path: Path) -> None:
    """A label changed in the rows file makes them rows of another population."""
    root = executed(tmp_path)
    columns = arrays.unpack(root / ROWS, "")
    columns["test/weight"] = columns["test/weight"] + np.float32(0.001)
    (root / ROWS).write_bytes(arrays.pack(columns))

    assert "LG406" in codes(found(root))


def test_prose_titles_and_expectations_make_nothing_stale(tmp_path: Path) -> None:
    """What a reader sees may be reworded at any time."""
    root = executed(tmp_path)
    swap(root, EXP, "title: A toy", "title: Another toy")
    swap(root, EXP, "H-B: strong.r2 > 0.5", "H-B: strong.r2 > 0.4")
    add(root, EXP, "More words.")

    assert found(root) == []


def test_a_protocol_that_cannot_be_read_is_reported_alone(tmp_path: Path) -> None:
    """Half a protocol says nothing about results: its own finding comes first, nothing is rendered from it."""
    root = executed(tmp_path)
    swap(root, PROTOCOL, "age >= 40", "age >> 40")
    before = snapshot(root)

    report, rendered = workflow.check(root), workflow.render(root, ["TOY-1"])

    assert codes(report.findings) == codes(rendered.findings) == ["LG301"]
    assert report.findings[0].place.path == PROTOCOL
    assert snapshot(root) == before
