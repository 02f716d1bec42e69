"""`runner facts`: expressions asked from the command line, and everything a document holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runner import cli, workflow
from runner.findings import InputRefused, RunnerError, UsageError
from tests.documents.marked import edited
from tests.knowledge import EXPERIMENT, HUB, PROTOCOL, file, guess, toy, write

PARTS = PROTOCOL.replace("  old: age >= 40\n", "  old: age >= 40\n  third: {by: age, edges: [20, 30, 45, 60]}\n")
SOURCE = "published:\n  - {source: a report, population: other rows, facts: {weak.r2: 0.5}}\nexpect:"
ASKED = [
    ("gain", "gain  0.3169 [0.1747, 0.5180]  tiny@1 test · noise 1 · n = 80"),
    ("weak.mae", "weak.mae  1.9513 kg [1.6251, 2.2819]  tiny@1 test · noise 1 · n = 80"),
    ("strong.r2 > 0.5", "strong.r2 > 0.5  holds >99 %  tiny@1 test · noise 1 · n = 80"),
    ("strong.depth", "strong.depth  3"),
    ("1 + 1", "1 + 1  2"),
    ("published(weak.r2)", "published(weak.r2)  0.5  published · a report · other rows"),
    ("argmax(strong.third(*).r2)", "argmax(strong.third(*).r2)  30–45  tiny@1 test · noise 1 · 3 parts · n = 80"),
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the toy base with results, published values and a partition."""
    toy(tmp_path)
    spec = edited(EXPERIMENT.partition("# A toy")[0], ("expect:", SOURCE))
    write(tmp_path, {"protocols/tiny.md": PARTS, "toy/exp/toy.md": spec})
    file(tmp_path, "TOY-1", {"weak": guess(tmp_path, 3.0), "strong": guess(tmp_path, 1.0, 2)}, depth=3.0)
    return tmp_path


def asked(root: Path, text: str, word: str = "TOY-1") -> list[str]:
    """Return the answer's lines with plain blanks."""
    return [line.replace("\u00a0", " ") for line in workflow.facts(root, text, word).lines]


@pytest.mark.parametrize(("text", "line"), ASKED)
def test_an_expression_has_a_value_with_what_it_rests_on(root: Path, text: str, line: str) -> None:
    """Value, unit, interval, rows; a predicate its verdict; a published value its source."""
    (found,) = asked(root, text)

    assert found.startswith(line)


def test_a_star_gives_a_line_per_part(root: Path) -> None:
    """Each part of the partition stands by the name people call it, on its own rows."""
    lines = asked(root, "strong.third(*).r2")

    assert len(lines) == 3
    assert [line.split()[0] for line in lines] == ["20–30", "30–45", "45–60"]
    assert sum(int(line.rpartition("n = ")[2]) for line in lines) == 80


def test_combined_rows_are_told(root: Path) -> None:
    """What was combined across populations says so."""
    (line,) = asked(root, "across(strong.young.r2 - strong.old.r2)")

    assert line.endswith("(across populations)")


@pytest.mark.parametrize(
    ("text", "word"), [("gain", ""), ("toy.gain", ""), ("toy.gain", "TOY-hub"), ("gain", "logg/toy/exp/toy.md")]
)
def test_names_are_those_of_a_document(root: Path, text: str, word: str) -> None:
    """The one named, by id or path, or the only one that knows them all."""
    assert asked(root, text, word)[0].split()[1] == "0.3169"


def test_names_that_several_documents_know_need_one(root: Path) -> None:
    """The first of them is offered."""
    write(root, {"toy/exp/other.md": (root / "logg/toy/exp/toy.md").read_text().replace("id: TOY-1", "id: TOY-2")})

    with pytest.raises(UsageError) as refused:
        workflow.facts(root, "gain", "")
    assert str(refused.value) == "2 documents know the names of `gain` -> say which one is meant: --in TOY-2"


@pytest.mark.parametrize(
    ("text", "word", "kind", "message"),
    [
        ("", "", UsageError, 'nothing is asked -> runner facts "job.r2" --in ID, or runner facts --in ID'),
        ("stron.r2", "", UsageError, "no document knows all names of `stron.r2` -> say which one is meant: --in ID"),
        ("stron.r2", "TOY-1", InputRefused, "`stron.r2`, column 1: unknown name `stron` -> did you mean `strong`?"),
        ("gain +", "TOY-1", InputRefused, "LG301 `gain +`, column 7: a name or a number is missing"),
        ("gain +", "", InputRefused, "LG301 `gain +`, column 7: a name or a number is missing"),
        ("gain", "TOY-9", UsageError, "no document `TOY-9`"),
    ],
)
def test_a_mistake_is_one_line(root: Path, text: str, word: str, kind: type[RunnerError], message: str) -> None:
    """The column of the mistake, or which document is needed."""
    with pytest.raises(kind) as refused:
        workflow.facts(root, text, word)

    assert message in str(refused.value)


def test_what_is_pending_says_what_to_run(root: Path) -> None:
    """No number is made up."""
    (root / "logg/toy/results/TOY-1.json").unlink()

    with pytest.raises(InputRefused, match="TOY-1 has no result yet -> runner execute TOY-1"):
        workflow.facts(root, "gain", "TOY-1")
    assert asked(root, "") == ["TOY-1 has no facts yet"]


def test_a_document_lists_all_it_holds(root: Path) -> None:
    """Definitions first, then metrics by run and slice, then what jobs said themselves."""
    lines = asked(root, "")
    names = [line.split()[0] for line in lines]

    assert names[0] == "gain"
    assert {"weak.r2", "strong.old.bias"} <= set(names)
    assert lines[-1].split() == ["weak.depth", "3"]
    assert len({line.find("  ") for line in lines if line.startswith("strong.young.rmse")}) == 1


def test_a_hub_lists_what_it_names(root: Path) -> None:
    """Definitions of its own; claims are no facts."""
    write(root, {"toy/toy-hub.md": edited(HUB, ("claims:", "define: {step: toy.gain, lost: toy.nothing.r2}\nclaims:"))})

    assert [line.split()[0] for line in asked(root, "", "TOY-hub")] == ["step"]


def test_programs_get_the_same(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON has the value, its interval, its rows; a predicate its probability."""
    assert cli.main(["facts", "weak.mae", "--in", "TOY-1", "--json", "--root", str(root)]) == 0
    answer = json.loads(capsys.readouterr().out)
    (value,) = answer["values"]

    assert answer["in"] == "TOY-1"
    assert value["value"] == pytest.approx(1.9513, abs=1e-4)
    assert value["interval"] == pytest.approx([1.6251, 2.2819], abs=1e-4)
    assert value["unit"] == "kg"
    assert value["populations"] == [{"name": "tiny@1 test · noise 1", "n": 80}]
    assert cli.main(["facts", "gain > 0", "--in", "TOY-1", "--json", "--root", str(root)]) == 0
    (truth,) = json.loads(capsys.readouterr().out)["values"]
    assert (truth["value"], truth["interval"], truth["probability"]) == (True, None, 1.0)


def test_the_command_line_takes_an_expression(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`runner facts EXPR` and `runner facts --in DOC`."""
    assert cli.main(["facts", "gain", "--root", str(root)]) == 0
    assert capsys.readouterr().out.startswith("gain  0.3169")
    assert cli.main(["facts", "--in", "TOY-1", "--root", str(root)]) == 0
    assert capsys.readouterr().out.count("\n") > 20
    assert cli.main(["facts", "gain >", "--in", "TOY-1", "--root", str(root)]) == 3
