"""Published values by address: front matter and long list, aliases, points, what was withdrawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.documents.kinds import Stated
from runner.documents.library import Library, load_library
from runner.documents.reading import Document
from runner.expressions.parse import parse
from runner.expressions.tokens import ExpressionRefused
from runner.results.points import At
from runner.results.published import cited, listing, lookup, published
from tests.documents.marked import edited
from tests.knowledge import EXPERIMENT, HUB, toy, write

FACTS = """published:
  - source: early
    population: same
    facts:
      weak.r2: 0.5
      vit.r2: {50k: 0.43, 1M: 0.71}
      vit.covered: {r2: 0.8}
      full.r2: {noise=0.1: 0.95, noise=1.0: 0.48}
      gain: "0.1 [0.0, 0.2]"
  - source: late
    population: other rows
    facts: {weak.r2: 0.6}
withdrawn:
  - source: leak
    why: it saw the test rows
    facts: {weak.r2: 0.9, strong.r2: 0.99}
expect:"""
LIST = """source,population,address,value,low,high
long,1000 rows,lgbm(1M).r2,0.57,0.55,0.59
long,1000 rows,weak.r2,0.4,,
other,same,lgbm(1M).r2,0.61,,
"""
BY_JOB = HUB.replace("toy: TOY-1", "toy: TOY-1\n  feeble: TOY-1/weak\n  tall: TOY-1/vit(1M)")


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Return the toy base in which others have published."""
    toy(tmp_path)
    documents = {"toy/exp/toy.md": edited(EXPERIMENT, ("expect:", FACTS)), "toy/toy-hub.md": BY_JOB}
    write(tmp_path, {**documents, "toy/results/TOY-1.published.csv": LIST})
    return load_library(tmp_path)


def toy_of(library: Library, identity: str = "TOY-1") -> Document:
    """Return a document of the base, which is without a finding."""
    document = library.named(identity)
    assert not document.findings
    return document


@pytest.mark.parametrize(
    ("asked", "value", "source"),
    [
        ("weak.r2", Stated(0.6), "late"),
        ("vit(1M).r2", Stated(0.71), "early"),
        ("vit(1000k).r2", Stated(0.71), "early"),
        ("vit(train=1M).r2", Stated(0.71), "early"),
        ("vit.covered.r2", Stated(0.8), "early"),
        ("full(0.1).r2", Stated(0.95), "early"),
        ("full(noise=0.10).r2", Stated(0.95), "early"),
        ("gain", Stated(0.1, (0.0, 0.2)), "early"),
        ("lgbm(1M).r2", Stated(0.61), "other"),
        ("strong.r2", Stated(0.99), "leak"),
    ],
)
def test_the_last_entry_that_has_the_address_wins(library: Library, asked: str, value: Stated, source: str) -> None:
    """The front matter has the last word over the long list; the axis of a point may be left out."""
    found = lookup(asked, toy_of(library), library)

    assert found is not None
    assert (found[0], found[1].source) == (value, source)


@pytest.mark.parametrize("asked", ["vit.r2", "full(seed=1).r2", "weak.mae", "nothing.r2", "weak.r2 + 1", "weak(1).r2"])
def test_what_no_source_gives_is_nothing(library: Library, asked: str) -> None:
    """Another point, metric or job, or no address at all."""
    assert lookup(asked, toy_of(library), library) is None


@pytest.mark.parametrize(
    ("asked", "value"),
    [
        ("toy.vit(1M).r2", 0.71),
        ("toy.weak.r2", 0.6),
        ("toy.gain", 0.1),
        ("feeble.r2", 0.6),
        ("tall.r2", 0.71),
        ("weak.r2", None),
        ("toy", None),
    ],
)
def test_an_alias_leads_to_the_experiment_behind_it(library: Library, asked: str, value: float | None) -> None:
    """An alias of a job carries its point; a hub itself published nothing."""
    found = lookup(asked, toy_of(library, "TOY-hub"), library)

    assert (found[0].value if found else None) == value


def test_an_only_job_need_not_be_named(tmp_path: Path) -> None:
    """After an alias of a whole experiment the job may be left out where there is one."""
    one = edited(EXPERIMENT.partition("define:")[0], ("  weak:   {job: ridge, alpha: 1e4}\n", ""))
    text = f"{one}published:\n  - {{source: a, population: same, facts: {{strong.r2: {{1M: 0.7}}}}}}\n---\n# A\n"
    toy(tmp_path)
    write(tmp_path, {"toy/exp/toy.md": text})
    library = load_library(tmp_path)

    found = [lookup(asked, library.named("TOY-hub"), library) for asked in ("toy(1M).r2", "toy.strong(1M).r2")]
    assert [each and each[0] for each in found] == [Stated(0.7)] * 2


