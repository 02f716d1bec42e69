"""What ridge paths and mixtures of ridges cost, against scikit-learn and five lines of numpy, in one run.

python benchmarks/linear_speed.py                            100,000 rows of 4096 inputs; 20 alphas
python benchmarks/linear_speed.py --rows 20000 --width 1024  the same, smaller
python benchmarks/linear_speed.py --million                  only one ridge and nine experts on 1,000,000 rows, streamed

Every figure comes from a process of its own: seconds of CPU and of the clock, and the largest memory, imports included.
The rows are synthetic stars at noise 0.2, written to a file before anything is timed. Ours reads that file in batches,
which is timed with the rest; the others hold all rows, read before their clock starts. scikit-learn is refitted for
`--fits` alphas, and its time per alpha taken for each of the others.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from runner.contract import Partition, Split
from runner.data.mockstar import open_source
from runner.numerics import emulator
from runner.numerics.bins import bins_of, labels_of
from runner.numerics.gram import gram_of, grams_of, precision, summed
from runner.numerics.shrinkage import ridge_path

ALPHAS = np.geomspace(1e-2, 1e4, 20).tolist()
BATCH = 4096
NINE = Partition(("teff", "mh"), ((3750, 4500, 5250, 6000), (-2.0, -1.0, 0.0, 0.5)), tuple("abcdefghi"))
BINS = NINE.bins
CPU_TARGET, MEMORY_TARGET, RATE_TARGET = 8.0, 1.0, 0.75
MINUTES_TARGET, MILLION_MEMORY_TARGET = 15.0, 2.0
ROUNDS = 7
T = TypeVar("T")


@dataclass(frozen=True)
class Rows:
    """Where the rows of a benchmark are, and how many threads may work on them."""

    folder: Path
    rows: int
    width: int
    threads: int

    def batches(self) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        """Yield inputs, target and bin, a batch at a time, from the file."""
        y, bins = (np.load(self.folder / f"{name}.npy") for name in ("y", "bins"))
        with (self.folder / "x").open("rb") as file:
            for start in range(0, self.rows, BATCH):
                part = slice(start, min(start + BATCH, self.rows))
                x = np.fromfile(file, dtype=np.float32, count=(part.stop - start) * self.width)
                yield torch.from_numpy(x).view(-1, self.width), torch.from_numpy(y[part]), torch.from_numpy(bins[part])

    def held(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return all inputs, targets and bins."""
        x = np.fromfile(self.folder / "x", dtype=np.float32).reshape(self.rows, self.width)
        return x, np.load(self.folder / "y.npy"), np.load(self.folder / "bins.npy")


@dataclass(frozen=True)
class Cost:
    """What an action took: seconds of CPU and of the clock, largest memory of its process in GB."""

    cpu: float
    wall: float
    memory: float

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.cpu:8.1f} CPU s  {self.wall:8.1f} s  {self.memory:6.2f} GB"


