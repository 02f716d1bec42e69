"""Fit one job run, or take it from the cache of fits when its key has been computed before."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from runner.contract import Context, Output, Source
from runner.documents.kinds import Protocol
from runner.execution import plugins
from runner.findings import ArtefactDamaged, JobFailed, RunnerError
from runner.plans.specs import JobRun
from runner.results import arrays
from runner.results.files import load_json
from runner.safety import atomic, canonical

Progress = Callable[[int, int, str], None]
SPLITS = ("val", "test")
PEAK_UNIT = 1 << 20 if sys.platform == "darwin" else 1 << 10  # of ru_maxrss in a megabyte


@dataclass(frozen=True)
class Fit:
    """What one job run gave: predictions rounded as they are stored, scalars, and what it cost."""

    predictions: Mapping[str, np.ndarray] = field(default_factory=dict)
    scalars: Mapping[str, float] = field(default_factory=dict)
    cost: Mapping[str, Any] = field(default_factory=dict)
    failed: str = ""
    fresh: bool = True


@dataclass(frozen=True)
class Splits:
    """The three splits of an experiment as its jobs see them."""

    train: Any
    val: Any
    test: Any


@dataclass(frozen=True)
class Workshop:
    """Where fits are made: the opened source, the device, the folder of the cache."""

    source: Source
    protocol: Protocol
    device: str
    cache: Path

    def data(self, run: JobRun) -> Splits:
        """Show the source's rows to one run, with its noise."""

        def split(name: str, count: int) -> Any:
            target, noise = self.protocol.target, run.axes["noise"]
            seed = self.protocol.seed  # of the rows and their noise: every job sees the same ones
            return self.source.split(name, count, target=target, noise=noise, seed=seed, device=self.device)

        return Splits(
            split("train", int(run.axes["train"])),
            split("val", self.protocol.val),
            split("test", self.protocol.test),
        )


def fit(run: JobRun, workshop: Workshop, progress: Progress, *, force: bool) -> Fit:
    """Return the fit of a run: from the cache, computed now, or failed with its message."""
    cached = None if force else _cached(run, workshop.cache)
    if cached is not None:
        return cached
    module = plugins.load("jobs", run.job.job)
    context = Context(workshop.device, int(run.axes["seed"]), progress)
    started = time.monotonic()
    try:
        output = module.run(module.Params(**run.job.params), workshop.data(run), context)
        fitted = _checked(run, output, workshop.protocol)
    except Exception as error:  # noqa: BLE001 - a job may raise anything; its neighbours go on
        return Fit(failed=_one_line(error))
    cost = {
        "seconds": round(time.monotonic() - started, 3),
        "megabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / PEAK_UNIT),
        "train": int(run.axes["train"]),
        "device": workshop.device,
    }
    made = Fit(fitted.predictions, fitted.scalars, cost)
    _keep(run, made, workshop.cache)
    return made


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split()) or "no message"
    name = "" if isinstance(error, RunnerError) else f"{type(error).__name__}: "
    return f"{name}{text}"[:300]


def _checked(run: JobRun, output: Output, protocol: Protocol) -> Fit:
    """Refuse an output that cannot be filed: wrong length, not finite, scalars that are no numbers."""
    predictions = {}
    for split, rows in zip(SPLITS, (protocol.val, protocol.test), strict=True):
        values = np.asarray(output.predictions[split])
        if values.shape != (rows,):
            raise JobFailed(f"{split} predictions have shape {values.shape}, ({rows},) is due")
        if values.dtype.kind not in "fiu":
            raise JobFailed(f"{split} predictions are {values.dtype}, real numbers are due")
        predictions[split] = arrays.rounded(values)  # a float32: what is large in a float64 may be infinite here
        if not np.isfinite(predictions[split]).all():
            lost = int((~np.isfinite(predictions[split])).sum())
            raise JobFailed(f"{lost} {split} predictions are not finite")
    scalars = {f"{run.name}.{name}": float(value) for name, value in output.scalars.items()}
    for table, entries in output.tables.items():
        scalars |= {f"{run.name}.{table}({row})": float(value) for row, value in entries.items()}
    if not np.isfinite(list(scalars.values())).all():
        raise JobFailed("a scalar is not finite")
    return Fit(predictions, scalars)


def _files(run: JobRun, cache: Path) -> tuple[Path, Path]:
    return cache / f"{run.fit}.json", cache / f"{run.fit}.npz"


def _keep(run: JobRun, made: Fit, cache: Path) -> None:
    """Write arrays first, then the note that vouches for them by hash."""
    cache.mkdir(parents=True, exist_ok=True)
    note, packed = _files(run, cache)
    atomic.replace(packed, arrays.pack(made.predictions))
    hashes = {split: arrays.digest(values) for split, values in made.predictions.items()}
    bare = {name.removeprefix(f"{run.name}."): value for name, value in made.scalars.items()}
    atomic.replace(note, canonical.dumps({"arrays": hashes, "cost": made.cost, "scalars": bare}).encode())


def _cached(run: JobRun, cache: Path) -> Fit | None:
    note, packed = _files(run, cache)
    if not (note.is_file() and packed.is_file()):
        return None
    try:
        stored, predictions = load_json(note, note.name), arrays.unpack(packed, packed.name)
        hashes = {split: arrays.digest(values) for split, values in predictions.items()}
        scalars = {f"{run.name}.{name}": float(value) for name, value in stored["scalars"].items()}
        made = Fit(predictions, scalars, dict(stored["cost"]), fresh=False)
        return made if hashes == stored["arrays"] else None
    except (ArtefactDamaged, AttributeError, LookupError, TypeError, ValueError):
        return None  # a damaged cache entry is only computed again
