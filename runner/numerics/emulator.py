"""Labels to clean spectra: a small network gives the weights of a fixed basis.

    f(l) = mean + B' (s * c(x)),    x = 2 (l - low) / (high - low) - 1

with l = (teff, logg, mh, am, cm), c a perceptron of three hidden layers with SiLU, s the scales of its
outputs and B [120, 4096] the leading principal components of synthetic LTE spectra. The flux is relative:
the median of a spectrum is near 0.5. The derivatives are exact, carried forward through the layers.

`DATA_SOURCES.md` says where the weights come from. This is a stand-in for BOSZ, not BOSZ.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from runner.numerics.assets import tables

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

LABELS = ("teff", "logg", "mh", "am", "cm")
LAYERS = 4
FIRST, LAST, PIXELS = 7100.213623046875, 8849.786376953125, 4096


def wavelengths() -> np.ndarray:
    """Return the wavelength of every pixel in vacuum, in Angstrom: float64 [4096]."""
    return np.linspace(FIRST, LAST, PIXELS)


@dataclass(frozen=True, slots=True)
class Emulator:
    """The network and its basis, on one device and in one precision."""

    low: torch.Tensor  # [5], the box the network was trained in: float64, as labels are
    high: torch.Tensor  # [5]
    weights: tuple[torch.Tensor, ...]  # [out, in]
    biases: tuple[torch.Tensor, ...]  # [out]
    basis: torch.Tensor  # [120, 4096]
    mean: torch.Tensor  # [4096]

    def clean(self, labels: ArrayLike | torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
        """Return the noiseless flux of every star, in `out` where that is given: [n, 5] -> [n, 4096]."""
        h = self._boxed(labels)
        with full_precision(h.device.type):
            for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
                h = torch.nn.functional.silu(torch.addmm(bias, h, weight.T))
            return torch.addmm(self.mean, torch.addmm(self.biases[-1], h, self.weights[-1].T), self.basis, out=out)

    def jacobian(self, labels: ArrayLike | torch.Tensor, by: Sequence[int] = range(5)) -> torch.Tensor:
        """Return the derivative of the flux by some labels, per unit of the label: [n, 5] -> [n, by, 4096]."""
        h = self._boxed(labels)
        steps = torch.diag(2 / (self.high - self.low)).to(h.dtype)[list(by)]
        t = steps.expand(len(h), -1, -1)  # [n, by, width]: how the layer moves with each label
        with full_precision(h.device.type):
            for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
                a = torch.addmm(bias, h, weight.T)
                gate = torch.sigmoid(a)
                h = a * gate
                t = (t @ weight.T) * (gate + h * (1 - gate))[:, None, :]  # SiLU' = g + a g (1 - g)
            return t @ self.weights[-1].T @ self.basis

    def _boxed(self, labels: ArrayLike | torch.Tensor) -> torch.Tensor:
        """Scale the labels so that the box of the training set is [-1, 1] on every axis."""
        stars = torch.as_tensor(labels, dtype=torch.float64, device=self.low.device).reshape(-1, len(LABELS))
        return (2 * (stars - self.low) / (self.high - self.low) - 1).to(self.mean.dtype)


@functools.cache
def load(device: str = "cpu", dtype: torch.dtype = torch.float32) -> Emulator:
    """Return the emulator that ships with the package, ready on a device."""
    stored = tables()

    def tensor(array: np.ndarray, kind: torch.dtype = dtype) -> torch.Tensor:
        return torch.tensor(array, dtype=kind, device=device)

    weights = [stored[f"weight{k}"].astype(np.float64) for k in range(1, LAYERS + 1)]
    biases = [stored[f"bias{k}"].astype(np.float64) for k in range(1, LAYERS + 1)]
    weights[-1] *= stored["scale"][:, None]
    biases[-1] *= stored["scale"]
    return Emulator(
        low=tensor(stored["low"], torch.float64),
        high=tensor(stored["high"], torch.float64),
        weights=tuple(tensor(weight) for weight in weights),
        biases=tuple(tensor(bias) for bias in biases),
        basis=tensor(stored["basis"]),
        mean=tensor(stored["mean"]),
    )


def clean(labels: ArrayLike | torch.Tensor, device: str = "cpu", dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Return the noiseless flux of stars with these labels: [n, 5] -> [n, 4096]."""
    return load(device, dtype).clean(labels)


def jacobian(labels: ArrayLike | torch.Tensor, device: str = "cpu", dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Return the derivative of the flux by every label: [n, 5] -> [n, 5, 4096]."""
    return load(device, dtype).jacobian(labels)


@contextmanager
def full_precision(device: str) -> Iterator[None]:
    """Take matrix products in the precision of their factors, whatever a training loop around has asked for."""
    asked = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with torch.autocast(device, enabled=False):
            yield
    finally:
        torch.set_float32_matmul_precision(asked)
