"""Spectra in the HDF5 layout of the published sets: one file, or shards that a pattern names.

A file holds `dataset/arrays/flux/value` [rows, pixels], `dataset/arrays/error/value` of the same shape (one sigma),
a pandas frame `dataset/params` with one row per spectrum and, where the noise was drawn once for all,
`dataset/arrays/noisy/value`. Where a file has `spectrumdataset/wave` [pixels], that is where its pixels stand, and
those of all files must stand there. Files are read a few rows at a time; nothing outside them is ever opened.

Rows: the files of `path`, in the order of their names, count as one set. Training rows are taken from the top.
Validation and test rows are the first rows of `val_path` and `test_path`, where these are given; without them
test rows are the last of `path` and validation rows those before them. No file may serve two splits otherwise.

Noise: a spectrum is clipped at 0, then noise * error * normal is added, which may make it negative. A split whose
files have `noisy` is shown at noise = 1 as stored there, whatever the seed; at any other noise, and with
`noisy: none`, the noise is drawn like that of every source. An error that is NaN in the first or last pixel is
that of its neighbour; any other value that is not finite is refused with its row and pixel.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch

from runner.contract import Origin, Split
from runner.findings import InputRefused
from runner.numerics.hdf5_layout import NAMES
from runner.numerics.observation import Asked, View, noise_of
from runner.numerics.origins import RowsOrigin
from runner.numerics.spectrum_files import Places, Rows, Shards, refuse_other_wave
from runner.safety.data_files import DataFile, data_files

if TYPE_CHECKING:
    import numpy as np

VERSION = 1

FILES = ("path", "val_path", "test_path")
INPUTS = "wavelength (Å)"
AXES = {"noise": ()}  # axis -> the label columns that follow it

# label column -> unit, of the columns the published sets have
UNITS: dict[str, str] = {
    "teff": "K",
    "logg": "dex",
    "mh": "dex",
    "am": "dex",
    "cm": "dex",
    "mag": "mag",
    "redshift": "",
    "snr_med": "",
}


@dataclass(frozen=True)
class Params:
    """What a protocol's `data:` may set."""

    # the file or shards (`train_*/dataset.h5`) of training, relative to `logg/` or starting with `${VARIABLE}`
    path: str
    # rows of the validation split
    val: int
    # rows of the test split
    test: int
    # seed of the protocol; rows are taken as they are stored, so nothing here depends on it
    seed: int = 42
    # files of the validation split, if it is not a part of `path`
    val_path: str | None = None
    # files of the test split, if it is not a part of `path`
    test_path: str | None = None
    # label column -> unit: these and no others; left out: those of teff, logg, mh, ... the file has, and `names`
    columns: dict[str, str] | None = None
    # label column -> its name in the file, added to teff: T_eff, logg: log_g, ..., snr_med: snr
    names: dict[str, str] | None = None
    # where the spectra are
    flux: str = "dataset/arrays/flux/value"
    # where their sigma is; none: there is none, and the only noise is 0
    error: str | None = "dataset/arrays/error/value"
    # where spectra with their noise are, if anywhere; none: not to be used
    noisy: str | None = "dataset/arrays/noisy/value"


def open_source(options: Mapping[str, Any], folder: Path) -> Hdf5:
    """Look at the files that `options` name, relative to `folder` or to a variable of the environment."""
    return Hdf5(Params(**options), folder)


@dataclass(frozen=True, slots=True)
class Share:
    """The rows of a set that a split can offer."""

    shards: Shards
    rows: range


