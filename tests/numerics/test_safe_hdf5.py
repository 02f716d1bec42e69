"""HDF5 files made to deceive: what is refused, before a byte of it is read."""

from __future__ import annotations

import os
from collections.abc import Callable
from operator import methodcaller
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from runner.findings import InputRefused
from runner.numerics import safe_hdf5
from runner.numerics.safe_hdf5 import SafeFile
from tests.numerics.hostile_files import read, refusal, written

VALUES = np.arange(12.0).reshape(4, 3)
HUGE = 2**25, 1024  # 128 GiB of float32


def filtered(file: h5py.File, code: int) -> None:
    """Declare a filter that this machine may not have."""
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_chunk((2, 3))
    plan.set_filter(code, h5py.h5z.FLAG_OPTIONAL, ())
    h5py.h5d.create(file.id, b"d", h5py.h5t.NATIVE_FLOAT, h5py.h5s.create_simple((4, 3)), plan)


def packed(file: h5py.File, shape: tuple[int, int], content: bytes) -> None:
    """One chunk of the whole shape that holds some bytes."""
    dataset = file.create_dataset("d", shape, "f4", chunks=shape, compression="gzip")
    dataset.id.write_direct_chunk((0, 0), content)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"chunks": (2, 2)},
        {"chunks": (3, 2), "compression": "gzip", "shuffle": True, "fletcher32": True},
        {"chunks": True, "compression": "gzip"},
        {"chunks": (2, 2), "maxshape": (None, 3)},
    ],
)
def test_honest_datasets_are_read(tmp_path: Path, options: dict) -> None:
    """Every layout and every filter that is undone here passes the checks."""
    path = written(tmp_path, lambda file: file.create_dataset("d", data=VALUES, **options))

    assert np.array_equal(VALUES, read(path))


def test_links_to_other_files_are_not_followed(tmp_path: Path) -> None:
    """An external link is refused on the way and at its end, and the other file is not opened."""
    os.mkfifo(tmp_path / "other.h5")  # opening it would wait for ever

    def link(file: h5py.File) -> None:
        file["away"] = h5py.ExternalLink("other.h5", "/d")
        file["soft"] = h5py.SoftLink("/away/d")

    for name in ("away", "away/d", "soft"):
        assert "is a link to another file" in refusal(tmp_path, link, name)
    with SafeFile(tmp_path / "x.h5", "x.h5") as file, pytest.raises(InputRefused, match="another file"):
        file.has("away/d")


def test_values_in_other_files_are_not_fetched(tmp_path: Path) -> None:
    """External storage would read any file of the person who runs this."""
    (tmp_path / "secret").write_bytes(bytes(96))
    storage = [(str(tmp_path / "secret"), 0, 96)]

    message = refusal(tmp_path, lambda file: file.create_dataset("d", (4, 3), "f8", external=storage))
    assert "keeps its values in other files" in message


def test_virtual_datasets_are_refused(tmp_path: Path) -> None:
    """A virtual dataset is a patchwork of other files."""
    layout = h5py.VirtualLayout((4, 3), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "d", (4, 3))

    message = refusal(tmp_path, lambda file: file.create_virtual_dataset("d", layout))
    assert "is a virtual dataset" in message


@pytest.mark.parametrize("code", [32001, 65535, h5py.h5z.FILTER_LZF, h5py.h5z.FILTER_SCALEOFFSET])
def test_other_filters_are_refused_by_number(tmp_path: Path, code: int) -> None:
    """A filter that is not on the list is named, whether or not this machine has it."""
    assert f"is packed by filter {code} (" in refusal(tmp_path, lambda file: filtered(file, code))


def test_no_folder_of_plugins_is_left(tmp_path: Path) -> None:
    """Filters are code; none can be loaded once a file was opened here."""
    h5py.h5pl.prepend(b"/tmp/plugins")
    path = written(tmp_path, lambda file: file.create_dataset("d", data=VALUES))

    SafeFile(path, "x.h5").close()
    assert h5py.h5pl.size() == 0


@pytest.mark.parametrize(
    "write",
    [
        lambda file: file.create_dataset("d", HUGE, "f4"),
        lambda file: file.create_dataset("d", HUGE, "f4", chunks=(64, 1024), compression="gzip"),
        lambda file: file.create_dataset("d", HUGE, "f4", chunks=(64, 1024))[0:64].sum(),
    ],
    ids=["contiguous", "packed", "chunked"],
)
def test_a_shape_without_values_is_refused(tmp_path: Path, write: Callable[[h5py.File], Any]) -> None:
    """A file of a few kilobytes that claims 128 GiB is refused by arithmetic."""
    assert "and holds 0" in refusal(tmp_path, write)
    assert (tmp_path / "x.h5").stat().st_size < 10_000


def test_a_missing_chunk_is_refused(tmp_path: Path) -> None:
    """Rows that were never written would silently read as zeros."""

    def write(file: h5py.File) -> None:
        file.create_dataset("d", (10, 3), "f4", chunks=(2, 3))[:8] = 1

    assert "declares 5 chunks and holds 4" in refusal(tmp_path, write)


def test_a_chunk_that_claims_too_much_is_refused(tmp_path: Path) -> None:
    """Ten bytes cannot unpack to 64 MiB, and half a GiB at once is too much even where it could."""
    bomb = refusal(tmp_path, lambda file: packed(file, (2**14, 1024), b"0123456789"))
    large = refusal(tmp_path, lambda file: packed(file, (2**17, 1024), bytes(10**6)))

    assert "declares 67,108,864 bytes, which cannot be packed into 10" in bomb
    assert "has chunks that hold one row in 536,870,912 bytes; at most 268,435,456" in large


