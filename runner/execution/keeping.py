"""Files that jobs keep from one run to the next, each under the key of all it was made from.

A file is made once, by whichever process comes first, and believed as long as it fits the hash in the note beside it.
What was not used for longest makes room when all of them together take too much; what a run is using stays.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from runner.execution.fits import HIDDEN
from runner.findings import ArtefactDamaged, JobFailed
from runner.results.files import load_json
from runner.safety import atomic, canonical

MOST = 8 * 10**9  # bytes of all kept files together
NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
MAKING = ".making"

Make = Callable[[Path], None]
Waiting = Callable[[str], None]


@dataclass
class Keeper:
    """A folder of kept files, and those of them that the run of this moment is using."""

    folder: Path
    locks: Path
    force: bool = False  # make everything anew, each file once
    most: int = MOST
    _trusted: dict[str, os.stat_result] = field(default_factory=dict)  # files whose hash was seen to fit
    _using: list[int] = field(default_factory=list)  # descriptors that hold a file against removal

    def kept(self, name: str, make: Make, waiting: Waiting) -> Path:
        """Return the file of a name, made now unless it is there and whole; `waiting` hears who makes it before."""
        if not NAME.fullmatch(name):
            raise JobFailed(f"`{name}` cannot name a kept file", fix="use lower-case letters, digits, - and _")
        self.folder.mkdir(parents=True, exist_ok=True)
        with atomic.lock(self.locks / name, waiting):
            if not (self._wanted(name) and self._held(name)):
                self._make(name, make)
                self._trim(name)
                self._held(name)
        os.utime(self._note(name))  # the day of the note tells when its file was last used
        return self.folder / name

    def release(self) -> None:
        """Let go of the files that a run was using."""
        while self._using:
            os.close(self._using.pop())

    def _wanted(self, name: str) -> bool:
        """Tell whether a file that is there would do."""
        return not self.force or name in self._trusted

    def _held(self, name: str) -> bool:
        """Hold a file against removal if it is there and whole, and tell whether it is."""
        try:
            descriptor = os.open(self.folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return False
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        if os.fstat(descriptor).st_nlink and self._whole(name, descriptor):
            self._using.append(descriptor)
            return True
        os.close(descriptor)
        return False

    def _whole(self, name: str, descriptor: int) -> bool:
        """Tell whether a file fits its note; one that has not changed since is not read again."""
        now, before = os.fstat(descriptor), self._trusted.get(name)
        if before and (now.st_ino, now.st_size, now.st_mtime_ns) == (before.st_ino, before.st_size, before.st_mtime_ns):
            return self._note(name).is_file()
        try:
            whole: bool = load_json(self._note(name), name)["sha256"] == _hash(descriptor)
        except (ArtefactDamaged, OSError, KeyError, TypeError):
            return False
        if whole:
            self._trusted[name] = now
        return whole

    def _make(self, name: str, make: Make) -> None:
        """Have a file written beside its place, put it there, and vouch for it by its hash."""
        making = self.folder / f".{name}{MAKING}"
        making.unlink(missing_ok=True)  # of a process that was killed: who holds the lock makes it
        try:
            make(making)
            if not making.is_file():
                fix = "write the very path that is given; numpy adds a suffix unless it is given an open file"
                raise JobFailed(f"`{name}` was to be written and was not", fix=fix)
            with making.open("rb+") as file:
                digest = _hash(file.fileno())
                os.fsync(file.fileno())
            self._note(name).unlink(missing_ok=True)
            making.replace(self.folder / name)
        finally:
            making.unlink(missing_ok=True)
        note = {"bytes": (self.folder / name).stat().st_size, "sha256": digest}
        atomic.replace(self._note(name), canonical.dumps(note).encode())

    def _trim(self, newest: str) -> None:
        """Remove what was used longest ago until the rest takes no more than it may."""
        for path in self._left_behind():
            path.unlink(missing_ok=True)
        files = sorted(self._files(), key=lambda file: file[1])
        total = sum(size for _, _, size in files)
        for path, _, size in files:
            if total > self.most and path.name != newest and self._removed(path):
                total -= size

    def _files(self) -> Iterator[tuple[Path, float, int]]:
        """Yield every kept file with the time it was last used and its size."""
        for path in (path for path in self.folder.iterdir() if NAME.fullmatch(path.name)):
            with suppress(OSError):
                note = self._note(path.name)
                yield path, (note if note.is_file() else path).stat().st_mtime, path.stat().st_size

    def _left_behind(self) -> list[Path]:
        """Return what processes that were killed left half-made."""
        busy = atomic.held(self.locks)
        found = self.folder.glob(f".*{MAKING}")
        return [path for path in found if path.name.removeprefix(".").removesuffix(MAKING) not in busy]

    def _removed(self, path: Path) -> bool:
        """Remove a file and its note unless a run is using it, and tell whether that was done."""
        with suppress(OSError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
            self._note(path.name).unlink(missing_ok=True)
            return True
        return False

    def _note(self, name: str) -> Path:
        return self.folder / f"{name}.json"


def keeper(root: Path, *, force: bool = False) -> Keeper:
    """Return the keeper of a knowledge base."""
    hidden = root / HIDDEN
    return Keeper(hidden / "cache" / "kept", hidden / "locks" / "kept", force)


def passing_keeper() -> Keeper:
    """Return a keeper whose files are gone when nobody has it any more."""
    folder = Path(tempfile.gettempdir()) / f"logg-kept-{secrets.token_hex(8)}"  # made when the first file is
    found = Keeper(folder / "kept", folder / "locks")
    weakref.finalize(found, shutil.rmtree, folder, ignore_errors=True)
    return found


def _hash(descriptor: int) -> str:
    """Return the SHA-256 of an open file, read from its start."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    with open(descriptor, "rb", closefd=False) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
