"""The denoiser: likelihoods, signals under noise, latents without labels, and the probe that scikit-learn would fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler
from torch import nn

from runner.contract import Context, Output
from runner.data import arrays
from runner.findings import JobFailed
from runner.jobs import denoiser
from runner.jobs.denoiser import LIKELIHOODS, Denoiser, Params, run
from runner.numerics.networks import Standardised
from runner.numerics.observation import Observed
from runner.numerics.portions import Splits
from runner.numerics.training import one_thread, set_aside

WIDTH, NOISE = 48, 0.8
RANDOM = np.random.default_rng(12)
PARTS = {"train": slice(600), "val": slice(600, 800), "test": slice(800, None)}
QUICK = Params(layers=3, channels=4, kernel=3, epochs=2, batch=50, lr=3e-3)


def signals(rows: int) -> np.ndarray:
    """Return rows in which neighbours are alike: autoregressive, with variance 1 and a correlation of 0.95."""
    steps = RANDOM.normal(size=(rows, WIDTH)) * np.sqrt(1 - 0.95**2)
    rowwise = np.empty((rows, WIDTH))
    rowwise[:, 0] = RANDOM.normal(size=rows)
    for place in range(1, WIDTH):
        rowwise[:, place] = 0.95 * rowwise[:, place - 1] + steps[:, place]
    return 40 + 3 * rowwise


CLEAN = signals(1000).astype(np.float32)
TARGET = CLEAN[:, :20].mean(1).astype(float) + 7


def split(name: str, part: slice, target: np.ndarray = TARGET) -> Observed:
    """Some of the rows under white noise, of a deviation that is 0.8 of the signal's."""
    sigma = np.full_like(CLEAN[part], 3 * NOISE)
    return Observed(CLEAN[part], sigma, target[part], split=name, noise=1.0, seed=1)


DATA = Splits(*(split(name, part) for name, part in PARTS.items()))
EMPTY = split("val", slice(0))


@pytest.fixture(autouse=True)
def _small() -> Iterator[None]:
    """Networks of a few numbers on one core."""
    with one_thread():
        yield


def ran(params: Params = QUICK, data: Splits = DATA, **context: Any) -> Output:
    """Run the job."""
    return run(params, data, Context(**context))


