"""Arrays on disk: rounded once, hashed by content, and read without trusting the file."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib import format as npy

from runner.findings import ArtefactDamaged
from runner.results import arrays
from runner.results.arrays import digest, pack, rounded, unpack

PLAIN = np.linspace(-1, 1, 50, dtype=np.float32)
STORED = ["<f2", "<f4", "<f8", "<i2", "<i4", "<i8", "<u4", "|i1", "|u1", "|b1"]


def zipped(folder: Path, **members: bytes) -> Path:
    """Write a zip of hand-made members."""
    path = folder / "made.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


def member(values: Any, **header: Any) -> bytes:
    """Return an array as the bytes of a member, its header telling other things where asked to."""
    told = {**npy.header_data_from_array_1_0(np.asarray(values)), **header}
    stream = io.BytesIO()
    npy.write_array_header_1_0(stream, told)
    return stream.getvalue() + np.asarray(values).tobytes()


def refusal(path: Path) -> str:
    """Return why a file is refused, after seeing that the message names it and its code."""
    with pytest.raises(ArtefactDamaged) as refused:
        unpack(path, "toy/results/TOY-1.npz")
    assert (refused.value.code, str(refused.value.place)) == ("LG402", "toy/results/TOY-1.npz")
    return refused.value.message


@given(st.floats(min_value=2**-126, max_value=3e38), st.sampled_from([1, -1]))
def test_rounding_errs_by_at_most_half_a_bit(value: float, sign: int) -> None:
    """Fourteen mantissa bits remain: the relative error is at most 2**-15, and rounding again changes nothing."""
    single = np.array([sign * value], dtype=np.float32)
    kept = rounded(single)

    assert abs(kept.astype(float) - single.astype(float)) <= 2.0**-15 * abs(single.astype(float))
    assert (kept.view(np.uint32) & 0x1FF) == 0
    np.testing.assert_array_equal(rounded(kept), kept)


def test_rounding_goes_to_the_nearest_and_half_away_from_zero() -> None:
    """Between two neighbours of 14 bits the nearer one is kept, and the larger one half way."""
    step = 2.0**-14
    written = 1 + step * np.array([0.49, 0.5, 0.51, 1.49, 1.5])

    expected = 1 + step * np.array([0, 1, 1, 1, 2])
    np.testing.assert_array_equal(rounded(written), expected.astype(np.float32))
    np.testing.assert_array_equal(rounded(-written), -expected.astype(np.float32))


def test_rounding_keeps_what_is_no_ordinary_number() -> None:
    """Infinities, NaN, and the sign of zero pass through; NaN with any payload stays NaN."""
    payload = np.array([0x7F800001, 0xFFFFFFFF], dtype=np.uint32).view(np.float32)
    kept = rounded(np.array([np.inf, -np.inf, np.nan, 0.0, -0.0]))

    np.testing.assert_array_equal(kept, [np.inf, -np.inf, np.nan, 0.0, 0.0])
    assert np.signbit(kept).tolist() == [False, True, False, False, True]
    assert np.isnan(rounded(payload)).all()


def test_rounding_gives_single_precision_and_leaves_its_input() -> None:
    """What is stored is float32, and the caller's array is not touched."""
    given_ = np.array([1.00001, 2.00001])

    assert rounded(given_).dtype == np.float32
    assert rounded(given_[::-1])[0] == rounded(given_)[1]
    assert given_.tolist() == [1.00001, 2.00001]


def test_the_digest_ignores_the_zip(tmp_path: Path) -> None:
    """The same arrays in a compressed and in a plain file have the same digest."""
    np.savez(tmp_path / "plain.npz", a=PLAIN)
    (tmp_path / "small.npz").write_bytes(pack({"a": PLAIN}))
    files = [tmp_path / "plain.npz", tmp_path / "small.npz"]

    assert files[0].read_bytes() != files[1].read_bytes()
    assert {digest(unpack(file, file.name)["a"]) for file in files} == {digest(PLAIN)}


def test_the_digest_ignores_the_layout_in_memory() -> None:
    """A view with strides and a column-major copy hold the same content."""
    table = np.arange(12.0).reshape(3, 4)

    assert digest(np.asfortranarray(table)) == digest(table)
    assert digest(np.repeat(PLAIN, 2)[::2]) == digest(PLAIN)


