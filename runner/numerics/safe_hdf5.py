"""HDF5 files of strangers: every dataset is checked against the bytes of its file before it is read.

An HDF5 file may point to other files (external links, external storage, virtual datasets), name filters that
are code to be loaded, and declare any size whatever it holds. What is handed out here is in the file itself,
complete, of numbers or fixed text, packed by filters that are undone here, and as large as it says.
"""

from __future__ import annotations

import math
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import h5py

from runner.findings import InputRefused
from runner.numerics.packed_chunks import FILTERS, Chunks
from runner.safety.paths import CONTROL

if TYPE_CHECKING:
    import numpy as np

LAYOUTS = {h5py.h5d.COMPACT, h5py.h5d.CONTIGUOUS, h5py.h5d.CHUNKED}
RATIO = 1100  # deflate cannot pack tighter than 1032 to 1
LARGEST_BAND = 2**28  # bytes unpacked at a time: the chunks that hold one row
LARGEST_ROW = 2**22  # bytes: a million pixels
LARGEST_ATTRIBUTE = 2**20  # bytes
LINKS = 8  # soft links on the way to one object
SHOWN = 12  # names listed in a message
DAMAGE = (OSError, RuntimeError, ValueError, LookupError, TypeError, ArithmeticError, zlib.error)


class SafeArray:
    """A dataset that was checked; a slice of it is read from the file."""

    def __init__(self, dataset: h5py.Dataset, name: str) -> None:
        """Take a dataset of the file that messages call `name`."""
        self.shape: tuple[int, ...] = dataset.shape
        self.dtype: np.dtype = dataset.dtype
        self._rows, self._name = Chunks(dataset) if dataset.chunks else dataset, name

    def __getitem__(self, part: slice) -> np.ndarray:
        """Read some rows."""
        with refusing(self._name):
            rows: np.ndarray = self._rows[part]
            return rows


@contextmanager
def refusing(name: str) -> Iterator[None]:
    """Turn what h5py raises about the file `name` into one line."""
    try:
        yield
    except DAMAGE as error:
        reason = " ".join(str(error).split())[:200]
        raise _refused(f"{name} is damaged or no HDF5 file: {reason}") from error
    except MemoryError as error:
        raise InputRefused(f"{name} does not fit into memory") from error


class SafeFile:
    """An HDF5 file opened for reading."""

    def __init__(self, path: Path, name: str) -> None:
        """Open the file at `path`, which messages call `name`."""
        self.name = name
        self.size = _regular_size(path, name)
        _forget_plugins()
        with refusing(name):
            self._file = h5py.File(path, "r", locking="best-effort")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        with refusing(self.name):
            self._file.close()

    def has(self, path: str) -> bool:
        """Tell whether the path leads to an object; one that leads out of the file is refused."""
        with refusing(self.name):
            return self._walked(path)[1] == ""

    def attribute(self, path: str, name: str) -> Any:
        """Return an attribute of the object at a path: text as str, nothing where it has none."""
        with refusing(self.name):
            attributes = self._object(path).attrs
            if name not in attributes:
                return None
            if attributes.get_id(name).get_storage_size() > LARGEST_ATTRIBUTE:
                raise InputRefused(f"{self.name}: the attribute `{name}` of `{path}` is too large")
            value = attributes[name]
            return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value

    def dataset(self, path: str, rank: int) -> SafeArray:
        """Return the dataset at a path once everything it declares holds."""
        with refusing(self.name):
            found = self._object(path)
            if not isinstance(found, h5py.Dataset):
                raise InputRefused(f"{self.name}: `{path}` is no dataset")
            if flaw := _origin_flaw(found) or _kind_flaw(found, rank) or _size_flaw(found, self.size):
                raise _refused(f"{self.name}: `{path}` {flaw}")
            return SafeArray(found, self.name)

    def _object(self, path: str) -> h5py.HLObject:
        """Return the object at a path, or say what there is instead."""
        found, missing = self._walked(path)
        if missing:
            there = ", ".join(_members(found)) or "nothing"
            raise _refused(f"{self.name} has no `{path}`; `{found.name}` has {there}")
        return found

    def _walked(self, path: str) -> tuple[h5py.HLObject, str]:
        """Follow a path link by link: the last object reached, and the part that it does not have."""
        here, parts, hops = self._file["/"], _parts(path), 0
        while parts:
            part = parts.pop(0)
            if not isinstance(here, h5py.Group) or not here.id.links.exists(part):
                return here, part.decode("utf-8", "replace")
            if here.id.links.get_info(part).type == h5py.h5l.TYPE_HARD:
                here = here[part]
                continue
            hops += 1
            target = self._soft(here, part, hops, path)
            here, parts = (self._file["/"] if target.startswith("/") else here), [*_parts(target), *parts]
        return here, ""

    def _soft(self, group: h5py.Group, part: bytes, hops: int, path: str) -> str:
        """Return where a soft link points; other links and too many of them are refused."""
        if group.id.links.get_info(part).type != h5py.h5l.TYPE_SOFT:
            raise InputRefused(f"{self.name}: `{path}` is a link to another file, which is not followed")
        if hops > LINKS:
            raise InputRefused(f"{self.name}: `{path}` leads through more than {LINKS} links")
        target: bytes = group.id.links.get_val(part)
        return target.decode("utf-8")


