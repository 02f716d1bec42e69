"""What a gate looks at: strengths of lines in windows of the spectrum, and its leading principal components.

    depth = 1 - min(f / c)        EW = sum (1 - f / c)        over the pixels of a window

with c the local continuum, one number per row and window: the median of all pixels of two side bands of 15
Angstrom, one on either side. They start at the edges of the window; where lines are blended or windows overlap (the Na
doublet, Mg) at the edges of the whole group, so that no window's line is in another's band. Some 70 pixels make the
median, so at noise 1 its own error is a seventh of a pixel's, and sky lines or a cosmic ray leave it alone; the wings
of Ca II reach into its bands, so it is a pseudo-continuum. It is never less than a quarter of the row's mean |f|.
EW counts in pixels.

    physical11    depth and EW of Ca II 8490-8510, 8530-8555, 8650-8675, the sum of the three EW,
                  depth and EW of Na I 8180-8200, two components of the whole spectrum
    physical13    the same with four components
    physical37    ten components, mean flux, depth and EW of Ca II 8498 ± 10, 8542 ± 12, 8662 ± 12,
                  Na I 8183 ± 8, 8195 ± 8 and Mg I 8806, 8807, 8808 ± 5, the sums of EW of the three elements
    snr10         the ten numbers a job may know of a row's sigma

The windows are those of the published gates, who named lines by their wavelengths in air. In vacuum, where spectra
like these are sampled, the lines stand at 8500.4, 8544.4, 8664.5, 8185.5, 8197.1 and 8809.2: in every window, though
not in its middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from runner.contract import Split
from runner.findings import JobFailed
from runner.numerics.components import Components
from runner.numerics.snr import STATISTICS, quantiles

VERSION = 1  # of what the features of a kind are
COMPONENTS = {"physical11": 2, "physical13": 4, "physical37": 10, "snr10": 0}  # kind -> how many it takes
SIDE = 15.0  # Angstrom, of one side band
FLOOR = 0.25  # of a row's mean |f|, below which its continuum never is
BATCH = 4096  # rows at a time


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of wavelength around a line, in Angstrom, and the group of lines whose outside is its continuum."""

    name: str
    low: float
    high: float
    group: tuple[float, float]

    def inside(self, positions: np.ndarray) -> np.ndarray:
        """Return the numbers of the pixels in the window."""
        return _found((positions >= self.low) & (positions <= self.high), f"the window {self.name}")

    def beside(self, positions: np.ndarray) -> np.ndarray:
        """Return the numbers of the pixels in its side bands."""
        low, high = self.group
        left = (positions >= low - SIDE) & (positions < low)
        return _found(left | (positions > high) & (positions <= high + SIDE), f"the side bands of {self.name}")


def _alone(name: str, low: float, high: float) -> Window:
    """Return a window whose continuum starts at its edges."""
    return Window(name, low, high, (low, high))


def _grouped(half: float, **middles: float) -> tuple[Window, ...]:
    """Return windows of one group, each as wide to either side of its middle."""
    group = min(middles.values()) - half, max(middles.values()) + half
    return tuple(Window(name, middle - half, middle + half, group) for name, middle in middles.items())


CALCIUM = _alone("8498", 8490, 8510), _alone("8542", 8530, 8555), _alone("8662", 8650, 8675)
SODIUM = (_alone("Na", 8180, 8200),)
WIDE_CALCIUM = _alone("8498", 8488, 8508), _alone("8542", 8530, 8554), _alone("8662", 8650, 8674)
WIDE_SODIUM = _grouped(8, **{"8183": 8183, "8195": 8195})
MAGNESIUM = _grouped(5, **{"8806": 8806, "8807": 8807, "8808": 8808})


