"""What the limits cost: seconds of the clock and of CPU, and the largest memory, each in a process of its own.

python benchmarks/limits_speed.py                              every limit, on two threads
python benchmarks/limits_speed.py fisher --threads 1           the Fisher grid alone, on one thread

fisher    30,240 nodes of the synthetic stars, five labels, at six magnitudes; exact derivatives, then differences
bayes     the posteriors of 2,000 stars, and what 10,000 come to
template  the best templates of 2,000 stars
matched   50,000 distinct stars with a twentieth of the steps, and what a million with all of them come to
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from runner.contract import Context
from runner.data.mockstar import open_source
from runner.execution.workshop import Splits
from runner.jobs import bayes, fisher, matched, template_fit

STARS, MANY = 2_000, 10_000
BAYES_TARGET, MATCHED_TARGET = 300.0, 600.0  # seconds of 10,000 posteriors, of a million stars
SHARE = 20  # of the steps, and of a million rows for each draw of the noise
NODES, MAGNITUDES = 30_240, (18, 20, 21.5, 22, 22.5, 23)
ONE_TARGET, ALL_TARGET = 3.0, 20.0  # seconds of one magnitude, of all six


def splits(options: dict[str, Any], train: int, test: int, **axes: float) -> Splits:
    """Return rows of the stand-in as a job is given them that may see their origin."""
    source = open_source({"val": 0, "test": test, **options}, Path())
    seen: Any = {"target": "logg", "axes": {"noise": 1.0, **axes}, "seed": 42, "device": "cpu"}
    learnt, none, asked = (source.split(*rows, **seen) for rows in (("train", train), ("val", 0), ("test", test)))
    return Splits(learnt, none, asked, behind=source.origin)


def timed(what: str, action: Callable[[], object]) -> float:
    """Print what an action takes, and return its seconds of the clock."""
    clock, busy = time.perf_counter(), time.process_time()
    action()
    seconds, busy = time.perf_counter() - clock, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # kilobytes on Linux
    print(f"  {what:<24} {seconds:6.2f} s  {busy:6.2f} s of CPU  {peak:6.0f} MB", flush=True)
    return seconds


def fisher_grid() -> None:
    """Time the whole grid at every magnitude."""
    for derivatives in ("exact", "differences"):
        params = fisher.Params(derivatives=derivatives)
        seconds = sum(timed(f"{derivatives} at {mag}", partial(_fisher, params, mag)) for mag in MAGNITUDES)
        print(f"  {seconds:.1f} s in all (target {ALL_TARGET:g}, and {ONE_TARGET:g} for one)")


def _fisher(params: fisher.Params, mag: float) -> None:
    """Take the information of every node at one magnitude."""
    data: Any = splits({"labels": "nodes"}, 2, NODES, mag=mag)
    fisher.run(params, data, Context())


def posteriors() -> None:
    """Time the posterior means of some stars."""
    data: Any = splits({}, 0, STARS)
    seconds = timed(f"{STARS:,} stars", lambda: bayes.run(bayes.Params(), data, Context()))
    print(f"  {seconds * MANY / STARS:.0f} s for {MANY:,} (target {BAYES_TARGET:g})")


def templates() -> None:
    """Time the best templates of some stars."""
    data: Any = splits({}, 0, STARS)
    timed(f"{STARS:,} stars", lambda: template_fit.run(template_fit.Params(), data, Context()))


def filters() -> None:
    """Time a share of the rows and steps with which a million stars are learnt from."""
    params = matched.Params()
    part: Any = splits({}, 1_000_000 // SHARE, STARS)
    few = matched.Params(steps=params.steps // SHARE)
    seconds = timed(f"{part.train.rows:,} stars", lambda: matched.run(few, part, Context()))
    print(f"  {seconds * SHARE:.0f} s for {SHARE} times as many rows and steps (target {MATCHED_TARGET:g})")


LIMITS: dict[str, Callable[[], None]] = {
    "fisher": fisher_grid,
    "bayes": posteriors,
    "template": templates,
    "matched": filters,
}


def measured(name: str, threads: int) -> None:
    """Measure one of them."""
    torch.set_num_threads(threads)
    print(f"{name}, {threads} thread{'s' * (threads > 1)}")
    LIMITS[name]()


def main() -> None:
    """Measure each in a process of its own, so that one does not see the memory of the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("limits", nargs="*", choices=[*LIMITS, []], default=[], help="which; all where none is named")
    parser.add_argument("--threads", type=int, default=2)
    settings = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    for name in settings.limits or LIMITS:
        process = context.Process(target=measured, args=(name, settings.threads))
        process.start()
        process.join()


if __name__ == "__main__":
    main()
