"""Which files a path in a protocol names, and which it cannot reach."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.findings import InputRefused
from runner.safety import data_files as module
from runner.safety.data_files import data_files


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A knowledge base with data, beside a disk with more."""
    for name in ("logg/a.h5", "logg/[1].h5", "logg/.b.h5", "disk/t_10/d.h5", "disk/t_2/d.h5", "disk/t_1/d.h5", "c.h5"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path / "logg"


def names(text: str, base: Path) -> list[str]:
    """What messages call the files of a path."""
    return [file.name for file in data_files(text, base, "data.path")]


def test_a_relative_path_is_one_file_of_the_folder(base: Path) -> None:
    """The file is found, and called what the protocol calls it."""
    [file] = data_files("a.h5", base, "data.path")

    assert (file.name, file.path.read_text()) == ("a.h5", "logg/a.h5")
    assert file.identity() == data_files("./a.h5", base, "data.path")[0].identity()


def test_a_pattern_names_its_files_in_order(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shards come in the order of their names; hidden files are no data."""
    monkeypatch.setenv("DISK", str(base.parent / "disk"))

    assert names("${DISK}/t_*/d.h5", base) == [f"${{DISK}}/t_{n}/d.h5" for n in ("1", "10", "2")]
    assert names("*.h5", base) == ["[1].h5", "a.h5"]
    assert names("[ab].h5", base) == ["a.h5"]


def test_a_file_with_the_name_of_a_pattern_is_that_file(base: Path) -> None:
    """Brackets in a file's name need no escape."""
    assert names("[1].h5", base) == ["[1].h5"]


def test_variables_may_stand_anywhere(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable can be a folder, a whole file or a part of a name."""
    monkeypatch.setenv("DISK", str(base.parent / "disk"))
    monkeypatch.setenv("N", "2")
    monkeypatch.setenv("FILE", str(base.parent / "c.h5"))

    assert names("${DISK}/t_${N}/d.h5", base) == ["${DISK}/t_2/d.h5"]
    assert data_files("${FILE}", base, "data.path")[0].path.read_text() == "c.h5"


def test_folders_of_the_environment_are_no_patterns(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Brackets in the path of a disk stand for themselves."""
    odd = base.parent / "disk[1]"
    odd.mkdir()
    (odd / "x.h5").write_text("odd")
    monkeypatch.setenv("DISK", str(odd))

    assert [file.path.read_text() for file in data_files("${DISK}/*.h5", base, "data.path")] == ["odd"]


@pytest.mark.parametrize("text", ["../c.h5", "${DISK}/../c.h5", "/etc/passwd", "${DISK}/${UP}/c.h5", "${UP}/c.h5"])
def test_paths_stay_in_their_folder(base: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither dots nor a variable lead out of the knowledge base or the folder a variable names."""
    monkeypatch.setenv("DISK", str(base.parent / "disk"))
    monkeypatch.setenv("UP", "..")

    with pytest.raises(InputRefused, match=r"^data\.path: .*(leaves the folder|is absolute|an absolute path is due)"):
        names(text, base)


def test_links_out_of_the_folder_are_refused(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link to another place is refused, be it named or matched; a linked disk is the person's own choice."""
    (base / "out.h5").symlink_to(base.parent / "c.h5")
    (base.parent / "linked").symlink_to(base.parent / "disk")
    monkeypatch.setenv("DISK", str(base.parent / "linked"))

    for text in ("out.h5", "o*.h5"):
        with pytest.raises(InputRefused, match="is a link that leaves the folder"):
            names(text, base)
    assert len(names("${DISK}/t_*/d.h5", base)) == 3


@pytest.mark.parametrize("text", ["no.h5", "no_*.h5", "n" * 300, "a.h5/b.h5"])
def test_no_file_is_one_line(base: Path, text: str) -> None:
    """A name or pattern without a file is answered with itself."""
    with pytest.raises(InputRefused, match=r"there is no file `(n|a\.h5/)"):
        names(text, base)


def test_a_missing_variable_is_named(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says which variable to export."""
    monkeypatch.delenv("DISK", raising=False)

    for text in ("${DISK}/a.h5", "x/${DISK}"):
        with pytest.raises(InputRefused, match="the environment has no DISK -> export DISK="):
            names(text, base)


def test_searches_are_bounded(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole trees are not searched, nor are thousands of files one set."""
    with pytest.raises(InputRefused, match="would search whole trees"):
        names("**/*.h5", base)
    monkeypatch.setattr(module, "MOST", 1)
    with pytest.raises(InputRefused, match="names 2 files; at most 1"):
        names("*.h5", base)
