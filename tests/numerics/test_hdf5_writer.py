"""Sets written in the published layout: pandas and h5py read them, and a failure leaves nothing behind."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from runner.findings import InputRefused, StorageFailed
from runner.numerics.hdf5_layout import Batch
from runner.numerics.hdf5_writer import write_layout
from runner.safety.atomic import sweep

RANDOM = np.random.default_rng(9)
FLUX, ERROR, NOISY = RANDOM.normal(size=(3, 20, 5)).astype(np.float32)
LABELS: dict[str, np.ndarray] = {
    "teff": RANDOM.normal(size=20),
    "logg": np.arange(20),
    "snr": RANDOM.normal(size=20).astype("f4"),
}
WAVE = np.linspace(7100.2, 8849.8, 5)


def batches(size: int, *, noisy: bool = True) -> Iterator[Batch]:
    """The set, some rows at a time."""
    for start in range(0, 20, size):
        part = slice(start, start + size)
        yield Batch(FLUX[part], ERROR[part], NOISY[part] if noisy else None)


@pytest.mark.parametrize("size", [1, 7, 20, 100])
def test_arrays_stand_where_the_published_sets_have_them(tmp_path: Path, size: int) -> None:
    """h5py finds wavelengths, flux, error and noisy spectra, the same for any size of batch."""
    path = tmp_path / "x.h5"

    assert write_layout(path, batches(size), LABELS, WAVE) == 20
    with h5py.File(path) as file:
        for name, array in (("flux", FLUX), ("error", ERROR), ("noisy", NOISY)):
            stored = file[f"dataset/arrays/{name}/value"]
            assert stored.dtype == np.float32
            assert np.array_equal(array, stored)
        assert np.array_equal(WAVE.astype(np.float32), file["spectrumdataset/wave"])


def test_pandas_reads_the_params(tmp_path: Path) -> None:
    """The frame has the published names, float64 and a plain index, with its key or without."""
    path = tmp_path / "x.h5"
    write_layout(path, batches(7), LABELS, WAVE)
    oracle = pd.DataFrame({"T_eff": LABELS["teff"], "log_g": LABELS["logg"], "snr": LABELS["snr"]}, dtype=float)

    pd.testing.assert_frame_equal(oracle, pd.read_hdf(path, "dataset/params"), check_exact=True)
    pd.testing.assert_frame_equal(oracle, pd.read_hdf(path), check_exact=True)


def test_noisy_spectra_are_written_where_there_are_any(tmp_path: Path) -> None:
    """A set without noisy spectra has no place for them."""
    write_layout(tmp_path / "x.h5", batches(7, noisy=False), LABELS, WAVE)

    with h5py.File(tmp_path / "x.h5") as file:
        assert {"flux", "error"} == set(file["dataset/arrays"])


def test_what_does_not_fit_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    """Too few rows, too many, another width, half the batches noisy: no file, and the old one stays."""
    (tmp_path / "old.h5").write_text("old")
    first = Batch(FLUX[:10], ERROR[:10])
    cases: dict[str, list[Batch]] = {
        "10 spectra were given for 20 rows": [first],
        "0 spectra were given for 20 rows": [],
        "does not fit into": [first, Batch(FLUX, ERROR)],
        r"does not fit into \(20, 5\)": [Batch(FLUX[:, :4], ERROR[:, :4])],
        "`dataset/arrays/error/value` ": [Batch(FLUX, ERROR[:3])],
        "some batches have `noisy`": [first, Batch(FLUX[10:], ERROR[10:], NOISY[10:])],
    }
    for message, given in cases.items():
        for name in ("old.h5", "new.h5"):
            with pytest.raises(InputRefused, match=message):
                write_layout(tmp_path / name, given, LABELS, WAVE)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


@pytest.mark.parametrize("labels", [{}, {"teff": []}, {"teff": [1], "logg": [1, 2]}, {"teff": [[1]]}])
def test_labels_are_columns_of_one_length(tmp_path: Path, labels: dict) -> None:
    """There is at least one column and one row, and as many rows in each."""
    with pytest.raises(InputRefused, match="label columns must be there"):
        write_layout(tmp_path / "x.h5", batches(7), labels, WAVE)


def test_a_set_is_written_while_it_is_made(tmp_path: Path) -> None:
    """A batch is on its way to the file before the next is asked for; a sweep spares the writer's file."""
    seen = []

    def watched() -> Iterator[Batch]:
        for batch in batches(10):
            assert sweep(tmp_path) == 0
            seen.append([path.name.endswith(".runner-tmp") for path in tmp_path.iterdir()])
            yield batch

    write_layout(tmp_path / "x.h5", watched(), LABELS, WAVE)
    assert seen == [[True], [True]]
    assert [path.name for path in tmp_path.iterdir()] == ["x.h5"]


def test_an_error_of_the_maker_is_passed_on(tmp_path: Path) -> None:
    """What goes wrong while spectra are made is not the disk's fault, and leaves nothing behind."""

    def broken() -> Iterator[Batch]:
        yield next(batches(10))
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        write_layout(tmp_path / "x.h5", broken(), LABELS, WAVE)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    """Where no more can be written the old file stays and the half of the new one goes."""
    (tmp_path / "x.h5").write_text("old")
    rows = np.ones((20, 50_000), np.float32)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, hard))
    try:
        with pytest.raises(StorageFailed, match=r"x\.h5: cannot be written"):
            write_layout(tmp_path / "x.h5", [Batch(rows[:10], rows[:10])] * 2, LABELS, rows[0])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_links_and_missing_folders_are_refused(tmp_path: Path) -> None:
    """A link is not replaced by a file, and folders are not invented."""
    (tmp_path / "link.h5").symlink_to(tmp_path / "target.h5")

    with pytest.raises(InputRefused, match="is no regular file"):
        write_layout(tmp_path / "link.h5", batches(7), LABELS, WAVE)
    with pytest.raises(StorageFailed, match="no such file or directory"):
        write_layout(tmp_path / "no" / "x.h5", batches(7), LABELS, WAVE)
