"""What a training step of `vit` costs, against nn.TransformerEncoder with the same settings, in one run.

python benchmarks/vit_speed.py                          both sizes, with dropout 0.1 and without, float32 and bf16
python benchmarks/vit_speed.py --threads 2 --steps 9    the same on two threads, medians of nine steps

A step is forward, backward, clipping and AdamW on inputs of 4096 numbers. Both sides take turns; seconds are those of
the processor, all threads together, so that other work on the machine counts for little. The other side is Conv1d,
nn.TransformerEncoder (pre-LN, its dropout between the two layers of a block off, which the published model does not
have) and a linear layer. Operations are counted for each side as it does them: ours leaves out those of the last block
that the head never reads.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import dataclass, replace

import torch
from torch import nn

from runner.jobs.vit import Params, Size, ViT, size_of
from runner.numerics.layers.attention import EPS

INPUTS = 4096
CASES = (("p16_h256_L6_a8", 8), ("p64_h64_L2_a4", 256))  # model, rows of a step
TARGET = 1.0  # steps of ours in the time of one of theirs


class Theirs(nn.Module):
    """The same model of what torch has."""

    def __init__(self, size: Size, dropout: float) -> None:
        """Take a size, and one dropout for all."""
        super().__init__()
        width, tokens = size.width, (INPUTS - size.patch) // size.stride + 2
        self.patches = nn.Conv1d(1, width, size.patch, size.stride)
        self.own = nn.Parameter(torch.randn(1, 1, width))
        self.places = nn.Parameter(torch.randn(1, tokens, width))
        self.drop = nn.Dropout(dropout)
        layer = nn.TransformerEncoderLayer(
            width, size.heads, 4 * width, dropout, "gelu", EPS, batch_first=True, norm_first=True
        )
        layer.dropout.p = 0.0
        self.blocks = nn.TransformerEncoder(layer, size.layers, nn.LayerNorm(width, EPS), enable_nested_tensor=False)
        self.head = nn.Linear(width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the label of rows [n, inputs]: [n, 1]."""
        tokens = self.patches(x[:, None]).transpose(1, 2)
        z = torch.cat([self.own.expand(len(x), -1, -1), tokens], 1) + self.places
        label: torch.Tensor = self.head(self.blocks(self.drop(z))[:, 0])
        return label


@dataclass(frozen=True)
class Step:
    """One way to train on the same rows again and again."""

    model: nn.Module
    optimiser: torch.optim.Optimizer
    x: torch.Tensor
    y: torch.Tensor
    bf16: bool

    def take(self) -> float:
        """Train once, and return the seconds of the processor it took."""
        start = time.process_time()
        self.optimiser.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            loss = nn.functional.mse_loss(self.model(self.x).float(), self.y)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.model.parameters(), 0.5)
        self.optimiser.step()
        return time.process_time() - start


def operations(size: Size, *, all_tokens: bool) -> float:
    """Return what a row costs to train on: a product and a sum for every weight, forward and twice backward."""
    tokens, width = (INPUTS - size.patch) // size.stride + 2, size.width
    block = 12 * tokens * width**2 + 2 * tokens**2 * width
    last = block if all_tokens else 2 * tokens * width**2 + 10 * width**2 + 2 * tokens * width
    return 6 * ((tokens - 1) * size.patch * width + (size.layers - 1) * block + last)


def compared(name: str, rows: int, dropout: float, steps: int, *, bf16: bool) -> None:
    """Time both sides in turn, and print what they take."""
    params = replace(Params(), model=name, dropout=dropout, attention_dropout=dropout)
    size = size_of(params, INPUTS)
    x, y = torch.randn(rows, INPUTS), torch.randn(rows, 1)
    models = ViT(size, params, INPUTS), Theirs(size, dropout)
    sides = [Step(model, torch.optim.AdamW(model.parameters()), x, y, bf16) for model in models]
    for side in sides:
        side.take()
    times = [[side.take() for side in sides] for _ in range(steps)]
    ours, theirs = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"{name}, {rows} rows, dropout {dropout:g}, {'bf16' if bf16 else 'float32'}", flush=True)
    for who, seconds, side, whole in (("logg", ours, sides[0], False), ("torch", theirs, sides[1], True)):
        rate = operations(size, all_tokens=whole) * rows / seconds / 1e9
        numbers = sum(parameter.numel() for parameter in side.model.parameters())
        print(
            f"  {who:<6} {seconds * 1000:8.1f} ms  {rows / seconds:8.1f} rows/CPU s  {rate:6.1f} GFLOP/CPU s  "
            f"{numbers:,} parameters"
        )
    print(f"  {theirs / ours:.2f} steps of ours in the time of one of theirs (target {TARGET:g})", flush=True)


def main() -> None:
    """Compare all cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=7, help="of each side")
    settings = parser.parse_args()
    torch.set_num_threads(settings.threads)
    print(f"torch {torch.__version__}, {settings.threads} thread{'s' * (settings.threads > 1)}")
    for name, rows in CASES:
        for dropout in (0.1, 0.0):
            for bf16 in (False, True):
                torch.manual_seed(1)
                compared(name, rows, dropout, settings.steps, bf16=bf16)


if __name__ == "__main__":
    main()
