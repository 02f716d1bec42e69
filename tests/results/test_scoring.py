"""From scores to a result: every fact with its population, promises that nobody can take back."""

from __future__ import annotations

import numpy as np

from runner.documents.kinds import Formula, Protocol
from runner.expressions.parse import parse
from runner.findings import Place
from runner.results.files import NOTHING
from runner.results.populations import Rows
from runner.results.scoring import compose, facts_of, kept_promises, populations_of
from runner.results.store import Scores

PROTOCOL = Protocol(
    version=1, source="arrays", options={}, columns={}, generated=False, val=1, test=80, seed=0,
    axes={"noise": (0.0, 1.0)}, target="age", metrics=("r2", "mae"),
    slices={"few": Formula("age < 3", parse("age < 3"), Place("tiny.md"))},
)  # fmt: skip
AGES = np.arange(80)
ROWS = Rows("r0w", {"age": AGES}, {"all": AGES >= 0, "few": AGES < 3}, PROTOCOL, "tiny@1 test")
SETTINGS = {"weak": {"noise": 1.0, "train": 200.0}}
ALL, FEW = (ROWS.population(piece, SETTINGS["weak"]) for piece in ("all", "few"))
VALUES = {
    ("weak", "all", "r2"): np.array([1 / 3, 0.2, 0.4]),
    ("weak", "few", "r2"): np.array([-np.inf, 0.2, 0.4]),
    ("weak", "few", "mae"): np.array([np.nan, 0.2, 0.4]),
}
SCORES = Scores(ROWS, SETTINGS, VALUES)


def test_facts_are_rounded_points_with_their_population() -> None:
    """The address leaves out the slice that is everything; a value that is no number is filed as none."""
    assert facts_of(SCORES) == {
        "weak.r2": (0.3333333333, ALL.key),
        "weak.few.r2": (None, FEW.key),
        "weak.few.mae": (None, FEW.key),
    }


def test_runs_at_different_noise_have_facts_of_different_populations() -> None:
    """The address of a run is its name; its population is that of its own settings, not of its training."""
    runs = {"weak(noise=0)": {"noise": 0.0, "train": 200.0}, "weak(noise=1)": {"noise": 1.0, "train": 999.0}}
    scores = Scores(ROWS, runs, {(run, "few", "mae"): np.array([0.5]) for run in runs})

    assert facts_of(scores) == {
        "weak(noise=0).few.mae": (0.5, ROWS.population("few", {"noise": 0.0}).key),
        "weak(noise=1).few.mae": (0.5, FEW.key),
    }
    assert sorted(populations_of(scores).values()) == [
        ("tiny@1 test · noise 0 · few", 3),
        ("tiny@1 test · noise 1 · few", 3),
    ]


def test_populations_are_filed_by_key() -> None:
    """Each population is named once, with its number of rows."""
    assert populations_of(SCORES) == {
        ALL.key: ("tiny@1 test · noise 1", 80),
        FEW.key: ("tiny@1 test · noise 1 · few", 3),
    }


def test_a_result_is_composed_of_its_parts() -> None:
    """Runs, scalars and promises are filed beside the facts."""
    result = compose(SCORES, {}, {"weak.alpha": 3.0}, {"k/H": "weak.r2 > 0"})

    assert (result.facts, result.populations) == (facts_of(SCORES), populations_of(SCORES))
    assert (result.runs, result.scalars, result.promises) == ({}, {"weak.alpha": 3.0}, {"k/H": "weak.r2 > 0"})


def test_the_first_result_of_a_key_promises() -> None:
    """What was expected before the first result is filed under the compute key."""
    assert kept_promises({}, "k1", {"H-A": "gain > 0"}) == {"k1/H-A": "gain > 0"}


def test_a_threshold_moved_after_the_result_changes_no_promise() -> None:
    """A later run of the same key keeps the text of the first, and takes up nothing new."""
    old = {"k1/H-A": "gain > 0"}

    assert kept_promises(old, "k1", {"H-A": "gain > -1", "H-B": "gain < 9"}) == old


def test_promises_of_other_keys_stay_for_ever() -> None:
    """A new computation promises again, and every earlier promise remains."""
    old = {"k1/H-A": "gain > 0"}

    assert kept_promises(old, "k2", {"H-A": "gain > -1"}) == {**old, "k2/H-A": "gain > -1"}
    assert kept_promises({**old, "k2/H-A": "gain > -1"}, "k1", {"H-A": "other"}) == {**old, "k2/H-A": "gain > -1"}


def test_an_expectation_written_after_the_result_is_no_promise() -> None:
    """A first result without expectations is remembered as one, so that none can be slipped in later."""
    first = kept_promises({}, "k1", {})

    assert first == {"k1/": NOTHING}
    assert kept_promises(first, "k1", {"H-A": "gain > 0"}) == first
