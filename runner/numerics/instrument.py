"""How well a spectrum is measured: the noise of every pixel from its flux and the brightness of the star.

With S = 10^(-0.4 (mag - 20)) the light received, relative to magnitude 20, and g the factor by which
seeing, airmass and exposures change the signal-to-noise ratio,

    N = (39.1 g)^2 S                                       photons of a pixel at the median flux
    sigma = 0.5 sqrt(f / 0.5 t N + 1.651 (39.1 g)^2 b) / (t N)

where t is the throughput and b the background (sky lines, sky continuum, read noise) of a pixel. The two
numbers were fitted to the six published medians: SNR(mag) = 39.1 S / sqrt(S + 1.651), for g = 1.

The noise leaks the labels: sigma is a smooth function of the clean flux, so it is a noiseless copy of it.
Nothing that predicts may see it.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch

from runner.numerics.assets import tables

DEPTH = 39.1  # SNR of a pixel at magnitude 20 if there were no background
BACKGROUND = 1.651  # background over source at magnitude 20
MEDIAN_FLUX = 0.5


@dataclass(frozen=True, slots=True)
class Instrument:
    """What the pixels do to light, on one device and in one precision: variance = (f u + c v) / N."""

    source: torch.Tensor  # u [4096], from the photons of the star
    background: torch.Tensor  # v [4096], from those of the sky and the read-out

    def sigma(self, clean: torch.Tensor, mag: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
        """Return the noise of every pixel: clean [n, 4096], magnitudes [n] and factors [n] -> [n, 4096]."""
        scale = 1 / (DEPTH * factor.double() * _light(mag).sqrt())  # 1 / sqrt(N)
        sky = (BACKGROUND / _light(mag)).to(clean.dtype)
        variance = torch.outer(sky, self.background).addcmul_(clean, self.source)
        return variance.sqrt_().mul_(scale.to(clean.dtype)[:, None])

    def photons(self, mag: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
        """Return N, the photons of a pixel at the median flux: magnitudes [n] and factors [n] -> float64 [n]."""
        return (DEPTH * factor.double()) ** 2 * _light(mag)


def _light(mag: torch.Tensor) -> torch.Tensor:
    """Return the light received, relative to magnitude 20."""
    return torch.as_tensor(10 ** (-0.4 * (mag.double() - 20)))


@functools.cache
def load(device: str = "cpu", dtype: torch.dtype = torch.float32) -> Instrument:
    """Return the instrument that ships with the package, ready on a device."""
    stored = tables()
    throughput, background = (torch.tensor(stored[name]).double() for name in ("throughput", "background"))
    u, v = MEDIAN_FLUX / throughput, MEDIAN_FLUX**2 * background / throughput**2
    return Instrument(u.to(device, dtype), v.to(device, dtype))


def sigma(clean: torch.Tensor, mag: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
    """Return the noise of every pixel of these clean spectra, on their device and in their precision."""
    return load(str(clean.device), clean.dtype).sigma(clean, mag, factor)
