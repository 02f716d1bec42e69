"""One file as a document: its kind, its common fields, and everything wrong with them at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import frontmatter
import pytest

from runner.documents.kinds import Hub, Roadmap
from runner.documents.scanner import scan
from runner.expressions.syntax import Argument
from runner.expressions.tokens import quantity
from runner.safety import bounded_yaml
from runner.safety.yaml_messages import SPLIT_FIX
from tests.documents.marked import edited, expected, listed, read, unmarked
from tests.knowledge import EXPERIMENT, HUB, PROTOCOL

ROOT = Path(__file__).parents[2]
ROADMAP = """---
kind: roadmap
id: TOY-roadmap
title: Toy roadmap
phases:
  1: [MVP-1, MVP-2]
  12A: MVP-3
gates:
  Gate-1: toy.gain > 0
---
"""
WRITE_ID = "write EXPERIMENT-ID or EXPERIMENT-ID/job"
WRITE_JOB = "write job or job(point)"
NO_MVP = "is no key of an MVP -> start with a capital; use letters, digits, . _ -"
PHASES = "LG203 `phases` takes a map of names -> write one `name: value` per line"
TAKEN = "is a word of the language -> choose another name"
LANGUAGE = "lang: zh\nhub: TOY-hub\ntopic: toy"

SINGLE = [
    ("kind: exp", "kind: §epx", "LG203 unknown kind `epx` -> did you mean `exp`?"),
    ("kind: exp", "kind: §[exp]", "LG203 `kind` takes one value, not several"),
    ("id: TOY-1", "id: §toy-1", "LG203 id `toy-1` is not a key -> start with a capital; use letters, digits, . _ -"),
    ("id: TOY-1", "id: §T/1", "LG203 id `T/1` is not a key -> start with a capital; use letters, digits, . _ -"),
    ("id: TOY-1", "id: §a:T", "LG203 id `a:T` is not a key -> start with a capital; use letters, digits, . _ -"),
    ("A toy\ndate", "§[A]\ndate", "LG203 `title` takes one value, not several"),
    ("2026-01-02", "§tomorrow", "LG203 `tomorrow` is no date -> write 2026-01-31"),
    ("2026-01-02", "§2026-02-30", "LG203 `2026-02-30` is no date -> write 2026-01-31"),
    ("2026-01-02", "§20260102", "LG203 `20260102` is no date -> write 2026-01-31"),
    ("noise: 1", "noise: 1\nlang: §xx", "LG203 no labels in `xx` -> use en or zh"),
    ("noise: 1", "noise: 1\ntopic: §moe", "LG203 the file stands in the folder of `toy` -> move it, or drop `topic:`"),
    ("noise: 1", "noise: 1\ncites: §x", "LG203 `cites` takes a map of names -> write one `name: value` per line"),
    ("noise: 1", "noise: 1\ncites: {a: §toy}", f"LG203 `toy` names no experiment -> {WRITE_ID}"),
    ("noise: 1", "noise: 1\ncites: {a: §[T-2]}", f"LG203 `` names no experiment -> {WRITE_ID}"),
    ("noise: 1", "noise: 1\ncites: {a: §T-2/}", f"LG203 `T-2/` names no job -> {WRITE_ID}"),
    ("noise: 1", "noise: 1\ncites:\n  a: T-2/net(1M§", f"LG301 `)` is missing -> {WRITE_JOB}"),
    ("noise: 1", "noise: 1\ncites: {a: 'T-2/net(1M)§x'}", f"LG301 `x` does not belong here -> {WRITE_JOB}"),
    ("noise: 1", "noise: 1\ncites:\n  a: T-2/n(§", f"LG301 a value is missing between the parentheses -> {WRITE_JOB}"),
    ("noise: 1", "noise: 1\ncites: {a: T-2/§net.r2}", f"LG203 `net.r2` is no job -> {WRITE_JOB}"),
    ("noise: 1", "noise: 1\ncites: {a: T-2/§(net)}", f"LG203 `(net)` is no job -> {WRITE_JOB}"),
    ("noise: 1", "noise: 1\ncites: {a: T-2/§3}", f"LG203 `3` is no job -> {WRITE_JOB}"),
    ("noise: 1", "noise: 1\ncites: {§ci: T-2}", f"LG203 the alias `ci` {TAKEN}"),
    ("  gain: ", "  §not: 1\n  gain: ", f"LG203 the definition `not` {TAKEN}"),
    ("noise: 1", "noise: 1\n§noise: 2", "LG201 'noise' stands twice, on lines 7 and 8 -> keep one"),
    ("noise: 1", "noise: §[1", f"LG201 what opens with '[' here never closes properly -> {SPLIT_FIX}"),
    ("noise: 1", "§\tnoise: 1", "LG201 a tab stands where YAML wants blanks -> use blanks"),
]  # fmt: skip


def values(node: bounded_yaml.Node) -> Any:
    """Return a tree as plain text, lists and maps."""
    match node:
        case bounded_yaml.Scalar(text=text):
            return text
        case bounded_yaml.Sequence(items=items):
            return [values(item) for item in items]
        case bounded_yaml.Mapping(entries=entries):
            return {key.text: values(value) for key, value in entries}


def agree(ours: Any, theirs: Any) -> bool:
    """Tell whether our text means the value another reader found."""
    match theirs:
        case dict():
            return list(ours) == [str(key) for key in theirs] and all(map(agree, ours.values(), theirs.values()))
        case list():
            return len(ours) == len(theirs) and all(map(agree, ours, theirs))
        case bool():
            return bool(ours == str(theirs).lower())
        case int() | float():
            return quantity(ours) == theirs
        case _:
            return bool(ours == str(theirs))


def front(text: str) -> Any:
    """Return the front matter of a text as plain text, lists and maps."""
    span = scan(text).front
    assert span is not None
    return values(bounded_yaml.load(text[slice(*span)]))


def keyed() -> list[Path]:
    """Return the documents of this repository that have a front matter."""
    files = sorted((ROOT / "logg").rglob("*.md"))
    return [path for path in files if path.read_text(encoding="utf-8").startswith("---\n")]


def test_common_fields_are_read(tmp_path: Path) -> None:
    """Identity, title, date, language, hub and topic are those written or where the file stands."""
    found = read(tmp_path, edited(EXPERIMENT, ("noise: 1", f"noise: 1\n{LANGUAGE}")))

    assert not found.findings
    assert found.readable
    assert (found.kind, found.id, found.title, found.date) == ("exp", "TOY-1", "A toy", "2026-01-02")
    assert (found.lang, found.hub, found.topic, found.name) == ("zh", "TOY-hub", "toy", "logg/toy/exp/toy.md")
    assert found.path == tmp_path / "logg/toy/exp/toy.md"


def test_place_of_a_field_is_that_of_its_name(tmp_path: Path) -> None:
    """A field that is there is pointed at, one that is not is the start of the file."""
    text, places = unmarked(edited(EXPERIMENT, ("noise: 1", "§noise: 1")))
    found = read(tmp_path, text)

    assert [str(found.place("noise"))] == [f"logg/toy/exp/toy.md:{place}" for place in places]
    assert str(found.place("hub")) == "logg/toy/exp/toy.md:1:1"


def test_hub_has_claims_and_aliases(tmp_path: Path) -> None:
    """An alias stands for an experiment or for one of its jobs."""
    text, places = unmarked(
        edited(HUB, ("  toy: TOY-1", "  §toy: TOY-1\n  §w: TOY-1/weak\n  §m: 'TOY-1/net(1M, seed=2)'"))
    )
    found = read(tmp_path, text)

    assert not found.findings
    assert isinstance(found.body, Hub)
    assert list(found.body.claims) == ["K1"]
    assert [(c.alias, c.experiment, c.job) for c in found.names.cites.values()] == [
        ("toy", "TOY-1", ""),
        ("w", "TOY-1", "weak"),
        ("m", "TOY-1", "net(1M, seed=2)"),
    ]
    runs = [(cite.run.name, cite.run.point) for cite in found.names.cites.values() if cite.run]
    assert runs == [("weak", ()), ("net", (Argument("", "1M"), Argument("seed", "2")))]
    assert [str(cite.place) for cite in found.names.cites.values()] == [
        f"logg/toy/exp/toy.md:{place}" for place in places
    ]


def test_roadmap_has_phases_and_gates(tmp_path: Path) -> None:
    """A phase of one MVP needs no list."""
    found = read(tmp_path, ROADMAP)

    assert not found.findings
    assert isinstance(found.body, Roadmap)
    assert found.body.phases == {"1": ("MVP-1", "MVP-2"), "12A": ("MVP-3",)}
    assert list(found.body.gates) == ["Gate-1"]


@pytest.mark.parametrize(
    "text", ["# Title\n", "---\ntitle: x\nhide: [toc]\n---\n# Title\n", "---\n- a\n---\n# Title\n"]
)
def test_file_without_a_kind_is_a_page(tmp_path: Path, text: str) -> None:
    """A page has a title, and a front matter that is none of our business."""
    found = read(tmp_path, text)

    assert (found.kind, found.id, found.title, found.body, found.findings) == ("page", "", "Title", None, ())


def test_page_without_heading_is_called_as_its_file(tmp_path: Path) -> None:
    """Every document can be named."""
    assert read(tmp_path, "text\n", "notes.md").title == "notes"
    assert read(tmp_path, "text\n", "notes.md").topic == ""


def test_front_matter_with_an_id_needs_a_kind(tmp_path: Path) -> None:
    """A document whose `kind` is misspelt does not silently become a page."""
    text, places = unmarked(edited(EXPERIMENT, ("kind: exp", "§kidn: exp")))

    assert listed(read(tmp_path, text).findings) == expected(places, "LG202 `kind` is missing -> add `kind:`")


@pytest.mark.parametrize(("old", "new", "message"), SINGLE)
def test_mistake_is_one_finding_at_its_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    """One mistake, one line: where, what, and what to write."""
    text, places = unmarked(edited(EXPERIMENT, (old, new)))
    found = read(tmp_path, text)

    assert listed(found.findings) == expected(places, message)
    assert not found.readable
    assert found.lang == "en"


def test_hub_names_the_rows_its_numbers_usually_stand_on(tmp_path: Path) -> None:
    """A protocol and a value of each of its axes, none where nothing is said."""
    plain, said = read(tmp_path, HUB), read(tmp_path, edited(HUB, ("title: ", "protocol: tiny@1\nnoise: 20%\ntitle: ")))

    assert not plain.findings + said.findings
    assert isinstance(plain.body, Hub)
    assert isinstance(said.body, Hub)
    assert (plain.body.protocol, plain.body.axes, plain.body.signed) == ("", {}, {})
    assert (said.body.protocol, said.body.axes) == ("tiny@1", {"noise": 0.2})


def test_roadmap_says_what_is_on_now_and_comes_first(tmp_path: Path) -> None:
    """The phase of today, and MVPs by their priority."""
    found = read(tmp_path, edited(ROADMAP, ("gates:", "now: 12A\npriority: {P0: [MVP-3, MVP-1], P1: MVP-2}\ngates:")))

    assert not found.findings
    assert isinstance(found.body, Roadmap)
    assert found.body.now == "12A"
    assert found.body.priority == {"P0": ("MVP-3", "MVP-1"), "P1": ("MVP-2",)}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (HUB, "signed: §[K1]", "LG203 `signed` takes a map of names -> write one `name: value` per line"),
        (HUB, "protocol: §[tiny@1]", "LG203 `protocol` takes one value, not several"),
        (HUB, "noise: §much", "LG203 `noise` is `much`, a number from 0 up is due -> write 0.5"),
        (HUB, "§noies: 3", "LG202 unknown field `noies` -> did you mean `noise`?"),
        (ROADMAP, "now: §12B", "LG207 there is no phase `12B` -> did you mean `12A`?"),
        (ROADMAP, "priority: §{P0: [MVP-4]}", "LG207 no phase has `MVP-4` -> did you mean `MVP-3`?"),
        (ROADMAP, "priority: §[MVP-1]", "LG203 `priority` takes a map of names -> write one `name: value` per line"),
    ],
)
def test_mistake_in_a_hub_or_roadmap_is_one_finding(tmp_path: Path, text: str, line: str, message: str) -> None:
    """Each is pointed at, with the nearest thing there is."""
    text, places = unmarked(edited(text, ("title: ", f"{line}\ntitle: ")))

    assert listed(read(tmp_path, text).findings) == expected(places, message)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("12A: MVP-3", "12A: §MVP-1", "LG206 MVP `MVP-1` stands in `phases:` twice -> plan it once"),
        ("12A: MVP-3", "12A: [MVP-3, §mvp-4]", f"LG203 `mvp-4` {NO_MVP}"),
        ("12A: MVP-3", "12A: §toy:MVP-3", f"LG203 `toy:MVP-3` {NO_MVP}"),
        ("[MVP-1, MVP-2]", "[MVP-1, §MvP-1]", "LG206 MVP `MvP-1` stands in `phases:` twice -> plan it once"),
        ("phases:\n  1: [MVP-1, MVP-2]\n  12A: MVP-3", "phases: §[MVP-1]", PHASES),
    ],
)
def test_an_mvp_is_planned_once_under_a_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    """What an experiment reports to means one thing, whatever its case."""
    text, places = unmarked(edited(ROADMAP, (old, new)))

    assert listed(read(tmp_path, text).findings) == expected(places, message)


@pytest.mark.parametrize("text", [HUB, ROADMAP, PROTOCOL, EXPERIMENT])
def test_every_kind_corrects_a_misspelt_field(tmp_path: Path, text: str) -> None:
    """An unknown field is never ignored."""
    text, places = unmarked(edited(text, ("title: ", "§titel: x\ntitle: ")))

    message = "LG202 unknown field `titel` -> did you mean `title`?"
    assert listed(read(tmp_path, text, "toy/toy.md").findings, "toy/toy.md") == expected(places, message)


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    """Nobody mends one line to be shown the next."""
    changes = [
        ("id: TOY-1", "id: §toy"),
        ("2026-01-02", "§soon"),
        ("noise: 1", "noise: §x"),
        ("train: 200", "train: 200\n§swep: 1"),
        ("job: ridge, alpha: 1e4", "job: ridge, §alpa: 1"),
        ("strong: {job: ridge,", "strong: {job: §rigde,"),
        ("gain: strong.r2 -", "gain: strong.r2 §−"),
        ("gain > 0: ", "§gain: "),
        ("strong.r2 > 0.5", "§strong.r2"),
    ]
    text, places = unmarked(edited(EXPERIMENT, *changes))
    codes = ["LG203", "LG203", "LG203", "LG202", "LG205", "LG204", "LG301", "LG304", "LG304"]

    found = read(tmp_path, text)
    assert [line.split()[:2] for line in listed(found.findings)] == [
        [f"{place}:", code] for place, code in zip(places, codes, strict=True)
    ]
    assert not found.names.define


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_line_ends_and_byte_order_mark_change_nothing(tmp_path: Path, mark: str, newline: str) -> None:
    """A file saved by another editor has the same values at the same places."""
    plain = read(tmp_path, EXPERIMENT)
    found = read(tmp_path, mark + EXPERIMENT.replace("\n", newline))

    assert (found.findings, found.kind, found.id, found.title) == ((), "exp", "TOY-1", "A toy")
    assert (found.body, found.names, found.places) == (plain.body, plain.names, plain.places)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_places_hold_whatever_the_editor(tmp_path: Path, mark: str, newline: str) -> None:
    """Line and column of a finding are what the editor shows."""
    text, places = unmarked(edited(EXPERIMENT, ("kind: exp", "kind: §epx"), ("strong.r2 -", "strong.r2 §−")))
    found = listed(read(tmp_path, mark + text.replace("\n", newline)).findings)

    assert [line.split()[0] for line in found] == [f"{place}:" for place in places]


def test_file_that_is_no_text_is_one_finding(tmp_path: Path) -> None:
    """A document nobody can read is listed like any other mistake."""
    found = read(tmp_path, EXPERIMENT.encode() + b"\xff")

    assert [str(finding) for finding in found.findings] == [
        f"logg/toy/exp/toy.md: LG213 not UTF-8 at byte {len(EXPERIMENT.encode())} -> save the file as UTF-8"
    ]
    assert (found.kind, found.id, found.body) == ("page", "", None)


@pytest.mark.parametrize("path", keyed(), ids=lambda path: path.stem)
def test_others_read_our_documents_to_the_same_values(path: Path) -> None:
    """The most used reader of front matter finds in our documents what we find."""
    text = path.read_text(encoding="utf-8")
    theirs = frontmatter.loads(text).metadata

    assert theirs["kind"] in {"exp", "hub", "roadmap", "protocol"}
    assert agree(front(text), theirs)


@pytest.mark.parametrize("text", [EXPERIMENT, HUB, PROTOCOL, ROADMAP])
def test_others_read_every_kind_to_the_same_values(tmp_path: Path, text: str) -> None:
    """What a document says does not depend on who reads it."""
    theirs, ours = frontmatter.loads(text).metadata, read(tmp_path, text)

    assert agree(front(text), theirs)
    assert (ours.kind, ours.title) == (theirs["kind"], theirs["title"])
    assert ours.id.split("@")[0] == theirs["id"]


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ("strong.r2 > 0.5", "a definition names a quantity, this is a predicate"),
        ("all(strong.r2 > 0.5)", "a definition names a quantity, this is a predicate"),
        ("argmax(strong.r2)", "`argmax()` gives a name, a definition names a quantity"),
        ("ci(strong.r2)", "`ci()` gives two numbers, a definition names a quantity"),
    ],
)
def test_a_definition_names_a_quantity(tmp_path: Path, definition: str, message: str) -> None:
    """What is true or false, a name or two numbers cannot be calculated with, and is refused where it is defined."""
    text = f"---\nkind: hub\nid: A-hub\ntitle: A\ndefine:\n  odd: {definition}\n---\n"
    found = read(tmp_path, text).findings

    assert [(f.code, f.place.line, f.place.column, f.message) for f in found] == [("LG304", 6, 8, message)]
