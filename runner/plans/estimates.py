"""What a run would cost, judged by what runs like it did cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log
from typing import Any

from runner.documents.kinds import Protocol
from runner.plans.specs import JobRun

Past = Mapping[str, Any]  # the run file of an experiment
MINUTE = 60  # seconds, and of an hour


@dataclass(frozen=True, slots=True)
class Estimate:
    """Rows are known; seconds and memory are those of a run before, scaled by its training rows."""

    train: int
    val: int
    test: int
    seconds: float | None = None
    megabytes: float | None = None
    source: str = ""  # the run of another experiment it is judged by; empty for its own last run


def estimate(run: JobRun, protocol: Protocol, past: Past, others: Mapping[str, Past]) -> Estimate:
    """Return the estimate of a run from its own last run, or else from the most similar one of the same job."""
    own = past.get("runs", {}).get(run.name, {})
    source, like = ("", own) if "seconds" in own else _most_similar(run, others)
    train, last = int(run.axes.get("train", 0)), int(like.get("train", 0))
    seconds = like["seconds"] * (train / last if last else 1.0) if "seconds" in like else None
    return Estimate(train, protocol.val, protocol.test, seconds, like.get("megabytes"), source)


def _most_similar(run: JobRun, others: Mapping[str, Past]) -> tuple[str, Mapping[str, Any]]:
    """Return the past run of the same job with the nearest number of training rows, the longest of them; named."""
    train = 1 + int(run.axes.get("train", 0))
    found = [
        (abs(log((1 + max(cost.get("train", 0), 0)) / train)), -cost["seconds"], f"{identity} {name}", cost)
        for identity, past in others.items()
        for name, cost in past.get("runs", {}).items()
        if cost.get("job") == run.job.job and "seconds" in cost
    ]
    *_, name, cost = min(found, key=lambda entry: entry[:3], default=("", {}))
    return name, cost


def duration(seconds: float) -> str:
    """Write a time with two digits, the way people say it: 0.04 s, 1.2 s, 12 s, 3 min, 2 h 05 min."""
    if seconds < MINUTE - 0.5:
        decimals = 2 if seconds < 1 else 1 if seconds < 10 else 0  # noqa: PLR2004 - two digits
        return f"{seconds:.{decimals}f} s"
    minutes = round(seconds / MINUTE)
    return f"{minutes} min" if minutes < MINUTE else f"{minutes // MINUTE} h {minutes % MINUTE:02d} min"


def total(estimates: Iterable[Estimate]) -> str:
    """Sum up what runs would take together, and say how many nobody can tell."""
    listed = list(estimates)
    known = [each.seconds for each in listed if each.seconds is not None]
    memory = max((each.megabytes for each in listed if each.megabytes), default=0)
    parts = [f"about {duration(sum(known))}"] if known else []
    parts += [f"{len(listed) - len(known)} of unknown length"] if len(known) < len(listed) else []
    parts += [f"up to {memory:.0f} MB"] if memory else []
    return ", ".join(parts)
