"""Writes spectra in the HDF5 layout of the published sets, a batch at a time, the whole file or none.

The params are written in pandas' *fixed* layout by hand: `pandas.read_hdf(path, "dataset/params")` reads them.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from runner.findings import InputRefused, Place, StorageFailed
from runner.numerics.hdf5_layout import NAMES, PARAMS, WAVE, Batch
from runner.safety.atomic import NEW_MODE, SUFFIX, TEMPORARY

NOTHING = np.bytes_(b"N.")  # the pickle of None, which pandas expects where a name is left out


def write_layout(path: Path, batches: Iterable[Batch], columns: Mapping[str, np.ndarray], wave: np.ndarray) -> int:
    """Write a set, replacing the file at `path`, and return its rows.

    Label columns are named as ours (teff, logg, ...) and stored under the published names; there are as many
    rows as labels, and the batches must come to that number.
    """
    frame = {NAMES.get(name, name): np.asarray(column, np.float64) for name, column in columns.items()}
    rows, done = _height(frame), 0
    with _replacing(path) as temporary, _created(temporary, path) as file:
        with _storing(path):
            file.create_dataset(WAVE, data=np.asarray(wave, np.float32))
            _write_frame(file.create_group(PARAMS), frame, rows)
        for batch in batches:
            arrays = _fitting(batch, done, (rows, len(wave)), set(file["dataset/arrays"]) if done else None)
            with _storing(path):
                done = _append(file, arrays, done, rows)
        if done != rows:
            raise InputRefused(f"{path.name}: {done} spectra were given for {rows} rows of labels")
    return rows


def _height(frame: Mapping[str, np.ndarray]) -> int:
    """Return the number of rows that all label columns have."""
    shapes = {column.shape for column in frame.values()}
    shape = shapes.pop() if len(shapes) == 1 else ()
    if len(shape) != 1 or not shape[0]:
        raise InputRefused("label columns must be there, of one length and not empty")
    return int(shape[0])


def _fitting(batch: Batch, done: int, due: tuple[int, int], before: set[str] | None) -> dict[str, np.ndarray]:
    """Return the arrays of a batch, refusing one that is not like the others."""
    arrays = batch.arrays()
    if before is not None and before != {name.split("/")[2] for name in arrays}:
        raise InputRefused("some batches have `noisy` and some have not")
    for name, array in arrays.items():
        if array.shape != (len(batch.flux), due[1]) or done + len(array) > due[0]:
            raise InputRefused(f"`{name}` {array.shape} after {done} rows does not fit into {due}")
    return arrays


def _append(file: h5py.File, arrays: Mapping[str, np.ndarray], done: int, rows: int) -> int:
    """Write a batch below the rows that are done, and return how many are then."""
    end = done
    for name, array in arrays.items():
        dataset = file[name] if done else file.create_dataset(name, (rows, array.shape[1]), np.float32)
        end = done + len(array)
        dataset[done:end] = array
    return end


def _write_frame(group: h5py.Group, frame: Mapping[str, np.ndarray], rows: int) -> None:
    """Write float64 columns as pandas does: two axes and one block."""
    names = np.array([name.encode() for name in frame])
    _write_array(group, "axis0", names, "string")
    _write_array(group, "axis1", np.arange(rows), "integer")
    _write_array(group, "block0_items", names, "string")
    _write_array(group, "block0_values", np.column_stack(list(frame.values())), "")
    varieties = {f"{name}_variety": "regular" for name in ("axis0", "axis1", "block0_items")}
    _describe(group, {"pandas_type": "frame", "encoding": "UTF-8", "errors": "strict", **varieties})
    group.attrs["ndim"], group.attrs["nblocks"] = np.int64(2), np.int64(1)


def _write_array(group: h5py.Group, name: str, array: np.ndarray, kind: str) -> None:
    """Write one array of a frame; an axis has a kind and, in pandas, could have a name."""
    dataset = group.create_dataset(name, data=array)
    dataset.attrs["transposed"] = np.uint8(1)
    _describe(dataset, {"CLASS": "ARRAY", "FLAVOR": "numpy", "VERSION": "2.4"})
    if kind:
        _describe(dataset, {"kind": kind})
        dataset.attrs["name"] = NOTHING


def _describe(node: h5py.Dataset | h5py.Group, about: Mapping[str, str]) -> None:
    """Attach texts of fixed length, as PyTables does."""
    for name, text in about.items():
        node.attrs.create(name, text, dtype=h5py.string_dtype("utf-8", len(text)))


@contextmanager
def _created(temporary: Path, path: Path) -> Iterator[h5py.File]:
    """Open a new HDF5 file; one that cannot be completed is the disk's fault."""
    with _storing(path):
        file = h5py.File(temporary, "w", locking=False)  # _replacing holds the lock
    try:
        yield file
    finally:
        with _storing(path):
            file.close()


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Lend a locked temporary file beside `path`, and put it there once it is complete and on disk."""
    if os.path.lexists(path) and not stat.S_ISREG(path.lstat().st_mode):
        raise InputRefused("is no regular file and is not replaced", place=Place(str(path)))
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}{SUFFIX}")
    with _storing(path):
        descriptor = os.open(temporary, TEMPORARY, NEW_MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # tells a sweep that the writer lives
        yield temporary
        with _storing(path):
            os.fsync(descriptor)
            temporary.replace(path)
            _sync_folder(path.parent)
    finally:
        os.close(descriptor)
        with contextlib.suppress(OSError):
            temporary.unlink()


def _sync_folder(folder: Path) -> None:
    """Make the new name durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _storing(path: Path) -> Iterator[None]:
    """Turn what the disk refuses into one line; HDF5 reports some of it as a RuntimeError."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        reason = " ".join(str(getattr(error, "strerror", None) or error).split()).lower()
        raise StorageFailed(f"cannot be written: {reason}", place=Place(str(path))) from error
