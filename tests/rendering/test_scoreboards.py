"""Scoreboards: one row set per list, the best model first, everything else counted and not ranked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from runner import workflow
from runner.rendering.configuration import Together
from runner.rendering.scoreboards import Model, _same_fits
from runner.results.files import RECORDED
from runner.results.quantities import Quantity
from tests import knowledge, toy_results
from tests.executed import add, codes, swap
from tests.knowledge import file as file_toy
from tests.knowledge import guess, toy
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


def recorded(root: Path, *lines: str) -> Path:
    """Record facts that come without rows in place of the best run of the first report."""
    path = root / "made.csv"
    path.write_text("address,value,low,high,n,population\n" + "".join(f"{line}\n" for line in lines))
    workflow.record(root, "TEA-1", path)
    return root


def test_what_was_recorded_on_other_rows_has_no_rank(tmp_path: Path) -> None:
    """A better number on somebody else's rows is counted, and the board keeps the rows of its protocol."""
    root = recorded(orchard(tmp_path), "strong.r2,0.999,0.99,0.9999,500,their rows")

    body, leaders = block(root, "TEA-hub", "scoreboard"), block(root, "logg/index.md", "leaderboard")

    assert rows(body)[0][1:3] == ["small · ridge", "0.7000"]
    assert "strong" not in body
    assert "tiny@1 test · noise 1 · n = 80" in body
    assert "1 × [tiny@1](../protocols/tiny.md) (recorded), 1 × [tiny@1](../protocols/tiny.md) (other settings)" in body
    assert "0.9990" not in leaders
    assert "n = 500" not in leaders


def test_a_row_set_with_recorded_facts_alone_has_no_ranks(tmp_path: Path) -> None:
    """Nothing is left to rank, and still the model is counted."""
    root = toy(tmp_path)
    path = root / "made.csv"
    path.write_text("address,value,low,high,n,population\nstrong.r2,0.999,,,500,their rows\n")
    workflow.record(root, "TOY-1", path)

    body = block(root, "TOY-1", "scoreboard")

    assert rows(body) == []
    assert "No model has been scored on these rows yet." in body
    assert "1 × [tiny@1](../../protocols/tiny.md) (recorded)" in body
    assert block(root, "TOY-1", "leaderboard") == "No model has been scored on these rows yet."


def test_a_leaderboard_of_an_unknown_protocol_is_refused(tmp_path: Path) -> None:
    """The name of a protocol is a promise that there is one."""
    root = orchard(tmp_path)
    add(root, "logg/index.md", "<!-- logg: leaderboard {protocol: tiny@2} -->")

    assert codes(workflow.render(root, ["logg/index.md"]).findings) == ["LG207"]


def test_seeds_of_a_model_are_one_line(tmp_path: Path) -> None:
    """A model that was fitted with several seeds is ranked by their mean, and says how many there are."""
    root = swept(tmp_path)
    base = file(root)
    document = base.library.named("TOY-S")

    found = {(row[1], row[4]): float(row[2]) for row in rows(block(root, "TOY-S", "scoreboard"))}

    fact = base.store.scores(document).values
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


def twins(root: Path, identity: str, r2: float, run: str = "strong") -> Path:
    """Declare the jobs of the first report once more under another id, one of which reached another value."""
    text = (root / "logg/tea/exp/one.md").read_text(encoding="utf-8")
    text = text.replace("TEA-1", identity).replace("title: One cup", f"title: {identity}").replace("mvp: MVP-1\n", "")
    knowledge.write(root, {f"tea/exp/{identity.lower()}.md": text})
    toy_results.file(root, {identity: {"weak": 0.5, "strong": 0.9, run: r2}})
    return root


def test_one_fit_under_several_names_is_one_line(tmp_path: Path) -> None:
    """The same keys and value: the first report has the line, the others are named with a link to theirs."""
    root = twins(orchard(tmp_path), "TEA-7", 0.9)

    found = rows(block(root, "TEA-hub", "scoreboard"))
    leaders = rows(block(root, "logg/index.md", "leaderboard", protocol="tiny@1"))

    same = "strong · ridge (same fit as strong · ridge [TEA-7](exp/tea-7.md))"
    assert [row[0] for row in found] == ["1", "2", "3", "4"]
    assert (found[0][1], found[0][5]) == (same, "[One cup](exp/one.md)")
    assert leaders[1][2] == same.replace("exp/", "tea/exp/")
    assert "1 more are not shown" in block(root, "TEA-hub", "scoreboard", top=3)


def test_the_same_spec_with_another_outcome_has_its_own_line(tmp_path: Path) -> None:
    """A fit that came out visibly different is not hidden behind a better one."""
    found = rows(block(twins(orchard(tmp_path), "TEA-7", 0.89), "TEA-hub", "scoreboard"))

    assert [row[1:3] for row in found[:2]] == [["strong · ridge", "0.9000"], ["strong · ridge", "0.8900"]]


def test_equal_predictions_are_one_line(tmp_path: Path) -> None:
    """Two jobs of one report that predict the same are one model with two names."""
    root = toy(tmp_path)
    file_toy(root, "TOY-1", {"weak": guess(root, 1), "strong": guess(root, 1)})

    assert [row[1] for row in rows(block(root, "TOY-1", "scoreboard"))] == ["strong · ridge (same fit as weak · ridge)"]


def test_what_was_recorded_from_one_file_is_not_one_fit(tmp_path: Path) -> None:
    """Its key is that of the file, which holds several; their predictions tell them apart."""
    root = toy(tmp_path)
    found = file_toy(root, "TOY-1", {"weak": guess(root, 1), "strong": guess(root, 1, seed=2)})
    weak, strong = (found.store.result(found.library.named("TOY-1")).runs[name] for name in ("weak", "strong"))  # type: ignore[union-attr]
    filed = [replace(run, job=RECORDED, fit="f", asked="a") for run in (weak, strong)]
    models = [Model(None, Together("weak", None, {}, ("weak",), (run,)), {}) for run in filed]  # type: ignore[arg-type]
    value = Quantity(np.array([0.5]))

    assert len(_same_fits([(model, value) for model in models])) == 2
