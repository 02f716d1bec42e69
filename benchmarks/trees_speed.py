"""What it costs to hand rows to LightGBM: whole, in batches, and from the file that is kept; in time and in memory.

python benchmarks/trees_speed.py                     20 000 synthetic rows of 4096 inputs, 255 bins
python benchmarks/trees_speed.py --rows 32000 --bins 63

CPU seconds without those of making the rows. Each way runs in a process of its own; its memory is the peak of the
process less what it held before the first row. Linux only.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import lightgbm as lgb
import torch

from runner.contract import Split
from runner.data.mockstar import open_source
from runner.numerics import binned_rows
from runner.numerics.binned_rows import BATCH

WIDTH = 4096
Batch = TypeVar("Batch")


@dataclass
class Rows:
    """Training rows, and the CPU seconds that went into making them."""

    split: Split
    seconds: float = 0.0

    def inputs(self) -> Iterator[torch.Tensor]:
        """Yield the inputs."""
        return self._clocked(self.split.inputs(BATCH))

    def pairs(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield the inputs and the target."""
        return self._clocked(self.split.pairs(BATCH))

    def _clocked(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        start = time.process_time()
        for batch in batches:
            self.seconds += time.process_time() - start
            yield batch
            start = time.process_time()


def whole(rows: Rows, bins: int, _: Path) -> None:
    """Hold all rows, then give them to LightGBM."""
    inputs = torch.empty(rows.split.rows, WIDTH)
    targets = torch.empty(rows.split.rows, dtype=torch.float64)
    start = 0
    for x, y in rows.pairs():
        inputs[start : start + len(x)], targets[start : start + len(x)] = x, y
        start += len(x)
    lgb.Dataset(inputs.numpy(), targets.numpy(), params=binned_rows.binning(bins)).construct()


def batches(rows: Rows, bins: int, folder: Path) -> None:
    """Bin the rows as they go by, and keep them in a file."""
    edges = binned_rows.edges(rows.inputs(), rows.split.rows, WIDTH, bins)
    binned_rows.save(binned_rows.binned(rows.pairs(), rows.split.rows, WIDTH, edges, bins), folder / "kept")


def reloaded(_: Rows, bins: int, folder: Path) -> None:
    """Take the rows from the file."""
    binned_rows.load(folder / "kept", bins)


WAYS: dict[str, Callable[[Rows, int, Path], None]] = {"whole": whole, "batches": batches, "reloaded": reloaded}


def measure(name: str, count: int, bins: int, folder: Path) -> None:
    """Print what one way costs."""
    torch.set_num_threads(1)
    source = open_source({"val": 0, "test": 0}, Path())
    warm, train = (
        source.split("train", rows, target="logg", axes={"noise": 0.2}, seed=42, device="cpu")
        for rows in (BATCH, count)
    )
    list(warm.inputs(BATCH))
    rows, before, start = Rows(train), held("VmRSS"), time.process_time()
    WAYS[name](rows, bins, folder)
    spent = time.process_time() - start - rows.seconds
    print(f"  {name:9s} {spent:5.1f} CPU s  {held('VmHWM') - before:5.0f} MB  (making rows {rows.seconds:.1f} CPU s)")


def held(what: str) -> float:
    """Return how much memory this process holds (VmRSS) or has held at most (VmHWM), in megabytes."""
    with Path("/proc/self/status").open() as status:
        return next(int(line.split()[1]) / 1e3 for line in status if line.startswith(what))


def main() -> None:
    """Measure each way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--bins", type=int, default=255)
    settings = parser.parse_args()
    raw = settings.rows * WIDTH * 4 / 1e6
    print(f"{settings.rows} x {WIDTH}: raw {raw:.0f} MB, binned {raw / 4:.0f} MB, {settings.bins} bins")
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        for name in WAYS:
            process = context.Process(target=measure, args=(name, settings.rows, settings.bins, Path(folder)))
            process.start()
            process.join()


if __name__ == "__main__":
    main()
