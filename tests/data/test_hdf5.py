"""Spectra in the published HDF5 layout: who gets which rows, with which noise, and what is refused."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from runner.contract import read_contract
from runner.data import hdf5
from runner.data.hdf5 import Hdf5, open_source
from runner.findings import JobFailed
from runner.numerics import hdf5_layout
from runner.numerics.noise import normals
from runner.numerics.observation import noise_key
from runner.numerics.snr import told_statistics
from tests.numerics.stored_spectra import ARRAYS, ERROR, FLUX, FRAME, NOISY, WIDTH, refusal, store

SEEN: dict[str, Any] = {"target": "logg", "axes": {"noise": 0.0}, "seed": 0, "device": "cpu"}


def opened(folder: Path, path: str = "x.h5", **options: Any) -> Hdf5:
    """Open a set with 10 validation and 20 test rows."""
    return open_source({"path": path, "val": 10, "test": 20, "seed": 42, **options}, folder)


def inputs(source: Hdf5, split: str, rows: int, size: int = 7, **seen: Any) -> np.ndarray:
    """What a job sees of a split."""
    return torch.cat(list(source.split(split, rows, **{**SEEN, **seen}).inputs(size))).numpy()


@pytest.mark.parametrize("layout", ["contiguous", "gzip"])
@pytest.mark.parametrize("frame", ["fixed", "table"])
@pytest.mark.parametrize("shards", [1, 3])
def test_splits_stand_where_they_should(tmp_path: Path, layout: str, frame: str, shards: int) -> None:
    """Training rows come first, test rows last, over any number of files, in any layout."""
    edges = [0, 60] if shards == 1 else [0, 25, 32, 60]
    for number, (start, stop) in enumerate(pairwise(edges)):
        store(tmp_path / f"s_{number}" / "dataset.h5", slice(start, stop), layout=layout, format=frame)
    source = opened(tmp_path, "s_*/dataset.h5")

    for split, first, size in (("train", 0, 30), ("val", 30, 10), ("test", 40, 20)):
        assert source.size(split) == size
        for rows in (size, 4):
            part = slice(first, first + rows)
            assert np.array_equal(FLUX[part].clip(min=0), inputs(source, split, rows))
            assert np.array_equal(FRAME["log_g"][part], source.labels(split, rows)["logg"])


def test_splits_may_have_files_of_their_own(tmp_path: Path) -> None:
    """The first rows of such a file are taken; the rest of the sharing out stays as it is."""
    store(tmp_path / "x.h5", slice(30))
    store(tmp_path / "t.h5", slice(30, None))

    source = opened(tmp_path, test_path="t.h5")
    assert np.array_equal(FLUX[30:50].clip(min=0), inputs(source, "test", 20))
    assert np.array_equal(FLUX[20:30].clip(min=0), inputs(source, "val", 10))
    assert (source.size("train"), source.size("test")) == (20, 20)
    assert opened(tmp_path, val_path="t.h5").size("train") == 10


def test_labels_have_our_names_and_units(tmp_path: Path) -> None:
    """The known columns the file has are offered; `columns` and `names` ask for others."""
    store(tmp_path / "x.h5")
    renamed = opened(tmp_path, names={"number": "id", "logg": "M_H"})
    chosen = opened(tmp_path, columns={"id": "", "logg": "cm/s2"})

    assert opened(tmp_path).columns == {"teff": "K", "logg": "dex", "mh": "dex", "mag": "mag"}
    assert renamed.columns["number"] == ""
    assert np.array_equal(FRAME["M_H"][:5], renamed.labels("train", 5)["logg"])
    assert chosen.columns == {"id": "", "logg": "cm/s2"}
    assert set(chosen.labels("val", 2)) == {"id", "logg"}


def test_the_target_is_the_named_column(tmp_path: Path) -> None:
    """A job gets its target with its inputs, except that of the test rows."""
    store(tmp_path / "x.h5")
    source = opened(tmp_path)

    pairs = list(source.split("val", 10, **SEEN).pairs(4))
    assert [len(x) for x, _ in pairs] == [4, 4, 2]
    assert np.array_equal(FRAME["log_g"][30:40], torch.cat([y for _, y in pairs]).numpy())
    with pytest.raises(JobFailed, match="for scoring only"):
        source.split("test", 10, **SEEN).pairs(4)


def test_flux_is_clipped_before_the_noise(tmp_path: Path) -> None:
    """A job sees clip(flux) + noise * error * normal, which may be negative."""
    store(tmp_path / "x.h5")
    z = normals(noise_key(3, "val"), torch.arange(10), WIDTH).numpy()

    seen = inputs(opened(tmp_path), "val", 10, axes={"noise": 2.0}, seed=3)
    np.testing.assert_allclose(seen, FLUX[30:40].clip(min=0) + 2 * ERROR[30:40] * z, rtol=1e-5, atol=1e-6)
    assert (seen < 0).any()


@pytest.mark.parametrize("size", [1, 13, 100])
def test_rows_do_not_depend_on_the_batch(tmp_path: Path, size: int) -> None:
    """Any size of batch, over the seams of the files, gives the same bytes."""
    for number in range(3):
        store(tmp_path / f"s{number}.h5", slice(20 * number, 20 * number + 20), layout="gzip")
    source = opened(tmp_path, "s?.h5", val=0)

    whole = inputs(source, "train", 40, 40, axes={"noise": 1.0})
    assert whole.dtype == np.float32
    assert whole.tobytes() == inputs(source, "train", 40, size, axes={"noise": 1.0}).tobytes()


def test_stored_noise_is_honoured(tmp_path: Path) -> None:
    """A split whose files have noisy spectra shows them at noise 1, as they are, for any seed; not otherwise."""
    store(tmp_path / "x.h5", slice(40))
    store(tmp_path / "t.h5", slice(40, None), arrays={**ARRAYS, "noisy": NOISY})
    source = opened(tmp_path, test_path="t.h5")

    for seed in (0, 1):
        assert np.array_equal(NOISY[40:], inputs(source, "test", 20, axes={"noise": 1.0}, seed=seed))
    assert not np.array_equal(NOISY[40:], inputs(source, "test", 20, axes={"noise": 0.5}))
    z = normals(noise_key(0, "test"), torch.arange(20), WIDTH).numpy()
    drawn = inputs(opened(tmp_path, test_path="t.h5", noisy=None), "test", 20, axes={"noise": 1.0})
    np.testing.assert_allclose(drawn, FLUX[40:].clip(min=0) + ERROR[40:] * z, rtol=1e-5, atol=1e-6)
    assert np.array_equal(FLUX[:30].clip(min=0), inputs(source, "train", 30))


def test_another_draw_of_stored_noise_is_drawn_here(tmp_path: Path) -> None:
    """Rows with noise of their own show it as draw 0; another draw has sigma of the file and normals of its own."""
    store(tmp_path / "x.h5", arrays={**ARRAYS, "noisy": NOISY})
    rows = opened(tmp_path).split("train", 30, **{**SEEN, "axes": {"noise": 1.0}})

    stored, drawn = (torch.cat(list(rows.redrawn(draw).inputs(7))) for draw in (0, 1))
    assert np.array_equal(NOISY[:30], stored)
    z = normals(noise_key(0, "train", 1), torch.arange(30), WIDTH).numpy()
    np.testing.assert_allclose(drawn, FLUX[:30].clip(min=0) + ERROR[:30] * z, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("noise", [1.0, 0.5])
def test_an_origin_is_shown_rows_without_their_stored_noise(tmp_path: Path, noise: float) -> None:
    """Behind rows with noise of their own are the clipped spectra and the sigma of the file, times the noise."""
    store(tmp_path / "x.h5", arrays={**ARRAYS, "noisy": NOISY})
    source, seen = opened(tmp_path), {**SEEN, "axes": {"noise": noise}}
    origin = source.origin(source.split("train", 30, **seen), source.split("test", 20, **seen))

    clean, sigma, target = (torch.cat(parts) for parts in zip(*origin.templates(7), strict=True))
    assert np.array_equal(FLUX[:30].clip(min=0), clean)
    np.testing.assert_allclose(sigma, noise * ERROR[:30], rtol=1e-6)
    assert np.array_equal(FRAME["log_g"][:30], target)


def test_an_origin_is_shown_rows_without_sigma(tmp_path: Path) -> None:
    """A set without sigma has templates without noise."""
    store(tmp_path / "x.h5", arrays={"flux": FLUX})
    source = opened(tmp_path, error=None)
    origin = source.origin(source.split("train", 30, **SEEN), source.split("test", 20, **SEEN))

    clean, sigma, _ = next(origin.templates(30))
    assert np.array_equal(FLUX[:30].clip(min=0), clean)
    assert not sigma.any()


def test_nobody_knows_how_noisy_rows_are_without_sigma(tmp_path: Path) -> None:
    """Spectra stored with noise and without its sigma can be seen, and have nothing to show an origin."""
    store(tmp_path / "x.h5", arrays={"flux": FLUX, "noisy": NOISY})
    source, seen = opened(tmp_path, error=None), {**SEEN, "axes": {"noise": 1.0}}
    origin = source.origin(source.split("train", 30, **seen), source.split("test", 20, **seen))

    with pytest.raises(JobFailed, match="no sigma"):
        next(origin.templates(30))


def test_without_error_the_only_noise_is_zero(tmp_path: Path) -> None:
    """A set without sigma is asked for by name, and can be seen clean only."""
    store(tmp_path / "x.h5", arrays={"flux": FLUX})

    assert "has no `dataset/arrays/error/value`; `/dataset/arrays` has flux" in refusal(lambda: opened(tmp_path))
    assert len(inputs(opened(tmp_path, error=None), "val", 10)) == 10
    assert "the only noise is 0" in refusal(
        lambda: inputs(opened(tmp_path, error=None), "val", 10, axes={"noise": 1.0})
    )


def test_a_hole_in_a_label_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows without a label cannot be used; another choice of columns can."""
    monkeypatch.setitem(FRAME, "mag", FRAME["mag"].where(FRAME.index != 33))
    store(tmp_path / "x.h5")

    message = "x.h5: label column `mag` is not finite in row 33 -> list the columns you need"
    assert message in refusal(lambda: opened(tmp_path).labels("val", 10))
    assert len(opened(tmp_path, columns={"logg": "dex"}).labels("val", 10)["logg"]) == 10


