"""Checkpoints on the disk: whole or none, whatever happens to them while they are written or later."""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch

from runner.contract import Context
from runner.execution import checkpoints, makers
from runner.execution.checkpoints import Checkpoints, Generations
from runner.execution.fits import Cache
from runner.execution.interrupts import stoppable
from runner.findings import Interrupted
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
        save(training, state)
    return training.folder


def save(training: Generations, state: bytes) -> None:
    """Save a state."""
    training.save(lambda: state)


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

    save(training, NEWER)

    assert {name[:6] for name in names(training.folder)} == {"000002", "000003"}


def test_a_crash_at_any_moment_leaves_a_whole_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies on the disk at every call of the system is read as the state before, or as the new one."""
    moments = watched(tmp_path, monkeypatch)
    training = at(tmp_path / "now")
    save(training, OLD)
    first = len(moments)

    save(training, NEW)
    save(training, NEWER)

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


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff", b'{"format": 2}\n'])
def test_a_damaged_manifest_is_told_of_without_wrong_advice(tmp_path: Path, told: list[str], content: bytes) -> None:
    """Nobody can restore it from anywhere, and nobody has to."""
    folder = filled(tmp_path, OLD, NEW)
    (folder / "000002.manifest.json").write_bytes(content)

    assert at(tmp_path, told).load() == OLD
    assert told[0] == "vit(1M): its checkpoint 2 is left aside: 000002.manifest.json is not as it was written"


@pytest.mark.parametrize("name", ["manifest.json", "0001.part"])
def test_without_a_whole_one_it_starts_over(tmp_path: Path, told: list[str], name: str) -> None:
    """First the one before is taken, then none; either is told. What is whole outlives the next save."""
    folder = filled(tmp_path, OLD, NEW)
    (folder / f"000002.{name}").write_bytes(b"{}")
    training = at(tmp_path, told)

    assert training.load() == OLD
    save(training, NEWER)
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
    """Another torch would not go on to the same bytes, another file of ours would not have come there."""
    filled(tmp_path, OLD)

    assert at(tmp_path, told, code="edited").load() is None
    for moved in ({"torch": "0.1"}, {"logg's numerics": "edited"}):
        with monkeypatch.context() as later:
            later.setattr(makers, "engine", partial(dict, {**makers.engine(), **moved}))
            assert at(tmp_path, told).load() is None
            assert at(tmp_path, told, code="edited").load() is None
    assert at(tmp_path).load() == OLD

    because = [line.partition("it was made by another version of ")[2] for line in told if "left aside" in line]
    assert because == ["vit.py", "torch", "torch and vit.py", "logg's numerics", "logg's numerics and vit.py"]


def test_every_file_of_a_package_is_part_of_its_version(tmp_path: Path) -> None:
    """What it says, what it is called, in which folder it is, and that it is there; what is no code is not."""

    def after(name: str, text: str) -> str:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
        return makers.digest(tmp_path)

    found = [after("a.py", "1"), after("a.py", "2"), after("b.py", ""), after("in/b.py", "")]
    (tmp_path / "b.py").rename(tmp_path / "c.py")
    found.append(makers.digest(tmp_path))

    assert len(set(found)) == 5
    assert after("a.txt", "") == found[-1]
    assert {"logg's numerics", "torch", "numpy"} <= makers.engine().keys()


@pytest.mark.parametrize("call", ["open", "write", "fsync", "mkdir"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_refuses_ends_no_training(
    tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    """At whichever call: what was saved before stays alone, one line tells it, and it is tried again."""
    training = at(tmp_path, told)
    save(training, OLD)
    before = names(training.folder)
    for allowed in range(12):
        with monkeypatch.context() as full:
            full.setattr(os, call, refusing(getattr(os, call), allowed, number))
            save(training, NEW)
            refused = training.load() != NEW
        if not refused:
            break
        assert names(training.folder) == before
        assert at(tmp_path).load() == OLD
    save(training, NEWER)

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
                save(training, NEW)
        save(training, NEW)

    assert len([line for line in told if "tried again" in line]) == 2


def test_a_state_is_read_back_before_it_is_vouched_for(
    tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that forgets what it was told is found out at once."""
    filled(tmp_path, OLD)
    honest = atomic.replace
    monkeypatch.setattr(atomic, "replace", lambda path, content: honest(path, content.replace(NEW[:2], b"??")))

    save(at(tmp_path, told), NEW)

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
    save(training, b"small")
    assert (due_after(59.9), due_after(0.2)) == ([False] * 2, [True] * 2)
    monkeypatch.setattr(atomic, "replace", slow)
    save(training, NEW)  # three parts and a manifest: four seconds
    assert (due_after(199.9), due_after(0.2)) == ([False] * 2, [True] * 2)


