"""The law of synthetic stars: how likely they are, and how they would be seen.

A star is five labels, a magnitude and a factor on its signal-to-noise ratio, all independent of each other. Every one
of them is a rising function of a standard normal score s, with Phi the normal distribution:

    teff, logg, mag    low + (high - low) Phi(s)
    mh, am, cm         low + (high - low) q(Phi(s)),    q the quantiles of Beta(1.25, 1.25)
    factor             exp(0.12 + 0.15 s)

so that a star drawn from the law is a vector of seven independent scores, whatever the shapes of the priors.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
import torch

from runner.numerics import emulator, instrument
from runner.numerics.beta import SHAPE, beta_quantile
from runner.origin import Seen, Slopes

LOW = np.array([3750, 1, -2.5, -0.25, -0.75])
HIGH = np.array([6000, 5, 0.75, 0.5, 0.5])
STEP = np.array([250, 0.5, 0.25, 0.25, 0.25])  # between the nodes of BOSZ
NODES = (10, 9, 14, 4, 6)  # of BOSZ on every axis, from LOW to HIGH
FACTOR_MEAN, FACTOR_STD = 0.12, 0.15  # of the logarithm of the factor

LABELS = len(emulator.LABELS)
FLAT = 2  # labels that are uniform; the rest is denser in the middle
MAG, FACTOR = LABELS, LABELS + 1
FARTHEST = 8.0  # score beyond which nothing is drawn
LN10 = math.log(10)
BETA = math.gamma(SHAPE) ** 2 / math.gamma(2 * SHAPE)


class StarLaw:
    """Stars between two magnitudes, at a noise, on one device."""

    names = (*emulator.LABELS, "mag", "factor")
    labels = LABELS

    def __init__(self, mags: tuple[float, float], noise: float, device: str, kind: str = "continuous") -> None:
        """Take the range of magnitudes, the noise, and how the labels are drawn."""
        self.mags, self.noise, self.kind = mags, noise, kind
        self._emulator, self._instrument = emulator.load(device), instrument.load(device)

    @property
    def axes(self) -> tuple[np.ndarray, ...]:
        """The nodes of BOSZ along each label."""
        return tuple(low + step * np.arange(count) for low, step, count in zip(LOW, STEP, NODES, strict=True))

    def states(self, scores: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the stars of standard normal scores, and how fast each number grows with its score: [n, 7] each."""
        s = scores.double().clamp(-FARTHEST, FARTHEST).cpu().numpy()
        share, density = 0.5 * (1 + torch.erf(torch.from_numpy(s) / math.sqrt(2))).numpy(), _normal(s)
        low = np.append(LOW, self.mags[0])
        width = np.append(HIGH, self.mags[1]) - low
        states, slopes = np.empty_like(s), np.empty_like(s)
        states[:, :FACTOR] = low + width * share[:, :FACTOR]
        slopes[:, :FACTOR] = width * density[:, :FACTOR]
        dense = slice(FLAT, LABELS)
        x = beta_quantile(share[:, dense])
        states[:, dense] = low[dense] + width[dense] * x
        with np.errstate(divide="ignore", invalid="ignore"):
            slopes[:, dense] *= np.nan_to_num(BETA * (x * (1 - x)) ** (1 - SHAPE), posinf=0.0)
        states[:, FACTOR] = np.exp(FACTOR_MEAN + FACTOR_STD * s[:, FACTOR])
        slopes[:, FACTOR] = FACTOR_STD * states[:, FACTOR]
        if self.kind == "nodes":  # all are seen at nominal seeing
            states[:, FACTOR], slopes[:, FACTOR] = 1.0, 0.0
        return torch.from_numpy(states).to(scores.device), torch.from_numpy(slopes).to(scores.device)

    def scores(self, places: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the scores of places, and how each score moves with each place: [n, 7] and [n, 7, 7].

        The noise of a row tells its signal-to-noise ratio far better than magnitude or factor. So a place has, for the
        score of the factor, that score plus what the magnitude adds: the ratio in units of the factor's spread.
        """
        states, speeds = self.states(places)
        scores = places.double().clone()
        turns = torch.eye(len(self.names), dtype=torch.float64, device=places.device).repeat(len(places), 1, 1)
        if self.kind == "nodes":
            return scores, turns
        middle = sum(self.mags) / 2
        light, usual = (10 ** (-0.4 * (mag - 20)) for mag in (states[:, MAG], torch.tensor(middle).to(states)))
        added = (_ratio(light) - _ratio(usual)) / FACTOR_STD
        by_mag = -0.4 * LN10 * (1 - 0.5 * light / (light + instrument.BACKGROUND)) / FACTOR_STD
        scores[:, FACTOR] -= added
        turns[:, FACTOR, MAG] = -by_mag * speeds[:, MAG]
        return scores, turns

    def lattice(self, parts: int) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Return all labels there can be, their shares, and how far each is free; None where they are continuous."""
        if self.kind == "continuous":
            return None
        if self.kind == "nodes":
            labels = np.array(list(itertools.product(*self.axes)))
            return labels, np.full(len(labels), 1 / len(labels)), np.zeros_like(labels)
        labels, shares, widths = (np.concatenate(pieces) for pieces in zip(*_lines(self.axes, parts), strict=True))
        return labels, shares, widths

    def seen(self, states: torch.Tensor) -> Seen:
        """Return what would be measured of these stars."""
        clean = self._emulator.clean(states[:, :LABELS]).clamp_(min=0)
        sigma = self._instrument.sigma(clean, states[:, MAG], states[:, FACTOR])
        return Seen(clean, sigma.mul_(self.noise).square_())

    def slopes(self, states: torch.Tensor) -> Slopes:
        """Return how that moves with every number of the stars.

        With variance = (f u + c v / S) / N, N ~ g² S and S = 10^(-0.4 (mag - 20)): its logarithm moves by
        0.4 ln 10 (1 + the share of the background) per magnitude and by -2 / g per factor g.
        """
        mean, variance = self.seen(states)
        by_mean = mean.new_zeros(len(mean), len(self.names), mean.shape[1])
        by_mean[:, :LABELS] = self._emulator.jacobian(states[:, :LABELS])
        photons = self._instrument.photons(states[:, MAG], states[:, FACTOR])
        source = torch.outer((self.noise**2 / photons).to(mean.dtype), self._instrument.source)
        by_variance = by_mean * source[:, None, :]
        by_variance[:, MAG] = 0.4 * LN10 * (2 * variance - mean * source)
        by_variance[:, FACTOR] = variance * (-2 / states[:, FACTOR].to(mean.dtype))[:, None]
        return Slopes(by_mean, by_variance)


def _lines(axes: tuple[np.ndarray, ...], parts: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield for each axis that may be free all points along it at the nodes of the others, shares and widths.

    Snapping to the nearest node gives the nodes at the ends half the share of the others.
    """
    shares = [np.r_[0.5, np.ones(len(nodes) - 2), 0.5] / (len(nodes) - 1) for nodes in axes]
    for free, nodes in enumerate(axes):
        cuts = (len(nodes) - 1) * parts
        between = nodes[0] + (nodes[-1] - nodes[0]) * (np.arange(cuts) + 0.5) / cuts
        points = [between if axis == free else others for axis, others in enumerate(axes)]
        weights = [np.full(cuts, 1 / cuts) if axis == free else part for axis, part in enumerate(shares)]
        labels = np.array(list(itertools.product(*points)))
        widths = np.zeros_like(labels)
        widths[:, free] = (nodes[-1] - nodes[0]) / cuts
        yield labels, np.array([math.prod(w) for w in itertools.product(*weights)]) / len(axes), widths


def _ratio(light: torch.Tensor) -> torch.Tensor:
    """Return the logarithm of the signal-to-noise ratio of this much light, but for a constant."""
    return light.log() - 0.5 * (light + instrument.BACKGROUND).log()


def _normal(s: np.ndarray) -> np.ndarray:
    """Return the density of the standard normal distribution."""
    return np.asarray(np.exp(-0.5 * s * s) / math.sqrt(2 * math.pi))
