"""The swept base, its jobs returning tables and profiles beside their predictions, as a mixture with a gate would."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from runner.execution.filing import Made, file_fits, file_rows, rows_to_file
from runner.execution.fits import Fit
from runner.plans.specs import JobRun, job_runs
from runner.results.arrays import rounded
from runner.verdicts.knowledge import Knowledge, gather
from tests import knowledge
from tests.swept import EXPERIMENT, guess, swept

STAGES = ("child", "teen", "grown")  # as the protocol has them; by name they would stand otherwise
COUNTS = {"child": (30, 2, 0), "teen": (3, 20, 1), "grown": (0, 4, 20)}
WIDTH = 3000
PLACES = np.linspace(100, 200, WIDTH).astype(np.float32)
ONE_SEED = EXPERIMENT.replace("  seed: [1, 2, 3]\n", "  noise: [0, 0.5, 1]\n").replace("noise: 1\n", "", 1)


def tables(run: JobRun) -> dict[str, float]:
    """Return what every run returns: a little more at every seed."""
    more = float(run.point.get("seed", 0.0))
    cells = {(true, name): count for true, row in COUNTS.items() for name, count in zip(STAGES, row, strict=True)}
    return {
        **{f"confusion({true}, {chosen})": count + more for (true, chosen), count in cells.items()},
        **{f"weight({true}, {chosen})": count / 35 for (true, chosen), count in cells.items()},
        **{f"top_weight({step / 20:g})": float(step) for step in range(1, 21)},
        **{f"val_mse({alpha:g})": abs(np.log10(alpha)) + 1 for alpha in (0.001, 0.03, 1.0, 30.0, 1000.0)},
        **{f"alpha({name})": 10.0**place for place, name in enumerate(STAGES)},
    }


def weights(run: JobRun) -> np.ndarray:
    """Return a number per input: a wave with a dip that every seed has elsewhere."""
    dip = np.exp(-((PLACES - 120 - zlib.crc32(run.name.encode()) % 50) ** 2))
    return np.asarray(rounded(1e-4 * (np.sin(PLACES) - 5 * dip)))


def gated(folder: Path, experiment: str = EXPERIMENT, more: Mapping[str, float] | None = None) -> Knowledge:
    """Write the base, and file its experiment as if its runs had returned this."""
    root = swept(folder, experiment)
    base = gather(root)
    document = base.library.named("TOY-S")
    file_rows(document, rows_to_file(document, knowledge.labels(root), base), base)
    made = [Made(run, _fit(root, run, more or {})) for run in job_runs(document, base.library)]
    file_fits(document, made, base, knowledge.TOLD)
    return gather(root)


def _fit(root: Path, run: JobRun, more: Mapping[str, float]) -> Fit:
    predicted = {"val": rounded(np.zeros(40)), "test": rounded(guess(root, run))}
    return Fit(predicted, {**tables(run), **more}, profiles={"weights": weights(run)}, inputs=PLACES)
