"""Checkpoints on the disk: whole or none, whatever happens to them while they are written or later."""

from __future__ import annotations

import errno
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from runner.contract import Context
from runner.execution import checkpoints
from runner.execution.checkpoints import Checkpoints, Generations
from runner.safety import atomic

CHANCE = random.Random(5)  # noqa: S311 - states and damages
OLD, NEW, NEWER = (CHANCE.randbytes(size) for size in (250, 300, 150))
DIGEST = "d" * 32
PART = checkpoints.PART  # before a test makes it smaller


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut states into parts that a test can count."""
    monkeypatch.setattr(checkpoints, "PART", 100)


@pytest.fixture
def told() -> list[str]:
    """Return the lines that were told."""
    return []


def run(root: Path, told: list[str] | None = None, *, key: str = "key", code: str = "c", **more: Any) -> Checkpoints:
    """Return the checkpoints of a run, as a process of its own finds them."""
    declared: Any = SimpleNamespace(name="vit(1M)", job=SimpleNamespace(job="vit", params={}))
    jobs: Any = {"vit": SimpleNamespace(name="vit", code=code)}
    tell = [].append if told is None else told.append
    return Checkpoints(root, key, declared, jobs, cast("Callable[[str], None]", tell), **more)


def at(root: Path, told: list[str] | None = None, **more: Any) -> Generations:
    """Return one training of such a run."""
    return run(root, told, **more).of(DIGEST)


def filled(root: Path, *states: bytes) -> Path:
    """Save states one after the other, and return the folder they are in."""
    training = at(root)
    for state in states:
        training.save(state)
    return training.folder


def names(folder: Path) -> list[str]:
    """Return the files of a folder."""
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 1000])
def test_what_is_saved_is_loaded(tmp_path: Path, size: int) -> None:
    """Of any size, byte for byte, by another process; no part is larger than it may be."""
    state = CHANCE.randbytes(size)
    folder = filled(tmp_path, state)

    assert at(tmp_path).load() == state
    assert [path.stat().st_size for path in sorted(folder.glob("*.part"))] == [
        min(100, size - start) for start in range(0, size, 100)
    ]


def test_parts_travel() -> None:
    """What takes files of 15 MiB takes ours."""
    assert PART <= 15 * 2**20


def test_nothing_is_loaded_and_told_where_nothing_was_saved(tmp_path: Path, told: list[str]) -> None:
    """The first run of a training says nothing of checkpoints."""
    assert (at(tmp_path, told).load(), told, run(tmp_path).there()) == (None, [], False)


def test_the_last_two_generations_stay(tmp_path: Path, told: list[str]) -> None:
    """The newest is loaded, and the run is told how old it is."""
    folder = filled(tmp_path, NEWER, OLD, NEW)

    assert at(tmp_path, told).load() == NEW
    assert names(folder) == [
        f"00000{number}.{end}" for number in (2, 3) for end in ("0000.part", "0001.part", "0002.part", "manifest.json")
    ]
    assert len(told) == 1
    assert told[0].startswith("vit(1M): goes on from its checkpoint of ")


def test_a_process_that_goes_on_keeps_what_it_went_on_from(tmp_path: Path) -> None:
    """One generation before the first it saves itself."""
    filled(tmp_path, OLD, NEW)
    training = at(tmp_path)
    training.load()

    training.save(NEWER)

    assert {name[:6] for name in names(training.folder)} == {"000002", "000003"}


def test_a_crash_at_any_moment_leaves_a_whole_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies on the disk at every call of the system is read as the state before, or as the new one."""
    moments = watched(tmp_path, monkeypatch)
    training = at(tmp_path / "now")
    training.save(OLD)
    first = len(moments)

    training.save(NEW)
    training.save(NEWER)

    found = [at(moment).load() for moment in moments]
    assert {*found[:first]} == {None, OLD}
    assert {*found[first:]} == {OLD, NEW, NEWER}
    order = [[OLD, NEW, NEWER].index(state) for state in found[first:] if state]
    assert order == sorted(order)
    half = [moment for moment in moments if [*moment.rglob("*.runner-tmp")]]
    for moment in half[::20]:  # what was left half-written is swept by the next save
        filled(moment, OLD, NEW)
        assert len(names(at(moment).folder)) == 8


