"""Arrays on disk: predictions and rows as npz files, read without trust and written without a clock."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from runner.findings import ArtefactDamaged, Place
from runner.safety import canonical

MANTISSA = 14  # bits kept of a float32: R² moves by less than 1e-6, the file shrinks by a quarter
LARGEST = 1 << 30
Arrays = Mapping[str, np.ndarray]

# All that `pack` writes: a list of plain numbers. Anything else, a pickle above all, is no array of ours.
HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '(?P<type><f[248]|<[iu][248]|\|[iu]1|\|b1)', "
    rb"'fortran_order': False, 'shape': \((?P<count>\d{1,9}),\), \} *\n",
    re.DOTALL,
)
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError)


def rounded(values: np.ndarray) -> np.ndarray:
    """Round to float32 with 14 mantissa bits, half away from zero: what is stored is what is scored."""
    with np.errstate(over="ignore"):  # what does not fit becomes infinite, for the caller to refuse
        bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    drop = 23 - MANTISSA
    half, mask = np.uint32(1 << (drop - 1)), np.uint32((0xFFFFFFFF << drop) & 0xFFFFFFFF)
    finite = np.isfinite(bits.view(np.float32))
    return np.where(finite, (bits + half) & mask, bits).view(np.float32)


def step(values: np.ndarray) -> np.ndarray:
    """Return how far each stored value is from the next one that can be stored."""
    steps: np.ndarray = np.spacing(np.abs(values, dtype=np.float32)) * np.float32(1 << (23 - MANTISSA))
    return steps


def digest(values: np.ndarray) -> str:
    """Hash an array by its content: type, shape and bytes."""
    plain = np.ascontiguousarray(values)
    head = f"{plain.dtype.str} {plain.shape} ".encode()
    return canonical.digest_bytes(head + plain.tobytes(), 32)


def digests(arrays: Arrays) -> dict[str, str]:
    """Hash every array of a file by its content."""
    return {name: digest(values) for name, values in arrays.items()}


def pack(arrays: Arrays) -> bytes:
    """Write arrays as the bytes of a compressed npz, in the order of their names."""
    buffer = io.BytesIO()
    named: dict[str, Any] = {name: arrays[name] for name in sorted(arrays)}
    np.savez_compressed(buffer, **named)
    return buffer.getvalue()


def unpack(path: Path, name: str, code: str = "LG402") -> dict[str, np.ndarray]:
    """Read an npz file that `pack` wrote, its declared sizes checked before anything is allocated."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > LARGEST:
                raise ValueError(f"it claims more than {LARGEST >> 30} GB")
            return {member.filename.removesuffix(".npy"): _array(archive, member) for member in members}
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
    except DAMAGE as error:
        message = f"not a readable npz file: {error}"
    raise ArtefactDamaged(message, place=Place(name), code=code, fix="restore it from git")


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    content = archive.read(member)
    header = HEADER.match(content)
    if header is None:
        raise ValueError(f"{member.filename} is not a list of numbers")
    values = np.frombuffer(content, np.dtype(header["type"].decode()), offset=header.end())
    if len(values) != int(header["count"]):
        raise ValueError(f"{member.filename} declares {int(header['count'])} numbers and holds {len(values)}")
    return values
