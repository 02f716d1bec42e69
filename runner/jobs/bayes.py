"""The posterior mean of the target given nothing but the noisy inputs: nobody has a smaller squared error on average.

    p(l | y) ~ p(l) prod_i N(y_i; f_i(l), s_i(l)^2),        y' = E[l | y],        E (y' - l)^2 = E Var(l | y)

with the source's own law of labels, brightness and all else that decides a row, and with the noise s that each of them
would have. `r2` is that of the posterior mean. The posterior variances are bounds: `bound` = 1 - mean(Var) / V is what
`r2` comes to when nothing went wrong, and no R² on all rows drawn from this law exceeds it but by luck. On a slice that
labels cut out it is no bound for who was trained on such rows alone.

Posteriors are sampled by importance, every row with proposals of its own. Where labels stand on a lattice, its points
are sampled. Of rows without a law the training rows are the templates, as noisy as the test rows: few of them make the
mean worse, and the bounds are theirs, not those of a law.

`ess` is the median effective sample size of the test rows, `ess_p5` its 5th percentile, `poor` the share of rows where
it is below 20: their variances are not to be trusted, so they bound nothing. There are some where there is next to no
noise.

On the validation rows, of which the target may be known, `coverage` says how often it lies in the central interval of
a probability, and `excess` by how many standard errors the squared error exceeds the variance on average. They are seen
with the noise of the test rows. Where test rows are the nodes of a grid, validation rows are not of the same law, and
neither number says anything.

References: Geweke 1989, Econometrica 57, 1317, doi:10.2307/1913710; Owen & Zhou 2000, JASA 95, 135,
doi:10.1080/01621459.2000.10473909
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import torch

from runner.contract import Context, Data, Output, Split
from runner.findings import JobFailed
from runner.numerics.lattice import LatticeSampler
from runner.numerics.posterior import AROUND, QUANTUM, ROWS, Belief, RowSampler, Sampler, together
from runner.numerics.tally import Tally
from runner.origin import Law

VERSION = 2
USES_VAL = True  # they tell the calibration
USES_SEED = True
CLOSE = 0.05  # elsewhere roundings move which draws are built upon, and with them the Monte Carlo error
ORIGIN = True
CEILING = True

BATCH = 16 * ROWS  # rows at a time
TEMPLATES = 512  # at a time
COVERED = (0.5, 0.68, 0.9, 0.95)
POOR = 20  # effective draws


@dataclass(frozen=True)
class Params:
    """What an experiment may set."""

    # drawn from the law to find where the posterior of a row lies; where labels are not continuous, all there can be
    templates: int = 65536
    # drawn for every row, of which five eighths count: a multiple of 512
    draws: int = 1024
    # points for each step between nodes, along a label that is free between them
    parts: int = 4


def run(params: Params, data: Data, context: Context) -> Output:
    """Take the posterior of every validation and test row."""
    _check(params, data)
    alike = data.val.axes == data.test.axes
    splits = {"val": data.val if alike else data.val.at(**data.test.axes), "test": data.test}
    truth = {"val": _truth(data.val), "test": torch.full((data.test.rows,), torch.nan, dtype=torch.float64)}
    law = data.origin.law
    if law is None:
        beliefs = _tallied(splits, truth, data, context)
    else:
        sampler = _sampler(params, law, data.origin.target, context)
        beliefs = {name: _sampled(sampler, split, truth[name], name, context) for name, split in splits.items()}
    test = beliefs["test"]
    few, half = test.ess.quantile(test.ess.new_tensor([0.05, 0.5])).tolist()
    excess, tables = _calibration(beliefs["val"], truth["val"])
    return Output(
        predictions={name: said.mean.numpy() for name, said in beliefs.items()},
        bounds=torch.where(test.ess < POOR, 0.0, test.variance).numpy(),
        scalars={"ess": half, "ess_p5": few, "poor": float((test.ess < POOR).double().mean())} | excess,
        tables=tables,
    )


def _check(params: Params, data: Data) -> None:
    """Refuse what leaves nothing to sample."""
    if params.templates < AROUND or params.draws < QUANTUM or params.draws % QUANTUM or params.parts < 1:
        raise JobFailed(f"templates must be {AROUND} or more, draws a multiple of {QUANTUM}, parts 1 or more")
    if not data.test.rows:
        raise JobFailed("there are no test rows")


def _truth(val: Split) -> torch.Tensor:
    """Return the targets of the validation rows."""
    return torch.cat([torch.empty(0, dtype=torch.float64), *(y.cpu().double() for _, y in val.pairs(BATCH))])


def _sampler(params: Params, law: Law, target: str, context: Context) -> RowSampler:
    """Return what samples the posteriors under a law."""
    if target not in law.names:
        raise JobFailed(f"the law of the rows has no `{target}`; it has {', '.join(law.names)}")
    lattice = law.lattice(params.parts)
    if lattice is None:
        return Sampler(law, target, context.seed, (params.templates, params.draws), context.device)
    return LatticeSampler(law, lattice, target, context.seed, params.draws, context.device)


def _sampled(sampler: RowSampler, split: Split, truth: torch.Tensor, name: str, context: Context) -> Belief:
    """Return what the rows of a split tell under a law."""

    def few() -> Iterator[Belief]:
        done = 0
        for rows in split.inputs(BATCH):
            for part in sampler.beliefs(rows, done, truth[done : done + len(rows)]):
                done += len(part.mean)
                yield part
                context.progress(done, split.rows, name)

    return together(few())


def _tallied(
    splits: dict[str, Split], truth: dict[str, torch.Tensor], data: Data, context: Context
) -> dict[str, Belief]:
    """Return what the rows of the splits tell where the training rows are the templates."""
    if data.train.axes != data.test.axes:
        message = "the templates are as noisy as the training rows, not as the test rows"
        raise JobFailed(message, fix="leave `train_noise` out")
    rows = torch.cat(list(chain.from_iterable(split.inputs(BATCH) for split in splits.values())))
    tally, done = Tally(rows, torch.cat(list(truth.values())).to(rows.device)), 0
    for clean, sigma, target in data.origin.templates(TEMPLATES):
        if not bool((sigma > 0).all()):
            raise JobFailed(
                "without noise every row tells its target: nothing limits anybody", fix="set a noise above 0"
            )
        tally.add(clean, sigma, target)
        done += len(target)
        context.progress(done, data.train.rows, "templates")
    if not done:
        raise JobFailed("there are no training rows to be templates")
    said = tally.belief()
    val = len(truth["val"])
    return {
        "val": Belief(*(values[:val].cpu() for values in said)),
        "test": Belief(*(values[val:].cpu() for values in said)),
    }


def _calibration(said: Belief, truth: torch.Tensor) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Say whether the validation rows bear their posteriors out."""
    if len(truth) < 2:  # noqa: PLR2004 - rows without which there is no standard error
        return {}, {}
    excess = (said.mean - truth).square() - said.variance
    off = 2 * (said.rank - 0.5).abs()
    covered = {f"{level:g}": float((off <= level).double().mean()) for level in COVERED}
    error = float(excess.std() / len(excess) ** 0.5)
    return {"excess": float(excess.mean()) / error} if error else {}, {"coverage": covered}
