"""Executing an experiment: what runs, what is filed, what a failure or a cut leaves behind."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner import workflow
from runner.contract import Output
from runner.execution import provenance
from runner.execution.execute import Settings
from runner.findings import ArtefactDamaged, Busy, InputRefused, JobFailed, StorageFailed
from runner.jobs import ridge
from runner.safety import atomic, canonical
from tests.executed import (
    EXP,
    PREDICTIONS,
    PROTOCOL,
    RESULT,
    ROWS,
    RUN,
    codes,
    execute,
    executed,
    files,
    put,
    read,
    result,
    snapshot,
    swap,
)
from tests.knowledge import EXPERIMENT, toy

Fail = Callable[..., Any]
HONEST = ridge.run


class Odd(Exception):
    """An exception that no library knows."""


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[ridge.Params]:
    """Return the parameters of every ridge that is really run."""
    seen: list[ridge.Params] = []
    files()

    def run(params: ridge.Params, data: Any, context: Any) -> Output:
        seen.append(params)
        return HONEST(params, data, context)

    monkeypatch.setattr(ridge, "run", run)
    return seen


def spoil(monkeypatch: pytest.MonkeyPatch, change: Callable[[Output], object], alpha: float | str = 1e4) -> None:
    """Let the ridge with this penalty return something else."""

    def run(params: ridge.Params, data: Any, context: Any) -> Any:
        output = HONEST(params, data, context)
        return change(output) if params.alpha == alpha else output

    monkeypatch.setattr(ridge, "run", run)


def thrown(error: BaseException) -> Callable[[Output], object]:
    """Return a change that raises."""

    def change(_output: Output) -> object:
        raise error

    return change


def with_test(values: object) -> Callable[[Output], object]:
    """Return a change that replaces the test predictions by what a function makes of them."""
    return lambda output: Output({**output.predictions, "test": values(output.predictions["test"])})  # type: ignore[operator]


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
    assert "everything as it was filed" in report.lines[0]
    assert snapshot(root / "logg") == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (thrown(ValueError("no\n  such value")), "ValueError: no such value"),
        (thrown(AttributeError("'NoneType' object has no attribute 'x'")), "AttributeError: 'NoneType' object"),
        (thrown(Odd()), "Odd: no message"),
        (thrown(MemoryError("12 TB")), "MemoryError: 12 TB"),
        (thrown(AssertionError()), "AssertionError"),
        (thrown(StopIteration()), "StopIteration"),
        (thrown(JobFailed("too few rows", fix="take more")), "too few rows -> take more"),
        (with_test(lambda values: values[:-1]), "test predictions have shape (79,), (80,) is due"),
        (with_test(lambda values: values * float("nan")), "80 test predictions are not finite"),
        (with_test(lambda values: [str(value) for value in values]), "real numbers are due"),
        (with_test(lambda values: values * 1j), "test predictions are complex128, real numbers are due"),
        (with_test(lambda values: values * 1e300), "80 test predictions are not finite"),
        (lambda output: Output({"val": output.predictions["val"]}), "KeyError: 'test'"),
        (lambda output: Output(output.predictions, scalars={"x": float("inf")}), "a scalar is not finite"),
        (lambda _: None, "AttributeError"),
    ],
)
def test_a_job_that_fails_is_filed_and_does_not_stop_its_neighbour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Output], object], message: str
) -> None:
    """Whatever a job raises or returns, its message is filed in one line and the other job has its result."""
    root = toy(tmp_path)
    spoil(monkeypatch, change)

    report = execute(root)

    assert report.code == 6
    assert message in result(root).runs["weak"].failed
    assert "\n" not in result(root).runs["weak"].failed
    assert "strong.r2" in result(root).facts
    assert "weak.r2" not in result(root).facts
    assert f"failed: TOY-1 weak: {result(root).runs['weak'].failed}" in report.lines


def test_a_failed_job_is_shown_where_its_numbers_would_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table says failed, citations of the job keep their placeholder, check warns and names the remedy."""
    root = toy(tmp_path)
    spoil(monkeypatch, thrown(ValueError("a | b")))
    execute(root)

    document, found = read(root, EXP), workflow.check(root)

    assert "| weak | failed: ValueError: a &#124; b | | | | | |\n" in document
    assert "from [?.???][weak.r2] to [0.923][strong.r2]" in document
    assert codes(found.findings) == ["LG408"]
    assert found.findings[0].fix == "runner execute TOY-1"


