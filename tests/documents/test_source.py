"""A file as it stands: every byte kept, every offset with its line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.documents import source
from runner.documents.source import Source, read_source
from runner.findings import InputRefused


def written(folder: Path, content: bytes) -> Source:
    """Write a file and read it."""
    (folder / "a.md").write_bytes(content)
    return read_source(folder / "a.md", folder)


def refusal(folder: Path) -> InputRefused:
    """Return the refusal of the file `a.md`."""
    with pytest.raises(InputRefused) as caught:
        read_source(folder / "a.md", folder)
    assert str(caught.value.place) == "a.md"
    assert caught.value.code == "LG213"
    return caught.value


@pytest.mark.parametrize("content", [b"", b"a\r\nb\n\r", "\ufeff# 中\n".encode(), b"no line end"])
def test_text_is_the_bytes(tmp_path: Path, content: bytes) -> None:
    """Byte order mark and line ends are kept, so that writing back changes nothing."""
    found = written(tmp_path, content)

    assert found.content == content
    assert found.text.encode() == content


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_place_counts_what_people_see(tmp_path: Path, mark: str, newline: str) -> None:
    """Lines and columns count from one; a byte order mark counts as nothing."""
    rows = ["first", "", "中文 third", "last"]
    found = written(tmp_path, (mark + newline.join(rows)).encode())

    for line, row in enumerate(rows, 1):
        for column in range(1, len(row) + 1):
            offset = len(mark) + sum(len(above) + len(newline) for above in rows[: line - 1]) + column - 1
            assert str(found.place(offset)) == f"a.md:{line}:{column}"
    assert str(found.place(0)) == "a.md:1:1"


@pytest.mark.parametrize(("content", "newline"), [(b"a\nb", "\n"), (b"a\r\nb", "\r\n"), (b"a", "\n")])
def test_newline_is_that_of_the_file(tmp_path: Path, content: bytes, newline: str) -> None:
    """What is added to a file ends its lines as the file does."""
    assert written(tmp_path, content).newline == newline


def test_file_that_is_no_text_is_refused_with_the_byte(tmp_path: Path) -> None:
    """The first byte that is not UTF-8 is named."""
    (tmp_path / "a.md").write_bytes("中".encode() + b"\xff")
    error = refusal(tmp_path)

    assert (error.message, error.fix) == ("not UTF-8 at byte 3", "save the file as UTF-8")


def test_huge_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of this size is no document."""
    monkeypatch.setattr(source, "LARGEST", 10)
    assert written(tmp_path, b"x" * 10).text
    (tmp_path / "a.md").write_bytes(b"x" * 11)
    error = refusal(tmp_path)

    assert (error.message, error.fix) == ("larger than 0 MB", "split the document")


def test_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    """What the system refuses is a finding, not a bug of ours."""
    (tmp_path / "a.md").mkdir()
    error = refusal(tmp_path)

    assert (error.message, error.fix) == ("cannot be read: Is a directory", "mend its permissions")
