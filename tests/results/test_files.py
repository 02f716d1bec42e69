"""The result file: canonical, sealed, and refused as soon as one digit is not what was filed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runner.findings import ArtefactDamaged
from runner.results.files import Result, Run, read_result
from runner.safety import canonical

RUN = Run(
    job="ridge",
    version=1,
    code="c0de",
    fit="f17",
    asked="a5k",
    params={"alpha": 0.5, "alphas": [1.0, 2.0]},
    axes={"noise": 1.0, "kind": "mlp"},
    data="da7a",
    arrays={"test": "a44a"},
)
RESULT = Result(
    runs={"weak": RUN, "late(seed=1, train=50000)": replace(RUN, arrays={}, failed="JobFailed: no rows")},
    populations={"b0b": ("tiny@1 test · noise 1", 80), "a1a": ("tiny@1 test · noise 1 · young", 37)},
    facts={"weak.young.r2": (None, "a1a"), "weak.r2": (0.4339, "b0b"), "weak.bias": (-1.5, "b0b")},
    scalars={"weak.alpha": 0.5},
    promises={"k3y/H-A": "gain > 0: 上线; else: stop"},
)
NAME = "logg/toy/results/TOY-1.json"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A result as it was filed."""
    file = tmp_path / "TOY-1.json"
    file.write_bytes(RESULT.dumps().encode())
    return file


def resealed(text: str, change: Callable[[dict[str, Any]], Any]) -> str:
    """Change the content and seal it again, as only a program would."""
    content = json.loads(text)
    del content["seal"]
    change(content)
    return canonical.dumps({**content, "seal": canonical.digest(content)})


def refusal(path: Path, text: str) -> str:
    """Return why a text is refused as a result, after seeing that the message names code, file and remedy."""
    path.write_bytes(text.encode())
    with pytest.raises(ArtefactDamaged) as refused:
        read_result(path, NAME)
    assert (refused.value.code, str(refused.value.place)) == ("LG401", NAME)
    assert refused.value.fix == "restore it from git, or delete it and file it again: runner execute TOY-1"
    return refused.value.message


