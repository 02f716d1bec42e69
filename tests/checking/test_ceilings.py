"""The leak alarm: a score above what bounds every estimator is reported, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner import workflow
from runner.expressions.parse import parse
from runner.findings import Finding
from runner.results.quantities import Parts
from runner.verdicts.knowledge import gather
from tests.executed import put, swap
from tests.limited import limited
from tests.toy_results import Reached

REACHED: dict[str, Reached] = {
    "everyone": {"r2": 0.6, "bound": 0.785},
    "unbiased": {"bound": 0.5},
    "leaky": 0.931,
    "honest": 0.7,
    "level": 0.79,
}
LEAK = "leak? `leaky.r2` is 0.9310, above the ceiling `everyone.bound` 0.7850 [0.7272, 0.8204] on the same rows"


def leaks(root: Path) -> list[Finding]:
    """Return what check reports of leaks, and see that nothing else is an error of the documents."""
    found = workflow.check(root).findings
    assert {finding.code for finding in found if finding.fixed_by != "render"} <= {"LG116"}, found
    return [finding for finding in found if finding.code == "LG116"]


def expecting(folder: Path, predicate: str, **more: str) -> Path:
    """Write a base that expects something of its limits."""
    return limited(folder, REACHED, f"expect:\n  S1: {predicate}\n", **more)


@pytest.mark.parametrize("predicate", ["leaky.r2 <= everyone.bound", "leaky.r2 < everyone.bound"])
def test_a_score_above_its_ceiling_is_one_error(tmp_path: Path, predicate: str) -> None:
    """At its place, with both values, the interval of the ceiling, and where to look."""
    (finding,) = leaks(expecting(tmp_path, predicate))

    assert (str(finding.place), finding.severity) == ("logg/lim/exp/one.md:16:7", "error")
    assert finding.message == LEAK
    assert finding.fix.startswith("look for test rows among the training rows, sigma among the inputs")


@pytest.mark.parametrize(
    ("predicate", "said"),
    [
        ("everyone.bound >= leaky.r2", LEAK),
        ("leaky.r2 > everyone.bound", LEAK),
        ("not leaky.r2 > everyone.bound", LEAK),
        ("leaky.r2 <= everyone.bound or leaky.r2 > 2 * leaky.r2", LEAK),
        ("0 < leaky.r2 <= everyone.bound", LEAK),
        ("leaky.mae > 0 and leaky.r2 <= everyone.bound", LEAK),
        ("honest.r2 <= everyone.bound and leaky.r2 <= everyone.bound", LEAK),
        ("leaky.old.r2 <= everyone.old.bound", "`leaky.old.r2` is"),
    ],
)
def test_the_comparison_may_stand_in_more(tmp_path: Path, predicate: str, said: str) -> None:
    """Whichever way round, in a chain, beside others, on a slice."""
    (finding,) = leaks(expecting(tmp_path, predicate))

    assert said in finding.message


@pytest.mark.parametrize(
    "predicate",
    [
        "honest.r2 <= everyone.bound",  # it holds
        "level.r2 <= everyone.bound",  # undecided
        "leaky.r2 <= unbiased.bound",  # that bound is not for all
        "leaky.r2 <= everyone.r2max",  # a median over rows bounds nobody
        "leaky.r2 <= everyone.r2",  # a score is no bound
        "leaky.mae <= everyone.bound",
        "leaky.r2 <= 0.8",
        "leaky.r2 <= everyone.bound + 0.01",
        "across(leaky.r2 <= everyone.young.bound)",
    ],
)
def test_anything_else_is_silent(tmp_path: Path, predicate: str) -> None:
    """Holding, undecided, of another form, or of bounds that do not hold for every estimator."""
    assert leaks(expecting(tmp_path, predicate)) == []


def test_rows_chosen_by_the_target_have_no_ceiling(tmp_path: Path) -> None:
    """Who knows how they were chosen knows more than the bound allows for; other slices are asked."""
    predicate = "leaky.SLICE.r2 <= everyone.SLICE.bound"
    sliced = "\n  most: weight > -9\n  many: age > 0"

    assert leaks(expecting(tmp_path / "a", predicate.replace("SLICE", "most"), sliced=sliced)) == []
    assert len(leaks(expecting(tmp_path / "b", predicate.replace("SLICE", "many"), sliced=sliced))) == 1


def test_a_ceiling_is_not_asked_of_its_own_run(tmp_path: Path) -> None:
    """Whether its predictions are as good as it says is a question of its calibration."""
    reached: dict[str, Reached] = {"everyone": {"r2": 0.95, "bound": 0.7}}
    predicate = "expect:\n  S1: everyone.r2 <= everyone.bound\n"

    assert leaks(limited(tmp_path, reached, predicate)) == []


def test_every_part_is_asked_and_the_worst_is_told(tmp_path: Path) -> None:
    """On every part of a partition: one error for the predicate, at the part where it is least likely to hold."""
    inner = "leaky.half(*).r2 <= everyone.half(*).bound"
    reached: dict[str, Reached] = {"everyone": {"bound": 0.6}, "leaky": 0.84}
    (finding,) = leaks(limited(tmp_path, reached, f"expect:\n  S1: all({inner})\n"))
    known = gather(tmp_path)
    parts = known.evaluator.worth(inner, parse(inner), known.library.named("LIM-1"))

    assert isinstance(parts, Parts)
    assert {part: truth.probability for part, truth in parts.by_name.items()} == {"20–40": 0.018, "40–60": 0.0}
    assert finding.message.startswith("leak? `leaky.half(*).r2` is 0.")
    assert finding.message.endswith("on the same rows (40–60)")


def test_names_stand_for_what_they_name(tmp_path: Path) -> None:
    """Behind definitions, aliases and in claims and gates of other documents."""
    root = limited(tmp_path, REACHED, "define:\n  reached: leaky.r2\n  limit: everyone.bound\n")
    hub = """---