class Fixed(nn.Module):
    """A network that always gives the same."""

    def __init__(self, mu: torch.Tensor, sigma: torch.Tensor) -> None:
        """Take what it gives."""
        super().__init__()
        self.mu, self.sigma = mu, sigma

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return that."""
        assert x.shape == (5, 1, 7)
        return self.mu, self.sigma


@pytest.mark.parametrize("kind", ["gaussian", "laplace"])
def test_loss_is_minus_the_log_likelihood_of_the_rows(kind: str) -> None:
    """In the unit of the rows; sigma is a deviation of either density."""
    mu, mean, x = RANDOM.normal(size=(5, 7)), RANDOM.normal(size=7), RANDOM.normal(size=(5, 7))
    sigma, std = RANDOM.uniform(0.5, 2, (5, 7)), RANDOM.uniform(0.1, 9, 7)
    model = Denoiser(
        Fixed(*(torch.from_numpy(part).float() for part in (mu, sigma))),  # type: ignore[arg-type]
        Standardised(torch.from_numpy(mean), torch.from_numpy(std)),
        LIKELIHOODS[kind],
    )
    at, width = mean + std * mu, std * sigma
    law = stats.norm(at, width) if kind == "gaussian" else stats.laplace(at, width / np.sqrt(2))

    np.testing.assert_allclose(law.std(), width)
    np.testing.assert_allclose(model(torch.from_numpy(x).float()), -law.logpdf(x).mean(1), rtol=1e-5)


@pytest.fixture(scope="module")
def learnt() -> tuple[Output, Denoiser]:
    """A training long enough to learn something, and its network."""
    kept: list[Denoiser] = []

    def keeping(*given: Any) -> Any:
        model, news = trained(*given)
        kept.append(model)
        return model, news

    trained = denoiser._trained
    with pytest.MonkeyPatch.context() as patch, one_thread():
        patch.setattr(denoiser, "_trained", keeping)
        output = ran(replace(QUICK, epochs=12, batch=25, channels=6, kernel=5, lr=1e-2, schedule="cosine"))
    return output, kept[0]


def test_what_it_says_of_the_signal_is_nearly_the_best_its_neighbours_tell(learnt: tuple[Output, Denoiser]) -> None:
    """Without having seen the signal, or the input itself: a quarter of the noise is left, and sigma says how much."""
    output, model = learnt
    noisy = next(DATA.test.inputs(1000))
    inner = slice(8, -8)
    with torch.inference_mode():
        scaled, clean = model.scale(noisy), model.scale(torch.from_numpy(CLEAN[PARTS["test"]]))
        mu, sigma = model.network(scaled[:, None])
    left, noise, seen = (
        float((one - other)[:, inner].square().mean()) for one, other in ((mu, clean), (scaled, clean), (scaled, mu))
    )

    assert 0.97 * best_share() < left / noise < 1.15 * best_share() < 0.28
    assert float(sigma[:, inner].square().mean()) == pytest.approx(seen, rel=0.1)
    assert output.scalars["val_nll"] == output.curves["val_loss"].min() < output.curves["val_loss"][0]


def best_share() -> float:
    """Return which share of the noise's variance the best guess of a place from all others leaves as error."""
    place = np.arange(WIDTH)
    signal = 0.95 ** np.abs(place[:, None] - place)
    others = place != WIDTH // 2
    covariance = signal[np.ix_(others, others)] + NOISE**2 * np.eye(WIDTH - 1)
    told = signal[WIDTH // 2, others]
    return float((1 - told @ np.linalg.solve(covariance, told)) / NOISE**2)


def test_probe_is_the_ridge_of_scikit_learn(learnt: tuple[Output, Denoiser]) -> None:
    """On standardised latents, with the penalty that is best on validation rows."""
    output, _ = learnt
    scaler = StandardScaler().fit(output.latents["train"].astype(float))
    x = {name: scaler.transform(rows.astype(float)) for name, rows in output.latents.items()}
    fits = [Ridge(alpha=alpha).fit(x["train"], TARGET[PARTS["train"]]) for alpha in denoiser.ALPHAS]
    truth = TARGET[PARTS["val"]]
    best = max(fits, key=lambda fit: float(fit.score(x["val"], truth)))

    assert output.scalars["alpha"] == best.alpha
    np.testing.assert_allclose(output.predictions["test"], best.predict(x["test"]), rtol=1e-5)
    probes: Any = output.tables["probe_r2"]
    assert probes["enc_pre_latent"]["seg_mean_K8"] == pytest.approx(best.score(x["val"], truth), rel=1e-5)
    for layer in ("enc_pre_latent", "enc_last"):
        assert probes[layer]["seg_mean_K8"] > max(probes[layer]["mean_max"], probes[layer]["mean"])


def test_labels_teach_the_latents_nothing() -> None:
    """Other targets: the same latents to the byte, and another probe."""
    others = Splits(*(split(name, part, TARGET[::-1].copy()) for name, part in PARTS.items()))
    one, two = ran(), ran(data=others)

    for name, part in PARTS.items():
        assert one.latents[name].dtype == np.float32
        assert one.latents[name].shape == (len(TARGET[part]), 8 * 8)
        assert one.latents[name].tobytes() == two.latents[name].tobytes()
    assert one.predictions["val"].tobytes() != two.predictions["val"].tobytes()


def test_rows_that_are_not_learnt_teach_nothing() -> None:
    """Test rows never count, validation rows only choose the epoch."""
    other = replace(DATA, val=split("val", slice(700, 900)), test=split("test", slice(600, 700)))
    once = replace(QUICK, epochs=1)
    one, two = ran(once), ran(once, other)

    assert one.latents["train"].tobytes() == two.latents["train"].tobytes()


def test_a_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    """First weights and the order of rows come from it."""
    one, again, other = (ran(seed=seed).latents["test"].tobytes() for seed in (1, 1, 2))

    assert one == again != other


@pytest.mark.parametrize(
    "change",
    [
        {"likelihood": "laplace"}, {"precision": "bf16"}, {"layer": "enc_last"},
        {"latents": "mean_max"}, {"latents": "seg_mean_K3"},
    ],
)  # fmt: skip
def test_every_choice_counts(change: dict[str, Any]) -> None:
    """Each makes other latents, as wide as it says."""
    one, other = ran(), ran(replace(QUICK, **change))
    width = {"mean_max": 2, "seg_mean_K3": 3}.get(change.get("latents", ""), 8)

    assert other.latents["val"].shape == (200, 8 * width)
    assert one.latents["val"].tobytes() != other.latents["val"].tobytes()
    probes: Any = other.tables["probe_r2"]
    assert set(probes["enc_last"]) == {"mean", "mean_max", "seg_mean_K8", change.get("latents", "mean")}


def test_every_epoch_may_see_other_noise(tmp_path: Path) -> None:
    """Drawn as the source draws it; the first epoch sees the rows as they are."""
    np.savez(tmp_path / "x.npz", X=CLEAN, sigma=np.full_like(CLEAN, 3 * NOISE), pull=TARGET)
    source = arrays.open_source({"path": "x.npz", "val": 200, "test": 200}, tmp_path)
    rows = {"train": 600, "val": 200, "test": 200}
    data = Splits(
        *(
            source.split(name, count, target="pull", axes={"noise": 1.0}, seed=1, device="cpu")
            for name, count in rows.items()
        )
    )
    one, other = (ran(replace(QUICK, fresh=fresh, schedule="constant"), data) for fresh in (False, True))

    assert one.curves["val_loss"][0] == other.curves["val_loss"][0]
    assert one.curves["val_loss"][1] != other.curves["val_loss"][1]


def test_without_validation_rows_a_tenth_of_the_training_rows_judges() -> None:
    """And trains nothing, neither network nor probe; its latents are given like all others."""
    aside = set_aside(600, 0.1)
    wild = np.where(np.pad(aside, (0, 400)), 1e6, TARGET)
    data, other = (Splits(split("train", PARTS["train"], target), EMPTY, DATA.test) for target in (TARGET, wild))
    once = replace(QUICK, epochs=1)
    output, changed = ran(once, data), ran(once, other)

    assert output.scalars["train_rows"] == 540
    assert output.predictions["val"].shape == (0,)
    assert (output.latents["train"].shape, output.latents["val"].shape) == ((600, 64), (0, 64))
    assert output.latents["train"].tobytes() == changed.latents["train"].tobytes()
    assert 0 < output.tables["probe_r2"]["enc_pre_latent"]["seg_mean_K8"] < 1  # type: ignore[index]


class Stopping:
    """A checkpoint that is saved at every step, and stops the training at one of them."""

    def __init__(self, steps: int) -> None:
        """Stop after so many."""
        self.left, self.kept = steps, b""

    def load(self) -> bytes | None:
        """Return what was saved last."""
        return self.kept or None

    def due(self, *, ended: bool = False) -> bool:
        """Always but at the end."""
        return not ended

    def save(self, make: Callable[[], bytes]) -> None:
        """Save, and stop."""
        self.kept, self.left = make(), self.left - 1
        if not self.left:
            raise KeyboardInterrupt


def test_a_training_that_was_stopped_ends_as_if_it_never_was() -> None:
    """In the middle of the second epoch: the moments of batch norm are saved, too."""
    checkpoint = Stopping(17)
    with pytest.raises(KeyboardInterrupt):
        ran(checkpoints=lambda _: checkpoint)
    resumed = ran(checkpoints=lambda _: checkpoint)

    assert checkpoint.left < 0
    assert resumed.latents["test"].tobytes() == ran().latents["test"].tobytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layers": 1}, "layers must be from 2 to 12"),
        ({"layers": 13}, "layers must be from 2 to 12"),
        ({"channels": 0}, "channels and kernel 1 or more"),
        ({"kernel": 0}, "channels and kernel 1 or more"),
        ({"latents": "max"}, "no way to make latents"),
        ({"lr": 0.0}, "lr 0"),
        ({"batch": 0}, "batch is 0"),
    ],
)
def test_what_cannot_be_trained_is_refused(change: dict[str, Any], message: str) -> None:
    """In one line."""
    with pytest.raises(JobFailed, match=message):
        ran(replace(QUICK, **change))


def test_no_rows_are_refused() -> None:
    """There is nothing to learn."""
    with pytest.raises(JobFailed, match="no rows to fit"):
        ran(data=replace(DATA, train=split("train", slice(0))))
