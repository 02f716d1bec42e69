"""What numbers may look like in an HDF5 file: plain ones of any width, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.numerics.hostile_files import read, refusal, written


@pytest.mark.parametrize("kind", ["f2", ">f4", "f8", "u1", ">i4", "i8", "?", "S5"])
def test_numbers_and_fixed_text_are_read(tmp_path: Path, kind: str) -> None:
    """Numbers of any width and byte order, and text of fixed length, come back as they were."""
    values = np.ones((2, 2)).astype(kind)
    path = written(tmp_path, lambda file: file.create_dataset("d", data=values))

    assert np.array_equal(values, read(path))


@pytest.mark.parametrize("name", ["integer", "biased", "short", "record"])
def test_numbers_of_an_odd_layout_are_refused(tmp_path: Path, name: str) -> None:
    """HDF5 can describe 17-bit integers and floats of any make; numpy would show other numbers."""
    small, biased = h5py.h5t.NATIVE_INT32.copy(), h5py.h5t.IEEE_F32LE.copy()
    small.set_precision(17)
    biased.set_ebias(99)
    short = h5py.h5t.IEEE_F32LE.copy()
    short.set_fields(31, 23, 8, 1, 22)
    record = h5py.h5t.create(h5py.h5t.COMPOUND, 4)
    record.insert(b"a", 0, small)
    kind = {"integer": small, "biased": biased, "short": short, "record": record}[name]

    def write(file: h5py.File) -> None:
        h5py.h5d.create(file.id, b"d", kind, h5py.h5s.create_simple((3,)))

    assert "has numbers of an odd layout" in refusal(tmp_path, write, rank=1)


@pytest.mark.parametrize(
    ("kind", "rank"),
    [
        (h5py.string_dtype(), 1),
        (h5py.vlen_dtype(np.float32), 1),
        (h5py.ref_dtype, 1),
        (np.complex64, 1),
        (np.longdouble, 1),
        (np.dtype([("a", "f4"), ("b", h5py.string_dtype())]), 1),
        (np.dtype([("a", "f4"), ("b", [("c", "f4")])]), 1),
    ],
    ids=str,
)
def test_types_that_are_no_plain_numbers_are_refused(tmp_path: Path, kind: Any, rank: int) -> None:
    """Values of varying length, references and nested records are never read."""
    message = refusal(tmp_path, lambda file: file.create_dataset("d", (3,), kind), rank=rank)

    assert "only numbers are read" in message


@pytest.mark.parametrize(("shape", "rank"), [((), 2), ((4,), 2), ((4, 3, 2), 2), ((4, 3), 1)])
def test_wrong_ranks_are_refused(tmp_path: Path, shape: tuple, rank: int) -> None:
    """The message has the shape there is and the dimensions due."""
    message = refusal(tmp_path, lambda file: file.create_dataset("d", data=np.ones(shape)), rank=rank)

    assert f"has shape {shape}; {rank} dimensions are due" in message
