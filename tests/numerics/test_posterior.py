"""Posteriors by sampling: a linear law in closed form, other laws by brute force, and every piece by itself."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from scipy import stats

from runner.findings import JobFailed
from runner.numerics.heights import Heights
from runner.numerics.lattice import LatticeSampler
from runner.numerics.mixture import FREEDOM, Mixture
from runner.numerics.posterior import ROWS, Belief, Sampler, belief, picked
from runner.numerics.star_law import StarLaw
from runner.numerics.tally import Tally
from runner.numerics.templates import templates
from runner.numerics.training import one_thread
from runner.origin import Seen, Slopes

RANDOM = np.random.default_rng(21)
BEND = 1.5  # of a label that enters squared
NOWHERE = torch.full((64,), torch.nan, dtype=torch.float64)


@pytest.fixture(autouse=True)
def _small() -> Iterator[None]:
    """Small products on one core."""
    with one_thread():
        yield


class LinearLaw:
    """Inputs that are linear in two labels; a third number, `loud`, scales the noise where `told`."""

    names: tuple[str, ...] = ("a", "b", "loud")
    labels = 2
    axes: tuple[np.ndarray, ...] = ()

    def __init__(self, width: int = 40, told: float = 0.0, nodes: np.ndarray | None = None, free: float = 0.0) -> None:
        """Draw the directions of the labels."""
        self.matrix = torch.from_numpy(np.random.default_rng(3).normal(size=(2, width)) / 3).float()
        self.told, self.nodes, self.free = told, nodes, free

    def states(self, scores: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the scores themselves, `loud` half as large."""
        speed = torch.tensor([1.0, 1.0, 0.5], dtype=torch.float64).expand(len(scores), -1)
        return scores * speed, speed.clone()

    def scores(self, places: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the places themselves."""
        return places, torch.eye(3, dtype=torch.float64).repeat(len(places), 1, 1)

    def lattice(self, parts: int) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Return the nodes, the first twice as likely as the others and all as free as told."""
        if self.nodes is None:
            return None
        shares = np.r_[2.0, np.ones(len(self.nodes) - 1)] * parts
        return self.nodes, shares / shares.sum(), np.full(self.nodes.shape, self.free)

    def seen(self, states: torch.Tensor) -> Seen:
        """Return what is linear, with noise around 1."""
        mean = states[:, :2].float() @ self.matrix
        return Seen(mean, torch.exp(self.told * states[:, 2:]).float().expand_as(mean).clone())

    def slopes(self, states: torch.Tensor) -> Slopes:
        """Return how that moves."""
        mean, variance = self.seen(states)
        moved = torch.cat([self.matrix, torch.zeros_like(self.matrix[:1])]).expand(len(states), -1, -1)
        louder = torch.stack([torch.zeros_like(mean)] * 2 + [self.told * variance], 1)
        return Slopes(moved.clone(), louder)


class BentLaw(LinearLaw):
    """Inputs that go with the second label and the square of the first, so that posteriors are bent."""

    def seen(self, states: torch.Tensor) -> Seen:
        """Return what is seen of the bent labels."""
        return super().seen(self.bent(states))

    def slopes(self, states: torch.Tensor) -> Slopes:
        """Return how that moves: the first label moves what the second does, too."""
        mean, variance = super().slopes(self.bent(states))
        mean[:, 0] += 2 * BEND * states[:, :1].float() * mean[:, 1]
        return Slopes(mean, variance)

    @staticmethod
    def bent(states: torch.Tensor) -> torch.Tensor:
        """Return the labels with the square of the first added to the second."""
        moved = states.clone()
        moved[:, 1] += BEND * states[:, 0].square()
        return moved


class SliceLaw(LinearLaw):
    """Stars of which gravity and metallicity are open and all else is usual: a law of two labels."""

    names = ("logg", "mh")

    def __init__(self, noise: float) -> None:
        """Take the law of all stars."""
        super().__init__()
        self.whole = StarLaw((20.5, 22.5), noise, "cpu")

    def states(self, scores: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return gravity and metallicity."""
        states, speeds = self.whole.states(self._padded(scores))
        return states[:, 1:3], speeds[:, 1:3]

    def scores(self, places: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the places themselves."""
        return places, torch.eye(2, dtype=torch.float64).repeat(len(places), 1, 1)

    def seen(self, states: torch.Tensor) -> Seen:
        """Return what would be measured."""
        return self.whole.seen(self._stars(states))

    def slopes(self, states: torch.Tensor) -> Slopes:
        """Return how that moves with both."""
        mean, variance = self.whole.slopes(self._stars(states))
        return Slopes(mean[:, 1:3], variance[:, 1:3])

    def _stars(self, states: torch.Tensor) -> torch.Tensor:
        stars, _ = self.whole.states(torch.zeros(len(states), 7, dtype=torch.float64))
        stars[:, 1:3] = states
        return stars

    @staticmethod
    def _padded(scores: torch.Tensor) -> torch.Tensor:
        return torch.cat([scores.new_zeros(len(scores), 1), scores, scores.new_zeros(len(scores), 4)], 1)


def rows_of(law: LinearLaw | StarLaw, count: int, seed: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    """Return rows drawn from a law and the states behind them."""
    random = np.random.default_rng(seed)
    states, _ = law.states(torch.from_numpy(random.normal(size=(count, len(law.names)))))
    mean, variance = law.seen(states)
    return mean + variance.sqrt() * torch.from_numpy(random.normal(size=mean.shape)).float(), states


def believed(sampler: Sampler | LatticeSampler, rows: torch.Tensor, truth: torch.Tensor | None = None) -> Belief:
    """Return what is believed of all rows."""
    told = NOWHERE.repeat(9)[: len(rows)] if truth is None else truth
    return Belief(*(torch.cat(parts) for parts in zip(*sampler.beliefs(rows, 0, told), strict=True)))


def brute(rows: torch.Tensor, seen: Seen, prior: torch.Tensor, values: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and variance of posteriors summed over all states of a grid."""
    mean, precision = seen.mean.double(), seen.variance.double().reciprocal()
    y = rows.double()
    constant = (mean.square() * precision).sum(1) - precision.log().sum(1)
    squares = y.square() @ precision.T - 2 * y @ (mean * precision).T + constant
    weights = torch.softmax(prior - 0.5 * squares, 1)
    first = weights @ values
    return first.numpy(), (weights @ values.square() - first.square()).numpy()


# ---- whole posteriors ----


def test_a_linear_law_has_its_posterior_in_closed_form() -> None:
    """Mean A' y / (I + A'A), variance the inverse, and the R² that follows from it, for every row."""
    law = LinearLaw()
    rows, states = rows_of(law, 300)
    said = believed(Sampler(law, "b", 0, (1024, 512), "cpu"), rows, states[:, 1])
    matrix = law.matrix.double().numpy()
    covariance = np.linalg.inv(np.eye(2) + matrix @ matrix.T)
    mean = rows.double().numpy() @ matrix.T @ covariance

    error = (said.variance / said.ess).sqrt().numpy()
    assert np.abs((said.mean.numpy() - mean[:, 1]) / error).max() < 4
    np.testing.assert_allclose(said.variance.numpy().mean(), covariance[1, 1], rtol=0.01)
    assert said.ess.min() > 160
    below = stats.norm(mean[:, 1], covariance[1, 1] ** 0.5).cdf(states[:, 1])
    np.testing.assert_allclose(said.rank, below, atol=0.12)
    explained = 1 - np.mean((said.mean - states[:, 1]).numpy() ** 2) / states[:, 1].var(correction=0)
    assert explained == pytest.approx(1 - covariance[1, 1], abs=4 * covariance[1, 1] * math.sqrt(2 / 300))


def test_noise_that_moves_with_the_state_tells_of_it() -> None:
    """A number that only scales the noise is found as well as brute force over a grid of it finds it."""
    law = LinearLaw(told=2.0)
    rows, _ = rows_of(law, 20)
    said = believed(Sampler(law, "loud", 0, (1024, 512), "cpu"), rows)
    grid = torch.tensor(list(itertools.product(*[np.linspace(-3.6, 3.6, 25)] * 2, np.linspace(-4, 4, 61))))
    mean, variance = brute(rows, law.seen(law.states(grid)[0]), -0.5 * grid.square().sum(1), law.states(grid)[0][:, 2])

    np.testing.assert_allclose(said.mean, mean, atol=0.25 * variance.mean() ** 0.5)
    np.testing.assert_allclose(said.variance.mean(), variance.mean(), rtol=0.05)
    assert variance.mean() < 0.15 * 0.25  # it is told indeed


def test_two_labels_of_stars_agree_with_brute_force() -> None:
    """The posterior of gravity, metallicity open, is that of sums over a fine grid of both."""
    law = SliceLaw(2.0)
    rows, _ = rows_of(law, 24)
    said = believed(Sampler(law, "logg", 0, (1024, 512), "cpu"), rows)
    grid = torch.tensor(list(itertools.product(np.linspace(-3.6, 3.6, 61), repeat=2)))
    states, _ = law.states(grid)
    mean, variance = brute(rows, law.seen(states), -0.5 * grid.square().sum(1), states[:, 0])

    error = (said.variance / said.ess).sqrt().numpy()
    assert np.sqrt(np.mean(((said.mean.numpy() - mean) / error) ** 2)) < 2
    np.testing.assert_allclose(said.variance.mean(), variance.mean(), rtol=0.05)


def test_stars_are_believed_alike_from_two_seeds_and_from_any_row_on() -> None:
    """Other proposals agree within their Monte Carlo error; the same ones to the bit, from whichever row on."""
    law = StarLaw((20.5, 22.5), 1.0, "cpu")
    rows, states = rows_of(law, ROWS + 2)
    sampler = Sampler(law, "logg", 0, (2048, 256), "cpu")
    one, other = believed(sampler, rows), believed(Sampler(law, "logg", 1, (2048, 256), "cpu"), rows)

    error = (one.variance / one.ess + other.variance / other.ess).sqrt()
    assert ((one.mean - other.mean) / error).square().mean().sqrt() < 2
    assert not torch.equal(one.mean, other.mean)
    assert one.ess.median() > 40
    last = next(sampler.beliefs(rows[ROWS:], ROWS, NOWHERE[:2]))
    assert torch.equal(last.mean, one.mean[ROWS:])
    surprise = (one.mean - states[:, 1]).square() / one.variance
    assert 0.3 < surprise.mean() < 2.5


def test_labels_on_a_lattice_are_summed_over() -> None:
    """Each node with its share, and what the labels leave open, against brute force."""
    nodes = np.array(list(itertools.product(np.linspace(-2, 2, 5), np.linspace(-1, 1, 4))))
    law = LinearLaw(told=2.0, nodes=nodes)
    states = torch.cat([torch.from_numpy(nodes), torch.from_numpy(RANDOM.normal(size=(20, 1))) / 2], 1)
    mean, variance = law.seen(states)
    rows = mean + variance.sqrt() * torch.from_numpy(RANDOM.normal(size=mean.shape)).float()
    lattice = law.lattice(1)
    assert lattice is not None
    loud = np.linspace(-4, 4, 161)
    grid = torch.tensor([[*node, 0.5 * score] for node in nodes for score in loud])
    share = np.repeat(np.log(lattice[1]), len(loud)) - 0.5 * np.tile(loud, len(nodes)) ** 2

    for target, column in (("a", 0), ("loud", 2)):
        said = believed(LatticeSampler(law, lattice, target, 0, 2048, "cpu"), rows)
        expected, spread = brute(rows, law.seen(grid), torch.from_numpy(share), grid[:, column])
        np.testing.assert_allclose(said.mean, expected, atol=0.12 * spread.mean() ** 0.5)
        np.testing.assert_allclose(said.variance.mean(), spread.mean(), rtol=0.05)
        assert said.ess.min() > 400


def test_a_label_is_free_around_its_point() -> None:
    """Nodes as wide as their distance are a label that is even between the ends: against brute force."""
    nodes = np.stack(np.meshgrid(np.linspace(-1.75, 1.75, 8), [0.0], indexing="ij"), -1).reshape(-1, 2)
    law = LinearLaw(nodes=nodes, free=0.5)
    lattice = law.lattice(1)
    assert lattice is not None
    lattice[1][:], lattice[2][:, 1] = 1 / 8, 0
    states = torch.tensor([[0.3, 0.0, 0.0], [-1.9, 0.0, 0.0], [1.4, 0.0, 0.0]])
    mean, variance = law.seen(states)
    rows = mean + variance.sqrt() * torch.from_numpy(RANDOM.normal(size=mean.shape)).float()
    grid = torch.zeros(4000, 3, dtype=torch.float64)
    grid[:, 0] = torch.linspace(-2, 2, 4000)

    said = believed(LatticeSampler(law, lattice, "a", 0, 4096, "cpu"), rows)
    expected, spread = brute(rows, law.seen(grid), torch.zeros(4000), grid[:, 0])
    np.testing.assert_allclose(said.mean, expected, atol=0.1 * spread.mean() ** 0.5)
    np.testing.assert_allclose(said.variance, spread, rtol=0.1)


def test_belief_in_the_truth_itself_counts_in_part_as_below_it() -> None:
    """Where all belief stands on the truth its rank is any between 0 and 1, so that intervals cover at their rate."""
    values, weights = torch.ones(4000, 2).double(), torch.full((4000, 2), 0.5).double()
    said = belief(values, weights, torch.ones(4000).double(), torch.arange(4000))
    assert stats.kstest(said.rank, "uniform").pvalue > 1e-3


def test_a_bent_posterior_is_as_wide_as_it_is() -> None:
    """A label that enters squared, against brute force: draws that also fitted a mixture must not count.

    They would make the mean variance 1.4 per cent too small here.
    """
    law, random = BentLaw(), np.random.default_rng(1)
    states, _ = law.states(torch.from_numpy(random.normal(size=(600, 3))))
    mean, variance = law.seen(states)
    rows = mean + variance.sqrt() * torch.from_numpy(random.normal(size=mean.shape)).float()
    side = torch.linspace(-4.5, 4.5, 61, dtype=torch.float64)
    grid = torch.cartesian_prod(side, side, torch.zeros(1, dtype=torch.float64))
    prior = -0.5 * grid.square().sum(1)
    expected = np.concatenate([brute(part, law.seen(grid), prior, grid[:, 0])[1] for part in torch.split(rows, 50)])

    told = torch.zeros(600, dtype=torch.float64)
    said = [believed(Sampler(law, "a", seed, (4096, 512), "cpu"), rows, told).variance.mean() for seed in (0, 1)]
    assert float(sum(said) / 2) == pytest.approx(expected.mean(), rel=0.01)


def test_templates_alone_are_weighed_as_the_law_of_numbers_has_it() -> None:
    """Batch by batch the same as all at once, in numpy."""
    clean, sigma = RANDOM.normal(size=(50, 8)), RANDOM.uniform(0.5, 2, size=(50, 8))
    target, rows = RANDOM.normal(size=50), RANDOM.normal(size=(7, 8))
    truth = RANDOM.normal(size=7)
    tally = Tally(torch.from_numpy(rows).float(), torch.from_numpy(truth))
    for part in (slice(20), slice(20, 21), slice(21, 50)):
        arrays = (torch.from_numpy(array[part]) for array in (clean, sigma, target))
        tally.add(*arrays)
    logs = stats.norm(clean, sigma).logpdf(rows.astype(np.float32)[:, None]).sum(2)
    weights = np.exp(logs - logs.max(1, keepdims=True))
    weights /= weights.sum(1, keepdims=True)
    mean = weights @ target
    variance = (weights @ target**2 - mean**2) / (1 - (weights**2).sum(1))

    said = tally.belief()
    np.testing.assert_allclose(said.mean, mean, rtol=1e-9)
    np.testing.assert_allclose(said.variance, variance, rtol=1e-7)
    np.testing.assert_allclose(said.ess, 1 / (weights**2).sum(1), rtol=1e-9)
    np.testing.assert_allclose(said.rank, (weights * (target < truth[:, None])).sum(1), rtol=1e-9)


# ---- the pieces ----


def test_the_slope_of_a_hill_is_that_of_differences() -> None:
    """Its curvature is the mean over many rows of minus the second differences, as Fisher information is."""
    law = StarLaw((20.5, 22.5), 1.0, "cpu")
    place = torch.tensor([[0.3, -0.4, 0.5, -0.2, 0.6, 0.7, -0.5]], dtype=torch.float64)
    mean, variance = law.seen(law.states(law.scores(place)[0])[0])
    rows = mean + variance.sqrt() * torch.from_numpy(RANDOM.normal(size=(64, 4096))).float()
    heights = Heights(law, "cpu")
    hill = heights._hill(rows, place.repeat(64, 1), None)
    steps = 0.02 * torch.eye(7, dtype=torch.float64)
    around = torch.cat([place + steps, place - steps])

    there, _ = heights.at(rows, around.expand(64, -1, -1))
    slope = (there[:, :7] - there[:, 7:]) / 0.04
    np.testing.assert_allclose(hill.slope, slope, rtol=0.02, atol=0.02 * float(slope.std()))
    np.testing.assert_allclose(hill.height, heights.at(rows, place.expand(64, 1, -1))[0][:, 0], rtol=1e-6)
    turns = law.scores(place)[1][0]
    scatter = torch.cov(hill.slope.T) + turns.T @ turns  # of the likelihood, which is what it tells, and of the prior
    np.testing.assert_allclose(hill.curvature[0].diagonal(), scatter.diagonal(), rtol=0.7)


def test_what_labels_leave_open_follows_the_labels() -> None:
    """Where the labels are given, places of labels stay at 0 and the rest is where its slope is none."""
    law = StarLaw((20.5, 22.5), 1.0, "cpu")
    rows, states = rows_of(law, 8)
    places, hill = Heights(law, "cpu").climb(rows, torch.zeros(8, 7, dtype=torch.float64), states[:, :5])
    assert torch.equal(places[:, :5], torch.zeros(8, 5, dtype=torch.float64))
    assert hill.gain.max() < 0.01
    found, _ = law.states(law.scores(places)[0])
    ratio = (found[:, 6] / states[:, 6]).log() - 0.2 * math.log(10) * (found[:, 5] - states[:, 5])
    assert ratio.abs().max() < 0.2  # photons, to a few hundredths and what the background adds


def test_places_of_stars_keep_volumes_and_the_ratio_of_signal_to_noise() -> None:
    """Brighter at the same place: the factor makes up for it, as exactly as the median pixel is the usual one."""
    law = StarLaw((20.5, 22.5), 1.0, "cpu")
    places = torch.from_numpy(RANDOM.normal(size=(30, 7)))
    scores, turns = law.scores(places)
    step = torch.zeros(7, dtype=torch.float64)
    step[5] = 1e-5
    moved = (law.scores(places + step)[0] - law.scores(places - step)[0]) / 2e-5

    np.testing.assert_allclose(turns[:, :, 5], moved, atol=1e-6)
    np.testing.assert_allclose(torch.linalg.det(turns), 1)
    assert law.scores(torch.zeros(1, 7, dtype=torch.float64))[0].abs().max() < 1e-12
    states, _ = law.states(scores)
    light = 10 ** (-0.4 * (states[:, 5] - 20))
    ratio = (states[:, 6] * light / (light + 1.651).sqrt()).log() / 0.15
    np.testing.assert_allclose(ratio - places[:, 6], (ratio - places[:, 6])[0].expand(30), atol=1e-9)


def test_a_mixture_has_the_density_that_scipy_gives_it_and_draws_from_it() -> None:
    """Of multivariate Student t distributions; a million draws have its mean and covariance."""
    centres, root = RANDOM.normal(size=(1, 4, 3)), np.linalg.cholesky(np.cov(RANDOM.normal(size=(3, 9))))
    mixture = Mixture(torch.from_numpy(centres), torch.from_numpy(root[None]))
    places = RANDOM.normal(size=(1, 50, 3)) * 3
    parts = [stats.multivariate_t(centre, root @ root.T, FREEDOM).pdf(places[0]) for centre in centres[0]]
    np.testing.assert_allclose(mixture.log_density(torch.from_numpy(places))[0], np.log(np.mean(parts, 0)), rtol=1e-9)

    drawn = mixture.drawn(torch.from_numpy(RANDOM.normal(size=(1, 400_000, 3 + FREEDOM))))[0].numpy()
    within = root @ root.T * FREEDOM / (FREEDOM - 2)
    np.testing.assert_allclose(drawn.mean(0), centres[0].mean(0), atol=0.02)
    np.testing.assert_allclose(np.cov(drawn.T), within + np.cov(centres[0].T, bias=True), atol=0.1)


def test_templates_look_alike_as_their_own_noise_has_it() -> None:
    """Where noise is the same for all and templates differ in few directions, the likelihood is the exact one."""
    law = LinearLaw(width=400)
    states = law.states(torch.from_numpy(RANDOM.normal(size=(64, 3))))[0]
    rows, _ = rows_of(law, 5)
    said = templates(law, states).likelihoods(rows)
    exact = -0.5 * (rows[:, None] - law.seen(states).mean).square().sum(2)
    np.testing.assert_allclose(said - said[:, :1], exact - exact[:, :1], rtol=0.35, atol=0.35)


def test_without_noise_there_is_nothing_to_sample() -> None:
    """A law without noise is refused in one line."""
    with pytest.raises(JobFailed, match="without noise"):
        Sampler(StarLaw((20.5, 22.5), 0.0, "cpu"), "logg", 0, (512, 512), "cpu")


def test_weighted_draws_are_summed_up() -> None:
    """Mean, the variance that few draws do not make too small, and what stands at parts of the weight."""
    values, weights = torch.tensor([[1.0, 2.0, 6.0, 9.0]]).double(), torch.tensor([[0.5, 0.25, 0.25, 0.0]]).double()
    said = belief(values, weights, torch.tensor([5.0]), torch.tensor([0]))
    assert said.mean.tolist() == [2.5]
    assert said.variance.tolist() == [(0.5 * 2.25 + 0.25 * 0.25 + 0.25 * 12.25) / (1 - 0.375)]
    assert said.ess.tolist() == [1 / 0.375]
    assert said.rank.tolist() == [0.75]
    assert picked(weights, 4).tolist() == [[0, 0, 1, 2]]
