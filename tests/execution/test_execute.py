"""Executing an experiment: what runs, what is filed, what a failure or a cut leaves behind."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner import workflow
from runner.execution.execute import Settings
from runner.execution.progress import Progress
from runner.findings import Busy, InputRefused
from runner.jobs import ridge
from runner.safety import atomic, canonical
from tests.executed import (
    EXP,
    PREDICTIONS,
    PROTOCOL,
    RESULT,
    RUN,
    execute,
    executed,
    put,
    read,
    result,
    snapshot,
    swap,
)
from tests.knowledge import EXPERIMENT, toy

Fail = Callable[..., Any]


def test_nothing_is_run_or_touched_the_second_time(tmp_path: Path, calls: list[ridge.Params]) -> None:
    """A result of today's spec is left as it is, whatever the times and the machine of a new run would be."""
    root = executed(tmp_path)
    before = snapshot(root / "logg")

    report = execute(root)

    assert report.lines == ["TOY-1: nothing to run"]
    assert calls == []
    assert snapshot(root / "logg") == before


def test_a_forced_run_that_gives_the_same_touches_no_file(tmp_path: Path, calls: list[ridge.Params]) -> None:
    """`--force` runs every job again; what comes out the same stays as it was filed."""
    root = executed(tmp_path)
    before = snapshot(root / "logg")

    report = execute(root, force=True)

    assert len(calls) == 2
    assert "the result stays as it was filed" in report.lines[0]
    assert snapshot(root / "logg") == before


def test_a_fit_is_computed_once_for_all_experiments(tmp_path: Path, calls: list[ridge.Params]) -> None:
    """A second experiment with the same job on the same data takes its fit from the cache."""
    root = executed(tmp_path)
    other = EXPERIMENT.replace("TOY-1", "TOY-2").replace("alpha: 1e4", "alpha: 1e3").replace("strong:", "best:")
    put(root, "logg/toy/exp/toy-2.md", other.replace("strong.", "best."))

    report = execute(root, "TOY-2")

    assert [params.alpha for params in calls] == [1e3]
    assert "1 of 2 jobs run" in report.lines[0]
    assert "to [0.923][best.r2]" in read(root, "logg/toy/exp/toy-2.md")


def test_a_new_slice_is_noticed_and_filed_without_a_run(tmp_path: Path, calls: list[ridge.Params]) -> None:
    """Check says that the rows or slices moved; execute scores the stored predictions again and runs no job."""
    root = executed(tmp_path)
    swap(root, PROTOCOL, "  old:", "  oldest: age > 55\n  old:")

    found = workflow.check(root)
    report = execute(root)

    assert ("LG406", "runner execute TOY-1") in {(finding.code, finding.fix) for finding in found.findings}
    assert report.lines[0] == "TOY-1: nothing to run, filed again"
    assert calls == []
    assert "strong.oldest.r2" in result(root).facts
    assert "| oldest `age > 55` |" in read(root, EXP)
    assert workflow.check(root).findings == []


def test_a_slice_without_rows_has_no_numbers(tmp_path: Path) -> None:
    """Metrics of no rows are filed as nothing, shown as a dash, and best in nothing."""
    root = executed(tmp_path)
    swap(root, PROTOCOL, "  old:", "  nobody: age > 1000\n  old:")

    execute(root)

    assert result(root).facts["strong.nobody.r2"][0] is None
    assert "| nobody `age > 1000` | 0 | – – | – – |" in read(root, EXP)
    assert workflow.check(root).findings == []


def test_moved_thresholds_are_shown_with_both_texts_for_ever(tmp_path: Path) -> None:
    """An expectation changed after its result stands beside what was promised, also after another run."""
    root = executed(tmp_path)
    swap(root, EXP, "gain >= 0.2:", "gain >= 0.9:")
    swap(root, EXP, "strong.r2 > 0.5", "strong.r2 > 0.1")
    workflow.render(root, [])

    for old, new in (("1e4", "2e4"), ("2e4", "3e4")):
        text = read(root, EXP)
        assert "reads differently now" in text
        assert "- **H-A** `gain >= 0.2: keep the strong one; gain > 0" in text
        assert "- **H-B** `strong.r2 > 0.5`" in text
        assert "`gain >= 0.9` →" in text
        swap(root, EXP, f"alpha: {old}", f"alpha: {new}")
        execute(root)


def test_an_unmoved_threshold_is_said_to_be_unmoved(tmp_path: Path) -> None:
    """Rewording the consequence counts as a change, a blank in the YAML does not."""
    root = executed(tmp_path)
    swap(root, EXP, "gain > 0:    keep either", "gain > 0: keep either")
    workflow.render(root, [])
    assert "No expectation was changed after a result." in read(root, EXP)

    swap(root, EXP, "gain > 0: keep either", "gain > 0: keep any")
    workflow.render(root, [])
    assert "No expectation was changed after a result." not in read(root, EXP)


@pytest.mark.parametrize("name", [RESULT, RUN])
def test_result_files_are_canonical(tmp_path: Path, name: str) -> None:
    """Sorted keys, one scalar per line, line feeds, and a newline at the end: a rerun gives the same bytes."""
    text = read(executed(tmp_path), name)

    assert canonical.dumps(canonical.loads(text)) == text
    assert text.endswith("}\n")
    assert "\r" not in text


