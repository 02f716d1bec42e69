"""What can be read off a drawing: its texts in order, and the boxes filled inside its panels."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np


def texts(svg: bytes) -> list[str]:
    """Return the texts of a drawing, in order."""
    return [found.strip() for found in re.findall(r"<text[^>]*>([^<]*)</text>", svg.decode())]


def boxes(svg: bytes) -> list[tuple[float, float]]:
    """Return the two heights between which every bar of a drawing stands: where it begins, where it ends."""
    paths = re.findall(r'<path d="([^"]*)" clip-path="[^"]*" style="fill: #[0-9a-f]{6}; opacity', svg.decode())
    found = [np.array(re.findall(r"[ML] ([-\d.]+) ([-\d.]+)", path), float) for path in paths]
    return [(float(corners[0, 1]), float(corners[2, 1])) for corners in found]


def cells(svg: bytes) -> list[tuple[float, float]]:
    """Return width and height of every cell of a drawing, in points."""
    groups = re.findall(r'<g id="PolyCollection_\d+">(.*?)</g>', svg.decode(), re.DOTALL)
    found = []
    for path in re.findall(r'<path d="(M[^"]*)"', "".join(groups)):
        corners = np.array(re.findall(r"[ML] ([-\d.]+) ([-\d.]+)", path), float)
        found.append(tuple(np.ptp(corners, axis=0).tolist()))
    return found


def crowded(svg: bytes) -> list[str]:
    """Return the texts about their places that reach beyond the drawing, or into the next one at their height."""
    width = float(svg.decode().split('viewBox="0 0 ')[1].split(" ")[0])
    style = r'font-size: ([\d.]+)px[^"]*text-anchor: middle[^"]*" x="([-\d.]+)" y="([-\d.]+)" transform="rotate\(-0'
    said = re.findall(rf'<text style="{style}[^>]*>([^<]*)<', svg.decode())
    spans = sorted(
        (float(y), float(x) - 0.28 * float(size) * len(text), float(x) + 0.28 * float(size) * len(text), text)
        for size, x, y, text in said
    )
    beyond = [text for _, left, right, text in spans if left < 0 or right > width]
    return beyond + [b[3] for a, b in pairwise(spans) if a[0] == b[0] and b[1] < a[2]]
