"""Declared tables: rows over an axis, a partition or jobs, and what stands where they meet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runner.expressions.parse import parse
from runner.findings import InputRefused
from runner.rendering.desk import Desk, lay
from runner.rendering.page import render_page
from runner.rendering.tables import Table, table
from runner.verdicts.knowledge import Knowledge, gather
from tests.swept import EXPERIMENT, file, swept

AXES = ["n", "net.r2", "line.r2", "gap", "net.r2 - prev(net.r2)"]


@pytest.fixture(scope="module")
def filed(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """File the swept base once."""
    root = swept(tmp_path_factory.mktemp("base"))
    return file(root)


def desk(knowledge: Knowledge) -> Desk:
    """Lay the experiment on the desk."""
    return lay(knowledge.library.named("TOY-S"), knowledge)


def made(knowledge: Knowledge, **arguments: Any) -> Table:
    """Return the table that a block with these arguments declares."""
    return table(arguments, desk(knowledge))


def point(knowledge: Knowledge, text: str) -> float:
    """Return the value of an expression."""
    return knowledge.evaluator.expression(text, parse(text), knowledge.library.named("TOY-S")).point


def test_rows_over_an_axis_ask_each_column_at_its_values(filed: Knowledge) -> None:
    """A family, a mean over seeds and a count stand in one row; `prev` looks at the row above."""
    found = made(filed, rows="train", cols=AXES)

    assert [label for label, _ in found.rows] == ["50k", "1M"]
    first, second = (cells for _, cells in found.rows)
    assert [cell.count for cell in (first[0], second[0])] == [80, 80]
    values = [cell.quantity.point for cell in second[1:] if cell.quantity]
    low, high = point(filed, "net(50k).r2"), point(filed, "net(1M).r2")
    assert values == [high, point(filed, "line(1M).r2"), point(filed, "gap(1M)"), high - low]
    assert first[4].quantity is None
    assert [cell.signed for cell in second] == [False, False, False, False, True]


def test_rows_over_seeds_take_the_mean_apart(filed: Knowledge) -> None:
    """One row per seed, also of a definition; a job that draws nothing says the same in each."""
    found = made(filed, rows="seed", at={"train": "1M"}, cols=["line.r2", "gap", "net.r2"])

    assert [label for label, _ in found.rows] == ["1", "2", "3"]
    line, gap, net = zip(
        *([cell.quantity.point for cell in cells if cell.quantity] for _, cells in found.rows), strict=True
    )
    assert set(line) == {point(filed, "line(1M).r2")}
    assert list(net) == [point(filed, f"net(1M, seed={seed}).r2") for seed in (1, 2, 3)]
    assert sum(gap) / 3 == pytest.approx(point(filed, "gap(1M)"))
    assert [label for label, _ in made(filed, rows="seed", at={"train": "1M"}, cols=["gap"]).rows] == ["1", "2", "3"]


def test_rows_over_a_partition_slice_each_column(filed: Knowledge) -> None:
    """Bare metrics are those of the bin, other axes are set by `at`, and the bin's rows are counted."""
    found = made(filed, rows="half", at={"train": "1M"}, cols=["n", "net.r2"], ci="true")

    assert [label for label, _ in found.rows] == ["20–40", "40–60"]
    assert sum(cells[0].count or 0 for _, cells in found.rows) == 80
    second = found.rows[1][1][1].quantity
    assert second is not None
    assert second.point == point(filed, "net(1M).half(50).r2")
    assert found.intervals


def test_rows_of_jobs_lend_their_name_to_bare_metrics(filed: Knowledge) -> None:
    """`r2` is that of the row's job, `prev` that of the job above, and full addresses stay what they are."""
    found = made(filed, rows=["net", "line"], at={"train": "1M"}, cols=["r2", "r2 - prev(r2)", "net.r2"])

    net, line = point(filed, "net(1M).r2"), point(filed, "line(1M).r2")
    values = [[cell.quantity.point if cell.quantity else None for cell in cells] for _, cells in found.rows]
    assert values == [[net, None, net], [line, line - net, net]]
    assert found.over == ""


