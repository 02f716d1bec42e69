"""Arrays on disk: predictions and rows as npz files, read without trust and written without a clock."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from runner.findings import ArtefactDamaged, Place
from runner.safety import canonical

MANTISSA = 14  # bits kept of a float32: R² moves by less than 1e-6, the file shrinks by a quarter
LARGEST = 1 << 30
Arrays = Mapping[str, np.ndarray]


def rounded(values: np.ndarray) -> np.ndarray:
    """Round to float32 with 14 mantissa bits, half away from zero: what is stored is what is scored."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    drop = 23 - MANTISSA
    half, mask = np.uint32(1 << (drop - 1)), np.uint32((0xFFFFFFFF << drop) & 0xFFFFFFFF)
    finite = np.isfinite(values)
    return np.where(finite, (bits + half) & mask, bits).view(np.float32)


def digest(values: np.ndarray) -> str:
    """Hash an array by its content: type, shape and bytes."""
    plain = np.ascontiguousarray(values)
    head = f"{plain.dtype.str} {plain.shape} ".encode()
    return canonical.digest_bytes(head + plain.tobytes(), 32)


def pack(arrays: Arrays) -> bytes:
    """Write arrays as the bytes of a compressed npz, in the order of their names."""
    buffer = io.BytesIO()
    named: dict[str, Any] = {name: arrays[name] for name in sorted(arrays)}
    np.savez_compressed(buffer, **named)
    return buffer.getvalue()


def unpack(path: Path, name: str) -> dict[str, np.ndarray]:
    """Read an npz without pickles, its declared sizes checked before anything is allocated."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > LARGEST:
                raise ArtefactDamaged(f"claims more than {LARGEST >> 30} GB", place=Place(name), code="LG402")
        with np.load(path, allow_pickle=False) as stored:
            return {key: stored[key] for key in stored.files}
    except (OSError, ValueError, zipfile.BadZipFile, MemoryError, EOFError, KeyError) as error:
        message = f"not a readable npz file ({type(error).__name__})"
        raise ArtefactDamaged(message, place=Place(name), code="LG402", fix="restore it from git") from error