kind: hub
id: LIM-hub
title: What we hold
date: 2026-01-03
cites: {one: LIM-1, every: LIM-1/everyone}
claims:
  K1: one.reached <= one.limit
  K2: one.leaky.r2 <= every.bound
---

# What we hold
"""
    roadmap = """---
kind: roadmap
id: LIM-roadmap
title: What to do
date: 2026-01-03
cites: {one: LIM-1}
gates:
  Gate-1:
    one.leaky.r2 <= one.everyone.bound: {do: go on}
    else: {do: look for the leak}
---

# What to do
"""
    put(root, "logg/lim/lim-hub.md", hub)
    put(root, "logg/lim/lim-roadmap.md", roadmap)

    found = leaks(root)

    assert [str(finding.place) for finding in found] == [
        "logg/lim/lim-hub.md:8:7",
        "logg/lim/lim-hub.md:9:7",
        "logg/lim/lim-roadmap.md:9:5",
    ]
    assert "`one.reached` is 0.9310, above the ceiling `one.limit` 0.7850" in found[0].message


def test_a_stated_variance_is_not_that_of_r2(tmp_path: Path) -> None:
    """A bound relative to another variance than R² says nothing about it."""
    root = expecting(tmp_path, "leaky.r2 <= everyone.bound", agreed="\nvariance: 20")

    assert leaks(root) == []


def test_before_any_run_there_is_nothing_to_say(tmp_path: Path) -> None:
    """Pending, or without the job it names."""
    root = expecting(tmp_path, "leaky.r2 <= everyone.bound")
    for path in (root / "logg/lim/results").iterdir():
        path.unlink()

    assert leaks(root) == []


def test_it_is_told_where_a_run_ends(tmp_path: Path) -> None:
    """A render, and so the closing lines of a run, report it and end with 1."""
    report = workflow.render(expecting(tmp_path, "leaky.r2 <= everyone.bound"), [])

    assert (report.code, [finding.message for finding in report.findings]) == (1, [LEAK])
    swap(tmp_path, "logg/lim/exp/one.md", "leaky.r2 <= everyone.bound", "honest.r2 <= everyone.bound")
    assert workflow.render(tmp_path, []).findings == []
