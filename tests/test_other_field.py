"""Bread in Chinese: a base of another field, with its own data, jobs, units and words, through the real command line.

Nothing in it knows what the engine was first built for. It is executed once; what the tests look at is what a person
would find in the folder afterwards.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import yaml

from runner import cli, workflow
from runner.rendering.skeletons import Wish
from runner.results.arrays import unpack
from runner.results.populations import WHOLE
from runner.verdicts.knowledge import gather
from tests.executed import read, snapshot
from tests.other_field import data

HERE = Path(__file__).parent
PROJECT = HERE.parent
FIRST, MORE, PAIR = "BREAD-20260301-first-01", "BREAD-20260308-more-01", "BREAD-20260315-pair-01"
HUB, ROADMAP = "logg/bread/bread-hub.md", "logg/bread/bread-roadmap.md"
SITE = all(importlib.util.find_spec(package) for package in ("mkdocs", "material"))

Capture = pytest.CaptureFixture[str]


def run(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Call the command line as a person does, from inside the base."""
    command = [sys.executable, "-m", "runner", *words, "--root", str(root)]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def bread(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the base after `runner execute --all`; nobody writes into it."""
    root = tmp_path_factory.mktemp("bread")
    for folder in ("logg", "jobs"):
        shutil.copytree(HERE / "other_field" / folder, root / folder)
    shutil.copy(HERE / "other_field/pyproject.toml", root)
    data.write(root / "logg/bread/dough.npz")
    done = run(root, "execute", "--all", "--device", "cpu")
    assert done.returncode == 0, done.stdout + done.stderr
    return root


@pytest.fixture
def mine(bread: Path, tmp_path: Path) -> Path:
    """Return a copy of the executed base to write into."""
    return Path(shutil.copytree(bread, tmp_path / "mine"))


def answer(root: Path, capsys: Capture, *words: str) -> dict[str, object]:
    """Return what a verb answers as JSON, in this process."""
    assert cli.main([*words, "--json", "--root", str(root)]) == 0
    return dict(json.loads(capsys.readouterr().out))


def page(root: Path, identity: str) -> str:
    """Return the text of a document, its narrow blanks made plain."""
    text = gather(root).library.named(identity).source.text
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def worth(root: Path, text: str, identity: str) -> dict[str, Any]:
    """Return what an expression is worth in a document, with its interval."""
    return dict(workflow.facts(root, text, identity).data["values"][0])


def test_everything_agrees_after_the_run(bread: Path, capsys: Capture) -> None:
    """No finding at all, errors or warnings."""
    found = answer(bread, capsys, "check")

    assert (found["errors"], found["findings"]) == (0, [])


def test_a_second_run_does_nothing(bread: Path) -> None:
    """What is filed is not computed, written or drawn again, and no page is touched."""
    before = snapshot(bread / "logg")

    done = run(bread, "execute", "--all", "--device", "cpu")

    assert (done.returncode, snapshot(bread / "logg")) == (0, before)
    assert {line.partition(": ")[2] for line in done.stdout.splitlines()} == {"nothing to run"}


def test_rendering_is_a_fixed_point(mine: Path) -> None:
    """Rendering what is rendered writes nothing; made anew from the sources, every page is the same."""
    before = {name: content for name, (content, _) in snapshot(mine / "logg").items()}

    assert workflow.render(mine, []).data == {"written": [], "drawn": [], "edited": []}
    for source in (HERE / "other_field/logg").rglob("*.md"):
        shutil.copy(source, mine / source.relative_to(HERE / "other_field"))
    workflow.render(mine, [])

    assert {name: content for name, (content, _) in snapshot(mine / "logg").items()} == before


@pytest.mark.parametrize(
    "words",
    [
        ["status"],
        ["plan"],
        ["show", MORE],
        ["show", "BREAD-hub"],
        ["facts", "--in", MORE],
        ["facts", "win(*)", "--in", "BREAD-hub"],
        ["jobs"],
        ["jobs", "nearest"],
        ["schema"],
        ["check", "--coverage"],
    ],
)
def test_every_verb_knows_the_base(bread: Path, capsys: Capture, words: list[str]) -> None:
    """Text for people and JSON for programs, both without a complaint."""
    assert answer(bread, capsys, *words)
    assert cli.main([*words, "--root", str(bread)]) == 0
    assert capsys.readouterr().out.strip()


def test_a_plan_after_the_run_is_empty(bread: Path, capsys: Capture) -> None:
    """Every run is filed; each says on how many rows it was made and how long it took."""
    plans = answer(bread, capsys, "plan")["plans"]

    assert isinstance(plans, list)
    assert {entry["experiment"] for entry in plans} >= {FIRST, MORE, PAIR}
    assert not any(entry["runs"] for entry in plans if entry["experiment"] in {FIRST, MORE, PAIR})
    assert {entry["rows"]["train"] for entry in plans if entry["experiment"] == MORE} == {200, 800}


def test_the_schema_fits_every_front_matter(bread: Path, capsys: Capture) -> None:
    """An editor that checks front matters against the schema finds no fault with these, own jobs included."""
    schema = answer(bread, capsys, "schema")

    for document in gather(bread).library.documents:
        front = document.scan.front
        if front:
            text = document.source.text[slice(*front)]
            jsonschema.validate(yaml.load(text, yaml.BaseLoader), schema)  # noqa: S506 - scalars stay text


def test_what_is_written_is_chinese(bread: Path) -> None:
    """No sentence of the English labels reaches a page of a base whose labels are Chinese."""
    labels = yaml.safe_load((PROJECT / "templates/lang/en.yml").read_text(encoding="utf-8"))
    sentences = {text for text in labels.values() if isinstance(text, str) and text.count(" ") > 1 and "{" not in text}

    for path in (bread / "logg").rglob("*.md"):
        assert not [text for text in sentences if text in path.read_text(encoding="utf-8")], path


def test_the_facts_are_those_of_the_predictions(bread: Path) -> None:
    """The mean absolute error by hand, from the arrays that were filed: minutes, and fewer are better."""
    truth = unpack(bread / "logg/protocols/dough@1.rows.npz", "")["test/minutes"].astype(float)
    predicted = unpack(bread / f"logg/bread/results/{FIRST}.npz", "")
    errors = {job: np.abs(predicted[f"{job}/test"] - truth).mean() for job in ("line", "kin", "one", "stumps")}

    for job, error in errors.items():
        assert worth(bread, f"{job}.mae", FIRST)["value"] == pytest.approx(error)
    best = min(errors, key=lambda job: errors[job])
    assert f"| {best} | **{errors[best]:.4f}** |" in page(bread, FIRST)
    first = rf"\| 1 \| {best} · nearest \(同一拟合： \S+ .*\) \| {errors[best]:.4f} \|"
    assert re.search(first, page(bread, "BREAD-hub"))
    assert "MAE (min)" in page(bread, "BREAD-hub")


def test_slices_are_asked_by_name_and_by_value(bread: Path) -> None:
    """A part of a division over two columns has a name; of one over a single column, a value finds it."""
    by_value, by_edge = (worth(bread, f"kin.dose({grams}).mae", FIRST) for grams in (5, 4))

    assert by_value["value"] == by_edge["value"]
    assert "最难的厨房是 [cool_lean]" in page(bread, FIRST)


def test_seeds_widen_an_interval(bread: Path) -> None:
    """Over three seeds the interval holds the draw of rows and that of seeds; over rows alone it is narrower."""
    knowledge = gather(bread)
    more = knowledge.library.named(MORE)
    scores = knowledge.store.scores(more).values

    for job in ("few", "many"):
        runs = [scores[f"{job}(seed={seed}, train=800)", WHOLE, "mae"] for seed in (1, 2, 3)]
        rows = np.sort(np.mean(runs, axis=0)[1:])
        low, high = worth(bread, f"{job}(800).mae", MORE)["interval"]
        assert high - low > 1.02 * (rows[974] - rows[25])


def test_fewer_than_three_seeds_speak_about_their_fits(bread: Path) -> None:
    """Two seeds of a job that draws: every verdict on them says so; three, or a job that never draws, do not."""
    assert "**H-A** 对这几次拟合成立" in page(bread, PAIR)
    assert re.search(r"\| K4 \|.*\[对这几次拟合成立 [>\d]+ %\]\[K4\]", page(bread, "BREAD-hub"))
    assert "这几次拟合" not in page(bread, MORE)


def test_results_take_seeds_together(bread: Path) -> None:
    """One line for the three fits of a size, with their mean; the seeds apart stand in a table of their own."""
    more = page(bread, MORE)

    assert re.findall(r"(?m)^\| (few|many) · train (200|800) · 3 个种子 \|", more)[:4] == [
        ("few", "200"),
        ("few", "800"),
        ("many", "200"),
        ("many", "800"),
    ]
    assert len(re.findall(r"(?m)^\| [123] \| [\d.]+ \|", more)) == 3


def test_claims_over_families(bread: Path) -> None:
    """A definition that leaves the training rows open is asked at a point, at all of them, and down a table."""
    hub = page(bread, "BREAD-hub")
    cited = re.search(r"\[([\d.]+)\]\[win\(200\)\]、\[([\d.]+)\]\[win\(800\)\] \| \[成立", hub)
    table = re.findall(r"(?m)^\| (200|800) \| ([\d.]+) \[", hub)

    assert cited is not None
    assert [f"{float(number):.1f}" for _, number in table] == list(cited.groups())
    assert "`all(more.many(*).mae < more.few(*).mae)`" in hub


def test_tables_and_curves_follow_the_sweep(bread: Path) -> None:
    """Rows are the sizes, `prev` is the row above; one curve is drawn per job, and shown in the hub too."""
    more = page(bread, MORE)
    rows = re.findall(r"(?m)^\| (200|800) \| (.+) \|$", more)
    curves = sorted((bread / f"logg/bread/img/{MORE}").glob("curve-*.svg"))

    assert [size for size, _ in rows] == ["200", "800"]
    assert rows[0][1].endswith("| –")
    assert len(curves) == 2
    assert sum(f"img/{MORE}/{curve.name}" in page(bread, "BREAD-hub") for curve in curves) == 1


def test_gates_open_close_and_wait(bread: Path) -> None:
    """What a gate opens and closes reaches the plan; a gate behind another waits for its rung."""
    roadmap = page(bread, "BREAD-roadmap")

    assert "[装进厨房 · >99 %][Gate-1]" in roadmap
    assert "由 Gate-1.1 打开" in roadmap
    assert re.search(r"~~MVP-5~~ · P1 \| 由 Gate-2\.1 关闭", roadmap)
    assert "[已略过][Gate-3]" in roadmap
    assert "[待人判断][Gate-4]" in roadmap


def test_what_others_published_stands_beside_ours(bread: Path) -> None:
    """Cited as theirs, shown with the difference, and struck where it was taken back."""
    first = page(bread, FIRST)

    assert "[9.5][published(kin.mae)]" in first
    assert "| 面包师手册，1998 | 三百盆，别的厨房 | `kin.mae` | 9.5 |" in first
    assert "~~570~~" in first


def test_the_same_fit_is_computed_once(bread: Path, capsys: Capture) -> None:
    """A job copied from another experiment has the key of the fit it was copied from."""
    plans = answer(bread, capsys, "plan")["plans"]
    assert isinstance(plans, list)
    fits = {(entry["experiment"], entry["run"]): entry["fit"] for entry in plans}

    assert fits[FIRST, "kin"] == fits[PAIR, "kin"] != fits[MORE, "kin(train=800)"]


def test_a_program_that_changed_is_not_the_one_that_ran(mine: Path) -> None:
    """The files a program needs are part of its fit: one byte more, and what it gave is stale."""
    with (mine / "logg/bread/programs/stumps.py").open("a") as program:
        program.write("\n")

    stale = [finding for finding in workflow.check(mine).findings if finding.code == "LG404"]

    assert stale
    assert all(finding.message.startswith("`stumps`") for finding in stale)


def test_a_person_decides(mine: Path) -> None:
    """What a person says is signed, shown on the page, and agrees afterwards."""
    workflow.accept(mine, "BREAD-hub", "Q2", "先卖十家", "2026-03-21")
    workflow.accept(mine, "BREAD-hub", "K1", "", "2026-03-21")
    workflow.accept(mine, "BREAD-roadmap", "Gate-4", "小王", "2026-03-21")

    assert workflow.check(mine).findings == []
    assert "先卖十家" in read(mine, HUB)
    assert "小王" in read(mine, ROADMAP).partition("# 下一炉")[2]


def test_skeletons_fit_the_base(mine: Path) -> None:
    """A new document of each kind is Chinese, finds the protocol there is, and only waits to be rendered and filled."""
    for kind, topic in (("exp", "bread"), ("hub", "salt"), ("roadmap", "salt"), ("protocol", "salt")):
        workflow.new(mine, Wish(kind, topic, "盐有多咸"), "2026-03-21")
    workflow.render(mine, [])

    left = {finding.code for finding in workflow.check(mine).findings}
    assert left <= {"LG109"}
    assert "dough@1" in page(mine, "SALT-hub")


@pytest.mark.skipif(not SITE, reason="mkdocs and its theme are not installed")
def test_the_site_is_built_strictly(mine: Path) -> None:
    """Every page of the base is published without a warning."""
    shutil.copy(PROJECT / "mkdocs.yml", mine)
    shutil.copytree(PROJECT / "site", mine / "site")

    done = run(mine, "build")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "面包房" in (mine / "build/site/index.html").read_text(encoding="utf-8")
    assert (mine / "build/site/bread/exp/more.html").is_file()
