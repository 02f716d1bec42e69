"""A program of your own: any command that reads arrays and writes predictions.

    fortran: {job: command, run: [./fit, "{data}", "{out}"], files: [programs/fit]}

The program starts in an empty temporary folder that holds the `files`, with a bare environment and no shell.
In its arguments these words are replaced:

    {data}      a folder with train.npz, val.npz and test.npz: X float32 [rows, width], and y float64 [rows]
                for train and val; the test targets are not there
    {out}       the npz file to write: val [rows] and test [rows], any real type
    {seed}      the seed of the run
    {device}    cpu or cuda

Beside `{out}` it may write numbers by name as JSON, in a file of the same name that ends in `.json`. What it
prints is thrown away; where it fails, the last line of its standard error is the reason that is reported.
Executing an experiment with this job runs that program with your rights: read it before you do.
"""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import signal
import subprocess
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.lib import format as npy

from runner.contract import Context, Data, Output, Split
from runner.findings import ArtefactDamaged, InputRefused, JobFailed
from runner.numerics.npz import load_numbers
from runner.safety import canonical
from runner.safety.data_files import data_files

if TYPE_CHECKING:
    import torch

VERSION = 1
USES_VAL = True
FILES = ("files",)

BATCH = 4096  # rows at a time
LARGEST = 1 << 30  # bytes of predictions
TAIL = 4096  # bytes of standard error that are looked at
KEPT = (
    "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "CUDA_VISIBLE_DEVICES",
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS",
)  # fmt: skip


@dataclass(frozen=True)
class Params:
    """What an experiment may set."""

    # the program and its arguments, one by one
    run: tuple[str, ...]
    # scripts and settings it needs, relative to the knowledge base; each is copied beside it under its own name
    files: tuple[str, ...] = ()
    # seconds after which it is stopped
    timeout: float = 3600.0


def run(params: Params, data: Data, context: Context) -> Output:
    """Write the splits, run the program, read what it wrote."""
    if not params.run:
        raise JobFailed("`run` names no program", fix="write run: [python, fit.py, '{data}', '{out}']")
    with tempfile.TemporaryDirectory(prefix="command-") as name:
        room = Path(name)
        inputs, work, out = room / "data", room / "work", room / "out.npz"
        inputs.mkdir()
        work.mkdir()
        _copy(params.files, context.folder, work)
        for split in ("train", "val", "test"):
            _write(inputs / f"{split}.npz", getattr(data, split), split, context)
        words = {"{data}": inputs, "{out}": out, "{seed}": context.seed, "{device}": context.device}
        _obey([_replaced(word, words) for word in params.run], work, params.timeout)
        return Output(_predictions(out, data), scalars=_scalars(out.with_suffix(".json")))


def _copy(files: Iterable[str], folder: Path, work: Path) -> None:
    """Lay the files a program needs beside it."""
    for file in (file for text in files for file in data_files(text, folder, "files")):
        target = work / file.path.name
        if target.exists():
            raise JobFailed(f"two of the files are called {target.name}", fix="give them names of their own")
        shutil.copy(file.path, target)


def _write(path: Path, split: Split, name: str, context: Context) -> None:
    """Write a split batch by batch: never all of it is held in memory."""
    targets: list[np.ndarray] = []
    with zipfile.ZipFile(path, "w") as archive:
        with _member(archive, "X", "<f4", (split.rows, split.width)) as stream:
            done = 0
            for x, y in _batches(split, name):
                stream.write(x.cpu().numpy().astype("<f4", copy=False).tobytes())
                targets += [] if y is None else [y.cpu().numpy()]
                done += len(x)
                context.progress(done, split.rows, name)
        if name != "test":
            with _member(archive, "y", "<f8", (split.rows,)) as stream:
                stream.write(np.concatenate([np.empty(0), *targets]).astype("<f8").tobytes())


def _batches(split: Split, name: str) -> Iterator[tuple[torch.Tensor, torch.Tensor | None]]:
    """Yield batches of inputs with their targets; nobody may have those of the test rows."""
    if name != "test":
        yield from split.pairs(BATCH)
    else:
        yield from ((x, None) for x in split.inputs(BATCH))


@contextlib.contextmanager
def _member(archive: zipfile.ZipFile, name: str, kind: str, shape: tuple[int, ...]) -> Iterator[IO[bytes]]:
    """Open one array of an npz file for its numbers, its header written."""
    with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
        npy.write_array_header_1_0(stream, {"descr": kind, "fortran_order": False, "shape": shape})
        yield stream


def _replaced(word: str, words: dict[str, Any]) -> str:
    for placeholder, value in words.items():
        word = word.replace(placeholder, str(value))
    return word


def _obey(words: list[str], work: Path, timeout: float) -> None:
    """Run a program to its end; it and all it started are stopped when time is up or the run is interrupted."""
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(  # noqa: S603 - the program an experiment declares, never through a shell
                words, cwd=work, env=environment, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
            )  # fmt: skip
        except OSError as error:
            raise JobFailed(f"`{words[0]}` cannot be started: {error.strerror}") from error
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise JobFailed(f"`{words[0]}` was stopped after {timeout:g} s", fix="give it more `timeout`") from error
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if code:
            raise JobFailed(f"`{words[0]}` ended with {code}: {_last_line(errors)}")


def _last_line(errors: IO[bytes]) -> str:
    errors.seek(max(0, errors.seek(0, os.SEEK_END) - TAIL))
    lines = errors.read().decode("utf-8", "replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


def _predictions(out: Path, data: Data) -> dict[str, np.ndarray]:
    if not out.is_file():
        raise JobFailed("the program wrote no predictions", fix="let it write the file it is given as {out}")
    try:
        arrays = load_numbers(out, "the file of predictions", LARGEST)
    except InputRefused as error:
        raise JobFailed(error.message) from error
    predictions: dict[str, np.ndarray] = {}
    for split in ("val", "test"):
        rows = getattr(data, split).rows
        if split not in arrays:
            raise JobFailed(f"the predictions hold no `{split}`", fix="write val and test")
        if arrays[split].shape != (rows,):
            raise JobFailed(f"`{split}` of the predictions has shape {arrays[split].shape}, ({rows},) is due")
        predictions[split] = arrays[split]
    return predictions


def _scalars(path: Path) -> dict[str, float]:
    """Return the numbers a program wrote by name, if it did."""
    if not path.is_file():
        return {}
    try:
        told = canonical.loads(path.read_text(encoding="utf-8"))
    except (ArtefactDamaged, UnicodeDecodeError) as error:
        raise JobFailed(f"the numbers by name are no JSON: {error}") from error
    numbers = told if isinstance(told, dict) else {"": told}
    wrong = [name for name, value in numbers.items() if not _is_number(value) or not name.isidentifier()]
    if wrong:
        raise JobFailed(f"`{wrong[0]}` is no number with a name", fix='write {"epochs": 12}')
    return {name: float(value) for name, value in numbers.items()}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
