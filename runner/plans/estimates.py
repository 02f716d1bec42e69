"""What a run would cost, judged by what the last one did cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runner.documents.kinds import Protocol
from runner.plans.specs import JobRun


@dataclass(frozen=True, slots=True)
class Estimate:
    """Rows are known; seconds and memory are those of the last run, scaled by its training rows."""

    train: int
    val: int
    test: int
    seconds: float | None
    megabytes: float | None


def estimate(run: JobRun, protocol: Protocol, past: Mapping[str, Any]) -> Estimate:
    """Return the estimate of a run from the run file of the last one."""
    train = int(run.axes["train"])
    last = past.get("runs", {}).get(run.name, {})
    scale = train / last["train"] if last.get("train") else 1.0
    seconds = last["seconds"] * scale if "seconds" in last else None
    return Estimate(train, protocol.val, protocol.test, seconds, last.get("megabytes"))
