"""What is wrong with documents taken together: ids, keys, aliases, and names that lead nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.documents.marked import edited, expected, library_findings, listed, unmarked
from tests.knowledge import EXPERIMENT, HUB, PROTOCOL

ROADMAP = """---
kind: roadmap
id: TOY-roadmap
title: Toy roadmap
phases: {1: [MVP-1], 2: [MVP-2]}
---
"""
SINGLE = [
    ("protocol: tiny@1", "§protocol: tiny@2", "LG207 unknown protocol `tiny@2` -> did you mean `tiny@1`?"),
    ("protocol: tiny@1", "§protocol: TOY-hub", "LG207 unknown protocol `TOY-hub` -> there is tiny@1"),
    ("noise: 1", "§noise: 0.5", "LG203 noise 0.5 is not an axis value of tiny@1 -> use one of 0, 1"),
    ("noise: 1", "noise: 1\n§hub: TOY-hbu", "LG207 unknown hub `TOY-hbu` -> did you mean `TOY-hub`?"),
    ("noise: 1", "noise: 1\n§hub: TOY-1", "LG207 unknown hub `TOY-1` -> did you mean `TOY-hub`?"),
    ("noise: 1", "noise: 1\n§mvp: MVP-3", "LG207 no roadmap has the MVP `MVP-3` -> did you mean `MVP-2`?"),
    ("noise: 1", "noise: 1\n§mvp: moe:MVP-1", "LG207 no roadmap has the MVP `moe:MVP-1` -> did you mean `MVP-1`?"),
    ("  weak: ", "  §young: ", "LG206 `young` names a job and a slice or metric -> rename the job"),
    ("  weak: ", "  §bias: ", "LG206 `bias` names a job and a slice or metric -> rename the job"),
    ("  gain: ", "  weak: §1\n  gain: ", "LG206 `weak` names a job and a definition -> rename one of them"),
    ("noise: 1", "noise: 1\ncites: {§a: TOY-3}", "LG207 unknown experiment `TOY-3` -> did you mean `TOY-1`?"),
    ("noise: 1", "noise: 1\ncites: {§a: TOY-hub}", "LG207 unknown experiment `TOY-hub` -> did you mean `TOY-1`?"),
    ("noise: 1", "noise: 1\ncites: {§a: TOY-1/wek}", "LG207 TOY-1 has no job `wek` -> did you mean `weak`?"),
    ("noise: 1", "noise: 1\ncites: {§weak: TOY-1}", "LG206 `weak` names two things here -> rename the alias"),
    ("noise: 1", "noise: 1\ncites: {§gain: TOY-1}", "LG206 `gain` names two things here -> rename the alias"),
]  # fmt: skip


def test_names_that_lead_somewhere_are_no_trouble(tmp_path: Path) -> None:
    """A hub, an MVP of this or another topic, an experiment and its job, and pages without any name."""
    text = edited(
        EXPERIMENT, ("TOY-1", "TOY-2"), ("noise: 1", "noise: 1\nhub: TOY-hub\nmvp: MVP-1\ncites: {a: TOY-1/weak}")
    )
    other = edited(EXPERIMENT, ("TOY-1", "MOE-1"), ("noise: 1", "noise: 1\nmvp: toy:MVP-2\ncites: {a: TOY-2}"))
    documents = {"toy__exp__toy": EXPERIMENT, "toy__hub": HUB, "toy__roadmap": ROADMAP, "index": "# A\n", "b": "# B\n"}

    assert not library_findings(tmp_path, **documents, toy__exp__two=text, moe__exp__one=other)


def test_findings_of_each_document_come_along(tmp_path: Path) -> None:
    """One list holds all; what is missing in a document is not also said to be unknown."""
    text, places = unmarked(edited(EXPERIMENT, ("protocol: tiny@1", "protocol:§")))

    assert listed(library_findings(tmp_path, toy__exp__toy=text)) == expected(
        places, "LG202 `protocol` is missing -> add `protocol:`"
    )


@pytest.mark.parametrize(("old", "new", "message"), SINGLE)
def test_name_that_leads_nowhere_is_a_finding(tmp_path: Path, old: str, new: str, message: str) -> None:
    """The finding points at the field and names the nearest thing there is."""
    text, places = unmarked(edited(EXPERIMENT, (old, new)))
    found = library_findings(tmp_path, toy__exp__toy=text, toy__hub=HUB, toy__roadmap=ROADMAP)

    assert listed(found) == expected(places, message)


def test_protocol_that_is_unknown_hides_nothing_else(tmp_path: Path) -> None:
    """What can be said without the protocol is said with it."""
    change = ("protocol: tiny@1", "§protocol: teeny@1\n§mvp: MVP-3\n§hub: TOY-hub2")
    text, places = unmarked(edited(EXPERIMENT, change))
    found = listed(library_findings(tmp_path, toy__exp__toy=text, toy__hub=HUB, toy__roadmap=ROADMAP))

    assert [line.split()[:2] for line in found] == [[f"{place}:", "LG207"] for place in places]


def test_noise_left_out_must_be_one_that_is_meant(tmp_path: Path) -> None:
    """Without a level the rows are clean; where the protocol has no such rows, one has to be chosen."""
    text, places = unmarked(edited(EXPERIMENT, ("noise: 1\n", ""), ("protocol: tiny@1", "§protocol: noisy@1")))
    noisy = edited(PROTOCOL, ("id: tiny", "id: noisy"), ("[0, 1]", "[1, 2]"))
    found = library_findings(tmp_path, toy__exp__toy=text, protocols__noisy=noisy)

    message = "LG202 noisy@1 has several values of `noise`, none is chosen -> add `noise: 1`"
    assert listed(found) == expected(places, message)


@pytest.mark.parametrize("levels", ["[1]", "[0, 1, 2]"])
def test_noise_may_be_left_out_where_only_one_can_be_meant(tmp_path: Path, levels: str) -> None:
    """The only level there is, or none at all."""
    text = edited(EXPERIMENT, ("noise: 1\n", ""), ("tiny@1", "noisy@1"))
    noisy = edited(PROTOCOL, ("id: tiny", "id: noisy"), ("[0, 1]", levels))

    assert not library_findings(tmp_path, toy__exp__toy=text, protocols__noisy=noisy)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("§noise: 2", "LG203 noise 2 is not an axis value of tiny@1 -> use one of 0, 1"),
        ("sweep: {§noise: [0, 2]}", "LG203 noise 2 is not an axis value of tiny@1 -> use one of 0, 1"),
    ],
)
def test_axis_value_is_one_that_was_agreed_on(tmp_path: Path, line: str, message: str) -> None:
    """Rows that no protocol describes have no population; the finding stands at the value's axis."""
    text, places = unmarked(edited(EXPERIMENT, ("noise: 1", line)))

    assert listed(library_findings(tmp_path, toy__exp__toy=text)) == expected(places, message)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("§protocol: teeny@1", "LG207 unknown protocol `teeny@1` -> did you mean `tiny@1`?"),
        ("§protocol: TOY-1", "LG207 unknown protocol `TOY-1` -> there is tiny@1"),
        ("protocol: tiny@1\n§noise: 2", "LG203 noise 2 is not an axis value of tiny@1 -> use one of 0, 1"),
    ],
)
def test_rows_a_hub_usually_speaks_of_are_those_of_a_protocol(tmp_path: Path, lines: str, message: str) -> None:
    """Its scoreboard would be empty without a word."""
    text, places = unmarked(edited(HUB, ("title: ", f"{lines}\ntitle: ")))
    found = library_findings(tmp_path, toy__exp__toy=EXPERIMENT, toy__hub=text)

    assert listed(found, "toy/hub.md") == expected(places, message)