def test_missing_columns_are_answered_with_those_there_are(tmp_path: Path) -> None:
    """One line names the file, the column under both names and what the file has."""
    store(tmp_path / "s0.h5", slice(30))
    store(tmp_path / "s1.h5", slice(30, None), without=["log_g"])

    message = "s1.h5 has no label column `log_g`, our `logg`; it has M_H, T_eff, id, mag"
    assert message in refusal(lambda: opened(tmp_path, "s?.h5"))
    assert "s0.h5 has no label column `age`; it has" in refusal(lambda: opened(tmp_path, "s0.h5", columns={"age": ""}))
    asked = {**SEEN, "target": "age"}
    assert "no label column `age`; there is teff, logg, mh, mag" in refusal(
        lambda: opened(tmp_path, "s0.h5", val=5, test=5).split("val", 1, **asked)
    )


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    """Another width, noisy spectra in some files only, and one file in two splits."""
    store(tmp_path / "a.h5")
    store(tmp_path / "b.h5", arrays={name: array[:, :5] for name, array in ARRAYS.items()})
    store(tmp_path / "c.h5", arrays={**ARRAYS, "noisy": NOISY})
    (tmp_path / "d.h5").hardlink_to(tmp_path / "a.h5")

    assert "b.h5 has 5 pixels and a.h5 has 6" in refusal(lambda: opened(tmp_path, "[ab].h5"))
    assert "b.h5 has 5 pixels, a.h5 6" in refusal(lambda: opened(tmp_path, "a.h5", test_path="b.h5"))
    assert "c.h5 and a.h5 differ in `dataset/arrays/noisy/value`" in refusal(lambda: opened(tmp_path, "[ac].h5"))
    assert opened(tmp_path, "[ac].h5", noisy=None).size("train") == 90
    for path, other in (("a.h5", "a.h5"), ("a.h5", "d.h5"), ("[ad].h5", "c.h5")):
        assert "is named twice" in refusal(partial(opened, tmp_path, path, test_path=other))


