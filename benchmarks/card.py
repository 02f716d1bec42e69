"""How fast a device could train the published ViT, and how fast it does: rates first, then the training loop itself.

python benchmarks/card.py --device cuda             4.8 million parameters, batch 256, for a minute
python benchmarks/card.py --model p64_h64_L2_a4    a small one on this processor

Rates are the best of some repetitions: the product of two square matrices in bfloat16 and float32, a copy in memory,
and rows of `mockstar` with noise on the device. The roofline is the time a row needs at the rate of products, or to
read and write what its layers hand on, whichever is longer. The loop is the one that `vit` trains with: rows made on
the device, noise, step, clipping and AdamW.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import torch
from vit_speed import operations

from runner.data.mockstar import open_source
from runner.jobs.vit import Params, ViT, size_of
from runner.numerics.layers.tokens import count
from runner.numerics.learnt_rows import POOL, STRETCH, LearntRows
from runner.numerics.training import Batch, Lessons, Schedule, trained

INPUTS = 4096
SIDE = {"cpu": 2048, "cuda": 8192}  # of the matrices
FLOATS = {"cpu": 1 << 26, "cuda": 1 << 30}  # of the copy
REPEATS = 9
MADE = 8192  # rows with their noise
# bytes that a block reads and writes on its way forward, per number of a token: the norms and the sums they are added
# to in float32 (2 x 16), products and what lies between in bfloat16 (qkv 8, attention 8, its product 4, the inner ones
# 10 + 16 + 10), dropout twice (2 x 12)
HANDED = 112
TARGET = 0.2  # of the rate of products


def best(call: Callable[[], object], device: str) -> float:
    """Return the seconds of the fastest of some calls."""
    seconds = []
    for _ in range(REPEATS + 1):
        start = time.perf_counter()
        call()
        wait(device)
        seconds.append(time.perf_counter() - start)
    return min(seconds[1:])


def wait(device: str) -> None:
    """Wait until the device has done what it was asked for."""
    if device == "cuda":
        torch.cuda.synchronize()


def product_rate(device: str, dtype: torch.dtype) -> float:
    """Return operations per second of a product of square matrices."""
    side = SIDE[device]
    one, two = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    return float(2 * side**3 / best(lambda: one @ two, device))


def memory_rate(device: str) -> float:
    """Return bytes per second that are read or written in a copy."""
    one = torch.empty(FLOATS[device], device=device)
    two = torch.empty_like(one)
    return 8 * FLOATS[device] / best(lambda: two.copy_(one), device)


class Timed:
    """Rows of the training loop, counted in whole pools, each of which is made as it begins, until the time is up."""

    def __init__(self, rows: LearntRows, seconds: float, device: str) -> None:
        """Take rows without end."""
        self.rows, self.seconds, self.device = rows, seconds, device
        self.done, self.start, self.spent = 0, 0.0, 0.0

    def batches(self, epoch: int, first: int) -> Iterator[Batch]:
        """Yield batches until the time is up; those of the first pool warm up and are not counted."""
        pool = POOL * STRETCH // self.rows.batch
        for number, batch in enumerate(self.rows.batches(epoch, first)):
            if number % pool == 0:
                wait(self.device)
                self.spent = time.perf_counter() - self.start
                if number == pool:
                    self.done, self.start = 0, time.perf_counter()
                elif number and self.spent > self.seconds:
                    break
            yield batch
            self.done += len(batch[0])


def loop_rate(params: Params, device: str, seconds: float) -> float:
    """Return rows per second of the training loop."""
    source = open_source({"val": 8, "test": 8}, Path())
    split = source.split("train", 10_000_000, target="logg", axes={"noise": 1.0}, seed=42, device=device)
    labels = torch.zeros(split.rows, 1, device=device)
    timed = Timed(LearntRows(split, labels, batch=params.batch, seed=0, fresh=True), seconds, device)
    model = ViT(size_of(params, INPUTS), params, INPUTS).to(device)

    def loss(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.mse_loss(model(x).float(), y)

    schedule = Schedule(params.lr, 1, 0, params.clip, decay=params.decay, bf16=params.precision == "bf16")
    trained(model, Lessons(timed.batches, loss, lambda: 1.0, split.rows), schedule)
    return timed.done / timed.spent


def rows_rate(device: str) -> float:
    """Return rows per second that are made with their noise."""
    source = open_source({"val": 8, "test": 8}, Path())
    split = source.split("train", MADE, target="logg", axes={"noise": 1.0}, seed=42, device=device)
    return MADE / best(lambda: split.some(range(MADE)), device)


def main() -> None:
    """Print rates, the roofline and the loop."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=sorted(SIDE), default="cpu")
    parser.add_argument("--model", default=Params().model)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--seconds", type=float, default=60)
    settings = parser.parse_args()
    device = settings.device
    name = torch.cuda.get_device_name() if device == "cuda" else f"{torch.get_num_threads()} threads"
    print(f"torch {torch.__version__} on {name}")

    half, single = product_rate(device, torch.bfloat16), product_rate(device, torch.float32)
    memory = memory_rate(device)
    print(f"products    {half / 1e12:8.2f} TFLOP/s bf16, {single / 1e12:.2f} float32, matrices of {SIDE[device]}")
    print(f"memory      {memory / 1e9:8.1f} GB/s read and written, {4 * FLOATS[device] / 1e9:.1f} GB copied")

    params = replace(Params(), model=settings.model, batch=settings.batch)
    size = size_of(params, INPUTS)
    work = operations(size, all_tokens=False)
    tokens = count(INPUTS, size.patch, size.stride, padded=False) + 1
    moved = 3 * HANDED * tokens * size.width * size.layers  # forward and twice backward
    roof = min(half / work, memory / moved)
    bound = "products" if half / work < memory / moved else "memory"
    print(f"a row       {work / 1e9:8.2f} GFLOP, about {moved / 1e6:.0f} MB handed on between layers of {params.model}")
    print(f"roofline    {roof:8.0f} rows/s, bound by {bound}")
    print(f"mockstar    {rows_rate(device):8.0f} rows/s with their noise")
    rate = loop_rate(params, device, settings.seconds)
    share = rate * work / half
    print(f"loop        {rate:8.0f} rows/s, batch {params.batch}, {rate * work / 1e12:.2f} TFLOP/s")
    print(f"            {share:8.1%} of the rate of products (target {TARGET:.0%}), {rate / roof:.1%} of the roofline")


if __name__ == "__main__":
    main()