def test_rows_that_changed_under_other_results_are_refused(tmp_path: Path) -> None:
    """Two experiments share a protocol: when the data no longer give its rows, neither is executed on other rows."""
    root = executed(tmp_path)
    put(root, "logg/toy/exp/toy-2.md", EXPERIMENT.replace("TOY-1", "TOY-2"))
    execute(root, "TOY-2")
    swap(root, PROTOCOL, "{val: 40, test: 80}", "{val: 40, test: 90}")

    with pytest.raises(InputRefused, match="new version of the protocol"):
        execute(root, "TOY-1")


def test_two_runs_of_one_experiment_do_not_meet(tmp_path: Path) -> None:
    """While one process holds an experiment, another one is told who does."""
    root = executed(tmp_path)

    with atomic.lock(root / ".logg/locks/TOY-1"), pytest.raises(Busy, match=f"process {os.getpid()}"):
        execute(root)


def test_progress_is_told_per_job(tmp_path: Path) -> None:
    """Who runs a job hears its rows before and its time after."""
    said: list[str] = []

    class Told(Progress):
        def tell(self, line: str) -> None:
            said.append(line)

        def step(self, run: str, done: int, total: int, note: str) -> None:
            said.append(f"{run} {note} {done} {total}")

        def ended(self, run: str) -> None:
            said.append(f"{run} ended")

    workflow.execute(toy(tmp_path), ["TOY-1"], everything=False, settings=Settings("cpu", progress=Told()))

    assert said[0] == "weak: ridge on 200 rows, noise 1"
    assert said.index("weak test 80 80") < said.index("weak ended") < said.index("strong train 200 200")
    assert said[said.index("weak ended") + 1].startswith("weak: 0.")


def test_what_is_filed_is_not_run_again_in_a_fresh_clone(tmp_path: Path, calls: list[ridge.Params]) -> None:
    """Without the cache of fits, a run that is filed as declared is taken from its result, scalars included."""
    root = executed(tmp_path)
    shutil.rmtree(root / ".logg")
    filed = result(root)
    swap(root, EXP, "alpha: 1e4", "alpha: 1e3")

    report = execute(root)

    assert [params.alpha for params in calls] == [1e3]
    assert "1 of 2 jobs run" in report.lines[0]
    assert result(root).scalars_of("strong") == filed.scalars_of("strong") != {}
    assert result(root).runs["strong"] == filed.runs["strong"]


def test_predictions_that_cannot_be_read_are_made_again(tmp_path: Path, calls: list[ridge.Params]) -> None:
    """A run whose array is not the one its result vouches for is not taken from it."""
    root = executed(tmp_path)
    shutil.rmtree(root / ".logg")
    (root / PREDICTIONS).write_bytes(b"")

    execute(root)

    assert len(calls) == 2
    assert workflow.check(root).findings == []


def test_an_experiment_that_is_refused_stops_no_neighbour(tmp_path: Path) -> None:
    """Without its data one experiment is refused by name; the other is filed and rendered."""
    root = toy(tmp_path)
    away = read(root, PROTOCOL).replace("id: tiny", "id: away").replace("path: tiny.npz", "path: gone.npz")
    put(root, "logg/protocols/away.md", away)
    put(root, "logg/toy/exp/first.md", EXPERIMENT.replace("TOY-1", "TOY-0").replace("tiny@1", "away@1"))

    report = workflow.execute(root, ["TOY-0", "TOY-1"], everything=False, settings=Settings(device="cpu"))

    assert report.code == InputRefused.exit_code
    assert [line for line in report.data["refused"] if "there is no data file `gone.npz`" in line]
    assert report.data["executed"] == ["TOY-1"]
    assert (root / RESULT).is_file()
    assert "?.???" not in read(root, EXP)


def test_deleting_the_result_takes_no_promise_back(tmp_path: Path) -> None:
    """The run file repeats what was promised: filed again from the cache, a moved threshold is still told."""
    root = executed(tmp_path)
    swap(root, EXP, "gain >= 0.2: keep the strong one", "gain >= 0.1: keep the strong one")
    before = result(root).promises
    (root / RESULT).unlink()
    gone = [f"{f.code} {f.message}" for f in workflow.check(root).findings if f.code == "LG401"]

    execute(root)

    assert gone == ["LG401 the result file is gone, TOY-1.npz is still there"]
    assert dict(result(root).promises).items() >= dict(before).items()
    assert [f.message for f in workflow.check(root).findings if f.code == "LG112"]


def test_a_run_file_that_is_gone_is_told(tmp_path: Path) -> None:
    """What the report says of its run rests on it; executing writes it again and changes nothing else."""
    root = executed(tmp_path)
    (root / RUN).unlink()
    found = [f for f in workflow.check(root).findings if f.code == "LG401"]

    assert [(f.place.path, f.message) for f in found] == [(RUN, "the run file is gone, its result is still there")]
    workflow.render(root, [])
    assert "No result yet" not in read(root, EXP)
    execute(root)
    assert not [f for f in workflow.check(root).findings if f.severity == "error"]
