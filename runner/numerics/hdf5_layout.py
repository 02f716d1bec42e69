"""Where the published sets of spectra keep what in their HDF5 files, and what they call the labels."""

from __future__ import annotations

WAVE = "spectrumdataset/wave"  # (pixels,)
FLUX = "dataset/arrays/flux/value"  # (rows, pixels)
ERROR = "dataset/arrays/error/value"  # (rows, pixels), one sigma
NOISY = "dataset/arrays/noisy/value"  # (rows, pixels), only where the noise was drawn once for all
PARAMS = "dataset/params"  # a pandas frame, one row per spectrum

NAMES = {"teff": "T_eff", "logg": "log_g", "mh": "M_H", "am": "a_M", "cm": "C_M"}  # our name -> column
