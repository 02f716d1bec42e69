"""A user's npz file: who gets which rows, and what is refused before it is loaded."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.lib import format as npy

from runner.contract import read_contract
from runner.data import arrays
from runner.data.arrays import Arrays, open_source
from runner.findings import InputRefused
from runner.numerics.noise import normals
from runner.numerics.observation import noise_key

RANDOM = np.random.default_rng(4)
X = RANDOM.normal(size=(100, 6)).astype(np.float16)
SIGMA = RANDOM.uniform(1, 2, size=(100, 6)).astype(np.float32)
MASS = np.arange(100, dtype=np.float32)
WHOLE = {"X": X, "sigma": SIGMA, "mass": MASS, "age": MASS[::-1].astype(np.int16), "wave": np.arange(6)}
SEEN: dict[str, Any] = {"target": "mass", "axes": {"noise": 0.0}, "seed": 0, "device": "cpu"}


def opened(folder: Path, content: dict[str, Any] = WHOLE, **options: Any) -> Arrays:
    """Save the content and open it with 20 validation and 30 test rows."""
    np.savez_compressed(folder / "table.npz", **content)
    return open_source({"path": "table.npz", "val": 20, "test": 30, **options}, folder)


def changed(**arrays: Any) -> dict[str, Any]:
    """The whole file with other arrays; None leaves one out."""
    return {name: array for name, array in {**WHOLE, **arrays}.items() if array is not None}


def write(folder: Path, **members: bytes) -> None:
    """Write an npz file of hand-made members."""
    with zipfile.ZipFile(folder / "table.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)


def member(shape: tuple[int, ...], content: bytes, descr: str = "<f8") -> bytes:
    """One npy member whose header says what it likes."""
    stream = io.BytesIO()
    npy.write_array_header_1_0(stream, {"descr": descr, "fortran_order": False, "shape": shape})
    return stream.getvalue() + content


@pytest.mark.parametrize(("split", "first", "size"), [("train", 0, 50), ("val", 50, 20), ("test", 70, 30)])
def test_splits_stand_where_they_should(tmp_path: Path, split: str, first: int, size: int) -> None:
    """Training rows come first, test rows last, validation rows between; fewer rows are the first ones."""
    source = opened(tmp_path)

    for rows in (size, 7):
        labels = source.labels(split, rows)
        part = source.split(split, rows, **SEEN)
        assert np.array_equal(MASS[first : first + rows], labels["mass"])
        assert np.array_equal(X[first : first + rows], torch.cat(list(part.inputs(3))).numpy())
        assert part.rows == rows
    assert source.size(split) == size


def test_labels_are_the_columns_with_a_number_per_row(tmp_path: Path) -> None:
    """Inputs, noise and arrays of another length are no labels; units are taken from the options."""
    source = opened(tmp_path, columns={"mass": "kg"})

    assert source.columns == {"mass": "kg", "age": ""}
    assert {"mass", "age"} == set(source.labels("val", 3))
    assert all(column.dtype == np.float64 for column in source.labels("val", 3).values())


def test_the_target_is_the_named_column(tmp_path: Path) -> None:
    """A job reads the column the protocol names."""
    part = opened(tmp_path).split("train", 5, **{**SEEN, "target": "age"})

    assert next(part.pairs(5))[1].tolist() == [99, 98, 97, 96, 95]


def test_noise_is_scaled_by_the_stored_sigma(tmp_path: Path) -> None:
    """What is added to a row is the noise times its own sigma times the normals of its split."""
    part = opened(tmp_path).split("val", 20, **{**SEEN, "axes": {"noise": 2.0}})
    z = normals(noise_key(0, "val"), torch.arange(20), 6).numpy()

    np.testing.assert_allclose(next(part.inputs(20)), X[50:70] + 2 * SIGMA[50:70] * z, rtol=1e-5)


def test_without_sigma_the_only_noise_is_zero(tmp_path: Path) -> None:
    """A file without sigma can be seen clean and not otherwise."""
    source = opened(tmp_path, changed(sigma=None))

    assert source.split("val", 3, **SEEN).rows == 3
    with pytest.raises(InputRefused, match="the only noise is 0"):
        source.split("val", 3, **{**SEEN, "axes": {"noise": 0.5}})


@pytest.mark.parametrize(("split", "rows"), [("train", 51), ("val", 21), ("test", 31), ("train", -1)])
def test_rows_of_another_split_are_refused(tmp_path: Path, split: str, rows: int) -> None:
    """Asking for more rows than a split has would overlap its neighbour; the message has the numbers."""
    message = rf"{rows} {split} rows .* table.npz has 100 rows: 50 train, 20 val, 30 test"
    source = opened(tmp_path)

    with pytest.raises(InputRefused, match=message):
        source.split(split, rows, **SEEN)
    with pytest.raises(InputRefused, match=message):
        source.labels(split, rows)


@pytest.mark.parametrize("options", [{"val": 71}, {"test": 81}, {"val": -1}, {"test": -1}])
def test_splits_that_do_not_fit_are_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    """Validation and test rows must leave at least nothing for training."""
    with pytest.raises(InputRefused, match="has 100 rows, which cannot give val"):
        opened(tmp_path, **options)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (changed(X=None), "no array `X`; it has age, mass, sigma, wave"),
        (changed(X=MASS), r"`X` must have rows and columns; its shape is \(100,\)"),
        (changed(X=np.ones((0, 3))), r"its shape is \(0, 3\)"),
        (changed(sigma=SIGMA[:, :5]), r"`sigma` has shape \(100, 5\) and `X` has \(100, 6\)"),
        (changed(sigma=-SIGMA), "`sigma` must not be negative"),
        (changed(X=np.where(X[17, 2] == X, np.nan, X)), "`X` is not finite in 1 places, first in row 17"),
        (changed(X=np.full((100, 6), 1e300)), "`X` is not finite in 600 places"),
        (changed(sigma=np.full((100, 6), np.inf)), "`sigma` is not finite"),
        (changed(age=np.where(MASS == 5, np.nan, MASS)), "`age` is not finite in 1 places, first in row 5"),
        (changed(mass=MASS.astype(complex)), "`mass` is of type complex128; only numbers are read"),
        (changed(mass=MASS.astype(str)), "`mass` is of type <U"),
        (changed(mass=MASS.astype(object)), "`mass` is of type object"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, content: dict[str, Any], message: str) -> None:
    """Every misfit has one line that names the array and what is wrong with it."""
    with pytest.raises(InputRefused, match=message):
        opened(tmp_path, content)


def test_missing_columns_are_answered_with_those_there_are(tmp_path: Path) -> None:
    """A wrong name in `columns` or `target` lists the right ones."""
    message = "no label column `luck`; it has age, mass"

    with pytest.raises(InputRefused, match=message):
        opened(tmp_path, columns={"luck": ""})
    with pytest.raises(InputRefused, match=message):
        opened(tmp_path).split("train", 1, **{**SEEN, "target": "luck"})


def test_integers_and_foreign_byte_orders_are_read(tmp_path: Path) -> None:
    """Numbers of any real type reach a job as float32."""
    for kind in (">f4", ">f8", "<i4", "u1", "?", "<f8"):
        source = opened(tmp_path, changed(X=np.ones((100, 6), kind)))
        assert torch.equal(torch.ones(4, 6), next(source.split("train", 4, **SEEN).inputs(9)))


@pytest.mark.parametrize(
    "content",
    [
        member((10**12,), b"12345678"),
        member((2, 2), b"12345678"),
        member((-1, -1), b"12345678"),
        member((0,), b"12345678"),
    ],
    ids=["huge", "short", "negative", "long"],
)
def test_a_header_that_lies_about_its_size_is_refused(tmp_path: Path, content: bytes) -> None:
    """Terabytes that are not there are refused by arithmetic, before an array is made."""
    write(tmp_path, X=content)

    with pytest.raises(InputRefused, match=r"declares .* bytes and has|is damaged"):
        open_source({"path": "table.npz", "val": 0, "test": 0}, tmp_path)


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file of zeros may not fill the memory."""
    monkeypatch.setattr(arrays, "LARGEST", 10_000)

    with pytest.raises(InputRefused, match=r"unpacks to .* bytes; the limit is 10,000"):
        opened(tmp_path, {"X": np.zeros((10_000, 2))})


