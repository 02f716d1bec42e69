"""The settings of a knowledge base: the language of its labels and the jobs of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.documents.settings import Settings, load_plugins, read_settings
from runner.execution import plugins
from runner.findings import InputRefused
from tests.executed import execute, put, read
from tests.knowledge import EXPERIMENT, toy

OWN = '''"""The mean of the training targets, whatever is asked."""

from dataclasses import dataclass

import numpy as np

from runner.contract import Context, Data, Output

VERSION = 1
USES_SEED = False


@dataclass(frozen=True)
class Params:
    """What an experiment may set."""

    # added to the mean
    shift: float = 0.0


def run(params: Params, data: Data, context: Context) -> Output:
    """Average, and say so for every row."""
    mean = float(np.mean([y.mean() for _, y in data.train.pairs(100_000)])) + params.shift
    return Output({"val": np.full(data.val.rows, mean), "test": np.full(data.test.rows, mean)})
'''


def settings(root: Path, text: str) -> Settings:
    """Return the settings a project's table holds."""
    put(root, "pyproject.toml", f"[tool.runner]\n{text}\n")
    return read_settings(root)


def test_without_settings_everything_is_as_usual(tmp_path: Path) -> None:
    """No file, no table and an empty table say the same."""
    assert read_settings(tmp_path) == Settings()
    put(tmp_path, "pyproject.toml", "[project]\nname = 'x'\n")
    assert read_settings(tmp_path) == settings(tmp_path, "") == Settings("en", "")
    assert settings(tmp_path, "lang = 'zh'\njobs = 'own'") == Settings("zh", "own")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("job = 'own'", "LG203 pyproject.toml: unknown setting `job` -> did you mean `jobs`?"),
        ("jobs = 3", "LG203 pyproject.toml: `jobs` is no text -> did you mean `jobs`?"),
        ("jobs = 'nowhere'", "LG207 pyproject.toml: there is no folder `nowhere` of jobs -> make it"),
        ("jobs = '../own'", "pyproject.toml: jobs: '../own' leaves the folder -> write a path relative to the folder"),
    ],
)
def test_settings_that_mean_nothing_are_one_line(tmp_path: Path, text: str, message: str) -> None:
    """A word misspelt is no setting left out."""
    with pytest.raises(InputRefused) as caught:
        load_plugins(tmp_path, settings(tmp_path, text))
    assert str(caught.value) == message


def test_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    """Two files of one name would be two answers to one question."""
    put(tmp_path, "own/ridge.py", OWN)
    with pytest.raises(InputRefused, match=r"LG206 pyproject.toml: there is a job `ridge` already: ridge.py"):
        load_plugins(tmp_path, settings(tmp_path, "jobs = 'own'"))


def test_own_file_outside_the_limits_is_refused(tmp_path: Path) -> None:
    """A project's files are read, not run, like all others."""
    put(tmp_path, "own/mean.py", "VERSION = 1\nUSES_VAL = maybe()\n")
    with pytest.raises(InputRefused, match=r"mean.py:2:1: LG407 mean.py has no literal USES_VAL"):
        load_plugins(tmp_path, settings(tmp_path, "jobs = 'own'"))


def test_job_of_a_project_runs_like_any_other(tmp_path: Path) -> None:
    """It is declared, checked, imported from where it stands, and filed."""
    root = toy(tmp_path)
    put(root, "own/mean.py", OWN)
    settings(root, "jobs = 'own'")
    put(root, "logg/toy/exp/toy.md", EXPERIMENT.replace("{job: ridge, alpha: 1e4}", "{job: mean, shift: 1}"))

    assert execute(root).code == 0
    assert '"weak.bias"' in read(root, "logg/toy/results/TOY-1.json")


def test_two_projects_may_use_one_name(tmp_path: Path) -> None:
    """What was imported for one is not taken for the other."""
    for folder in ("a", "b"):
        put(tmp_path, f"{folder}/mean.py", OWN + f"\nWHERE = '{folder}'\n")
    loaded = [plugins.load("jobs", "mean", tmp_path / folder / "mean.py") for folder in ("a", "b", "a", "a")]

    assert [module.WHERE for module in loaded] == ["a", "b", "a", "a"]
    assert loaded[2] is loaded[3]