@pytest.mark.parametrize(
    "options", [{"val": 41}, {"test": 51}, {"val": -1}, {"test": -1}, {"test_path": "t.h5", "test": 6}]
)
def test_splits_that_do_not_fit_are_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    """Validation and test rows must be there."""
    store(tmp_path / "x.h5")
    store(tmp_path / "t.h5", slice(5))

    assert "rows, which cannot give val" in refusal(lambda: opened(tmp_path, **options))


@pytest.mark.parametrize(("split", "rows"), [("train", 31), ("val", 11), ("test", 21), ("train", -1)])
def test_rows_of_another_split_are_refused(tmp_path: Path, split: str, rows: int) -> None:
    """Asking for more rows than a split has would overlap its neighbour."""
    store(tmp_path / "x.h5")
    source = opened(tmp_path)

    for ask in (lambda: source.split(split, rows, **SEEN), lambda: source.labels(split, rows)):
        assert f"{rows} {split} rows were asked for; x.h5 (60 rows) offers" in refusal(ask)


def test_files_that_change_meanwhile_are_refused(tmp_path: Path) -> None:
    """Rows are shared out when a set is opened; a file that grew since then is another set."""
    store(tmp_path / "x.h5")
    source = opened(tmp_path)
    (tmp_path / "x.h5").unlink()
    store(tmp_path / "x.h5", slice(50))

    assert "x.h5 changed while it was in use" in refusal(lambda: source.labels("val", 10))
    assert "x.h5 changed while it was in use" in refusal(lambda: inputs(source, "val", 10))


