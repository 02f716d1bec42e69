"""What holds of any document: render touches what is its own, once is enough, and check only looks.

The examples are the same in every run. To look further:

    EXAMPLES=5000 .venv/bin/python -m pytest tests/test_properties.py
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import assume, given, settings

from runner import workflow
from tests.case_folders import CASES, Case, files, write
from tests.composed import DOCUMENTS, KEPT, skeleton, skeletons
from tests.markdown_readers import FRAGILE, commonmark, expected, github, links

EXAMPLES = int(os.environ.get("EXAMPLES", "40"))
FURTHER = "EXAMPLES" in os.environ
LIMIT = 0 if FURTHER else 300  # seconds: a failure is made small before it is shown
NAME = "logg/toy/hub.md"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a base with results, beside which any document can be put."""
    folder = Case(CASES / "sweep-over-training-rows").lay(tmp_path_factory.mktemp("base"))
    swept = folder / "logg/toy/exp/rows.md"
    swept.write_text(swept.read_text(encoding="utf-8").partition("# More rows")[0], encoding="utf-8")
    return folder


@pytest.mark.timeout(LIMIT)
@settings(max_examples=EXAMPLES, derandomize=not FURTHER, deadline=None)
@given(text=DOCUMENTS)
def test_any_document_is_rendered_once_and_only_where_it_is_not_the_authors(root: Path, text: str) -> None:
    """Author's text stays byte for byte, a second render changes nothing, check agrees with both and writes nothing."""
    write(root, {NAME: text.encode()})
    typed = files(root)

    before = workflow.check(root).findings
    looked = files(root)
    workflow.render(root, [])
    rendered = files(root)
    after = workflow.check(root).findings
    workflow.render(root, [])

    new = rendered[NAME].decode()
    assert looked == typed
    assert {name for name in typed if rendered[name] != typed[name]} <= {NAME}
    assert skeleton(new) in skeletons(text)
    assert new.count(KEPT) == text.count(KEPT)
    assert files(root) == rendered
    assert [str(finding) for finding in after if finding.fixed_by == "render"] == []
    assert any(finding.fixed_by == "render" for finding in before) == (new != text)


@pytest.mark.timeout(LIMIT)
@settings(max_examples=EXAMPLES, derandomize=not FURTHER, deadline=None)
@given(text=DOCUMENTS)
def test_any_sound_document_has_its_citations_as_links(root: Path, text: str) -> None:
    """Where check finds nothing that readers of markdown differ about, GitHub and CommonMark show every citation.

    The site is left out: its parser loses tables in quotes in lists, citations or not.
    """
    write(root, {NAME: text.encode()})
    report = workflow.render(root, [])
    rendered = files(root)[NAME].decode().removeprefix("\ufeff")

    assume(not any(finding.code in FRAGILE for finding in report.findings))
    due = expected(rendered)
    for reader in (github, commonmark):
        found = links(reader, rendered)
        assert {link: count for link, count in due.items() if found[link] < count} == {}
