"""The emulator: the shipped weights, exact derivatives, and the same answer on every device."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from runner.counter import hashed
from runner.findings import ArtefactDamaged
from runner.numerics import assets, emulator

STARS = np.array([[5000, 2.5, 0, 0, 0], [3900, 4.5, 0.5, 0.25, -0.5], [5900, 1.5, -2.25, 0.4, 0.3]])
RANDOM = np.random.default_rng(5)
MANY = RANDOM.uniform([3750, 1, -2.5, -0.25, -0.75], [6000, 5, 0.75, 0.5, 0.5], (50, 5))


def test_reference_spectra_are_those_of_the_prototype() -> None:
    """Sums over all pixels with four patterns of signs agree with the program the weights were trained by."""
    signs = 1 - 2 * (hashed(0, np.arange(4)[:, None], np.arange(4096)[None, :]) & 1)
    expected = [
        [0.281637, 0.171463, -0.093644, -0.299752],
        [0.338406, 0.204231, -0.102653, -0.300981],
        [0.296367, 0.128153, -0.091869, -0.316109],
    ]

    flux = emulator.clean(STARS)

    assert flux.shape == (3, 4096)
    assert flux.dtype == torch.float32
    np.testing.assert_allclose(flux.double().numpy() @ signs.T / 64, expected, atol=1e-4)
    np.testing.assert_allclose(flux.median(dim=1).values, 0.5, atol=2e-3)


@pytest.mark.parametrize("line", [8500.35, 8544.44, 8664.52])
def test_the_calcium_triplet_stands_at_its_wavelengths(line: float) -> None:
    """The lines of Ca II are the darkest pixels within 20 Angstrom, at their vacuum wavelengths."""
    wave = emulator.wavelengths()
    near = np.flatnonzero(abs(wave - line) < 20)
    darkest = wave[near][int(emulator.clean(STARS[0])[0, near].argmin())]

    assert abs(darkest - line) < 0.43  # a pixel


def test_derivatives_agree_with_central_differences() -> None:
    """In float64 every derivative is the central difference over a 50,000th of the range, to 1e-6."""
    exact = emulator.jacobian(MANY, dtype=torch.float64)

    for k, step in enumerate([2e-2, 4e-5, 3e-5, 1e-5, 1e-5]):
        h = step * np.eye(5)[k]
        up, down = (emulator.clean(MANY + side, dtype=torch.float64) for side in (h, -h))
        atol = 1e-8 * float(exact[:, k].abs().max())  # where a derivative crosses 0
        torch.testing.assert_close(exact[:, k], (up - down) / (2 * step), rtol=1e-6, atol=atol)


def test_single_precision_is_double_precision_rounded() -> None:
    """Flux and derivatives in float32 differ from those in float64 by rounding."""
    double = emulator.jacobian(MANY, dtype=torch.float64)
    size = double.abs().amax(dim=(0, 2))[:, None]

    torch.testing.assert_close(
        emulator.clean(MANY).double(), emulator.clean(MANY, dtype=torch.float64), atol=2e-6, rtol=0
    )
    torch.testing.assert_close(emulator.jacobian(MANY) / size, (double / size), atol=1e-5, rtol=0, check_dtype=False)


def test_training_settings_do_not_reach_the_emulator() -> None:
    """Neither low-precision products nor autocast change a bit, and both settings survive."""
    plain = emulator.clean(MANY)
    torch.set_float32_matmul_precision("medium")
    try:
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.equal(plain, emulator.clean(MANY))
            with emulator.full_precision("cpu"):
                assert torch.get_float32_matmul_precision() == "highest"
            assert torch.is_autocast_enabled("cpu")
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision("highest")


def test_other_weights_are_refused(tmp_path: Path) -> None:
    """One flipped byte, another file or none at all stops the run; the message says what to do."""
    content = bytearray(assets.PATH.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "weights.npz").write_bytes(content)

    with pytest.raises(ArtefactDamaged, match=r"weights.npz is not the file that was shipped.*install"):
        assets.read_tables(tmp_path / "weights.npz", assets.SHA256)
    with pytest.raises(ArtefactDamaged, match=r"none.npz cannot be read"):
        assets.read_tables(tmp_path / "none.npz", assets.SHA256)


def test_the_weights_are_small_enough_to_ship() -> None:
    """The file stays below 1.5 MB."""
    assert assets.PATH.stat().st_size < 1_500_000


@pytest.mark.gpu
def test_an_accelerator_gives_the_same_spectra() -> None:
    """Flux and derivatives of the GPU agree with those of the CPU to float32 rounding."""
    flux, slopes = emulator.clean(MANY, device="cuda").cpu(), emulator.jacobian(MANY, device="cuda").cpu()
    size = slopes.abs().amax(dim=(0, 2))[:, None]

    torch.testing.assert_close(flux, emulator.clean(MANY), atol=3e-6, rtol=0)
    torch.testing.assert_close(slopes / size, emulator.jacobian(MANY) / size, atol=1e-5, rtol=0)