class Hdf5:
    """A source whose rows stay on disk until they are asked for."""

    def __init__(self, params: Params, folder: Path) -> None:
        """Look at every file, and share the rows out."""
        sets = _sets(params, folder)
        self.shares, self.wave = _shares(params, sets), sets["train"].wave
        self.names = _names(params, [share.shards for share in self.shares.values()])
        units = params.columns or UNITS
        self.columns: Mapping[str, str] = {name: units.get(name, "") for name in self.names}

    def size(self, split: str) -> int:
        """Return how many rows the split can offer."""
        return len(self.shares[split].rows)

    def labels(self, split: str, rows: int, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
        """Return the label columns of the first `rows` rows of a split, all or those named: float64."""
        shards, part = self._part(split, rows)
        return shards.labels({name: self.names[name] for name in (self.names if names is None else names)}, part)

    def split(
        self, name: str, rows: int, *, target: str, axes: Mapping[str, float], seed: int, device: str, draw: int = 0
    ) -> Split:
        """Return the first `rows` rows of a split as a job may see them."""
        (shards, part), noise = self._part(name, rows), noise_of(axes, AXES, "hdf5")
        if target not in self.names:
            raise InputRefused(f"there is no label column `{target}`; there is {', '.join(self.names) or 'none'}")
        asked = Asked(self, name, rows, target, axes, seed, device, draw)
        seen: Any = {"split": name, "noise": noise, "seed": seed, "device": device, "asked": asked}
        return Spectra(shards, part, self.names[target], wave=self.wave, **seen)

    def origin(self, train: Split, test: Split) -> Origin:
        """Return what stands behind these rows: their spectra without noise."""
        return RowsOrigin(cast("Spectra", train), cast("Spectra", test))

    def _part(self, split: str, rows: int) -> tuple[Shards, range]:
        """Return the first `rows` rows of a split."""
        share = self.shares[split]
        if not 0 <= rows <= len(share.rows):
            name, count = share.shards.name, share.shards.rows
            offer = f"{name} ({count} rows) offers {len(share.rows)}"
            raise InputRefused(f"{rows} {split} rows were asked for; {offer}")
        return share.shards, share.rows[:rows]


def _sets(params: Params, folder: Path) -> dict[str, Shards]:
    """Look at the files of every split that has its own, refusing a file named twice and spectra that differ."""
    places = Places(params.flux, params.error, params.noisy)
    paths = {"train": params.path, "val": params.val_path, "test": params.test_path}
    settings = {"train": "data.path", "val": "data.val_path", "test": "data.test_path"}
    files = {name: data_files(path, folder, settings[name]) for name, path in paths.items() if path is not None}
    _refuse_shared([file for several in files.values() for file in several])
    sets = {name: Shards(several, places) for name, several in files.items()}
    for other in sets.values():
        if other.width != sets["train"].width:
            raise InputRefused(f"{other.name} has {other.width} pixels, {sets['train'].name} {sets['train'].width}")
        refuse_other_wave(other.name, other.wave, sets["train"].name, sets["train"].wave)
    return sets


def _refuse_shared(files: list[DataFile]) -> None:
    """Refuse a file that would serve two splits, or twice in one."""
    seen: dict[tuple[int, int], DataFile] = {}
    for file in files:
        if (same := seen.setdefault(file.identity(), file)) is not file:
            raise InputRefused(f"{file.name} is named twice (as {same.name}): splits would share rows")


def _shares(params: Params, sets: Mapping[str, Shards]) -> dict[str, Share]:
    """Share the rows out: splits with files of their own take the first, the others the last of the training files."""
    counts = {"val": params.val, "test": params.test}
    train, end = sets["train"], sets["train"].rows
    shares = {}
    for name in ("test", "val"):
        own = sets.get(name)
        rows = range(counts[name]) if own else range(end - counts[name], end)
        if counts[name] < 0 or rows.start < 0 or (own and len(rows) > own.rows):
            given = own or train
            raise InputRefused(
                f"{given.name} has {given.rows} rows, which cannot give val {params.val}, test {params.test}"
            )
        shares[name] = Share(own or train, rows)
        end = end if own else rows.start
    return {"train": Share(train, range(end)), **shares}


def _names(params: Params, sets: list[Shards]) -> dict[str, str]:
    """Return our name -> the file's of the label columns, which every file must have."""
    known = {name: NAMES.get(name, name) for name in UNITS} | (params.names or {})
    if params.columns:
        names = {name: known.get(name, name) for name in params.columns}
    else:
        there = sets[0].shards[0].columns
        names = {name: column for name, column in known.items() if column in there or name in (params.names or {})}
    for shard in (shard for shards in sets for shard in shards.shards):
        for name, column in names.items():
            if column not in shard.columns:
                ours = f", our `{name}`" if name != column else ""
                has = ", ".join(sorted(shard.columns))
                raise InputRefused(f"{shard.file.name} has no label column `{column}`{ours}; it has {has}")
    return names


class Spectra(View):
    """The rows of one split, read piece by piece."""

    def __init__(
        self, shards: Shards, rows: range, column: str, *, wave: np.ndarray | None, noise: float, **seen: Any
    ) -> None:
        """Read the target, and decide whether the noise is that of the file."""
        stored = noise == 1 and shards.noisy and not seen["asked"].draw
        measured = shards.places.error is not None
        super().__init__(len(rows), shards.width, noise=0.0 if stored else noise, measured=measured, **seen)
        if noise and not stored and not measured:
            raise InputRefused(f"{shards.name}: without `error` the only noise is 0")
        self.positions = wave
        self._level = noise
        self._flux = Rows(shards, "flux", rows)
        self._spectra = Rows(shards, "noisy", rows) if stored else self._flux
        self._errors = Rows(shards, "error", rows)
        self._targets = shards.labels({"": column}, rows)[""]

    def _clean(self, rows: range) -> torch.Tensor:
        """Return stored spectra."""
        return torch.from_numpy(self._spectra[rows.start : rows.stop]).to(self._device)

    def _bare(self, rows: range) -> torch.Tensor:
        """Return spectra without the noise that is stored of some."""
        return torch.from_numpy(self._flux[rows.start : rows.stop]).to(self._device)

    def _sigma(self, rows: range, clean: torch.Tensor) -> torch.Tensor:  # noqa: ARG002 - others depend on the flux
        """Return the stored noise of these rows."""
        return torch.from_numpy(self._errors[rows.start : rows.stop]).to(self._device)

    def _target(self, rows: range) -> np.ndarray:
        """Return the target of these rows."""
        return self._targets[rows.start : rows.stop]