def test_a_protocol_replaces_one_that_is_there(tmp_path: Path) -> None:
    """What changed between them can only be shown where both stand."""
    newer = edited(PROTOCOL, ("version: 1", "version: 2\n§replaces: tiny@0"))
    text, places = unmarked(newer)
    message = "LG207 unknown protocol `tiny@0` -> did you mean `tiny@1`?"

    assert listed(library_findings(tmp_path, protocols__new=text), "protocols/new.md") == expected(places, message)
    assert not library_findings(tmp_path, protocols__new=text.replace("tiny@0", "tiny@1"))


def test_axis_that_the_protocol_lacks_is_a_finding(tmp_path: Path) -> None:
    """Noise where the protocol knows none would be nobody's rows; saying that there is none does no harm."""
    bare = edited(PROTOCOL, ("axes:\n  noise: [0, 1]\n", ""), ("id: tiny", "id: bare"))
    text, places = unmarked(edited(EXPERIMENT, ("noise: 1", "§noise: 1"), ("tiny@1", "bare@1")))
    found = library_findings(tmp_path, toy__exp__toy=text, protocols__bare=bare)

    assert listed(found) == expected(places, "LG203 bare@1 has no axis `noise`")
    assert not library_findings(tmp_path, toy__exp__toy=text.replace("noise: 1", "noise: 0"), protocols__bare=bare)


@pytest.mark.parametrize("name", ["young", "bin", "r2"])
def test_job_is_not_called_like_a_slice_or_a_metric(tmp_path: Path, name: str) -> None:
    """`bin.r2` would mean two things, partitions included."""
    text, places = unmarked(edited(EXPERIMENT, ("strong: {job", f"strong: {{job: ridge}}\n  §{name}: {{job")))
    protocol = edited(PROTOCOL, ("young:", "bin: {by: age, edges: [20, 40, 60]}\n  young:"))
    found = library_findings(tmp_path, toy__exp__toy=text, protocols__tiny=protocol)

    message = f"LG206 `{name}` names a job and a slice or metric -> rename the job"
    assert listed(found) == expected(places, message)


