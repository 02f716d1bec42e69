"""What a job returned, or raised, as it can be filed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from runner.contract import Output
from runner.execution.fits import Fit
from runner.findings import JobFailed, RunnerError
from runner.results import arrays


def checked(output: Output, due: Mapping[str, int]) -> Fit:
    """Refuse an output that cannot be filed: wrong length, not finite, scalars that are no numbers."""
    predictions = {}
    for split, rows in due.items():
        values = np.asarray(output.predictions[split])
        if values.shape != (rows,):
            raise JobFailed(f"{split} predictions have shape {values.shape}, ({rows},) is due")
        if values.dtype.kind not in "fiu":
            raise JobFailed(f"{split} predictions are {values.dtype}, real numbers are due")
        predictions[split] = arrays.rounded(values)  # a float32: what is large in a float64 may be infinite here
        if not np.isfinite(predictions[split]).all():
            lost = int((~np.isfinite(predictions[split])).sum())
            raise JobFailed(f"{lost} {split} predictions are not finite")
    scalars = {name: float(value) for name, value in output.scalars.items()}
    for table, entries in output.tables.items():
        scalars |= {f"{table}({row})": float(value) for row, value in entries.items()}
    if not np.isfinite(list(scalars.values())).all():
        raise JobFailed("a scalar is not finite")
    return Fit(predictions, scalars)


def one_line(error: BaseException) -> str:
    """Write what a job raised as one line."""
    text = " ".join(str(error).split()) or "no message"
    name = "" if isinstance(error, RunnerError) else f"{type(error).__name__}: "
    return f"{name}{text}"[:300]