def test_heads_are_words_where_they_can_be(filed: Knowledge) -> None:
    """A plain metric is called by its symbol, an expression is shown as it is written."""
    heads = made(filed, rows="train", cols=AXES).heads

    assert [(head.text, head.code) for head in heads] == [
        ("n", False),
        ("net R²", False),
        ("line R²", False),
        ("gap", False),
        ("net.r2 - prev(net.r2)", True),
    ]


def test_a_run_that_was_not_asked_for_leaves_a_hole(tmp_path: Path) -> None:
    """Where one column varies over fewer values, the others keep their rows."""
    other = EXPERIMENT.replace("TOY-S", "TOY-T").replace("[50k, 1M]", "[1M]").replace("net(50k)", "net(1M)")
    cited = EXPERIMENT.replace("define:", "cites: {t: TOY-T}\ndefine:")
    root = swept(tmp_path, cited, toy__exp__other=other)
    file(root, "TOY-T")
    found = made(file(root), rows="train", cols=["net.r2", "t.net.r2"])

    assert [[cell.quantity is None for cell in cells] for _, cells in found.rows] == [[False, True], [False, False]]


def test_what_was_never_run_is_a_hole_with_a_reason(tmp_path: Path) -> None:
    """A table of an experiment without a result stands, empty, and says who owes the values."""
    found = table({"rows": "train", "cols": ["net.r2"]}, desk(gather(swept(tmp_path))))

    assert [[cell.quantity for cell in cells] for _, cells in found.rows] == [[None], [None]]
    assert "TOY-S has no result yet" in found.pending


@pytest.mark.parametrize(
    ("arguments", "message", "fix"),
    [
        ({"rows": "train"}, "a table needs a list `cols`", "write cols: [a.r2, b.r2]"),
        (
            {"rows": "patch", "cols": ["net.r2"]},
            "nothing in this table varies over `patch`",
            "there is half, seed, stage, train",
        ),
        (
            {"rows": "train", "cols": ["net(1M).r2"]},
            "nothing in this table varies over `train`",
            "leave train open in a column",
        ),
        ({"rows": "train", "cols": ["net.rmsd"]}, "column `net.rmsd`: unknown name `rmsd`", "did you mean `rmse`?"),
        (
            {"rows": "stage", "cols": ["net.r2"]},
            "column `net.r2`: `net` has several values of train",
            "name one, net(50k), or all, net(*)",
        ),
    ],
)
def test_a_table_that_cannot_be_made_says_why(
    filed: Knowledge, arguments: dict[str, Any], message: str, fix: str
) -> None:
    """The message names the column, the remedy what there is."""
    with pytest.raises(InputRefused) as refusal:
        table(arguments, desk(filed))

    assert (refusal.value.message, refusal.value.fix) == (message, fix)


def test_a_table_reads_well_on_the_page(tmp_path: Path) -> None:
    """Signs where a column is a difference, dashes for holes, the symbol of the metric in the head."""
    columns = "n, net.r2, net.r2 - prev(net.r2), argmax(net.stage(*).r2)"
    block = f"\n# A toy\n\n<!-- logg: table\nrows: train\ncols: [{columns}]\n-->\n"
    knowledge = file(swept(tmp_path, EXPERIMENT + block))
    page = render_page(knowledge.library.named("TOY-S"), knowledge)

    assert page.findings[0].code == "LG103"
    lines = [line for line in page.text.split("\n") if line.startswith("|")]
    assert lines[:2] == [
        "| train | n | net R² | `net.r2 - prev(net.r2)` | `argmax(net.stage(*).r2)` |",
        "| :-- | --: | --: | --: | --: |",
    ]
    assert lines[2].startswith("| 50k | 80 | 0.")
    assert "| – |" in lines[2]
    assert ("+" in lines[3]) != ("−" in lines[3])
    assert lines[3].rstrip(" |").endswith(("child", "teen", "grown"))
