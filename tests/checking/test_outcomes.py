"""Outcomes that can never come, told where they stand, with definitions written out."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.checking.check import check
from runner.checking.outcomes import LARGEST
from runner.verdicts.knowledge import gather
from tests import knowledge
from tests.documents.marked import expected, listed, unmarked
from tests.knowledge import toy
from tests.swept import EXPERIMENT as SWEPT
from tests.swept import swept

HEAD = """---
kind: hub
id: TOY-desk
title: Toy desk
cites: {toy: TOY-1}
define:
  half: toy.gain / 2
  more: toy.gain + 0.1
  same: toy.strong.r2 - toy.weak.r2
claims:
"""
SETTLES = "compare with what could go either way"
DIFFERENCE = "toy.strong.r2 - toy.weak.r2"
ORDER = "nothing to it; reorder them or drop one"


@pytest.mark.parametrize(
    ("claims", "messages"),
    [
        (
            "  K1:\n    toy.gain > 0: go\n    §toy.gain>1: run\n    else: stop\n",
            [f"LG310 the rung `K1.2`, `toy.gain>1`, can never be taken -> `K1.1` leaves {ORDER}"],
        ),
        (
            "  K1:\n    toy.gain > 0: go\n    §" + DIFFERENCE + " > 0.1: run\n    else: stop\n",
            [
                f"LG310 the rung `K1.2`, `{DIFFERENCE} > 0.1`, can never be taken -> `K1.1` leaves {ORDER}",
            ],
        ),
        (
            "  K1:\n    more > 0.2: go\n    half < -1: back\n    §same > 0.3: run\n    else: stop\n",
            [f"LG310 the rung `K1.3`, `same > 0.3`, can never be taken -> `K1.1` leaves {ORDER}"],
        ),
        (
            "  K1:\n    half > 0: go\n    same < 0: back\n    §same > -0: on\n    else: stop\n",
            [f"LG310 the rung `K1.3`, `same > -0`, can never be taken -> `K1.1` leaves {ORDER}"],
        ),
        (
            "  K1:\n    half > 0: go\n    same <= 0: back\n    §else: stop\n",
            [f"LG310 the rung `K1.else` can never be taken -> the rungs above leave {ORDER}"],
        ),
        (
            "  K1:\n    same > 1: go\n    same < 0.9: back\n    §half > 0.6 or half < 0.4: on\n    else: stop\n",
            [f"LG310 the rung `K1.3`, `half > 0.6 or half < 0.4`, can never be taken -> the rungs above leave {ORDER}"],
        ),
        (
            "  K1:\n    toy.gain > 0: go\n    §toy.strong.mae < 0: run\n    else: stop\n",
            [f"LG310 the rung `K1.2`, `toy.strong.mae < 0`, can never be taken -> {SETTLES}"],
        ),
        ("  K1: §toy.strong.r2 > 1\n", [f"LG310 `K1` can never hold, whatever the values -> {SETTLES}"]),
        ("  K1: §same >= toy.gain\n", [f"LG310 `K1` always holds, whatever the values -> {SETTLES}"]),
        ("  K1: same > 0\n  K2:\n    half > 0.2: go\n    same > 0: run\n    else: stop\n", []),
        ("  K1:\n    toy.strong.r2 > 0: go\n    toy.strong.young.r2 > 0.1: run\n    else: stop\n", []),
    ],
)
def test_what_can_come_out_one_way_only_is_told(tmp_path: Path, claims: str, messages: list[str]) -> None:
    """A name is what it stands for, in whichever document."""
    text, places = unmarked(HEAD + claims + "---\n\n# Desk\n")
    root = toy(tmp_path)
    knowledge.write(root, {"toy/desk.md": text})

    assert listed(check(gather(root)), "toy/desk.md") == expected(places, *messages)


def test_points_of_a_sweep_are_quantities_of_their_own(tmp_path: Path) -> None:
    """A definition at a point is what it says there; the mean over seeds is one quantity."""
    rungs = [
        "gap(1M) > 0: go",
        "gap(50k) > 0.1: other rows",
        "net(1M).r2 - line(1M).r2 > 0.1: never",
        "mean(gap(*)) > 1: over all rows",
    ]
    ladder = "".join(f"    {rung}\n" for rung in rungs)
    root = swept(tmp_path, SWEPT.replace("define:", f"expect:\n  H1:\n{ladder}    else: stop\ndefine:"))

    found = [finding.message for finding in check(gather(root)) if finding.code == "LG310"]

    assert found == ["the rung `H1.3`, `net(1M).r2 - line(1M).r2 > 0.1`, can never be taken"]


def test_definitions_without_end_are_left_as_they_are(tmp_path: Path) -> None:
    """Written out they would be longer than anybody can decide."""
    chain = [f"  d{number}: d{number - 1} + d{number - 1} * 2" for number in range(1, 13)]
    assert 2 ** len(chain) > LARGEST
    head = HEAD.replace("define:", "\n".join(["define:", "  d0: toy.gain", *chain]))
    root = toy(tmp_path)
    knowledge.write(root, {"toy/desk.md": f"{head}  K1: d12 > d12 - 1\n  K2: d12 >= 3 * d11\n---\n\n# Desk\n"})

    found = [finding.message for finding in check(gather(root)) if finding.code == "LG310"]

    assert found == ["`K1` always holds, whatever the values"]
