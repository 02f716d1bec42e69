"""All documents together: found by id, by path and by key."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.documents.kinds import Hub
from runner.documents.library import Library, load_library
from runner.findings import InputRefused, UsageError
from tests.knowledge import EXPERIMENT, HUB, PROTOCOL, write

ROADMAP = """---
kind: roadmap
id: TOY-roadmap
title: Toy roadmap
phases: {1: [MVP-1], 2: [MVP-2]}
gates:
  Gate-1: human
---
"""
SECOND = EXPERIMENT.replace("TOY-1", "TOY-2").replace("noise: 1", "noise: 1\nmvp: toy:MVP-1")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Read a base of two topics."""
    folder = tmp_path_factory.mktemp("base")
    files = {
        "protocols/tiny.md": PROTOCOL,
        "toy/exp/one.md": EXPERIMENT.replace("noise: 1", "noise: 1\nmvp: MVP-1"),
        "toy/toy-hub.md": HUB,
        "toy/toy-roadmap.md": ROADMAP,
        "moe/exp/two.md": SECOND,
        "toy/exp/three.md": EXPERIMENT.replace("TOY-1", "TOY-3"),
        "moe/moe-hub.md": HUB.replace("TOY-hub", "MOE-hub").replace("K1: toy.gain > 0", "K1: human"),
        "index.md": "# Start\n",
    }
    write(folder, files)
    return load_library(folder)


def test_documents_come_in_the_order_of_their_paths(library: Library) -> None:
    """The order is the same on every machine."""
    names = [document.name for document in library.documents]

    assert names[:3] == ["logg/index.md", "logg/moe/exp/two.md", "logg/moe/moe-hub.md"]
    assert library.ids == ["TOY-2", "MOE-hub", "tiny@1", "TOY-1", "TOY-3", "TOY-hub", "TOY-roadmap"]
    assert [document.id for document in library.experiments] == ["TOY-2", "TOY-1", "TOY-3"]


@pytest.mark.parametrize(("family", "name"), [("jobs", "ridge"), ("sources", "arrays"), ("figures", "bars")])
def test_plugins_come_from_their_folders(library: Library, family: str, name: str) -> None:
    """A document may name what has a file in the folder of its family."""
    assert getattr(library.plugins, family)[name].name == name


def test_document_is_named_by_id_or_by_path(library: Library) -> None:
    """A person types what they have at hand."""
    one = library.find("TOY-1")

    assert one is not None
    assert library.named("TOY-1") is library.named("logg/toy/exp/one.md") is library.named(str(one.path)) is one
    with pytest.raises(UsageError) as caught:
        library.named("TOYhub")
    assert str(caught.value) == "no document `TOYhub` -> did you mean `TOY-hub`?"


def test_protocol_is_that_of_the_experiment(library: Library) -> None:
    """Only an experiment has one, and only if it exists."""
    protocol = library.protocol(library.named("TOY-1"))

    assert protocol is not None
    assert protocol.test == 80
    assert library.protocol_document(library.named("TOY-1")) is library.named("tiny@1")
    assert library.protocol(library.named("TOY-hub")) is None


def test_key_means_first_what_stands_in_the_document(library: Library) -> None:
    """Expectations stay inside their experiment; claims and gates belong to the topic."""
    one, hub = library.named("TOY-1"), library.named("TOY-hub")
    expectation, claim = library.key("H-B", one), library.key("K1", one)

    assert expectation is not None
    assert expectation[0] is one
    assert library.key("H-B", hub) is None
    assert claim is not None
    assert isinstance(hub.body, Hub)
    assert claim == (hub, hub.body.claims["K1"])


@pytest.mark.parametrize(
    ("label", "identity", "owner"),
    [
        ("K1", "TOY-hub", "TOY-hub"),
        ("K1", "TOY-2", "MOE-hub"),
        ("toy:K1", "TOY-2", "TOY-hub"),
        ("moe:K1", "TOY-1", "MOE-hub"),
        ("Gate-1", "TOY-1", "TOY-roadmap"),
    ],
)
def test_key_belongs_to_its_topic(library: Library, label: str, identity: str, owner: str) -> None:
    """Another topic's key is reached by its prefix."""
    found = library.key(label, library.named(identity))

    assert found is not None
    assert found[0].id == owner


def test_known_keys_are_those_of_the_topic(library: Library) -> None:
    """A suggestion never names the key of another topic."""
    assert set(library.keys("toy")) == {"K1", "Gate-1"}
    assert library.keys("moe") == ["K1"]
    assert library.mvps("toy") == ["MVP-1", "MVP-2"]
    assert not library.mvps("moe")


def test_mvp_gathers_the_experiments_that_serve_it(library: Library) -> None:
    """An experiment of another topic serves it by the topic's prefix."""
    found = library.mvp("MVP-1", library.named("TOY-hub"))

    assert found is not None
    roadmap, phase, experiments = found
    assert (roadmap.id, phase, [document.id for document in experiments]) == ("TOY-roadmap", "1", ["TOY-2", "TOY-1"])
    assert library.mvp("toy:MVP-1", library.named("TOY-2")) == found
    assert library.mvp("MVP-1", library.named("TOY-2")) is None


def test_citing_documents_are_those_with_an_alias(library: Library) -> None:
    """An experiment knows who builds on it."""
    assert [document.id for document in library.citing(library.named("TOY-1"))] == ["MOE-hub", "TOY-hub"]
    assert not library.citing(library.named("TOY-2"))


def test_linked_files_are_left_alone(tmp_path: Path) -> None:
    """A link would be a second document of the same id, or lead out of the folder."""
    write(tmp_path, {"toy/exp/one.md": EXPERIMENT})
    (tmp_path / "logg/toy/exp/two.md").symlink_to("one.md")
    (tmp_path / "logg/toy/folder.md").mkdir()

    assert [document.name for document in load_library(tmp_path).documents] == ["logg/toy/exp/one.md"]


def test_folder_without_documents_is_a_usage_error(tmp_path: Path) -> None:
    """The mistake is where the command was typed."""
    with pytest.raises(UsageError) as caught:
        load_library(tmp_path)
    assert str(caught.value) == f"no folder `logg/` in {tmp_path} -> run inside a knowledge base, or give --root"


@pytest.mark.parametrize(("settings", "lang"), [("", "en"), ("[tool.runner]\nlang = 'zh'\n", "zh"), (None, "en")])
def test_language_is_that_of_the_project(tmp_path: Path, settings: str | None, lang: str) -> None:
    """A document without `lang:` speaks the language of its project."""
    write(tmp_path, {"toy/exp/one.md": EXPERIMENT, "index.md": "# Start\n"})
    if settings is not None:
        (tmp_path / "pyproject.toml").write_text(settings)

    assert [document.lang for document in load_library(tmp_path).documents] == [lang, lang]


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (b"[tool.runner]\nlang = 'xx'\n", "LG203 pyproject.toml: no labels in `xx` -> use en or zh"),
        (b"[tool", "LG201 pyproject.toml: "),
        (b"\xff", "LG201 pyproject.toml: "),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(tmp_path: Path, settings: bytes, line: str) -> None:
    """A mistake in the project's settings stops with one line."""
    write(tmp_path, {"index.md": "# Start\n"})
    (tmp_path / "pyproject.toml").write_bytes(settings)

    with pytest.raises(InputRefused) as caught:
        load_library(tmp_path)
    assert str(caught.value).startswith(line)
