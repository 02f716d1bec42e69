"""The instrument: its equation, its scaling, and the published signal-to-noise ratios."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from runner.numerics import assets, emulator, instrument

RANDOM = np.random.default_rng(6)
STARS = RANDOM.uniform([3750, 1, -2.5, -0.25, -0.75], [6000, 5, 0.75, 0.5, 0.5], (200, 5))
CLEAN = emulator.clean(STARS)
MAG, FACTOR = torch.linspace(18, 23, 200), torch.linspace(0.6, 1.7, 200)
ONE = torch.ones(200)


def equation(clean: np.ndarray, mag: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """The equation of the module's docstring, symbol by symbol."""
    t, b = (assets.tables()[name].astype(np.float64) for name in ("throughput", "background"))
    light = 10 ** (-0.4 * (mag - 20))
    photons = ((39.1 * factor) ** 2 * light)[:, None]
    return 0.5 * np.sqrt(clean / 0.5 * t * photons + 1.651 * (39.1 * factor[:, None]) ** 2 * b) / (t * photons)


@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float32, 1e-6), (torch.float64, 1e-14)])
def test_sigma_is_the_published_equation(dtype: torch.dtype, rtol: float) -> None:
    """Sigma is that of the equation, in the precision of the flux."""
    clean = CLEAN.to(dtype)
    expected = equation(clean.double().numpy(), MAG.double().numpy(), FACTOR.double().numpy())

    found = instrument.sigma(clean, MAG, FACTOR)

    assert found.dtype == dtype
    np.testing.assert_allclose(found.numpy(), expected, rtol=rtol)


@pytest.mark.parametrize(("mag", "published"), [(18, 87.4), (20, 24.0), (21.5, 7.1), (22, 4.6), (22.5, 3.0), (23, 1.9)])
def test_signal_to_noise_by_magnitude_is_the_published_one(mag: float, published: float) -> None:
    """The median over all spectra and pixels is within 3 % of the one published for the magnitude."""
    ratio = CLEAN / instrument.sigma(CLEAN, mag * ONE, ONE)

    assert float(ratio.median()) == pytest.approx(published, rel=0.03)


def test_the_factor_divides_sigma() -> None:
    """Twice the factor is half the noise in every pixel."""
    torch.testing.assert_close(instrument.sigma(CLEAN, MAG, ONE), 2 * instrument.sigma(CLEAN, MAG, 2 * ONE))


def test_no_flux_leaves_the_background() -> None:
    """A black pixel still has the noise of the sky."""
    assert float(instrument.sigma(0 * CLEAN, MAG, ONE).min()) > 0


@pytest.mark.gpu
def test_an_accelerator_gives_the_same_sigma() -> None:
    """Sigma on the GPU agrees with that of the CPU to float32 rounding."""
    there = instrument.sigma(CLEAN.cuda(), MAG.cuda(), FACTOR.cuda()).cpu()

    torch.testing.assert_close(there, instrument.sigma(CLEAN, MAG, FACTOR), rtol=2e-6, atol=0)
