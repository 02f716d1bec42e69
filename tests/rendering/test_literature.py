"""Published and withdrawn values on a page: tables beside ours, titles that name the source."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.documents.kinds import Stated
from runner.documents.published import stated
from runner.expressions.tokens import ExpressionRefused
from runner.findings import InputRefused
from runner.rendering import blocks, desk
from runner.rendering.literature import compared, shown, withdrawn
from runner.rendering.page import render_page
from runner.rendering.tables import table
from runner.verdicts.knowledge import Knowledge, gather
from tests import swept
from tests.curved import curved
from tests.documents.marked import edited
from tests.knowledge import EXPERIMENT, HUB, file, guess, toy, write

SOURCES = """published:
  - source: first report
    population: same
    facts: {weak.r2: 0.5, weak.nothing: 1}
  - source: other | paper
    population: 1000 rows
    facts: {lgbm.r2: {50k: "0.6 [0.5, 0.7]"}}
withdrawn:
  - source: leaked run
    why: it saw the *test* rows
    facts: {strong.r2: 0.99}
expect:"""
QUOTED = """
[?.??][published(lgbm(50k).r2)] [?.??][published(weak.r2)] [+?.??][strong.r2 - published(weak.r2)]
[?.??][published(strong.r2)] [?.??][published(oracle.r2)] [?.??, ?.??][ci(published(weak.r2))]
"""
ALIASED = "\n[?.??][published(toy.lgbm(50k).r2)] [never judged][published(toy.weak.r2) > 0.1]\n"


def known(folder: Path, *, filed: bool = True, lang: str = "en") -> Knowledge:
    """Return what is known of the toy base after others published, with or without a result of ours."""
    spec = EXPERIMENT.partition("# A toy")[0]
    text = edited(spec, ("expect:", SOURCES), ("title: A toy", f"title: A toy\nlang: {lang}")) + QUOTED
    toy(folder)
    write(folder, {"toy/exp/toy.md": text, "toy/toy-hub.md": HUB + ALIASED})
    if not filed:
        return gather(folder)
    return file(folder, "TOY-1", {"weak": guess(folder, 3.0), "strong": guess(folder, 1.0, 2)})


def block(knowledge: Knowledge, kind: str, compare: str = "") -> list[str]:
    """Return the lines of a block of the toy."""
    document = knowledge.library.named("TOY-1")
    arguments = {"compare": compare} if compare else {}
    return blocks.fill(kind, arguments, desk.lay(document, knowledge)).split("\n")


def pages(knowledge: Knowledge, identity: str) -> tuple[str, list[str]]:
    """Return a rendered page and the findings on its last lines."""
    page = render_page(knowledge.library.named(identity), knowledge)
    return page.text, [f"{f.code} {f.message}" for f in page.findings if f.fixed_by == "author"]


def test_published_values_stand_beside_ours(tmp_path: Path) -> None:
    """Ours of the same address where there is one, else nothing; the rows are told."""
    lines = block(known(tmp_path), "published")

    assert lines[0] == "| source | rows | quantity | published | ours | difference |"
    assert lines[2:5] == [
        "| first report | the same rows | `weak.r2` | 0.5 | 0.6240 | +0.1240 |",
        "| first report | the same rows | `weak.nothing` | 1 | – | – |",
        "| other &#124; paper | 1000 rows | `lgbm(50k).r2` | 0.6 &#91;0.5,\u00a00.7&#93; | – | – |",
    ]
    assert lines[6].startswith("The difference is ours minus the published value")
    assert lines[6].endswith("Values on other rows than ours differ for that reason alone.")


def test_values_without_ours_are_compared_with_the_one_named(tmp_path: Path) -> None:
    """`compare` names what stands in; the table says so."""
    lines = block(known(tmp_path), "published", "strong.r2")

    assert lines[2].endswith("| 0.5 | 0.6240 | +0.1240 |")
    assert lines[4].endswith("| 0.9409 (`strong.r2`) | +0.3409 |")


def test_an_unknown_name_to_compare_with_is_refused(tmp_path: Path) -> None:
    """A mistake in the argument is told, not shown as a dash."""
    knowledge = known(tmp_path)

    with pytest.raises(Exception, match="unknown name `stron`"):
        compared(desk.lay(knowledge.library.named("TOY-1"), knowledge), "stron.r2")


def test_before_a_run_there_is_nothing_of_ours(tmp_path: Path) -> None:
    """What is pending is a dash, and compared with nothing."""
    lines = block(known(tmp_path, filed=False), "published", "strong.r2")

    assert [line.split(" | ")[4:] for line in lines[2:5]] == [["–", "– |"]] * 3


def test_withdrawn_values_are_struck_out_with_their_reason(tmp_path: Path) -> None:
    """The old number stays legible as history."""
    lines = block(known(tmp_path), "withdrawn")

    assert lines[0] == "| source | quantity | withdrawn | why |"
    assert lines[2] == "| leaked run | `strong.r2` | ~~0.99~~ | it saw the &#42;test&#42; rows |"


def test_a_page_without_sources_says_so(tmp_path: Path) -> None:
    """Both blocks may stand in any document."""
    knowledge = known(tmp_path)
    hub = desk.lay(knowledge.library.named("TOY-hub"), knowledge)

    assert (compared(hub, ""), withdrawn(hub)) == ([], [])
    assert blocks.fill("published", {}, hub) == "No published value is listed."
    assert blocks.fill("withdrawn", {}, hub) == "Nothing was withdrawn."


def test_labels_are_those_of_the_document(tmp_path: Path) -> None:
    """A Chinese page has Chinese tables."""
    knowledge = known(tmp_path, lang="zh")

    assert block(knowledge, "published")[0] == "| 来源 | 所用的行 | 量 | 已发表 | 本文 | 差 |"
    assert block(knowledge, "withdrawn")[0] == "| 来源 | 量 | 已撤回 | 原因 |"
    assert "0.5 · 已发表 · first report · 同一批行" in pages(knowledge, "TOY-1")[0]


def test_a_citation_of_a_published_value_names_its_source(tmp_path: Path) -> None:
    """The number is filled, the title says published, where and on which rows; ours keeps its own evidence."""
    text, _ = pages(known(tmp_path), "TOY-1")

    assert "\n[0.60][published(lgbm(50k).r2)] [0.50][published(weak.r2)] [+0.44]" in text
    assert '[published(lgbm(50k).r2)]: toy.md "0.6 [0.5,\u00a00.7] · published · other | paper · 1000 rows"' in text
    assert '[published(weak.r2)]: toy.md "0.5 · published · first report · the same rows"' in text
    assert '[strong.r2 - published(weak.r2)]: ../results/TOY-1.json "0.4409 [' in text
    assert " test rows · published · first report · the same rows · tiny@1 test" in text


def test_a_table_leaves_empty_what_no_source_gives(tmp_path: Path) -> None:
    """One row has a published value, the other none; a column that nobody gives is refused."""
    laid = desk.lay(known(tmp_path).library.named("TOY-1"), known(tmp_path))
    declared = table({"rows": ["weak", "strong"], "cols": ["published(nothing)"]}, laid)

    assert [cell.quantity is None for _, (cell,) in declared.rows] == [False, True]
    with pytest.raises(InputRefused, match=r"column `published\(nothing\)`: no source gives `strong.nothing`"):
        table({"rows": ["strong"], "cols": ["published(nothing)"]}, laid)


def lacking(folder: Path) -> Knowledge:
    """Return the swept base in which one of two sizes was published, and what is defined by it."""
    published = "published:\n  - {source: a paper, population: same, facts: {net(1M).r2: 0.5}}\njobs:"
    defined = """define:
  off: net.r2 - published(net.r2)
  twice: 2 * off
  never: net(50k).r2 - published(net(50k).r2)
