"""What rows tell of the states behind them, by importance sampling under the law that made them.

A state drawn from q, with the height h of its posterior, has the weight

    w = exp(h) / q,        q = sum_k n_k q_k / sum_k n_k

where the proposals q_k are, for every row: a Student t on the most likely place, with the curvature there; a mixture
of them around templates that look like the row, for posteriors that are bent or wide; and a mixture fitted to a pilot
drawn before. Draws of all of them are weighted as if they came from the mixture of all. Those of the pilot do not
count: a mixture that weighs the draws it was fitted to takes weight from the heavy ones, and tails grow too thin.

Reference: Owen & Zhou 2000, JASA 95, 135, doi:10.1080/01621459.2000.10473909
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import torch

from runner.counter import key_of
from runner.numerics.heights import Heights, Hill
from runner.numerics.mixture import FREEDOM, Mixture
from runner.numerics.noise import normals
from runner.numerics.templates import templates
from runner.origin import Law

ROWS = 32  # together: always the same ones, because BLAS rounds by shape
AROUND, WIDTH, FLATTER = 64, 0.5, 0.5  # the mixture around templates: components, their size, power of the likelihood
COMPONENTS, SHRUNK = 8, 0.8  # of mixtures fitted to draws, and their size
PIECES = (
    8  # of the draws: one on the peak, one around templates and one to fit, as the pilot; the same and three, to count
)
QUANTUM = PIECES * AROUND  # draws are a multiple of it, so that all components get as many


class Belief(NamedTuple):
    """What is believed of the target of some rows: float64 [rows] each."""

    mean: torch.Tensor
    variance: torch.Tensor
    ess: torch.Tensor  # effective sample size
    rank: torch.Tensor  # the share of belief below the truth, where that is told; of what equals it a random part


def together(parts: Iterable[Belief]) -> Belief:
    """Return what is believed of all rows, some after the others, in memory."""
    nobody = [torch.empty(0, dtype=torch.float64)] * 4
    return Belief(*(torch.cat([part.cpu() for part in column]) for column in zip(nobody, *parts, strict=True)))


def ties(numbers: torch.Tensor) -> torch.Tensor:
    """Return for rows of these numbers which part of the belief in the truth itself counts as below it."""
    return torch.as_tensor(torch.special.ndtr(normals(key_of("tie"), numbers, 1)[:, 0].double()))


def belief(values: torch.Tensor, weights: torch.Tensor, truth: torch.Tensor, numbers: torch.Tensor) -> Belief:
    """Return what weighted draws say of rows with these numbers, [rows, n]; the weights of a row sum to 1."""
    mean = (weights * values).sum(1)
    squares = weights.square().sum(1)
    spread = (weights * (values - mean[:, None]).square()).sum(1)
    below, equal = ((weights * side).sum(1) for side in (values < truth[:, None], values == truth[:, None]))
    corrected = spread / (1 - squares).clamp(min=torch.finfo(spread.dtype).eps)
    return Belief(mean, corrected, 1 / squares, below + ties(numbers) * equal)


class RowSampler(ABC):
    """Draws from the posteriors of rows under a law, a few rows at a time."""

    def __init__(self, law: Law, target: str, seed: int, draws: int, device: str) -> None:
        """Take the law, what is asked for, and how many draws each row gets."""
        self._law, self._heights, self._seed = law, Heights(law, device), seed
        self._target, self._draws, self._device = law.names.index(target), draws, device

    def beliefs(self, rows: torch.Tensor, first: int, truth: torch.Tensor) -> Iterator[Belief]:
        """Yield what rows tell, a few at a time; `first` is the number of the first."""
        for start in range(0, len(rows), ROWS):
            few = slice(start, start + ROWS)
            yield self._belief(rows[few].to(self._device), first + start, truth[few].to(self._device))

    @abstractmethod
    def _belief(self, rows: torch.Tensor, first: int, truth: torch.Tensor) -> Belief:
        """Return what a few rows tell."""

    def _normals(self, name: str, numbers: torch.Tensor, n: int, width: int) -> torch.Tensor:
        """Return so many normal numbers for each of n draws of each row: [rows, n, width]."""
        key = key_of("posterior", self._seed, name)
        return normals(key, numbers, n * width).double().view(len(numbers), n, width)


class Sampler(RowSampler):
    """Draws from posteriors where all that a state is made of is continuous."""

    def __init__(self, law: Law, target: str, seed: int, sizes: tuple[int, int], device: str) -> None:
        """Make the library; `sizes` are the templates in it and the draws of a row."""
        super().__init__(law, target, seed, sizes[1], device)
        numbers = torch.arange(sizes[0], device=device)
        self._scores = self._normals("templates", numbers, 1, len(law.names) + FREEDOM)[:, 0, :-FREEDOM]
        self._library = templates(law, law.states(self._scores)[0])

    def _belief(self, rows: torch.Tensor, first: int, truth: torch.Tensor) -> Belief:
        """Return what a few rows tell."""
        numbers = torch.arange(first, first + len(rows), device=rows.device)
        likely = self._library.likelihoods(rows).double()
        top, hill = self._climbed(rows, likely)
        peak = Mixture(top[:, None], torch.linalg.cholesky(torch.linalg.inv(hill.curvature)))
        around = self._around(top, hill, likely)

        def drawn(name: str) -> Drawn:
            return Drawn(partial(self._heights.at, rows), partial(self._drawing, name, numbers))

        pilot, final = drawn("pilot"), drawn("final")
        for mixture in (peak, around):
            pilot.add(mixture, 1)
        pilot.add(pilot.fitted(peak), 1)
        for mixture, pieces in ((peak, 1), (around, 1), (pilot.fitted(peak), PIECES - 5)):
            final.add(mixture, pieces)
        return belief(final.states[:, :, self._target], final.weights, truth, numbers)

    def _drawing(self, name: str, numbers: torch.Tensor, part: int, pieces: int) -> torch.Tensor:
        """Return the normal numbers from which a part of the draws of some rows is made."""
        width = len(self._law.names) + FREEDOM
        return self._normals(f"{name} {part}", numbers, pieces * self._draws // PIECES, width)

    def _climbed(self, rows: torch.Tensor, likely: torch.Tensor) -> tuple[torch.Tensor, Hill]:
        """Return the most likely place of every row, from the best template or from the mean of the good ones."""
        starts = torch.stack([self._scores[likely.argmax(1)], torch.softmax(likely, 1) @ self._scores])
        starts[:, :, self._law.labels :] = 0
        (first, hill), (second, other) = (self._heights.climb(rows, start) for start in starts)
        better, hill = hill.or_better(other)
        return torch.where(better, second, first), hill

    def _around(self, top: torch.Tensor, hill: Hill, likely: torch.Tensor) -> Mixture:
        """Return the mixture around templates that look like the rows.

        What the labels of a template leave open is put where it is most likely given them, by the curvature of the top.
        """
        labels = self._law.labels
        shares = torch.softmax(FLATTER * likely, 1)
        scores = self._scores[:, :labels]
        covariance = torch.linalg.inv(hill.curvature)
        known = covariance[:, :labels, :labels]
        inner = WIDTH**2 * _blended(_covariance(shares, scores), known, shares, 2 * labels)
        regression = covariance[:, labels:, :labels] @ torch.linalg.inv(known)
        cross = regression @ inner
        outer = cross @ regression.mT + torch.linalg.inv(hill.curvature[:, labels:, labels:])
        whole = torch.cat([torch.cat([inner, cross.mT], 2), torch.cat([cross, outer], 2)], 1)
        centres = scores[picked(shares, AROUND)]
        rest = top[:, None, labels:] + (centres - top[:, None, :labels]) @ regression.mT
        return Mixture(torch.cat([centres, rest], 2), torch.linalg.cholesky(whole))


@dataclass
class Drawn:
    """The places drawn so far for a few rows, by several mixtures."""

    heights_at: Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]  # of places, and their states
    normals: Callable[[int, int], torch.Tensor]  # for the mixture of a number, so many pieces
    mixtures: list[tuple[Mixture, float]] = field(default_factory=list)  # with the logarithm of their draws
    places: torch.Tensor = field(init=False)  # [rows, n, k]
    states: torch.Tensor = field(init=False)  # [rows, n, k]
    heights: torch.Tensor = field(init=False)  # [rows, n]
    density: torch.Tensor = field(init=False)  # log sum_k n_k q_k: [rows, n]

    def add(self, mixture: Mixture, pieces: int) -> None:
        """Draw from one more mixture, and weigh all anew as if they were drawn from all of them together."""
        z = self.normals(len(self.mixtures), pieces)
        places, draws = mixture.drawn(z), math.log(z.shape[1])
        heights, states = self.heights_at(places)
        if not self.mixtures:
            self.places, self.states, self.heights = places, states, heights
            self.density = mixture.log_density(places) + draws
        else:
            earlier = torch.stack([other.log_density(places) + log_n for other, log_n in self.mixtures]).logsumexp(0)
            self.places, self.states = torch.cat([self.places, places], 1), torch.cat([self.states, states], 1)
            self.heights = torch.cat([self.heights, heights], 1)
            density = torch.cat([self.density, earlier], 1)
            self.density = torch.logaddexp(density, mixture.log_density(self.places) + draws)
        self.mixtures.append((mixture, draws))

    @property
    def weights(self) -> torch.Tensor:
        """The weight of every place; those of a row sum to 1."""
        return torch.softmax(self.heights - self.density, 1)

    def fitted(self, peak: Mixture) -> Mixture:
        """Return a mixture with the mean and covariance of what was drawn, that of the peak blended in."""
        weights, d = self.weights, self.places.shape[2]
        mean = weights[:, None] @ self.places
        off = self.places - mean
        covariance = _blended(off.mT @ (weights[:, :, None] * off), peak.root @ peak.root.mT, weights, d)
        chosen = off.gather(1, picked(weights, COMPONENTS)[:, :, None].expand(-1, -1, d))
        return Mixture(mean + math.sqrt(1 - SHRUNK**2) * chosen, SHRUNK * torch.linalg.cholesky(covariance))


def picked(weights: torch.Tensor, count: int) -> torch.Tensor:
    """Return which of weighted things stand in the middles of equal parts of the weight: [rows, n] -> [rows, count]."""
    sums = weights.cumsum(1)
    marks = (torch.arange(count, dtype=sums.dtype, device=sums.device) + 0.5) / count * sums[:, -1:]
    return torch.searchsorted(sums, marks).clamp(max=weights.shape[1] - 1)


def _covariance(weights: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """Return the covariance of places that all rows weigh: [rows, n] and [n, d] -> [rows, d, d]."""
    d = places.shape[1]
    mean = weights @ places
    products = (places[:, :, None] * places[:, None]).flatten(1)
    return (weights @ products).view(-1, d, d) - mean[:, :, None] * mean[:, None]


def _blended(found: torch.Tensor, known: torch.Tensor, weights: torch.Tensor, worth: float) -> torch.Tensor:
    """Return a covariance found from weighted draws, with a known one that is worth this many of them blended in."""
    ess = 1 / weights.square().sum(1)[:, None, None]
    return (ess * found + worth * known) / (ess + worth)
