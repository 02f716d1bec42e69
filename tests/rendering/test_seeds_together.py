"""The table of results where a sweep has seeds: one line per point, with the mean over seeds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from runner.expressions.parse import parse
from runner.plans.specs import JobRun
from runner.rendering import templates, titles, wording
from runner.rendering.desk import lay
from runner.rendering.view import View
from runner.verdicts.knowledge import Knowledge, gather
from tests.knowledge import guess as base_guess
from tests.knowledge import write
from tests.orchard import block, rows
from tests.swept import EXPERIMENT, file, guess, swept

POINTS = ["net · train 50k · 3 seeds", "net · train 1M · 3 seeds", "line · train 50k", "line · train 1M", "edge"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Write the base whose experiment varies training rows and seeds."""
    return swept(tmp_path)


def view(knowledge: Knowledge) -> View:
    """Look at the experiment as a template does."""
    return View(lay(knowledge.library.named("TOY-S"), knowledge))


def worth(knowledge: Knowledge, text: str) -> float:
    """Return the value of an expression."""
    return knowledge.evaluator.expression(text, parse(text), knowledge.library.named("TOY-S")).point


def test_the_seeds_of_a_point_take_one_line(root: Path) -> None:
    """What the line says is what the address without a seed means, its interval included."""
    knowledge = file(root)

    lines = rows(block(root, "TOY-S", "results"))

    assert [line[0] for line in lines[: len(POINTS)]] == POINTS
    assert lines[0][1].strip("*") == wording.number(worth(knowledge, "net(50k).r2"))
    quantity = knowledge.evaluator.expression("net(50k).r2", parse("net(50k).r2"), knowledge.library.named("TOY-S"))
    assert lines[0][5] == wording.interval(quantity.interval).replace("\u00a0", " ")


def test_the_best_is_the_best_mean(root: Path) -> None:
    """No seed that was lucky is bold: means are compared."""
    seen = view(file(root))

    means = {name: seen.fact(name, "r2") for name in seen.runs}
    best = max(means, key=lambda name: means[name].value or -np.inf)

    assert [name for name, fact in means.items() if fact.best] == [best]


def test_validation_is_the_mean_over_seeds_too(root: Path) -> None:
    """The column of the validation rows takes the same runs together."""
    knowledge = file(root)
    scored = knowledge.store.validation(knowledge.library.named("TOY-S"))
    expected = np.mean([scored[f"net(seed={seed}, train=50000)", "mae"] for seed in (1, 2, 3)])

    assert view(knowledge).validated("net(train=50000)", "mae") == pytest.approx(expected)
    assert view(knowledge).validated("line(train=50000)", "mae") == scored["line(train=50000)", "mae"]


def test_a_seed_that_failed_leaves_the_others_apart(root: Path) -> None:
    """There is no mean over what is not all there: each run of that point stands for itself."""

    def predict(folder: Path, run: JobRun) -> np.ndarray | str:
        return "it ran out of flour" if run.name == "net(seed=2, train=50000)" else guess(folder, run)

    seen = view(file(root, predict=predict))

    assert list(seen.runs)[:4] == [
        "net(seed=1, train=50000)",
        "net(seed=2, train=50000)",
        "net(seed=3, train=50000)",
        "net(train=1000000)",
    ]
    assert seen.runs["net(seed=2, train=50000)"].failed == "it ran out of flour"


def test_where_a_seed_failed_there_is_no_model_to_rank(root: Path) -> None:
    """Neither the mean of the others nor the luckiest of them: the list says that one is left out, no seed is bold."""

    def predict(folder: Path, run: JobRun) -> np.ndarray | str:
        if run.name == "net(seed=2, train=50000)":
            return "no flour"
        return base_guess(folder, 0.1 if run.name == "net(seed=1, train=50000)" else 2, seed=len(run.name))

    left = "Not every seed has a result, so not listed here: 1."
    file(root)
    assert left not in block(root, "TOY-S", "scoreboard")

    seen = view(file(root, predict=predict))
    body = block(root, "TOY-S", "scoreboard")

    best = [name for name in seen.runs if not seen.runs[name].failed and seen.fact(name, "r2").best]
    assert best
    assert not any("seed" in name for name in best)
    assert [row[4] for row in rows(body) if row[1].startswith("net")] == ["1M"]
    assert left in body


def test_what_is_not_declared_any_more_stands_for_itself(root: Path) -> None:
    """A filed run of no job of today comes last, under its own name."""
    knowledge = file(root)
    text = EXPERIMENT.replace("  edge: {job: bound, label: age}\n", "")
    write(root, {"toy/exp/swept.md": text})
    assert "edge" in view(knowledge).runs

    assert list(view(gather(root)).runs)[-2:] == ["line(train=1000000)", "edge"]


@pytest.mark.parametrize(
    ("sweep", "label"), [("[1, 2, 3]", "seeds_note"), ("[1, 2]", "seeds_note"), ("[7]", "interval_note")]
)
def test_a_page_says_what_its_intervals_cover(tmp_path: Path, sweep: str, label: str) -> None:
    """Several seeds are drawn again as the rows are; one adds nothing, and nothing is said of it."""
    other = EXPERIMENT.replace("TOY-S", "TOY-T").replace("  seed: [1, 2, 3]\n", "")
    hub = "---\nkind: hub\nid: TOY-hub\ntitle: Hub\ndate: 2026-01-02\n---\n"
    citing = hub.replace("TOY-hub", "TOY-citing").replace("date:", "cites: {s: TOY-S}\ndate:")
    text = EXPERIMENT.replace("seed: [1, 2, 3]", f"seed: {sweep}")
    root = swept(tmp_path, text, toy__exp__other=other, toy__hub=hub, toy__citing=citing)
    knowledge = gather(root)
    seen = {
        name: View(lay(knowledge.library.named(name), knowledge))
        for name in ("TOY-S", "TOY-T", "TOY-hub", "TOY-citing")
    }

    rows, asked = templates.labels("en")["interval_note"], templates.labels("en")[label]
    assert {name: view.interval_note for name, view in seen.items()} == {
        "TOY-S": asked,
        "TOY-T": rows,
        "TOY-hub": rows,
        "TOY-citing": asked,
    }
    assert seen["TOY-hub"].board_note == asked


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("net(50k).r2", True),
        ("net(50k).r2 - line(50k).r2", True),
        ("mean(net(50k, seed=*).r2)", True),
        ("sd(net(50k, seed=*).r2)", False),
        ("net(50k, seed=1).r2", False),
        ("line(50k).r2", False),
    ],
)
def test_a_title_names_seeds_where_they_were_drawn(root: Path, text: str, seeds: bool) -> None:  # noqa: FBT001 - a case
    """Beside an interval stands what was drawn again for it."""
    knowledge = file(root)
    found = knowledge.evaluator.expression(text, parse(text), knowledge.library.named("TOY-S"))

    said = {lang: titles.of_quantity(found, templates.labels(lang)) for lang in ("en", "zh")}

    assert said["en"].endswith("test rows and seeds" if seeds else "test rows")
    assert said["zh"].endswith("测试行与种子" if seeds else "测试行")