def test_paths_reach_the_disk_by_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data live on large disks: `${DISK}` leads there, dots do not."""
    store(tmp_path / "disk" / "x.h5")
    (tmp_path / "logg").mkdir()
    monkeypatch.setenv("DISK", str(tmp_path / "disk"))

    assert opened(tmp_path / "logg", "${DISK}/x.h5").size("train") == 30
    for setting in ("path", "val_path", "test_path"):
        options = {"path": "${DISK}/x.h5", setting: "../disk/x.h5"}
        assert f"data.{setting}: '../disk/x.h5'" in refusal(partial(opened, tmp_path / "logg", **options))


def test_links_and_virtual_datasets_are_refused(tmp_path: Path) -> None:
    """A set is what its files hold: nothing is fetched from elsewhere."""
    store(tmp_path / "x.h5", arrays={"flux": FLUX})
    store(tmp_path / "y.h5")
    with h5py.File(tmp_path / "x.h5", "a") as file:
        file["dataset/arrays/error"] = h5py.ExternalLink("y.h5", "/dataset/arrays/error")

    assert "is a link to another file" in refusal(lambda: opened(tmp_path))


def test_the_contract_is_read_without_importing() -> None:
    """The defaults of the places are those of the layout, and every parameter is one a protocol can write."""
    contract = read_contract(Path(hdf5.__file__))

    places = {name: contract.parameters[name].default for name in ("flux", "error", "noisy")}
    assert places == {"flux": hdf5_layout.FLUX, "error": hdf5_layout.ERROR, "noisy": hdf5_layout.NOISY}
    assert set(hdf5_layout.NAMES) < set(hdf5.UNITS)
    assert contract.axes == {"noise": ()}


def test_an_axis_of_other_sources_is_refused(tmp_path: Path) -> None:
    """Stored spectra have the magnitude they were made with."""
    store(tmp_path / "x.h5")

    said = refusal(lambda: inputs(opened(tmp_path), "train", 1, axes={"mag": 21.5}))

    assert said == "hdf5 has no axis `mag`; it has noise"


def test_statistics_are_those_of_the_stored_error(tmp_path: Path) -> None:
    """A job may know ten rounded numbers of each row of the error; none where there is no error."""
    store(tmp_path / "x.h5")
    told = torch.cat(list(opened(tmp_path).split("val", 10, **SEEN).statistics(4)))

    assert torch.equal(told, told_statistics(torch.tensor(ERROR[30:40])))
    with pytest.raises(JobFailed, match="no statistics of it"):
        opened(tmp_path, error=None).split("val", 10, **SEEN).statistics(4)


WAVE = np.linspace(7100, 8850, WIDTH, dtype=np.float32)


def with_wave(path: Path, wave: np.ndarray, rows: slice = slice(None)) -> None:
    """Write rows with where their pixels stand."""
    store(path, rows)
    with h5py.File(path, "a") as file:
        file.create_dataset(hdf5_layout.WAVE, data=wave)


def test_pixels_stand_where_the_file_says(tmp_path: Path) -> None:
    """Every split has the positions of the training files, whether its own files repeat them or not."""
    with_wave(tmp_path / "x.h5", WAVE, slice(40))
    store(tmp_path / "t.h5", slice(40, None))
    source = opened(tmp_path, test_path="t.h5")

    for split in ("train", "val", "test"):
        positions = source.split(split, 5, **SEEN).positions
        assert positions is not None
        assert (positions.dtype.name, positions.tolist()) == ("float64", WAVE.astype(np.float64).tolist())


def test_without_positions_there_are_none(tmp_path: Path) -> None:
    """A set that does not say where its pixels stand can still be learnt from."""
    store(tmp_path / "x.h5")

    assert opened(tmp_path).split("train", 5, **SEEN).positions is None


@pytest.mark.parametrize(
    ("wave", "message"),
    [
        (WAVE[1:], "x.h5: `spectrumdataset/wave` is (5,), the spectra have 6 pixels"),
        (WAVE[None], "`spectrumdataset/wave` has shape (1, 6); 1 dimensions are due"),
        (np.where(np.arange(WIDTH) == 2, np.nan, WAVE), "x.h5: `spectrumdataset/wave` is not finite in pixel 2"),
    ],
)
def test_positions_that_are_none_are_refused(tmp_path: Path, wave: np.ndarray, message: str) -> None:
    """One finite number per pixel."""
    with_wave(tmp_path / "x.h5", wave)

    assert message in refusal(lambda: opened(tmp_path))


@pytest.mark.parametrize("shards", [True, False])
def test_files_whose_pixels_stand_elsewhere_are_refused(tmp_path: Path, *, shards: bool) -> None:
    """A model of one grid says nothing of another; what single precision leaves open does not count."""
    with_wave(tmp_path / "x_0.h5", WAVE)
    with_wave(tmp_path / "x_1.h5", WAVE + 0.43)
    options = {"path": "x_*.h5"} if shards else {"path": "x_0.h5", "test_path": "x_1.h5"}

    assert "x_1.h5 and x_0.h5 differ in `spectrumdataset/wave`" in refusal(lambda: opened(tmp_path, **options))

    (tmp_path / "x_1.h5").unlink()
    with_wave(tmp_path / "x_1.h5", np.nextafter(WAVE, np.float32(0)))
    assert opened(tmp_path, **options).split("train", 5, **SEEN).positions is not None
