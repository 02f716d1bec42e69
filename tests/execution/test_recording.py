"""`runner record`: predictions and facts made elsewhere, filed beside what was run here."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runner import cli, workflow
from runner.checking.check import check
from runner.execution.execute import Settings
from runner.findings import InputRefused
from runner.results.files import RECORDED, read_result
from runner.verdicts.knowledge import gather
from tests.documents.marked import edited
from tests.executed import execute
from tests.knowledge import EXPERIMENT, HUB, PROTOCOL, file, guess, toy, write

HEAD = "address,value,low,high,n,population\n"
RESULT = "logg/toy/results/TOY-1.json"
SPEC = EXPERIMENT.partition("# A toy")[0] + "\n[?.??][strong.r2], [?.??][gain]\n"
ALONE = edited(SPEC, (SPEC[SPEC.index("define:") : SPEC.index("  H-B:")], "expect:\n"), (", [?.??][gain]", ""))
SWEPT = edited(
    SPEC,
    ("train: 200", "sweep: {train: [100, 200]}"),
    ("  gain: strong.r2 - weak.r2", "  gain: strong(200).r2 - weak(200).r2"),
    ("  H-B: strong.r2 > 0.5\n", ""),
    ("[?.??][strong.r2], ", ""),
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the toy base with a result of both its jobs."""
    toy(tmp_path)
    write(tmp_path, {"toy/exp/toy.md": SPEC, "toy/toy-hub.md": HUB.replace("toy.gain > 0", "toy.weak.r2 > 0")})
    file(tmp_path, "TOY-1", {"weak": guess(tmp_path, 3.0), "strong": guess(tmp_path, 1.0, 2)}, depth=3.0)
    return tmp_path


def packed(root: Path, **arrays: np.ndarray) -> Path:
    """Write an npz file as somebody else would, `__` for `/` in its names."""
    buffer = io.BytesIO()
    named: dict[str, Any] = {name.replace("__", "/"): values for name, values in arrays.items()}
    np.savez(buffer, **named)
    path = root / "made.npz"
    path.write_bytes(buffer.getvalue())
    return path


def listed(root: Path, *lines: str) -> Path:
    """Write a list of facts."""
    path = root / "made.csv"
    path.write_text(HEAD + "".join(f"{line}\n" for line in lines))
    return path


def asked(root: Path, text: str) -> str:
    """Return what an expression is worth."""
    return workflow.facts(root, text, "TOY-1").lines[0].replace("\u00a0", " ")


def trouble(root: Path) -> list[str]:
    """Return what is wrong with the base, but for what a render would write."""
    return [str(finding) for finding in check(gather(root)) if finding.fixed_by != "render"]


def test_predictions_become_a_run_scored_like_any_other(root: Path) -> None:
    """Facts, intervals and differences follow from the rows of the protocol."""
    before = asked(root, "weak.r2")
    report = workflow.record(root, "TOY-1", packed(root, strong__test=guess(root, 0.5, 5)))

    assert report.lines[0] == "TOY-1: recorded strong from made.npz"
    assert asked(root, "strong.r2").startswith("strong.r2  0.98")
    assert asked(root, "gain").count("[") == 1
    assert asked(root, "weak.r2") == before
    assert trouble(root) == []


def test_a_recorded_run_says_so(root: Path) -> None:
    """The result names the file by its hash; what was known about the other run stays."""
    old = read_result(root / RESULT, RESULT)
    workflow.record(root, "TOY-1", packed(root, strong__test=guess(root, 0.5, 5), strong__val=np.zeros(40)))
    new = read_result(root / RESULT, RESULT)

    assert (new.runs["strong"].job, len(new.runs["strong"].fit), sorted(new.runs["strong"].arrays)) == (
        RECORDED,
        32,
        ["test", "val"],
    )
    assert new.runs["weak"] == old.runs["weak"]
    assert new.scalars == {"weak.depth": 3.0}


