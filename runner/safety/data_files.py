"""The data files a protocol names: one path or a pattern, below a folder or below a folder of the environment.

A relative path stays inside the folder of the knowledge base. Data live on large disks, so a path may start with
`${VARIABLE}`, a folder the person at the keyboard vouches for; the path then stays inside that one. A pattern
(`shards/train_*.h5`) names its files in the order of their names, so `train_10` comes before `train_2`.
"""

from __future__ import annotations

import glob
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from runner.findings import InputRefused
from runner.safety.paths import inside

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
ROOTED = re.compile(rf"{VARIABLE.pattern}(?:/(.*))?")
MOST = 10_000  # files of one set
WHOLE = 1 << 28  # bytes up to which a file is hashed whole
SAMPLE, SAMPLES = 1 << 20, 64  # of a larger one: so many pieces, evenly spread


class FileNotThere(InputRefused):
    """A data file is not on this machine, which only a run needs to mind."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file: what messages call it, and where it is."""

    name: str
    path: Path

    def identity(self) -> tuple[int, int]:
        """Return what two names of one file have in common."""
        status = self.path.stat()
        return status.st_dev, status.st_ino


def data_files(text: str, folder: Path, what: str) -> list[DataFile]:
    """Return the files a path or pattern names, in order; `what` names the setting it stands in."""
    root, relative, head = _rooted(text, folder, what)
    files = [DataFile(head + name, inside(root, name, what)) for name in _matches(root, relative, what)]
    if not files or not all(_is_there(file.path) for file in files):
        raise FileNotThere(f"{what}: there is no file `{text}`", fix=_hint(text))
    if len(files) > MOST:
        raise InputRefused(f"{what}: `{text}` names {len(files)} files; at most {MOST} are read")
    return files


def fingerprint(path: Path) -> str:
    """Hash a file's size and content; of a file over 256 MB, pieces from its first byte to its last."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        if size <= WHOLE:
            return hashlib.file_digest(stream, "sha256").hexdigest()
        digest = hashlib.sha256(str(size).encode())
        for piece in range(SAMPLES):
            stream.seek((size - SAMPLE) * piece // (SAMPLES - 1))
            digest.update(stream.read(SAMPLE))
    return digest.hexdigest()


def _rooted(text: str, folder: Path, what: str) -> tuple[Path, str, str]:
    """Return the folder to stay in, the path below it, and how a file's name begins."""
    start = ROOTED.fullmatch(text)
    if start is None:
        return folder, _expanded(text, what), ""
    root = Path(_value(start[1], what))
    if not root.is_absolute():
        raise InputRefused(f"{what}: ${{{start[1]}}} is `{root}`; an absolute path is due")
    if not start[2]:
        return root.parent, root.name, ""
    return root, _expanded(start[2], what), f"${{{start[1]}}}/"


def _expanded(text: str, what: str) -> str:
    return VARIABLE.sub(lambda match: _value(match[1], what), text)


def _value(name: str, what: str) -> str:
    """Return a variable of the environment."""
    value = os.environ.get(name, "")
    if not value:
        raise InputRefused(f"{what}: the environment has no {name}", fix=f"export {name}=/where/the/data/are")
    return value


def _matches(root: Path, relative: str, what: str) -> list[str]:
    """Return the names a pattern stands for; a file of that very name comes first."""
    if _is_there(inside(root, relative, what)) or not glob.has_magic(relative):
        return [relative]
    if "**" in relative:
        raise InputRefused(f"{what}: `**` would search whole trees", fix="write one `*` per folder")
    return sorted(glob.glob(relative, root_dir=root))  # noqa: PTH207 - unlike Path.glob it skips hidden files


def _is_there(path: Path) -> bool:
    return os.access(path, os.F_OK)  # unlike Path.exists it has an answer for any name, however long


def _hint(text: str) -> str:
    """Say where a relative path starts."""
    return "" if text.startswith("$") else "paths are relative to the knowledge base, or start with ${VARIABLE}"
