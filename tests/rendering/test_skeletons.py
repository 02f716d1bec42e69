"""Skeletons of new documents: an id nobody has, a file name people can type, a text that passes check."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner import workflow
from runner.documents.library import Library
from runner.documents.reading import Document, read_draft, understood
from runner.findings import DocumentsRefused, UsageError
from runner.rendering import skeletons
from runner.rendering.skeletons import Wish
from runner.verdicts.knowledge import gather
from tests.executed import execute, executed, put, read, snapshot, swap
from tests.knowledge import base, toy

TODAY = "2026-02-03"


def new(root: Path, kind: str, topic: str = "moe", title: str = "Does it help?") -> str:
    """Write a skeleton and return the name of its file."""
    return str(workflow.new(root, Wish(kind, topic, title), TODAY).data["path"])


def mended(root: Path, name: str) -> list[str]:
    """Return what check says of a document that a render would mend."""
    return [str(f) for f in workflow.check(root).findings if f.place.path == name and f.fixed_by == "render"]


def document(root: Path, name: str) -> Document:
    """Read one document of a base."""
    return gather(root).library.named(name)


@pytest.mark.parametrize(
    ("kind", "name", "identity"),
    [
        ("exp", "logg/moe/exp/does-it-help.md", "MOE-20260203-does-it-help-01"),
        ("hub", "logg/moe/moe-hub.md", "MOE-hub"),
        ("roadmap", "logg/moe/moe-roadmap.md", "MOE-roadmap"),
        ("protocol", "logg/protocols/moe.md", "moe@1"),
    ],
)
def test_a_skeleton_is_complete(tmp_path: Path, kind: str, name: str, identity: str) -> None:
    """After `new` check has nothing to say of it; what is left to do is for a person, in words."""
    root = executed(tmp_path)

    assert new(root, kind) == name
    assert mended(root, name) == []

    left = [finding.code for finding in workflow.check(root).findings]
    assert left == (["LG109"] if kind == "exp" else [])
    assert (document(root, name).id, document(root, name).title) == (identity, "Does it help?")
    assert "{{" not in read(root, name)


def test_a_new_experiment_runs_as_it_stands(tmp_path: Path) -> None:
    """The skeleton takes the protocol there is, at its largest noise; with decisions and rows it runs at once."""
    root = executed(tmp_path)
    name = new(root, "exp")
    assert "protocol: tiny@1\nnoise: 1\n" in read(root, name)
    swap(root, name, "train: 1k", "train: 150")
    with pytest.raises(DocumentsRefused):
        execute(root, document(root, name).id)
    put(root, name, read(root, name).replace("TODO ", "", 3))  # the rungs, not the block that shows them

    report = execute(root, document(root, name).id)

    assert (report.code, report.findings) == (0, [])
    assert "?" not in re.sub(r"help\?|`.*?`", "", read(root, name).split("## 1.")[0].split("---\n")[2])


def test_without_a_protocol_a_new_experiment_says_where_one_goes(tmp_path: Path) -> None:
    """The placeholder of a protocol is a finding that names it, at its line."""
    root = tmp_path
    (root / "logg").mkdir()
    name = "logg/moe/exp/does-it-help.md"
    hint = 'there is no protocol yet -> runner new protocol NAME "title"'
    assert workflow.new(root, Wish("exp", "moe", "Does it help?"), TODAY).lines == [f"wrote {name}", hint]

    assert "unknown protocol `PROTOCOL@1`" in "\n".join(map(str, workflow.check(root).findings))
    assert "logg/moe/exp/does-it-help.md:6:1" in "\n".join(map(str, workflow.check(root).findings)), name


def test_every_experiment_gets_an_id_and_a_file_of_its_own(tmp_path: Path) -> None:
    """The same title, or titles without ASCII letters, count up."""
    root = toy(tmp_path)

    names = [new(root, "exp", title=title) for title in ("A b", "A b!", "回归最优", "软混合", "a/B")]

    assert [Path(name).stem for name in names] == ["a-b", "a-b-02", "exp", "exp-02", "a-b-03"]
    ids = [document(root, name).id for name in names]
    assert ids[:4] == ["MOE-20260203-a-b-01", "MOE-20260203-a-b-02", "MOE-20260203-exp-01", "MOE-20260203-exp-02"]
    assert len(set(ids)) == len(ids)


def test_only_the_new_document_is_rendered(tmp_path: Path) -> None:
    """Its neighbours stay as they are: nobody asked about them."""
    root = toy(tmp_path)
    before = snapshot(root)

    name = new(root, "exp", "toy")

    assert {path: told for path, told in snapshot(root).items() if path != name} == before


def test_a_title_without_ascii_letters_is_named_by_the_person(tmp_path: Path) -> None:
    """The output says how; the word then names file and id, of hubs and roadmaps too."""
    root = toy(tmp_path)
    hint = "the title has no ASCII letters to name the file by -> --slug NAME chooses a name"

    assert workflow.new(root, Wish("exp", "moe", "回归最优"), TODAY).lines == ["wrote logg/moe/exp/exp.md", hint]
    lines = workflow.new(root, Wish("exp", "moe", "回归最优", "best-mix"), TODAY).lines
    assert lines == ["wrote logg/moe/exp/best-mix.md"]
    assert document(root, "logg/moe/exp/best-mix.md").id == "MOE-20260203-best-mix-01"
    assert workflow.new(root, Wish("hub", "moe", "软混合", "soft"), TODAY).lines == ["wrote logg/moe/moe-soft.md"]
    assert document(root, "logg/moe/moe-soft.md").id == "MOE-soft"


@pytest.mark.parametrize("slug", ["Best", "a b", "../up", "-a", "最优"])
def test_a_slug_names_a_file_people_can_type(tmp_path: Path, slug: str) -> None:
    """Like a topic it needs no quoting and leads nowhere else."""
    with pytest.raises(UsageError, match=r"cannot name a file -> use lower-case letters, digits and -$"):
        workflow.new(toy(tmp_path), Wish("exp", "moe", "x", slug), TODAY)


def test_a_protocol_has_no_slug(tmp_path: Path) -> None:
    """It is called by the name that stands for the topic of the others."""
    with pytest.raises(UsageError, match=r"a protocol is called by its name -> leave --slug out"):
        workflow.new(toy(tmp_path), Wish("protocol", "moe", "x", "y"), TODAY)


@pytest.mark.parametrize("kind", ["hub", "roadmap", "protocol"])
def test_one_of_a_kind_is_not_written_twice(tmp_path: Path, kind: str) -> None:
    """A topic has one hub and one roadmap, a protocol one file: the second is refused, the first untouched."""
    root = toy(tmp_path)
    new(root, kind)
    before = snapshot(root)

    how = "" if kind == "protocol" else " with --slug"
    with pytest.raises(UsageError, match=f"exists -> edit it, or choose another name{how}$"):
        new(root, kind, title="Another")

    assert snapshot(root) == before


@pytest.mark.parametrize("topic", ["Moe", "m o", "../up", "", "-x", "a/b", "模型"])
def test_a_topic_is_a_folder_people_can_type(tmp_path: Path, topic: str) -> None:
    """No topic leaves the folder of the base or needs quoting."""
    root = toy(tmp_path)
    before = snapshot(root)

    with pytest.raises(UsageError, match="is not lower-case letters"):
        new(root, "exp", topic)

    assert snapshot(root) == before


@pytest.mark.parametrize(
    ("topic", "head"),
    [("my-topic", "MYTOPIC"), ("verylongtopic", "VERYLONG"), ("k2", ""), ("m", ""), ("v2x", "VX"), ("moe", "MOE")],
)
def test_the_id_of_an_experiment_begins_with_letters_of_its_topic(tmp_path: Path, topic: str, head: str) -> None:
    """The first eight of them; a topic of fewer than two letters is refused before anything is written."""
    root = toy(tmp_path)
    before = snapshot(root)

    if not head:
        with pytest.raises(UsageError, match="has too few letters to begin an id with"):
            new(root, "exp", topic)
        assert snapshot(root) == before
        return
    name = new(root, "exp", topic)

    assert name == f"logg/{topic}/exp/does-it-help.md"
    assert document(root, name).id == f"{head}-20260203-does-it-help-01"
    assert re.fullmatch(r"[A-Z]{2,8}-\d{8}-[a-z0-9-]+-\d{2}", document(root, name).id)


def test_an_unknown_kind_is_answered_with_the_nearest(tmp_path: Path) -> None:
    """A misspelt kind is no kind."""
    with pytest.raises(UsageError, match="did you mean `roadmap`"):
        skeletons.skeleton(gather(base(tmp_path)).library, Wish("roadmp", "moe", "x"), TODAY)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a base with one protocol."""
    return base(tmp_path_factory.mktemp("base"))


@cache
def library(root: Path) -> Library:
    """Return the documents of a base, read once."""
    return gather(root).library


TITLES = st.text(min_size=1, max_size=60).filter(lambda text: text.strip() and not re.search("[\ud800-\udfff]", text))


@settings(max_examples=60, derandomize=True, deadline=None)
@given(
    title=TITLES
    | st.sampled_from(["null", "- x", "a: b", "'", '"', "# x", "1.0", "{{ x }}", "`a` <b>", "a\x00b", "@x", "%"])
)
def test_any_title_gives_a_document_that_can_be_read(shelf: Path, title: str) -> None:
    """Whatever a person types, the skeleton is readable, and its title is what was typed on one line."""
    path, text = skeletons.skeleton(library(shelf), Wish("exp", "moe", title), TODAY)
    put(shelf, "fuzz.md", text)

    found = understood(read_draft(shelf / "fuzz.md", shelf), library(shelf).plugins, "en", lambda _id: None)

    assert [finding.message for finding in found.findings] == []
    assert len(path.name) < 50
    if title.isprintable():
        assert found.title == " ".join(title.split())
