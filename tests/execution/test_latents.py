"""Latents: what one job makes of its rows for another, kept with its fit, made again where it is lost, never filed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from runner import workflow
from runner.execution.execute import Settings
from runner.execution.progress import Progress
from runner.report import Report
from runner.results import arrays
from tests.executed import add, put, read, swap
from tests.execution.encoders import ENCODER, READER, TURN
from tests.knowledge import HEAD, base

EXPERIMENT = f"""{HEAD}jobs:
  reader:  {{job: reader, of: encoder}}
  encoder: {{job: encoder}}
---

# A toy
"""
RESULT, CACHE = "logg/toy/results/TOY-1.json", ".logg/cache/fits"
ARRAYS = RESULT.replace(".json", ".npz")


class Told(Progress):
    """Remembers what it is told."""

    def __init__(self) -> None:
        """Know nothing."""
        self.lines: list[str] = []

    def tell(self, line: str) -> None:
        """Remember a line."""
        self.lines.append(line)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a base with an encoder and a reader of its latents."""
    for name, text in (("encoder.py", ENCODER), ("reader.py", READER), ("machine", "0")):
        put(tmp_path, f"own/{name}", text)
    put(tmp_path, "pyproject.toml", "[tool.runner]\njobs = 'own'\n")
    return base(tmp_path, toy__exp__a=EXPERIMENT)


def run(root: Path, told: Told | None = None, **more: Any) -> Report:
    """Execute every experiment."""
    settings = Settings("cpu", progress=told or Told(), **more)
    return workflow.execute(root, [], everything=True, settings=settings)


def calls(root: Path) -> int:
    """Return how often the encoder was run."""
    return len(read(root, "own/calls").split())


def scalars(root: Path, run: str = "reader") -> dict[str, float]:
    """Return how far latents were from those of the reader's own rows, as it is filed."""
    filed: dict[str, Any] = json.loads(read(root, RESULT))["scalars"]
    return {name: value for name, value in filed.items() if name.startswith(f"{run}.off_")}


def changed(root: Path, entry: str) -> None:
    """Set a parameter of the reader, so that it has to be run again and the encoder has not."""
    swap(root, "logg/toy/exp/a.md", "  {job: reader, of: encoder", f"  {{job: reader, of: encoder, {entry}")


def test_a_job_is_given_latents_of_its_very_rows(root: Path) -> None:
    """Train, validation and test rows in their order; single precision is all that is lost."""
    assert run(root).code == 0

    found = scalars(root)
    assert set(found) == {f"reader.off_{split}" for split in ("train", "val", "test")}
    assert max(found.values()) < 1e-5
    assert calls(root) == 1


def test_latents_are_filed_nowhere(root: Path) -> None:
    """The result knows predictions alone; the cache of fits holds one file for each split, as the note vouches."""
    run(root)

    stored = arrays.unpack(root / ARRAYS, "")
    assert sorted(stored) == sorted(f"{job}/{split}" for job in ("reader", "encoder") for split in ("test", "val"))
    assert "latents" not in read(root, RESULT)
    files = sorted((root / CACHE).glob("*.npy"))
    assert [np.load(file).shape for file in files] == [(80, 3), (200, 3), (40, 3)]
    notes = [json.loads(note.read_text())["latents"] for note in (root / CACHE).glob("*.json")]
    assert sorted(map(sorted, notes)) == [[], ["test", "train", "val"]]


def test_a_later_command_reads_what_is_kept(root: Path) -> None:
    """The encoder is laid ready from its result, which has no latents; the cache has them."""
    run(root)
    changed(root, "salt: 1")
    told = Told()

    assert run(root, told).code == 0
    assert (calls(root), max(scalars(root).values()) < 1e-5) == (1, True)
    assert not [line for line in told.lines if line.startswith("encoder")]


def lost(root: Path) -> None:
    """Delete the whole cache."""
    shutil.rmtree(root / ".logg/cache")


def flipped(root: Path) -> None:
    """Change the last byte of all latents."""
    for path in (root / CACHE).glob("*.npy"):
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(bytes(content))


