"""The document scanner, against GitHub's own parser and a table of tricky documents."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from typing import get_args

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from runner.documents.anatomy import TroubleKind
from runner.documents.scanner import Citation, Scan, fold_label, scan
from tests.documents.scanner_cases import CASES, PLACES, Case

ids = [f"{index} {case.name}" for index, case in enumerate(CASES)]

# -- the table --------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_finds_what_the_table_says(case: Case) -> None:
    """Citations with their places, headings, blocks and troubles are those written down."""
    found = scan(case.text)

    assert case.places == "".join(PLACES[citation.place] for citation in found.citations)
    assert case.headings == tuple(heading.text for heading in found.headings) or case.name.startswith("a conflict that")
    assert case.blocks == len(found.blocks)
    assert case.troubles == tuple(trouble.kind for trouble in found.troubles)


def test_the_table_meets_every_kind_of_trouble() -> None:
    """No kind of trouble is left untested."""
    assert set(get_args(TroubleKind)) == {kind for case in CASES for kind in case.troubles}


# -- GitHub's parser --------------------------------------------------------------------------
#
# Differences that are meant, and so kept out of the comparison:
# - a footnote nobody refers to, or defined twice, is dropped by GitHub: one note, always referred to;
# - the body of a generated block is opaque here: no markers in the generated documents;
# - labels over 400 signs, texts over 200 and more than 32 nested containers are reported, not read;
# - `[label]` alone is a link for GitHub where the label is defined: links that show their own label;
# - an image whose label is cited elsewhere: seen as an image once such a definition is known.

LABELS = ("ridge.r2", "lgbm.r2", "ci(ridge.r2 - lgbm.r2)", "K2", "a.mid >= 0.9")
NUMBER = re.compile(r"#\d+")
OPTIONS = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES


class _Links(HTMLParser):
    """The links of a page whose address says which label they have: (label, text)."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.open: list[tuple[str, list[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a link."""
        if tag == "a":
            self.open.append((dict(attrs).get("href") or "", []))

    def handle_endtag(self, tag: str) -> None:
        """Close a link."""
        if tag == "a" and self.open:
            address, texts = self.open.pop()
            self.found.append((address, "".join(texts)))

    def handle_data(self, data: str) -> None:
        """Add text to all links around it."""
        for _, texts in self.open:
            texts.append(data)


def _label(citation: Citation) -> str:
    """Return a label as GitHub's parser sees it: without the marks of a quote or the escape of a cell."""
    return fold_label(re.sub(r"[\r\n]+[ \t>]*", " ", citation.label).replace("\\|", "|"))


def _number(text: str) -> str:
    return (NUMBER.findall(text) or [""])[-1]


def _links_of_github(text: str, labels: list[str]) -> Counter[tuple[str, str]]:
    definitions = "".join(f"[{label}]: cite:{index}\n" for index, label in enumerate(labels))
    page = _Links()
    page.feed(cmarkgfm.github_flavored_markdown_to_html(f"{definitions}\n[^1]\n\n{text}", OPTIONS))
    links = [(labels[int(href[5:])], shown) for href, shown in page.found if href.startswith("cite:")]
    return Counter((label, _number(shown)) for label, shown in links if fold_label(shown) != label)


def _links_of_ours(found: Scan) -> Counter[tuple[str, str]]:
    pairs = [(_label(citation), citation.text) for citation in found.citations]
    return Counter((label, _number(text)) for label, text in pairs if fold_label(text) != label)


def _agree(text: str) -> None:
    found = scan(f"[^1]\n\n{text}")
    labels = list(dict.fromkeys([*map(fold_label, LABELS), *map(_label, found.citations)]))

    assert _links_of_github(text, labels) == _links_of_ours(found)


@pytest.mark.parametrize(
    "case", [case for case in CASES if not case.blocks and not case.troubles], ids=lambda c: c.name
)
def test_agrees_with_github_on_the_table(case: Case) -> None:
    """Below the front matter, GitHub renders exactly our citations as links."""
    front = scan(case.text).front
    _agree(case.text.lstrip("\ufeff") if front is None else case.text[front[1] :].partition("---")[2].lstrip("\r\n"))


