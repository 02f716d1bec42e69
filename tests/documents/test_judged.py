"""Keyed entries: predicates, ladders, aliases and questions for a person."""

from __future__ import annotations

import pytest

from runner.documents.form import Form
from runner.documents.judged import read_judged
from runner.documents.kinds import Alias, Human, Judged, Ladder, Predicate
from runner.findings import Finding
from runner.safety import bounded_yaml
from tests.documents.marked import expected, listed, unmarked

LADDER = """
Gate-1:
  a.r2 >= 0.5: {do: go on, opens: [MVP-1, MVP-2], closes: MVP-3}
  'a.r2 > 0': look again
  else: stop
"""


def judged(text: str) -> tuple[dict[str, Judged], list[Finding], list[str]]:
    """Return what a map of keys says, its findings, and the places of its marks."""
    text, places = unmarked(text)
    node = bounded_yaml.load(text)
    assert isinstance(node, bounded_yaml.Mapping)
    findings: list[Finding] = []
    return read_judged(Form(node, "logg/a.md", findings)), findings, places


def test_entry_is_what_its_value_looks_like() -> None:
    """A comparison is a predicate, a key an alias, `human` a question, in the order written."""
    found, findings, places = judged("§K1: a.r2 > 0\n§K2: moe:K1\n§Q1: human\n§Q2: EXP-1\n")

    assert not findings
    assert [type(entry) for entry in found.values()] == [Predicate, Alias, Human, Alias]
    assert [str(entry.place) for entry in found.values()] == [f"logg/a.md:{place}" for place in places]
    assert [entry.target for entry in found.values() if isinstance(entry, Alias)] == ["moe:K1", "EXP-1"]


def test_ladder_keeps_its_rungs_in_order() -> None:
    """A rung has its predicate, what to do, and what that opens and closes; the last has no predicate."""
    found, findings, _ = judged(LADDER)
    ladder = found["Gate-1"]

    assert not findings
    assert isinstance(ladder, Ladder)
    assert [rung.formula and rung.formula.text for rung in ladder.rungs] == ["a.r2 >= 0.5", "a.r2 > 0", None]
    assert [rung.do for rung in ladder.rungs] == ["go on", "look again", "stop"]
    assert [(rung.opens, rung.closes) for rung in ladder.rungs] == [
        (("MVP-1", "MVP-2"), ("MVP-3",)),
        ((), ()),
        ((), ()),
    ]


def test_ladder_may_wait_for_another_and_ask_for_less_certainty() -> None:
    """`after` and `sure` stand beside the rungs; a rung may leave it to a person."""
    found, findings, _ = judged(
        "G2:\n  after: moe:Gate-1.else\n  sure: 90%\n  a > 0: {do: go, opens: M}\n  else: human\n"
    )
    ladder = found["G2"]

    assert not findings
    assert isinstance(ladder, Ladder)
    assert (ladder.after, ladder.sure, len(ladder.rungs)) == ("moe:Gate-1.else", 0.9, 2)
    assert [(rung.do, rung.human) for rung in ladder.rungs] == [("go", False), ("human", True)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "K1:\n  after: §Gate-1\n  a > 0: go\n  else: stop",
            "LG203 `Gate-1` names no rung -> write Gate-1.1 or Gate-1.else",
        ),
        (
            "K1:\n  sure: §1\n  a > 0: go\n  else: stop",
            "LG203 `sure` is 1, it lies between 0.5 and 1 -> write sure: 0.9",
        ),
        (
            "K1:\n  sure: §0.5\n  a > 0: go\n  else: stop",
            "LG203 `sure` is 0.5, it lies between 0.5 and 1 -> write sure: 0.9",
        ),
        ("K1: §{after: G.1}", "LG202 the ladder `K1` does not end with `else` -> end it with `else: what to do`"),
        ("§k1: a > 0", "LG203 key `k1` does not start with a capital -> write K1, H-A or Gate-1"),
        ("§moe:K1: a > 0", "LG203 key `moe:K1` does not start with a capital -> write K1, H-A or Gate-1"),
        ("K1: §a.r2 - b.r2", "LG304 `K1` is a quantity, a predicate is due -> compare it: a.r2 - b.r2 > 0"),
        ("K1: §[a > 0]", "LG203 an expression is due, not a collection"),
        ("K1: a §=> 0", "LG301 `=>` is not an operator -> write >="),
        ("K1:\n  §a > 0: go", "LG202 the ladder `K1` does not end with `else` -> end it with `else: what to do`"),
        (
            "K1:\n  §else: go\n  a > 0: go",
            "LG202 the ladder `K1` does not end with `else` -> end it with `else: what to do`",
        ),
        ("K1: §{}", "LG202 the ladder `K1` does not end with `else` -> end it with `else: what to do`"),
        ("K1:\n  §a: go\n  else: stop", "LG304 a rung starts with a predicate -> compare it: a > 0"),
        (
            "K1:\n  a >§: go\n  else: stop",
            "LG301 a name or a number is missing -> write an address such as job.r2, or a number",
        ),
        ("K1:\n  a > 0:§\n  else: stop", "LG203 a rung says what to do -> write `a > 0: what to do`"),
        ("K1:\n  a > 0: go\n  else: §[stop]", "LG203 a rung says what to do -> write `else: what to do`"),
        ("K1:\n  a > 0: §{opens: K2}\n  else: stop", "LG202 `do` is missing -> add `do:`"),
        ("K1:\n  a > 0: {do: go, §oepns: K2}\n  else: stop", "LG202 unknown field `oepns` -> did you mean `opens`?"),
        (
            "K1:\n  a > 0: {do: go, opens: §[[K2]]}\n  else: stop",
            "LG203 `opens` takes a list of words -> write [one, two]",
        ),
    ],
)
def test_mistake_is_told_at_its_place(text: str, message: str) -> None:
    """A key, a predicate or a rung that cannot be meant is one finding."""
    _, findings, places = judged(text)

    assert listed(findings, "a.md") == expected(places, message)


@pytest.mark.parametrize("rung", ["a >: go", "a: go", "a > 0:"])
def test_ladder_with_a_rung_that_cannot_be_read_is_none(rung: str) -> None:
    """A rung left out would give its turn to the next, or to `else`."""
    found, findings, _ = judged(f"K1:\n  {rung}\n  else: stop\n")

    assert not found
    assert len(findings) == 1


def test_one_bad_entry_does_not_hide_the_next() -> None:
    """Every mistake is told at once, and what is right is kept."""
    found, findings, places = judged("K1: §a\nK2: a > 0\nK3:\n  §a: go\n  b > 0:§\n  else: stop\n")

    assert list(found) == ["K2"]
    assert [line.split()[1] for line in listed(findings, "a.md")] == ["LG304", "LG304", "LG203"]
    assert [line.split()[0] for line in listed(findings, "a.md")] == [f"{place}:" for place in places]
