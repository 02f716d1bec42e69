"""Retired experiments that are still cited, successors that are none, long lists that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.checking.literature import literature_trouble
from runner.findings import Finding
from runner.verdicts.knowledge import gather
from tests.documents.marked import edited, expected, listed, unmarked
from tests.knowledge import EXPERIMENT, HUB, toy, write

HUB_NAME = "toy/toy-hub.md"
NEXT = EXPERIMENT.replace("id: TOY-1", "id: TOY-2").replace("define:", "cites:\n  old: TOY-1\ndefine:")


def trouble(folder: Path, retired: str, hub: str = HUB, second: str = NEXT) -> list[Finding]:
    """Return the findings of a base in which the toy was retired."""
    toy(folder)
    first = edited(EXPERIMENT, ("expect:", f"{retired}expect:"))
    write(folder, {"toy/exp/toy.md": first, "toy/exp/next.md": second, HUB_NAME: hub})
    knowledge = gather(folder)
    return [finding for document in knowledge.library.documents for finding in literature_trouble(document, knowledge)]


@pytest.mark.parametrize(
    ("retired", "message"),
    [
        ("retired: {by: TOY-2, why: it leaked}\n", "is retired: it leaked -> cite TOY-2 instead"),
        ("retired: {why: it leaked}\n", "is retired: it leaked -> say so in the sentence, or drop it"),
    ],
)
def test_citing_a_retired_experiment_is_a_warning(tmp_path: Path, retired: str, message: str) -> None:
    """The alias and every citation of its id are named; the finding says what to cite instead."""
    hub, places = unmarked(
        edited(HUB, ("  toy: TOY-1", "  toy: §TOY-1"), ("[?.??][toy", "[?.??][toy.gain] §[before][TOY-1] [?.??][toy"))
    )
    found = trouble(tmp_path, retired, hub)
    messages = (f"LG114 `toy` (TOY-1) {message}", f"LG114 TOY-1 {message}")

    assert [finding.severity for finding in found if finding.place.path.endswith(HUB_NAME)] == ["warning"] * 2
    assert [line.split(" ", 1)[1] for line in listed(found, HUB_NAME)] == list(messages)
    assert listed(found, HUB_NAME)[1:] == expected(places[1:], *messages[1:])


def test_the_one_that_took_its_place_may_cite_it(tmp_path: Path) -> None:
    """A successor is compared with what it replaced; anybody else is warned."""
    assert listed(trouble(tmp_path, "retired: {by: TOY-2, why: it leaked}\n"), "toy/exp/next.md") == []
    assert len(listed(trouble(tmp_path, "retired: {why: it leaked}\n"), "toy/exp/next.md")) == 1


def test_what_counts_may_be_cited(tmp_path: Path) -> None:
    """Without `retired` nothing is said."""
    assert trouble(tmp_path, "") == []


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ("TOY-3", "LG207 `TOY-3`, which takes the place of this experiment, is none -> did you mean `TOY-2`?"),
        ("TOY-hub", "LG207 `TOY-hub`, which takes the place of this experiment, is none -> did you mean `TOY-2`?"),
        ("TOY-1", "LG207 an experiment cannot take its own place -> name another one"),
    ],
)
def test_a_successor_is_another_experiment(tmp_path: Path, by: str, message: str) -> None:
    """The finding stands in the document that was retired."""
    (line,) = listed(trouble(tmp_path, f"retired: {{by: {by}, why: it leaked}}\n"), "toy/exp/toy.md")

    assert line == f"14:10: {message}"


def test_a_successor_that_cannot_be_read_is_not_guessed_at(tmp_path: Path) -> None:
    """Its own findings come first."""
    broken = NEXT.replace("train: 200", "train: much")

    assert listed(trouble(tmp_path, "retired: {by: TOY-2, why: it leaked}\n", second=broken), "toy/exp/toy.md") == []


def test_a_bad_line_of_the_long_list_is_found(tmp_path: Path) -> None:
    """The finding stands in the list."""
    toy(tmp_path)
    text = "source,population,address,value,low,high\na,same,weak.r2,high,,\n"
    write(tmp_path, {"toy/results/TOY-1.published.csv": text})
    (finding,) = trouble(tmp_path, "")

    assert str(finding.place) == "logg/toy/results/TOY-1.published.csv:2:1"
    assert finding.code == "LG216"


def test_a_list_behind_a_link_out_of_the_base_is_refused(tmp_path: Path) -> None:
    """Nothing outside the knowledge base is read."""
    toy(tmp_path / "base")
    (tmp_path / "base/logg/toy/results").symlink_to(tmp_path)

    assert {finding.code for finding in trouble(tmp_path / "base", "")} == {"LG207"}