def test_a_recorded_run_is_not_stale_until_it_is_run_here(root: Path) -> None:
    """Execute leaves it, whatever else runs; --force makes it anew."""
    workflow.record(root, "TOY-1", packed(root, strong__test=guess(root, 0.5, 5)))
    assert workflow.plan(root, ["TOY-1"]).data["plans"][1]["runs"] is False
    write(root, {"toy/exp/toy.md": SPEC.replace("alpha: 1e4", "alpha: 1e3")})

    execute(root, "TOY-1")
    result = read_result(root / RESULT, RESULT)
    assert (result.runs["weak"].job, result.runs["strong"].job) == ("ridge", RECORDED)
    assert asked(root, "strong.r2").startswith("strong.r2  0.98")
    execute(root, "TOY-1", force=True)
    assert read_result(root / RESULT, RESULT).runs["strong"].job == "ridge"


def test_other_rows_make_a_recorded_run_stale(root: Path) -> None:
    """What was predicted no longer fits the protocol."""
    workflow.record(root, "TOY-1", packed(root, strong__test=guess(root, 0.5, 5)))
    write(root, {"toy/exp/toy.md": SPEC.replace("noise: 1", "noise: 0")})

    (why,) = [plan["why"] for plan in workflow.plan(root, ["TOY-1"]).data["plans"] if plan["run"] == "strong"]
    assert why


def test_rows_are_filed_where_there_are_none(tmp_path: Path) -> None:
    """The first result of a protocol may come from elsewhere."""
    toy(tmp_path)
    write(tmp_path, {"toy/exp/toy.md": SPEC})
    workflow.record(tmp_path, "TOY-1", packed(tmp_path, strong__test=guess(tmp_path, 0.5, 5)))

    assert asked(tmp_path, "strong.r2").startswith("strong.r2  0.98")
    assert [plan["runs"] for plan in workflow.plan(tmp_path, ["TOY-1"]).data["plans"]] == [True, False]


@pytest.mark.parametrize("name", ["strong(train=200)/test", "strong(200)/test", "strong(0.2k)/test"])
def test_runs_of_a_sweep_are_called_as_people_spell_them(tmp_path: Path, name: str) -> None:
    """The axis may be left out, the number be said in thousands."""
    toy(tmp_path)
    write(tmp_path, {"toy/exp/toy.md": SWEPT})
    workflow.record(tmp_path, "TOY-1", packed(tmp_path, **{name: guess(tmp_path, 0.5, 5)}))

    assert asked(tmp_path, "strong(200).r2").startswith("strong(200).r2  0.98")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"stron__test": 80}, "made.npz: no run is called `stron` -> did you mean `strong`?"),
        ({"strong": 80}, "made.npz: `strong` is of no split -> call it strong/test or strong/val"),
        ({"strong__train": 80}, "made.npz: `strong/train` is of no split -> call it strong/test or strong/val"),
        ({"strong__test": 79}, "made.npz: `strong/test` is not one finite number for each of the 80 test rows"),
        ({"strong__val": 40}, "made.npz: `strong` has no predictions for the test rows -> add strong/test"),
        ({"strong__test": -80}, "made.npz: `strong/test` is not one finite number for each of the 80 test rows"),
    ],
)
def test_predictions_that_do_not_fit_are_refused(root: Path, arrays: dict[str, int], message: str) -> None:
    """Nothing is filed; a minus stands for a value that is not finite."""
    before = (root / RESULT).read_bytes()
    made = {name: np.full(abs(count), 1.0 if count > 0 else np.nan) for name, count in arrays.items()}

    with pytest.raises(InputRefused) as refused:
        workflow.record(root, "TOY-1", packed(root, **made))

    assert str(refused.value).startswith(message)
    assert (root / RESULT).read_bytes() == before


