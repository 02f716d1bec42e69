"""The doughs of the other field: what a bowl's sensors read for two hours, and when it had doubled."""

from __future__ import annotations

from pathlib import Path

import numpy as np

ROWS, READINGS = 1300, 24


def write(path: Path) -> None:
    """Write the doughs, the same numbers every time."""
    generator = np.random.default_rng(20260301)
    warmth, yeast = generator.uniform(16, 32, ROWS), generator.uniform(2, 8, ROWS)
    minutes = 30 + 400 / (yeast * np.exp(0.07 * (warmth - 24))) + generator.normal(0, 2, ROWS)
    hours = np.linspace(5, 120, READINGS)
    risen = 1 / (1 + np.exp(-(hours - minutes[:, None]) / 25))
    draught = generator.normal(0, 0.03, (ROWS, 1)) * np.sin(hours / 20)
    x = (3 * (risen + draught)).astype(np.float32)
    sigma = np.full_like(x, 0.2) * (1 + (warmth[:, None] < 20)).astype(np.float32)
    np.savez(path, X=x, sigma=sigma, minutes=minutes, warmth=warmth, yeast=yeast)
