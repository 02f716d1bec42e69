"""Every folder of tests/cases: what check says, what render writes, what remains, and that the mend mends."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner import workflow
from runner.documents.scanner import scan
from runner.findings import CODES
from runner.rendering import templates
from tests.case_folders import FINDINGS, LEFT, Case, base, cases, changed, files, listed, write
from tests.damages import DAMAGES, damage

CASES = {case.name: case for case in cases()}
MENDED = [name for name, case in CASES.items() if case.mended]
ELSEWHERE = {"LG407": "test_contract.py"}  # about a file of the program, not of the knowledge base


def says(expected: list[str], found: list[str]) -> bool:
    """Tell whether each finding begins as the line that stands for it."""
    return len(expected) == len(found) and all(map(str.startswith, found, expected))


@pytest.fixture(params=list(CASES.values()), ids=list(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    """Return one case after the other."""
    found: Case = request.param
    return found


def test_check_says_what_the_case_expects_and_writes_nothing(case: Case, tmp_path: Path) -> None:
    """The findings are those of the case, in order, and every file is what it was."""
    root = case.lay(tmp_path)
    old = files(root)

    found = listed(workflow.check(root).findings)

    assert says(case.lines(FINDINGS), found), found
    assert files(root) == old


def test_render_writes_what_the_case_expects(case: Case, tmp_path: Path) -> None:
    """The documents of `after` come out byte for byte, no other changes, and a second render changes nothing."""
    root = case.lay(tmp_path)
    old = files(root)

    workflow.render(root, [])

    new = files(root)
    left = listed(workflow.check(root).findings)
    workflow.render(root, [])
    assert changed(old, new) == case.files("after")
    assert says(case.lines(LEFT), left), left
    assert files(root) == new


@pytest.mark.parametrize("name", MENDED)
def test_the_mend_of_a_case_mends_it(name: str, tmp_path: Path) -> None:
    """With what a person changes nothing of the code is left, and after a render nothing at all."""
    case = CASES[name]
    case.mend(case.lay(tmp_path))

    found = [finding.code for finding in workflow.check(tmp_path).findings]
    workflow.render(tmp_path, [])

    assert not set(found) & set(case.codes)
    assert listed(workflow.check(tmp_path).findings) == []


def test_the_base_agrees_with_itself(tmp_path: Path) -> None:
    """What a case finds is of its own making."""
    write(tmp_path, base())

    assert listed(workflow.check(tmp_path).findings) == []
    workflow.render(tmp_path, [])
    assert {name: text for name, text in files(tmp_path).items() if not name.startswith(".logg/")} == base()


@pytest.mark.parametrize("code", DAMAGES)
def test_damage_is_found_and_undone_by_restoring_the_file(code: str, tmp_path: Path) -> None:
    """What is wrong with a stored file is named, and is gone when the file is what it was."""
    damage(tmp_path, code)

    found = workflow.check(tmp_path).findings
    write(tmp_path, base())

    assert {finding.code for finding in found} == {code}
    assert workflow.check(tmp_path).findings == []


@pytest.mark.parametrize("code", sorted(set(CODES) - set(DAMAGES) - set(ELSEWHERE)))
def test_every_code_has_a_case_that_produces_it_and_one_that_mends_it(code: str) -> None:
    """A code is produced by a case named after it, which a render, a person or a run mends."""
    own = [case for case in CASES.values() if code in case.codes]

    assert own
    for each in own:
        assert any(line.startswith(code) for line in each.lines(FINDINGS)), each.name
    left = [any(line.startswith(code) for line in each.lines(LEFT)) for each in own]
    assert any(each.mended for each in own) or not all(left)


def test_every_kind_of_block_is_rendered_in_a_case() -> None:
    """A new block comes with a document that shows it."""
    texts = b"".join(text for case in CASES.values() for text in case.files("after").values()).decode("utf-8")
    shown = {block.name for block in scan(texts).blocks if block.closed}

    assert set(templates.kinds()) - shown == set()


@pytest.mark.parametrize("code", ELSEWHERE)
def test_what_no_case_produces_is_tested_elsewhere(code: str) -> None:
    """The list of exceptions names a file that speaks about the code."""
    assert code in (Path(__file__).parent / ELSEWHERE[code]).read_text(encoding="utf-8")
