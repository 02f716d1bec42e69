"""Where the published sets of spectra keep what in their HDF5 files, and what they call the labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

WAVE = "spectrumdataset/wave"  # (pixels,)
FLUX = "dataset/arrays/flux/value"  # (rows, pixels)
ERROR = "dataset/arrays/error/value"  # (rows, pixels), one sigma
NOISY = "dataset/arrays/noisy/value"  # (rows, pixels), only where the noise was drawn once for all
PARAMS = "dataset/params"  # a pandas frame, one row per spectrum

NAMES = {"teff": "T_eff", "logg": "log_g", "mh": "M_H", "am": "a_M", "cm": "C_M", "snr_med": "snr"}  # ours -> theirs


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a set: [n, pixels] each; all batches of a set have `noisy`, or none has."""

    flux: np.ndarray
    error: np.ndarray
    noisy: np.ndarray | None = None

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays by their place in the file."""
        arrays = {FLUX: self.flux, ERROR: self.error}
        return arrays if self.noisy is None else {**arrays, NOISY: self.noisy}
