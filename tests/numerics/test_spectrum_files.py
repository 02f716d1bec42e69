"""Spectra on disk: shapes that must fit, holes that are named, memory that stays small, damage that is seen."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from runner.numerics.hdf5_layout import ERROR as SIGMA
from runner.numerics.hdf5_layout import FLUX as SPECTRA
from runner.numerics.hdf5_layout import NOISY as OBSERVED
from runner.numerics.spectrum_files import Places, Rows, Shards
from runner.safety.data_files import DataFile
from tests.numerics.stored_spectra import ARRAYS, ERROR, FLUX, NOISY, WIDTH, changed, refusal, store


def shards(folder: Path, *names: str) -> Shards:
    """Some files as one set."""
    files = [DataFile(name, folder / name) for name in names or ("x.h5",)]
    return Shards(files, Places(SPECTRA, SIGMA, OBSERVED))


def rows(folder: Path, role: str, *names: str) -> np.ndarray:
    """All rows of an array of a set."""
    several = shards(folder, *names)
    return Rows(several, role, range(several.rows))[:]


def test_a_slice_is_those_rows_over_all_seams(tmp_path: Path) -> None:
    """Rows of a range, sliced anywhere, are the rows of the arrays that were stored."""
    for number, part in enumerate((slice(25), slice(25, 32), slice(32, None))):
        store(tmp_path / f"s{number}.h5", part, {**ARRAYS, "noisy": NOISY}, "gzip")
    several = shards(tmp_path, "s0.h5", "s1.h5", "s2.h5")

    for role, array in (("flux", FLUX.clip(min=0)), ("error", ERROR), ("noisy", NOISY)):
        stored = Rows(several, role, range(5, 50))
        assert stored.shape == (45, WIDTH)
        for start, stop in ((0, 45), (19, 28), (20, 20), (44, 45), (30, 99), (0, 3)):
            assert np.array_equal(array[5:50][start:stop], stored[start:stop])


def test_missing_errors_at_the_edges_are_those_of_the_neighbours(tmp_path: Path) -> None:
    """The first and the last pixel are mended where they are NaN, and nowhere else."""
    store(tmp_path / "x.h5", arrays={"flux": FLUX, "error": changed(ERROR, (1, 0), (2, WIDTH - 1))})
    mended = changed(changed(ERROR, (1, 0), to=ERROR[1, 1]), (2, WIDTH - 1), to=ERROR[2, WIDTH - 2])

    assert np.array_equal(mended, rows(tmp_path, "error"))


@pytest.mark.parametrize(
    ("role", "array", "message"),
    [
        ("error", changed(ERROR, (41, 2)), "s1.h5: `dataset/arrays/error/value` is not finite in row 11, pixel 2"),
        (
            "error",
            changed(ERROR, (3, 0), (3, 1)),
            "s0.h5: `dataset/arrays/error/value` is not finite in row 3, pixel 0",
        ),
        (
            "error",
            changed(ERROR, (3, 0), to=np.inf),
            "s0.h5: `dataset/arrays/error/value` is not finite in row 3, pixel 0",
        ),
        ("error", changed(ERROR, (9, 5), to=-1), "`dataset/arrays/error/value` is negative in row 9, pixel 5"),
        ("flux", changed(FLUX, (8, 0)), "`dataset/arrays/flux/value` is not finite in row 8, pixel 0"),
        ("flux", changed(FLUX.astype(float), (8, 5), to=1e300), "flux/value` is not finite in row 8, pixel 5"),
        ("flux", changed(FLUX, (8, 0), to=-np.inf), "flux/value` is not finite in row 8, pixel 0"),
        ("noisy", changed(NOISY, (8, 0)), "noisy/value` is not finite in row 8, pixel 0"),
    ],
)
def test_other_holes_are_refused_with_their_place(tmp_path: Path, role: str, array: np.ndarray, message: str) -> None:
    """The message has the file, the array, the row in that file and the pixel."""
    for number in range(2):
        arrays = {**ARRAYS, "noisy": NOISY, role: array}
        store(tmp_path / f"s{number}.h5", slice(30 * number, 30 * number + 30), arrays)

    assert message in refusal(lambda: rows(tmp_path, role, "s0.h5", "s1.h5"))


def test_the_row_of_a_hole_is_that_of_the_file(tmp_path: Path) -> None:
    """Wherever reading starts, rows count from the top of the file."""
    store(tmp_path / "x.h5", arrays={**ARRAYS, "flux": changed(FLUX, (41, 2))})

    assert "in row 41, pixel 2" in refusal(lambda: Rows(shards(tmp_path), "flux", range(20, 60))[10:30])


def test_a_file_that_changes_meanwhile_is_refused(tmp_path: Path) -> None:
    """An array that was replaced since the set was opened is not the one that was checked."""
    store(tmp_path / "x.h5")
    several = shards(tmp_path)
    store(tmp_path / "x.h5", slice(50))

    assert "x.h5 changed while it was in use" in refusal(lambda: Rows(several, "flux", range(60))[:5])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (
            {"error": ERROR[:50]},
            "`dataset/arrays/flux/value` is (60, 6) and `dataset/arrays/error/value` (50, 6); their rows",
        ),
        ({"error": ERROR[:, :5]}, "`dataset/arrays/error/value` (60, 5); their pixels differ"),
        ({"noisy": NOISY[:59]}, "`dataset/arrays/noisy/value` (59, 6); their rows differ"),
        ({"flux": FLUX[:50], "error": ERROR[:50]}, "`dataset/params` (60,); their rows differ"),
        ({"flux": FLUX[:, :0], "error": ERROR[:, :0]}, "is empty, its shape is (60, 0)"),
        ({"flux": FLUX[:, 0]}, "has shape (60,); 2 dimensions are due"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, arrays: dict, message: str) -> None:
    """Every misfit is seen when the set is opened and has one line with both shapes."""
    store(tmp_path / "x.h5", arrays={**ARRAYS, **arrays})

    assert message in refusal(lambda: shards(tmp_path))


def test_few_rows_are_held_at_a_time(tmp_path: Path) -> None:
    """Walking a set takes the memory of a few batches, not that of the set."""
    store(tmp_path / "x.h5", slice(0, 60), {name: np.repeat(array, 200, 1) for name, array in ARRAYS.items()})
    part = Rows(shards(tmp_path), "error", range(60))

    tracemalloc.start()
    try:
        assert sum(len(part[start : start + 2]) for start in range(0, 60, 2)) == 60
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 60 * part.shape[1] * 4 / 4


FLIPS = """
import random, resource, sys
from pathlib import Path
from runner.findings import InputRefused
from runner.safety.data_files import DataFile
from runner.numerics.spectrum_files import Places, Rows, Shards

