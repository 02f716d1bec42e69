"""Template fit: the label of the template that is nearest to a row, whatever its amplitude.

    chi²(m) = sum_i (x_i - A m_i)² / s_i²,        A = sum_i (x_i m_i / s_i²) / sum_i (m_i² / s_i²)

The templates m are what the source itself would show without noise. First come those at every second node along each
label; from the nearest of them, with the next ones along every label as the simplex, the search of Nelder and Mead
goes on between the nodes until its simplex is small. Labels outside the range of the nodes are put on its edge. What
is returned is the target of the best template: the likeliest label where nothing is thought likely beforehand, which
is not the one with the smallest error.

The published fit is told the noise s of every row. Here s is smooth in the clean inputs, which makes it a copy of them
without noise, so all rows share one: the mean noise of the templates in the middle of all else that a source draws.
Only its shape from input to input matters, for the best A and the best template are the same at any level of it.

A source that only has rows, and no law of how they are made, has its training rows without noise for templates. There
is nothing between them to search, which `refine: false` says.

Of the test rows it tells `settled`, the share of searches that ended by themselves, `evaluations`, the templates that
one tried in the mean, and `gain`, the mean share of a chi² that the search took off.

Reference: Nelder & Mead 1965, The Computer Journal 7, 308, doi:10.1093/comjnl/7.4.308
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from runner.contract import Context, Data, Origin, Output, Split
from runner.findings import JobFailed
from runner.numerics.simplex import minimised
from runner.numerics.template_grid import Box, Comparison, training_rows
from runner.numerics.training import one_thread

VERSION = 1
USES_VAL = False
USES_SEED = False
ORIGIN = True
CLOSE = 3.5  # other roundings end a search in another valley now and then, as far off as the range of the label is wide

BATCH = 4096  # rows that are searched side by side
BLOCK = {"cpu": 128}  # templates made together: they and their rows stay in the cache
LARGE_BLOCK = 4096
ROUNDING = 1e-9
SEARCHED = ("settled", "evaluations", "gain")  # what is told of the search for every row

Fit = Callable[[torch.Tensor], torch.Tensor]  # rows -> predictions and what was `SEARCHED`: [n, 4], or [n, 1] without


@dataclass(frozen=True)
class Params:
    """What an experiment may set."""

    # nodes from one template of the first pass to the next, along each label
    every: int = 2
    # whether the search goes on between the templates
    refine: bool = True
    # share of every label's range within which the whole simplex lies where a search ends
    tolerance: float = 1e-3
    # templates a search may try; it ends with the step in which it comes to that
    evaluations: int = 600


def run(params: Params, data: Data, context: Context) -> Output:
    """Find the nearest template, search around it, predict validation and test."""
    _check(params)
    comparison, fit = _prepared(params, data.origin, context.device)
    told = SEARCHED if params.refine else ()
    val, test = (
        _walked(fit, split, 1 + len(told), name, context) for name, split in (("val", data.val), ("test", data.test))
    )
    return Output(
        predictions={"val": val[:, 0], "test": test[:, 0]},
        scalars={"templates": float(comparison.templates)} | dict(zip(told, test[:, 1:].mean(0).tolist(), strict=True)),
    )


def _check(params: Params) -> None:
    """Refuse a search there cannot be."""
    if params.every < 1 or not 0 < params.tolerance < 1 or params.evaluations < 1:
        raise JobFailed("every and evaluations must be 1 or more, and tolerance between 0 and 1")


def _prepared(params: Params, origin: Origin, device: str) -> tuple[Comparison, Fit]:
    """Return the comparison with the templates of a source, and how rows are fitted."""
    if origin.law is None:
        if params.refine:
            raise JobFailed("the source has no law that makes templates between its rows", fix="refine: false")
        comparison = Comparison(training_rows(origin))
        return comparison, lambda x: comparison.nearest(comparison.scaled(x))
    labels = origin.law.names[: origin.law.labels]
    if origin.target not in labels:
        raise JobFailed(f"no template says `{origin.target}`; they say {', '.join(labels)}")
    box, target = Box(origin.law, device), labels.index(origin.target)
    comparison = Comparison(box.grid(params.every))

    def fit(x: torch.Tensor) -> torch.Tensor:
        rows = comparison.scaled(x)
        nodes = comparison.nearest(rows)
        if not params.refine:
            return nodes[:, [target]]
        found, told = _refined(params, rows, nodes, box, comparison)
        return torch.cat([found[:, [target]], told], dim=1)

    return comparison, fit


def _refined(
    params: Params, rows: torch.Tensor, nodes: torch.Tensor, box: Box, comparison: Comparison
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the labels of the best templates around the nearest nodes [n, labels], and what was `SEARCHED` [n, 3]."""
    size = BLOCK.get(rows.device.type, LARGE_BLOCK)

    def chi_square(which: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        """Return how far rows are from the templates at these places in the box, where every range is from 0 to 1."""
        values = rows.new_empty(len(which))
        for start in range(0, len(which), size):
            part = slice(start, start + size)
            templates = box.seen(box.low + box.width * places[part]).mean
            values[part] = comparison.chi_square(rows[which[part]], templates)
        return values

    starts = _simplices((nodes - box.low) / box.width, params.every, box)
    with one_thread():
        found = minimised(chi_square, starts, tolerance=params.tolerance, calls=params.evaluations, box=(0.0, 1.0))
        first = chi_square(torch.arange(len(rows), device=rows.device), starts[:, 0]).double()
    gains = (1 - found.values / first).nan_to_num()  # a row that is its node has nothing to gain
    return box.low + box.width * found.points, torch.stack([found.settled, found.calls, gains], dim=1)


def _simplices(starts: torch.Tensor, every: int, box: Box) -> torch.Tensor:
    """Return each start with the next template along every label, inside the box: [n, k] -> [n, k + 1, k]."""
    steps = torch.tensor([min(1.0, every / (len(axis) - 1)) for axis in box.law.axes], dtype=torch.float64)
    steps = steps.to(starts.device)
    inside = torch.where(starts + steps > 1 + ROUNDING, -steps, steps)
    return torch.cat([starts[:, None], starts[:, None] + torch.diag_embed(inside)], dim=1)


def _walked(fit: Fit, split: Split, columns: int, note: str, context: Context) -> np.ndarray:
    """Return what is said of every row of a split: float64 [rows, columns]."""
    told, done = np.empty((split.rows, columns)), 0
    for x in split.inputs(BATCH):
        told[done : done + len(x)] = fit(x).cpu().numpy()
        done += len(x)
        context.progress(done, split.rows, note)
    return told