def test_a_training_that_ended_is_saved_sooner(tmp_path: Path) -> None:
    """After five seconds: the next one of the run would else lose it; it is no step that could wait for the next."""
    now = [0.0]
    training = run(tmp_path, clock=lambda: now[0]).of(DIGEST)

    def slow() -> bytes:
        now[0] += 0.2
        return NEW

    due = []
    for now[0] in (4.9, 5.1):
        due.append((training.due(), training.due(ended=True)))
    training.save(slow)
    for now[0] in (15.2, 15.4):  # what making the state took counts, too: fifty times 0.2 s after 5.3
        due.append((training.due(), training.due(ended=True)))

    assert due == [(False, False), (False, True)] * 2


def test_a_request_to_stop_waits_while_steps_are_taken(tmp_path: Path) -> None:
    """Before the first and after the last there is nothing to wait for."""
    training, lived = at(tmp_path), []

    @stoppable()
    def asked(*, ended: bool) -> None:
        lived.append(training.due())
        lived.append(training.due(ended=ended))
        signal.raise_signal(signal.SIGTERM)
        lived.append(training.due())
        save(training, NEW)
        lived.append(True)

    for ended in (True, False):
        with pytest.raises(Interrupted):
            asked(ended=ended)

    assert lived == [False, False, False, False, True]
    assert at(tmp_path).load() == NEW
    assert not training.due()


def test_the_time_of_earlier_processes_is_kept(tmp_path: Path) -> None:
    """Each adds its own."""
    now = [0.0]
    for _ in range(3):
        one = run(tmp_path, clock=lambda: now[0])
        training = one.of(DIGEST)
        training.load()
        now[0] += 50
        save(training, NEW)
        now[0] += 7  # lost: it comes after the save

    assert (one.before, one.resumed, at(tmp_path).load() and one.spent) == (100, 2, 157)


def test_equal_trainings_of_one_process_count_once(tmp_path: Path, told: list[str]) -> None:
    """The second takes over what the first came to, and nobody was stopped."""
    now = [0.0]
    one = run(tmp_path, told, clock=lambda: now[0])
    now[0] += 50
    save(one.of(DIGEST), NEW)
    now[0] += 7

    assert (one.of(DIGEST).load(), one.before, one.resumed, one.spent, told) == (NEW, 0, 0, 57, [])


def test_a_run_by_force_goes_on_from_what_was_begun_by_force(tmp_path: Path, told: list[str]) -> None:
    """And from nothing else; a run that takes what is there takes this, too."""
    save(at(tmp_path), OLD)
    forced = at(tmp_path, told, forced=True)
    assert forced.load() is None
    assert told[0] == "vit(1M): its checkpoint 1 is left aside: it was not begun by force"

    save(forced, NEW)

    assert {name[:6] for name in names(forced.folder)} == {"000002"}
    assert (at(tmp_path, forced=True).load(), at(tmp_path).load()) == (NEW, NEW)


def test_another_number_of_threads_is_told(tmp_path: Path, told: list[str]) -> None:
    """It adds in another order: the run goes on, but not to the same bytes."""
    threads = torch.get_num_threads()
    filled(tmp_path, OLD)
    torch.set_num_threads(threads + 1)
    try:
        assert at(tmp_path, told).load() == OLD
    finally:
        torch.set_num_threads(threads)

    moved = f"until there {threads} threads computed it, now {threads + 1} do"
    assert told[1:] == [f"vit(1M): {moved}: its numbers may be others"]


def test_what_nobody_went_on_with_is_removed_after_a_month(tmp_path: Path) -> None:
    """Unless a process holds the run; what is younger stays."""
    folders = {key: run(tmp_path, key=key).of(DIGEST) for key in ("old", "held", "young", "half")}
    for key, training in folders.items():
        save(training, OLD)
        if key == "half":
            (training.folder / "000001.manifest.json").unlink()
        for path in (training.folder.parent, *training.folder.parent.rglob("*")):
            days = 29 if key == "young" else 31
            os.utime(path, (0, time.time() - days * 24 * 3600))

    with Cache(tmp_path).lock("held"):
        checkpoints.sweep_checkpoints(tmp_path)

    assert {key for key, training in folders.items() if training.folder.exists()} == {"held", "young"}
    checkpoints.sweep_checkpoints(tmp_path / "nowhere")


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