@pytest.mark.parametrize("descr", ["|O", "[('a', '<f8')]", "<M8[s]", "evil"])
def test_types_that_are_no_numbers_are_refused(tmp_path: Path, descr: str) -> None:
    """Objects, records, dates and nonsense are never read."""
    write(tmp_path, X=member((1,), b"12345678", descr))

    with pytest.raises(InputRefused, match=r"only numbers are read|damaged"):
        open_source({"path": "table.npz", "val": 0, "test": 0}, tmp_path)


@pytest.mark.parametrize("name", ["X.txt", "a/X.npy", "../X.npy", "1.npy"])
def test_members_that_are_no_arrays_are_refused(tmp_path: Path, name: str) -> None:
    """A file with anything but arrays in it was not made for this source."""
    with zipfile.ZipFile(tmp_path / "table.npz", "w") as archive:
        archive.writestr(name, member((1,), b"12345678"))

    with pytest.raises(InputRefused, match="names no array"):
        open_source({"path": "table.npz", "val": 0, "test": 0}, tmp_path)


def test_damage_anywhere_in_the_file_is_one_clear_line(tmp_path: Path) -> None:
    """A file cut short or with a flipped byte is refused or read, never a traceback."""
    opened(tmp_path)
    whole = (tmp_path / "table.npz").read_bytes()
    options = {"path": "table.npz", "val": 20, "test": 30}

    refused = 0
    for place in range(0, len(whole), 41):
        flipped = whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :]
        for content in (whole[:place], flipped):
            (tmp_path / "table.npz").write_bytes(content)
            try:
                open_source(options, tmp_path)
            except InputRefused:
                refused += 1

    assert refused > len(whole) / 41


