"""The Fisher information of every test row: how little an unbiased estimator of the target can scatter there.

    I = J' diag(1 / sigma²) J,        J = dx / dl        at the truth of the row
    CRLB = [I^-1]_gg = 1 / (I_gg - I_gn I_nn^-1 I_ng)

for the target g where the other labels n have to be found as well. `r2max` is the median over the rows of
1 - CRLB / V, clipped to 0..1, which is published as a ceiling; `bound` is 1 - mean(CRLB) / V. As published, sigma is
taken as known, and what its own change with the labels would tell is left out.

No R² has to stay below that median: it looks away from the rows with the largest errors, which decide an R². Nor has
an estimator that knows which labels are likely to stay above the CRLB where there is much noise: it is biased, and the
better for it.

The derivatives are exact where the source has a law of its rows. Where it has none, or `differences` are asked for,
they are taken along the regular grid that the test rows have to be then: central, and one-sided at its edges. A row
whose labels cannot be told apart, or that has no neighbour along one of them, has an infinite bound; `singular` counts
those, and all other scalars are of the rest.
`crlb_decades` is log10 of the 90th over the 10th percentile of the CRLB.

References: Rao 1945, Bull. Calcutta Math. Soc. 37, 81; Ting, Conroy, Rix & Cargile 2017, ApJ 843, 32,
doi:10.3847/1538-4357/aa7688 (for spectra)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch

from runner.contract import Context, Data, Output
from runner.findings import JobFailed
from runner.numerics.information import Limits, information, limits

VERSION = 1
USES_VAL = False
USES_SEED = False
USES_TRAIN = False
ORIGIN = True

BATCH = 128  # rows at a time: their derivatives stay in the cache


@dataclass(frozen=True)
class Params:
    """What an experiment may set."""

    # label columns that are unknown; the target is one of them, whether it is named or not
    labels: tuple[str, ...] = ("teff", "logg", "mh", "am", "cm")
    # of the inputs by the labels: as exact as the source knows them, or `differences` along a regular grid
    derivatives: Literal["exact", "differences"] = "exact"


def run(params: Params, data: Data, context: Context) -> Output:
    """Take the information of every test row, and what it leaves for the target."""
    labels = tuple(dict.fromkeys((*params.labels, data.origin.target)))
    found = limits(_information(params.derivatives, labels, data, context), labels.index(data.origin.target))
    return Output(bounds=found.bound.numpy(), scalars=_scalars(found))


def _information(derivatives: str, labels: Sequence[str], data: Data, context: Context) -> torch.Tensor:
    """Return the information of every test row: float64 [rows, labels, labels]."""
    origin, rows = data.origin, data.test.rows
    walk = origin.differences if derivatives == "differences" else origin.sensitivities
    found = torch.empty(rows, len(labels), len(labels), dtype=torch.float64)  # kept in pieces it would scatter the heap
    done = 0
    for slopes, sigma in walk(labels, BATCH):
        if not (sigma > 0).all():
            raise JobFailed("the noise of some inputs is 0: nothing limits how well they tell the labels")
        found[done : done + len(sigma)] = information(slopes, sigma)
        done += len(sigma)
        context.progress(done, rows, "test rows")
    return found


def _scalars(found: Limits) -> dict[str, float]:
    """Say how entangled the labels are over the rows that have a bound."""
    known = found.bound.isfinite()
    if not known.any():
        raise JobFailed("no test row has a bound: its inputs cannot tell the labels apart", fix="name fewer `labels`")
    bound, schur, condition = (values[known] for values in found)
    low, high = bound.quantile(bound.new_tensor([0.1, 0.9]))
    return {
        "schur": float(schur.quantile(0.5)),
        "schur_p10": float(schur.quantile(0.1)),
        "condition": float(condition.quantile(0.5)),
        "condition_max": float(condition.max()),
        "crlb_decades": float((high / low).log10()),
        "singular": float((~known).sum()),
    }
