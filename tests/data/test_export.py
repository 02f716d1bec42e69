"""Rows written by `runner data export` and read back by `hdf5`: the same numbers, by the commands a person types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
import torch

from runner.cli import main
from runner.data import hdf5, mockstar
from runner.numerics.emulator import wavelengths
from tests.knowledge import write

OPTIONS: dict[str, Any] = {"val": 40, "test": 80, "seed": 7}
SEEN: dict[str, Any] = {"target": "logg", "seed": 7, "device": "cpu"}
FILES = {"train": 200, "val": 40, "test": 80}

PROTOCOL = """---
kind: protocol
id: {id}
version: 1
title: The {id} stars
date: 2026-11-20
data: {data}
rows: {{val: 40, test: 80}}
seed: 7
axes: {{noise: [0, 0.2, 1]}}
target: logg
metrics: [r2, mae]
slices:
  bright: snr_med >= 8
---

# The {id} stars
"""

EXPERIMENT = """---
kind: exp
id: SET-20261120-{id}-01
title: Bands of the {id} stars
date: 2026-11-20
protocol: {id}@1
noise: {noise}
train: 200
jobs:
  flat: {{job: bands}}
expect:
  H-A: flat.r2 > -1
---

# Bands of the {id} stars

[?.????][flat.r2] and [?.????][flat.bright.r2]

<!-- logg: results -->
"""

JOB = '''"""Least squares on the means of sixteen bands, which takes no time."""

from dataclasses import dataclass

import numpy as np

from runner.contract import Output

VERSION = 1


def run(params, data, context):
    batches = list(data.train.pairs(100))
    x, y = (np.concatenate([np.asarray(batch[k]) for batch in batches]) for k in (0, 1))
    weights = np.linalg.lstsq(bands(x), y, rcond=None)[0]
    return Output({name: predicted(getattr(data, name), weights) for name in ("val", "test")})


def predicted(split, weights):
    return np.concatenate([bands(np.asarray(x)) @ weights for x in split.inputs(100)])


def bands(x):
    return np.column_stack([np.ones(len(x)), *(part.mean(1) for part in np.array_split(x, 16, axis=1))])


@dataclass(frozen=True)
class Params:
    pass
'''


def base(folder: Path, noise: float) -> Path:
    """Write a knowledge base with two protocols, made rows and stored rows, and an experiment on each."""
    stored = "{source: hdf5, path: '${STARS}/train.h5', val_path: '${STARS}/val.h5', test_path: '${STARS}/test.h5', "
    stored += 'columns: {teff: K, logg: dex, mh: dex, am: dex, cm: dex, mag: mag, snr_med: ""}}'
    sources = {"made": "{source: mockstar}", "stored": stored}
    write(folder, {f"protocols/{name}.md": PROTOCOL.format(id=name, data=data) for name, data in sources.items()})
    write(folder, {f"set/exp/{name}.md": EXPERIMENT.format(id=name, noise=noise) for name in sources})
    (folder / "pyproject.toml").write_text('[tool.runner]\njobs = "jobs"\n')
    (folder / "jobs").mkdir()
    (folder / "jobs" / "bands.py").write_text(JOB)
    return folder


def exported(root: Path, folder: Path, *more: str) -> None:
    """Export every split of the made rows."""
    folder.mkdir()
    for split, rows in FILES.items():
        words = ["data", "export", "made@1", str(folder / f"{split}.h5"), "--split", split, "--rows", str(rows)]
        assert main([*words, "--root", str(root), *more]) == 0


def facts(root: Path, name: str) -> dict[str, float]:
    """What an experiment filed, values by address."""
    result = json.loads((root / f"logg/set/results/SET-20261120-{name}-01.json").read_text(encoding="utf-8"))
    return {address: value for address, (value, _) in result["facts"].items()}


@pytest.mark.parametrize(("noise", "more"), [(0.2, ()), (1, ("--noisy",))])
def test_stored_rows_give_the_numbers_of_made_rows(
    tmp_path: Path, noise: float, more: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Executed through a variable of the environment, a protocol on exported files repeats every fact."""
    root = base(tmp_path / "base", noise)
    exported(root, tmp_path / "stars", *more)
    monkeypatch.setenv("STARS", str(tmp_path / "stars"))

    assert main(["execute", "--all", "--device", "cpu", "--root", str(root)]) == 0

    assert facts(root, "stored") == facts(root, "made")
    assert len(facts(root, "stored")) == 4
    assert main(["check", "--root", str(root)]) == 0


