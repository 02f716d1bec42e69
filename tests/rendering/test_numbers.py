"""The numbers of a document in one table: each once, with its rows and where it comes from."""

from __future__ import annotations

from pathlib import Path

from runner.expressions.parse import parse
from tests.executed import add
from tests.orchard import block, orchard, planted, rows


def test_every_cited_number_is_listed_once(tmp_path: Path) -> None:
    """In the order of the text, an interval's quantity as itself, with its interval, its report and its rows."""
    found = rows(block(orchard(tmp_path), "TEA-hub", "numbers"))

    here = "tiny@1 test · noise 1 · n = 80"
    assert [row[0] for row in found] == [
        "`gain`", "`one.strong.r2`", "`two.small(200).r2`", "`four.ridge.r2`", "`published(one.strong.r2)`",
    ]  # fmt: skip
    assert found[0][1:] == ["+0.4000", "[0.2955, 0.5537]", f"[One cup](exp/one.md)<br>{here}"]
    assert found[1][1:] == ["0.9000", "[0.8659, 0.9239]", f"[One cup](exp/one.md)<br>{here}"]
    assert found[2][3] == f"[Two cups](exp/two.md)<br>{here}"


def test_a_pending_number_names_who_owes_it(tmp_path: Path) -> None:
    """A dash, and the experiment that has to run."""
    found = rows(block(orchard(tmp_path), "TEA-hub", "numbers"))[3]

    assert found[1:3] == ["–", ""]
    assert found[3].startswith("pending: [a &#124; b")
    assert found[3].endswith("(exp/four.md)")


def test_a_published_number_names_its_source(tmp_path: Path) -> None:
    """It stands as its source gives it, on the rows its source names, without an interval of ours."""
    found = rows(block(orchard(tmp_path), "TEA-hub", "numbers"))[4]

    assert found[1:] == ["0.91", "–", "published · an old book · 500 cups"]


def test_numbers_across_populations_name_each_of_them(tmp_path: Path) -> None:
    """A combination of different rows lists them all."""
    root = orchard(tmp_path)
    add(root, "logg/tea/tea-hub.md", "[?.??][across(one.strong.young.r2 - one.strong.old.r2)]")

    assert rows(block(root, "TEA-hub", "numbers"))[-1][3] == (
        "[One cup](exp/one.md)<br>tiny@1 test · noise 1 · young · n = 39<br>tiny@1 test · noise 1 · old · n = 41"
    )


def test_a_chosen_name_and_a_unit_are_written_out(tmp_path: Path) -> None:
    """What argmax chooses is a name; an error has the unit of its target."""
    root = orchard(tmp_path)
    add(root, "logg/tea/tea-hub.md", "[?.?][one.strong.mae] and [?.?][argmax(two.small(*).r2)]")

    found = {row[0]: row[1] for row in rows(block(root, "TEA-hub", "numbers"))}

    assert found["`one.strong.mae`"].endswith(" kg")
    assert found["`argmax(two.small(*).r2)`"] == "200"
    assert parse("argmax(two.small(*).r2)")  # the label is one


def test_predicates_and_what_cannot_be_read_are_no_numbers(tmp_path: Path) -> None:
    """Words over a predicate, keys and misspelt names are found elsewhere."""
    root = orchard(tmp_path)
    before = rows(block(root, "TEA-hub", "numbers"))
    add(root, "logg/tea/tea-hub.md", "[so][gain > 0] [?][K1] [?.?][gian] [?.?][1 +]")

    assert rows(block(root, "TEA-hub", "numbers")) == before


def test_a_document_without_numbers_says_so(tmp_path: Path) -> None:
    """One line, in the language of the page."""
    root = planted(tmp_path)

    assert block(root, "CHA-hub", "numbers") == "未引用数值。"
    assert block(root, "logg/index.md", "numbers") == "No number is cited."
