"""Reading a stranger's npz file: no pickles, and nothing is allocated before the headers are believed.

An npz file is a zip of npy members. A member's header declares a type and a shape; both must agree with
the size the zip declares, and together stay under a limit, before the first array is made.
"""

from __future__ import annotations

import math
import zipfile
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING

from numpy.lib import format as npy

from runner.findings import InputRefused

if TYPE_CHECKING:
    import numpy as np

NUMBERS = "fiub"  # kinds of dtype that are real numbers
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


def load_numbers(path: Path, name: str, largest: int) -> dict[str, np.ndarray]:
    """Return every array of the file `name` at `path`, which may unpack to `largest` bytes."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = _members(archive, name)
            _check_sizes(archive, members, name, largest)
            return {key: _array(archive, member) for key, member in members.items()}
    except DAMAGE as error:
        raise InputRefused(f"{name} is damaged or no npz file: {error}") from error
    except MemoryError as error:
        raise InputRefused(f"{name} does not fit into memory") from error
    except OSError as error:
        raise InputRefused(f"{name} cannot be read: {error.strerror or error}") from error


def _members(archive: zipfile.ZipFile, name: str) -> dict[str, zipfile.ZipInfo]:
    """Return the members by the name of their array, refusing what numpy.savez would not write."""
    members: dict[str, zipfile.ZipInfo] = {}
    for member in archive.infolist():
        key = member.filename.removesuffix(".npy")
        if key == member.filename or not (key.isascii() and key.isidentifier()) or key in members:
            raise InputRefused(f"{name} holds {member.filename!a}, which names no array of its own")
        members[key] = member
    return members


def _check_sizes(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], name: str, largest: int) -> None:
    """Refuse members whose header and size disagree, or that are too much together."""
    total = sum(member.file_size for member in members.values())
    if total > largest:
        raise InputRefused(f"{name} unpacks to {total:,} bytes; the limit is {largest:,}")
    for key, member in members.items():
        with archive.open(member) as stream:
            shape, dtype = _header(stream)
            declared = stream.tell() + math.prod(shape) * dtype.itemsize
        if dtype.kind not in NUMBERS:
            raise InputRefused(f"{name}: `{key}` is of type {dtype}; only numbers are read")
        if declared != member.file_size or min(shape, default=0) < 0:
            raise InputRefused(f"{name}: `{key}` declares {declared:,} bytes and has {member.file_size:,}")


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    """Return the shape and type an npy header declares."""
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    version = npy.read_magic(stream)
    if version not in readers:
        raise ValueError(f"npy version {version} is not read")
    shape, _, dtype = readers[version](stream)
    return shape, dtype


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    """Read one array."""
    with archive.open(member) as stream:
        array: np.ndarray = npy.read_array(stream, allow_pickle=False)
    return array
