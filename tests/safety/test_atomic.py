"""Files are replaced whole or not at all, and locks say who holds them."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from runner.findings import Busy, InputRefused, StorageFailed
from runner.safety import atomic

# One entry per operation of a commit that the disk can refuse.
OPERATIONS = ["open", "write", "fsync", "fstat", "fchmod", "replace"]


def refuse(monkeypatch: pytest.MonkeyPatch, name: str, code: int) -> None:
    """Let one operation of the operating system fail."""

    def failing(*_: Any, **__: Any) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, name, failing)


def names(folder: Path) -> list[str]:
    """List a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_new_file_appears_whole_and_alone(tmp_path: Path) -> None:
    """A new file has its content and the usual permissions; no temporary file stays."""
    mask = os.umask(0o002)
    try:
        assert atomic.replace(tmp_path / "a", b"new") is True
    finally:
        os.umask(mask)

    assert (tmp_path / "a").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o644
    assert names(tmp_path) == ["a"]


def test_replaced_file_keeps_its_permissions(tmp_path: Path) -> None:
    """A file that only some may read stays so."""
    target = tmp_path / "a"
    target.write_bytes(b"old")
    target.chmod(0o640)

    assert atomic.replace(target, b"new")
    assert (target.read_bytes(), stat.S_IMODE(target.stat().st_mode)) == (b"new", 0o640)


def test_same_content_touches_nothing(tmp_path: Path) -> None:
    """A file that already says it keeps its inode and its time."""
    target = tmp_path / "a"
    target.write_bytes(b"same")
    os.utime(target, ns=(1, 1))
    before = target.stat()

    assert atomic.replace(target, b"same") is False
    assert (target.stat().st_mtime_ns, target.stat().st_ino) == (1, before.st_ino)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_failing_disk_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, operation: str, code: int
) -> None:
    """Whatever the disk refuses, the old file is intact, no temporary file stays, the reason is said."""
    target = tmp_path / "a"
    target.write_bytes(b"old")
    refuse(monkeypatch, operation, code)
    with pytest.raises(StorageFailed) as caught:
        atomic.replace(target, b"new")
    monkeypatch.undo()

    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["a"]
    assert str(target) in str(caught.value)
    assert os.strerror(code).lower() in str(caught.value)


def test_failing_lock_leaves_no_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without locks is an error, not litter."""
    monkeypatch.setattr(fcntl, "flock", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOLCK, "no locks")))

    with pytest.raises(StorageFailed, match="no locks"):
        atomic.replace(tmp_path / "a", b"new")
    assert names(tmp_path) == []


def test_unconfirmed_folder_is_reported_though_the_file_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When only the folder cannot be synced, the new content is visible and the doubt is said."""
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, "broken")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(StorageFailed, match="did not confirm it: broken"):
        atomic.replace(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that takes only some bytes is followed by another."""
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, view: real(descriptor, view[:3]))

    atomic.replace(tmp_path / "a", b"0123456789")
    assert (tmp_path / "a").read_bytes() == b"0123456789"


@pytest.mark.parametrize("found", [b"edited", None])
def test_file_changed_meanwhile_is_left_alone(tmp_path: Path, found: bytes | None) -> None:
    """An edit saved between reading and writing wins; the command says so."""
    target = tmp_path / "a"
    if found is not None:
        target.write_bytes(found)

    with pytest.raises(Busy, match=r"changed while .* nothing written"):
        atomic.replace(target, b"new", expected=b"old")
    assert names(tmp_path) == (["a"] if found else [])
    assert not found or target.read_bytes() == found


def test_expected_content_is_replaced(tmp_path: Path) -> None:
    """Where nothing changed meanwhile, the write goes through."""
    (tmp_path / "a").write_bytes(b"old")

    assert atomic.replace(tmp_path / "a", b"new", expected=b"old")


def test_links_and_folders_are_not_replaced(tmp_path: Path) -> None:
    """A symbolic link or a folder where the file should be is refused and kept."""
    (tmp_path / "real").write_bytes(b"real")
    (tmp_path / "link").symlink_to("real")

    with pytest.raises(InputRefused, match="symbolic link"):
        atomic.replace(tmp_path / "link", b"new")
    with pytest.raises(InputRefused, match="no regular file"):
        atomic.replace(tmp_path, b"new")
    assert (tmp_path / "real").read_bytes() == b"real"


def test_sweep_deletes_stale_files_and_spares_those_being_written(tmp_path: Path) -> None:
    """A temporary file belongs to its writer as long as that one lives."""
    (tmp_path / ".a.0123.runner-tmp").write_bytes(b"half")
    (tmp_path / "a.runner-tmp.md").write_bytes(b"mine")
    (tmp_path / ".link.runner-tmp").symlink_to("a.runner-tmp.md")
    with atomic._temporary(tmp_path / "b", None) as (alive, _):
        assert atomic.sweep(tmp_path) == 1
        assert names(tmp_path) == sorted([alive.name, ".link.runner-tmp", "a.runner-tmp.md"])
    assert alive.name not in names(tmp_path)
    assert atomic.sweep(tmp_path / "missing") == 0


def test_writer_survives_a_sweep_between_open_and_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A temporary file swept before it was locked is made again."""
    real = fcntl.flock
    swept: list[Path] = []

    def flock(descriptor: int, operation: int) -> None:
        if not swept:
            swept.extend(tmp_path.glob(".*"))
            swept[0].unlink()
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    assert atomic.replace(tmp_path / "a", b"new")
    assert len(swept) == 1
    assert names(tmp_path) == ["a"]


def test_killed_writer_leaves_the_old_file_and_a_stale_one(tmp_path: Path) -> None:
    """After SIGKILL in the middle of a write the old file stands, and the next sweep cleans up."""
    (tmp_path / "a").write_bytes(b"old")
    script = (
        "import os, signal, pathlib; from runner.safety import atomic;"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL);"
        f"atomic.replace(pathlib.Path({str(tmp_path / 'a')!r}), b'new')"
    )

    assert subprocess.run([sys.executable, "-c", script], check=False, cwd=Path(__file__).parents[2]).returncode == -9
    assert (tmp_path / "a").read_bytes() == b"old"
    assert atomic.sweep(tmp_path) == 1
    assert names(tmp_path) == ["a"]


