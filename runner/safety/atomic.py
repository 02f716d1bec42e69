"""Writes files so that a reader, a crash or a full disk sees the old file or the new one, nothing else."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from runner.findings import Busy, InputRefused, Place, StorageFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SUFFIX: Final = ".runner-tmp"
NEW_MODE: Final = 0o644
PRIVATE_MODE: Final = 0o600
TEMPORARY: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def replace(path: Path, content: bytes, *, expected: bytes | None = None) -> bool:
    """Put content at path, durably and at once; False, and nothing touched, where it is there already.

    With `expected`, the bytes the caller started from, a file that changed meanwhile is left alone.
    """
    with _storage(path):
        mode = _mode(path)
        if mode is not None and path.read_bytes() == content:
            return False
        with _temporary(path, mode) as (temporary, descriptor):
            _fill(descriptor, content)
            _refuse_changed(path, expected)
            temporary.replace(path)
        _confirm(path)
    return True


def sweep(folder: Path) -> int:
    """Delete the temporary files whose writer is gone, and count them."""
    with _storage(folder):
        return sum(_swept(path) for path in sorted(folder.glob(f".*{SUFFIX}")))


def held(folder: Path) -> dict[str, str]:
    """Return the locks of a folder that somebody holds, each with the process that took it."""
    found = {}
    for path in sorted(folder.glob("*")):
        with contextlib.suppress(OSError), path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                found[path.name] = _holder(file.fileno())
    return found


def _holder(descriptor: int) -> str:
    written = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
    return f"process {written}" if written.isdigit() else "another process"


@contextmanager
def lock(path: Path, waiting: Callable[[str], None] | None = None) -> Iterator[None]:
    """Hold a lock file; where someone else does, tell `waiting` who and wait, or be Busy without it."""
    with _storage(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(path, flags, NEW_MODE)
    try:
        with _storage(path):
            _take(descriptor, path, waiting)
        yield
    finally:
        os.close(descriptor)  # releases the lock; the file stays, deleting it would let two hold it


def _take(descriptor: int, path: Path, waiting: Callable[[str], None] | None) -> None:
    if not _locked(descriptor):
        who = _holder(descriptor)
        if waiting is None:
            raise Busy(f"{who} holds {path.name}", fix="wait until it is done", place=Place(str(path)))
        waiting(who)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _storage(path: Path) -> Iterator[None]:
    """Turn what the operating system refuses into one line with the path and the reason."""
    try:
        yield
    except OSError as error:
        raise StorageFailed(f"cannot be written: {_reason(error)}", place=Place(str(path))) from error


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _mode(path: Path) -> int | None:
    """Return the permissions of the file to replace, or nothing where there is none yet."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        kind = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "no regular file"
        raise InputRefused(f"is {kind} and is not replaced", place=Place(str(path)))
    return stat.S_IMODE(status.st_mode)


@contextmanager
def _temporary(path: Path, mode: int | None) -> Iterator[tuple[Path, int]]:
    """Lend a locked temporary file beside the target; whatever happens, it is gone afterwards."""
    temporary, descriptor = _created(path, mode)
    try:
        if mode is not None:
            os.fchmod(descriptor, mode)
        yield temporary, descriptor
    finally:
        _discard(temporary, descriptor)


def _created(path: Path, mode: int | None) -> tuple[Path, int]:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}{SUFFIX}")
    descriptor = os.open(temporary, TEMPORARY, NEW_MODE if mode is None else PRIVATE_MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        swept = not os.fstat(descriptor).st_nlink
    except OSError:
        _discard(temporary, descriptor)
        raise
    if swept:  # a sweep came between open and flock
        os.close(descriptor)
        return _created(path, mode)
    return temporary, descriptor


def _discard(temporary: Path, descriptor: int) -> None:
    os.close(descriptor)
    with contextlib.suppress(OSError):
        temporary.unlink()


def _fill(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
    os.fsync(descriptor)


def _refuse_changed(path: Path, expected: bytes | None) -> None:
    if expected is None:
        return
    try:
        unchanged = path.read_bytes() == expected
    except FileNotFoundError:
        unchanged = False
    if not unchanged:
        message = "changed while the command was running; nothing written"
        raise Busy(message, fix="run the command again", place=Place(str(path)))


def _confirm(path: Path) -> None:
    """Make the new name durable: without this a power cut may bring the old file back."""
    try:
        descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        message = f"is written, but the disk did not confirm it: {_reason(error)}"
        raise StorageFailed(message, place=Place(str(path))) from error


def _swept(path: Path) -> bool:
    """Delete one temporary file if its lock is free: its writer would still hold it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False  # gone meanwhile, or not ours to open
    try:
        stale = stat.S_ISREG(os.fstat(descriptor).st_mode) and _locked(descriptor)
        if stale:
            path.unlink(missing_ok=True)
        return stale
    finally:
        os.close(descriptor)