def test_stored_rows_are_the_made_rows_to_the_bit(tmp_path: Path) -> None:
    """Inputs at any noise, statistics and labels of the file are those of the source it was written from."""
    made = mockstar.open_source(OPTIONS, tmp_path)
    for split, rows in FILES.items():
        made.export(tmp_path / f"{split}.h5", split, rows, noisy=False)
    paths = {"path": "train.h5", "val_path": "val.h5", "test_path": "test.h5"}
    stored = hdf5.open_source({**OPTIONS, **paths}, tmp_path)

    for split, rows in FILES.items():
        for noise in (0.0, 0.2, 1.0):
            views = [source.split(split, rows, axes={"noise": noise}, **SEEN) for source in (made, stored)]
            assert torch.equal(*(torch.cat(list(view.inputs(77))) for view in views))
            assert torch.equal(*(torch.cat(list(view.statistics(77))) for view in views))
        labels = stored.labels(split, rows)
        assert all(np.array_equal(values, labels[name]) for name, values in made.labels(split, rows).items())


def test_the_layout_is_the_published_one(tmp_path: Path) -> None:
    """Others find wavelengths, spectra, one sigma, the noisy rows and the table under the published names."""
    made = mockstar.open_source(OPTIONS, tmp_path)
    made.export(tmp_path / "test.h5", "test", 20, noisy=True)

    table = pd.read_hdf(tmp_path / "test.h5", "dataset/params")
    assert list(table) == ["T_eff", "log_g", "M_H", "a_M", "C_M", "mag", "snr", "redshift"]
    assert (table["redshift"] == 0).all()
    with h5py.File(tmp_path / "test.h5") as file:
        np.testing.assert_allclose(file["spectrumdataset/wave"], wavelengths(), rtol=1e-7)
        flux, error, noisy = (file[f"dataset/arrays/{name}/value"][:] for name in ("flux", "error", "noisy"))
    assert np.array_equal(flux, next(made.split("test", 20, axes={}, **SEEN).inputs(20)))
    assert np.array_equal(noisy, next(made.split("test", 20, axes={"noise": 1.0}, **SEEN).inputs(20)))
    np.testing.assert_allclose(np.median(flux / error, axis=1), table["snr"], rtol=1e-5)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["made@1", "NEW", "--rows", "many"], "`many` is no number of rows -> write --rows 1k"),
        (["made@1", "NEW", "--rows", "1.5"], "`1.5` is no number of rows"),
        (["made@1", "NEW", "--rows", "0"], "`0` is no number of rows"),
        (["made@1", "NEW", "--rows", "1k", "--split", "test"], "1000 test rows were asked for; there are 80"),
        (["made@1", "OLD", "--rows", "5"], "is there already -> name another file"),
        (["stored@1", "NEW", "--rows", "5"], "stored@1 rests on a file, which needs no export"),
        (["SET-20261120-made-01", "NEW", "--rows", "5"], "is no protocol -> give the id of a protocol"),
        (["made@2", "NEW", "--rows", "5"], "no document `made@2`"),
        (["made@1", "none/NEW", "--rows", "5"], "cannot be written: "),
    ],
)
def test_what_cannot_be_exported_is_one_line(
    tmp_path: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person's mistake is answered in one line, and no file is left behind."""
    root = base(tmp_path / "base", 0.2)
    (tmp_path / "stars").mkdir()
    monkeypatch.setenv("STARS", str(tmp_path / "stars"))
    (tmp_path / "OLD").write_text("mine")
    monkeypatch.chdir(tmp_path)
    if words[0] == "stored@1":
        exported(root, tmp_path / "there")
        monkeypatch.setenv("STARS", str(tmp_path / "there"))

    assert main(["data", "export", *words, "--root", str(root)]) in {2, 3, 5}

    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert sorted(path.name for path in tmp_path.glob("*[A-Z]*")) == ["OLD"]
    assert (tmp_path / "OLD").read_text() == "mine"
