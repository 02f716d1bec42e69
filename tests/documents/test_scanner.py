"""The document scanner, against GitHub's own parser and a table of tricky documents."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from runner.documents.markdown.anatomy import TroubleKind
from runner.documents.scanner import fold_label, scan
from tests.documents.github import differences, documents
from tests.documents.scanner_cases import CASES, PLACES, Case

generated = settings(
    max_examples=400, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
plain_cases = [case for case in CASES if not case.blocks and not case.troubles]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_finds_what_the_table_says(case: Case) -> None:
    """Citations with their places, headings, blocks and troubles are those written down."""
    found = scan(case.text)

    assert case.places == "".join(PLACES[citation.place] for citation in found.citations)
    assert case.headings == tuple(heading.text for heading in found.headings)
    assert case.blocks == len(found.blocks)
    assert case.troubles == tuple(trouble.kind for trouble in found.troubles)


def test_every_trouble_says_what_to_do() -> None:
    """What is wrong and how it is mended are two sentences, and neither is left out."""
    assert [t for case in CASES for t in scan(case.text).troubles if not t.fix or t.fix in t.message] == []


def test_the_table_meets_every_kind_of_trouble() -> None:
    """No kind of trouble is left untested."""
    assert set(get_args(TroubleKind)) == {kind for case in CASES for kind in case.troubles}


@pytest.mark.parametrize("case", plain_cases, ids=lambda case: case.name)
def test_agrees_with_github_on_the_table(case: Case) -> None:
    """Below the front matter, GitHub renders exactly our citations as links."""
    front = scan(case.text).front
    below = case.text.lstrip("\ufeff") if front is None else case.text[front[1] + len("---") :].lstrip("\r\n")

    assert not differences(below)


@given(documents)
@generated
def test_agrees_with_github_on_generated_documents(text: str) -> None:
    """GitHub renders exactly our citations as links, whatever surrounds them."""
    assert not differences(text)


@given(documents)
@example("| a |\n|--|\n| \\| [#1][ridge.r2] |")
@example("> [#1\n> b][ridge.r2]")
@generated
def test_offsets_give_back_the_text(text: str) -> None:
    """Every offset cuts out exactly what it stands for."""
    found = scan(text)

    for each in found.citations:
        assert text[each.start : each.end] == f"[{each.text}][{each.label}]"
        assert text[each.text_start : each.text_end] == each.text
        assert text[each.label_start : each.label_end] == each.label
    for definition in found.definitions:
        assert text[definition.start : definition.end].startswith(f"[{definition.label}]:") or "\n" in definition.label
    for heading in found.headings:
        assert 0 <= heading.start <= heading.end <= len(text)


@given(documents, st.integers(min_value=0))
@generated
def test_rewriting_a_number_moves_nothing_else(text: str, choice: int) -> None:
    """After new digits in one citation, the same citations are found around them."""
    before = [each for each in scan(text).citations if each.text.startswith("#")]
    if not before:
        return
    chosen = before[choice % len(before)]

    after = scan(text[: chosen.text_start] + "#99999" + text[chosen.text_end :]).citations

    assert "#99999" in [each.text for each in after]
    assert [each.label for each in scan(text).citations] == [each.label for each in after]


def test_a_block_knows_its_parts() -> None:
    """Name, arguments over several lines, body and digest stand where their offsets say."""
    text = "a\r\n<!-- logg: table\r\nrows: bin\r\n-->\r\nold\r\n<!-- /logg 4f1c02a9 -->  \r\nb\r\n"

    (block,) = scan(text).blocks

    assert (block.name, block.arguments, block.digest, block.closed) == ("table", "rows: bin", "4f1c02a9", True)
    assert text[block.arguments_start :].startswith("rows: bin")
    assert text[block.body_start : block.body_end] == "old\r\n"
    assert text[block.start : block.end].startswith("<!-- logg: table")
    assert text[: block.end].endswith("<!-- /logg 4f1c02a9 -->")


def test_a_lone_marker_ends_with_itself() -> None:
    """Without a closing marker there is no body and no digest."""
    text = "<!-- logg: figure {kind: pr, of: gain} -->\n\ncaption\n"

    (block,) = scan(text).blocks

    assert (block.name, block.arguments) == ("figure", "{kind: pr, of: gain}")
    assert text[block.start : block.end] == text.partition("\n")[0]
    assert (block.end, block.end, None, False) == (block.body_start, block.body_end, block.digest, block.closed)


def test_a_marker_at_the_end_of_the_text_needs_no_line_end() -> None:
    """The last line counts as a line."""
    text = "<!-- logg: a -->\n<!-- /logg -->"

    (block,) = scan(text).blocks

    assert (len(text), True, None, "") == (
        block.end,
        block.closed,
        block.digest,
        text[block.body_start : block.body_end],
    )


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_front_matter_is_what_stands_between_the_rules(newline: str, mark: str) -> None:
    """The span covers the lines between, with their line ends."""
    text = mark + newline.join(["---", "kind: exp", "n: 1", "---", "# Top"])

    found = scan(text)

    assert found.front is not None
    assert text[slice(*found.front)] == f"kind: exp{newline}n: 1{newline}"
    assert [heading.text for heading in found.headings] == ["Top"]


def test_without_rules_there_is_no_front_matter() -> None:
    """A document may start with text, or with a rule that nothing closes."""
    assert scan("# Top").front is None
    assert scan("---\n\na\n").front is None


def test_headings_have_level_and_span() -> None:
    """A heading spans its marks, underlined or not."""
    text = "## Two ##  \n\nOne\n===\n"

    found = scan(text).headings

    assert [(heading.level, heading.text) for heading in found] == [(2, "Two"), (1, "One")]
    assert [text[heading.start : heading.end] for heading in found] == ["## Two ##", "One\n==="]


def test_definitions_of_the_author_are_found() -> None:
    """Label and target are cut out of paragraphs, quotes and before the text that follows."""
    text = "> [A b]: <x y.md>\n> 'title'\n\n[c]:\nd.md\nrest [e]: no.md\n"

    found = scan(text).definitions

    assert [(each.label, each.target) for each in found] == [("A b", "x y.md"), ("c", "d.md")]
    assert [text[each.start : each.end] for each in found] == ["[A b]: <x y.md>\n> 'title'", "[c]:\nd.md"]


def test_labels_are_compared_without_case_and_spacing() -> None:
    """Labels fold as CommonMark says."""
    assert fold_label(" Straße \n A.R2 ") == fold_label("STRASSE a.r2")


SIZE = 260_000
REPEATED = (
    *("<!-- ", "* ", "> ", "[", "]", "![", "\\[", "[a](b", "[a](<b", '[a](b "', "[a](((", "[a]:\n", "[^a]: ", "- [x] "),
    *('<a b="', "<a ", "<?", "a <!A ", "a <![CDATA[", "<http:", "http://a_b", "_www.", "`a``", "$a", "-\n\n", "1 a\n"),
    *("a|b\n", "|\n", "```\n", "- ```\n", "# a\r\n", "[0.7][a.r2]", "$a$ [0.7][a.r2]", "[1] [a.b", ">>>>>>> \n"),
    *("<!-- logg: x\n", "<!-- logg: x -->\n", "<!-- /logg -->\n"),
)
HOSTILE = {
    **{unit: unit * (SIZE // len(unit)) + "[0.7][a.r2]" for unit in REPEATED},
    "many lengths of backticks": "".join("`" * length + "a" for length in range(720)),
    "a label without end": "[a][" + "b" * SIZE,
    "brackets in brackets": "[" * 50_000 + "[1][a.r2]" + "] [b.c]" * 50_000,
    "blank lines in nested items": "* " * 32 + "a\n" + "\n" * SIZE,
    "blank lines in nested notes": "[^a]: " * 31 + "a\n" + "\n" * SIZE,
    "tabs in nested items": "* " * 32 + "a\n" + ("\t" * 16 + "a\n\n") * (SIZE // 19),
    "lazy lines in nested quotes": "> " * 32 + "a\n" + "b\n" * (SIZE // 2),
    "blanks in a heading": "# a" + " " * SIZE + "#x",
    "a wide table": "|a" * 50_000 + "|\n" + "|-" * 50_000 + "|\n",
    "dashes that fit no table": "a\n" + "|-|-|\n" * (SIZE // 6),
    "front matter without end": "---\n" + "--\n" * (SIZE // 3),
    "an attribute without end": "a <a" + " b" * (SIZE // 2) + "[0.7][a.r2]",
    "a title without end": "[a]: b '" + "\\" * SIZE,
}


@pytest.mark.timeout(5)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=map(repr, HOSTILE))
def test_hostile_texts_take_linear_time(text: str) -> None:
    """A quarter of a megabyte made to hurt is read in well under the time limit."""
    assert all(text[each.start] == "[" for each in scan(text).citations)
