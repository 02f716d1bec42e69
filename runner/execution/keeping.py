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
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BufferedRandom, BufferedReader
from pathlib import Path

from runner.execution.fits import HIDDEN
from runner.findings import ArtefactDamaged, Busy, JobFailed
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
    _using: list[int] = field(default_factory=list)  # descriptors that hold names against removal

    def kept(self, name: str, make: Make, waiting: Waiting) -> Path:
        """Return the file of a name, made now unless it is there and whole; `waiting` hears who makes it before."""
        if not NAME.fullmatch(name):
            raise JobFailed(f"`{name}` cannot name a kept file", fix="use lower-case letters, digits, - and _")
        self.folder.mkdir(parents=True, exist_ok=True)
        with atomic.lock(self.locks / name, waiting):
            self._hold(name)
            if not (self._wanted(name) and self._whole(name)):
                self._make(name, make)
                self._trim(name)
            os.utime(self._note(name))  # the day of the note tells when its file was last used
        return self.folder / name

    @contextmanager
    def using(self) -> Iterator[None]:
        """Hold what is asked for inside against removal, and let go of it at the end; runs may stand in each other."""
        before = len(self._using)
        try:
            yield
        finally:
            while len(self._using) > before:
                os.close(self._using.pop())

    def _wanted(self, name: str) -> bool:
        """Tell whether a file that is there would do."""
        return not self.force or name in self._trusted

    def _hold(self, name: str) -> None:
        """Hold a name against removal, whichever file it stands for: another process may make that anew meanwhile."""
        descriptor = os.open(self._used(name), os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        self._using.append(descriptor)
        fcntl.flock(descriptor, fcntl.LOCK_SH)

    def _whole(self, name: str) -> bool:
        """Tell whether a file is there and fits its note; one that has not changed since is not read again."""
        try:
            with (self.folder / name).open("rb") as file:
                now, before = os.fstat(file.fileno()), self._trusted.get(name)
                if before and _same(now, before):
                    return self._note(name).is_file()
                whole: bool = load_json(self._note(name), name)["sha256"] == _hash(file)
        except (ArtefactDamaged, OSError, KeyError, TypeError):
            return False
        if whole:
            self._trusted[name] = now
        return whole

    def _make(self, name: str, make: Make) -> None:
        """Have a file written beside its place, put it there, and vouch for it by its hash."""
        making = self._making(name)
        making.unlink(missing_ok=True)  # of a process that was killed: who holds the lock makes it
        try:
            make(making)
            if not making.is_file():
                fix = "write the very path that is given; numpy adds a suffix unless it is given an open file"
                raise JobFailed(f"`{name}` was to be written and was not", fix=fix)
            with making.open("rb+") as file:
                digest, made = _hash(file), os.fstat(file.fileno())
                os.fsync(file.fileno())
            self._note(name).unlink(missing_ok=True)
            making.replace(self.folder / name)
        finally:
            making.unlink(missing_ok=True)
        atomic.replace(self._note(name), canonical.dumps({"bytes": made.st_size, "sha256": digest}).encode())
        self._trusted[name] = made

    def _trim(self, newest: str) -> None:
        """Remove what was used longest ago until the rest takes no more than it may, and what was left half-made."""
        for path in self.folder.glob(f".*{MAKING}"):
            self._removed(path.name.removeprefix(".").removesuffix(MAKING), path)
        files = sorted(self._files(), key=lambda file: file[1])
        total = sum(size for _, _, size in files)
        for name, _, size in files:
            if total > self.most and name != newest and self._removed(name, self.folder / name, self._note(name)):
                total -= size

    def _files(self) -> Iterator[tuple[str, float, int]]:
        """Yield every kept file with the time it was last used and its size."""
        for path in (path for path in self.folder.iterdir() if NAME.fullmatch(path.name)):
            with suppress(OSError):
                note = self._note(path.name)
                yield path.name, (note if note.is_file() else path).stat().st_mtime, path.stat().st_size

    def _removed(self, name: str, *files: Path) -> bool:
        """Remove files of a name unless a run is making or using it, and tell whether that was done."""
        with suppress(Busy), atomic.lock(self.locks / name), atomic.lock(self._used(name)):
            for file in files:
                file.unlink(missing_ok=True)
            return True
        return False

    def _used(self, name: str) -> Path:
        """Return the lock that every run holds, together, which uses the file of a name."""
        return self.locks / f"{name}.used"

    def _making(self, name: str) -> Path:
        return self.folder / f".{name}{MAKING}"

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


def _same(one: os.stat_result, other: os.stat_result) -> bool:
    """Tell whether a file is the one it was, as far as can be seen without reading it."""
    return (one.st_ino, one.st_size, one.st_mtime_ns) == (other.st_ino, other.st_size, other.st_mtime_ns)


def _hash(file: BufferedReader | BufferedRandom) -> str:
    """Return the SHA-256 of an open file."""
    return hashlib.file_digest(file, "sha256").hexdigest()