def _refused(message: str) -> InputRefused:
    """Return a refusal; names in a stranger's file may hold what a terminal obeys."""
    return InputRefused(CONTROL.sub("?", message))


def _regular_size(path: Path, name: str) -> int:
    """Return the size of a regular file: opening a pipe would wait for ever."""
    try:
        status = path.stat()
    except OSError as error:
        raise InputRefused(f"{name} cannot be read: {error.strerror or error}") from error
    if not stat.S_ISREG(status.st_mode) or not os.access(path, os.R_OK):
        raise InputRefused(f"{name} cannot be read: it is no file, or not yours to read")
    return status.st_size


def _forget_plugins() -> None:
    """Leave HDF5 no folder to load filters from: neither HDF5_PLUGIN_PATH nor those built in."""
    while h5py.h5pl.size():
        h5py.h5pl.remove(0)


def _parts(path: str) -> list[bytes]:
    return [part.encode() for part in path.split("/") if part not in {"", "."}]


def _members(group: h5py.HLObject) -> list[str]:
    """Return the first names in a group, without following any."""
    if not isinstance(group, h5py.Group):
        return []
    return [name.decode("utf-8", "replace") for name in islice(group.id, SHOWN)]


def _origin_flaw(dataset: h5py.Dataset) -> str:
    """Say why the values are not to be had from the file itself by HDF5 itself, if so."""
    plan = dataset.id.get_create_plist()
    if plan.get_layout() not in LAYOUTS:
        return "is a virtual dataset: its values are in other files, which are not opened"
    if plan.get_external_count():
        return "keeps its values in other files, which are not opened"
    for number in range(plan.get_nfilters()):
        code, _, _, label = plan.get_filter(number)
        if code not in FILTERS:
            known = label.decode("utf-8", "replace") or "unknown"
            return f"is packed by filter {code} ({known}), which is not built in: pack it with gzip"
    return ""


def _kind_flaw(dataset: h5py.Dataset, rank: int) -> str:
    """Say why the values are not what is due: numbers or fixed text in so many dimensions, if so."""
    if len(dataset.shape or ()) != rank:
        return f"has shape {dataset.shape}; {rank} dimensions are due"
    fields = dataset.dtype.fields or {"": (dataset.dtype, 0)}
    bases = [field[0].base for field in fields.values()]
    if any(base.kind not in "fiubS" or (base.kind != "S" and base.itemsize > 8) for base in bases):  # noqa: PLR2004
        return f"is of type {dataset.dtype}; only numbers are read"
    if not _is_plain(dataset.id.get_type()) or dataset.dtype.itemsize != dataset.id.get_type().get_size():
        return f"has numbers of an odd layout, shown as {dataset.dtype}"
    row = math.prod(dataset.shape[1:]) * dataset.dtype.itemsize
    if row > LARGEST_ROW:
        return f"has {row:,} bytes in a row; at most {LARGEST_ROW:,} are read"
    return ""


def _is_plain(kind: h5py.h5t.TypeID) -> bool:
    """Tell types whose bytes are those of the numpy type from any others HDF5 can describe."""
    match kind:
        case h5py.h5t.TypeFloatID():
            return bool(h5py.h5t.py_create(kind.dtype) == kind)
        case h5py.h5t.TypeBitfieldID():
            return bool(kind.get_size() == 1)  # how PyTables stores true and false
        case h5py.h5t.TypeIntegerID():
            return bool(kind.get_offset() == 0 and kind.get_precision() == 8 * kind.get_size())
        case h5py.h5t.TypeEnumID() | h5py.h5t.TypeArrayID():
            return _is_plain(kind.get_super())
        case h5py.h5t.TypeCompoundID():
            return all(_is_plain(kind.get_member_type(number)) for number in range(kind.get_nmembers()))
    return isinstance(kind, h5py.h5t.TypeStringID) and not kind.is_variable_str()


def _size_flaw(dataset: h5py.Dataset, size: int) -> str:
    """Say where the declared shape and the bytes in the file disagree, if they do."""
    stored, width = dataset.id.get_storage_size(), dataset.id.get_type().get_size()
    declared = math.prod(dataset.shape) * width
    if stored > size:
        return f"says it takes {stored:,} bytes; the whole file has {size:,}"
    if dataset.chunks:
        return _chunk_flaw(dataset, stored, width)
    offset = dataset.id.get_offset() or 0  # nothing where the values stand in the header
    if stored != declared or offset + stored > size:
        return f"declares {declared:,} bytes and holds {stored:,}"
    return ""


def _chunk_flaw(dataset: h5py.Dataset, stored: int, width: int) -> str:
    """Say why the chunks cannot be what they say, if so."""
    counts = [-(-length // step) for length, step in zip(dataset.shape, dataset.chunks, strict=True)]
    chunk, due = math.prod(dataset.chunks) * width, math.prod(counts)
    band = chunk * math.prod(counts[1:])
    if band > LARGEST_BAND:
        return f"has chunks that hold one row in {band:,} bytes; at most {LARGEST_BAND:,} are unpacked at a time"
    held = dataset.id.get_num_chunks()
    ratio = RATIO if dataset.id.get_create_plist().get_nfilters() else 1
    if held != due:
        return f"declares {due:,} chunks and holds {held:,}"
    if due * chunk > ratio * stored:
        return f"declares {due * chunk:,} bytes, which cannot be packed into {stored:,}"
    return ""