@pytest.mark.parametrize(
    "other",
    [
        PLAIN.astype(np.float64),
        PLAIN.view(np.int32),
        PLAIN.reshape(5, 10),
        PLAIN.reshape(10, 5),
        np.nextafter(PLAIN, 2),
        PLAIN[:-1],
        PLAIN[::-1],
    ],
    ids=["float64", "same bytes as int32", "5x10", "10x5", "last bit", "shorter", "reversed"],
)
def test_the_digest_sees_type_shape_and_bytes(other: np.ndarray) -> None:
    """Anything else about the array is another digest."""
    assert digest(other) != digest(PLAIN)


def test_packing_knows_no_order_and_no_clock() -> None:
    """The same arrays give the same bytes, in whatever order they come."""
    assert pack({"a": PLAIN, "b/test": -PLAIN}) == pack({"b/test": -PLAIN, "a": PLAIN})


@pytest.mark.parametrize("kind", STORED)
@pytest.mark.parametrize("count", [0, 1, 50])
def test_packed_arrays_come_back(tmp_path: Path, kind: str, count: int) -> None:
    """Every type a label or a prediction may have survives, an empty split too."""
    values = np.arange(count).astype(kind)
    (tmp_path / "a.npz").write_bytes(pack({"weak/test": values, "strong/val": PLAIN}))

    stored = unpack(tmp_path / "a.npz", "a.npz")

    assert sorted(stored) == ["strong/val", "weak/test"]
    assert stored["weak/test"].dtype == values.dtype
    np.testing.assert_array_equal(stored["weak/test"], values)


def test_pickles_are_not_opened(tmp_path: Path) -> None:
    """An array of objects is refused before anything of it is run."""

    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "exploded",)

    np.savez(tmp_path / "bomb.npz", a=np.array([Bomb()], dtype=object))

    assert refusal(tmp_path / "bomb.npz") == "not a readable npz file: a.npy is not a list of numbers"
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    "content",
    [
        member(np.array(["1", "2"])),
        member(np.array([1 + 2j])),
        member(np.zeros((2, 2))),
        member(np.float64(3)),
        member(np.zeros(2, dtype=">f8")),
        member(np.zeros(2, dtype=[("x", "<f8")])),
        b"1, 2, 3",
        b"",
        member(PLAIN)[:9],
    ],
    ids=["text", "complex", "table", "scalar", "big-endian", "record", "no array", "empty", "half a header"],
)
def test_only_lists_of_plain_numbers_are_read(tmp_path: Path, content: bytes) -> None:
    """Predictions and labels are lists of numbers; whatever else a member holds is refused."""
    assert "a.npy is not a list of numbers" in refusal(zipped(tmp_path, a=content))


@pytest.mark.parametrize("count", [0, 49, 51, 10**9 - 1, 10**15])
def test_a_header_that_miscounts_is_refused(tmp_path: Path, count: int) -> None:
    """A header claiming petabytes allocates nothing: the bytes that are there decide."""
    assert "a.npy" in refusal(zipped(tmp_path, a=member(PLAIN, shape=(count,))))


def test_a_file_that_claims_gigabytes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sizes that the zip declares are added up before the first member is opened."""
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("opened"))
    monkeypatch.setattr(arrays, "LARGEST", 1000)
    path = zipped(tmp_path, a=member(np.zeros(80)), b=member(np.zeros(80)))

    assert refusal(path).startswith("not a readable npz file: it claims more than")


def test_a_damaged_file_is_refused_or_reads_the_same(tmp_path: Path) -> None:
    """Whichever byte is flipped, the arrays that come back are the arrays written, or there is one clear message."""
    path, content = tmp_path / "a.npz", pack({"a": PLAIN})
    outcomes = set()
    for at in range(len(content)):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])
        try:
            outcomes.add(digest(next(iter(unpack(path, "a.npz").values()))))
        except ArtefactDamaged as error:
            outcomes.add(error.code)

    assert outcomes == {digest(PLAIN), "LG402"}


@pytest.mark.parametrize("keep", [0, 1, 30, 200, -1])
def test_a_truncated_file_is_refused(tmp_path: Path, keep: int) -> None:
    """Half a file is no file."""
    path = tmp_path / "a.npz"
    path.write_bytes(pack({"a": PLAIN})[:keep])

    assert refusal(path).startswith("not a readable npz file: ")


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    """No file is told apart from a damaged one, without its path on this machine."""
    assert refusal(tmp_path / "gone.npz") == "cannot be read: No such file or directory"
