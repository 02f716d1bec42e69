"""Jobs inside jobs, beside jobs and like jobs, from the front matter through the run to the result file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.executed import execute, put, read
from tests.knowledge import base

PAIR = '''"""Two fits, one for either half of the rows, and what a neighbour said."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from runner.contract import Context, Data, Job, JobName, Output

VERSION = 1
USES_VAL = True
USES_SEED = False


@dataclass(frozen=True)
class Mean:
    """The plain average of both."""

    kind: Literal["mean"] = "mean"


@dataclass(frozen=True)
class Tilted:
    """More of the fit than of the neighbour."""

    kind: Literal["tilted"] = "tilted"
    share: float = 0.5


@dataclass(frozen=True)
class Params:
    """What an experiment may set."""

    # what is fitted
    expert: Job
    # whom it listens to
    beside: JobName | None = None
    # how both are mixed
    mix: Mean | Tilted = Mean()


def run(params: Params, data: Data, context: Context) -> Output:
    """Fit, ask, mix."""
    fitted = context.fit(params.expert, data).predictions
    share = params.mix.share if isinstance(params.mix, Tilted) else 0.5
    said = {split: context.predicted(params.beside, split) if params.beside else fitted[split] for split in fitted}
    return Output({split: share * np.asarray(fitted[split]) + (1 - share) * said[split] for split in fitted})
'''

HEAD = """---
kind: exp
id: {id}
title: A toy
date: 2026-01-02
protocol: tiny@1
noise: {noise}
train: 200
"""
FIRST = (
    HEAD.format(id="TOY-1", noise=1)
    + """jobs:
  far:   {job: ridge, alpha: 1e4}
  close: {job: ridge, alpha: 1e-3}
  alone: {job: pair, expert: {job: ridge, alpha: 1e-3}}
  half:  {job: pair, expert: {job: ridge, alpha: 1e-3}, beside: far}
  most:  {like: half, mix: {kind: tilted, share: 90%}}
sweep:
  most.mix.share: [0, 1]
  alone.expert.alpha: [1e-3, 1e4]
---

# A toy
"""
)
SECOND = (
    HEAD.format(id="TOY-2", noise=0)
    + """cites: {first: TOY-1}
jobs:
  same:   {like: first.close}
  cleaner: {job: ridge, alpha: 1e-3}
---

# Another toy
"""
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a base with a job of its own and two experiments, the second copying from the first."""
    put(tmp_path, "own/pair.py", PAIR)
    put(tmp_path, "pyproject.toml", "[tool.runner]\njobs = 'own'\n")
    return base(tmp_path, toy__exp__a=FIRST, toy__exp__b=SECOND)


def filed(root: Path, identity: str) -> Any:
    """Return a result as it was filed."""
    return json.loads(read(root, f"logg/toy/results/{identity}.json"))


def test_jobs_in_jobs_compute_what_they_say(root: Path) -> None:
    """A fit inside a job is the fit itself; shares of a sweep reach the record they stand in."""
    assert execute(root).code == 0
    facts = {name: value for name, (value, _) in filed(root, "TOY-1")["facts"].items()}

    assert facts["alone(alpha=0.001).r2"] == pytest.approx(facts["close.r2"], abs=1e-6)
    assert facts["alone(alpha=10000).r2"] == pytest.approx(facts["far.r2"], abs=1e-6)
    assert facts["most(share=0).r2"] == pytest.approx(facts["far.r2"], abs=1e-6)
    assert facts["most(share=1).r2"] == pytest.approx(facts["close.r2"], abs=1e-6)
    assert facts["far.r2"] < facts["half.r2"] < facts["close.r2"]


def test_copied_job_is_the_same_fit(root: Path) -> None:
    """Noise and rows come with the copy, so it is not computed again and has the same key."""
    execute(root)
    first, second = (filed(root, identity)["runs"] for identity in ("TOY-1", "TOY-2"))

    assert second["same"]["fit"] == first["close"]["fit"]
    assert second["same"]["axes"]["noise"] == 1
    assert second["cleaner"]["fit"] != first["close"]["fit"]
    assert json.loads(read(root, "logg/toy/results/TOY-2.run.json"))["runs"]["same"]["fresh"] is False


def test_program_of_ones_own_is_filed_like_any_job(tmp_path: Path) -> None:
    """A script beside the documents computes; when it changes, the result is out of date."""
    script = (
        "import sys, numpy as np\ndata, out = sys.argv[1:]\nnp.savez(out, **{s: np.load(f'{data}/{s}.npz')['X'].sum(1)"
    )
    put(tmp_path, "logg/toy/fit.py", f"{script} for s in ('val', 'test')}})\n")
    job = f'{{job: command, run: [{sys.executable}, fit.py, "{{data}}", "{{out}}"], files: toy/fit.py}}'
    root = base(tmp_path, toy__exp__a=HEAD.format(id="TOY-1", noise=0) + f"jobs:\n  own: {job}\n---\n\n# A\n")

    assert execute(root).code == 0
    before = filed(root, "TOY-1")
    put(tmp_path, "logg/toy/fit.py", f"{script} * 2 for s in ('val', 'test')}})\n")
    assert execute(root).code == 0
    assert filed(root, "TOY-1")["facts"]["own.r2"] != before["facts"]["own.r2"]