def test_a_failed_job_runs_again_and_its_neighbour_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: list[ridge.Params]
) -> None:
    """The next command tries what failed; what succeeded comes from the cache of fits."""
    root = toy(tmp_path)
    with monkeypatch.context() as failing:
        spoil(failing, thrown(ValueError("once")))
        execute(root)

    report = execute(root)

    assert [params.alpha for params in calls] == [1e4]
    assert "1 of 2 jobs run" in report.lines[0]
    assert workflow.check(root).findings == []


def test_an_interrupted_run_keeps_the_fits_it_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: list[ridge.Params]
) -> None:
    """Ctrl-C in the second job files nothing; the same command then runs that job only."""
    root = toy(tmp_path)
    with monkeypatch.context() as cut:
        spoil(cut, thrown(KeyboardInterrupt()), alpha="val")
        with pytest.raises(KeyboardInterrupt):
            execute(root)

    assert not (root / RESULT).exists()
    execute(root)
    assert [params.alpha for params in calls] == ["val"]


def test_a_fit_is_computed_once_for_all_experiments(tmp_path: Path, calls: list[ridge.Params]) -> None:
    """A second experiment with the same job on the same data takes its fit from the cache."""
    root = executed(tmp_path)
    other = EXPERIMENT.replace("TOY-1", "TOY-2").replace("alpha: 1e4", "alpha: 1e3").replace("strong:", "best:")
    put(root, "logg/toy/exp/toy-2.md", other.replace("strong.", "best."))

    report = execute(root, "TOY-2")

    assert [params.alpha for params in calls] == [1e3]
    assert "1 of 2 jobs run" in report.lines[0]
    assert "to [0.923][best.r2]" in read(root, "logg/toy/exp/toy-2.md")


def cut(path: Path) -> None:
    """Cut a file short."""
    path.write_bytes(path.read_bytes()[:-20])


def without(name: str) -> Callable[[Path], None]:
    """Return a damage that takes an entry out of a note."""

    def damage(path: Path) -> None:
        content = canonical.loads(path.read_text())
        content.pop(name)
        path.write_text(canonical.dumps(content))

    return damage


@pytest.mark.parametrize(
    ("suffix", "damage"),
    [
        ("json", cut),
        ("json", lambda path: path.write_text("[]\n")),
        ("json", lambda path: path.write_text('{"arrays": 1, "cost": 1, "scalars": {"x": "y"}}\n')),
        ("json", without("arrays")),
        ("json", without("cost")),
        ("json", without("scalars")),
        ("npz", cut),
        ("npz", lambda path: path.write_bytes(b"")),
        ("npz", Path.unlink),
    ],
)
def test_a_damaged_cache_entry_is_computed_again(
    tmp_path: Path, calls: list[ridge.Params], suffix: str, damage: Callable[[Path], None]
) -> None:
    """The cache of fits is never believed: what does not fit its hash is made anew, with the same result."""
    root = executed(tmp_path)
    filed = read(root, RESULT)
    for path in (root / ".logg/cache/fits").glob(f"*.{suffix}"):
        damage(path)
    (root / RESULT).unlink()

    execute(root)

    assert len(calls) == 2
    assert read(root, RESULT) == filed


def test_predictions_of_another_fit_are_not_taken_from_the_cache(tmp_path: Path, calls: list[ridge.Params]) -> None:
    """An array that is whole, but not the one its note vouches for, is computed again."""
    root = executed(tmp_path)
    first, second = sorted((root / ".logg/cache/fits").glob("*.npz"))
    first.write_bytes(second.read_bytes())
    (root / RESULT).unlink()

    execute(root)

    assert len(calls) == 1


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


