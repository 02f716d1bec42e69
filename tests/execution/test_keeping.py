"""Files that jobs keep: made once, believed by their hash, removed when they take too much and nobody uses them."""

from __future__ import annotations

import gc
import os
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runner.contract import Context
from runner.execution import keeping
from runner.execution.keeping import Keeper, passing_keeper
from runner.findings import JobFailed
from runner.safety import atomic
from tests.executed import execute, put, read
from tests.knowledge import HEAD, base

KEEPING = '''"""A job that keeps a file."""
from dataclasses import dataclass

import numpy as np

from runner.contract import Output

VERSION = 1
USES_SEED = False


@dataclass(frozen=True)
class Params:
    """What may be set."""

    # what is written
    text: str = "first"


def run(params, data, context):
    """Keep a file, and predict the length of what stands in it."""
    path = context.kept("notes", [data.train.key], lambda path: path.write_text(params.text))
    said = float(len(path.read_text()))
    return Output({name: np.full(getattr(data, name).rows, said) for name in ("val", "test")}, scalars={"said": said})
'''


def written(text: str, calls: list[str] | None = None) -> Callable[[Path], None]:
    """Return what writes a text and says that it did."""

    def make(path: Path) -> None:
        assert not path.exists()  # some libraries write to no file that is there
        path.write_text(text)
        if calls is not None:
            calls.append(text)

    return make


def at(folder: Path, **more: Any) -> Keeper:
    """Return a keeper below a folder."""
    return Keeper(folder / "kept", folder / "locks", **more)


def ask(keeper: Keeper, name: str = "a", text: str = "x", calls: list[str] | None = None) -> str:
    """Return what stands in a kept file, as a run does that is then done."""
    with keeper.using():
        return keeper.kept(name, written(text, calls), lambda _: None).read_text()


def test_a_file_is_made_once(tmp_path: Path) -> None:
    """This run, and any later one, takes what is there."""
    calls: list[str] = []

    assert [ask(at(tmp_path), calls=calls), ask(at(tmp_path), text="y", calls=calls)] == ["x", "x"]
    assert calls == ["x"]
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == ["a", "a.json"]


@pytest.mark.parametrize("damage", ["changed", "note gone", "note damaged", "gone"])
def test_a_damaged_file_is_made_again(tmp_path: Path, damage: str) -> None:
    """What does not fit the hash in its note is no file of ours, in this run or the next."""
    keeper = at(tmp_path)
    file, note = tmp_path / "kept" / "a", tmp_path / "kept" / "a.json"
    for holder in (keeper, keeper, at(tmp_path)):
        ask(keeper)
        match damage:
            case "changed":
                file.write_text("z")
                os.utime(file, ns=(1, 1))
            case "gone":
                file.unlink()
            case "note gone":
                note.unlink()
            case _:
                note.write_text("{}")
        assert ask(holder if damage != "note damaged" else at(tmp_path), text="again") == "again"


