"""What a job returned, or raised, as it can be filed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np

from runner.contract import Output
from runner.execution.fits import Fit
from runner.findings import JobFailed, RunnerError
from runner.results import arrays
from runner.results.files import LARGEST

FOLDERS = re.compile(r"(?<![\w.])/(?:[^\s/'\"]+/)+")


def checked(output: Output, due: Mapping[str, int]) -> Fit:
    """Refuse an output that cannot be filed: wrong length, not finite, scalars that are no numbers, bounds."""
    if output.bounds is not None:
        raise JobFailed("it returns bounds, which are not taken yet", fix="return them as scalars or tables")
    predictions = {split: _stored(split, output.predictions[split], rows) for split, rows in due.items()}
    scalars = {name: float(value) for name, value in output.scalars.items()}
    for table, entries in output.tables.items():
        scalars |= {f"{table}({place})": value for place, value in _entries(entries)}
    for name, value in scalars.items():
        if not abs(value) <= LARGEST:
            raise JobFailed(f"the scalar `{name}` is {value:g}, no number that can be filed")
    return Fit(predictions, scalars)


def _entries(table: Mapping[str, float] | Mapping[str, Mapping[str, float]]) -> Iterator[tuple[str, float]]:
    """Yield what a table says at each of its places: a row, or a row and a column."""
    for row, said in table.items():
        if isinstance(said, Mapping):
            yield from ((f"{row}, {column}", float(value)) for column, value in said.items())
        else:
            yield row, float(said)


def _stored(split: str, predicted: np.ndarray, rows: int) -> np.ndarray:
    """Return predictions as they are stored, or refuse them."""
    values = np.asarray(predicted)
    if values.shape != (rows,):
        raise JobFailed(f"{split} predictions have shape {values.shape}, ({rows},) is due")
    if values.dtype.kind not in "fiu":
        raise JobFailed(f"{split} predictions are {values.dtype}, real numbers are due")
    stored = arrays.rounded(values)  # a float32: what is large in a float64 may be infinite here
    if not np.isfinite(stored).all():
        raise JobFailed(f"{int((~np.isfinite(stored)).sum())} {split} predictions are not finite")
    return stored


def one_line(error: BaseException) -> str:
    """Write what a job raised as one line that says nothing of the machine: files by their names alone."""
    text = FOLDERS.sub("", " ".join(str(error).split())) or "no message"
    name = "" if isinstance(error, RunnerError) else f"{type(error).__name__}: "
    return f"{name}{text}"[:300]