class Cut:
    """A disk that refuses the k-th replacement."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, refused: int) -> None:
        """Count replacements from here on."""
        self.seen, self.refused, self.replace = 0, refused, os.replace
        monkeypatch.setattr(os, "replace", self)

    def __call__(self, source: Any, target: Any, **more: Any) -> None:
        """Replace, or refuse."""
        self.seen += 1
        if self.seen == self.refused:
            raise OSError(28, "No space left on device")
        self.replace(source, target, **more)


def first(root: Path) -> Path:
    """Write a base that was never executed."""
    return toy(root)


def changed(root: Path) -> Path:
    """Write an executed base whose spec and protocol changed."""
    executed(root)
    swap(root, EXP, "alpha: 1e4", "alpha: 1e3")
    swap(root, PROTOCOL, "age < 40", "age < 45")
    return root


@pytest.mark.parametrize("start", [first, changed])
def test_a_full_disk_leaves_every_file_old_or_new_and_the_next_command_repairs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: Callable[[Path], Path]
) -> None:
    """For every write that may be refused: no half-written file, and one more command gives what was due."""
    monkeypatch.setattr(provenance, "now", lambda: "2026-01-01T00:00:00Z")
    old = contents(start(tmp_path / "old"))
    whole = start(tmp_path / "whole")
    with monkeypatch.context() as patched:
        count = Cut(patched, 0)
        execute(whole)
    new, refused = contents(whole), 0

    for k in range(1, count.seen + 1):
        root = start(tmp_path / str(k))
        with monkeypatch.context() as patched:
            Cut(patched, k)
            with pytest.raises(StorageFailed, match="no space left"):
                execute(root)
        refused += 1
        left = contents(root)
        assert {name for name, text in left.items() if text not in (old.get(name), new.get(name))} == set()
        assert execute(root).code == 0
        assert contents(root) == new
        assert workflow.check(root).findings == []
    assert refused >= 7


def contents(root: Path) -> dict[str, bytes]:
    """Return the files of a base as far as they do not depend on how long a run took."""
    found = {name: content for name, (content, _) in snapshot(root).items() if not name.startswith(".logg/locks")}
    timed = {name for name in found if name.endswith(".run.json") or name.startswith(".logg/cache")}
    return {name: b"" if name in timed else untimed(content) for name, content in found.items()}


def untimed(content: bytes) -> bytes:
    """Leave out of a report the line that tells how long its run took, with the hash of its block."""
    head, mark, tail = content.partition(b"<!-- logg: provenance -->")
    return head + mark + tail.partition(b"<!-- logg: sources -->")[2]


@pytest.mark.parametrize(
    ("name", "damage"),
    [(PREDICTIONS, cut), (PREDICTIONS, Path.unlink), (ROWS, Path.unlink), (ROWS, cut), (RUN, cut), (RUN, Path.unlink)],
)
def test_what_is_lost_beside_a_result_is_made_again_from_the_cache(
    tmp_path: Path, calls: list[ridge.Params], name: str, damage: Callable[[Path], None]
) -> None:
    """Predictions, rows and run file come back with execute, without running a job; the result is not touched."""
    root = executed(tmp_path)
    before = snapshot(root / "logg")
    damage(root / name)
    assert workflow.check(root).code == 1

    execute(root)

    after = snapshot(root / "logg")
    key = RESULT.removeprefix("logg/")
    assert calls == []
    assert after[key] == before[key]
    assert workflow.check(root).findings == []


def test_a_damaged_result_is_not_replaced_because_it_holds_promises(tmp_path: Path) -> None:
    """Execute names the file to restore or delete, and leaves it; forced or not."""
    root = executed(tmp_path)
    swap(root, RESULT, "keep either", "keep all")
    before = snapshot(root)

    for force in (False, True):
        with pytest.raises(ArtefactDamaged, match=r"promises cannot be kept -> .*delete TOY-1\.json"):
            execute(root, force=force)

    after = snapshot(root)
    assert {name for name in after if after[name] != before.get(name)} <= {".logg/locks/TOY-1"}


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
    settings = Settings("cpu", say=said.append)

    workflow.execute(toy(tmp_path), ["TOY-1"], everything=False, settings=settings)

    lines = [line for line in said if not line.startswith("\r")]
    assert lines[0] == "weak: ridge on 200 rows, noise 1"
    assert lines[1].startswith("weak: 0.")
    assert "\rstrong: test 80/80" in said
