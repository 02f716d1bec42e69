"""Populations: the identity of the rows a number speaks about."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from runner.documents.kinds import Protocol, Value
from runner.documents.library import load_library
from runner.documents.reading import Document
from runner.results.populations import WHOLE, Population, Rows, rowset, together
from tests import knowledge
from tests.knowledge import EXPERIMENT, PROTOCOL, file, guess, toy

PARTS = (("k1", "a", 60), ("k2", "b", 40), ("k3", "c", 20))
Found = tuple[Rows, dict[str, Population]]


def rows(folder: Path, protocol: str = PROTOCOL, experiment: str = EXPERIMENT, data: bytes | None = None) -> Found:
    """Return the test rows of the toy under a changed protocol, experiment or data file, and their populations."""
    root = toy(folder)
    knowledge.write(root, {"protocols/tiny.md": protocol, "toy/exp/toy.md": experiment})
    (root / "logg" / "tiny.npz").write_bytes(data or knowledge.data())
    known = file(root, "TOY-1", {"weak": guess(root, 1), "strong": guess(root, 1)})
    scores = known.store.scores(known.library.named("TOY-1"))
    return scores.rows, {piece: scores.population("weak", piece) for piece in scores.rows.masks}


def keys(found: Found) -> dict[str, str]:
    """Return the key of each slice's population."""
    return {name: population.key for name, population in found[1].items()}


def altered(**change: Callable[[np.ndarray], np.ndarray]) -> bytes:
    """Return the toy data with some arrays changed."""
    stored = np.load(io.BytesIO(knowledge.data()))
    buffer = io.BytesIO()
    np.savez(buffer, **{name: change.get(name, np.asarray)(stored[name]) for name in stored.files})
    return buffer.getvalue()


def reversed_(values: np.ndarray) -> np.ndarray:
    """Turn an array round."""
    return values[::-1]


@pytest.mark.parametrize(
    "moved",
    [
        {
            "protocol": PROTOCOL.replace("version: 1", "version: 2"),
            "experiment": EXPERIMENT.replace("tiny@1", "tiny@2"),
        },
        {"protocol": PROTOCOL.replace("seed: 7", "seed: 8")},
        {"experiment": EXPERIMENT.replace("noise: 1", "noise: 0")},
        {"data": altered(weight=reversed_)},
        {"data": altered(age=lambda age: age + 1e-3)},
        {"data": altered(age=lambda age: np.concatenate([age[:-1], [21.0]]))},
    ],
    ids=["version", "seed", "noise", "target column", "slice column", "one label"],
)
def test_other_rows_are_another_population(tmp_path: Path, moved: dict) -> None:
    """What defines the rows moves the key of every slice."""
    before, after = keys(rows(tmp_path / "a")), keys(rows(tmp_path / "b", **moved))

    assert before.keys() == after.keys()
    assert not set(before.values()) & set(after.values())


@pytest.mark.parametrize(
    "same",
    [
        {"data": altered(X=lambda x: x + 1e-6, sigma=reversed_)},
        {"data": altered(weight=lambda w: np.concatenate([w[:200] + 1, w[200:]]))},
        {"protocol": PROTOCOL.replace("target: weight", "target: age")},
        {"protocol": PROTOCOL.replace("[r2, mae, rmse, bias]", "[mae]").replace("Tiny rows", "Other words")},
        {"experiment": EXPERIMENT.replace("train: 200", "train: 150").replace("alpha: val", "alpha: 3")},
    ],
    ids=["inputs and their noise", "labels of training rows", "target", "metrics and prose", "training"],
)
def test_the_same_rows_are_the_same_population(tmp_path: Path, same: dict) -> None:
    """What the models saw or are asked is no part of which rows were scored."""
    assert keys(rows(tmp_path / "a")) == keys(rows(tmp_path / "b", **same))


def test_noise_is_no_part_of_the_row_set(tmp_path: Path) -> None:
    """The same rows at another noise are another population with the same resamples."""
    quiet, at_rest = rows(tmp_path / "b", experiment=EXPERIMENT.replace("noise: 1", "noise: 0"))
    loud, shaken = rows(tmp_path / "a")

    assert loud.key == quiet.key
    assert shaken["all"] != at_rest["all"]


def test_what_a_model_was_trained_on_is_no_part_of_its_population(tmp_path: Path) -> None:
    """Of a run's settings the axes of the protocol count, and nothing else."""
    found, shaken = rows(tmp_path)
    settings: dict[str, Value] = {"noise": 1.0, "train": 5.0, "train_noise": 0.0, "seed": 3.0, "kind": "mlp"}

    assert found.population(WHOLE, settings) == shaken["all"]
    assert found.population(WHOLE, {**settings, "noise": 0.0}) != shaken["all"]


