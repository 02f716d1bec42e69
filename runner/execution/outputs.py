"""What a job returned, or raised, as it can be filed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np

from runner.contract import Data, Output, Split
from runner.documents.metrics import BOUNDS, COUNT, METRICS
from runner.execution.fits import Fit
from runner.expressions.names import NAME
from runner.findings import JobFailed, RunnerError
from runner.results import arrays
from runner.results.files import LARGEST

PROFILE = re.compile(rf"{NAME.pattern}(?:\([^()]+\))?")  # `weights`, or of a part: `weights(7.5)`
TAKEN = ("val", "test", BOUNDS)  # names of arrays that no profile can have
FOLDERS = re.compile(r"(?<![\w.])/(?:[^\s/'\"]+/)+")


def checked(output: Output, splits: Data, *, told: bool = False) -> Fit:
    """Refuse an output that cannot be filed: of nothing, wrong length, not finite, scalars that are no numbers.

    A job that was `told` the truth of the test rows may predict nothing, and give no latents that others predict from.
    """
    if not output.predictions and output.bounds is None:
        raise JobFailed("it returns neither predictions nor bounds", fix="return one of them, or both")
    if (output.predictions or output.latents) and told:
        raise JobFailed("it asked for the truth of the test rows, so it may predict nothing", fix="return bounds alone")
    predictions = _predictions(output, splits) if output.predictions else {}
    scalars = {name: float(value) for name, value in output.scalars.items()}
    for table, entries in output.tables.items():
        scalars |= {f"{table}({place})": value for place, value in _entries(entries)}
    for name, value in scalars.items():
        if name in {*METRICS, COUNT}:
            raise JobFailed(f"the scalar `{name}` has the name of a metric", fix="call it otherwise")
        if not abs(value) <= LARGEST:
            raise JobFailed(f"the scalar `{name}` is {value:g}, no number that can be filed")
    profiles = {name: _profile(name, values, splits.test) for name, values in output.profiles.items()}
    inputs = _positions(splits.test) if profiles else None
    bounds = None if output.bounds is None else _bounds(output.bounds, splits.test.rows)
    curves = _curves(output.curves)
    again = splits.test is splits.train  # a fit once more, for its predictions on training rows alone
    latents = {} if again else _latents(output.latents, splits)
    return Fit(predictions, scalars, profiles=profiles, inputs=inputs, bounds=bounds, curves=curves, latents=latents)


def _predictions(output: Output, splits: Data) -> dict[str, np.ndarray]:
    """Return predictions of both splits as they are stored, or refuse them."""
    due = {"val": splits.val.rows, "test": splits.test.rows}
    missing = next((split for split in due if split not in output.predictions), None)
    if missing is not None:
        raise JobFailed(f"it returns no {missing} predictions", fix="return those of val and test, or none at all")
    stored = {split: _stored(f"{split} predictions", output.predictions[split], rows) for split, rows in due.items()}
    for split, values in stored.items():
        _refuse_infinite(f"{split} predictions", values)
    return stored


def _bounds(said: np.ndarray, rows: int) -> np.ndarray:
    """Return bounds of the test rows as they are stored, or refuse them; one without end says that nothing is known."""
    stored = _stored("bounds", said, rows)
    wrong = int((~(stored >= 0)).sum())
    if wrong:
        fix = "return variances, and infinity where nothing is known"
        raise JobFailed(f"{wrong} bounds are negative or no number", fix=fix)
    return stored


def _profile(name: str, values: np.ndarray, rows: Split) -> np.ndarray:
    """Return what a job says of each input as it is stored, or refuse it."""
    if not PROFILE.fullmatch(name) or name in TAKEN:
        raise JobFailed(f"`{name}` cannot name a profile", fix="write lower-case letters, digits and _")
    stored = _stored(f"numbers of `{name}`", values, rows.width)
    _refuse_infinite(f"numbers of `{name}`", stored)
    return stored


def _curves(said: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return what a job says of each epoch as it is stored, or refuse it."""
    epochs = max((np.size(values) for values in said.values()), default=0)
    if said and not epochs:
        raise JobFailed("its curves have no epoch", fix="return no curves where nothing was trained")
    stored = {name: _stored(f"numbers of the curve `{name}`", values, epochs) for name, values in said.items()}
    for name, values in stored.items():
        if not NAME.fullmatch(name):
            raise JobFailed(f"`{name}` cannot name a curve", fix="write lower-case letters, digits and _")
        _refuse_infinite(f"numbers of the curve `{name}`", values)
    return stored