def names(kind: str) -> tuple[str, ...]:
    """Return what the features of a kind are called, in their order."""
    components = tuple(f"PCA{number + 1}" for number in range(COMPONENTS[kind]))
    if kind == "snr10":
        return STATISTICS
    if kind == "physical37":
        lines = (*WIDE_CALCIUM, *WIDE_SODIUM, *MAGNESIUM)
        told = (f"{what}_{line.name}" for line in lines for what in ("mean", "depth", "EW"))
        return *components, *told, "EW_Ca", "EW_Na", "EW_Mg"
    calcium, sodium = (
        tuple(f"{what}_{line.name}" for line in lines for what in ("depth", "EW")) for lines in (CALCIUM, SODIUM)
    )
    return *calcium, "EW_CaT", *sodium, *components


def features(split: Split, kind: str, components: Components | None = None) -> np.ndarray:
    """Return the features of every row of a split, float64 [rows, k], read batch by batch."""
    out, done = np.empty((split.rows, len(names(kind)))), 0
    if kind == "snr10":
        batches = (told.double() for told in split.statistics(BATCH))
    else:
        positions = split.positions
        batches = (of_batch(x, kind, positions, components) for x in split.inputs(BATCH))
    for batch in batches:
        out[done : done + len(batch)] = batch.cpu().numpy()
        done += len(batch)
    return out


def of_batch(
    x: torch.Tensor, kind: str, positions: np.ndarray | None, components: Components | None = None
) -> torch.Tensor:
    """Return the features of the rows x [n, p] that are seen in their inputs: float64 [n, k], on their device."""
    positions = placed(kind, positions)
    scores = _scores(x, COMPONENTS[kind], components)
    floor = FLOOR * x.abs().mean(1).double().clamp_min(torch.finfo(x.dtype).tiny)
    if kind == "physical37":
        groups = [_measured(x, positions, lines, floor) for lines in (WIDE_CALCIUM, WIDE_SODIUM, MAGNESIUM)]
        lines = [group.flatten(1) for group in groups]
        totals = [group[:, :, 2].sum(1, keepdim=True) for group in groups]
        return torch.cat([scores, *lines, *totals], dim=1)
    calcium, sodium = (_measured(x, positions, lines, floor)[:, :, 1:] for lines in (CALCIUM, SODIUM))
    total = calcium[:, :, 1].sum(1, keepdim=True)
    return torch.cat([calcium.flatten(1), total, sodium.flatten(1), scores], dim=1)


def placed(kind: str, positions: np.ndarray | None) -> np.ndarray:
    """Return where the inputs stand, or refuse features that nobody can find without that."""
    if positions is None:
        raise JobFailed(f"the features {kind} need to know where the inputs stand, and these data do not say")
    return positions


def _scores(x: torch.Tensor, k: int, components: Components | None) -> torch.Tensor:
    """Return the first k components of every row."""
    if components is None or components.vectors.shape[1] < k:
        message = f"{k} principal components are needed"
        raise ValueError(message)
    return components.scores(x, k)


def _measured(x: torch.Tensor, positions: np.ndarray, windows: Sequence[Window], floor: torch.Tensor) -> torch.Tensor:
    """Return the mean flux, depth and equivalent width of every row in every window: float64 [n, windows, 3]."""
    return torch.stack([_line(x, positions, window, floor) for window in windows], dim=1)


def _line(x: torch.Tensor, positions: np.ndarray, window: Window, floor: torch.Tensor) -> torch.Tensor:
    """Return the mean flux, depth and equivalent width of every row in one window: float64 [n, 3]."""
    inside, beside = (
        x[:, torch.from_numpy(pixels).to(x.device)].double()
        for pixels in (window.inside(positions), window.beside(positions))
    )
    continuum = torch.maximum(quantiles(beside, 0.5)[0], floor)
    relative = inside / continuum[:, None]
    return torch.stack([inside.mean(1), 1 - relative.amin(1), (1 - relative).sum(1)], dim=1)


def _found(pixels: np.ndarray, what: str) -> np.ndarray:
    """Return the numbers of the pixels that were found, if there are any."""
    if not pixels.any():
        raise JobFailed(f"no input stands in {what}, which the features of a gate look at")
    return np.flatnonzero(pixels)
