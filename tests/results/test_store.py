"""The store: what was filed, verified when it is read, and the scores that follow from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, r2_score

from runner.documents.kinds import Protocol
from runner.documents.library import Library
from runner.documents.reading import Document
from runner.findings import ArtefactDamaged, InputRefused
from runner.results.arrays import pack, rounded
from runner.results.store import Store
from runner.verdicts.knowledge import Knowledge, gather
from tests import knowledge
from tests.knowledge import EXPERIMENT, PROTOCOL, file, guess, toy

QUIET = EXPERIMENT.replace("TOY-1", "TOY-2").replace("noise: 1", "noise: 0")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The toy base with a result."""
    toy(tmp_path)
    file(tmp_path, "TOY-1", {"weak": guess(tmp_path, 2), "strong": guess(tmp_path, 0.5)})
    return tmp_path


def read(root: Path) -> tuple[Knowledge, Document]:
    """Read the base anew, with its experiment."""
    known = gather(root)
    return known, known.library.named("TOY-1")


def stored(root: Path, name: str) -> dict[str, np.ndarray]:
    """Return the arrays of a file below `logg/`."""
    with np.load(root / "logg" / name) as arrays:
        return dict(arrays)


def protocol_of(library: Library) -> Protocol:
    """Return the protocol of the toy."""
    found = library.protocol(library.named("TOY-1"))
    assert found is not None
    return found


def refusal(root: Path, code: str, file: str) -> str:
    """Return why the scores are refused, after seeing code and file."""
    known, document = read(root)
    with pytest.raises(ArtefactDamaged) as refused:
        known.store.scores(document)
    assert (refused.value.code, str(refused.value.place)) == (code, f"logg/{file}")
    return refused.value.message


def test_what_was_not_filed_is_none(tmp_path: Path) -> None:
    """An experiment before its first run has no result."""
    known, document = read(toy(tmp_path))

    assert known.store.result(document) is None


def test_a_result_is_read_once(root: Path) -> None:
    """One reading of the base is consistent: a file that goes away later is not noticed."""
    known, document = read(root)
    first = known.store.result(document)
    (root / "logg/toy/results/TOY-1.json").unlink()

    assert first is not None
    assert known.store.result(document) is first


def test_scores_are_those_of_scikit_learn_on_the_slice(root: Path) -> None:
    """The first value of each score is the metric of the stored predictions on the rows of the slice."""
    known, document = read(root)
    columns = stored(root, "protocols/tiny@1.rows.npz")
    truth, young = columns["test/weight"].astype(float), columns["test/age"] < 40
    predicted = stored(root, "toy/results/TOY-1.npz")["weak/test"].astype(float)
    scores = known.store.scores(document).values

    assert len(scores) == 2 * 3 * 4
    assert scores["weak", "all", "r2"][0] == pytest.approx(r2_score(truth, predicted), rel=1e-12)
    expected = mean_absolute_error(truth[young], predicted[young])
    assert scores["weak", "young", "mae"][0] == pytest.approx(expected, rel=1e-12)


def test_models_on_the_same_rows_share_their_resamples(root: Path) -> None:
    """Another experiment at another noise is scored on the same draws, so that differences are paired."""
    knowledge.write(root, {"toy/exp/quiet.md": QUIET})
    same = guess(root, 2)
    known = file(root, "TOY-2", {"weak": same, "strong": same})
    first, second = (known.store.scores(known.library.named(name)) for name in ("TOY-1", "TOY-2"))

    np.testing.assert_array_equal(first.values["weak", "old", "r2"], second.values["strong", "old", "r2"])
    protocol = protocol_of(known.library)
    assert known.store.resamples(first.rows, protocol) is known.store.resamples(second.rows, protocol)


def test_a_grid_is_all_there_is(root: Path) -> None:
    """Its facts are those of the rows, and there is nothing to draw."""
    known, document = read(root)
    drawn = known.store.scores(document).values
    census = replace(protocol_of(known.library), grid=True)
    documents = tuple(replace(d, body=census) if d.id == "tiny@1" else d for d in known.library.documents)
    values = Store(Library(root, documents, known.library.plugins)).scores(document).values

    assert {name: len(array) for name, array in values.items()} == dict.fromkeys(drawn, 1)
    for name, array in values.items():
        np.testing.assert_allclose(array, drawn[name][:1], rtol=1e-14)


def test_every_run_is_scored_at_its_own_settings(tmp_path: Path) -> None:
    """Runs of one experiment at different noise belong to different populations, on the same draws."""
    root = toy(tmp_path)
    knowledge.write(root, {"toy/exp/toy.md": EXPERIMENT.replace("noise: 1", "sweep: {noise: [0, 1]}")})
    same = guess(root, 1)
    known = file(root, "TOY-1", {f"{job}(noise={noise})": same for job in ("weak", "strong") for noise in (0, 1)})
    scores = known.store.scores(known.library.named("TOY-1"))

    quiet, loud = (scores.values[f"weak(noise={noise})", "old", "r2"] for noise in (0, 1))
    np.testing.assert_array_equal(quiet, loud)
    assert scores.population("weak(noise=0)", "old") == scores.population("strong(noise=0)", "old")
    assert scores.population("weak(noise=0)", "old") != scores.population("weak(noise=1)", "old")