def test_lock_is_exclusive_names_its_holder_and_stays(tmp_path: Path) -> None:
    """A second taker is told who holds the lock; afterwards it can be taken again."""
    path = tmp_path / "locks" / "run"
    with atomic.lock(path):
        with pytest.raises(Busy, match=f"process {os.getpid()} holds run"), atomic.lock(path):
            pass
        with pytest.raises(Busy), atomic.lock(path):
            pass
    assert path.exists()
    with atomic.lock(path):
        pass


def test_locks_that_are_held_are_told(tmp_path: Path) -> None:
    """Each with its holder; a lock nobody holds, a folder and a folder that is not there are none."""
    (tmp_path / "fits").mkdir()
    with atomic.lock(tmp_path / "before"):
        pass
    with atomic.lock(tmp_path / "run"), atomic.lock(tmp_path / "odd"):
        (tmp_path / "odd").write_text("\x1b[31m", encoding="utf-8")
        assert atomic.held(tmp_path) == {"odd": "another process", "run": f"process {os.getpid()}"}
    assert atomic.held(tmp_path) == atomic.held(tmp_path / "nowhere") == {}


def test_lock_without_a_name_in_it_is_still_held(tmp_path: Path) -> None:
    """Whatever stands in a held lock file, it is held."""
    path = tmp_path / "run"
    with atomic.lock(path):
        path.write_text("\x1b[31m", encoding="utf-8")
        with pytest.raises(Busy, match=r"^[^\x1b]*another process holds run"), atomic.lock(path):
            pass


def test_lock_on_a_missing_disk_is_a_storage_failure(tmp_path: Path) -> None:
    """A lock file that cannot be made names its path."""
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(StorageFailed, match="file/run"), atomic.lock(tmp_path / "file" / "run"):
        pass


def test_who_is_told_whom_to_wait_for_gets_the_lock_afterwards(tmp_path: Path) -> None:
    """With somebody to tell, a lock that is held is waited for, and the holder is named."""
    told: list[str] = []
    taken, free = threading.Event(), threading.Event()

    def hold() -> None:
        with atomic.lock(tmp_path / "fit"):
            taken.set()
            free.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    taken.wait(10)

    def tell(who: str) -> None:
        told.append(who)
        free.set()

    with atomic.lock(tmp_path / "fit", tell):
        holder.join(10)

    assert told == [f"process {os.getpid()}"]
