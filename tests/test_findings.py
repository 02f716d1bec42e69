"""Codes, their texts and their exit codes agree with what the program uses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from runner import findings
from runner.findings import CODES, DocumentsRefused, Finding, InputRefused, Place, RunnerError

RUNNER = Path(findings.__file__).parent
TABLE = Path(findings.__file__)


def used() -> set[str]:
    """Return the codes that stand in the program outside their table."""
    files = (path for path in RUNNER.rglob("*.py") if path != TABLE)
    return {code for path in files for code in re.findall(r"\bLG\d+\b", path.read_text(encoding="utf-8"))}


def stops() -> list[type[RunnerError]]:
    """Return the direct kinds of error of the module itself."""
    return [error for error in RunnerError.__subclasses__() if error.__module__ == findings.__name__]


def test_every_code_used_is_known() -> None:
    """No finding can fail for want of a title."""
    assert not used() - set(CODES)


def test_every_code_known_is_used() -> None:
    """No title outlives its finding."""
    assert not set(CODES) - used()


def test_codes_say_how_bad_and_who_mends() -> None:
    """A program that reads findings meets no other words than these."""
    assert {code.severity for code in CODES.values()} == {"error", "warning"}
    assert {code.fixed_by for code in CODES.values()} == {"render", "execute", "author"}


def test_finding_takes_severity_and_remedy_from_its_code() -> None:
    """What a code means is said once."""
    stale, number = Finding("LG404", Place("a.md"), "stale"), Finding("LG101", Place("a.md"), "differs")

    assert (stale.severity, stale.fixed_by) == ("warning", "execute")
    assert (number.severity, number.fixed_by) == ("error", "render")


@pytest.mark.parametrize(
    ("place", "fix", "line"),
    [
        (Place("a.md", 3, 7), "mend it", "a.md:3:7: LG101 differs -> mend it"),
        (Place("a.md", 3, 7), "", "a.md:3:7: LG101 differs"),
        (Place("a.md"), "", "a.md: LG101 differs"),
    ],
)
def test_finding_is_one_clickable_line(place: Place, fix: str, line: str) -> None:
    """Place, code, message, remedy; what is missing leaves no trace."""
    assert str(Finding("LG101", place, "differs", fix)) == line


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (InputRefused("broken"), "broken"),
        (InputRefused("broken", fix="mend it"), "broken -> mend it"),
        (
            InputRefused("broken", fix="mend it", place=Place("a.md", 1, 2), code="LG201"),
            "a.md:1:2: LG201 broken -> mend it",
        ),
    ],
)
def test_error_is_one_line(error: RunnerError, line: str) -> None:
    """An error that stops reads like a finding."""
    assert str(error) == line


def test_places_sort_by_file_line_and_column() -> None:
    """Findings are listed in the order in which a person walks through the files."""
    places = [Place("a", 2, 1), Place("a", 10, 1), Place("a", 10, 3), Place("b", 1, 1)]

    assert sorted([places[2], places[0], places[3], places[1]]) == places


def test_exit_codes_are_those_of_the_docstring() -> None:
    """The tree at the head of the module is the table the program goes by."""
    written = {
        name: int(code) for name, code in re.findall(r"^    (\w+) +(\d+) ", findings.__doc__ or "", re.MULTILINE)
    }
    real = {error.__name__: error.exit_code for error in stops()}

    assert real == written
    assert len(set(real.values())) == len(real)
    assert RunnerError.exit_code == 70


@pytest.mark.parametrize(
    ("count", "message"), [(1, "1 finding, nothing was done"), (3, "3 findings, nothing was done")]
)
def test_refused_documents_carry_all_findings(count: int, message: str) -> None:
    """A command that is refused hands over everything at once."""
    found = [Finding("LG201", Place("a.md", line, 1), "broken") for line in range(count)]
    error = DocumentsRefused(found)

    assert (error.findings, str(error), error.exit_code) == (found, message, 3)
