"""Frames that pandas wrote, read back without pandas: pandas itself is the oracle."""

from __future__ import annotations

import os
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest

from runner.findings import InputRefused
from runner.numerics import pandas_table
from runner.numerics.pandas_table import PandasTable
from runner.numerics.safe_hdf5 import SafeFile

KEY = "dataset/params"
RANDOM = np.random.default_rng(8)
FLOATS = {name: RANDOM.normal(size=30) for name in ("T_eff", "log_g", "M_H")}
MIXED = {**FLOATS, "id": np.arange(30), "snr": np.float32(FLOATS["T_eff"]), "ok": FLOATS["M_H"] > 0}
TEXTS = {**MIXED, "name": [f"star {row}" for row in range(30)], "day": pd.date_range("2025-12-04", periods=30)}
INDEX = pd.Index(RANDOM.permutation(30) * 7, name="source")


def written(folder: Path, frame: pd.DataFrame, **options: Any) -> Path:
    """A file that pandas wrote."""
    path = folder / "x.h5"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas pickles columns of text and says that this is slow
        frame.to_hdf(path, key=KEY, mode="w", **options)
    return path


def columns(path: Path, start: int, stop: int) -> pd.DataFrame:
    """All columns of numbers of a file, as we read them."""
    with SafeFile(path, path.name) as file:
        table = PandasTable(file, KEY)
        return pd.DataFrame(table.read(table.columns, start, stop))


def refusal(path: Path) -> str:
    """What is said about the frame of a file."""
    with pytest.raises(InputRefused) as caught:
        columns(path, 0, 1)
    return str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"format": "fixed"},
        {"format": "fixed", "complib": "zlib", "complevel": 5},
        {"format": "table"},
        {"format": "table", "index": False},
        {"format": "table", "data_columns": True},
        {"format": "table", "data_columns": ["snr", "M_H"], "complib": "zlib", "complevel": 5},
    ],
    ids=str,
)
@pytest.mark.parametrize("content", [FLOATS, MIXED, TEXTS], ids=["one block", "mixed", "texts"])
@pytest.mark.parametrize("index", [None, INDEX], ids=["numbered", "named"])
def test_frames_read_as_pandas_reads_them(tmp_path: Path, content: dict, options: dict, index: Any) -> None:
    """Both layouts, one block or several, any index: each column of numbers is what pandas.read_hdf gives."""
    path = written(tmp_path, pd.DataFrame(content).set_axis(index if index is not None else range(30)), **options)
    oracle = pd.read_hdf(path, KEY).select_dtypes(["number", "bool"]).reset_index(drop=True).astype(float)

    ours = columns(path, 0, 30)
    assert set(oracle.columns) == set(ours.columns)
    pd.testing.assert_frame_equal(oracle, ours[oracle.columns], check_exact=True)