def watched(root: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Copy what lies on the disk before and after every call that changes it; writes come short."""
    moments: list[Path] = []

    def moment() -> None:
        moments.append(root / f"moment{len(moments)}")
        shutil.copytree(root / "now", moments[-1])

    def around(call: Callable[..., Any]) -> Callable[..., Any]:
        def watching(*arguments: Any, **more: Any) -> Any:
            moment()
            done = call(*arguments, **more)
            moment()
            return done

        return watching

    write = os.write
    monkeypatch.setattr(os, "write", around(lambda file, content: write(file, content[:60])))
    monkeypatch.setattr(os, "fsync", around(os.fsync))
    for name in ("replace", "unlink"):
        monkeypatch.setattr(Path, name, around(getattr(Path, name)))
    return moments


def flip(content: bytes, place: int) -> bytes:
    """Turn one bit over."""
    return content[:place] + bytes([content[place] ^ 1 << CHANCE.randrange(8)]) + content[place + 1 :]


@pytest.mark.parametrize("name", ["000002.manifest.json", "000002.0000.part", "000002.0002.part"])
def test_every_byte_is_vouched_for(tmp_path: Path, name: str) -> None:
    """A bit turned over anywhere, or a file cut short anywhere: the state before is taken, and no wrong one."""
    path = filled(tmp_path, OLD, NEW) / name
    content = path.read_bytes()
    for place in CHANCE.sample(range(len(content)), min(100, len(content))):
        for damaged in (flip(content, place), content[:place]):
            path.write_bytes(damaged)
            assert at(tmp_path).load() == OLD
    path.write_bytes(content + b"\n")
    assert at(tmp_path).load() == OLD
    path.write_bytes(content)
    assert at(tmp_path).load() == NEW


@pytest.mark.parametrize("name", ["manifest.json", "0001.part"])
def test_without_a_whole_one_it_starts_over(tmp_path: Path, told: list[str], name: str) -> None:
    """First the one before is taken, then none; either is told. What is whole outlives the next save."""
    folder = filled(tmp_path, OLD, NEW)
    (folder / f"000002.{name}").write_bytes(b"{}")
    training = at(tmp_path, told)

    assert training.load() == OLD
    training.save(NEWER)
    assert {file[:6] for file in names(folder)} == {"000001", "000003"}
    for number in (1, 3):
        (folder / f"00000{number}.{name}").unlink()
    again = at(tmp_path, told).load()

    assert again is None
    assert told[0].startswith(f"vit(1M): its checkpoint 2 is left aside: 000002.{name} is not as it was written")
    assert told[-1] == ("vit(1M): starts over, as none of its checkpoints can be used" if "part" in name else told[1])


def test_a_state_is_never_taken_for_another(tmp_path: Path, told: list[str]) -> None:
    """Neither that of another run, nor of another training in it, nor one under another number."""
    folder = filled(tmp_path, OLD)
    other = run(tmp_path, told, key="other").of(DIGEST)
    sibling = run(tmp_path, told).of("e" * 32)
    for training in (other, sibling):
        shutil.copytree(folder, training.folder)
        assert training.load() is None
    for path in folder.iterdir():
        path.rename(path.with_name(path.name.replace("000001", "000007")))

    assert at(tmp_path, told).load() is None
    assert sum("it is of another training" in line for line in told) == 3


def test_a_state_of_other_versions_is_left(tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Another torch would not go on to the same bytes, another job file would not have come there."""
    filled(tmp_path, OLD)

    assert at(tmp_path, told, code="edited").load() is None
    monkeypatch.setattr(checkpoints, "_torch", lambda: {"torch": "0.1"})
    assert at(tmp_path, told).load() is None
    assert at(tmp_path, told, code="edited").load() is None
    monkeypatch.undo()
    assert at(tmp_path).load() == OLD

    because = [line.partition("it was made by another version of ")[2] for line in told if "left aside" in line]
    assert because == ["vit.py", "torch", "torch and vit.py"]


@pytest.mark.parametrize("call", ["open", "write", "fsync", "mkdir"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_refuses_ends_no_training(
    tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    """At whichever call: what was saved before stays alone, one line tells it, and it is tried again."""
    training = at(tmp_path, told)
    training.save(OLD)
    before = names(training.folder)
    for allowed in range(12):
        with monkeypatch.context() as full:
            full.setattr(os, call, refusing(getattr(os, call), allowed, number))
            training.save(NEW)
            refused = training.load() != NEW
        if not refused:
            break
        assert names(training.folder) == before
        assert at(tmp_path).load() == OLD
    training.save(NEWER)

    assert at(tmp_path).load() == NEWER
    complaints = {line for line in told if "could not be saved, which is tried again: " in line}
    assert all(os.strerror(number).lower() in line.lower() for line in complaints)
    assert complaints or call == "mkdir"


def refusing(honest: Callable[..., Any], allowed: int, number: int) -> Callable[..., Any]:
    """Return a call of the system that is refused from some time on."""
    left = [allowed]

    def call(*arguments: Any, **more: Any) -> Any:
        left[0] -= 1
        if left[0] < 0 and (honest.__name__ != "open" or arguments[1] & os.O_CREAT):
            raise OSError(number, os.strerror(number))
        return honest(*arguments, **more)

    return call


def test_a_trouble_that_stays_is_told_once(tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Not every minute of a night; but again when it comes back."""
    training = at(tmp_path, told)
    for _ in range(2):
        with monkeypatch.context() as full:
            full.setattr(os, "fsync", refusing(os.fsync, 0, errno.ENOSPC))
            for _ in range(3):
                training.save(NEW)
        training.save(NEW)

    assert len([line for line in told if "tried again" in line]) == 2


def test_a_state_is_read_back_before_it_is_vouched_for(
    tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that forgets what it was told is found out at once."""
    filled(tmp_path, OLD)
    honest = atomic.replace
    monkeypatch.setattr(atomic, "replace", lambda path, content: honest(path, content.replace(NEW[:2], b"??")))

    at(tmp_path, told).save(NEW)

    assert at(tmp_path).load() == OLD
    assert told[0].endswith("000002.0000.part is not as it was written")


def test_a_minute_goes_by_between_two_saves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And fifty times what the last one took; all trainings of a run share the minute."""
    now = [100.0]
    one = run(tmp_path, clock=lambda: now[0])
    training, other = one.of(DIGEST), one.of("e" * 32)
    honest = atomic.replace

    def slow(path: Path, content: bytes) -> None:
        honest(path, content)
        now[0] += 1.0

    def due_after(seconds: float) -> list[bool]:
        now[0] += seconds
        return [training.due(), other.due()]

    assert (due_after(59.9), due_after(0.2)) == ([False] * 2, [True] * 2)
    training.save(b"small")
    assert (due_after(59.9), due_after(0.2)) == ([False] * 2, [True] * 2)
    monkeypatch.setattr(atomic, "replace", slow)
    training.save(NEW)  # three parts and a manifest: four seconds
    assert (due_after(199.9), due_after(0.2)) == ([False] * 2, [True] * 2)


def test_the_time_of_earlier_processes_is_kept(tmp_path: Path) -> None:
    """Each adds its own."""
    now = [0.0]
    for _ in range(3):
        one = run(tmp_path, clock=lambda: now[0])
        training = one.of(DIGEST)
        training.load()
        now[0] += 50
        training.save(NEW)
        now[0] += 7  # lost: it comes after the save

    assert (one.before, at(tmp_path).load() and one.spent) == (100, 157)


def test_a_job_names_its_trainings_by_what_they_depend_on(tmp_path: Path) -> None:
    """Seed and device among it; a run that has no place gives none."""
    one = run(tmp_path)
    here = Context(seed=1, checkpoints=one.of)
    folders = [
        cast("Generations", context.checkpoint(of)).folder
        for context, of in (
            (here, ["key", {"lr": 1.0, "epochs": 2}]),
            (here, ["key", {"epochs": 2, "lr": 1.0}]),
            (here, ["other"]),
            (Context(seed=2, checkpoints=one.of), ["other"]),
            (Context(device="cuda", seed=1, checkpoints=one.of), ["other"]),
        )
    ]

    assert folders[0] == folders[1]
    assert len(set(folders)) == 4
    assert {folder.parent for folder in folders} == {tmp_path / ".logg" / "checkpoints" / "key"}
    assert Context().checkpoint(["key"]) is None