def test_facts_without_rows_bring_their_own_interval(root: Path) -> None:
    """They are shown with what they say of their rows, and are no part of ours."""
    path = listed(root, "strong.r2,0.97,0.95,0.99,816,covered rows", "strong.old.mae,0.7,,,400,covered rows")
    report = workflow.record(root, "TOY-1", path)

    assert report.lines[0] == "TOY-1: recorded strong from made.csv"
    assert asked(root, "strong.r2") == "strong.r2  0.9700 [0.9500, 0.9900]  recorded  covered rows · n = 816"
    assert asked(root, "strong.old.mae") == "strong.old.mae  0.7000 kg –  recorded  covered rows · n = 400"
    with pytest.raises(InputRefused, match="populations differ"):
        asked(root, "gain")
    assert asked(root, "across(strong.r2 - weak.r2)").startswith("across(strong.r2 - weak.r2)  0.3460")
    with pytest.raises(InputRefused, match="has no result yet"):
        asked(root, "strong.rmse")


def test_facts_without_rows_stay_when_others_run(root: Path) -> None:
    """They are filed with the result, and nothing computes them again."""
    workflow.record(root, "TOY-1", listed(root, "strong.r2,0.97,0.95,0.99,816,covered rows"))
    write(root, {"toy/exp/toy.md": ALONE.replace("alpha: 1e4", "alpha: 1e3")})
    execute(root, "TOY-1")

    assert asked(root, "strong.r2") == "strong.r2  0.9700 [0.9500, 0.9900]  recorded  covered rows · n = 816"
    assert [line for line in trouble(root) if "LG4" in line] == []
    workflow.record(root, "TOY-1", packed(root, strong__test=guess(root, 0.5, 5)))
    assert asked(root, "strong.r2").endswith("n = 80")


def test_a_page_shows_recorded_facts(root: Path) -> None:
    """The number, its interval and its rows; the table of results says which come without rows."""
    write(root, {"toy/exp/toy.md": SPEC + "\n<!-- logg: results -->\n"})
    workflow.record(root, "TOY-1", listed(root, "strong.r2,0.97,0.95,0.99,816,covered rows"))
    text = (root / "logg/toy/exp/toy.md").read_text()

    assert "[0.97][strong.r2]" in text
    assert (
        '[strong.r2]: ../results/TOY-1.json "0.9700 [0.9500,\u00a00.9900] · recorded · covered rows · n = 816' in text
    )
    assert "| strong | 0.9700 |" in text
    assert "Recorded without rows: strong (covered rows · n = 816)" in text


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("strong.r2", "made.csv:2:1: a line has address, value, and perhaps low, high, n and population"),
        ("strong.r2,high,,,9,a", "made.csv:2:1: `high` is no value with its interval"),
        ("strong.r2,1,2,,9,a", "made.csv:2:1: `1 2` is no value with its interval"),
        ("strong.r2,1,,,,a", "made.csv:2:1: `strong.r2` does not say on which and on how many rows"),
        ("strong.r2,1,,,9,", "made.csv:2:1: `strong.r2` does not say on which and on how many rows"),
        ("strong.r2,1,,,0.5,a", "made.csv:2:1: `strong.r2` does not say on which and on how many rows"),
        ("strong.depth,1,,,9,a", "made.csv:2:1: `strong.depth` is no metric on a slice, so it stands on no rows"),
        ("gain,1,,,9,a", "made.csv:2:1: `gain` is no fact of one run of TOY-1"),
        ("weak.r2 - 1,1,,,9,a", "made.csv:2:1: `weak.r2 - 1` is no fact of one run of TOY-1"),
        ("stron.r2,1,,,9,a", "made.csv:2:1: unknown name `stron` -> did you mean `strong`?"),
        ("strong.r2,1,,,9,a\nstrong.r2,1,,,9,a", "made.csv:3:1: `strong.r2` is given twice"),
        ('"strong.r2,1,,,9,a', "made.csv:2:1: no CSV: unexpected end of data"),
    ],
)
def test_facts_that_do_not_fit_are_refused(root: Path, line: str, message: str) -> None:
    """With the line that is wrong; nothing is filed."""
    before = (root / RESULT).read_bytes()

    with pytest.raises(InputRefused) as refused:
        workflow.record(root, "TOY-1", listed(root, line))

    assert str(refused.value).startswith(message)
    assert (root / RESULT).read_bytes() == before