def _latents(said: Mapping[str, np.ndarray], splits: Data) -> dict[str, np.ndarray]:
    """Return the latents a job gave as they are kept, or refuse them: as many numbers for each row of every split."""
    if not said:
        return {}
    due = {"train": splits.train.rows, "val": splits.val.rows, "test": splits.test.rows}
    missing = next((split for split in due if split not in said), None)
    if missing is not None:
        raise JobFailed(f"it returns no {missing} latents", fix="return those of train, val and test, or none at all")
    width = np.shape(said["train"])[-1] if np.ndim(said["train"]) else 0
    return {split: _latent(f"{split} latents", said[split], rows, width) for split, rows in due.items()}


def _latent(what: str, said: np.ndarray, rows: int, width: int) -> np.ndarray:
    """Return the latents of a split in full single precision, or refuse them."""
    values = _real(what, said, (rows, max(1, width)), f"({rows}, n) is due, with one n for all rows")
    with np.errstate(over="ignore"):  # what does not fit becomes infinite
        kept = np.ascontiguousarray(values, dtype=np.float32)
    _refuse_infinite(what, kept)
    return kept


def _positions(rows: Split) -> np.ndarray | None:
    """Return where the inputs stand, in full single precision, None where the source does not say."""
    if rows.positions is None:
        return None
    placed = np.asarray(rows.positions, dtype=np.float32)
    if placed.shape != (rows.width,) or not np.isfinite(placed).all():
        raise JobFailed(f"the source does not say for each of its {rows.width} inputs where it stands")
    return placed


def _entries(table: Mapping[str, float] | Mapping[str, Mapping[str, float]]) -> Iterator[tuple[str, float]]:
    """Yield what a table says at each of its places: a row, or a row and a column."""
    for row, said in table.items():
        if isinstance(said, Mapping):
            yield from ((f"{row}, {column}", float(value)) for column, value in said.items())
        else:
            yield row, float(said)


def _stored(what: str, said: np.ndarray, length: int) -> np.ndarray:
    """Return numbers as they are stored, or refuse what is none, or not one for each row or input."""
    values = _real(what, said, (length,), f"({length},) is due")
    return arrays.rounded(values)  # a float32: what is large in a float64 may be infinite here


def _real(what: str, said: np.ndarray, shape: tuple[int, ...], due: str) -> np.ndarray:
    """Return real numbers of this shape, or refuse what is none, saying what is due."""
    values = np.asarray(said)
    if values.shape != shape:
        raise JobFailed(f"{what} have shape {values.shape}, {due}")
    if values.dtype.kind not in "fiu":
        raise JobFailed(f"{what} are {values.dtype}, real numbers are due")
    return values


def _refuse_infinite(what: str, stored: np.ndarray) -> None:
    if not np.isfinite(stored).all():
        raise JobFailed(f"{int((~np.isfinite(stored)).sum())} {what} are not finite")


def one_line(error: BaseException) -> str:
    """Write what a job raised as one line that says nothing of the machine: files by their names alone."""
    text = FOLDERS.sub("", " ".join(str(error).split())) or "no message"
    name = "" if isinstance(error, RunnerError) else f"{type(error).__name__}: "
    return f"{name}{text}"[:300]