class Meter:
    """The clocks of this process between two moments."""

    def __init__(self) -> None:
        """Start."""
        self.cpu, self.wall = time.process_time(), time.perf_counter()

    def read(self) -> Cost:
        """Return what has been used since."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # kilobytes on Linux
        return Cost(time.process_time() - self.cpu, time.perf_counter() - self.wall, peak)


def stars(rows: int) -> tuple[Split, np.ndarray]:
    """Return synthetic stars at noise 0.2 and the bin of each, the last for stars in none of the nine."""
    source = open_source({"val": 0, "test": 0}, Path())
    split = source.split("train", rows, target="logg", axes={"noise": 0.2}, seed=42, device="cpu")
    bins = bins_of(NINE, labels_of(split, NINE.by))
    return split, np.where(bins < 0, BINS, bins)


def write(data: Rows) -> Cost:
    """Write the rows: what is not counted."""
    meter = Meter()
    split, bins = stars(data.rows)
    targets = []
    with (data.folder / "x").open("wb") as file:
        for x, y in split.pairs(BATCH):
            x[:, : data.width].contiguous().numpy().tofile(file)
            targets.append(y.numpy())
    np.save(data.folder / "y.npy", np.concatenate(targets))
    np.save(data.folder / "bins.npy", bins)
    return meter.read()


def read(data: Rows) -> Cost:
    """Read the rows in batches and do nothing: a part of what ours takes."""
    meter = Meter()
    for _ in data.batches():
        pass
    return meter.read()


def our_path(data: Rows, alphas: list[float]) -> Cost:
    """Fit the path from one pass."""
    meter = Meter()
    ridge_path(gram_of(((x, y) for x, y, _ in data.batches()), torch.float32), alphas)
    return meter.read()


def our_experts(data: Rows, alphas: list[float]) -> Cost:
    """Fit the path of every bin and of all rows from one pass."""
    meter = Meter()
    _paths(data.batches(), np.load(data.folder / "bins.npy"), data.width, alphas)
    return meter.read()


def _paths(
    batches: Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]],
    bins: np.ndarray,
    width: int,
    alphas: list[float],
) -> None:
    """Fit ten paths."""
    kinds = [precision("auto", int(rows), width) for rows in np.bincount(bins, minlength=BINS + 1)]
    grams = [gram for gram in grams_of(batches, BINS + 1, kinds) if gram is not None]
    for gram in grams[:BINS]:
        ridge_path(gram, alphas)
    total = summed(grams)
    del grams
    ridge_path(total, alphas)


def their_path(data: Rows, alphas: list[float]) -> Cost:
    """Refit scikit-learn's Ridge for every alpha."""
    from sklearn.linear_model import Ridge

    x, y, _ = data.held()
    meter = Meter()
    for alpha in alphas:
        Ridge(alpha=alpha).fit(x, y)
    return meter.read()


def their_experts(data: Rows, alphas: list[float]) -> Cost:
    """Refit scikit-learn's Ridge for every bin and all rows, for every alpha."""
    from sklearn.linear_model import Ridge

    x, y, bins = data.held()
    meter = Meter()
    for k in range(BINS):
        part, target = x[bins == k], y[bins == k]
        for alpha in alphas:
            Ridge(alpha=alpha).fit(part, target)
    for alpha in alphas:
        Ridge(alpha=alpha).fit(x, y)
    return meter.read()


def numpy_eigh(data: Rows, alphas: list[float]) -> Cost:
    """Take the five lines anyone would write: X'X, its eigenvectors, every alpha from them."""
    x, y, _ = data.held()
    meter = Meter()
    mean = x.mean(0)
    x -= mean
    values, vectors = np.linalg.eigh((x.T @ x).astype(float))
    turned = vectors.T @ (x.T @ (y - y.mean()))
    np.stack([vectors @ (turned / (values + alpha)) for alpha in alphas])
    return meter.read()


def numpy_solve(data: Rows, alphas: list[float]) -> Cost:
    """Take the five lines for few alphas: X'X and a linear system for each."""
    x, y, _ = data.held()
    meter = Meter()
    x -= x.mean(0)
    g, c = (x.T @ x).astype(float), x.T @ (y - y.mean())
    for alpha in alphas:
        np.linalg.solve(g + alpha * np.eye(len(g)), c)
    return meter.read()


def million(data: Rows) -> Cost:
    """Stream the stars as they are made through nine experts and one ridge of all."""
    meter = Meter()
    split, bins = stars(data.rows)
    numbers = torch.from_numpy(bins)
    starts = range(0, data.rows, BATCH)
    batches = ((x, y, numbers[i : i + BATCH]) for i, (x, y) in zip(starts, split.pairs(BATCH), strict=True))
    _paths(batches, bins, emulator.PIXELS, ALPHAS)
    return meter.read()


def made(data: Rows) -> Cost:
    """Make the same stars and do nothing: a part of what `million` takes."""
    meter = Meter()
    for _ in stars(data.rows)[0].pairs(BATCH):
        pass
    return meter.read()


