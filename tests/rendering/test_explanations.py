"""Pages about findings: one per code, in one form, with a line the program prints and a command it takes."""

from __future__ import annotations

import re
import shlex
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from runner import cli, workflow
from runner.findings import CODES, UsageError
from runner.rendering import explanations, shelf
from tests.case_folders import cases
from tests.damages import damage

LINE = re.compile(r"    (?P<place>[^\s:]+(?::\d+:\d+)?): (?P<code>LG\d+) .+")
COMMAND = re.compile(r"^    (runner .+)$", re.MULTILINE)
OF_THE_PROGRAM = {"LG407"}  # its line names a file where the program is installed
MENDS = {
    ("error", "render"): "An error; `runner render` mends it.",
    ("error", "author"): "An error; a person mends it.",
    ("warning", "author"): "A warning; a person decides.",
    ("warning", "execute"): "A warning; `runner execute` mends it.",
}


def page(code: str) -> str:
    """Return the text about a code."""
    return explanations.page_of(code).read_text(encoding="utf-8")


def ways(code: str) -> list[Callable[[Path], object]]:
    """Return what leads to a finding: the cases named after it, or a damage."""
    return [case.lay for case in cases() if code in case.codes] or [lambda root: damage(root, code)]


@cache
def printed(code: str) -> set[str]:
    """Return the lines that check prints where something leads to this finding."""
    found = set()
    for way in ways(code):
        with tempfile.TemporaryDirectory() as folder:
            way(Path(folder))
            found |= {str(finding) for finding in workflow.check(Path(folder)).findings}
    return found


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    """Nothing is left unexplained, and no page outlives its code."""
    pages = {path.stem for path in (shelf.folder() / "explain").iterdir()}

    assert pages == set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_a_page_has_the_form_of_all_pages(code: str) -> None:
    """Title, severity, meaning, example, why, what to do: each where a reader of another page expects it."""
    kind = CODES[code]
    title, mends, means, example, why, do, *command = page(code).rstrip("\n").split("\n\n")

    assert title == f"# {code}: {kind.title}"
    assert mends == MENDS[kind.severity, kind.fixed_by]
    assert means.endswith(".")
    assert (LINE.fullmatch(example) or {"code": ""})["code"] == code
    assert why.startswith("**Why it matters.** ")
    assert do.startswith("**What to do.** ")
    assert len(command) <= 1


@pytest.mark.parametrize("code", sorted(set(CODES) - OF_THE_PROGRAM))
def test_the_example_is_a_line_that_is_printed(code: str) -> None:
    """The line of a page stands word for word among those that check prints."""
    example = LINE.search(page(code))

    assert example
    assert example[0].strip() in printed(code)


@pytest.mark.parametrize("code", CODES)
def test_the_command_is_one_that_is_taken(code: str) -> None:
    """What a page tells people to type is in the grammar of the command line."""
    for command in COMMAND.findall(page(code)):
        cli.parser().parse_args(shlex.split(command)[1:])


@pytest.mark.parametrize("word", ["LG101", "lg101"])
def test_a_code_is_explained_however_it_is_spelt(word: str) -> None:
    """The answer is the page, line by line."""
    report = explanations.explain(word)

    assert report.lines == page("LG101").splitlines()
    assert report.data["code"] == "LG101"
    assert report.data["fixed_by"] == "render"


def test_an_unknown_code_is_refused_with_the_nearest_one() -> None:
    """A slip of the finger is one line with what was meant."""
    with pytest.raises(UsageError) as refused:
        explanations.explain("LG1O1")

    assert str(refused.value).startswith("there is no code `LG1O1` -> did you mean `LG")


def test_without_a_code_all_are_listed() -> None:
    """One line each, with who mends it, in the order of the numbers."""
    report = explanations.overview()

    assert len(report.lines) == len(CODES)
    assert report.lines[0] == "LG101  error    render   number differs from its result"
    assert list(report.data["codes"]) == sorted(CODES)


@pytest.mark.parametrize("arguments", [["explain"], ["explain", "LG101"], ["explain", "--json"]])
def test_the_command_line_explains(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    """It needs no knowledge base around it."""
    assert cli.main(arguments) == 0

    assert "number differs from its result" in capsys.readouterr().out