@pytest.mark.parametrize("layout", ["fixed", "table"])
def test_some_rows_are_those_rows_whatever_the_pieces(
    tmp_path: Path, layout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading a part, in pieces of two rows or so, gives the rows of that part."""
    path = written(tmp_path, pd.DataFrame(MIXED), format=layout)
    monkeypatch.setattr(pandas_table, "PIECE", 100)

    assert np.array_equal(FLOATS["log_g"][7:20], columns(path, 7, 20)["log_g"])
    assert columns(path, 7, 7).empty


def test_appended_tables_have_all_their_rows(tmp_path: Path) -> None:
    """A table that grew in steps is read to its end."""
    path = written(tmp_path, pd.DataFrame(FLOATS), format="table")
    pd.DataFrame(FLOATS).to_hdf(path, key=KEY, format="table", append=True)

    assert np.array_equal(np.tile(FLOATS["M_H"], 2), columns(path, 0, 60)["M_H"])


def test_missing_values_come_as_nan(tmp_path: Path) -> None:
    """NaN is a value; whoever asks for the column decides."""
    for layout in ("fixed", "table"):
        path = written(tmp_path, pd.DataFrame({"a": [1.0, np.nan], "b": [1, 2]}), format=layout)
        assert np.isnan(columns(path, 0, 2)["a"][1])


def test_names_of_any_script_are_read(tmp_path: Path) -> None:
    """Column names are text, not ASCII."""
    for layout in ("fixed", "table"):
        path = written(tmp_path, pd.DataFrame({"é": [3.0], "[α/M]": [1.0], "Å 温度": [2.0]}), format=layout)
        assert columns(path, 0, 1).to_dict("list") == {"é": [3.0], "[α/M]": [1.0], "Å 温度": [2.0]}


def test_lists_of_older_pythons_are_read() -> None:
    """Python 2 pickled its texts in quotes."""
    assert pandas_table.listed("(lp0\nS'T_eff'\np1\naS'M_H'\np2\na.") == ["T_eff", "M_H"]


def test_names_cannot_steer_a_terminal(tmp_path: Path) -> None:
    """An escape sequence in a column's name is shown as a question mark."""
    for layout in ("fixed", "table"):
        path = written(tmp_path, pd.DataFrame({"a\x1b[2J": [1.0]}), format=layout)
        assert list(columns(path, 0, 1)) == ["a?[2J"]


class Bomb:
    """Unpickling this would leave a mark."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        """Say what to call."""
        return os.mkdir, ("exploded",)


def test_pickles_are_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pickle that would call something is refused, and nothing was called."""
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path, pd.DataFrame(FLOATS), format="table")
    for content in (pickle.dumps([Bomb()], 0), b"(lp0\nVT_eff", b"(dp0\n.", b"nonsense"):
        with h5py.File(path, "a") as file:
            file[f"{KEY}/table"].attrs["values_block_0_kind"] = np.bytes_(content)
        assert "the names of `dataset/params/table`" in refusal(path)
    assert not (tmp_path / "exploded").exists()


def test_what_is_no_frame_is_refused(tmp_path: Path) -> None:
    """A series, a plain group and a frame of texts have one clear line each."""
    path = tmp_path / "x.h5"
    pd.Series([1.0, 2.0]).to_hdf(path, key=KEY, mode="w")
    assert "is no pandas frame, it is 'series'" in refusal(path)

    assert "has no numbers" in refusal(written(tmp_path, pd.DataFrame({"a": ["x"]}), format="fixed"))

    with h5py.File(path, "w") as file:
        file.create_group(KEY)
    assert "is no pandas frame, it is 'something else'" in refusal(path)


def test_blocks_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    """Another number of names than columns, blocks of two lengths, one name twice, an odd block."""
    cases: dict[str, Callable[[h5py.Group], None]] = {
        "has 3 columns and 2 names": lambda group: _swap(group, "block0_items", np.array([b"a", b"b"])),
        "two columns of one name": lambda group: _swap(group, "block0_items", np.array([b"a", b"id", b"c"])),
        "differ in length: [29, 30]": lambda group: _swap(group, "block1_values", np.ones((29, 1))),
        "was not written by pandas": lambda group: _forget(group["block0_values"], "transposed"),
        "dimensions are due": lambda group: _swap(group, "block0_values", np.ones(30)),
    }
    for message, change in cases.items():
        path = written(tmp_path, pd.DataFrame({**FLOATS, "id": np.arange(30)}), format="fixed")
        with h5py.File(path, "a") as file:
            change(file[KEY])
        assert message in refusal(path)


def _swap(group: h5py.Group, name: str, values: np.ndarray) -> None:
    """Put other values into a dataset, keeping what pandas attached."""
    about = dict(group[name].attrs)
    del group[name]
    group[name] = values
    for key, value in about.items():
        group[name].attrs[key] = value


def _forget(node: h5py.Dataset, name: str) -> None:
    """Take an attribute away."""
    del node.attrs[name]


def test_foreign_compression_is_named(tmp_path: Path) -> None:
    """Blosc, which pandas offers, is not built into HDF5; the message says which filter it is."""
    path = written(tmp_path, pd.DataFrame(FLOATS), format="table", complib="blosc", complevel=5)

    assert "is packed by filter 32001 (blosc)" in refusal(path)
