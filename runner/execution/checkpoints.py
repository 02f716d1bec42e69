"""Checkpoints: what a training in progress needs to go on after it was stopped or killed.

Every save is a generation of its own: the state cut into parts, and a manifest that is written last and vouches for
the parts by their hashes. Whatever was being done when a process died, a generation is whole or it is none. The last
two stay. All names are relative, so that the folder of a run goes on in another knowledge base it is copied to.

A state is gone on from where everything that computes is what it was: the files of the jobs, logg's numerics, torch
and the other packages. A run by force goes on from what was begun by force alone: the rest is what it is to replace.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runner.contract import Contract
from runner.execution import plugins, provenance
from runner.execution.fits import HIDDEN, Cache
from runner.execution.interrupts import REQUEST
from runner.execution.makers import makers
from runner.execution.outputs import one_line
from runner.findings import ArtefactDamaged, Busy, JobFailed, StorageFailed
from runner.plans.estimates import duration
from runner.plans.specs import JobRun
from runner.results.files import load_json
from runner.safety import atomic, canonical

FORMAT = 2
PART = 15 * 2**20  # bytes: files of this size travel through places that take no large ones
EVERY = 60.0  # seconds from one save to the next, at least,
ENDED = 5.0  # and to that of a training that ended
SHARE = 50  # times what a save took, at least: 2 % of the time
GENERATIONS = 2
KEPT = 30 * 24 * 3600  # seconds that nobody went on from them
NAMES = re.compile(r"(?P<number>\d+)\.(?:\d+\.part|(?P<manifest>manifest\.json))")


@dataclass
class Checkpoints:
    """The checkpoints of one run, one for each training in it."""

    root: Path
    key: str  # of the run
    run: JobRun
    jobs: Mapping[str, Contract]
    tell: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    forced: bool = False  # the run is made anew whatever is there
    before: float = 0.0  # seconds that went, in earlier processes, into the state it goes on from
    resumed: int = 0  # how many processes were cut short before this one
    process: str = field(init=False, default_factory=lambda: secrets.token_hex(8))
    makers: Mapping[str, str] = field(init=False)  # what makes its states, in which version
    _began: float = field(init=False)
    _last: float = field(init=False)
    _took: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        """Start the clock, and note what computes."""
        self._began = self._last = self.clock()
        self.makers = makers(self.run, self.jobs)

    @property
    def folder(self) -> Path:
        """Return the folder of the run."""
        return self.root / HIDDEN / "checkpoints" / self.key

    def of(self, digest: str) -> Generations:
        """Return where the training of this digest saves itself."""
        return Generations(self.folder / digest, self)

    def say(self, line: str) -> None:
        """Tell a line about the run."""
        self.tell(f"{self.run.name}: {line}")

    @property
    def spent(self) -> float:
        """Return the seconds that went into the run so far, those of earlier processes included."""
        return self.before + self.clock() - self._began

    def due(self, *, ended: bool) -> bool:
        """Tell whether the last save, or the start, is long enough ago."""
        every = min(ENDED, EVERY) if ended else EVERY
        return self.clock() - self._last >= max(every, SHARE * self._took)

    def follow(self, manifest: Mapping[str, Any]) -> bool:
        """Count what went into a state before this process began; tell whether any did."""
        if manifest["process"] == self.process:  # it had two equal trainings
            return False
        self.before = max(self.before, manifest["seconds"])
        self.resumed = max(self.resumed, manifest["resumed"] + 1)
        return True

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Measure what a save takes, also one that fails."""
        began = self.clock()
        try:
            yield
        finally:
            self._last = self.clock()
            self._took = self._last - began

    def there(self) -> bool:
        """Tell whether there is any, without reading it."""
        return any(_numbered(path, manifest=True) for path in self.folder.glob("*/*"))

    def failed(self, error: Exception) -> None:
        """Remove those of a run that would fail again from there; keep what only memory, disk or device cut short."""
        if isinstance(error, JobFailed):
            self.done()
        elif self.there():
            fix = f"delete {HIDDEN}/checkpoints to start over"
            self.say(f"its checkpoint is kept: the same command goes on from there -> {fix}")

    def done(self) -> None:
        """Remove what nobody needs any more; what cannot be removed does no harm."""
        with suppress(OSError):
            shutil.rmtree(self.folder)


