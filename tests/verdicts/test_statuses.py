"""Statuses: computed from what is filed, never written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from runner.plans.staleness import Reason
from runner.verdicts.knowledge import gather
from tests import knowledge
from tests.knowledge import EXPERIMENT, file, guess, toy

JOBS = EXPERIMENT[EXPERIMENT.index("jobs:") : EXPERIMENT.index("define:")]
RESULT = "logg/toy/results/TOY-1.json"


def done(root: Path) -> None:
    """File a result of the toy experiment."""
    file(root, "TOY-1", {"weak": guess(root, 2), "strong": guess(root, 1)})


def failed(root: Path) -> None:
    """File a result in which one job failed."""
    file(root, "TOY-1", {"weak": guess(root, 2), "strong": "JobFailed: out of luck"})


def rewrite(old: str, new: str) -> Callable[[Path], None]:
    """Return what changes the experiment."""
    assert old in EXPERIMENT
    return lambda root: knowledge.write(root, {"toy/exp/toy.md": EXPERIMENT.replace(old, new)})


def damage(root: Path) -> None:
    """Edit a digit of the result."""
    path = root / RESULT
    path.write_text(path.read_text(encoding="utf-8").replace('"train": 200.0', '"train": 201.0'), encoding="utf-8")


def lose_data(root: Path) -> None:
    """Take the data away."""
    (root / "logg/tiny.npz").unlink()


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        ([], "ready"),
        ([rewrite("alpha: val", "alpah: val")], "planned"),
        ([rewrite("tiny@1", "tiny@9")], "planned"),
        ([rewrite(JOBS, "jobs: {}\n")], "planned"),
        ([done, rewrite(JOBS, "jobs: {}\n")], "stale"),
        ([lose_data], "ready"),
        ([done, lose_data], "reported"),
        ([done], "reported"),
        ([done, rewrite("A toy", "Another title")], "reported"),
        ([done, rewrite("gain >= 0.2", "gain >= 0.1")], "reported"),
        ([done, rewrite("alpha: 1e4", "alpha: 5")], "stale"),
        ([done, rewrite("train: 200", "train: 150")], "stale"),
        ([failed], "failed"),
        ([failed, rewrite("alpha: 1e4", "alpha: 5")], "failed"),
        ([failed, done], "reported"),
        ([done, damage], "damaged"),
    ],
    ids=[
        *(
            "nothing",
            "unreadable",
            "no protocol",
            "no jobs",
            "done, no jobs left",
            "no data",
            "done",
            "done, no data",
            "title",
            "threshold",
            "parameter",
            "train",
        ),
        *("failed", "failed and changed", "mended", "edited"),
    ],
)
def test_where_an_experiment_stands(tmp_path: Path, steps: list[Callable[[Path], None]], status: str) -> None:
    """Planned, ready, reported, stale, failed or damaged: what the files say today."""
    root = toy(tmp_path)
    for step in steps:
        step(root)
    known = gather(root)

    assert known.statuses.of(known.library.named("TOY-1")) == status


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("It is [?.??][strong.r2], as [?][H-A] says: [?][gain > 0].", "reported"),  # rendering fills all of them
        ("It is [?.??][other.strong.r2].", "finished"),
        ("It is [?.??][strong.nothing].", "finished"),
        ("It is ?.?? so far.", "finished"),
        ("It is [?.??](there.md).", "finished"),
        ("Write `?.??` where a number is due, $?.??$.", "reported"),
        ("```\n?.??\n```", "reported"),
        ("<!-- ?.?? -->", "reported"),
        ("Is it better? Who knows.", "reported"),
        ("[Who knows?][gain > 0] [Who?][TOY-2]", "reported"),
        ("[?.??][here]\n\n[here]: there.md", "finished"),
    ],
)
def test_a_report_with_placeholders_left_is_not_done(tmp_path: Path, words: str, status: str) -> None:
    """Finished, until every number is there; what rendering will fill counts as filled."""
    root = toy(tmp_path)
    other = EXPERIMENT.replace("TOY-1", "TOY-2")
    knowledge.write(root, {"toy/exp/new.md": other})
    text = EXPERIMENT.replace("protocol:", "cites: {other: TOY-2}\nprotocol:", 1)
    knowledge.write(root, {"toy/exp/toy.md": text.replace("# A toy\n", f"# A toy\n\n{words}\n")})
    done(root)
    known = gather(root)

    assert known.statuses.of(known.library.named("TOY-1")) == status


def test_other_documents_are_simply_there(tmp_path: Path) -> None:
    """A hub or a protocol has nothing to run."""
    known = gather(toy(tmp_path))

    assert {known.statuses.of(known.library.named(name)) for name in ("TOY-hub", "tiny@1")} == {"reported"}


def test_a_status_is_computed_once(tmp_path: Path) -> None:
    """One reading of the base is consistent: what happens meanwhile is not noticed."""
    known = gather(toy(tmp_path))
    document = known.library.named("TOY-1")
    before = known.statuses.of(document)
    lose_data(tmp_path)

    assert known.statuses.of(document) == before == "ready"


def test_several_experiments_stand_where_the_last_of_them_stands(tmp_path: Path) -> None:
    """An MVP is reported when all of it is; with nothing behind it, it is planned."""
    root = toy(tmp_path)
    knowledge.write(root, {"toy/exp/new.md": EXPERIMENT.replace("TOY-1", "TOY-2")})
    knowledge.write(root, {"toy/exp/bad.md": EXPERIMENT.replace("TOY-1", "TOY-3").replace("tiny@1", "tiny@9")})
    done(root)
    known = gather(root)
    reported, ready, planned = (known.library.named(f"TOY-{number}") for number in (1, 2, 3))

    assert known.statuses.together([reported]) == "reported"
    assert known.statuses.together([reported, ready]) == "ready"
    assert known.statuses.together([ready, planned, reported]) == "planned"
    assert known.statuses.together([]) == "planned"


def test_what_was_retired_counts_no_more(tmp_path: Path) -> None:
    """Whatever its result; an MVP stands where the others of it stand."""
    root = toy(tmp_path)
    done(root)
    knowledge.write(root, {"toy/exp/new.md": EXPERIMENT.replace("TOY-1", "TOY-2")})
    retired = "retired: {by: TOY-2, why: the rows were wrong}\ntrain:"
    knowledge.write(root, {"toy/exp/toy.md": EXPERIMENT.replace("train:", retired, 1)})
    known = gather(root)
    old, new = (known.library.named(name) for name in ("TOY-1", "TOY-2"))

    assert known.statuses.of(old) == "retired"
    assert known.statuses.together([old]) == "retired"
    assert known.statuses.together([old, new]) == "ready"


def test_why_it_would_run_is_told(tmp_path: Path) -> None:
    """The reasons are those of the plan."""
    known = gather(toy(tmp_path))

    assert known.statuses.why(known.library.named("TOY-1")) == [
        Reason("weak", "new", "no result yet"),
        Reason("strong", "new", "no result yet"),
    ]


def test_results_are_read_when_first_asked_for(tmp_path: Path) -> None:
    """A damaged result does not keep anyone from reading the documents."""
    root = toy(tmp_path)
    done(root)
    (root / RESULT).write_bytes(b"<<<<<<< ours")

    known = gather(root)

    assert len(known.library.documents) == 3
    assert known.statuses.of(known.library.named("TOY-1")) == "damaged"