"""
    return curved(folder, edited(swept.EXPERIMENT, ("jobs:", published), ("define:\n", defined)))


def test_a_table_leaves_empty_what_a_definition_lacks(tmp_path: Path) -> None:
    """At the size that no source gives; a definition that lacks it everywhere is refused by its name."""
    held = lacking(tmp_path)
    laid = desk.lay(held.library.named("TOY-S"), held)

    declared = table({"rows": "train", "cols": ["net.r2", "off", "twice"]}, laid)

    assert [[cell.quantity is None for cell in cells] for _, cells in declared.rows] == [
        [False, True, True], [False, False, False],
    ]  # fmt: skip
    with pytest.raises(InputRefused, match=r"column `never`: in `never`: no source gives `net\(50000\).r2`"):
        table({"rows": "train", "cols": ["net.r2", "never"]}, laid)


def test_a_definition_has_to_have_a_source_somewhere(tmp_path: Path) -> None:
    """What leaves an axis out may lack it at the first value, what leaves none out may not."""
    held = lacking(tmp_path)
    document = held.library.named("TOY-S")

    for name in ("off", "twice"):
        held.evaluator.check_definition(document.names.define[name], document)
    with pytest.raises(ExpressionRefused, match=r"no source gives `net\(50000\).r2`"):
        held.evaluator.check_definition(document.names.define["never"], document)


def test_a_withdrawn_or_unknown_value_keeps_its_placeholder(tmp_path: Path) -> None:
    """A finding says why, and so does the definition."""
    text, findings = pages(known(tmp_path), "TOY-1")

    assert "\n[?.??][published(strong.r2)] [?.??][published(oracle.r2)] [?.??, ?.??][ci(published(weak.r2))]" in text
    assert findings == [
        "LG113 `strong.r2` was withdrawn: it saw the *test* rows",
        "LG302 no source gives `oracle.r2`",
        "LG305 there is no interval here",
    ]


def test_a_citation_from_elsewhere_links_to_the_document(tmp_path: Path) -> None:
    """A hub cites it under its alias, and may not judge it."""
    text, findings = pages(known(tmp_path), "TOY-hub")

    assert (
        '[published(toy.lgbm(50k).r2)]: exp/toy.md "0.6 [0.5,\u00a00.7] · published · other | paper · 1000 rows"'
        in text
    )
    assert findings == ["LG304 a published value is shown beside ours, never judged"]


def test_a_value_of_the_long_list_links_to_it(tmp_path: Path) -> None:
    """The evidence is the file that holds the line."""
    known(tmp_path)
    row = "source,population,address,value,low,high\nlong,same,oracle.r2,0.8,,\n"
    write(tmp_path, {"toy/results/TOY-1.published.csv": row})
    text, findings = pages(known(tmp_path), "TOY-1")

    assert "[0.80][published(oracle.r2)]" in text
    assert '[published(oracle.r2)]: ../results/TOY-1.published.csv "0.8 · published · long · the same rows"' in text
    assert len(findings) == 2


@pytest.mark.parametrize(
    ("value", "text"),
    [(Stated(0.9310), "0.931"), (Stated(-0.5, (-1.0, 0.25)), "−0.5 [−1,\u00a00.25]"), (Stated(12_500), "12\u202f500")],
)
def test_a_value_is_shown_as_given(value: Stated, text: str) -> None:
    """No digit is added."""
    assert shown(value) == text


@pytest.mark.parametrize(
    ("lang", "by", "line"),
    [
        ("en", "by: TOY-2, ", "> **Retired** · instead [TOY-2](next.md) · it saw the &#42;test&#42; rows"),
        ("en", "", "> **Retired** · it saw the &#42;test&#42; rows"),
        ("zh", "by: TOY-9, ", "> **已退役** · 改用 TOY-9 · it saw the &#42;test&#42; rows"),
    ],
)
def test_the_header_of_a_retired_experiment_says_so(tmp_path: Path, lang: str, by: str, line: str) -> None:
    """Its reader learns it first, with the way to what took its place."""
    toy(tmp_path)
    retired = f'lang: {lang}\nretired: {{{by}why: "it saw the *test* rows"}}\nexpect:'
    second = edited(EXPERIMENT, ("id: TOY-1", "id: TOY-2"))
    write(tmp_path, {"toy/exp/toy.md": edited(EXPERIMENT, ("expect:", retired)), "toy/exp/next.md": second})

    assert line in block(gather(tmp_path), "header")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("0.80", "0.80"),
        ("0.80 [0.70, 0.900]", "0.80 [0.70,\u00a00.900]"),
        ("-0.50 [-1.0, -0.10]", "−0.50 [−1.0,\u00a0−0.10]"),
        ("1e-3", "0.001"),
        ("50k", "50\u202f000"),
        ("3", "3"),
    ],
)
def test_a_published_value_keeps_its_digits(text: str, written: str) -> None:
    """Two digits are what the source vouches for; other spellings are made plain."""
    value = stated(text)

    assert value is not None
    assert shown(value) == written
