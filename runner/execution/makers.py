"""What computes a run, and in which version: a state that others made is not gone on from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from runner.contract import Contract, involved
from runner.execution import plugins, provenance
from runner.plans.specs import JobRun
from runner.safety import canonical


def makers(run: JobRun, jobs: Mapping[str, Contract]) -> dict[str, str]:
    """Return the versions of the files of its jobs, of logg's numerics, and of the packages they compute with."""
    codes = {f"{each.name}.py": each.code for each, _ in involved(run.job.job, run.job.params, jobs)}
    return {**codes, **engine()}


@cache  # a process computes with what was there when it began, whatever is edited meanwhile
def engine() -> Mapping[str, str]:
    """Return the versions of what all jobs compute with."""
    return {"logg's numerics": digest(plugins.PACKAGE / "numerics"), **provenance.versions()}


def digest(folder: Path) -> str:
    """Return the digest of all files of a package."""
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.py")}
    return canonical.digest({name: hashlib.sha256(content).hexdigest() for name, content in files.items()})
