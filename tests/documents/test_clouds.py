"""What cannot be judged because something else cannot be read: no more than that, and no less."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.documents.library import load_library
from tests.knowledge import EXPERIMENT, HUB, PROTOCOL, write

ONE = "toy/exp/one.md"
ROADMAP = """---
kind: roadmap
id: TOY-roadmap
title: Toy roadmap
phases: {1: [MVP-1, MVP-2]}
---
"""
BROKEN = {  # ways in which a document cannot be read, its front matter parsed or not
    "a wrong date": ("title:", "date: tomorrow\ntitle:"),
    "no YAML": ("title:", "broken: [\ntitle:"),
}
NEIGHBOUR = EXPERIMENT.replace("TOY-1", "TOY-2")
CITING = NEIGHBOUR.replace("noise: 1", "noise: 1\ncites: {one: TOY-1}")


def without_date(text: str) -> str:
    """Return a front matter that can be given another date."""
    return text.replace("date: 2026-01-02\n", "", 1)


def clouded(folder: Path, way: str, *, broken: str = ONE, **documents: str) -> dict[str, list[str]]:
    """Return the documents clouded by one that is broken, each with the causes, below `logg/`."""
    named = {name.replace("__", "/") + ".md": text for name, text in documents.items()}
    files = {"protocols/tiny.md": PROTOCOL, ONE: EXPERIMENT, **named}
    files[broken] = without_date(files[broken]).replace(*BROKEN[way], 1)
    write(folder, files)
    library = load_library(folder)
    assert [document.name for document in library.unreadable] == [f"logg/{broken}"]
    found = sorted(library.clouded.items())
    short = {name.removeprefix("logg/"): [cause.removeprefix("logg/") for cause in causes] for name, causes in found}
    return {name: causes for name, causes in short.items() if name != broken}


@pytest.mark.parametrize("way", BROKEN)
def test_a_broken_experiment_silences_none_of_its_neighbours(tmp_path: Path, way: str) -> None:
    """Those of its topic that do not name it are judged as ever."""
    other = HUB.replace("TOY-1", "TOY-2").replace("TOY-hub", "TOY-other")
    documents = {"toy__exp__two": NEIGHBOUR, "toy__other": other, "toy__roadmap": ROADMAP}

    assert clouded(tmp_path, way, **documents) == {}


@pytest.mark.parametrize("way", BROKEN)
@pytest.mark.parametrize(
    "reference",
    [
        "cites: {one: TOY-1}\n---",
        "claims: {Q1: TOY-1}\n---",
        "claims: {Q1: toy:MVP-1}\n---",
        "claims: {Q1: {1 > x.r2: {do: stop, closes: [TOY-1]}, else: go on}}\n---",
        "---\n\n[?][TOY-1]",
        "---\n\n[?][toy:MVP-1]",
        "---\n\n<!-- logg: figure {kind: bars, from: TOY-1} -->",
    ],
)
def test_what_refers_to_a_broken_experiment_waits_for_it(tmp_path: Path, way: str, reference: str) -> None:
    """By alias, by key, by the MVP it serves, by a figure it lends."""
    hub = f"---\nkind: hub\nid: MOE-hub\ntitle: Hub\n{reference}\n"
    one = EXPERIMENT.replace("noise: 1", "noise: 1\nmvp: MVP-1")
    found = clouded(tmp_path, way, toy__exp__one=one, moe__hub=hub, toy__roadmap=ROADMAP)

    assert found == {"moe/hub.md": [ONE], "toy/roadmap.md": [ONE]}


@pytest.mark.parametrize("way", BROKEN)
def test_values_carry_a_cloud_on(tmp_path: Path, way: str) -> None:
    """Who cites an experiment waits where that one's own names rest on the broken one, and not for its own values."""
    hub = HUB.replace("TOY-1", "TOY-2")
    resting = CITING.replace("gain: strong.r2 - weak.r2", "gain: strong.r2 - one.weak.r2")

    assert clouded(tmp_path, way, toy__exp__two=CITING, moe__hub=hub) == {"toy/exp/two.md": [ONE]}
    found = clouded(tmp_path, way, toy__exp__two=resting, moe__hub=hub)
    assert found == {"moe/hub.md": [ONE], "toy/exp/two.md": [ONE]}


@pytest.mark.parametrize("way", BROKEN)
def test_a_broken_protocol_clouds_all_that_is_scored_on_its_rows(tmp_path: Path, way: str) -> None:
    """Neither the experiments on it nor what cites them can be judged; those of another version can."""
    second = NEIGHBOUR.replace("tiny@1", "tiny@2")
    newer = PROTOCOL.replace("version: 1", "version: 2")
    documents = {"toy__hub": HUB, "moe__exp__two": second, "protocols__newer": newer}

    found = clouded(tmp_path, way, broken="protocols/tiny.md", **documents)
    assert found == {"toy/exp/one.md": ["protocols/tiny.md"], "toy/hub.md": ["protocols/tiny.md"]}


@pytest.mark.parametrize("way", BROKEN)
@pytest.mark.parametrize("broken", ["toy/hub.md", "toy/roadmap.md"])
def test_a_broken_hub_or_roadmap_hides_the_keys_of_its_topic(tmp_path: Path, way: str, broken: str) -> None:
    """All of its topic waits, and who names its keys from elsewhere."""
    documents = {"toy__hub": HUB, "toy__roadmap": ROADMAP, "moe__page": "[?][toy:K1]\n", "moe__other": "[?][K1]\n"}
    found = clouded(tmp_path, way, broken=broken, **documents)

    assert found == {name: [broken] for name in sorted({"moe/page.md", ONE, "toy/hub.md", "toy/roadmap.md"} - {broken})}


@pytest.mark.parametrize(("kind", "quiet"), [("exp", True), ("hub", False), ("axp", False), ("", False)])
def test_a_file_that_does_not_say_what_it_is_may_be_a_hub(tmp_path: Path, kind: str, quiet: bool) -> None:  # noqa: FBT001
    """Its kind is read from the text where its front matter cannot be."""
    lost = f"---\nkind: {kind}\nid: TOY-9\ntitle: Lost\nbroken: [\n---\n"
    write(tmp_path, {"protocols/tiny.md": PROTOCOL, ONE: EXPERIMENT, "toy/lost.md": lost})

    assert (f"logg/{ONE}" not in load_library(tmp_path).clouded) is quiet
