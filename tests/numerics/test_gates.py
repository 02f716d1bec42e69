"""Gates, against a scikit-learn pipeline, finite differences, and toys whose best weights are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from runner.findings import JobFailed
from runner.numerics import gates
from runner.numerics.gates import Gate, logistic, mixture, mixture_loss
from runner.numerics.networks import perceptron
from runner.numerics.training import Schedule, set_aside

RANDOM = np.random.default_rng(5)
FEATURES = RANDOM.normal(size=(800, 3)) * [1, 20, 0.1] + [5, -3, 0]
BINS = (
    ((FEATURES - [5, -3, 0]) / [1, 20, 0.1]) @ RANDOM.normal(size=(3, 3)) * 2 + RANDOM.gumbel(size=(800, 3))
).argmax(1)
FAST = Schedule(lr=0.03, epochs=60, patience=0)


@pytest.mark.parametrize("c", [0.1, 10.0])
def test_the_logistic_gate_is_scikit_learns_pipeline(c: float) -> None:
    """Standardised features, L2, this C: the same weights on rows it has not seen."""
    gate = logistic(FEATURES[:500], BINS[:500], 3, c)
    oracle = make_pipeline(StandardScaler(), LogisticRegression(C=c, tol=1e-10, max_iter=10_000))
    oracle.fit(FEATURES[:500], BINS[:500])

    weights = gate.weights(FEATURES[500:])
    np.testing.assert_allclose(weights, oracle.predict_proba(FEATURES[500:]), atol=1e-5)
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-12)
    assert gate.scalars == {"gate_c": c, "gate_converged": 1}


def test_cv_takes_the_c_that_a_loop_of_fits_would_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of those there are, the one under which held-out bins are most likely, every fifth row held out in turn."""
    z = StandardScaler().fit_transform(FEATURES[:60])
    monkeypatch.setattr(gates, "PENALTIES", (0.1, 1.0, 10.0))
    surprise = {}
    for c in gates.PENALTIES:
        surprise[c] = 0.0
        for fold in range(5):
            held = np.arange(60) % 5 == fold
            fit = LogisticRegression(C=c, tol=1e-9, max_iter=10_000).fit(z[~held], BINS[:60][~held])
            surprise[c] -= fit.predict_log_proba(z[held])[np.arange(held.sum()), BINS[:60][held]].sum()

    best = min(surprise, key=lambda c: surprise[c])
    assert logistic(FEATURES[:60], BINS[:60], 3).scalars["gate_c"] == best
    assert best not in {gates.PENALTIES[0], gates.PENALTIES[-1]}  # a choice that could have gone wrong


def test_an_expert_whose_bin_has_no_row_is_never_trusted() -> None:
    """Its weight is 0, and with rows of one bin alone that one has it all."""
    two = logistic(FEATURES[BINS != 1], BINS[BINS != 1], 4, 1.0).weights(FEATURES)
    np.testing.assert_array_equal(two[:, [1, 3]], 0)
    np.testing.assert_allclose(two.sum(1), 1)

    one = logistic(FEATURES[:3], np.array([2, 2, 2]), 4)
    np.testing.assert_array_equal(one.weights(FEATURES[:5]), np.eye(4)[[2] * 5])


def test_a_feature_that_never_changes_is_left_alone() -> None:
    """Nothing is divided by its spread of 0."""
    flat = np.column_stack([FEATURES, np.full(800, 3.0)])

    np.testing.assert_allclose(
        logistic(flat, BINS, 3, 1.0).weights(flat), logistic(FEATURES, BINS, 3, 1.0).weights(FEATURES)
    )


@pytest.mark.parametrize("hidden", [(), (4,)])
def test_the_gradient_of_the_mixture_is_that_of_finite_differences(hidden: tuple[int, ...]) -> None:
    """In every number of the network."""
    torch.manual_seed(0)
    model = perceptron(3, hidden, 5).double()
    z, said, y = (torch.from_numpy(RANDOM.normal(size=shape)) for shape in ((7, 3), (7, 5), (7,)))
    numbers = tuple(p.detach().requires_grad_() for p in model.parameters())
    names = [name for name, _ in model.named_parameters()]

    def loss(*values: torch.Tensor) -> torch.Tensor:
        scores = torch.func.functional_call(model, dict(zip(names, values, strict=True)), (z,))
        return mixture_loss(scores, said, y)

    assert torch.autograd.gradcheck(loss, numbers)


