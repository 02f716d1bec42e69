"""Gates that cannot work are told where they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.checking.check import check
from tests import knowledge
from tests.documents.marked import expected, listed, unmarked
from tests.knowledge import file, guess, toy

AFTER = "    after: "
HEAD = """---
kind: roadmap
id: TOY-plan
title: Toy plan
cites: {toy: TOY-1}
phases:
  1: [MVP-1, MVP-2]
gates:
"""
OPEN = "{do: go, opens: MVP-1}\n"
CLOSE = "    else: {do: stop, closes: toy:MVP-1}\n"
STOP = "    else: stop\n"
GO = "    toy.gain > 0: go\n"
LEANING = f"  G3:\n    toy.strong.r2 < 0.948: {OPEN}{STOP}"


@pytest.mark.parametrize(
    ("gates", "messages"),
    [
        (f"  G1:\n{GO}{STOP}  G2:\n    after: G1.1\n{GO}{STOP}", []),
        (
            f"  G1:\n{GO}{STOP}  §G2:\n    after: G1.2\n{GO}{STOP}",
            ["LG207 `G2` comes after `G1.2`, which is no rung of a ladder -> did you mean `G1.1`?"],
        ),
        (
            f"  §G2:\n    after: K1.1\n{GO}{STOP}",
            ["LG207 `G2` comes after `K1.1`, which is no rung of a ladder"],
        ),
        (
            f"  §G1:\n{AFTER}G2.1\n{GO}{STOP}  §G2:\n{AFTER}G1.else\n{GO}{STOP}  G3:\n{AFTER}G1.1\n{GO}{STOP}",
            [
                "LG207 `G1` comes after itself -> let one of the gates come first",
                "LG207 `G2` comes after itself -> let one of the gates come first",
            ],
        ),
        (
            f"  §G1:\n    toy.gain > 0: {OPEN}{STOP}  G2:\n    toy.gain > 9: go\n{CLOSE}{LEANING}",
            ["LG115 `MVP-1` is opened by G1.1 and closed by G2.else -> let one of the gates come after the other"],
        ),
        (
            f"  G1:\n    toy.gain > 9: {OPEN}{STOP}  G2:\n    toy.gain > 9: go\n{CLOSE}",
            [],
        ),
        (
            "  §G1:\n    toy.gain > 0: {do: go, opens: [MVP-9, Q1, TOY-1, K1]}\n    else: stop\n",
            ["LG207 `G1` names an unknown key `MVP-9` -> did you mean `MVP-2`?"],
        ),
    ],
)
def test_what_cannot_work_is_told(tmp_path: Path, gates: str, messages: list[str]) -> None:
    """A rung that is not there, a circle, work that is opened and closed, a key nobody knows."""
    text, places = unmarked(HEAD + gates + "---\n\n# Plan\n")
    root = toy(tmp_path)
    hub = knowledge.HUB.replace("  K1: toy.gain > 0", "  K1: toy.gain > 0\n  Q1.1: human")
    knowledge.write(root, {"toy/plan.md": text, "toy/toy-hub.md": hub})
    base = file(root, "TOY-1", {"weak": guess(root, 2), "strong": guess(root, 1, seed=2)})

    assert listed(check(base), "toy/plan.md") == expected(places, *messages)