starts = st.sampled_from(
    """|||  |    |\t|> |>|- |* |+ |1. |2) |10. |  - |    - |   > |- - |> - |-   |- [x] |# |## |#|```|~~~|````|```py|  ```|> ```|- ```
    |<div>|</div>|<!--|-->|<pre>|</pre>|<b>|<details>|</details>|<?x|<!A|<![CDATA[|---|===|***|=|[z]: x.md|[z]: x.md "t|$$|> [!NOTE]|[^1]: """.split(
        "|"
    )
    + ["| ", "|", "|--|--|", "--|--", "| a | b |", "a | b", "|-|"]
)
middles = st.sampled_from(
    """ |  |word |`|``| ` |\\|\\`|*|**|~~|<b>|<a title="|">|<http://x/|>|<!--|-->|$|$$|!|[|](x.md)|](|[]|[x]|(|)|"|'|得到|，|😀|http://x.y/|www.x.y
    |&amp;|a <b |c> d|<?|?>|]]>|\x0b|\x0c|\u2028|\xa0|<br>|a@b.c|[see | "t"|--|\t|```|<!X """.split("|")
    + ["|", " | ", "\\|"]
)
texts = st.sampled_from(["{}", "{}", "{}", "CI [0.9, {}]", "**{}**", "`x` {}", "a {}\nb", "![x](y.png) {}"])
citations = st.builds("[{}][{}]".format, texts, st.sampled_from(LABELS))
pieces = st.one_of(citations, middles, middles, st.builds("!{}".format, citations))
lines = st.one_of(
    st.just(""),
    st.builds(
        "".join,
        st.tuples(st.builds("".join, st.lists(starts, max_size=3)), st.builds("".join, st.lists(pieces, max_size=5))),
    ),
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Draw a document of odd lines in which every citation shows a number of its own."""
    text = "\n".join(draw(st.lists(lines, min_size=1, max_size=10)))
    parts = text.split("{}")
    numbered = "".join(f"#{index}{part}" if index else part for index, part in enumerate(parts))
    return numbered.replace("\n", draw(st.sampled_from(["\n", "\n", "\r\n", "\r"])))


generated = settings(
    max_examples=1000, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


@given(documents().filter(lambda text: text.count("[^1]:") < 2))
@generated
def test_agrees_with_github_on_generated_documents(text: str) -> None:
    """GitHub renders exactly our citations as links, whatever surrounds them."""
    _agree(text)


# -- offsets ----------------------------------------------------------------------------------


@given(documents())
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


@given(documents(), st.integers(min_value=0))
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


# -- blocks, front matter, definitions --------------------------------------------------------


def test_a_block_knows_its_parts() -> None:
    """Name, arguments over several lines, body and digest stand where their offsets say."""
    text = "a\r\n<!-- logg: table\r\nrows: bin\r\n-->\r\nold\r\n<!-- /logg 4f1c02a9 -->  \r\nb\r\n"

    (block,) = scan(text).blocks

    assert ("table", "rows: bin", "4f1c02a9", True) == (block.name, block.arguments, block.digest, block.closed)
    assert text[block.arguments_start :].startswith("rows: bin")
    assert text[block.body_start : block.body_end] == "old\r\n"
    assert text[block.start : block.end].startswith("<!-- logg: table")
    assert text[: block.end].endswith("<!-- /logg 4f1c02a9 -->")


def test_a_lone_marker_ends_with_itself() -> None:
    """Without a closing marker there is no body and no digest."""
    text = "<!-- logg: figure {kind: pr, of: gain} -->\n\ncaption\n"

    (block,) = scan(text).blocks

    assert ("figure", "{kind: pr, of: gain}") == (block.name, block.arguments)
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

    assert [(2, "Two"), (1, "One")] == [(heading.level, heading.text) for heading in found]
    assert [text[heading.start : heading.end] for heading in found] == ["## Two ##", "One\n==="]


def test_definitions_of_the_author_are_found() -> None:
    """Label and target are cut out of paragraphs, quotes and before the text that follows."""
    text = "> [A b]: <x y.md>\n> 'title'\n\n[c]:\nd.md\nrest [e]: no.md\n"

    found = scan(text).definitions

    assert [("A b", "x y.md"), ("c", "d.md")] == [(each.label, each.target) for each in found]
    assert [text[each.start : each.end] for each in found] == ["[A b]: <x y.md>\n> 'title'", "[c]:\nd.md"]


def test_labels_are_compared_without_case_and_spacing() -> None:
    """Labels fold as CommonMark says."""
    assert fold_label(" Straße \n A.R2 ") == fold_label("STRASSE a.r2")


# -- hostile input ----------------------------------------------------------------------------

SIZE = 260_000
HOSTILE = {
    **{unit: unit * (SIZE // len(unit)) for unit in [
        "<!-- ", "* ", "> ", "[", "]", "![", "[a](b", "[a](<b", '[a](b "', "[a](((", '<a b="', "<a ", "<?", "a <!A ", "a <![CDATA[",
        "`a``", "$a", "\\[", "<http:", "http://a_b", "_www.", "[a]:\n", "[^a]: ", "- [x] ", "-\n\n", "a|b\n", "|\n", "```\n", "- ```\n",
        "<!-- logg: x\n", "<!-- /logg -->\n", ">>>>>>> \n", "# a\r\n", "1 a\n", "[0.7][a.r2]", "$a$ [0.7][a.r2]", "[1] [a.b",
    ]},
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
    "an attribute without end": "a <a" + " b" * (SIZE // 2),
    "a title without end": "[a]: b '" + "\\" * SIZE,
}  # fmt: skip


@pytest.mark.timeout(5)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=map(repr, HOSTILE))
def test_hostile_texts_take_linear_time(text: str) -> None:
    """A quarter of a megabyte made to hurt is read in well under the time limit."""
    assert all(text[each.start] == "[" for each in scan(text).citations)