def test_a_job_that_failed_has_no_scores(tmp_path: Path) -> None:
    """Its neighbour has."""
    root = toy(tmp_path)
    known = file(root, "TOY-1", {"weak": guess(root, 2), "strong": "JobFailed: out of luck"})

    assert {run for run, _, _ in known.store.scores(known.library.named("TOY-1")).values} == {"weak"}


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays.update({"weak/test": rounded(arrays["weak/test"] + 1)}),
        lambda arrays: arrays.update({"weak/test": arrays["weak/test"].astype(np.float64)}),
        lambda arrays: arrays.update({"weak/test": arrays["weak/test"][:-1]}),
        lambda arrays: arrays.pop("weak/test"),
        lambda arrays: arrays.update({"weak/test": arrays["strong/test"], "strong/test": arrays["weak/test"]}),
    ],
    ids=["values", "type", "length", "absent", "swapped"],
)
def test_predictions_that_are_not_those_of_the_result_are_refused(root: Path, change: Callable) -> None:
    """Each array is compared with the hash that the result holds."""
    arrays = stored(root, "toy/results/TOY-1.npz")
    change(arrays)
    (root / "logg/toy/results/TOY-1.npz").write_bytes(pack(arrays))

    message = refusal(root, "LG402", "toy/results/TOY-1.npz")
    assert message.endswith("/test` is not the array its result was computed from")


def test_an_array_nobody_claims_is_left_alone(root: Path) -> None:
    """More than the result vouches for does no harm."""
    arrays = stored(root, "toy/results/TOY-1.npz")
    (root / "logg/toy/results/TOY-1.npz").write_bytes(pack({**arrays, "other": np.zeros(3)}))
    known, document = read(root)

    assert known.store.scores(document).values


def test_predictions_of_other_rows_are_refused(root: Path) -> None:
    """A run cut short after it wrote new rows leaves old predictions: they are named, not broadcast."""
    rows = {name: values[:-5] for name, values in stored(root, "protocols/tiny@1.rows.npz").items()}
    (root / "logg/protocols/tiny@1.rows.npz").write_bytes(pack(rows))

    message = refusal(root, "LG406", "protocols/tiny@1.rows.npz")
    assert message == "there are 75 test rows, the protocol has 80"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda rows: rows.pop("test/age"), "the test rows have no column `age`"),
        (lambda rows: rows.update({"test/age": rows["test/age"][1:]}), "the columns of the test rows differ in length"),
        (lambda rows: rows.clear(), "the columns of the test rows differ in length"),
        (
            lambda rows: rows.update({"test/age": rows["test/age"].astype(str)}),
            "not a readable npz file: test/age.npy is not a list of numbers",
        ),
    ],
    ids=["column missing", "ragged", "empty", "text"],
)
def test_damaged_rows_are_refused(root: Path, change: Callable, expected: str) -> None:
    """A rows file that cannot be what was filed is named, with what is wrong with it."""
    rows = stored(root, "protocols/tiny@1.rows.npz")
    change(rows)
    (root / "logg/protocols/tiny@1.rows.npz").write_bytes(pack(rows))

    assert refusal(root, "LG406", "protocols/tiny@1.rows.npz") == expected


def test_a_slice_over_a_column_that_was_not_filed_is_refused(root: Path) -> None:
    """A slice may ask for a column before the rows have it; then the rows are at fault."""
    protocol = PROTOCOL.replace("age: years}", "age: years, height: m}").replace("young: age < 40", "young: height < 1")
    knowledge.write(root, {"protocols/tiny.md": protocol})
    declared = gather(root).library
    bare = replace(protocol_of(declared), columns={})
    documents = tuple(replace(d, body=bare) if d.id == "tiny@1" else d for d in declared.documents)

    for library in (declared, Library(root, documents, declared.plugins)):
        with pytest.raises(ArtefactDamaged, match="LG406 the test rows have no column `height`"):
            Store(library).rows(library.named("TOY-1"))


def test_new_predictions_are_scored_on_the_rows_filed_by_now(root: Path) -> None:
    """Rows written between reading and scoring count, whatever was looked at before."""
    known, document = read(root)
    old = known.store.scores(document).values["weak", "all", "mae"][0]
    rows = stored(root, "protocols/tiny@1.rows.npz")
    (root / "logg/protocols/tiny@1.rows.npz").write_bytes(pack({**rows, "test/weight": rows["test/weight"] + 100}))
    result = known.store.result(document)
    assert result is not None

    new = known.store.score(document, result.runs, known.store.predictions(document))

    assert new.values["weak", "all", "mae"][0] == pytest.approx(100, abs=2 * old)


@pytest.mark.parametrize("identity", ["TOY-hub", "tiny@1", "TOY-9"])
def test_what_has_no_protocol_has_no_rows(root: Path, identity: str) -> None:
    """Hubs, protocols and experiments under a protocol nobody wrote are refused, not looked up."""
    knowledge.write(root, {"toy/exp/lost.md": EXPERIMENT.replace("TOY-1", "TOY-9").replace("tiny@1", "tiny@9")})
    known = gather(root)

    with pytest.raises(InputRefused, match=f"LG207 {identity} has no readable protocol"):
        known.store.rows(known.library.named(identity))