def one_gone(root: Path) -> None:
    """Delete the latents of one split."""
    for path in (root / CACHE).glob("*.test.npy"):
        path.unlink()


def unsealed(root: Path) -> None:
    """Change what the notes vouch for."""
    for note in (root / CACHE).glob("*.json"):
        note.write_text(note.read_text().replace('"latents": {', '"latents": {"other": "0", '))


def unnoted(root: Path) -> None:
    """Delete the notes."""
    for note in (root / CACHE).glob("*.json"):
        note.unlink()


@pytest.mark.parametrize("damage", [lost, flipped, one_gone, unsealed, unnoted])
def test_lost_latents_are_computed_again_once(root: Path, damage: Callable[[Path], None]) -> None:
    """Where no file fits its hash the filed fit is computed again, for all that ask, now and later."""
    run(root)
    damage(root)
    swap(root, "logg/toy/exp/a.md", "jobs:\n", "jobs:\n  second: {job: reader, of: encoder, salt: 2}\n")
    changed(root, "salt: 1")
    told = Told()

    assert run(root, told).code == 0
    assert told.lines.count("encoder: computed again for its latents, which are in no result") == 1
    assert (calls(root), max({**scalars(root), **scalars(root, "second")}.values()) < 1e-5) == (2, True)
    assert not [line for line in told.lines if "not of the fit" in line]
    changed(root, "train: false")
    assert (run(root).code, calls(root)) == (0, 2)


def used(root: Path) -> dict[str, list[str] | None]:
    """Return whose latents of another fit each run used, as its run file says."""
    runs: dict[str, dict[str, Any]] = json.loads(read(root, RESULT.replace(".json", ".run.json")))["runs"]
    return {name: cost.get("latents_of_another_fit") for name, cost in runs.items()}


def test_latents_of_a_fit_that_is_not_the_scored_one_are_told(root: Path) -> None:
    """On a machine that computes otherwise the scores stay those filed; a line and the page say whose latents are."""
    run(root)
    assert used(root) == {"encoder": None, "reader": None}
    before = arrays.unpack(root / ARRAYS, "")["encoder/test"]
    lost(root)
    put(root, "own/machine", "0.5")
    changed(root, "predictions: true")
    swap(root, "logg/toy/exp/a.md", "jobs:\n", "jobs:\n  second: {job: reader, of: encoder, salt: 2}\n")
    add(root, "logg/toy/exp/a.md", "\n<!-- logg: provenance -->\n")
    told = Told()

    assert run(root, told).code == 0
    line = "encoder: its latents are not of the fit which is scored: another machine or other versions made it"
    assert told.lines.count(line) == 1
    np.testing.assert_array_equal(arrays.unpack(root / ARRAYS, "")["encoder/test"], before)
    assert used(root) == {"encoder": None, "reader": ["encoder"], "second": ["encoder"]}
    page = read(root, "logg/toy/exp/a.md")
    assert page.count(": made with latents of another fit than the one that is scored, of encoder") == 2
    assert scalars(root)["reader.off_said"] < 1e-3
    assert scalars(root)["reader.off_test"] == pytest.approx(np.abs(0.5 * TURN.sum(axis=0)).max(), abs=1e-5)


def test_a_plan_foresees_what_may_be_computed_again(root: Path) -> None:
    """Where a run is due and the cache has lost what it may ask another one for, whether or not it will."""
    run(root)
    changed(root, "salt: 1")
    assert "again" not in "".join(workflow.plan(root, []).lines)
    lost(root)

    encoder, reader = workflow.plan(root, []).data["plans"]
    line = workflow.plan(root, []).lines[2]

    assert (reader["may compute again"], encoder["may compute again"]) == (["encoder"], [])
    assert re.search(r"  reader: runs .*; may compute `encoder` again, about 0\.\d+ s, \d+ MB$", line)
    run(root)
    lost(root)
    assert not any(each["may compute again"] for each in workflow.plan(root, []).data["plans"])