def test_missing_files_and_paths_outside_are_refused(tmp_path: Path) -> None:
    """The path is relative to the knowledge base and must be there."""
    for path, message in [("no.npz", "no.npz cannot be read"), ("../x.npz", "data.path"), (".", "data.path")]:
        with pytest.raises(InputRefused, match=message):
            open_source({"path": path, "val": 1, "test": 1}, tmp_path)


@pytest.mark.parametrize("name", ["table.h5", "table.hdf5"])
def test_hdf5_is_refused_for_now(tmp_path: Path, name: str) -> None:
    """HDF5 has one clear line until it is read."""
    with pytest.raises(InputRefused, match="HDF5 is another source"):
        open_source({"path": name, "val": 1, "test": 1}, tmp_path)


def test_the_only_axis_is_the_noise(tmp_path: Path) -> None:
    """A table has no magnitudes to be moved to; without axes its rows are clean."""
    source = opened(tmp_path)

    with pytest.raises(InputRefused, match="arrays has no axis `mag`; it has noise"):
        source.split("val", 3, **{**SEEN, "axes": {"mag": 21.5}})
    assert np.array_equal(X[50:53], next(source.split("val", 3, **{**SEEN, "axes": {}}).inputs(3)))
    assert read_contract(Path(arrays.__file__)).axes == {"noise": ()}


def test_positions_say_where_the_inputs_stand(tmp_path: Path) -> None:
    """Every split has those of the file, none where it has none; they are no label, not even of as many rows."""
    source = opened(tmp_path, changed(positions=np.linspace(5, 6, 6)))

    for split in ("train", "val", "test"):
        positions = source.split(split, 3, **SEEN).positions
        assert positions is not None
        assert (positions.dtype.name, positions.tolist()) == ("float64", np.linspace(5, 6, 6).tolist())
    square = opened(tmp_path, {"X": np.eye(100), "mass": MASS, "positions": MASS})
    assert set(source.columns) | set(square.columns) == {"mass", "age"}
    assert opened(tmp_path).split("train", 3, **SEEN).positions is None


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        (np.zeros(100), r"`positions` has shape \(100,\) and `X` has 6 columns"),
        (np.zeros((6, 1)), r"`positions` has shape \(6, 1\)"),
        (np.array([0, 1, 2, np.nan, 4, 5]), "`positions` is not finite in 1 places, first in row 3"),
    ],
)
def test_positions_that_are_none_are_refused(tmp_path: Path, positions: np.ndarray, message: str) -> None:
    """One finite number per column of X."""
    with pytest.raises(InputRefused, match=message):
        opened(tmp_path, changed(positions=positions))
