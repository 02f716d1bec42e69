"""Profiles: what a job says of each input, from the run through the files to whoever asks, and back by `--again`."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runner import workflow
from runner.contract import Output
from runner.execution.execute import Settings
from runner.execution.fits import Cache
from runner.execution.outputs import checked
from runner.findings import ArtefactDamaged, InputRefused, JobFailed
from runner.jobs import ridge
from runner.results import arrays
from runner.verdicts.knowledge import gather
from tests.executed import PREDICTIONS, RESULT, execute, put, read, swap
from tests.jobs.made_up_data import WIDTH, MadeUp
from tests.knowledge import EXPERIMENT, base, data, toy

TILTED = '''"""A job that says something of each input."""
from dataclasses import dataclass

import numpy as np

from runner.contract import Output

VERSION = 1
USES_SEED = False


@dataclass(frozen=True)
class Params:
    """What may be set."""

    # how steep
    tilt: float = 1.0
    # whether it says anything
    says: bool = True


def run(params, data, context):
    """Predict zeros, and say where each input stands."""
    width = data.test.width
    profiles = {"slope": params.tilt * np.linspace(0, 1, width), "weights(7.5)": np.ones(width)} if params.says else {}
    predictions = {name: np.linspace(50, 70, getattr(data, name).rows) for name in ("val", "test")}
    return Output(predictions, profiles=profiles)
'''
PLACES = 8490 + 0.43 * np.arange(6)


def placed() -> bytes:
    """Return the toy data with a place for each of its inputs."""
    buffer = io.BytesIO()
    np.savez(buffer, positions=PLACES, **dict(np.load(io.BytesIO(data()))))
    return buffer.getvalue()


def tilted(root: Path, jobs: str = "  a: {job: tilted}\n  b: {job: tilted, tilt: 2}\n", *, places: bool = True) -> Path:
    """Write a base whose experiment runs that job."""
    put(root, "pyproject.toml", '[tool.runner]\njobs = "jobs"\n')
    put(root, "jobs/tilted.py", TILTED)
    base(root, toy__exp__toy=f"{EXPERIMENT[: EXPERIMENT.index('jobs:')]}jobs:\n{jobs}---\n")
    if places:
        (root / "logg" / "tiny.npz").write_bytes(placed())
    return root


def stored(root: Path) -> dict[str, np.ndarray]:
    """Return the arrays that are filed."""
    return arrays.unpack(root / PREDICTIONS, PREDICTIONS)


def test_profiles_are_filed_with_their_hashes(tmp_path: Path) -> None:
    """One array per run and profile, one of where the inputs stand, each vouched for by the result."""
    root = tilted(tmp_path)

    assert execute(root).code == 0

    result, found = json.loads(read(root, RESULT)), stored(root)
    assert {"a/slope", "a/weights(7.5)", "b/slope", "inputs"} <= found.keys()
    assert {values.dtype.str for values in found.values()} == {"<f4"}
    np.testing.assert_allclose(found["b/slope"], np.linspace(0, 2, 6), rtol=1e-4)
    np.testing.assert_allclose(found["inputs"], PLACES, atol=5e-4)
    assert result["inputs"] == arrays.digest(found["inputs"])
    assert result["runs"]["a"]["profiles"] == {
        name: arrays.digest(found[f"a/{name}"]) for name in ("slope", "weights(7.5)")
    }
    assert workflow.check(root).code == 0


def test_a_profile_that_runs_share_is_filed_once(tmp_path: Path) -> None:
    """Mixtures with the same experts have the same weights: one copy serves them all, and is checked for each."""
    root = tilted(tmp_path)
    execute(root)
    knowledge = gather(root)
    document, found = knowledge.library.named("TOY-1"), stored(root)

    assert [f"{run}/weights(7.5)" in found for run in "ab"] == [True, False]
    np.testing.assert_array_equal(knowledge.store.profile(document, "b", "weights(7.5)"), found["a/weights(7.5)"])
    before = (root / PREDICTIONS).read_bytes()
    assert workflow.check(root).code == 0
    assert execute(root).code == 0
    assert (root / PREDICTIONS).read_bytes() == before


def test_whoever_draws_them_asks_the_store(tmp_path: Path) -> None:
    """By run and name; a name that is none is refused with the nearest there is."""
    root = tilted(tmp_path)
    execute(root)
    knowledge = gather(root)
    document, store = knowledge.library.named("TOY-1"), knowledge.store

    np.testing.assert_allclose(store.profile(document, "a", "slope"), np.linspace(0, 1, 6), rtol=1e-4)
    places = store.inputs(document)
    assert places is not None
    np.testing.assert_allclose(places, PLACES, atol=5e-4)
    with pytest.raises(InputRefused, match=r"`a` has no profile `slop` -> did you mean `slope`\?"):
        store.profile(document, "a", "slop")
    with pytest.raises(InputRefused, match="`c` has no profile `slope`"):
        store.profile(document, "c", "slope")


def test_without_places_there_are_none(tmp_path: Path) -> None:
    """Profiles of data that do not say where inputs stand are filed all the same."""
    root = tilted(tmp_path, places=False)

    assert execute(root).code == 0

    knowledge = gather(root)
    assert knowledge.store.inputs(knowledge.library.named("TOY-1")) is None
    assert "inputs" not in json.loads(read(root, RESULT))
    assert workflow.check(root).code == 0


def test_a_result_without_profiles_holds_no_word_of_them(tmp_path: Path) -> None:
    """So no result that was filed before has to be filed again; places are of no use then."""
    root = tilted(tmp_path, "  a: {job: tilted, says: false}\n")

    execute(root)

    result = json.loads(read(root, RESULT))
    assert "inputs" not in result
    assert "profiles" not in result["runs"]["a"]
    assert set(stored(root)) == {"a/val", "a/test"}


@pytest.mark.parametrize("name", ["a/slope", "inputs"])
@pytest.mark.parametrize("how", ["changed", "gone"])
def test_check_finds_what_is_not_as_it_was_filed(tmp_path: Path, name: str, how: str) -> None:
    """A profile, or a place, that was touched is named with its file; to run again mends it."""
    root = tilted(tmp_path)
    execute(root)
    found = stored(root)
    (found.pop(name) if how == "gone" else found.update({name: found[name] + 1}))
    (root / PREDICTIONS).write_bytes(arrays.pack(found))

    (finding,) = workflow.check(root).findings
    assert finding.code == "LG402"
    assert finding.message == f"`{name}` is not the array its result was computed from"
    knowledge = gather(root)
    with pytest.raises(ArtefactDamaged, match="is not the array"):
        knowledge.store.profile(knowledge.library.named("TOY-1"), "a", "slope")

    assert execute(root).code == 0
    assert workflow.check(root).code == 0


def test_what_is_ready_keeps_its_profiles(tmp_path: Path) -> None:
    """A run that is filed as declared is not run again beside a new one, and loses nothing."""
    root = tilted(tmp_path)
    execute(root)
    before = stored(root)
    swap(root, "logg/toy/exp/toy.md", "tilt: 2", "tilt: 3")

    report = execute(root)

    after = stored(root)
    assert report.lines[0].startswith("TOY-1: 1 of 2 jobs run")
    assert all(np.array_equal(before[name], after[name]) for name in ("a/slope", "a/weights(7.5)", "inputs"))
    assert after["b/slope"][-1] == 3


def test_the_cache_gives_the_same_result(tmp_path: Path) -> None:
    """Result and arrays made from the cache of fits are those that were computed, byte for byte."""
    root = tilted(tmp_path)
    execute(root)
    before = (root / RESULT).read_bytes(), (root / PREDICTIONS).read_bytes()
    for file in (RESULT, PREDICTIONS):
        (root / file).unlink()

    report = execute(root)

    assert report.lines[0].startswith("TOY-1: 0 of 2 jobs run")
    assert ((root / RESULT).read_bytes(), (root / PREDICTIONS).read_bytes()) == before


def test_a_damaged_fit_of_the_cache_is_computed_again(tmp_path: Path) -> None:
    """Profiles in the cache are believed by their hash, as predictions are."""
    root = tilted(tmp_path, "  a: {job: tilted}\n")
    execute(root)
    (kept,) = Cache(root).folder.glob("*.npz")
    found = arrays.unpack(kept, kept.name)
    assert {"profile/slope", "inputs"} <= found.keys()
    kept.write_bytes(arrays.pack({**found, "profile/slope": found["profile/slope"] + 1}))
    (root / RESULT).unlink()

    assert execute(root).lines[0].startswith("TOY-1: 1 of 1 jobs run")
    assert stored(root)["a/slope"][-1] == 1


@pytest.mark.parametrize(("moved", "verdict"), [(0.0, "exact"), (1e-7, "exact"), (0.5, "differs")])
def test_again_compares_profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moved: float, verdict: str) -> None:
    """A run whose predictions are the same and whose profile is not differs, and says in what."""
    root, honest = toy(tmp_path), ridge.run

    def run(params: ridge.Params, data: Any, context: Any) -> Output:
        output: Output = honest(params, data, context)
        width = data.test.width
        return replace(output, profiles={"slope": np.linspace(0, 1, width) * (1 + shift)})

    shift = 0.0
    monkeypatch.setattr(ridge, "run", run)
    execute(root)
    shift = moved

    report = workflow.execute(root, [], everything=True, settings=Settings("cpu", again=True))

    (entry,) = report.data["compared"]
    assert {each["verdict"] for each in entry["runs"]} == {verdict}
    if verdict == "differs":
        assert "the farthest number of `slope` moved by" in entry["runs"][0]["text"]
        assert 1 < entry["runs"][0]["distance"] < 2  # half of the largest, in spreads of a straight line


ROUND = np.arange(float(WIDTH))


@pytest.mark.parametrize(
    ("profiles", "message"),
    [
        ({"a": np.zeros(WIDTH + 1)}, r"numbers of `a` have shape \(6,\), \(5,\) is due"),
        ({"a": np.zeros((WIDTH, 1))}, r"numbers of `a` have shape \(5, 1\)"),
        ({"a": ROUND * np.nan}, "5 numbers of `a` are not finite"),
        ({"a": ROUND * 1e300}, "4 numbers of `a` are not finite"),
        ({"a": ROUND.astype(complex)}, "numbers of `a` are complex128, real numbers are due"),
        ({"test": ROUND}, "`test` cannot name a profile"),
        ({"val": ROUND}, "`val` cannot name a profile"),
        ({"A": ROUND}, "`A` cannot name a profile -> write lower-case letters"),
        ({"a/b": ROUND}, "`a/b` cannot name a profile"),
        ({"": ROUND}, "`` cannot name a profile"),
    ],
)
def test_a_profile_that_cannot_be_filed_is_refused(profiles: dict[str, np.ndarray], message: str) -> None:
    """One finite real number per input, under a name."""
    rows = MadeUp()
    output = Output({"val": np.zeros(rows.val.rows), "test": np.zeros(rows.test.rows)}, profiles=profiles)

    with pytest.raises(JobFailed, match=message):
        checked(output, rows)


@pytest.mark.parametrize("places", [np.zeros(WIDTH - 1), np.full(WIDTH, np.nan)])
def test_a_source_that_misplaces_its_inputs_is_refused(places: np.ndarray) -> None:
    """Only where a job says something of its inputs: nobody asks otherwise."""
    rows = MadeUp(test=type("Rows", (), {"rows": 30, "width": WIDTH, "positions": places})())
    predictions = {"val": np.zeros(rows.val.rows), "test": np.zeros(30)}

    assert checked(Output(predictions), rows).inputs is None
    with pytest.raises(JobFailed, match="does not say for each of its 5 inputs where it stands"):
        checked(Output(predictions, profiles={"a": ROUND}), rows)