def test_force_gives_latents_of_the_new_fit(root: Path) -> None:
    """What the cache holds is replaced before anybody asks."""
    run(root)
    put(root, "own/machine", "0.5")

    run(root, force=True)
    assert (calls(root), scalars(root)["reader.off_val"] > 1) == (2, True)
    changed(root, "salt: 1")
    run(root)
    assert (calls(root), scalars(root)["reader.off_val"] > 1) == (2, True)


def test_a_rehearsal_and_a_comparison_have_latents(root: Path) -> None:
    """Both compute everything and keep nothing; the few rows of a rehearsal have few latents."""
    assert run(root, limit=30).code == 0
    assert not (root / ".logg/cache").exists()
    run(root)
    before = sorted((root / CACHE).iterdir())

    report = run(root, again=True)

    assert (report.code, [each["verdict"] for each in report.data["compared"][0]["runs"]]) == (0, ["exact", "exact"])
    assert (calls(root), sorted((root / CACHE).iterdir())) == (3, before)


def test_a_fit_on_training_rows_keeps_no_second_latents(root: Path) -> None:
    """Whoever asks for predictions on training rows has the encoder run once more, for these alone."""
    changed(root, "predictions: true")

    assert run(root).code == 0
    assert calls(root) == 2
    assert len(list((root / CACHE).glob("*.npy"))) == 3


@pytest.mark.parametrize(
    ("old", "new", "failed"),
    [
        ("{job: encoder}", "{job: ridge}", "`encoder` makes no latents -> name a job that does"),
        ("{job: encoder}", "{job: reader}", "needs `encoder`, which failed"),
        ("of: encoder", "train: false", "`None`"),
    ],
)
def test_a_sibling_that_gives_none_is_named(root: Path, old: str, new: str, failed: str) -> None:
    """One line, with what to do."""
    swap(root, "logg/toy/exp/a.md", old, new)

    report = run(root)

    assert report.code == 6
    assert any(failed in line for line in report.data["failed"])


def test_who_used_latents_of_another_fit_is_told_as_long_as_it_is_filed(root: Path) -> None:
    """Later commands lay it ready; the cache is not given what its key does not tell."""
    run(root)
    lost(root)
    put(root, "own/machine", "0.5")
    changed(root, "salt: 1")
    run(root)
    swap(root, "logg/toy/exp/a.md", "jobs:\n", "jobs:\n  other: {job: ridge}\n")

    run(root)
    assert used(root)["reader"] == ["encoder"]
    (root / RESULT).unlink()
    run(root)
    assert not any(used(root).values())
    assert (scalars(root)["reader.off_val"] > 1, calls(root)) == (True, 2)


@pytest.mark.parametrize("kept", [True, False])
def test_latents_for_other_rows_are_refused(root: Path, *, kept: bool) -> None:
    """Both are named, whether the latents are at hand or would have to be made."""
    swap(root, "logg/toy/exp/a.md", "noise: 1\n", "noise: 1\ntrain_noise: 0\n")
    put(root, "logg/toy/exp/b.md", EXPERIMENT.replace("TOY-1", "TOY-2").replace("{job: encoder}", "{like: a.encoder}"))
    swap(root, "logg/toy/exp/b.md", "jobs:", "cites: {a: TOY-1}\njobs:")
    if not kept:
        run(root)
        lost(root)
        swap(root, "logg/toy/exp/b.md", "of: encoder", "of: encoder, salt: 1")

    failed = run(root).data["failed"]

    assert failed == ["TOY-2 reader: `encoder` was made on other train rows than reader"]
    swap(root, "logg/toy/exp/b.md", "of: encoder", "of: encoder, train: false")
    assert run(root).data["failed"] == ["TOY-2 reader: `encoder` was made on other val rows than reader"]


def test_a_recorded_run_has_none(root: Path) -> None:
    """Its predictions are all that came."""
    run(root)
    with (root / "given.npz").open("wb") as file:
        np.savez(file, **cast("Any", {"encoder/test": np.zeros(80), "encoder/val": np.zeros(40)}))
    workflow.record(root, "TOY-1", root / "given.npz")

    failed = run(root).data["failed"]

    assert failed[0].startswith("TOY-1 reader: `encoder` was made elsewhere, nobody knows its latents")