def test_scalars_may_be_recorded(root: Path) -> None:
    """What a job would have said itself stands on no rows."""
    workflow.record(root, "TOY-1", listed(root, "strong.depth,12,,,,", "strong.r2,0.9,,,9,a"))

    assert asked(root, "strong.depth") == "strong.depth  12"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["TOY-1", "made.csv"], 0, "TOY-1: recorded strong from made.csv"),
        (["TOY-1", "none.npz"], 3, "none.npz: cannot be read: No such file or directory"),
        (["TOY-1", "made.txt"], 2, "`made.txt` is neither npz nor csv"),
        (["TOY-hub", "made.csv"], 2, "TOY-hub is no experiment"),
        (["TOY-9", "made.csv"], 2, "no document `TOY-9`"),
    ],
)
def test_the_command_line_takes_an_experiment_and_a_file(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    arguments: list[str], code: int, message: str,
) -> None:  # fmt: skip
    """A mistake is one line."""
    monkeypatch.chdir(root)
    write(root, {"toy/exp/toy.md": ALONE})
    listed(root, "strong.r2,0.97,0.95,0.99,816,covered rows")

    assert cli.main(["record", *arguments]) == code
    told = capsys.readouterr()
    assert message in (told.err if code else told.out)


def test_a_recorded_run_is_stale_when_its_target_or_draw_changes(root: Path) -> None:
    """Predictions of one column are not scored against another: whoever made them has to record them again."""
    workflow.record(root, "TOY-1", packed(root, strong__test=guess(root, 0.5, 5)))
    for old, new in (("target: weight", "target: age"), ("seed: 7", "seed: 8")):
        write(root, {"protocols/tiny.md": PROTOCOL.replace(old, new)})
        assert [line for line in trouble(root) if "LG404" in line and "`strong`" in line]
    write(root, {"protocols/tiny.md": PROTOCOL})
    assert trouble(root) == []


GIVEN = EXPERIMENT.partition("# A toy")[0].replace("TOY-1", "TOY-G").replace("strong", "after").replace(
    "{job: ridge, alpha: val}", "{job: given, on: weak}"
) + "\n# Given\n"  # fmt: skip
JOB = '''"""What another job says, and one more."""

from dataclasses import dataclass

from runner.contract import JobName, Output

VERSION = 1
USES_SEED = False


@dataclass(frozen=True)
class Params:
    """What may be set."""

    # whose predictions
    on: JobName


def run(params, data, context):
    """Return the predictions of the other job, moved by one."""
    return Output({split: context.predicted(params.on, split) + 1 for split in ("val", "test")})
'''


def test_what_rests_on_a_recorded_run_is_not_mistaken_for_what_rests_on_a_fit(tmp_path: Path) -> None:
    """The cache of fits keeps the two apart, and recording other predictions makes the dependent run again."""
    root = toy(tmp_path)
    (root / "pyproject.toml").write_text('[tool.runner]\njobs = "own"\n')
    (root / "own").mkdir()
    (root / "own" / "given.py").write_text(JOB)
    write(root, {"toy/exp/g.md": GIVEN, "toy/exp/h.md": GIVEN.replace("TOY-G", "TOY-H")})

    def bias(identity: str) -> float:
        execute(root, identity)
        return read_result(root / f"logg/toy/results/{identity}.json", identity).facts["after.bias"][0] or 0.0

    truth = guess(root, 0.0)
    for away in (1000.0, -50.0):
        workflow.record(root, "TOY-G", packed(root, weak__test=truth + away, weak__val=np.zeros(40)))
        assert abs(bias("TOY-G") - away - 1) < 0.1
    assert abs(bias("TOY-H")) < 20


def test_running_again_leaves_recorded_runs_alone(root: Path) -> None:
    """There is nothing to compare a recorded run with, and that is no difference."""
    execute(root, force=True)
    workflow.record(root, "TOY-1", packed(root, strong__test=guess(root, 0.5, 5), strong__val=np.zeros(40)))

    report = workflow.execute(root, ["TOY-1"], everything=False, settings=Settings(device="cpu", again=True))

    assert report.code == 0
    assert [line.split()[:2] for line in report.lines[1:]] == [["weak", "exact"], ["strong", "recorded"]]
    assert "inf" not in str(report.lines)
