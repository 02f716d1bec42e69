"""A base whose experiment varies training rows and seeds, under a protocol whose slices divide the rows.

Its jobs are made up: `net` draws and learns, `line` only learns, `edge` does neither. Nothing is ever fitted.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from runner.documents.library import load_library
from runner.plans.specs import JobRun, job_runs
from runner.verdicts.knowledge import Knowledge
from tests import knowledge
from tests.documents.made_up_jobs import FILES

if TYPE_CHECKING:
    import numpy as np

PROTOCOL = """---
kind: protocol
id: wide
version: 1
title: Wide rows
data:
  source: arrays
  path: tiny.npz
  columns: {weight: kg, age: years}
rows: {val: 40, test: 80}
seed: 7
axes:
  noise: [0, 0.5, 1]
target: weight
metrics: [r2, mae, rmse, bias]
slices:
  young: age < 40
  half: {by: age, edges: [20, 40, 60]}
  stage: {by: age, edges: [20, 30, 40, 60], names: [child, teen, grown]}
---
"""

EXPERIMENT = """---
kind: exp
id: TOY-S
title: A toy that varies
date: 2026-01-02
protocol: wide@1
noise: 1
sweep:
  train: [50k, 1M]
  seed: [1, 2, 3]
jobs:
  net:  {job: mix}
  line: {job: line}
  edge: {job: bound, label: age}
define:
  gap: net.r2 - line.r2
  step: net(1M).r2 - net(50k).r2
---
"""

PYPROJECT = '[tool.runner]\njobs = "own"\n'


def swept(folder: Path, experiment: str = EXPERIMENT, protocol: str = PROTOCOL, **documents: str) -> Path:
    """Write the base: the made-up jobs, the protocol, the experiment, and the documents given by path."""
    root = knowledge.base(folder, protocols__wide=protocol, toy__exp__swept=experiment, **documents)
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "own").mkdir(exist_ok=True)
    for name, text in FILES.items():
        (root / "own" / f"{name}.py").write_text(text)
    return root


def runs(root: Path, identity: str = "TOY-S") -> list[JobRun]:
    """Return the runs an experiment declares."""
    library = load_library(root)
    return job_runs(library.named(identity), library)


def guess(root: Path, run: JobRun) -> np.ndarray:
    """Return predictions that miss by 1 to 2 kg, others for every run."""
    drawn = zlib.crc32(run.name.encode())
    return knowledge.guess(root, 1 + drawn % 97 / 97, seed=drawn)


def file(
    root: Path, identity: str = "TOY-S", predict: Callable[[Path, JobRun], np.ndarray | str] = guess, **scalars: float
) -> Knowledge:
    """File an experiment as if its runs had predicted this (text: had failed so), and read the base again."""
    predicted = {run.name: predict(root, run) for run in runs(root, identity)}
    return knowledge.file(root, identity, predicted, **scalars)
