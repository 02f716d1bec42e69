"""Paths from documents stay inside their folder, and links to files work in every renderer."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import pytest

from runner.findings import InputRefused
from runner.safety.paths import inside, relative_link


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a folder with a file, a sibling whose name starts alike, and links in and out."""
    folder = tmp_path / "data"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.csv").write_text("1\n", encoding="utf-8")
    (tmp_path / "data-private").mkdir()
    (folder / "in").symlink_to("sub")
    (folder / "out").symlink_to("../data-private")
    (folder / "etc").symlink_to("/etc/missing")
    (folder / "loop").symlink_to("loop")
    return folder


@pytest.mark.parametrize("written", ["a.csv", "sub/new file.csv", "./sub/../a.csv", "in/b.csv", "中文.csv", "..."])
def test_paths_inside_are_returned_below_the_folder(root: Path, written: str) -> None:
    """A relative path that stays inside is accepted, whether the file exists or not."""
    assert inside(root, written, "data.path").is_relative_to(root)


def test_folder_itself_may_be_reached_through_a_link(root: Path) -> None:
    """What counts is where the folder really is."""
    (root.parent / "alias").symlink_to("data")

    assert inside(root.parent / "alias", "a.csv", "data.path").read_text(encoding="utf-8") == "1\n"


@pytest.mark.parametrize(
    "written",
    [
        "", " ", ".", "./", "..", "../x", "sub/../../x", "/etc/passwd", "//x", "C:/x", "c:x", "a\\b",
        "..\\x", "a\0b", "a\nb", "a\x1b[31m", "a\u202eb", "a\u2028b", "a\ud800b", "out", "out/x",
        "out/../../data/a.csv", "etc", "../data-private/x", "in/../../x", "x" * 2000,
    ],
)  # fmt: skip
def test_paths_that_leave_the_folder_are_refused(root: Path, written: str) -> None:
    """Whatever does not name a file inside is refused in one line that says where it stood."""
    with pytest.raises(InputRefused, match=r"^data\.path: '") as caught:
        inside(root, written, "data.path")

    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


def test_link_that_runs_in_circles_leads_nowhere(root: Path) -> None:
    """A link to itself is no way out and no crash."""
    with pytest.raises((InputRefused, OSError)):
        inside(root, "loop/x", "data.path").read_bytes()


@pytest.mark.parametrize(
    ("source", "target", "link"),
    [
        ("moe/hub.md", "moe/results/E-01.json", "results/E-01.json"),
        ("moe/exp/e.md", "moe/results/E.json", "../results/E.json"),
        ("hub.md", "protocols/pfs-10k@1.json", "protocols/pfs-10k@1.json"),
        ("a.md", "a (1) b.png", "a%20%281%29%20b.png"),
        ("a.md", "中/é%.md", "%E4%B8%AD/%C3%A9%25.md"),
        ("a.md", "x:y#z?<>[]\"'`.md", "x%3Ay%23z%3F%3C%3E%5B%5D%22%27%60.md"),
    ],
)
def test_links_are_relative_and_encoded(tmp_path: Path, source: str, target: str, link: str) -> None:
    """Blanks, parentheses and letters beyond ASCII are percent-encoded; decoding finds the file."""
    assert relative_link(tmp_path / source, tmp_path / target) == link
    assert ((tmp_path / source).parent / unquote(link)).resolve() == (tmp_path / target).resolve()