def rate(data: Rows) -> tuple[float, float]:
    """Return how many multiply-adds a second a product of square matrices and the pass of the sums make, best of each.

    Of the sums the n p (p + 1) / 2 distinct ones are counted.
    """
    torch.manual_seed(0)
    p, n = data.width, 2 * BATCH
    a, b, x, y = torch.rand(p, p), torch.rand(p, p), torch.rand(BATCH, p), torch.rand(BATCH, dtype=torch.float64)
    product = passed = 0.0
    for _ in range(ROUNDS):
        start = time.perf_counter()
        _ = a @ b
        product = max(product, p**3 / (time.perf_counter() - start))
        start = time.perf_counter()
        gram_of([(x, y)] * (n // BATCH), torch.float32)
        passed = max(passed, n * p * (p + 1) / 2 / (time.perf_counter() - start))
    return product, passed


def alone(action: Callable[..., T], data: Rows, *arguments: object) -> T:
    """Run an action in a process of its own."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(theirs, action, data, *arguments))
    process.start()
    theirs.close()
    answer: T = ours.recv()
    process.join()
    return answer


def _answer(pipe: Connection, action: Callable[..., object], data: Rows, *arguments: object) -> None:
    """Send what an action returns."""
    torch.set_num_threads(data.threads)
    pipe.send(action(data, *arguments))


def say(name: str, who: str, what: object) -> None:
    """Print one line."""
    print(f"  {name:<21} {who:<13} {what}")


def compared(name: str, ours: Cost, theirs: Cost, fits: int) -> None:
    """Print both sides of a ratio, theirs taken for all alphas."""
    whole = theirs.cpu / fits * len(ALPHAS)
    say(name, "ours", ours)
    say("", "scikit-learn", f"{theirs}  for {fits} alphas, {whole:.0f} CPU s for {len(ALPHAS)}")
    say("", "ratio", f"{whole / ours.cpu:.1f} times less CPU (target {CPU_TARGET:g})")


def report(data: Rows, fits: int) -> None:
    """Print the comparisons."""
    print(f"{data.rows:,} x {data.width} float32, {data.threads} threads, {len(ALPHAS)} alphas")
    say("making and writing", "not counted", alone(write, data))
    say("reading in batches", "part of ours", alone(read, data))
    some, one = ALPHAS[:: len(ALPHAS) // fits][:fits], ALPHAS[10:11]
    path = alone(our_path, data, ALPHAS)
    compared("one ridge", path, alone(their_path, data, some), fits)
    say("", "memory", f"target {MEMORY_TARGET:g} GB where theirs is more than 3, at 100,000 x 4096")
    compared("nine experts and one", alone(our_experts, data, ALPHAS), alone(their_experts, data, some), fits)
    say("one ridge, one alpha", "ours", alone(our_path, data, one))
    say("", "numpy solve", alone(numpy_solve, data, one))
    say("", "numpy eigh", alone(numpy_eigh, data, one))
    say("one ridge, all alphas", "ours", path)
    say("", "numpy eigh", alone(numpy_eigh, data, ALPHAS))
    product, passed = alone(rate, data)
    say("multiply-adds", "sgemm", f"{product / 1e9:8.0f} G/s")
    say("", "sums", f"{passed / 1e9:8.0f} G/s of the n p (p + 1) / 2 distinct ones")
    say(
        "",
        "ratio",
        f"{passed / product:.2f} (target {RATE_TARGET}); counting all n p^2 of X'X {2 * passed / product:.2f}",
    )


def streamed(data: Rows) -> None:
    """Print what a streamed fit takes."""
    print(f"{data.rows:,} x {emulator.PIXELS} float32, {data.threads} threads, {len(ALPHAS)} alphas, streamed as made")
    say("nine experts and one", "ours", alone(million, data))
    say("", "targets", f"{60 * MINUTES_TARGET:g} s, {MILLION_MEMORY_TARGET:g} GB")
    say("making the rows", "part of it", alone(made, data))


def main() -> None:
    """Read the sizes and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=0, help="100,000, or a million with --million")
    parser.add_argument(
        "--width", type=int, default=emulator.PIXELS, help=f"inputs of a row, {emulator.PIXELS} at most"
    )
    some = range(1, len(ALPHAS) + 1)
    parser.add_argument(
        "--fits", type=int, default=3, choices=some, metavar="N", help="alphas scikit-learn is refitted for, of the 20"
    )
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--million", action="store_true", help="only the streamed fit of nine experts and one ridge")
    settings = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):  # of the processes to come
        os.environ[name] = str(settings.threads)
    with tempfile.TemporaryDirectory() as folder:
        size = settings.rows or (1_000_000 if settings.million else 100_000)
        data = Rows(Path(folder), size, settings.width, settings.threads)
        if settings.million:
            streamed(data)
        else:
            report(data, settings.fits)


if __name__ == "__main__":
    main()