def test_alias_of_a_run_is_that_of_its_job(tmp_path: Path) -> None:
    """`EXP/job(point)` is looked up by the job."""
    text, places = unmarked(edited(HUB, ("  toy: TOY-1", "  toy: TOY-1\n  a: TOY-1/weak(50k)\n  §b: TOY-1/waek(50k)")))
    found = library_findings(tmp_path, toy__exp__toy=EXPERIMENT, toy__hub=text)

    message = "LG207 TOY-1 has no job `waek` -> did you mean `weak`?"
    assert listed(found, "toy/hub.md") == expected(places, message)


@pytest.mark.parametrize("key", ["MVP-2", "Mvp-2"])
def test_roadmaps_of_a_topic_share_no_mvp(tmp_path: Path, key: str) -> None:
    """The second one is told about; another topic has MVPs of its own."""
    text = f"---\nkind: roadmap\nid: TOY-b\ntitle: B\n§phases: {{3: [MVP-9, {key}]}}\n---\n"
    text, places = unmarked(text)
    documents = {"toy__a": ROADMAP, "toy__b": text, "moe__b": text.replace("TOY", "MOE")}
    found = library_findings(tmp_path, **documents)
    message = f"LG206 MVP `{key}` is also planned in logg/toy/a.md -> plan it once"

    assert listed(found, "toy/b.md") == expected(places, message)
    assert len(found) == 1


@pytest.mark.parametrize("slices", ["alpha: age < 30", "alpha: {by: age, edges: [20, 40, 60]}"])
def test_swept_parameter_is_not_called_like_a_slice(tmp_path: Path, slices: str) -> None:
    """`strong(alpha=1)` and `alpha(30)` would both be asked by `alpha`."""
    text, places = unmarked(edited(EXPERIMENT, ("train: 200", "train: 200\nsweep: {§strong.alpha: [1, 2]}")))
    protocol = edited(PROTOCOL, ("young:", f"{slices}\n  young:"))
    found = library_findings(tmp_path, toy__exp__toy=text, protocols__tiny=protocol)

    message = "LG206 `alpha` names a swept parameter and a slice -> declare one job for each value"
    assert listed(found) == expected(places, message)


@pytest.mark.parametrize("again", ["TOY-1", "Toy-1"])
def test_id_is_used_once_whatever_its_case(tmp_path: Path, again: str) -> None:
    """File systems and renderers fold case, so ids that differ in case only are one id."""
    text, places = unmarked(edited(EXPERIMENT, ("id: TOY-1", f"§id: {again}")))
    found = library_findings(tmp_path, toy__exp__first=EXPERIMENT, toy__exp__toy=text)
    message = f"LG206 id `{again}` is also that of logg/toy/exp/first.md -> give one of them another id"

    assert listed(found) == expected(places, message)
    assert not listed(found, "toy/exp/first.md")


@pytest.mark.parametrize(("kind", "field"), [("hub", "claims"), ("roadmap", "gates")])
def test_key_is_used_once_in_a_topic(tmp_path: Path, kind: str, field: str) -> None:
    """Claims and gates of one topic share their keys; another topic has its own."""
    text, places = unmarked(f"---\nkind: {kind}\nid: TOY-b\ntitle: B\n{field}:\n  §K1: human\n  K3: human\n---\n")
    documents = {"toy__a": HUB, "toy__b": text, "moe__b": text.replace("TOY", "MOE"), "toy__exp__toy": EXPERIMENT}
    found = library_findings(tmp_path, **documents)
    message = "LG206 key `K1` is also used in logg/toy/a.md -> give one of them another key"

    assert listed(found, "toy/b.md") == expected(places, message)
    assert not listed(found, "moe/b.md")


@pytest.mark.parametrize(("kind", "field"), [("hub", "claims"), ("exp", "expect")])
def test_keys_that_differ_in_case_only_are_one(tmp_path: Path, kind: str, field: str) -> None:
    """A label finds its definition whatever its case, so two such keys would share one."""
    start = HUB if kind == "hub" else EXPERIMENT
    text, places = unmarked(edited(start, (f"{field}:\n", f"{field}:\n  Ka: human\n  §KA: human\n")))
    found = library_findings(tmp_path, toy__exp__toy=text, toy__other=EXPERIMENT.replace("TOY-1", "TOY-2"))
    message = "LG206 key `KA` is also used in logg/toy/exp/toy.md -> give one of them another key"

    assert [line for line in listed(found) if "LG206" in line] == expected(places, message)


def test_two_experiments_may_expect_under_one_key(tmp_path: Path) -> None:
    """Every experiment has its own H-A."""
    text = EXPERIMENT.replace("TOY-1", "TOY-2")

    assert not library_findings(tmp_path, toy__exp__toy=EXPERIMENT, toy__exp__two=text)