def toy_protocol(folder: Path) -> tuple[Document, Protocol]:
    """Return the document of the toy's protocol and what it says."""
    library = load_library(toy(folder))
    document, protocol = library.named("tiny@1"), library.protocol(library.named("TOY-1"))
    assert protocol is not None
    return document, protocol


def test_another_split_is_another_row_set(tmp_path: Path) -> None:
    """The key of a row set holds the name of its split."""
    document, protocol = toy_protocol(tmp_path)
    columns = {"age": np.zeros(3)}

    assert rowset(document, protocol, "test", columns) != rowset(document, protocol, "val", columns)


def test_rows_that_a_source_makes_are_what_its_options_say(tmp_path: Path) -> None:
    """The last bit of a drawn label may differ between machines; what was asked of the source may not."""
    document, protocol = toy_protocol(tmp_path)
    made = replace(protocol, generated=True)
    zero, tiny = {"age": np.zeros(3)}, {"age": np.full(3, 1e-300)}
    asked = rowset(document, made, "test", zero)

    assert rowset(document, made, "test", tiny) == asked
    assert rowset(document, replace(made, options={"bright": 3}), "test", zero) != asked
    assert rowset(document, protocol, "test", tiny) != rowset(document, protocol, "test", zero)


def test_a_slice_is_its_predicate_not_its_name(tmp_path: Path) -> None:
    """A renamed slice stays the population it was, an edge moved makes another, two names for one are one."""
    _, before = rows(tmp_path / "a")
    sliced = PROTOCOL.replace("young: age < 40", "fresh: age < 40\n  new: age < 40").replace("age >= 40", "age >= 41")
    _, after = rows(tmp_path / "b", protocol=sliced)

    assert before["young"] == after["fresh"] == after["new"]
    assert before["all"] == after["all"]
    assert before["old"] != after["old"]


def test_populations_read_well(tmp_path: Path) -> None:
    """The name says protocol, split, noise and slice, with the number of rows that numpy counts."""
    found, named = rows(tmp_path)
    young = int((found.columns["age"] < 40).sum())

    assert [str(population) for population in named.values()] == [
        "tiny@1 test · noise 1 · n = 80",
        f"tiny@1 test · noise 1 · young · n = {young}",
        f"tiny@1 test · noise 1 · old · n = {80 - young}",
    ]


def test_parts_of_a_partition_read_as_their_bounds(tmp_path: Path) -> None:
    """A part found by value is called by its partition and bounds, a named one by its name."""
    bins = "slices:\n  years: {by: age, edges: [20, 45.5, 60]}\n  stage: {by: age, edges: [20, 40, 60], names: [a, b]}"
    _, named = rows(tmp_path, protocol=PROTOCOL.replace("slices:", bins))

    assert [population.name.rpartition(" · ")[2] for population in named.values()] == [
        "noise 1", "years 20–45.5", "years 45.5–60", "a", "b", "young", "old",
    ]  # fmt: skip
    assert named["a"] != named["young"]  # another predicate, though the rows are the same


def test_parts_together_are_a_population_of_their_own() -> None:
    """Its key is that of the parts in any order; its name keeps what they share."""
    parts = tuple(Population(key, f"tiny@1 test · noise 1 · {name}", n) for key, name, n in PARTS)
    whole = together(parts)

    assert whole == together(parts[::-1])
    assert whole != together(parts[:2])
    assert together(parts[:1]) is parts[0]
    assert str(whole) == "tiny@1 test · noise 1 · 3 parts · n = 120"


def test_large_counts_are_grouped() -> None:
    """A blank that breaks no line parts the thousands."""
    assert str(Population("k", "wide@1 test", 1234567)) == "wide@1 test · n = 1\u202f234\u202f567"


def test_rows_seen_at_several_settings_are_counted_once() -> None:
    """Parts that are the same rows at another noise are no more rows; slices add up."""
    at = [Population(f"k{noise}", f"tiny@1 test · noise {noise}", 80, "rows") for noise in (0, 1)]
    cut = [
        Population(f"s{age}", f"tiny@1 test · noise 1 · age {age}", n, f"rows{age}") for age, n in ((1, 37), (2, 43))
    ]

    assert together(tuple(at)).n == 80
    assert together(tuple(cut)).n == 80
    assert str(together(tuple(at))) == "tiny@1 test · 2 parts · n = 80"
