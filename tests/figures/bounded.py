"""A base whose `edge` gives bounds and predicts nothing, and what a source says of the same quantities."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from runner.execution.filing import Made, file_fits, file_rows, rows_to_file
from runner.execution.fits import Fit
from runner.plans.specs import JobRun, job_runs
from runner.results.arrays import rounded
from runner.verdicts.knowledge import Knowledge, gather
from tests import knowledge
from tests.swept import PROTOCOL, guess, swept

LIMITED = PROTOCOL.replace("[r2, mae, rmse, bias]", "[r2, bound, r2max, sigma]")
COVERED = {0.05: 0.06, 0.5: 0.52, 0.68: 0.66, 0.95: 0.93}
EXPERIMENT = """---
kind: exp
id: TOY-B
title: A toy with bounds
date: 2026-01-02
protocol: wide@1
train: 100
sweep:
  noise: [0.5, 1]
jobs:
  net:  {job: line}
  edge: {job: bound, label: age}
published:
  - source: a paper
    population: rows of its own
    facts:
      net.r2: {0.5: 0.7, 2: "0.6 [0.55, 0.65]"}
      net(1).half(30).r2: 0.5
      net(1).half(70).r2: 0.4
      net(1).r2: 0.65
      far.half(25).r2: 0.3
      far.r2: 0.9
withdrawn:
  - {source: a draft, why: a bug, facts: {far.half(30).r2: 0.1}}
---
"""
HUB = """---
kind: hub
id: TOY-hub
title: Toy hub
date: 2026-01-02
cites: {b: TOY-B}
---
"""


def bounded(folder: Path, experiment: str = EXPERIMENT, allowed: float = 9.0) -> Knowledge:
    """Write the base, and file its experiment as if its runs had returned this."""
    root = swept(folder, **{"toy__b": experiment, "toy__toy-hub": HUB}, protocol=LIMITED)
    base = gather(root)
    document = base.library.named("TOY-B")
    file_rows(document, rows_to_file(document, knowledge.labels(root), base), base)
    made = [Made(run, _fit(root, run, allowed)) for run in job_runs(document, base.library)]
    file_fits(document, made, base, knowledge.TOLD)
    return gather(root)


def _fit(root: Path, run: JobRun, allowed: float) -> Fit:
    scalars = {"schur": 0.5 + float(run.axes["noise"]) / 10}
    scalars |= {f"coverage({level:g})": share for level, share in COVERED.items()}
    if run.job.job == "bound":
        variances = float(run.axes["noise"]) * allowed * np.linspace(0.5, 1.5, 80)
        return Fit(scalars=scalars, bounds=rounded(variances))
    return Fit({"val": rounded(np.zeros(40)), "test": rounded(guess(root, run))}, scalars)