def test_force_makes_each_file_anew_once(tmp_path: Path) -> None:
    """A run that believes nothing makes its own, and then does not make it twice."""
    calls: list[str] = []
    ask(at(tmp_path))
    forced = at(tmp_path, force=True)

    assert [ask(forced, text=text, calls=calls) for text in ("b", "c")] == ["b", "b"]
    assert calls == ["b"]


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    """Neither half a file nor a note; the next run begins anew."""

    def broken(path: Path) -> None:
        path.write_text("half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        at(tmp_path).kept("a", broken, lambda _: None)
    assert list((tmp_path / "kept").iterdir()) == []
    assert ask(at(tmp_path), text="whole") == "whole"


def test_a_job_that_writes_elsewhere_is_told(tmp_path: Path) -> None:
    """numpy.savez adds a suffix to the path it is given."""
    with pytest.raises(JobFailed, match="`a` was to be written and was not -> write the very path"):
        at(tmp_path).kept("a", lambda path: np.savez(path, x=np.zeros(2)), lambda _: None)


@pytest.mark.parametrize("name", ["../a", "A", "a.json", "", "-a", "a/b"])
def test_a_name_stays_in_the_folder(tmp_path: Path, name: str) -> None:
    """Jobs choose what a file is called."""
    with pytest.raises(JobFailed, match="cannot name a kept file"):
        ask(at(tmp_path), name)


def test_what_was_not_used_for_longest_makes_room(tmp_path: Path) -> None:
    """All files together take no more than they may; the one just made stays whatever its size."""
    for number, name in enumerate("abc"):
        ask(at(tmp_path), name, "x" * 10)
        os.utime(tmp_path / "kept" / f"{name}.json", (number, number))
    ask(at(tmp_path), "a")  # used again, so `b` is the oldest

    ask(at(tmp_path, most=35), "d", "x" * 10)
    assert {path.name for path in (tmp_path / "kept").glob("?")} == {"a", "c", "d"}
    assert not (tmp_path / "kept" / "b.json").exists()

    ask(at(tmp_path, most=35), "e", "x" * 100)
    assert {path.name for path in (tmp_path / "kept").glob("?")} == {"e"}


def test_what_a_run_is_using_stays_until_it_is_done(tmp_path: Path) -> None:
    """Neither this process nor another takes a file away under a job."""
    run = at(tmp_path)
    with run.using():
        run.kept("a", written("x" * 10), lambda _: None)
        ask(run, "again", "x" * 10)  # of a run that this one needs: what it used is free, what this one uses is not
        ask(at(tmp_path, most=5), "b", "x" * 10)
        assert {path.name for path in (tmp_path / "kept").iterdir()} == {"a", "a.json", "b", "b.json"}

    ask(at(tmp_path, most=5), "c", "x" * 10)
    assert not (tmp_path / "kept" / "a").exists()


def test_what_was_made_anew_meanwhile_stays_as_well(tmp_path: Path) -> None:
    """A run has the path of a file, and does not care who wrote what stands there."""
    run = at(tmp_path)
    with run.using():
        path = run.kept("a", written("x" * 10), lambda _: None)
        ask(at(tmp_path, force=True), "a", "y" * 10)
        ask(at(tmp_path, most=5), "b", "x" * 10)
        assert path.read_text() == "y" * 10


def test_what_is_being_made_anew_is_removed_by_nobody(tmp_path: Path) -> None:
    """Else the new file might go in the place of the old one, and a job would be given the path of nothing."""
    ask(at(tmp_path))

    def make(path: Path) -> None:
        ask(at(tmp_path, most=5), "b", "x" * 10)
        assert (tmp_path / "kept" / "a").exists()
        path.write_text("y")

    assert at(tmp_path, force=True).kept("a", make, lambda _: None).read_text() == "y"


def test_a_note_is_touched_by_who_holds_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever makes a file anew takes its note away for a moment, and no other run may miss it then."""
    seen: list[dict[str, str]] = []
    monkeypatch.setattr(os, "utime", lambda _: seen.append(atomic.held(tmp_path / "locks")))

    ask(at(tmp_path))

    assert [list(held) for held in seen] == [["a"]]


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    """Half-made files go when the next file is made, but for those somebody is making."""
    (tmp_path / "kept").mkdir()
    left = tmp_path / "kept" / ".b.making"
    left.write_text("half")

    ask(at(tmp_path))

    assert not left.exists()


def test_who_comes_second_waits(tmp_path: Path) -> None:
    """A file is made by one of several that want it at once; the others are told who, and read what it made."""
    begun, calls = threading.Barrier(3), []
    told: list[str] = []

    def make(path: Path) -> None:
        calls.append(path)
        for _ in range(300):
            if len(told) < 2:  # until both others have met the lock
                time.sleep(0.01)
        path.write_text(str(len(calls)))

    def want(keeper: Keeper) -> str:
        begun.wait()
        return keeper.kept("a", make, told.append).read_text()

    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(want, [at(tmp_path) for _ in range(3)]))

    assert (found, len(calls), len(told)) == (["1", "1", "1"], 1, 2)
    assert all("process" in who for who in told)


def test_without_a_cache_files_are_gone_with_their_keeper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rehearsal, and a run again, keep nothing behind them."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    keeper = passing_keeper()
    assert list(tmp_path.iterdir()) == []

    path = keeper.kept("a", written("x"), lambda _: None)
    assert path.read_text() == "x"

    del keeper
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_a_key_holds_what_a_file_depends_on() -> None:
    """Other keys of splits, parameters, devices and files behind parameters are other files, other orders are not."""
    asked: list[str] = []

    def keeper(name: str, _make: Callable[[Path], None]) -> Path:
        asked.append(name)
        return Path(name)

    keep = Context(keeper=keeper)
    other = Context(device="cuda", keeper=keep.keeper)
    edited = Context(files=("print of fit.py",), keeper=keep.keeper)
    for context, of in (
        (keep, ["k", {"a": 1, "b": 2}]),
        (keep, ["k", {"b": 2, "a": 1}]),
        (keep, ["l"]),
        (other, ["l"]),
        (edited, ["l"]),
    ):
        context.kept("data", of, lambda _: None)

    assert asked[0] == asked[1]
    assert len(set(asked)) == 4
    assert all(keeping.NAME.fullmatch(name) for name in asked)


def test_a_job_keeps_files_from_one_run_to_the_next(tmp_path: Path) -> None:
    """The file outlives the run, is used by another fit on the same rows, and is made anew by force."""
    put(tmp_path, "pyproject.toml", '[tool.runner]\njobs = "jobs"\n')
    put(tmp_path, "jobs/noting.py", KEEPING)
    head = HEAD
    text = head + "jobs:\n  a: {job: noting}\n  b: {job: noting, text: longer text}\n---\n"
    base(tmp_path, toy__exp__toy=text)

    assert execute(tmp_path).code == 0

    assert [f'"{run}.said": 5.0' in read(tmp_path, "logg/toy/results/TOY-1.json") for run in "ab"] == [True, True]
    kept = list((tmp_path / ".logg" / "cache" / "kept").glob("notes-*"))
    assert len(kept) == 2

    assert execute(tmp_path, "TOY-1", force=True).code == 0
    assert '"b.said": 5.0' in read(tmp_path, "logg/toy/results/TOY-1.json")
