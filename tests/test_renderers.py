"""What we write means the same to GitHub, to the site and to a third reader: every citation is a link there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.case_folders import CASES, cases
from tests.markdown_readers import FRAGILE, Reader, commonmark, expected, github, links, site

ROOT = Path(__file__).parent.parent


def rendered_files() -> list[Path]:
    """Return the documents of the knowledge base, and those that the cases expect of a render."""
    sound = [case for case in cases() if not any(line[:5] in FRAGILE for line in case.lines("after.txt"))]
    written = [path for case in sound for path in sorted((case.folder / "after").rglob("*.md"))]
    return [*sorted((ROOT / "logg").rglob("*.md")), *written]


def read(path: Path) -> str:
    """Return the text of a document, line ends as they stand."""
    return path.read_bytes().decode("utf-8").removeprefix("\ufeff")


@pytest.mark.parametrize("reader", [github, site, commonmark])
@pytest.mark.parametrize("path", rendered_files(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_citation_is_a_link_to_its_evidence(path: Path, reader: Reader) -> None:
    """Each citation shows up as often as it is written, with its target and with its provenance as the title."""
    due = expected(read(path))

    found = links(reader, read(path))

    assert {link: found[link] for link in due} == dict(due)


def test_there_is_something_to_render() -> None:
    """The files above hold citations: of the knowledge base, and of the cases."""
    cited = [path for path in rendered_files() if expected(read(path))]

    assert sum(CASES in path.parents for path in cited) > 20
    assert sum(CASES not in path.parents for path in cited) > 2
