"""What can be read off a drawing: its texts in order, and the boxes filled inside its panels."""

from __future__ import annotations

import re

import numpy as np


def texts(svg: bytes) -> list[str]:
    """Return the texts of a drawing, in order."""
    return [found.strip() for found in re.findall(r"<text[^>]*>([^<]*)</text>", svg.decode())]


def boxes(svg: bytes) -> list[tuple[float, float]]:
    """Return the two heights between which every bar of a drawing stands: where it begins, where it ends."""
    paths = re.findall(r'<path d="([^"]*)" clip-path="[^"]*" style="fill: #[0-9a-f]{6}; opacity', svg.decode())
    found = [np.array(re.findall(r"[ML] ([-\d.]+) ([-\d.]+)", path), float) for path in paths]
    return [(float(corners[0, 1]), float(corners[2, 1])) for corners in found]
