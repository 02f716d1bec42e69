"""Runs that give bounds beside runs that predict: every block shows what each has, and a dash for what it has not."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner import workflow
from runner.expressions.parse import parse
from runner.expressions.tokens import ExpressionRefused
from runner.findings import InputRefused
from runner.results.board import Board
from runner.results.evaluation import Pending
from runner.results.points import Lacking
from runner.verdicts.knowledge import gather
from tests.executed import put, read
from tests.limited import limited
from tests.orchard import block, rows
from tests.toy_results import Reached

BOTH: dict[str, Reached] = {"everyone": {"r2": 0.78, "bound": 0.785}, "unbiased": {"bound": 0.5}, "line": 0.7}
HUB = """---
kind: hub
id: LIM-hub
title: What we hold
date: 2026-01-03
protocol: tiny@1
noise: 1
cites: {one: LIM-1}
---

# What we hold

At most [?.???][one.everyone.bound], as a rule [?.??][one.unbiased.sigma].
"""


def value(root: Path, text: str) -> float:
    """Return what an expression is worth in the experiment."""
    known = gather(root)
    return known.evaluator.expression(text, parse(text), known.library.named("LIM-1")).point


def refused(root: Path, text: str) -> str:
    """Return why an expression is refused, with the stretch it points at."""
    with pytest.raises(ExpressionRefused) as error:
        value(root, text)
    return f"{text[error.value.start : error.value.end]}: {error.value}"


def test_results_show_a_dash_where_a_run_has_no_such_metric(tmp_path: Path) -> None:
    """One column for each metric that some run has; a bound is never the best, a score may be."""
    body = block(limited(tmp_path, BOTH), "LIM-1", "results")
    head = [cell.strip() for cell in body.splitlines()[0].strip("|").split("|")]
    everyone, unbiased, line, *_ = rows(body)

    assert head == ["job", "R²", "MAE (kg)", "bound", "R²max", "σ (kg)", "R², 95 % interval", "rows"]
    assert everyone[1] == "**0.7800**"
    assert (everyone[3], everyone[-1]) == ("0.7850", "80")
    assert unbiased[1:4] == ["–", "–", "0.5000"]
    assert unbiased[-2:] == ["–", "80"]
    assert line[3:6] == ["–"] * 3
    assert "**" not in "".join(everyone[3:])


def test_slices_show_the_runs_that_have_the_first_metric(tmp_path: Path) -> None:
    """A run without it would be a column of dashes."""
    root = limited(tmp_path, BOTH)

    assert "| slice | rows | everyone | line |" in block(root, "LIM-1", "results")
    alone = block(limited(tmp_path / "alone", {"unbiased": {"bound": 0.5}}), "LIM-1", "results")
    assert alone.splitlines()[0] == "| job | bound | R²max | σ (kg) | bound, 95 % interval | rows |"
    assert "By slice, bound:" in alone
    assert "best values" not in alone
    two = limited(tmp_path / "two", {"unbiased": {"bound": 0.5}, "everyone": {"bound": 0.4}})
    assert "best values" not in block(two, "LIM-1", "results")
    one = limited(tmp_path / "one", {"unbiased": {"bound": 0.5}, "line": 0.7})
    assert "best values" not in block(one, "LIM-1", "results")
    assert "best values" in block(root, "LIM-1", "results")


def test_seeds_are_taken_together_where_a_run_has_the_metric(tmp_path: Path) -> None:
    """The mean of the bounds over seeds; a metric they have not is a dash there too."""
    drawn: dict[str, Reached] = {"drawn(seed=1)": {"bound": 0.5}, "drawn(seed=2)": {"bound": 0.6}, "line": 0.7}

    found = rows(block(limited(tmp_path, drawn, "sweep: {seed: [1, 2]}\n"), "LIM-1", "results"))

    assert found[0][:4] == ["drawn · 2 seeds", "–", "–", "0.5500"]


def test_a_table_leaves_cells_empty_but_no_column(tmp_path: Path) -> None:
    """A dash where a job lacks the metric; a column that no job has is refused by name."""
    root = limited(tmp_path, BOTH)

    found = rows(block(root, "LIM-1", "table", rows=["unbiased", "line"], cols=["r2", "bound"]))

    assert found == [["unbiased", "–", "0.5000"], ["line", "0.7000", "–"]]
    with pytest.raises(InputRefused, match="column `bound`: `line` gives no bounds, so it has no bound") as error:
        block(root, "LIM-1", "table", rows=["line"], cols=["r2", "bound"])
    assert error.value.fix == "it has r2, mae"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("unbiased.r2", "r2: LG302 `unbiased` predicts nothing, so it has no r2 -> it has bound, r2max, sigma"),
        ("unbiased.old.mae", "mae: LG302 `unbiased` predicts nothing, so it has no mae -> it has bound, r2max, sigma"),
        ("line.bound", "bound: LG302 `line` gives no bounds, so it has no bound -> it has r2, mae"),
        ("line.r2 - line.sigma", "sigma: LG302 `line` gives no bounds, so it has no sigma -> it has r2, mae"),
        ("line.r2max_p10", "r2max_p10: LG302 unknown name `r2max_p10` -> list it under `metrics:` of the protocol"),
        ("line.old.bias", "bias: LG302 unknown name `bias` -> list it under `metrics:` of the protocol"),
    ],
)
def test_what_a_run_does_not_have_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    """With what it has instead, or what would give it."""
    assert refused(limited(tmp_path, BOTH), text) == said


def test_a_definition_names_what_is_wrong_in_it(tmp_path: Path) -> None:
    """So that the reader need not look it up; a cell that asks for it stays empty as it would without."""
    root = limited(tmp_path, BOTH, "define:\n  gap: unbiased.r2 - line.r2\n")

    assert "in `gap`: `unbiased` predicts nothing, so it has no r2" in refused(root, "gap")
    with pytest.raises(Lacking):
        value(root, "gap")


def test_before_any_run_all_is_pending(tmp_path: Path) -> None:
    """Nobody knows yet what a job gives."""
    root = limited(tmp_path, BOTH, "expect:\n  H1: unbiased.r2 > 0.5\n")
    for path in (root / "logg/lim/results").iterdir():
        path.unlink()

    with pytest.raises(Pending):
        value(root, "unbiased.r2")
    assert [finding for finding in workflow.check(root).findings if finding.fixed_by != "render"] == []


def test_a_job_alone_stands_for_the_first_metric_it_has(tmp_path: Path) -> None:
    """Of a figure: what predicts for its R², what bounds for its bound."""
    root = limited(tmp_path, BOTH)
    known = gather(root)
    board = Board(known.evaluator, known.library.named("LIM-1"))

    assert {job: round(board.quantity(job).point, 4) for job in BOTH} == {
        "everyone": 0.78, "unbiased": 0.5, "line": 0.7,
    }  # fmt: skip
    assert (board.measure(["unbiased"]), board.measure(["unbiased.sigma"])) == ("bound", "σ (kg)")


def test_a_scoreboard_lists_what_has_its_metric(tmp_path: Path) -> None:
    """By default the first of the protocol that some model has."""
    root = limited(tmp_path, BOTH)
    put(root, "logg/lim/lim-hub.md", HUB)

    assert [row[1] for row in rows(block(root, "LIM-hub", "scoreboard"))] == ["everyone · limit", "line · ridge"]
    bounded = rows(block(root, "LIM-hub", "scoreboard", metric="bound"))
    assert [row[1:3] for row in bounded] == [["everyone · limit", "0.7850"], ["unbiased · some", "0.5000"]]
    assert [row[3] for row in rows(block(root, "LIM-hub", "leaderboard"))] == ["R² 0.7800", "R² 0.7000"]
    alone = limited(tmp_path / "alone", {"unbiased": {"bound": 0.5}})
    put(alone, "logg/lim/lim-hub.md", HUB)
    assert [row[3] for row in rows(block(alone, "LIM-hub", "leaderboard"))] == ["bound 0.5000"]


def test_numbers_and_citations_are_written_like_any_other(tmp_path: Path) -> None:
    """With the unit of the target where they have one."""
    root = limited(tmp_path, BOTH)
    put(root, "logg/lim/lim-hub.md", HUB)

    assert [row[:2] for row in rows(block(root, "LIM-hub", "numbers"))] == [
        ["`one.everyone.bound`", "0.7850"],
        ["`one.unbiased.sigma`", f"{value(root, 'unbiased.sigma'):.4f} kg"],
    ]
    assert workflow.render(root, []).code == 0
    assert "At most [0.785][one.everyone.bound]" in read(root, "logg/lim/lim-hub.md")


def test_the_terminal_shows_the_first_metric_of_every_run(tmp_path: Path) -> None:
    """What predicts nothing is not left out."""
    lines = workflow.show(limited(tmp_path, BOTH), "LIM-1").lines

    shown = [line.split()[:2] for line in lines if line.startswith(tuple(BOTH))]
    assert shown == [["everyone.r2", "0.7800"], ["line.r2", "0.7000"], ["unbiased.bound", "0.5000"]]


def test_every_run_has_its_rows(tmp_path: Path) -> None:
    """The number of rows is known of what only bounds, too."""
    root = limited(tmp_path, BOTH)

    assert (value(root, "unbiased.n"), value(root, "unbiased.half(30).n")) == (80, value(root, "line.half(30).n"))


def test_facts_are_listed_where_they_are(tmp_path: Path) -> None:
    """No metric of a run that has none of it."""
    names = [each["name"] for each in workflow.facts(limited(tmp_path, BOTH), "", "LIM-1").data["values"]]

    assert "unbiased.old.sigma" in names
    assert not {"unbiased.r2", "line.bound"} & set(names)
    assert len(names) == len(set(names)) == 5 * (5 + 3 + 2)


LANGUAGES = [("en", "| variance | 12.5: bounds are compared"), ("zh", "| 方差 | 12.5: 界限")]


@pytest.mark.parametrize(("lang", "said"), LANGUAGES)
def test_a_protocol_says_what_bounds_are_compared_with(tmp_path: Path, lang: str, said: str) -> None:
    """Where it states a variance; else it is that of the rows, as in R², and goes without saying."""
    root = limited(tmp_path, BOTH, agreed=f"\nlang: {lang}\nvariance: 12.5")

    assert said in block(root, "tiny@1", "protocol")
    assert "variance" not in block(limited(tmp_path / "plain", BOTH), "tiny@1", "protocol")
