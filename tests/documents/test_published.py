"""Published values in a front matter: every way to write them, and every way to get them wrong."""

from __future__ import annotations

import pytest

from runner.documents.kinds import Published, Retired, Stated
from runner.documents.published import bare, read_published, read_retired, stated
from runner.findings import Place
from tests.documents.marked import expected, listed
from tests.documents.test_form import form

NAME = "a.md"
SOURCE = "published:\n  - source: a report\n    population: same\n    facts:\n"


def values(facts: str) -> dict[str, Stated]:
    """Return the values that lines of facts give, which are without a finding."""
    fields, findings, _ = form(SOURCE + "".join(f"      {line}\n" for line in facts.split("\n")))
    (entry,) = read_published(fields, "published")
    assert not findings
    return dict(entry.values)


def trouble(text: str) -> tuple[list[str], list[str]]:
    """Return what is wrong with a front matter, and the places of its marks."""
    fields, findings, places = form(text)
    for key in ("published", "withdrawn"):
        read_published(fields, key)
    read_retired(fields)
    return listed(findings, NAME), places


@pytest.mark.parametrize(
    ("facts", "address", "value"),
    [
        ("vit.r2: 0.71", "vit.r2", Stated(0.71)),
        ("vit.r2: {50k: 0.43, 1M: 0.71}", "vit(1000000).r2", Stated(0.71)),
        ("full.r2: {0.10: 0.95}", "full(0.1).r2", Stated(0.95)),
        ("full.r2: {noise=1.0: 0.48}", "full(noise=1).r2", Stated(0.48)),
        ("full(noise=1.0).r2: {seed=2: 0.48}", "full(noise=1, seed=2).r2", Stated(0.48)),
        ("full(seed=2, noise=1.0).covered.r2: 0.48", "full(noise=1, seed=2).covered.r2", Stated(0.48)),
        ("gate(router=mlp).r2: 0.48", "gate(router=mlp).r2", Stated(0.48)),
        ("vit.snr(7.10).r2: 0.5", "vit.snr(7.1).r2", Stated(0.5)),
        ("mlp.covered: {r2: 0.93, mae: 0.21}", "mlp.covered.mae", Stated(0.21)),
        ("gain: -0.01", "gain", Stated(-0.01)),
        ('gain: "0.01 [0.00, 0.02]"', "gain", Stated(0.01, (0.0, 0.02))),
        ("gain: 1 % [-1 %, 2 %]", "gain", Stated(0.01, (-0.01, 0.02))),
        ('vit.r2: {1M: "0.7 [0.6,0.8]"}', "vit(1000000).r2", Stated(0.7, (0.6, 0.8))),
    ],
)
def test_an_address_has_one_spelling(facts: str, address: str, value: Stated) -> None:
    """Numbers of points stand in full, axes in order; a map adds a point or a metric."""
    assert values(facts)[address] == value


def test_a_source_says_where_its_values_come_from() -> None:
    """Source, population and place go with the values; what was withdrawn says why."""
    fields, findings, places = form(
        "withdrawn:\n  - §source: first run\n    why: it leaked\n    facts: {vit.r2: 0.99}\n"
        "retired: §{by: TOY-2, why: bad}"
    )

    assert read_published(fields, "withdrawn") == (
        Published("first run", "", {"vit.r2": Stated(0.99)}, _place(places[0]), "it leaked"),
    )
    assert read_retired(fields) == Retired("TOY-2", "bad", _place(places[1]))
    assert read_published(fields, "published") == ()
    assert not findings


