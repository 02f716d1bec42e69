"""A base with a job that trains for many steps and saves itself, and whom to tell that may end it at one of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner import workflow
from runner.execution.execute import Settings
from runner.execution.progress import Progress
from runner.report import Report
from tests.executed import put
from tests.knowledge import HEAD, base

STEPS = 240
RESULTS = ("TOY-1.json", "TOY-1.npz")

JOB = '''"""A little network, trained with dropout and noise, so that chance matters in every step."""
import io
from dataclasses import dataclass

import torch
from torch import nn

from runner.contract import Output

VERSION = 1


@dataclass(frozen=True)
class Params:
    """What may be set."""

    # how many
    steps: int = 240


def run(params, data, context):
    """Train step by step, and go on from where a run before was stopped."""
    saved = context.checkpoint(["little", 1, params.steps, data.train.key])
    x, y = (torch.cat(parts).float() for parts in zip(*data.train.pairs(64), strict=True))
    with torch.random.fork_rng([]):
        torch.manual_seed(context.seed)
        model = nn.Sequential(nn.Linear(x.shape[1], 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 1))
        optimiser = torch.optim.AdamW(model.parameters(), 1e-2)
        for step in range(restored(saved and saved.load(), model, optimiser), params.steps):
            rows = torch.randperm(len(x))[:32]
            seen = x[rows] + 0.1 * torch.randn_like(x[rows])
            optimiser.zero_grad()
            (model(seen)[:, 0] - y[rows]).square().mean().backward()
            optimiser.step()
            if saved and saved.due():
                saved.save(lambda: stored(step + 1, model, optimiser))
            context.progress(step + 1, params.steps, "step")
    model.eval()
    with torch.inference_mode():
        return Output({name: torch.cat([model(x)[:, 0] for x in getattr(data, name).inputs(64)]).numpy()
                       for name in ("val", "test")})


def stored(step, model, optimiser):
    """Return all that the next step depends on."""
    file = io.BytesIO()
    torch.save([step, model.state_dict(), optimiser.state_dict(), torch.get_rng_state()], file)
    return file.getvalue()


def restored(state, model, optimiser):
    """Put everything back, and return how many steps were taken."""
    if state is None:
        return 0
    step, numbers, pace, chance = torch.load(io.BytesIO(state), weights_only=True)
    model.load_state_dict(numbers)
    optimiser.load_state_dict(pace)
    torch.set_rng_state(chance)
    return step
'''


def training(folder: Path, jobs: str = "little: {job: little}") -> Path:
    """Write a base whose experiment trains."""
    put(folder, "pyproject.toml", '[tool.runner]\njobs = "jobs"\n')
    put(folder, "jobs/little.py", JOB)
    return base(folder, toy__exp__toy=f"{HEAD}jobs:\n  {jobs}\n---\n")


@dataclass
class Told(Progress):
    """Remembers what it is told, and at some step does something, such as ending the run."""

    at: int = 0
    then: Callable[[], Any] = lambda: None
    lines: list[str] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)

    def tell(self, line: str) -> None:
        """Remember a line."""
        self.lines.append(line)

    def step(self, run: str, done: int, total: int, note: str) -> None:
        """Remember a step."""
        del run, total, note
        self.steps.append(done)
        if done == self.at:
            self.then()

    def said(self, text: str) -> bool:
        """Tell whether a line holds this."""
        return any(text in line for line in self.lines)


def train(root: Path, told: Progress, **options: Any) -> Report:
    """Execute the experiment on the processor."""
    settings = Settings("cpu", progress=told, **options)
    return workflow.execute(root, ["TOY-1"], everything=False, settings=settings)


def results(root: Path) -> list[bytes]:
    """Return the files that a rerun must reproduce."""
    return [(root / "logg/toy/results" / name).read_bytes() for name in RESULTS]


def saved(root: Path) -> Path:
    """Return the folder of all checkpoints of a base."""
    return root / ".logg" / "checkpoints"


def newest(root: Path) -> int:
    """Return the generation saved last, 0 where there is none."""
    return max((int(path.name.partition(".")[0]) for path in saved(root).glob("*/*/*.manifest.json")), default=0)


def copied(root: Path, folder: Path) -> Path:
    """Write another base, and copy the checkpoints of one into it."""
    training(folder)
    shutil.copytree(saved(root), saved(folder))
    return folder