def test_the_mixture_loss_is_its_formula() -> None:
    """The squared error of the mean by the softmax of the scores."""
    scores, said, y = RANDOM.normal(size=(6, 4)), RANDOM.normal(size=(6, 4)), RANDOM.normal(size=6)
    shares = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    value = mixture_loss(*(torch.from_numpy(array) for array in (scores, said, y)))

    np.testing.assert_allclose(float(value), ((y - (shares * said).sum(1)) ** 2).mean())


def test_a_linear_gate_finds_the_one_right_share() -> None:
    """Of the experts 0 and 1 for a target of sigmoid(2 z - 1), the second deserves exactly that share."""
    z = RANDOM.uniform(-2, 2, size=(2000, 1))
    share = 1 / (1 + np.exp(-(2 * z[:, 0] - 1)))
    said = np.column_stack([np.zeros(2000), np.ones(2000)])
    gate = mixture(z, said, share, FAST, batch=100)

    np.testing.assert_allclose(gate.weights(z)[:, 1], share, atol=2e-3)
    assert set(gate.scalars) == {"best_epoch", "epochs", "gate_mse"}
    assert gate.scalars["gate_mse"] < 1e-5


def test_a_network_learns_to_trust_the_one_who_is_right() -> None:
    """Expert k is right in the k-th of three stretches and wrong elsewhere: a line cannot tell the middle one."""
    z = RANDOM.uniform(-1, 1, size=(1500, 1))
    truth = np.digitize(z[:, 0], [-0.3, 0.3])
    middle = (truth == 1).astype(int)
    y = RANDOM.normal(size=1500)
    said = y[:, None] + np.where(np.eye(2)[middle] > 0, 0, 3)
    deep, straight = (mixture(z, said, y, FAST, hidden=hidden, batch=100) for hidden in ((16,), ()))

    assert (deep.weights(z).argmax(1) == middle).mean() > 0.97
    assert (straight.weights(z).argmax(1) == middle).mean() < 0.85
    far = np.abs(np.abs(z[:, 0]) - 0.3) > 0.1
    assert deep.weights(z)[np.arange(1500), middle][far].min() > 0.9


def test_the_gate_is_what_the_network_was() -> None:
    """Its held-out error, from its layers alone, is the one told, of the best epoch and not the last."""
    said, y = RANDOM.normal(size=(800, 3)), RANDOM.normal(size=800)
    gate = mixture(FEATURES, said, y, Schedule(lr=0.05, epochs=30, patience=0), hidden=(8,), seed=3)
    aside = set_aside(800, 0.2)
    mixed = (gate.weights(FEATURES[aside]) * said[aside]).sum(1)

    assert gate.scalars["best_epoch"] < 30
    np.testing.assert_allclose(gate.scalars["gate_mse"], ((y[aside] - mixed) ** 2).mean())


def test_a_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    """Whatever was drawn before; and what torch draws afterwards is left as it was."""
    said, y = RANDOM.normal(size=(800, 3)), RANDOM.normal(size=800)

    def trained(seed: int) -> bytes:
        gate = mixture(FEATURES, said, y, Schedule(1e-3, 2, 0), hidden=(8,), seed=seed)
        return gate.weights(FEATURES).tobytes()

    first = trained(1)
    state = torch.random.get_rng_state()
    assert trained(1) == first != trained(2)
    assert torch.equal(state, torch.random.get_rng_state())


@pytest.mark.parametrize(
    ("rows", "value", "message"),
    [(0, 0.0, "no rows to train a gate"), (1, 0.0, "too few rows"), (9, np.nan, "not finite")],
)
def test_rows_that_teach_nothing_are_refused(rows: int, value: float, message: str) -> None:
    """In one line."""
    with pytest.raises(JobFailed, match=message):
        mixture(FEATURES[:rows], np.zeros((rows, 2)), np.full(rows, value), FAST)


def test_weights_of_a_gate_by_hand() -> None:
    """Two layers: standardised, bent, and made to sum to 1."""
    gate = Gate(np.array([1.0]), np.array([2.0]), ((np.array([[1.0], [-1.0]]), np.zeros(2)), (np.eye(2), np.zeros(2))))

    np.testing.assert_allclose(gate.weights(np.array([[5.0]])), [[np.e**2 / (np.e**2 + 1), 1 / (np.e**2 + 1)]])


@pytest.mark.parametrize("wrong", [{"hidden": (0,)}, {"hidden": (16, -3)}, {"batch": 0}])
def test_a_gate_without_units_or_rows_of_a_step_is_refused(wrong: dict[str, Any]) -> None:
    """It would look at nothing, or never learn."""
    said = np.ones((8, 2))
    with pytest.raises(JobFailed, match="each must be 1 or more"):
        gates.mixture(np.ones((8, 3)), said, np.ones(8), Schedule(1e-3, 5, 0), **wrong)
