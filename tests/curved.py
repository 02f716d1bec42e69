"""The swept base, its jobs returning curves beside their predictions, as trainings would."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from runner.execution.fits import Fit
from runner.plans.specs import JobRun
from runner.results.arrays import rounded
from runner.verdicts.knowledge import Knowledge
from tests import knowledge
from tests.swept import EXPERIMENT, guess, runs, swept

EPOCHS = {50_000.0: 40, 1_000_000.0: 5}
HUB = """---
kind: hub
id: TOY-hub
title: Toy hub
date: 2026-01-02
cites:
  toy: TOY-S
  best: TOY-S/net(1M)
---

# Toy hub
"""


def kept(run: JobRun) -> int:
    """Return the epoch that a run is said to have kept: another one for every seed."""
    return EPOCHS[float(run.point["train"])] - int(float(run.point.get("seed", 0.0)))


def curves(run: JobRun) -> dict[str, np.ndarray]:
    """Return what `net` says of every epoch; `line` does not say how many rows it had seen, `edge` says nothing."""
    if run.job.name == "edge":
        return {}
    rows = float(run.point["train"])
    epochs = np.arange(1, EPOCHS[rows] + 1)
    share = epochs / len(epochs)
    seen = {"rows": rows * epochs} if run.job.name == "net" else {}
    lost = {"loss": np.exp(-4 * share) * (1 + float(run.point.get("seed", 0.0)) / 10), "val_r2": 0.9 - 1.5 * 0.1**share}
    return {name: rounded(values) for name, values in {**seen, **lost}.items()}


def curved(folder: Path, experiment: str = EXPERIMENT, shift: float = 0.0) -> Knowledge:
    """Write the base, and file its experiment as if its runs had gone so; `shift` moves what the last one says."""
    root = swept(folder, experiment, **{"toy__toy-hub": HUB})
    fits = {run.name: _fit(root, run) for run in runs(root)}
    last = next(name for name in reversed(fits) if name.startswith("net"))
    fits[last].curves["val_r2"][-1] += shift
    return knowledge.file(root, "TOY-S", fits)


def _fit(root: Path, run: JobRun) -> Fit:
    said = curves(run)
    predicted = {"val": rounded(np.zeros(40)), "test": rounded(guess(root, run))}
    return Fit(predicted, {"best_epoch": float(kept(run))} if said else {}, curves=said)
