"""Populations: the identity of the rows a number speaks about."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from runner.documents.kinds import Protocol
from runner.documents.library import load_library
from runner.documents.reading import Document
from runner.results.populations import Population, Rows, rowset
from tests import knowledge
from tests.knowledge import EXPERIMENT, PROTOCOL, file, guess, toy


def rows(folder: Path, protocol: str = PROTOCOL, experiment: str = EXPERIMENT, data: bytes | None = None) -> Rows:
    """Return the test rows of the toy under a changed protocol, experiment or data file."""
    root = toy(folder)
    knowledge.write(root, {"protocols/tiny.md": protocol, "toy/exp/toy.md": experiment})
    (root / "logg" / "tiny.npz").write_bytes(data or knowledge.data())
    known = file(root, "TOY-1", {"weak": guess(root, 1), "strong": guess(root, 1)})
    return known.store.rows(known.library.named("TOY-1"))


def keys(found: Rows) -> dict[str, str]:
    """Return the key of each slice's population."""
    return {name: population.key for name, population in found.populations.items()}


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
    quiet = rows(tmp_path / "b", experiment=EXPERIMENT.replace("noise: 1", "noise: 0"))
    loud = rows(tmp_path / "a")

    assert loud.key == quiet.key
    assert loud.populations["all"] != quiet.populations["all"]


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
    before = rows(tmp_path / "a").populations
    sliced = PROTOCOL.replace("young: age < 40", "fresh: age < 40\n  new: age < 40").replace("age >= 40", "age >= 41")
    after = rows(tmp_path / "b", protocol=sliced).populations

    assert before["young"] == after["fresh"] == after["new"]
    assert before["all"] == after["all"]
    assert before["old"] != after["old"]


def test_populations_read_well(tmp_path: Path) -> None:
    """The name says protocol, split, noise and slice, with the number of rows that numpy counts."""
    found = rows(tmp_path)
    young = int((found.columns["age"] < 40).sum())

    assert [str(population) for population in found.populations.values()] == [
        "tiny@1 test · noise 1 · n = 80",
        f"tiny@1 test · noise 1 · young · n = {young}",
        f"tiny@1 test · noise 1 · old · n = {80 - young}",
    ]


def test_large_counts_are_grouped() -> None:
    """A blank that breaks no line parts the thousands."""
    assert str(Population("k", "wide@1 test", 1234567)) == "wide@1 test · n = 1\u202f234\u202f567"
