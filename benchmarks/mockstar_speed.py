"""How fast the stand-in makes rows, as ratios to `torch.randn` of the same size in the same run.

python benchmarks/mockstar_speed.py                      both measurements on one and on two threads
python benchmarks/mockstar_speed.py --threads 1 --stream 0     only the ratios, on one thread
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from runner.contract import Split
from runner.data.mockstar import open_source

WIDTH, BATCH = 4096, 4096
ROUNDS = 9
CLEAN_TARGET, NOISY_TARGET, MEGABYTES_TARGET = 0.8, 0.4, 1000


def train(rows: int, noise: float) -> Split:
    """Return the first training rows at this noise."""
    source = open_source({"val": 0, "test": 0}, Path())
    return source.split("train", rows, target="logg", axes={"noise": noise}, seed=42, device="cpu")


def seconds(action: Callable[[], object]) -> float:
    """Return how long the action takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def ratios(threads: int, rows: int) -> None:
    """Print the best of several interleaved rounds of randn, clean rows and noisy rows."""
    torch.set_num_threads(threads)
    actions: dict[str, Callable[[], object]] = {
        "randn": lambda: torch.randn(rows, WIDTH),
        "clean": lambda: consumed(train(rows, 0.0).inputs(rows)),
        "noisy": lambda: consumed(train(rows, 1.0).inputs(rows)),
    }
    best = {name: min(seconds(action) for _ in range(2)) for name, action in actions.items()}
    for _ in range(ROUNDS):
        best = {name: min(best[name], seconds(action)) for name, action in actions.items()}
    print(f"{rows} x {WIDTH} float32, {threads} thread{'s' * (threads > 1)}, best of {ROUNDS} rounds")
    for name, target in (("randn", 0.0), ("clean", CLEAN_TARGET), ("noisy", NOISY_TARGET)):
        rate, ratio = rows / best[name], best["randn"] / best[name]
        print(f"  {name}  {rate:9,.0f} rows/s  {ratio:5.2f} of randn" + f"  (target {target})" * bool(target))


def consumed(batches: Iterator[torch.Tensor]) -> float:
    """Touch every batch once and keep none."""
    return sum(float(x[0, 0]) for x in batches)


def stream(rows: int, threads: int) -> None:
    """Print how long a pass over the noisy rows takes and how much memory it needs at most."""
    torch.set_num_threads(threads)
    total = torch.zeros(WIDTH, dtype=torch.float64)
    start = time.perf_counter()
    for x, _ in train(rows, 1.0).pairs(BATCH):
        total += x.sum(0)
    passed = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # kilobytes on Linux
    print(f"{rows:,} noisy rows of {WIDTH} streamed through a sum, {threads} thread{'s' * (threads > 1)}")
    print(f"  {passed:.0f} s, {rows / passed:,.0f} rows/s, peak memory {peak:.0f} MB (target {MEGABYTES_TARGET})")


def main() -> None:
    """Measure each in a process of its own, so that one does not see the memory of the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--rows", type=int, default=4096, help="of the ratios")
    parser.add_argument("--stream", type=int, default=1_000_000, help="rows to stream; 0 leaves it out")
    settings = parser.parse_args()
    tasks: list[tuple[Callable[[int, int], None], tuple[int, int]]]
    tasks = [(ratios, (threads, settings.rows)) for threads in settings.threads]
    tasks += [(stream, (settings.stream, settings.threads[-1]))] if settings.stream else []
    context = multiprocessing.get_context("spawn")
    for task, arguments in tasks:
        process = context.Process(target=task, args=arguments)
        process.start()
        process.join()


if __name__ == "__main__":
    main()
