"""The plan of a mixture of experts: which bins there are, where every row lies, who is an expert and asked of what."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from runner.contract import Context, Data, JobName, JobSpec, Partition, Split
from runner.findings import JobFailed
from runner.numerics import routing, windows
from runner.numerics.bin_ridges import HELD, Assigned
from runner.numerics.bins import bins_of, labels_of, nearest_bins
from runner.numerics.experts import TEST, Crew, Said
from runner.numerics.keeping import kept_arrays
from runner.numerics.portions import Portion, share_of
from runner.numerics.routing import Table

OUTSIDE = "outside"  # what tables call rows in no bin, and what those are sent to
CLAMP, EXPERT = "clamp", "expert"  # what is done with them: the nearest bin, or an expert more


@dataclass(frozen=True)
class Plan:
    """Which bins there are, where every row lies, who is an expert and asked of what."""

    partition: Partition
    columns: tuple[str, ...]  # what a row can be sent to: the bins, and where there is one what is outside of them
    bins: Mapping[str, np.ndarray]  # by the name of the rows: the bin of each, -1 in none
    asked: Mapping[str, Split]
    crew: Crew

    def sent(self, labels: np.ndarray) -> np.ndarray:
        """Return the column that rows with these labels belong to: int64 [n]."""
        bins = len(self.partition.names)
        if len(self.columns) == bins:
            return nearest_bins(self.partition, labels)
        return numbered(bins_of(self.partition, labels), bins)


def numbered(bins: np.ndarray, rest: int) -> np.ndarray:
    """Return bins with a number for the rows in none."""
    return np.where(bins < 0, rest, bins)


def gate_rows(share: float | str, data: Data, *, gated: bool) -> tuple[Split | None, np.ndarray]:
    """Return the rows a gate learns from, if there is one, and which training rows nobody else may see: bool."""
    if isinstance(share, str):
        return {"val": data.val, "train": data.train}[share], np.zeros(data.train.rows, dtype=bool)
    if not 0 <= share < 1:
        raise JobFailed(f"`rows` is {share:g}; it is a share of the training rows", fix="write rows: 20%")
    held = share_of(data.train, share)
    return Portion(data.train, held) if gated else None, held


def planned(
    partition: Partition,
    data: Data,
    asked: Mapping[str, Split],
    held: np.ndarray,
    *,
    usual: JobSpec,
    instead: Mapping[str, JobSpec],
    outside: str,
    general: bool,
) -> Plan:
    """Return the plan of a mixture over these bins, no expert of which sees the training rows that are held out."""
    if OUTSIDE in partition.names:
        raise JobFailed(f"a bin is called `{OUTSIDE}`, which is what rows in no bin are", fix="call it something else")
    bins = {name: bins_of(partition, labels_of(split, partition.by)) for name, split in asked.items()}
    _refuse_siblings((usual, *instead.values()))
    labels, rest = labels_of(data.train, partition.by), len(partition.names)

    columns = partition.names if outside == CLAMP else (*partition.names, OUTSIDE)
    experts = columns if outside == EXPERT else partition.names
    unknown = next((name for name in instead if name not in experts), None)
    if unknown is not None:
        raise JobFailed(f"`instead` names `{unknown}`, which is no bin", fix=f"there are {', '.join(experts)}")
    learnt = np.where(held, HELD, numbered(bins_of(partition, labels), rest))
    assigned = Assigned(experts, learnt, numbered(bins["val"], rest))
    foretold = partition.by if data.val.rows and np.isfinite(labels).all() else ()
    specs = tuple(instead.get(name, usual) for name in experts)
    return Plan(partition, columns, bins, asked, Crew(specs, usual, assigned, foretold, general=general))


def _refuse_siblings(specs: Iterable[JobSpec]) -> None:
    """Refuse experts that build on a job of the experiment: it says nothing of the rows of one bin alone."""
    base = next((value for spec in specs for value in spec.params.values() if isinstance(value, JobName)), None)
    if base is not None:
        raise JobFailed(f"an expert cannot build on `{base}`, which is fitted on all rows", fix="leave that out")


def calibrated(said: Said, plan: Plan) -> dict[str, dict[str, float]]:
    """Correct what every expert says by a line fitted on the validation rows of its bin, and tell the lines."""
    assigned = plan.crew.assigned
    slopes, offsets = routing.calibration(said.experts["val"], said.target["val"], assigned.val, assigned.names)
    said.experts = {name: slopes * values + offsets for name, values in said.experts.items()}
    lines = {"slope": slopes.tolist(), "offset": offsets.tolist()}
    return {what: dict(zip(assigned.names, line, strict=True)) for what, line in lines.items()}


def features_of(kinds: tuple[str, ...], plan: Plan, said: Said, context: Context) -> dict[str, np.ndarray]:
    """Return what a gate looks at, by the name of the rows: [rows, features]."""
    if not kinds:
        raise JobFailed("a gate without `features` sees nothing", fix="write features: physical13")
    parts = said.components and (said.components.mean, said.components.vectors)
    digest = hashlib.sha256(b"".join(part.numpy().tobytes() for part in parts or ())).hexdigest()
    of = [windows.VERSION, kinds, digest, [[name, split.key] for name, split in plan.asked.items()]]

    def look() -> dict[str, np.ndarray]:
        return {
            name: np.hstack([windows.features(split, kind, said.components) for kind in kinds])
            for name, split in plan.asked.items()
        }

    return kept_arrays(context, "gate-features", of, look)


def routed(
    plan: Plan, weights: np.ndarray, *, exact: bool
) -> tuple[dict[str, float], dict[str, Table | dict[str, float]]]:
    """Return what there is to tell of where the test rows went."""
    bins, chosen = plan.bins[TEST], weights.argmax(axis=1)
    scalars = {"n_outside": float((bins < 0).sum())}
    if exact or not len(bins):
        return scalars, {}
    if (bins >= 0).any():
        scalars["gate_accuracy"] = float((chosen == bins)[bins >= 0].mean())
    rows = plan.partition.names + ((OUTSIDE,) if (bins < 0).any() else ())
    return scalars, {
        "confusion": routing.confusion(bins, chosen, rows, plan.columns),
        "weight": routing.mean_weights(bins, weights, rows, plan.columns),
        "top_weight": routing.largest_weights(weights),
    }