def test_chunks_that_are_tall_are_refused_by_the_band(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All chunks that one row runs through are unpacked together, so it is their sum that counts."""
    monkeypatch.setattr(safe_hdf5, "LARGEST_BAND", 99)
    options = {"data": np.zeros((3, 8), "f4"), "chunks": (3, 3)}

    assert "in 108 bytes; at most 99" in refusal(tmp_path, methodcaller("create_dataset", "d", **options))


def test_the_tightest_honest_packing_is_read(tmp_path: Path) -> None:
    """A column of one value is packed a thousand to one, and that is no lie."""
    zeros = np.zeros((1000, 1000), np.float32)
    options = {"chunks": zeros.shape, "compression": "gzip", "compression_opts": 9}
    path = written(tmp_path, lambda file: file.create_dataset("d", data=zeros, **options))

    assert path.stat().st_size < zeros.nbytes / 500
    assert np.array_equal(zeros, read(path))


def test_a_declared_length_changed_by_hand_is_refused(tmp_path: Path) -> None:
    """Rows added to the header of a whole file are not there."""
    rows = np.ones((12345, 1), np.float32)
    for options in ({}, {"chunks": (100, 1)}):
        path = written(tmp_path, methodcaller("create_dataset", "d", data=rows, **options))
        content = path.read_bytes()
        assert (12345).to_bytes(8, "little") in content
        path.write_bytes(content.replace((12345).to_bytes(8, "little"), (12345 << 24).to_bytes(8, "little")))

        with pytest.raises(InputRefused, match=r"declares|invalid dataset size"):
            read(path)


def test_a_row_that_fills_the_memory_is_refused(tmp_path: Path) -> None:
    """However few rows are read at a time, one must fit."""
    message = refusal(tmp_path, lambda file: file.create_dataset("d", data=np.zeros((1, 2**20 + 1), "f4")))

    assert "has 4,194,308 bytes in a row; at most 4,194,304" in message


def test_missing_datasets_are_answered_with_those_there_are(tmp_path: Path) -> None:
    """One line names the path and what stands where it ends."""

    def write(file: h5py.File) -> None:
        file["a/flux"] = VALUES
        file["a/noisy"] = VALUES

    assert refusal(tmp_path, write, "a/error/value") == "x.h5 has no `a/error/value`; `/a` has flux, noisy"
    assert refusal(tmp_path, write, "b") == "x.h5 has no `b`; `/` has a"
    assert refusal(tmp_path, write, "a/flux/value").endswith("`/a/flux` has nothing")
    assert refusal(tmp_path, write, "a") == "x.h5: `a` is no dataset"


def test_names_cannot_steer_a_terminal(tmp_path: Path) -> None:
    """An escape sequence in a name is shown as a question mark."""

    def write(file: h5py.File) -> None:
        file["a/\x1b[2J"] = VALUES
        file["b"] = h5py.SoftLink("/a/\x1b[2J/c")

    assert refusal(tmp_path, write, "a/error").endswith("`/a` has ?[2J")
    assert refusal(tmp_path, write, "b").endswith("`/a/?[2J` has nothing")


def test_soft_links_are_followed_eight_deep(tmp_path: Path) -> None:
    """Links within the file work, absolute and relative; more than eight or a circle are refused."""

    def write(file: h5py.File) -> None:
        file["a/l0"] = VALUES
        for number in range(1, 10):
            file[f"a/l{number}"] = h5py.SoftLink(f"/a/l{number - 1}" if number % 2 else f"l{number - 1}")
        file["circle"] = h5py.SoftLink("/circle")
        file["nowhere"] = h5py.SoftLink("/a/b")

    path = written(tmp_path, write)
    assert np.array_equal(VALUES, read(path, "a/l8"))
    for name in ("a/l9", "circle"):
        with pytest.raises(InputRefused, match="leads through more than 8 links"):
            read(path, name)
    with pytest.raises(InputRefused, match="has no `nowhere`; `/a` has l0, l1"):
        read(path, "nowhere")


def test_what_is_no_hdf5_file_is_one_line(tmp_path: Path) -> None:
    """Text, nothing, half a file, a folder, a pipe and a missing file each have their reason."""
    whole = written(tmp_path, lambda file: file.create_dataset("d", data=VALUES)).read_bytes()
    for content in (b"", b"hello", whole[:-100], whole[: len(whole) // 2]):
        (tmp_path / "x.h5").write_bytes(content)
        with pytest.raises(InputRefused, match=r"x\.h5 is damaged or no HDF5 file"):
            read(tmp_path / "x.h5")
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", ".", "missing"):
        with pytest.raises(InputRefused, match="cannot be read"):
            read(tmp_path / name)


def test_attributes_are_text_or_what_they_are(tmp_path: Path) -> None:
    """Text of either kind comes as str, numbers as numbers, absence as nothing; huge ones are refused."""

    def write(file: h5py.File) -> None:
        file.attrs.update({"fixed": np.bytes_(b"frame"), "free": "frame", "number": 3})

    with SafeFile(written(tmp_path, write), "x.h5") as file:
        assert [file.attribute("/", n) for n in ("fixed", "free", "number", "none")] == ["frame", "frame", 3, None]


def test_huge_attributes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An attribute is held in memory whole, so it has a limit."""
    monkeypatch.setattr(safe_hdf5, "LARGEST_ATTRIBUTE", 10)
    path = written(tmp_path, lambda file: file.attrs.update({"a": np.zeros(11, "u1")}))

    with SafeFile(path, "x.h5") as file, pytest.raises(InputRefused, match="`a` of `/` is too large"):
        file.attribute("/", "a")
