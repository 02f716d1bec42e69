"""From scores to a result file: facts by address, populations by hash, promises kept."""

from __future__ import annotations

import math
from collections.abc import Mapping

from runner.results.files import NOTHING, Recorded, Result, Run
from runner.results.populations import WHOLE
from runner.results.store import Scores
from runner.safety.canonical import DECIMALS


def facts_of(scores: Scores) -> dict[str, tuple[float | None, str]]:
    """Return every fact with its population, None where the value is not finite."""
    facts = {}
    for (run, piece, metric), values in scores.values.items():
        middle = "" if piece == WHOLE else f".{piece}"
        value = float(values[0])
        kept = round(value, DECIMALS) if math.isfinite(value) else None
        facts[f"{run}{middle}.{metric}"] = (kept, scores.population(run, piece).key)
    return facts


def populations_of(scores: Scores) -> dict[str, tuple[str, int]]:
    """Return name and size of every population by its hash."""
    asked = {(run, piece) for run, piece, _ in scores.values}
    return {p.key: (p.name, p.n) for p in (scores.population(run, piece) for run, piece in asked)}


def compose(
    scores: Scores,
    runs: Mapping[str, Run],
    scalars: Mapping[str, float],
    promises: Mapping[str, str],
    recorded: Mapping[str, Recorded] | None = None,
    inputs: str = "",
) -> Result:
    """Return the result of an experiment from the scores of its runs, and what was recorded without rows."""
    facts, without_rows = facts_of(scores), dict(recorded or {})
    return Result(dict(runs), populations_of(scores), facts, dict(scalars), dict(promises), without_rows, inputs)


def kept_promises(old: Mapping[str, str], key: str, texts: Mapping[str, str]) -> dict[str, str]:
    """Add what was promised before the first result of a compute key; earlier entries stay for ever."""
    if any(name.startswith(f"{key}/") for name in old):
        return dict(old)
    promised = {f"{key}/{name}": text for name, text in texts.items()}
    return {**old, **(promised or {f"{key}/": NOTHING})}
