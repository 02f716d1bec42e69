"""Fit keys: what a fit depends on moves them, what it does not leaves them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runner.documents.library import Library, load_library
from runner.findings import InputRefused
from runner.jobs import ridge
from runner.plans.specs import JobRun, compute_key, data_digest, job_runs
from tests import knowledge
from tests.knowledge import EXPERIMENT, PROTOCOL, toy

DATA = knowledge.data()


def planned(folder: Path, experiment: str = EXPERIMENT, protocol: str = PROTOCOL, data: bytes = DATA) -> list[JobRun]:
    """Return the runs of the toy experiment as changed."""
    root = toy(folder)
    knowledge.write(root, {"toy/exp/toy.md": experiment, "protocols/tiny.md": protocol})
    (root / "logg" / "tiny.npz").write_bytes(data)
    library = load_library(root)
    return job_runs(library.named("TOY-1"), library)


def weak(folder: Path, **changed: Any) -> str:
    """Return the fit key of the job `weak` after a change."""
    return next(run.fit for run in planned(folder, **changed) if run.job.name == "weak")


def asked(folder: Path, **changed: Any) -> str:
    """Return the key of what the job `weak` predicts after a change."""
    return next(run.asked for run in planned(folder, **changed) if run.job.name == "weak")


def touched(name: str, row: int) -> bytes:
    """Return the toy data with one number changed."""
    arrays = dict(np.load(io.BytesIO(DATA)))
    arrays[name] = arrays[name].copy()
    arrays[name].flat[row] += 1
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def replaced(old: str, new: str, text: str) -> str:
    """Replace what must be there."""
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    "change",
    [
        {"experiment": replaced("alpha: 1e4", "alpha: 2e4", EXPERIMENT)},
        {"experiment": replaced("alpha: 1e4", "alpha: 1e4, products: single", EXPERIMENT)},
        {"experiment": replaced("train: 200", "train: 199", EXPERIMENT)},
        {"experiment": replaced("noise: 1", "noise: 0", EXPERIMENT)},
        {"protocol": replaced("seed: 7", "seed: 8", PROTOCOL)},
        {"protocol": replaced("target: weight", "target: age", PROTOCOL)},
        {"protocol": replaced("val: 40", "val: 39", PROTOCOL)},
        {"experiment": replaced("noise: 1", "noise: 1\ntrain_noise: 0", EXPERIMENT)},
        {"data": touched("X", 0)},
        {"data": touched("sigma", 5)},
        {"data": touched("weight", 319)},
    ],
    ids=["value", "option", "train", "noise", "seed", "target", "val rows", "train noise", "X", "sigma", "labels"],
)
def test_what_a_fit_depends_on_moves_its_key(tmp_path: Path, change: Mapping[str, Any]) -> None:
    """Parameters, training rows with their noise, seed, data, target, and for this job the validation rows."""
    assert weak(tmp_path / "a") != weak(tmp_path / "b", **change)


@pytest.mark.parametrize(
    "change",
    [
        {"experiment": replaced("A toy", "Another title", EXPERIMENT)},
        {"experiment": replaced("[It helps][gain > 0].", "Prose, long and new.", EXPERIMENT)},
        {"experiment": replaced("gain >= 0.2", "gain >= 0.1", EXPERIMENT)},
        {"experiment": replaced("  H-B: strong.r2 > 0.5\n", "", EXPERIMENT)},
        {"experiment": replaced("gain: strong.r2 - weak.r2", "gain: strong.mae", EXPERIMENT)},
        {"experiment": replaced("date: 2026-01-02", "date: 2026-01-03\ncites: {other: TOY-9}", EXPERIMENT)},
        {"experiment": replaced("{job: ridge, alpha: val}", "{job: ridge, alpha: 3}", EXPERIMENT)},
        {"experiment": replaced("alpha: 1e4", "alpha: 10k", EXPERIMENT)},
        {"experiment": replaced("alpha: 1e4", f"alpha: 1e4, products: {ridge.Params().products}", EXPERIMENT)},
        {"protocol": replaced("young: age < 40", "young: age < 30\n  wise: age > 50", PROTOCOL)},
        {"protocol": replaced("[r2, mae, rmse, bias]", "[mae]", PROTOCOL)},
        {"protocol": replaced("noise: [0, 1]", "noise: [0, 0.5, 1]", PROTOCOL)},
        {"protocol": replaced("{weight: kg, age: years}", "{weight: g, age: years}", PROTOCOL)},
        {"protocol": replaced("{weight: kg, age: years}", "{weight: kg}", PROTOCOL)},
        {"protocol": replaced("test: 80", "test: 79", PROTOCOL)},
        {"experiment": replaced("noise: 1", "noise: 0\ntrain_noise: 1", EXPERIMENT)},
        {"experiment": replaced("noise: 1", "noise: 1\ntrain_noise: 1", EXPERIMENT)},
        {"experiment": replaced("train: 200", "sweep: {train: 200}", EXPERIMENT)},
        {"experiment": replaced("{job: ridge, alpha: 1e4}", "{like: strong, alpha: 1e4}", EXPERIMENT)},
    ],
    ids=[
        *("title", "prose", "threshold", "expectation", "definition", "alias", "neighbour", "spelling", "default"),
        *("slices", "metrics", "axis", "unit", "columns", "test rows", "test noise", "the same noise", "sweep", "like"),
    ],
)
def test_what_a_fit_does_not_depend_on_leaves_its_key(tmp_path: Path, change: Mapping[str, Any]) -> None:
    """Words, expectations, other jobs, slices and metrics are no part of a fit."""
    assert weak(tmp_path / "a") == weak(tmp_path / "b", **change)


@pytest.mark.parametrize(
    ("change", "moves"),
    [
        ({"protocol": replaced("test: 80", "test: 79", PROTOCOL)}, True),
        ({"protocol": replaced("val: 40", "val: 39", PROTOCOL)}, True),
        ({"experiment": replaced("noise: 1", "noise: 0\ntrain_noise: 1", EXPERIMENT)}, True),
        ({"experiment": replaced("noise: 1", "noise: 1\ntrain_noise: 0", EXPERIMENT)}, False),
        ({"experiment": replaced("train: 200", "train: 199", EXPERIMENT)}, False),
        ({"experiment": replaced("alpha: 1e4", "alpha: 2e4", EXPERIMENT)}, False),
        ({"protocol": replaced("young: age < 40", "young: age < 30", PROTOCOL)}, False),
        ({"protocol": replaced("noise: [0, 1]", "noise: [0, 0.5, 1]", PROTOCOL)}, False),
        ({"protocol": replaced("noise: [0, 1]", "noise: [0, 1]\n  depth: [20, 21]", PROTOCOL)}, True),
    ],
    ids=["test rows", "val rows", "noise", "train noise", "train", "value", "slice", "noise there is", "new axis"],
)
def test_what_is_asked_are_the_rows_that_are_predicted(
    tmp_path: Path, change: Mapping[str, Any], *, moves: bool
) -> None:
    """Their number and how they are seen, whatever was learnt before."""
    assert (asked(tmp_path / "a") != asked(tmp_path / "b", **change)) is moves


def test_the_name_of_a_job_is_no_part_of_its_fit(tmp_path: Path) -> None:
    """The same ridge under another name is computed once, though the experiment is another."""
    before = planned(tmp_path / "a")
    after = planned(tmp_path / "b", experiment=replaced("  weak: ", "  feeble: ", EXPERIMENT))

    assert [run.name for run in after] == ["feeble", "strong"]
    assert [run.fit for run in after] == [run.fit for run in before]
    assert compute_key(after) != compute_key(before)


def test_a_renamed_data_file_holds_the_same_data(tmp_path: Path) -> None:
    """The bytes are hashed, not where they lie."""
    before = weak(tmp_path)
    (tmp_path / "logg/data").mkdir()
    (tmp_path / "logg/tiny.npz").rename(tmp_path / "logg/data/same.npz")
    knowledge.write(tmp_path, {"protocols/tiny.md": replaced("path: tiny.npz", "path: data/same.npz", PROTOCOL)})
    library = load_library(tmp_path)

    assert job_runs(library.named("TOY-1"), library)[0].fit == before


@pytest.mark.parametrize(("first", "second"), [("1e-11", "2e-11"), ("1e-12", "0"), ("1e4", "10000.000000000002")])
def test_the_last_digit_of_a_parameter_counts(tmp_path: Path, first: str, second: str) -> None:
    """Two penalties that differ at all are two fits, however small they are."""
    fits = {
        weak(tmp_path / text, experiment=replaced("alpha: 1e4", f"alpha: {text}", EXPERIMENT))
        for text in (first, second)
    }

    assert len(fits) == 2


@pytest.mark.parametrize("change", [{"job": "other"}, {"version": 9}])
def test_another_job_or_version_is_another_fit(tmp_path: Path, change: Mapping[str, Any]) -> None:
    """A job that declares a new version is run again."""
    library = load_library(toy(tmp_path))
    jobs = {**library.plugins.jobs, "other": library.plugins.jobs["ridge"]}
    library = replace(library, plugins=replace(library.plugins, jobs=jobs))
    document = library.named("TOY-1")
    assert document.experiment is not None
    declared = {name: replace(job, **change) for name, job in document.experiment.jobs.items()}
    changed = replace(document, body=replace(document.experiment, jobs=declared))

    before, after = job_runs(document, library), job_runs(changed, library)

    assert not {run.fit for run in before} & {run.fit for run in after}


def test_a_new_version_of_the_source_is_other_data(tmp_path: Path) -> None:
    """A source that reads its file in another way says so, and every fit on it moves."""
    library = load_library(toy(tmp_path))
    protocol = library.protocol(library.named("TOY-1"))
    assert protocol is not None
    sources = {**library.plugins.sources, "arrays": replace(library.plugins.sources["arrays"], version=99)}
    renewed = Library(library.root, library.documents, replace(library.plugins, sources=sources))

    assert data_digest(library, protocol) != data_digest(renewed, protocol)


def test_runs_stand_in_the_order_of_the_document(tmp_path: Path) -> None:
    """Names and axes come as declared, as numbers."""
    swapped = replaced("  weak:   {job: ridge, alpha: 1e4}\n", "", EXPERIMENT)
    swapped = replaced("alpha: val}\n", "alpha: val}\n  weak: {job: ridge, alpha: 1e4}\n", swapped)

    assert [run.name for run in planned(tmp_path / "a")] == ["weak", "strong"]
    assert [run.name for run in planned(tmp_path / "b", experiment=swapped)] == ["strong", "weak"]
    assert planned(tmp_path / "c")[0].axes == {"noise": 1.0, "train": 200.0}


def test_the_compute_key_is_that_of_all_runs(tmp_path: Path) -> None:
    """It does not depend on the order of jobs, and moves with any of them."""
    runs = planned(tmp_path)

    assert compute_key(runs) == compute_key(runs[::-1])
    assert compute_key(runs) != compute_key(runs[:1])
    assert compute_key(runs) != compute_key([runs[0], replace(runs[1], fit="other")])
    assert compute_key(runs) != compute_key([runs[0], replace(runs[1], asked="other")])


def test_missing_data_are_named(tmp_path: Path) -> None:
    """Without its file nothing can be planned; the remedy says where it belongs."""
    library = load_library(toy(tmp_path))
    (tmp_path / "logg/tiny.npz").unlink()

    with pytest.raises(InputRefused, match=r"LG207 there is no data file `tiny\.npz` -> put it at logg/tiny\.npz"):
        job_runs(library.named("TOY-1"), library)


@pytest.mark.parametrize("path", ["../secret.npz", "/etc/passwd"])
def test_data_stay_inside_the_knowledge_base(tmp_path: Path, path: str) -> None:
    """A protocol cannot make the runner read another folder."""
    (tmp_path / "secret.npz").write_bytes(DATA)

    with pytest.raises(InputRefused, match=r"data\.path"):
        planned(tmp_path, protocol=replaced("path: tiny.npz", f"path: {path}", PROTOCOL))


@pytest.mark.parametrize("identity", ["TOY-hub", "tiny@1", "TOY-9"])
def test_only_experiments_under_a_protocol_can_be_planned(tmp_path: Path, identity: str) -> None:
    """Hubs, protocols and experiments under an unknown protocol are refused at their place."""
    lost = EXPERIMENT.replace("TOY-1", "TOY-9").replace("tiny@1", "tiny@9")
    knowledge.write(toy(tmp_path), {"toy/exp/lost.md": lost})
    library = load_library(tmp_path)

    with pytest.raises(InputRefused, match=f"LG207 {identity} is no runnable experiment") as refused:
        job_runs(library.named(identity), library)
    assert str(refused.value.place).startswith(library.named(identity).name)


def test_which_file_is_which_is_part_of_the_data(tmp_path: Path) -> None:
    """Two files in exchanged roles are other data, though the same bytes are read."""
    root = toy(tmp_path)
    (root / "logg" / "other.npz").write_bytes(knowledge.data(rows=300))
    seen = set()
    for roles in ("path: tiny.npz, val_path: other.npz", "path: tiny.npz, test_path: other.npz"):
        data = f"data: {{source: hdf5, {roles}}}\n"
        text = PROTOCOL[: PROTOCOL.index("data:")] + data + PROTOCOL[PROTOCOL.index("rows:") :]
        (root / "logg/protocols/tiny.md").write_text(text)
        library = load_library(root)
        protocol = library.protocol(library.named("TOY-1"))
        assert protocol is not None
        seen.add(data_digest(library, protocol))
    assert len(seen) == 2
    assert None not in seen
