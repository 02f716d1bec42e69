"""What can be read off a drawing: its texts in order, and the boxes filled inside its panels."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

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


def ticks(svg: bytes, panel: int = 0) -> dict[str, float]:
    """Return where each label of the horizontal axis of a panel stands."""
    ends = (f'id="matplotlib.axis_{2 * panel + side}"' for side in (1, 2))
    axis = svg.decode().split(next(ends))[1].split(next(ends))[0]
    found = re.findall(r'<use xlink:href="#[^"]*" x="([\d.]+)".*?<text[^>]*>([^<]*)</text>', axis, re.DOTALL)
    return {label: float(x) for x, label in found}


class Line(NamedTuple):
    """A line inside the panels of a drawing."""

    colour: str
    dashed: bool
    width: float
    corners: np.ndarray


def lines(svg: bytes) -> list[Line]:
    """Return every line inside the panels of a drawing but those of its grid."""
    found = re.findall(r'<path d="([^"]*)" clip-path="[^"]*" style="fill: none; ([^"]*)"', svg.decode())
    styles = [(dict(part.split(": ") for part in style.split("; ")), path) for path, style in found]
    return [
        Line(style["stroke"], "stroke-dasharray" in style, float(style.get("stroke-width", 1)), _corners(path))
        for style, path in styles
        if "stroke-opacity" not in style
    ]


def marks(svg: bytes) -> list[tuple[str, bool, float, float]]:
    """Return colour, whether it is open, and the place of every mark inside the panels of a drawing."""
    groups = re.findall(r'<g clip-path="[^"]*">\s*(<use.*?)</g>', svg.decode(), re.DOTALL)
    style = r'x="([-\d.]+)" y="([-\d.]+)" style="(fill[^"]*); stroke: (#[0-9a-f]{6})'
    found = [mark for group in groups for mark in re.findall(style, group)]
    return [(colour, "opacity: 0" in fill, float(x), float(y)) for x, y, fill, colour in found]


def _corners(path: str) -> np.ndarray:
    return np.array(re.findall(r"[ML] ([-\d.]+) ([-\d.]+)", path), float)