def test_nothing_is_retired_without_a_word() -> None:
    """An experiment without the field is as good as ever."""
    assert read_retired(form("a: b")[0]) is None


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("published: §a", ["LG203 `published` takes a list of sources -> write `- source:`, `population:`, `facts:`"]),
        ("published: [§a]", ["LG203 a source is a map -> write `- source:`, `population:`, `facts:`"]),
        ("published:\n  - §source: a\n    facts: {b.r2: 1}", ["LG202 `population` is missing -> add `population:`"]),
        ("published:\n  - §population: same\n    facts: {b.r2: 1}", ["LG202 `source` is missing -> add `source:`"]),
        ("published:\n  - §source: a\n    population: same", ["LG202 `facts` is missing -> add `facts:`"]),
        ("withdrawn:\n  - §source: a\n    facts: {b.r2: 1}", ["LG202 `why` is missing -> add `why:`"]),
        (
            "published:\n  - source: a\n    population: same\n    §why: b\n    facts: {b.r2: 1}",
            ["LG202 unknown field `why` -> there is facts, population, source"],
        ),
        ("retired: §TOY-2", ["LG203 `retired` takes a map of names -> write one `name: value` per line"]),
        ("retired: §{by: TOY-2}", ["LG202 `why` is missing -> add `why:`"]),
        ("retired: {why: b, §who: c}", ["LG202 unknown field `who` -> did you mean `why`?"]),
    ],
)
def test_a_source_that_does_not_say_enough_is_told_so(text: str, messages: list[str]) -> None:
    """What is missing or unknown is named where it should stand."""
    found, places = trouble(text)

    assert found == expected(places, *messages)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("§a + b: 1", "LG203 `a + b` is no address -> write job.r2, job(1M).r2 or the name of a definition"),
        ("§vit(*).r2: 1", "LG203 `vit(*).r2` is no address -> write job.r2, job(1M).r2 or the name of a definition"),
        ("vit-1§.r2: 1", "LG301 `.` does not belong here -> delete it, or put an operator before"),
        ("vit.r2: §high", 'LG203 `high` is no value -> write 0.71 or "0.71 [0.69, 0.73]"'),
        ("vit.r2: §0.7 [0.8, 0.6]", 'LG203 `0.7 [0.8, 0.6]` is no value -> write 0.71 or "0.71 [0.69, 0.73]"'),
        ("vit.r2: §[0.7]", 'LG203 a collection is no value -> write 0.71 or "0.71 [0.69, 0.73]"'),
        ("vit.r2: {§R2: 1}", "LG203 `R2` is neither a point nor a metric -> write 1M, noise=0.1 or r2"),
        ("vit.r2: {§a b=3: 1}", "LG203 `a b=3` is neither a point nor a metric -> write 1M, noise=0.1 or r2"),
        ("vit.r2: {§noise=: 1}", "LG203 `noise=` is neither a point nor a metric -> write 1M, noise=0.1 or r2"),
        ("vit.r2: {1M: 1, §1000k: 1}", "LG206 `vit(1000000).r2` is given twice -> give it once per source"),
    ],
)
def test_a_fact_that_cannot_be_read_is_one_line(line: str, message: str) -> None:
    """The finding points at the address or the value that is wrong."""
    found, places = trouble(f"{SOURCE}      {line}\n")

    assert found == [f"{place}: {message}" for place in places]


@pytest.mark.parametrize("text", ["", "a", "1 [2", "1 [2, 3] 4", "1 [2, b]", "[1, 2]", "1 [3, 2]"])
def test_a_value_that_is_none(text: str) -> None:
    """Only a number, alone or with an interval in order, is a value."""
    assert stated(text) is None


@pytest.mark.parametrize(
    ("address", "alike"),
    [
        ("full(noise=1).r2", "full(1).r2"),
        ("full(noise=1, seed=2).r2", "full(noise=1, seed=2).r2"),
        ("full(1).r2", "full(1).r2"),
        ("gain", "gain"),
    ],
)
def test_a_point_of_one_axis_may_leave_out_its_name(address: str, alike: str) -> None:
    """With two axes the names say which is which."""
    assert bare(address) == alike


def _place(mark: str) -> Place:
    line, column = mark.split(":")
    return Place("logg/a.md", int(line), int(column))