@pytest.mark.parametrize(
    ("at", "value"),
    [({"train": 50_000.0}, 0.43), ({"train": 1e6, "noise": 1.0}, 0.71), ({"seed": 50_000.0}, None), ({}, None)],
)
def test_a_row_of_a_table_picks_the_point(library: Library, at: At, value: float | None) -> None:
    """An address is asked at the axes of its row, all together or one by one; a seed picks nothing."""
    found = lookup("vit.r2", toy_of(library), library, at)

    assert (found[0].value if found else None) == value


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("nothing.r2", "LG302 no source gives `nothing.r2` -> add it under `published:` of its experiment"),
        ("strong.r2", "LG113 `strong.r2` was withdrawn: it saw the test rows -> strike the number out: ~~0.99~~"),
    ],
)
def test_a_citation_of_nothing_or_of_what_was_withdrawn_is_refused(library: Library, asked: str, message: str) -> None:
    """The refusal says what to do, and points at the address."""
    tree = parse(f"1 + {asked}")
    address = parse(asked)

    with pytest.raises(ExpressionRefused) as refused:
        cited(address, toy_of(library), library)

    assert str(refused.value) == message
    assert (refused.value.start, refused.value.end) == (address.start, address.end)
    assert tree.end > address.end


def test_values_come_in_the_order_of_their_weight(library: Library) -> None:
    """The long list first, grouped by source and rows; the last entry is the last of the front matter."""
    entries = published(toy_of(library), library)

    assert [entry.source for entry in entries] == ["long", "other", "early", "late"]
    assert entries[0].values == {"lgbm(1000000).r2": Stated(0.57, (0.55, 0.59)), "weak.r2": Stated(0.4)}
    assert str(entries[1].place) == "logg/toy/results/TOY-1.published.csv:4:1"
    assert published(library.named("TOY-hub"), library) == ()


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", "", "the columns are not source, population, address, value, low, high"),
        ("source,value\na,1\n", "", "the columns are not source, population, address, value, low, high"),
        ("\udcff", "", "not UTF-8 at byte 0"),
        (LIST + "a,b,weak.mae\n", ":5:1", "a line has source, population, address, value, and perhaps low and high"),
        (LIST + "a,b,c.r2,1,,,9\n", ":5:1", "a line has source, population, address, value, and perhaps low and high"),
        (LIST + "a,b,c + d,1,,\n", ":5:1", "`c + d` is no address"),
        (LIST + "a,b,c(*).r2,1,,\n", ":5:1", "`c(*).r2` is no address"),
        (LIST + "a,b,c..r2,1,,\n", ":5:1", "a name is missing after the dot"),
        (LIST + "a,b,c.r2,high,,\n", ":5:1", "`high` is no value with its interval"),
        (LIST + "a,b,c.r2,1,0,\n", ":5:1", "`1 0` is no value with its interval"),
        (LIST + "a,b,c.r2,1,3,2\n", ":5:1", "`1 3 2` is no value with its interval"),
        (LIST + "long,1000 rows,lgbm(1000k).r2,1,,\n", ":5:1", "`lgbm(1000000).r2` is given twice"),
        (LIST + 'a,b,"c.r2,1,,\n', ":5:1", "no CSV: unexpected end of data"),
    ],
)
def test_a_bad_line_is_a_finding_and_the_others_stay(library: Library, text: str, place: str, message: str) -> None:
    """Nothing in a list can stop a command."""
    name = "logg/toy/results/TOY-1.published.csv"
    (library.root / name).write_bytes(text.encode("utf-8", "surrogateescape"))

    found = listing(toy_of(library), library)
    assert [(f"{finding.place}", finding.code, finding.message) for finding in found.findings] == [
        (f"{name}{place}", "LG216", message)
    ]
    assert len(found.sources) == 2 * bool(place)


def test_a_list_may_come_from_a_spreadsheet(library: Library) -> None:
    """A byte order mark, carriage returns and quoted commas are what these write."""
    text = '\ufeffsource,population,address,value,low,high\r\n"a, b",same,"vit(noise=1, seed=2).r2",0.5,,\r\n'
    (library.root / "logg/toy/results/TOY-1.published.csv").write_bytes(text.encode())

    (entry,) = listing(toy_of(library), library).sources
    assert (entry.source, dict(entry.values)) == ("a, b", {"vit(noise=1, seed=2).r2": Stated(0.5)})


def test_a_list_that_cannot_be_read_is_a_finding(library: Library) -> None:
    """A folder of that name, or a file too long to be one."""
    path = library.root / "logg/toy/results/TOY-1.published.csv"
    path.write_bytes(b" " * 5_000_001)
    assert [finding.message for finding in listing(toy_of(library), library).findings] == ["larger than 5 MB"]
    path.unlink()
    path.mkdir()
    (finding,) = listing(toy_of(library), library).findings
    assert finding.message.startswith("cannot be read: ")
