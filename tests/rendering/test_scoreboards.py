"""Scoreboards: one row set per list, the best model first, everything else counted and not ranked."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner import workflow
from tests.executed import add, codes, swap
from tests.orchard import block, orchard, planted, rows
from tests.swept import file, swept


def test_models_on_the_rows_of_a_hub_are_ranked(tmp_path: Path) -> None:
    """The best comes first with its interval, its training rows and its report; what was retired is not listed."""
    body = block(orchard(tmp_path), "TEA-hub", "scoreboard")

    assert [(row[0], row[1], row[2], row[4], row[5]) for row in rows(body)] == [
        ("1", "strong · ridge", "0.9000", "200", "[One cup](exp/one.md)"),
        ("2", "small · ridge", "0.7000", "200", "[Two cups](exp/two.md)"),
        ("3", "small · ridge", "0.6000", "100", "[Two cups](exp/two.md)"),
        ("4", "weak · ridge", "0.5000", "200", "[One cup](exp/one.md)"),
    ]
    assert all(row[3].startswith("[0.") for row in rows(body))
    assert "tiny@1 test · noise 1 · n = 80 · Intervals cover" in body


def test_models_on_other_rows_are_counted_and_not_listed(tmp_path: Path) -> None:
    """Without noise a model scores 0.95: no better and no worse, on other rows."""
    body = block(orchard(tmp_path), "TEA-hub", "scoreboard")

    assert "0.9500" not in body
    assert "not listed here: 1 × [tiny@1](../protocols/tiny.md) (other settings)" in body


def test_the_axes_of_a_hub_choose_the_rows(tmp_path: Path) -> None:
    """A hub that names no noise speaks of rows without any, as experiments do."""
    root = orchard(tmp_path)
    swap(root, "logg/tea/tea-hub.md", "noise: 1\n", "")

    body = block(root, "TEA-hub", "scoreboard")

    assert [row[1] for row in rows(body)] == ["ridge"]
    assert "4 × [tiny@1]" in body


def test_errors_rank_from_the_smallest_and_slices_have_their_rows(tmp_path: Path) -> None:
    """Another metric, another slice and a shorter list are arguments."""
    body = block(orchard(tmp_path), "TEA-hub", "scoreboard", metric="mae", top=2, slice="young")

    found = rows(body)
    assert [row[0] for row in found] == ["1", "2"]
    assert float(found[0][2]) < float(found[1][2])
    assert "MAE (kg)" in body
    assert "tiny@1 test · noise 1 · young · n = 39" in body
    assert "2 more are not shown." in body


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("{metric: r3}", "LG302"),
        ("{slice: yung}", "LG302"),
        ("{slice: young.r2}", "LG208"),
        ("{slice: young + 1}", "LG208"),
        ("{slice: '('}", "LG301"),
        ("{top: none}", "LG208"),
        ("{top: 0}", "LG208"),
        ("{best: 1}", "LG208"),
    ],
)
def test_arguments_that_mean_nothing_are_refused(tmp_path: Path, arguments: str, code: str) -> None:
    """A wrong metric, slice or number is one finding at the block, and the block stays as it is."""
    root = planted(tmp_path)
    add(root, "logg/cha/cha-hub.md", f"<!-- logg: scoreboard {arguments} -->")

    report = workflow.render(root, ["CHA-hub"])

    assert codes(report.findings) == [code]
    assert report.findings[0].place.path == "logg/cha/cha-hub.md"
    assert report.findings[0].place.line == 17


def test_a_document_without_a_protocol_has_no_scoreboard(tmp_path: Path) -> None:
    """A page names no rows, so nothing can be ranked on it."""
    root = orchard(tmp_path)
    add(root, "logg/index.md", "<!-- logg: scoreboard -->")

    assert codes(workflow.render(root, ["logg/index.md"]).findings) == ["LG208"]


def test_a_leaderboard_ranks_every_row_set_by_itself(tmp_path: Path) -> None:
    """Ranks start anew for each protocol and noise; three models each unless told otherwise."""
    body = block(orchard(tmp_path), "logg/index.md", "leaderboard")

    assert [(row[0], row[1], row[2], row[3]) for row in rows(body)] == [
        ("**[tiny@1](protocols/tiny.md)** · noise 0 · n = 80", "1", "ridge", "R² 0.9500"),
        ("**[tiny@1](protocols/tiny.md)** · noise 1 · n = 80", "1", "strong · ridge", "R² 0.9000"),
        ("", "2", "small · ridge", "R² 0.7000"),
        ("", "3", "small · ridge", "R² 0.6000"),
    ]
    assert [row[1] for row in rows(block(tmp_path, "logg/index.md", "leaderboard", top=1))] == ["1", "1"]


def test_a_leaderboard_of_an_unknown_protocol_is_refused(tmp_path: Path) -> None:
    """The name of a protocol is a promise that there is one."""
    root = orchard(tmp_path)
    add(root, "logg/index.md", "<!-- logg: leaderboard {protocol: tiny@2} -->")

    assert codes(workflow.render(root, ["logg/index.md"]).findings) == ["LG207"]


def test_seeds_of_a_model_are_one_line(tmp_path: Path) -> None:
    """A model that was fitted with several seeds is ranked by their mean, and says how many there are."""
    root = swept(tmp_path)
    knowledge = file(root)
    document = knowledge.library.named("TOY-S")

    found = {(row[1], row[4]): float(row[2]) for row in rows(block(root, "TOY-S", "scoreboard"))}

    fact = knowledge.store.scores(document).values
    mean = sum(fact[f"net(seed={seed}, train=1000000)", "all", "r2"][0] for seed in (1, 2, 3)) / 3
    assert found["net · mix · 3 seeds", "1M"] == pytest.approx(mean, abs=6e-5)
    assert {name for name, _ in found} == {"net · mix · 3 seeds", "line", "edge · bound"}
    assert ("line", "50k") in found


def test_without_results_a_scoreboard_says_so(tmp_path: Path) -> None:
    """One line in the language of the page, no empty table."""
    root = planted(tmp_path)

    assert block(root, "TEA-hub", "scoreboard") == "No model has been scored on these rows yet."
    assert block(root, "CHA-hub", "leaderboard") == "这些行上尚无模型评估。"


def test_a_stale_result_says_so(tmp_path: Path) -> None:
    """A model whose experiment changed since keeps its place, marked."""
    root = orchard(tmp_path)
    swap(root, "logg/tea/exp/two.md", "alpha: 0.5", "alpha: 0.7")

    assert "[Two cups](exp/two.md) · stale" in block(root, "TEA-hub", "scoreboard")


def test_one_unreadable_document_stops_the_ranking(tmp_path: Path) -> None:
    """While one document cannot be read, nobody knows who is best; the block says which."""
    root = orchard(tmp_path)
    swap(root, "logg/tea/exp/three.md", "train: 200", "train: {200")
    add(root, "logg/cha/cha-hub.md", "<!-- logg: scoreboard -->")

    found = [finding for finding in workflow.render(root, ["CHA-hub"]).findings if finding.code == "LG208"]

    assert len(found) == 1
    assert "logg/tea/exp/three.md" in found[0].message