@dataclass
class Generations:
    """The saved states of one training, each under a number of its own."""

    folder: Path
    checkpoints: Checkpoints
    _whole: list[int] = field(default_factory=list)  # seen to be so, the newest last
    _refused: bool = False  # the last save

    def load(self) -> bytes | None:
        """Return the newest state that is whole, None where there is none; tell which, and what is not."""
        found = sorted({number for path in self.folder.glob("*") if (number := _numbered(path, manifest=True))})
        for number in reversed(found):
            try:
                manifest = self._manifest(number)
                state = b"".join(_part(self._path(number, i), told) for i, told in enumerate(manifest["parts"]))
            except (ArtefactDamaged, OSError) as error:
                self.checkpoints.say(f"its checkpoint {number} is left aside: {one_line(error)}")
            else:
                return self._taken(number, manifest, state)
        if found:
            self.checkpoints.say("starts over, as none of its checkpoints can be used")
        return None

    def due(self, *, ended: bool = False) -> bool:
        """Tell whether the last save of the run is long enough ago, or the run is asked to stop."""
        REQUEST.waits = not ended
        return REQUEST.asked or self.checkpoints.due(ended=ended)

    def save(self, make: Callable[[], bytes]) -> None:
        """Save a state; where the disk refuses, tell it, and leave what was saved before as it is."""
        self._save(make)
        REQUEST.answer()

    def _save(self, make: Callable[[], bytes]) -> None:
        number = 1 + max((_numbered(path) for path in self.folder.glob("*")), default=0)
        with self.checkpoints.timed():
            try:
                self._write(number, make())
            except (ArtefactDamaged, OSError, StorageFailed) as error:
                self._remove(lambda each: each == number)
                self._complain(error)
                return
            self._refused = False
            self._whole = [*self._whole, number][-GENERATIONS:]
            self._remove(lambda each: each not in self._whole)

    def _taken(self, number: int, manifest: Mapping[str, Any], state: bytes) -> bytes:
        """Take a state over, and tell how old it is."""
        self._whole = [number]
        if self.checkpoints.follow(manifest):
            age = (datetime.now(UTC) - datetime.fromisoformat(manifest["made"])).total_seconds()
            self.checkpoints.say(f"goes on from its checkpoint of {duration(max(0.0, age))} ago")
        if manifest["threads"] != _threads():
            moved = f"until there {manifest['threads']} threads computed it, now {_threads()} do"
            self.checkpoints.say(f"{moved}: its numbers may be others")
        return state

    def _write(self, number: int, state: bytes) -> None:
        """Write the parts, read them back, and only then the manifest."""
        self.folder.mkdir(parents=True, exist_ok=True)
        view = memoryview(state)
        parts: list[dict[str, Any]] = []
        for start in range(0, len(state), PART):
            content, path = bytes(view[start : start + PART]), self._path(number, len(parts))
            parts.append(_print(content))
            atomic.replace(path, content)
            _part(path, parts[-1])
        told = {
            "forced": self.checkpoints.forced,
            "generation": number,
            "made": provenance.now(),
            "parts": parts,
            "process": self.checkpoints.process,
            "resumed": self.checkpoints.resumed,
            "seconds": round(self.checkpoints.spent, 3),
            "threads": _threads(),
        }
        atomic.replace(self.folder / _manifest(number), _sealed({**told, **self._own()}))

    def _own(self) -> dict[str, Any]:
        """Return what every manifest of this training says."""
        return {
            "format": FORMAT,
            "makers": dict(self.checkpoints.makers),
            "of": [self.folder.parent.name, self.folder.name],
        }

    def _manifest(self, number: int) -> dict[str, Any]:
        """Return the manifest of a generation; one of another training, or of other versions, is refused."""
        told, own = _unsealed(self.folder / _manifest(number)), {**self._own(), "generation": number}
        if any(told.get(name) != own[name] for name in ("format", "of", "generation")):
            raise ArtefactDamaged("it is of another training, or of another version of logg")
        makers = own["makers"]
        moved = [name for name in {**told["makers"], **makers} if told["makers"].get(name) != makers.get(name)]
        if moved:
            raise ArtefactDamaged(f"it was made by another version of {' and '.join(sorted(moved))}")
        if self.checkpoints.forced and not told["forced"]:
            raise ArtefactDamaged("it was not begun by force")
        return told

    def _path(self, number: int, index: int) -> Path:
        return self.folder / f"{number:06d}.{index:04d}.part"

    def _remove(self, which: Callable[[int], bool]) -> None:
        """Remove generations, and what killed processes left half-written; what cannot be removed is left."""
        with suppress(OSError, StorageFailed):
            atomic.sweep(self.folder)
            for path in [path for path in self.folder.glob("*") if (number := _numbered(path)) and which(number)]:
                path.unlink(missing_ok=True)

    def _complain(self, error: Exception) -> None:
        """Tell a trouble once, not at every save that meets it."""
        if not self._refused:
            self.checkpoints.say(f"its checkpoint could not be saved, which is tried again: {one_line(error)}")
        self._refused = True


def _numbered(path: Path, *, manifest: bool = False) -> int:
    """Return the generation that a file is of, 0 for one of none; with `manifest` only that of manifests."""
    found = NAMES.fullmatch(path.name)
    return int(found["number"]) if found and (found["manifest"] or not manifest) else 0


def _manifest(number: int) -> str:
    return f"{number:06d}.manifest.json"


def _print(content: bytes) -> dict[str, Any]:
    """Return what a manifest says of a part."""
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _part(path: Path, told: Mapping[str, Any]) -> bytes:
    """Return a part as it stands on the disk, refused unless it is what its manifest says."""
    content = path.read_bytes()
    if _print(content) != told:
        raise ArtefactDamaged(f"{path.name} is not as it was written")
    return content


def _sealed(told: Mapping[str, Any]) -> bytes:
    """Return the bytes of a manifest: canonical, with the hash of all the rest."""
    return canonical.dumps({**told, "seal": canonical.digest(dict(told), 64)}).encode()


def _unsealed(path: Path) -> dict[str, Any]:
    """Return what a manifest says, refused unless every byte of it is as it was written."""
    with suppress(ArtefactDamaged):
        found = load_json(path, path.name)
        told = {name: value for name, value in found.items() if name != "seal"} if isinstance(found, dict) else {}
        if _sealed(told) == path.read_bytes():
            return told
    raise ArtefactDamaged(f"{path.name} is not as it was written")


def _threads() -> int:
    threads: int = plugins.load_torch().get_num_threads()
    return threads


def sweep_checkpoints(root: Path) -> None:
    """Remove what runs left that nobody went on with for a month, unless one is under way."""
    for folder in (root / HIDDEN / "checkpoints").glob("*"):
        with suppress(Busy, OSError, StorageFailed):
            newest = max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))
            if time.time() - newest > KEPT:
                with Cache(root).lock(folder.name):
                    shutil.rmtree(folder)
