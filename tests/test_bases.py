"""Parameters that are built on another class: read from both, in the order of a dataclass, never imported."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pytest

from runner import bases
from runner.contract import Contract, read_contract
from runner.findings import InputRefused
from runner.numerics.recipe import Recipe
from runner.rendering.catalogue import described, json_schema

BASE = """
from dataclasses import dataclass
from typing import Literal

WIDTH = 3

@dataclass(frozen=True)
class Depth:
    layers: int = 2

@dataclass(frozen=True)
class Trained:
    # the most epochs
    epochs: int = 100
    lr: float = 1e-3
    # the error
    loss: Literal["mse", "l1"] = "mse"
    depth: Depth = Depth(layers=3)
"""
BUILT = """
from dataclasses import dataclass
from typing import Literal
from runner.numerics.loop import Trained as Loop

VERSION = 1

@dataclass(frozen=True)
class Params(Loop):
    # units
    hidden: int = 8
    # where it starts
    lr: float = 1
    epochs: int = 20
"""
ON_LOOP = "job.py:9:1: job.py builds `Params` on `Loop`, which"


def read(folder: Path, text: str = BUILT) -> Contract:
    """Write a plug-in file and read its contract."""
    path = folder / "job.py"
    path.write_text(text)
    return read_contract(path)


def refused(folder: Path, text: str = BUILT) -> str:
    """Return the place and the message with which a file is refused, whichever file that is."""
    with pytest.raises(InputRefused) as caught:
        read(folder, text)
    assert (caught.value.code, caught.value.place is None) == ("LG407", False)
    return f"{Path(str(caught.value.place)).relative_to(folder)}: {caught.value.message}"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a package that holds a base, in the place of ours."""
    folder = tmp_path / "runner"
    (folder / "numerics").mkdir(parents=True)
    (folder / "numerics/loop.py").write_text(BASE)
    monkeypatch.setattr(bases, "PACKAGE", folder)
    return folder


def built(folder: Path, text: str = BUILT) -> dict[str, object]:
    """Return the parameters of a file with their defaults."""
    return {name: parameter.default for name, parameter in read(folder, text).parameters.items()}


@pytest.mark.usefixtures("package")
def test_parameters_begin_with_those_of_the_class_they_are_built_on(tmp_path: Path) -> None:
    """In the order of a dataclass: what is declared again keeps its place, and its comment where it has no other."""
    found = read(tmp_path, BUILT).parameters

    assert list(found) == ["epochs", "lr", "loss", "depth", "hidden"]
    assert [repr(each.default) for each in found.values()] == ["20", "1.0", "'mse'", "{'layers': 3}", "8"]
    assert [each.meaning for each in found.values()] == ["the most epochs", "where it starts", "the error", "", "units"]
    assert [str(each.shape) for each in found.values()][2:4] == ["mse or l1", "a map of layers"]


def test_base_of_the_same_file_is_read_alike(tmp_path: Path) -> None:
    """Two files or one: the parameters are the same, and those Python makes."""
    text = BASE + BUILT.replace("from runner.numerics.loop import Trained as Loop", "").replace("(Loop)", "(Trained)")
    made: dict[str, Any] = {"__name__": __name__}
    exec(text, made)  # noqa: S102 - the oracle is Python itself

    assert built(tmp_path, text) == asdict(made["Params"]())
    assert list(built(tmp_path, text)) == [field.name for field in fields(made["Params"])]


def test_a_changed_base_is_noticed(tmp_path: Path, package: Path) -> None:
    """Whoever reads the library again reads the base again, too; the file of the job is as it was."""
    assert built(tmp_path)["loss"] == "mse"
    (package / "numerics/loop.py").write_text(BASE.replace('= "mse"', '= "l1"'))

    assert built(tmp_path)["loss"] == "l1"
    (package / "numerics/loop.py").unlink()
    assert refused(tmp_path) == f"{ON_LOOP} no file of runner holds"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("epochs: int = 20", "epochs: int", "job.py:14:1: job.py declares `epochs` again without its default"),
        ("import Trained", "import Missing", f"{ON_LOOP} loop.py does not hold"),
        ("runner.numerics.loop", "os.path", f"{ON_LOOP} no file of runner holds"),
        ("runner.numerics.loop", "runner", f"{ON_LOOP} no file of runner holds"),
        ("runner.numerics.loop", ".runner.numerics.loop", f"{ON_LOOP} no file of runner holds"),
        ("numerics.loop", "a" * 5000, f"{ON_LOOP} no file of runner holds"),
    ],
)
@pytest.mark.usefixtures("package")
def test_base_that_cannot_be_read_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    """At the line of the class that is built on it, or of the field."""
    assert refused(tmp_path, BUILT.replace(old, new)) == message


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("lr: float = 1e-3", "lr: float = WIDTH", "loop.py:15:1: loop.py gives `lr` a default that is no literal"),
        ("(frozen=True)\nclass Trained", "\nclass Trained", "loop.py:12:1: loop.py has a class `Trained` that is no"),
        ("class Trained", "class Trained(Other)", "loop.py:12:1: loop.py builds `Trained` on another class"),
        ("class Depth", "class Depth(Loop)", "loop.py:8:1: loop.py builds `Depth` on another class"),
        ("depth: Depth", "depth: Trained | None", "loop.py:18:1: loop.py has an annotation a front matter cannot"),
        ("WIDTH = 3", "def (", "loop.py:5:1: loop.py is not Python"),
    ],
)
def test_what_is_wrong_in_a_base_is_refused_there(
    tmp_path: Path, package: Path, old: str, new: str, message: str
) -> None:
    """File and line are those of the base, whichever job is built on it; a base is built on its own file alone."""
    (package / "numerics/loop.py").write_text(BASE.replace(old, new))

    assert refused(tmp_path).startswith(f"runner/numerics/{message}")


def test_base_may_be_built_on_a_class_of_its_own_file(tmp_path: Path, package: Path) -> None:
    """The fields of that class come first; on itself it cannot be built."""
    (package / "numerics/loop.py").write_text(BASE.replace("class Trained", "class Trained(Depth)"))

    assert list(built(tmp_path)) == ["layers", "epochs", "lr", "loss", "depth", "hidden"]
    (package / "numerics/loop.py").write_text(BASE.replace("class Trained", "class Trained(Trained)"))
    assert refused(tmp_path).endswith("loop.py builds `Trained` on another class")


def test_whoever_lists_parameters_lists_those_of_the_base(tmp_path: Path) -> None:
    """The page of a job and the schema of front matters know nothing of where a field was declared."""
    (tmp_path / "pyproject.toml").write_text('[tool.runner]\njobs = "own"\n')
    (tmp_path / "own").mkdir()
    read(tmp_path / "own", BUILT.replace("numerics.loop import Trained", "numerics.recipe import Recipe"))

    assert "  rows of a step" in described(tmp_path, "job").lines
    assert "rows of a step" in json.dumps(json_schema(tmp_path).data)


def test_parameters_all_trainings_share_are_those_of_recipe(tmp_path: Path) -> None:
    """A job of a project, outside of the package, names the file by its import; nothing is imported."""
    text = BUILT.replace("runner.numerics.loop import Trained", "runner.numerics.recipe import Recipe")
    recipe = {field.name: field.default for field in fields(Recipe)}

    assert built(tmp_path, text) == {**recipe, "lr": 1.0, "epochs": 20, "hidden": 8}
