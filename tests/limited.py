"""A toy base with jobs that bound every estimator, drawn or not, and one whose bounds hold for some."""

from __future__ import annotations

from pathlib import Path

from tests import toy_results
from tests.executed import put
from tests.knowledge import PROTOCOL, base
from tests.toy_results import Reached

JOB = '''"""Below which variance no estimator comes."""
from dataclasses import dataclass

VERSION = 1
USES_SEED = {seeds}
CEILING = {ceiling}


@dataclass(frozen=True)
class Params:
    """Nothing may be set."""
'''
HEAD = """---
kind: exp
id: LIM-1
title: How good can anyone be
date: 2026-01-02
protocol: tiny@1
noise: 1
train: 200
"""
HALVES = "{by: age, edges: [20, 40, 60]}"
METRICS = ("r2", "mae", "bound", "r2max", "sigma")


def limited(
    folder: Path, reached: dict[str, Reached], front: str = "", body: str = "", *, agreed: str = "", sliced: str = ""
) -> Path:
    """Write a base with one experiment whose runs have reached this; `everyone` is the job that bounds all."""
    put(folder, "pyproject.toml", '[tool.runner]\njobs = "jobs"\n')
    for job, (seeds, ceiling) in {"limit": (False, True), "some": (False, False), "drawn": (True, True)}.items():
        put(folder, f"jobs/{job}.py", JOB.format(seeds=seeds, ceiling=ceiling))
    kinds = {"everyone": "{job: limit}", "unbiased": "{job: some}", "drawn": "{job: drawn}"}
    names = dict.fromkeys(name.partition("(")[0] for name in reached)
    declared = "".join(f"  {name}: {kinds.get(name, '{job: ridge, alpha: 1}')}\n" for name in names)
    text = f"{HEAD}jobs:\n{declared}{front}---\n\n# Limits\n\n{body}"
    base(folder, lim__exp__one=text)
    protocol = PROTOCOL.replace("r2, mae, rmse, bias", ", ".join(METRICS)).replace("seed: 7", f"seed: 7{agreed}")
    put(folder, "logg/protocols/tiny.md", protocol.replace("age >= 40", f"age >= 40\n  half: {HALVES}{sliced}"))
    (folder / "logg" / "tiny.npz").write_bytes(toy_results.data())
    toy_results.file(folder, {"LIM-1": reached})
    return folder
