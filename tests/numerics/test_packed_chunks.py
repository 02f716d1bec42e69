"""Chunks that h5py packed, unpacked without it: h5py is the oracle, and lies about lengths are refused."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from runner.numerics.packed_chunks import Chunks, fletcher32

RANDOM = np.random.default_rng(12)
TABLE = RANDOM.normal(size=(23, 11)).round(1)
GZIP: dict[str, Any] = {"chunks": (7, 4), "compression": "gzip"}


@pytest.mark.parametrize(
    "options",
    [
        {"chunks": (7, 4)},
        GZIP,
        {**GZIP, "shuffle": True},
        {**GZIP, "shuffle": True, "fletcher32": True},
        {"chunks": (23, 11), "fletcher32": True},
        {"chunks": (1, 11), "shuffle": True},
        {"chunks": (64, 64), "compression": "gzip", "maxshape": (None, None)},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["f8", ">f4", "i2", "u1"])
def test_rows_are_those_that_h5py_reads(tmp_path: Path, options: dict[str, Any], kind: str) -> None:
    """Any filters, any type, any slice, forwards and back again."""
    with h5py.File(tmp_path / "x.h5", "w") as file:
        dataset = file.create_dataset("d", data=(TABLE * 10).astype(kind), **options)
        chunks = Chunks(dataset)

        for start, stop in ((0, 23), (6, 8), (20, 99), (3, 3), (0, 1), (7, 14)):
            assert np.array_equal(dataset[start:stop], chunks[start:stop])
            assert dataset.dtype == chunks[start:stop].dtype


def test_columns_and_records_are_read(tmp_path: Path) -> None:
    """One dimension works like two, and so do records."""
    records = np.zeros(23, [("a", "f4"), ("b", "f8", (2,)), ("c", "S3")])
    records["b"] = TABLE[:, :2]
    records["c"] = b"xyz"
    with h5py.File(tmp_path / "x.h5", "w") as file:
        dataset = file.create_dataset("d", data=records, chunks=(5,), compression="gzip", shuffle=True)

        assert np.array_equal(records[3:22], Chunks(dataset)[3:22])


@pytest.mark.parametrize("length", [1, 2, 3, 721, 2000, 131_070])
@pytest.mark.parametrize("fill", ["random", "zero", "full"])
def test_the_checksum_is_that_of_hdf5(tmp_path: Path, length: int, fill: str) -> None:
    """What HDF5 appends to a chunk is what we compute, of any length and of the values that fold to nothing."""
    values = {"random": RANDOM.integers(0, 256, length), "zero": np.zeros(length), "full": np.full(length, 255)}[fill]
    with h5py.File(tmp_path / "x.h5", "w") as file:
        dataset = file.create_dataset("d", data=values.astype("u1"), chunks=(length,), fletcher32=True)
        _, raw = dataset.id.read_direct_chunk((0,))

    assert int.from_bytes(raw[-4:], "little") == fletcher32(raw[:-4])


@pytest.mark.parametrize(
    ("options", "content", "message"),
    [
        ({"compression": "gzip"}, zlib.compress(bytes(100)), "unpacks to 100 bytes where 2024 are due"),
        ({"compression": "gzip"}, zlib.compress(bytes(2025)), "unpacks to 2025 bytes where 2024"),
        ({"compression": "gzip"}, zlib.compress(bytes(10**6)), "cut short or unpacks to more than 2024"),
        ({"compression": "gzip"}, zlib.compress(bytes(2024))[:-3], "cut short"),
        ({"shuffle": True}, bytes(2023), "cannot be shuffled by 8"),
        ({"fletcher32": True}, bytes(2), "differs from its checksum"),
        ({"fletcher32": True}, b"\x01" + bytes(2027), "differs from its checksum"),
    ],
)
def test_chunks_of_another_length_are_refused(
    tmp_path: Path, options: dict[str, Any], content: bytes, message: str
) -> None:
    """HDF5 would read beyond its buffer, or end the process."""
    with h5py.File(tmp_path / "x.h5", "w") as file:
        dataset = file.create_dataset("d", (23, 11), "f8", chunks=(23, 11), **options)
        dataset.id.write_direct_chunk((0, 0), content)
        with pytest.raises(ValueError, match=message):
            Chunks(dataset)[:]


def test_chunks_that_left_filters_out_are_refused(tmp_path: Path) -> None:
    """A chunk may say that it skipped a filter; none that was written whole does."""
    with h5py.File(tmp_path / "x.h5", "w") as file:
        dataset = file.create_dataset("d", (23, 11), "f8", chunks=(23, 11), compression="gzip")
        dataset.id.write_direct_chunk((0, 0), TABLE.tobytes(), filter_mask=1)
    with h5py.File(tmp_path / "x.h5") as file, pytest.raises(ValueError, match="has left out filters"):
        Chunks(file["d"])[:]


def test_a_band_is_unpacked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading row by row unpacks no chunk twice."""
    calls, read = [], Chunks._read

    def counted(self: Chunks, place: tuple[int, ...]) -> np.ndarray:
        calls.append(place)
        return read(self, place)

    monkeypatch.setattr(Chunks, "_read", counted)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        chunks = Chunks(file.create_dataset("d", data=TABLE, **GZIP))
        for row in range(23):
            assert np.array_equal(TABLE[row], chunks[row : row + 1][0])

    assert len(calls) == len(set(calls)) == 4 * 3