whole, target, chance = Path(sys.argv[1]).read_bytes(), Path(sys.argv[1]).with_name("flipped.h5"), random.Random(7)
pages = int(Path("/proc/self/statm").read_text().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 2**29,) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
refused = 0
for _ in range(100):
    place = chance.randrange(len(whole))
    target.unlink(missing_ok=True)
    target.write_bytes(whole[:place] + bytes([whole[place] ^ chance.randrange(1, 256)]) + whole[place + 1:])
    try:
        arrays = ["dataset/arrays/%s/value" % name for name in ("flux", "error", "noisy")]
        shards = Shards([DataFile("flipped.h5", target)], Places(*arrays))
        shards.labels({name: name for name in shards.shards[0].columns}, range(shards.rows))
        for role in ("flux", "error", "noisy"):
            Rows(shards, role, range(shards.rows))[0:shards.rows]
    except InputRefused:
        refused += 1
print(refused)
"""


@pytest.mark.parametrize(("layout", "frame"), [("contiguous", "fixed"), ("gzip", "table")])
def test_damage_anywhere_in_a_file_is_one_clear_line(tmp_path: Path, layout: str, frame: str) -> None:
    """A hundred flipped bytes, in a process with little memory and time: refused or read, nothing else."""
    arrays, options = {**ARRAYS, "noisy": NOISY}, {"index": False} if frame == "table" else {}
    store(tmp_path / "x.h5", slice(9), arrays, layout, format=frame, **options)
    process = subprocess.run(
        [sys.executable, "-c", FLIPS, tmp_path / "x.h5"], capture_output=True, text=True, check=False, timeout=50
    )

    assert (process.returncode, process.stderr) == (0, "")
    assert int(process.stdout) > 0
