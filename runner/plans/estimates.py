"""What a run would cost, judged by what runs like it did cost."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log
from typing import Any

from runner.documents.kinds import Protocol
from runner.plans.specs import JobRun

Past = Mapping[str, Any]  # the run file of an experiment, with the parameters of each run
EPOCHS = "epochs"  # the parameter that time grows with
MINUTE = 60  # seconds, and of an hour


@dataclass(frozen=True, slots=True)
class Estimate:
    """Rows are known; seconds and memory are those of a run before, scaled by its training rows and epochs."""

    train: int
    val: int
    test: int
    seconds: float | None = None
    megabytes: float | None = None
    source: str = ""  # the run of another experiment it is judged by; empty for its own last run
    other: tuple[str, ...] = ()  # the parameters that were others there


def estimate(run: JobRun, protocol: Protocol, past: Past, others: Mapping[str, Past]) -> Estimate:
    """Return the estimate of a run from its own last run, or else from the most similar one of the same job."""
    own = past.get("runs", {}).get(run.name, {})
    source, like = ("", own) if "seconds" in own else _most_similar(run, others)
    train, last = int(run.axes.get("train", 0)), int(like.get("train", 0))
    longer = (train / last if last else 1.0) * _epochs(run.job.params) / _epochs(like.get("params", run.job.params))
    seconds = like["seconds"] * longer if "seconds" in like else None
    other = _other(run, like) if seconds is not None else ()
    return Estimate(train, protocol.val, protocol.test, seconds, like.get("megabytes"), source, other)


def _most_similar(run: JobRun, others: Mapping[str, Past]) -> tuple[str, Mapping[str, Any]]:
    """Return the past run of the same job with the fewest other parameters, then the nearest number of rows; named."""
    train = 1 + int(run.axes.get("train", 0))
    found = [
        (
            len(_other(run, cost)),
            abs(log((1 + max(cost.get("train", 0), 0)) / train)),
            -cost["seconds"],
            f"{identity} {name}",
            cost,
        )
        for identity, past in others.items()
        for name, cost in past.get("runs", {}).items()
        if cost.get("job") == run.job.job and "seconds" in cost
    ]
    *_, name, cost = min(found, key=lambda entry: entry[:4], default=("", {}))
    return name, cost


def _other(run: JobRun, cost: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the parameters that were others in a past run, epochs left out."""
    then, now = (json.loads(json.dumps(params)) for params in (cost.get("params", run.job.params), run.job.params))
    return tuple(name for name in now if name != EPOCHS and name in then and then[name] != now[name])


def _epochs(params: Mapping[str, Any]) -> float:
    """Return how many epochs a run may take, 1 where its job knows none."""
    epochs = params.get(EPOCHS, 1)
    return float(epochs) if isinstance(epochs, int | float) and epochs > 0 else 1.0


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
    unlike = sum(bool(each.other) for each in listed)
    parts += [f"{unlike} of them judged by runs with other parameters"] if unlike else []
    parts += [f"{len(listed) - len(known)} of unknown length"] if len(known) < len(listed) else []
    parts += [f"up to {memory:.0f} MB"] if memory else []
    return ", ".join(parts)
