"""A tiny knowledge base for tests: a dict of files becomes a folder, its data a few numbers nobody cares about."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from runner.contract import Source
from runner.execution.filing import Made, file_fits, file_rows, rows_to_file
from runner.execution.fits import Fit
from runner.plans.specs import job_runs
from runner.results.arrays import rounded
from runner.verdicts.knowledge import Knowledge, gather

PROTOCOL = """---
kind: protocol
id: tiny
version: 1
title: Tiny rows
data:
  source: arrays
  path: tiny.npz
  columns: {weight: kg, age: years}
rows: {val: 40, test: 80}
seed: 7
axes:
  noise: [0, 1]
target: weight
metrics: [r2, mae, rmse, bias]
slices:
  young: age < 40
  old: age >= 40
---

# Tiny rows
"""

EXPERIMENT = """---
kind: exp
id: TOY-1
title: A toy
date: 2026-01-02
protocol: tiny@1
noise: 1
train: 200
jobs:
  weak:   {job: ridge, alpha: 1e4}
  strong: {job: ridge, alpha: val}
define:
  gain: strong.r2 - weak.r2
expect:
  H-A:
    gain >= 0.2: keep the strong one
    gain > 0:    keep either
    else:        keep the weak one
  H-B: strong.r2 > 0.5
---

# A toy

<!-- logg: header -->

R² goes from [?.???][weak.r2] to [?.???][strong.r2], a gain of [+?.???][gain] ([?.??, ?.??][ci(gain)]).
[It helps][gain > 0].

<!-- logg: verdict -->

<!-- logg: expectations -->

<!-- logg: results -->

<!-- logg: figure {kind: bars, of: [weak.r2, strong.r2]} -->

<!-- logg: provenance -->
"""

HEAD = EXPERIMENT[: EXPERIMENT.index("jobs:")]  # for other jobs

HUB = """---
kind: hub
id: TOY-hub
title: Toy hub
date: 2026-01-02
cites:
  toy: TOY-1
claims:
  K1: toy.gain > 0
---

# Toy hub

[?][K1] and [the strong one wins][K1]: [?.??][toy.strong.r2].
"""


TOLD = {
    "commit": "0" * 40, "device": "cpu", "dirty": False, "format": 1, "host": "nowhere", "runs": {}, "seconds": 0.1,
    "started": "2026-01-02T03:04:05Z", "versions": {"logg": "0"},
}  # fmt: skip


def data(rows: int = 320, width: int = 6) -> bytes:
    """Return an npz file of inputs, noise and two label columns, the same bytes every time."""
    generator = np.random.default_rng(3)
    age = generator.uniform(20, 60, rows)
    x = generator.normal(size=(rows, width))
    weight = x @ np.linspace(1, 2, width) + 0.05 * age + 60
    buffer = io.BytesIO()
    np.savez(buffer, X=x.astype(np.float32), sigma=np.full_like(x, 0.3, dtype=np.float32), weight=weight, age=age)
    return buffer.getvalue()


def base(folder: Path, **documents: str) -> Path:
    """Write a knowledge base of the tiny protocol, its data and the documents given by path below `logg/`."""
    named = {name.replace("__", "/") + ".md": text for name, text in documents.items()}
    write(folder, {"protocols/tiny.md": PROTOCOL, **named})
    (folder / "logg" / "tiny.npz").write_bytes(data())
    return folder


def write(folder: Path, files: dict[str, str]) -> None:
    """Write files below `logg/`, line ends as they stand."""
    for name, text in files.items():
        path = folder / "logg" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))


def toy(folder: Path) -> Path:
    """Write the toy base: one protocol, one experiment, one hub."""
    return base(folder, toy__exp__toy=EXPERIMENT, **{"toy__toy-hub": HUB})


def labels(root: Path, test: int = 80) -> Source:
    """Return a source that knows labels only: validation rows before the last `test` rows of the toy data."""
    stored = np.load(root / "logg" / "tiny.npz")
    ends = {"test": len(stored["age"]), "val": len(stored["age"]) - test}

    def columns(split: str, rows: int) -> dict[str, np.ndarray]:
        return {name: stored[name][ends[split] - rows : ends[split]] for name in ("weight", "age")}

    return cast("Source", SimpleNamespace(labels=columns))


def guess(root: Path, spread: float, seed: int = 1) -> np.ndarray:
    """Return predictions of the toy's test rows that miss by about `spread`."""
    truth = labels(root).labels("test", 80)["weight"]
    return np.asarray(truth + spread * np.random.default_rng(seed).normal(size=80))


def file(root: Path, identity: str, predictions: Mapping[str, np.ndarray | str | Fit], **scalars: float) -> Knowledge:
    """File an experiment as if its jobs had predicted or given this (text: had failed so), and read the base again."""
    knowledge = gather(root)
    document = knowledge.library.named(identity)
    file_rows(document, rows_to_file(document, labels(root), knowledge), knowledge)
    made = [Made(run, _fit(predictions[run.name], scalars)) for run in job_runs(document, knowledge.library)]
    file_fits(document, made, knowledge, TOLD)
    return gather(root)


def _fit(predicted: np.ndarray | str | Fit, scalars: Mapping[str, Any]) -> Fit:
    if isinstance(predicted, Fit):
        return predicted
    if isinstance(predicted, str):
        return Fit(failed=predicted)
    return Fit({"val": rounded(np.zeros(40)), "test": rounded(predicted)}, scalars)
