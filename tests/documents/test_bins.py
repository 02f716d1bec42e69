"""Slices by named bins, against numpy's own binning."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from runner.documents.kinds import Protocol
from runner.results.masks import mask
from runner.verdicts.knowledge import gather
from tests.knowledge import PROTOCOL, toy, write

BINS = """slices:
  bin:
    by: [age, weight]
    edges: [[20, 30.5, 60], [-5, 60, 1e2]]
    names: [young_light, young_heavy, old_light, old_heavy]
"""


def protocol(root: Path, slices: str) -> tuple[Protocol | None, list[str]]:
    """Return the toy protocol with other slices, and what is wrong with it."""
    toy(root)
    write(root, {"protocols/tiny.md": PROTOCOL[: PROTOCOL.index("slices:")] + slices + "---\n"})
    document = gather(root).library.named("logg/protocols/tiny.md")
    body = document.body if isinstance(document.body, Protocol) else None
    return body, [str(finding) for finding in document.findings]


def test_bins_agree_with_numpy(tmp_path: Path) -> None:
    """Lower edges belong to a bin, upper ones to the next, but the last of a column to both."""
    found, wrong = protocol(tmp_path, BINS)
    age, weight = np.array([20, 30.5, 30.4, 60, 60.1, 19]), np.array([60, -5, 59.9, 100, 70, 0])

    assert wrong == []
    assert found is not None
    outside = (age < 20) | (age > 60)
    row, column = np.digitize(age, [30.5]), np.digitize(weight, [60])
    for index, formula in enumerate(found.slices.values()):
        expected = (2 * row + column == index) & ~outside
        assert mask(formula.tree, {"age": age, "weight": weight}).tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("edges", "parts", "shown"),
    [
        ("[20, 40, 60]", ["bin(30)", "bin(50)"], ["20–40", "40–60"]),
        ("[-1, 0.1, 0.3]", ["bin(-0.45)", "bin(0.2)"], ["-1 … 0.1", "0.1–0.3"]),
        (
            "[2460000.5, 2460001.5, 2460002.5]",
            ["bin(2460001)", "bin(2460002)"],
            ["2460000.5–2460001.5", "2460001.5–2460002.5"],
        ),
        ("[2460000.5, 2460001.5, 3M]", ["bin(2460001)", "bin(2.73e+06)"], ["2460000.5–2460001.5", "2460001.5–3000000"]),
        ("[0.1, 0.10000000001, 1]", ["bin(0.100000000005)", "bin(0.55)"], ["0.1–0.10000000001", "0.10000000001–1"]),
        ("[-1e308, 1e308, 1.7e308]", ["bin(0)", "bin(1.35e+308)"], ["-1e+308 … 1e+308", "1e+308–1.7e+308"]),
    ],
)
def test_bins_that_lie_close_are_told_apart(tmp_path: Path, edges: str, parts: list[str], shown: list[str]) -> None:
    """A bin is called by a value inside it, in six digits where they are enough; no two share a name or rows."""
    found, wrong = protocol(tmp_path, f"slices:\n  bin: {{by: age, edges: {edges}}}\n")

    assert wrong == []
    assert found is not None
    bins = found.partitions["bin"]
    assert (list(bins.parts), list(bins.shown), list(found.slices)) == (parts, shown, parts)
    inside = [low / 2 + high / 2 for low, high in pairwise(bins.edges)]
    held = [mask(formula.tree, {"age": np.array(inside)}).tolist() for formula in found.slices.values()]
    assert held == np.eye(len(parts), dtype=bool).tolist()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "    names: [young_light, young_heavy, old_light, old_heavy]\n",
            "",
            "LG203 the bins of `bin` over 2 columns need names -> add `names:`",
        ),
        ("old_light, old_heavy", "old_light", "LG203 3 names for 4 bins"),
        ("old_heavy", "old_light", "LG203 `old_light` cannot name a bin"),
        ("old_heavy", "Old", "LG203 `Old` cannot name a bin"),
        ("[20, 30.5, 60]", "[20, 60, 30.5]", "LG203 edges are ascending numbers"),
        ("[20, 30.5, 60]", "[20, 20.0000000000001, 60]", "LG206 two edges agree in twelve digits -> give each once"),
        ("[20, 30.5, 60]", "[20, x, 60]", "LG203 edges are ascending numbers"),
        ("[[20, 30.5, 60], [-5, 60, 1e2]]", "[20, 60]", "LG203 1 lists of edges for 2 columns"),
        ("[age, weight]", "[age, height]", "LG302 no column `height`"),
        ("    by:", "    per: x\n    by:", "LG202 unknown field `per`"),
    ],
)
def test_a_mistake_in_bins_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    """Each mistake is one finding in the words of the protocol."""
    assert old in BINS
    _, wrong = protocol(tmp_path, BINS.replace(old, new))

    assert any(message in line for line in wrong), wrong