def backwards(entries: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same map, filled from its end."""
    return {name: entries[name] for name in reversed(list(entries))}


def test_a_result_comes_back_as_it_was_filed(path: Path) -> None:
    """Writing and reading loses nothing: runs, failures, facts without value, promises in any script."""
    assert read_result(path, NAME) == RESULT
    assert read_result(path, NAME).dumps() == path.read_text(encoding="utf-8")


def test_the_file_is_canonical(path: Path) -> None:
    """Keys are sorted, lines end in LF, the last line too, and text is readable as it is."""
    text = path.read_bytes().decode()
    content = json.loads(text)

    assert "\r" not in text
    assert text.endswith("}\n")
    assert [list(part) for part in (content, content["facts"])] == [sorted(content), sorted(content["facts"])]
    assert "上线" in text


def test_every_fact_stands_on_a_line_of_its_own(path: Path) -> None:
    """A changed fact is a changed line: git shows it, and a citation can point at it."""
    lines = [line.strip().rstrip(",") for line in path.read_text(encoding="utf-8").split("\n")]

    assert '"weak.r2": [0.4339, "b0b"]' in lines
    assert '"weak.young.r2": [null, "a1a"]' in lines
    assert '"weak.alpha": 0.5' in lines


def test_the_order_of_filing_does_not_show() -> None:
    """The same facts in another order give the same bytes."""
    turned = replace(RESULT, facts=backwards(RESULT.facts), runs=backwards(RESULT.runs))

    assert turned.dumps() == RESULT.dumps()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.4339", "0.4338"),
        ('"a44a"', '"a44b"'),
        ("gain > 0", "gain > 1"),
        ('"weak.alpha": 0.5', '"weak.alpha": 0.6'),
        ('young", 37', 'young", 38'),
        ('"f17"', '"f18"'),
    ],
    ids=["fact", "array hash", "promise", "scalar", "count", "fit"],
)
def test_an_edited_file_is_refused(path: Path, old: str, new: str) -> None:
    """The seal guards everything in the file, also what nothing recomputes."""
    edited = path.read_text(encoding="utf-8").replace(old, new)

    assert edited != path.read_text(encoding="utf-8")
    assert refusal(path, edited) == "the seal does not fit the content"


def test_profiles_are_written_where_there_are_some(path: Path) -> None:
    """A run without any is stored as runs always were; those that are there come back as they went."""
    told = replace(RUN, profiles={"weights": "b0b"})
    result = replace(RESULT, runs={"weak": RUN, "told": told}, inputs="91ace5")
    path.write_bytes(result.dumps().encode())

    stored = json.loads(path.read_text(encoding="utf-8"))
    assert (stored["inputs"], stored["runs"]["told"]["profiles"]) == ("91ace5", {"weights": "b0b"})
    assert "profiles" not in stored["runs"]["weak"]
    assert "inputs" not in json.loads(RESULT.dumps())
    assert read_result(path, NAME) == result


def test_curves_are_written_where_there_are_some(path: Path) -> None:
    """As profiles are; beside the rows both have names of their own."""
    told = replace(RUN, profiles={"loss": "b0b"}, curves={"loss": "c0c"})
    result = replace(RESULT, runs={"weak": RUN, "told": told})
    path.write_bytes(result.dumps().encode())

    stored = json.loads(path.read_text(encoding="utf-8"))
    assert stored["runs"]["told"]["curves"] == {"loss": "c0c"}
    assert "curves" not in stored["runs"]["weak"]
    assert read_result(path, NAME) == result
    assert told.beside == {"loss": "b0b", "curve/loss": "c0c"}


@pytest.mark.parametrize("part", ["facts", "populations", "promises", "runs", "scalars"])
def test_the_seal_covers_every_map(path: Path, part: str) -> None:
    """A map emptied by hand is noticed, whichever it is."""
    content = json.loads(path.read_text(encoding="utf-8"))
    content[part] = {}

    assert refusal(path, canonical.dumps(content)) == "the seal does not fit the content"


def test_a_file_without_a_seal_is_refused(path: Path) -> None:
    """Deleting the seal does not open the file."""
    content = json.loads(path.read_text(encoding="utf-8"))
    del content["seal"]

    assert refusal(path, canonical.dumps(content)) == "the seal does not fit the content"


@pytest.mark.parametrize(("found", "shown"), [(1, "1"), (3, "3"), (None, "None"), ("2", "2")])
def test_another_format_is_refused_before_anything_else(path: Path, found: Any, shown: str) -> None:
    """A file of a later version says so, rather than that its seal is broken."""
    text = path.read_text(encoding="utf-8").replace('"format": 2', f'"format": {json.dumps(found)}')

    assert refusal(path, text) == f"result format {shown}, 2 is due"


@pytest.mark.parametrize("text", ["[]", '"text"', "null", "3"])
def test_json_that_is_no_map_is_refused(path: Path, text: str) -> None:
    """Valid JSON of another shape has no format at all."""
    assert refusal(path, text) == "result format none, 2 is due"


def test_what_a_merge_leaves_behind_is_refused(path: Path) -> None:
    """Conflict markers, a cut and a key that stands twice are reported with their line."""
    lines = path.read_text(encoding="utf-8").split("\n")
    both = [*lines[:3], "<<<<<<< ours", lines[3], "=======", lines[3], ">>>>>>> theirs", *lines[4:]]

    assert refusal(path, "\n".join(both)) == 'line 7: the key "weak.r2" stands twice'
    assert refusal(path, "\n".join([*lines[:3], "=======", *lines[3:]])).startswith("line 4: no valid JSON")
    assert refusal(path, "\n".join(lines[:9])).startswith("line 9: no valid JSON")
    assert refusal(path, "\n".join([*lines[:3], lines[2], *lines[3:]])).startswith("line 4: the key")
    assert refusal(path, "").startswith("line 1: no valid JSON")


def test_a_file_that_is_no_text_is_refused(path: Path) -> None:
    """Bytes that are no UTF-8 are damage too, not a traceback."""
    path.write_bytes(path.read_bytes().replace(b"gain", b"g\xe4in"))

    with pytest.raises(ArtefactDamaged, match=f"{NAME}: LG401 not UTF-8"):
        read_result(path, NAME)


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.pop("runs"),
        lambda content: content.update(facts=[]),
        lambda content: content["facts"].update({"weak.r2": [1.0]}),
        lambda content: content["facts"].update({"weak.r2": 1.0}),
        lambda content: content["populations"].update(b0b=["name", "many"]),
        lambda content: content["runs"]["weak"].update(colour="red"),
        lambda content: content["runs"]["weak"].pop("fit"),
        lambda content: content["runs"]["weak"].pop("asked"),
        lambda content: content["runs"]["weak"].update(asked=3),
        lambda content: content["runs"]["weak"].update(version=1.5),
        lambda content: content["runs"]["weak"].update(params=[1]),
        lambda content: content["runs"]["weak"]["axes"].update(noise=[1]),
        lambda content: content["runs"]["weak"]["axes"].update(noise=True),
        lambda content: content["scalars"].update({"weak.alpha": "0.5"}),
        lambda content: content["scalars"].update({"weak.alpha": 1e301}),
        lambda content: content["promises"].update({"k3y/H-A": 3}),
        lambda content: content["runs"]["weak"].update(profiles={"weights": 3}),
        lambda content: content["runs"]["weak"].update(profiles=["weights"]),
        lambda content: content["runs"]["weak"].update(curves={"loss": 3}),
        lambda content: content["runs"]["weak"].update(curves=["loss"]),
        lambda content: content.update(inputs=3),
    ],
    ids=[
        *("no runs", "list", "short fact", "bare fact", "count", "new field", "no fit", "nothing asked", "asked"),
        *("version", "params", "axis", "axis that is no number", "scalar", "huge", "promise"),
        *("profile", "profiles", "curve", "curves", "inputs"),
    ],
)
def test_a_sealed_file_of_another_shape_is_refused(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """A seal that fits does not make a result out of something else."""
    assert refusal(path, resealed(path.read_text(encoding="utf-8"), change)).startswith("not a result: ")
