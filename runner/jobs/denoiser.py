"""A blind-spot denoiser: what noisy inputs tell about each other, learnt without a single label.

A U-Net says of every input what its neighbours let expect, a mean mu and a deviation sigma, and never sees the input
itself (`numerics/layers/blind_spot.py`). Neighbours share what the signal is and not the noise, so what can be learnt
is the signal. It is trained to make the noisy inputs x likely, no more; the loss is the mean over all inputs of

    gaussian:  (x - mu)^2 / (2 sigma^2) + log(sigma sqrt(2 pi))
    laplace:   |x - mu| / b + log(2 b),    b = sigma / sqrt(2)

with every input brought to mean 0 and deviation 1 over the training rows. sigma is how far the noisy input is from mu:
what neighbours do not tell of the signal, and the noise, together. The published model fused mu with the input itself
by their variances, and was given the sigma of the noise to do so. Jobs are not told that, so no denoised inputs are
offered, and one channel of inputs goes in instead of two: 1,887,270 parameters, published as 1,889,670. It was trained
for up to 5000 epochs, with steps that shrank by a fifth after 50 that were no better; here they do after five.

What other jobs use are its latents: the maps of a late layer of the encoder, both directions side by side, pooled to a
few numbers per row (`numerics/layers/pooling.py`). By `seg_mean_K8` that makes 16 for every channel, published were 8.
`enc_last` is the deepest layer, `enc_pre_latent` the one above it, before its places are halved; which one that name
stood for was not published. What the job predicts is the linear probe: a ridge from the standardised latents to the
target, its penalty the best on the validation rows. `probe_r2` has the probes of other poolings beside it, R2 on the
same rows. Without validation rows a tenth of the training rows judges epochs and probes, and trains nothing. The
numbers of all poolings are held in memory: 176 bytes a row and channel.

References: Laine et al. 2019, arXiv:1901.10277; Alain & Bengio 2016, arXiv:1610.01644 (linear probes)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import nn

from runner.contract import Context, Data, Output, Split
from runner.findings import JobFailed
from runner.numerics.gram import gram_of
from runner.numerics.layers.blind_spot import BlindSpot
from runner.numerics.layers.pooling import numbers, pooled
from runner.numerics.learnt_rows import LearntRows, held, walked
from runner.numerics.networks import Standardised, standardised
from runner.numerics.penalty import Penalty
from runner.numerics.recipe import Steps
from runner.numerics.regression import STOPPING, Part, Task, curves_of, scalars_of, schedule_of
from runner.numerics.shrinkage import Linear, ridge_path
from runner.numerics.training import Lessons, Trained, seeded, set_aside, trained

VERSION = 1
USES_VAL = True
USES_SEED = True
CLOSE = 0.05  # on another machine other roundings lead the training elsewhere

READ = 64  # rows at a time where nothing is learnt: every one of them becomes many maps
LAYERS = ("enc_pre_latent", "enc_last")  # the last two of the encoder
POOLINGS = ("mean", "mean_max", "seg_mean_K8")
ALPHAS = tuple(10.0**power for power in range(-3, 7))
FEWEST, MOST = 2, 12  # layers: the places are halved behind each but the last
Likelihood = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
Numbers = dict[tuple[str, str], torch.Tensor]  # by layer and pooling


@dataclass(frozen=True)
class Params(Steps):
    """What an experiment may set."""

    # rows of a step
    batch: int = 128
    # largest step of AdamW
    lr: float = 5e-4
    # how the steps change
    schedule: Literal["cosine", "plateau", "constant"] = "plateau"
    # layers of the encoder behind its first one; the places are halved behind each but the last
    layers: int = 9
    # channels of every layer
    channels: int = 48
    # inputs that a convolution sees at once
    kernel: int = 25
    # how the noisy inputs are spread about what their neighbours tell
    likelihood: Literal["gaussian", "laplace"] = "gaussian"
    # the layer whose maps become latents
    layer: Literal["enc_pre_latent", "enc_last"] = "enc_pre_latent"
    # how: `mean`, `mean_max`, or `seg_mean_K8` for means over eight segments
    latents: str = "seg_mean_K8"


class Denoiser(nn.Module):
    """A blind-spot network for rows in any unit."""

    def __init__(self, network: BlindSpot, scale: Standardised, likelihood: Likelihood) -> None:
        """Take what brings rows to the scale of the network."""
        super().__init__()
        self.network, self.scale, self.likelihood = network, scale, likelihood

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return minus the log likelihood of rows [n, width], the mean over their inputs: [n]."""
        scaled = self.scale(x)
        mu, sigma = self.network(scaled[:, None])
        return self.likelihood(scaled, mu.float(), sigma.float()).mean(1) - self.scale.share.log().mean()

    def maps(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the maps of the last two layers of the encoder for rows [n, width]: [n, channels, places]."""
        return dict(zip(LAYERS, self.network.maps(self.scale(x)[:, None])[-2:], strict=True))


def gaussian(x: torch.Tensor, mu: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    """Return minus the log density of x about mu with a deviation of sigma, all [n, width]."""
    return ((x - mu) / sigma).square() / 2 + sigma.log() + math.log(2 * math.pi) / 2


def laplace(x: torch.Tensor, mu: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    """Return the same of a density that falls exponentially on both sides."""
    return (x - mu).abs() / sigma * math.sqrt(2) + sigma.log() + math.log(2) / 2


LIKELIHOODS: dict[str, Likelihood] = {"gaussian": gaussian, "laplace": laplace}


def run(params: Params, data: Data, context: Context) -> Output:
    """Train on the training rows, keep the epoch that makes the validation rows likeliest, probe its latents."""
    if not (FEWEST <= params.layers <= MOST and params.channels > 0 and params.kernel > 0):
        raise JobFailed(f"layers must be from {FEWEST} to {MOST}, channels and kernel 1 or more")
    numbers(params.latents)
    learnt, judging = Task(data).parts()
    model, news = _trained(params, learnt.split, judging.split, context)
    splits = {"train": data.train, "val": data.val, "test": data.test}
    found = {name: _found(model, params, split, name, context) for name, split in splits.items()}
    probes = _probes(found, learnt, judging, data)
    chosen = (params.layer, params.latents)
    probe = probes[chosen]
    told = {"alpha": probe.alpha, "val_nll": news.errors[news.best_epoch - 1]}
    return Output(
        predictions={name: probe.rule.predict(found[name][chosen])[:, 0].numpy() for name in ("val", "test")},
        latents={name: rows[chosen].numpy() for name, rows in found.items()},
        scalars=told | scalars_of(news, model, learnt.split.rows),
        tables={"probe_r2": {layer: {how: probes[layer, how].r2 for how in _poolings(params)} for layer in LAYERS}},
        curves=curves_of(news, {"val_loss": np.array(news.errors)}),
    )


# ---- the network ----


def _trained(params: Params, learnt: Split, judging: Split, context: Context) -> tuple[Denoiser, Trained]:
    """Return the network of the best epoch, and how the training went."""
    nothing = torch.empty(learnt.rows, 0, device=context.device)  # there are no labels
    rows = LearntRows(learnt, nothing, batch=params.batch, seed=context.seed, fresh=params.fresh)
    kept = held(judging)
    with seeded(context.seed, context.device):
        network = BlindSpot(params.layers, params.channels, params.kernel)
        model = Denoiser(network, standardised(learnt), LIKELIHOODS[params.likelihood]).to(context.device)

        def error() -> float:
            return float(torch.cat([model(x) for x in walked(judging, kept, READ)]).double().mean())

        lessons = Lessons(rows.batches, lambda x, _: model(x).mean(), error, rows.rows, "val NLL {:.4f}".format)
        checkpoint = context.checkpoint([learnt.key, judging.key, f"{type(params).__module__} {params}"])
        news = trained(model, lessons, schedule_of(params, rows.rows), context.progress, checkpoint)
    return model, news


# ---- what its latents are worth ----


def _poolings(params: Params) -> tuple[str, ...]:
    """Return the poolings that are probed, the one that was asked for among them."""
    return tuple(dict.fromkeys((*POOLINGS, params.latents)))


def _found(model: Denoiser, params: Params, split: Split, name: str, context: Context) -> Numbers:
    """Return what every pooling makes of the last layers, for all rows of a split: float32 [rows, numbers]."""
    found = {
        (layer, how): torch.empty(split.rows, 2 * params.channels * numbers(how))
        for layer in LAYERS
        for how in _poolings(params)
    }
    done = 0
    for x in split.inputs(READ):
        with torch.inference_mode():
            maps = model.maps(x)
            for (layer, how), rows in found.items():
                rows[done : done + len(x)] = pooled(maps[layer], how)
        done += len(x)
        context.progress(done, split.rows, f"latents of {name}")
    return found


@dataclass(frozen=True, slots=True)
class Probe:
    """A ridge on latents."""

    rule: Linear
    alpha: float
    r2: float  # on the rows its penalty was chosen on


def _probes(found: Mapping[str, Numbers], learnt: Part, judging: Part, data: Data) -> dict[tuple[str, str], Probe]:
    """Return the probe of every layer and pooling."""
    probes = {}
    for key, rows in found["train"].items():
        if data.val.rows:
            fitted, held_out = rows, found["val"][key]
        else:  # a tenth of the training rows judges
            chosen = torch.from_numpy(set_aside(data.train.rows, STOPPING))
            fitted, held_out = rows[~chosen], rows[chosen]
        probes[key] = _probe(fitted, learnt.labels[:, 0], held_out, judging.labels[:, 0])
    return probes


def _probe(fitted: torch.Tensor, target: np.ndarray, held_out: torch.Tensor, truth: np.ndarray) -> Probe:
    """Return the ridge from standardised latents [n, numbers] to the target [n] that is best on rows held out."""
    path = ridge_path(gram_of([(fitted, torch.from_numpy(target))]), ALPHAS, standardise=True)
    errors = np.square(path.predict(held_out).numpy() - truth[:, None]).mean(0)  # [alphas]
    choice = Penalty("val", ALPHAS).by_validation(errors)
    return Probe(path.rule(choice.best), choice.alpha, float(1 - errors[choice.best] / (truth.var() or 1.0)))
