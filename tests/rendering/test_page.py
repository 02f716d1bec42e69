"""A rendered page: what the author wrote stays byte for byte, and the definitions stand where they work."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from hypothesis import given, settings
from hypothesis import strategies as st

from runner import workflow
from runner.documents.reading import read_draft, understood
from runner.rendering.page import Page, render_page
from runner.verdicts.knowledge import gather
from tests.executed import EXP, HUB, codes, executed, put, read
from tests.knowledge import EXPERIMENT
from tests.knowledge import HUB as BARE_HUB

FRONT = EXPERIMENT.split("# A toy", maxsplit=1)[0]
# What an author may write between citations and blocks: markup, signs, and things that look like ours.
TEXTS = st.lists(
    st.sampled_from([
        "Words, plain.", "中文字，没有数字。", "🌈 emoji 👩‍🔬", "R² = 0.5 and 0.92", "**bold** _it_ `code`",
        "a\\\nb", "",
        "```\n[0.1][weak.r2] <!-- logg: header -->\n```", "# Code\n\n    [0.1][weak.r2]", "$x_0 = 0.2$", "a&amp;b",
        "~~~md\n<!-- logg: header -->\n\n<!-- /logg 00000000 -->\n~~~", "| a | b |\n| - | - |\n| 0.1 | [x](y) |",
        "- one\n  - two\n    - three\n\n      four", "1. a\n2. b\n\n   c", "> quote\n> [not a link]",
        "[0.1] [weak.r2]",
        "[0.1](weak.r2)", "[text][]", "[text]", "\\[0.1][weak.r2]", "`[0.1][weak.r2]`", "<!-- logg -->",
        "<!-- a comment -->",
        "text <!-- logg: header -->", "- <!-- logg: header -->", "<!-- /logg 12345678 -->",
        "<div>\n[0.1][weak.r2]\n</div>",
        "<b>x</b>", "[mine]: https://example.org", "[0.7][mine]", "***", "Title\n===", "# Heading 0.3", "[^1]: note",
        "x[^1]",
        "\u00a0\u2003odd blanks\u200b", "tab\there", "line  \nbreak", "[?][K9] 0.1", "<pre>\nx\n</pre>", "\u2028", "-",
        "<<<<<<< HEAD", "=======", ">>>>>>> other", "[a\nb][weak.r2]", "%%% {{ x }}",
    ])
    | st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12),
    max_size=3,
).map("\n\n".join)  # fmt: skip
# What belongs to render: the part before, what it may write (a citation's text, a block's body), the part behind.
HOLES = st.sampled_from([
    ("[", "?.???", "][weak.r2]"), ("[", "0.1", "][weak.r2]"), ("[", "+0.5 for us", "][gain]"),
    ("[", "1 2", "][gain]"),
    ("[", "?.?, ?.?", "][ci(gain)]"), ("[", "It helps", "][gain > 0]"), ("[", "?", "][H-B]"),
    ("[", "fails 3 %", "][H-B]"),
    ("[", "?", "][K9]"), ("[", "?.?", "][nothing.r2]"), ("- item [", "0.1", "][weak.r2]"),
    ("| a |\n| - |\n| [", "?.?", "][weak.mae] |"), ("<!-- logg: header -->", "", ""),
    ("<!-- logg: nothing -->", "", ""),
    ("<!-- logg: results -->", "\n\nold\n\n<!-- /logg 00000000 -->", ""), ("<!-- logg: header {a: b} -->", "", ""),
    ("<!-- logg: verdict -->", "\n\n<!-- /logg -->", ""), ("<!-- logg: figure\nkind: bars\nof: [gain]\n-->", "", ""),
    ("<!-- logg: sources -->", "\n\n<!-- /logg 00000000 -->", ""),
    ("<!-- logg: header -->", "\n\nmine\n\n<!-- /logg -->", ""),
])  # fmt: skip
PIECES = st.lists(st.tuples(TEXTS, HOLES), min_size=1, max_size=4)
# What may stand open at the end, and would swallow what is written behind it.
ENDS = st.sampled_from([
    "", "", "Words.", "no line end", "- item", "> q", "\\", "```\nopen", "~~~\n[0.1][weak.r2]", "<pre>\nopen",
    "<!-- open", "<!-- logg: header",
])  # fmt: skip
CITED = r"[^\n]{0,80}?"
WRITTEN = r"(?:\s[\s\S]*?\s<!-- /logg(?: [0-9a-f]{8})? -->)?"
SOURCES = r"(?:\s*<!-- logg: sources -->\s[\s\S]*\s<!-- /logg [0-9a-f]{8} -->\s*)?"


class Press:
    """The executed toy base, read once, on which any text is rendered as the report of its experiment."""

    def __init__(self, root: Path) -> None:
        """Read the base."""
        self.knowledge = gather(executed(root))

    def page(self, text: str) -> Page:
        """Render a text."""
        library = self.knowledge.library
        put(library.root, "logg/toy/exp/any.md", text)
        path = library.root / "logg/toy/exp/any.md"
        document = understood(read_draft(path, library.root), library.plugins, "en", lambda _identity: None)
        return render_page(document, self.knowledge)


@pytest.fixture(scope="module")
def press(tmp_path_factory: pytest.TempPathFactory) -> Press:
    """Return a press."""
    return Press(tmp_path_factory.mktemp("base"))


def pattern(pieces: list[tuple[str, tuple[str, str, str]]], end: str, newline: str) -> str:
    """Return what a rendered text must match: the author's parts as they are, something of ours in each hole."""

    def parts() -> Iterator[str]:
        for text, (before, _, after) in pieces:
            yield re.escape((text + "\n\n" + before).replace("\n", newline))
            yield CITED if after else WRITTEN
            yield re.escape((after + "\n\n").replace("\n", newline))

    return "".join(parts()) + re.escape(end.replace("\n", newline)) + SOURCES


@settings(max_examples=150, derandomize=True, deadline=None)
@given(pieces=PIECES, end=ENDS, newline=st.sampled_from(["\n", "\r\n"]), mark=st.sampled_from(["", "\ufeff"]))
def test_rendering_touches_only_blocks_and_citation_texts(
    press: Press, pieces: list[tuple[str, tuple[str, str, str]]], end: str, newline: str, mark: str
) -> None:
    """Every byte outside blocks and citation texts is kept, and a second render changes nothing."""
    body = "".join(f"{text}\n\n{''.join(hole)}\n\n" for text, hole in pieces) + end
    text = mark + (FRONT + body).replace("\n", newline)

    once = press.page(text)
    twice = press.page(once.text)

    assert once.text.startswith(mark + FRONT.replace("\n", newline))
    assert re.fullmatch(pattern(pieces, end, newline), once.text.removeprefix(mark + FRONT.replace("\n", newline)))
    assert twice.text == once.text
    assert [finding for finding in twice.findings if finding.fixed_by == "render"] == []


def written(root: Path, name: str, text: str) -> str:
    """Put a document, render it, and return it."""
    put(root, name, text)
    workflow.render(root, [])
    return read(root, name)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_byte_order_mark_are_those_of_the_author(tmp_path: Path, newline: str, mark: str) -> None:
    """Generated lines end as the others do, and the mark at the top stays; nothing is called a hand edit later."""
    root = executed(tmp_path)

    text = written(root, EXP, mark + EXPERIMENT.replace("\n", newline))

    assert text.startswith(mark + "---" + newline)
    assert text.count("\n") == text.count(newline)
    assert "[0.923][strong.r2]" in text
    assert workflow.check(root).findings == []


@pytest.mark.parametrize(
    "last", ["Words.", "Words.\n", "Words.\n\n", "", "- item", "> quote", "<div>", "| a |\n| - |", "`code"]
)
def test_definitions_follow_after_a_blank_line(tmp_path: Path, last: str) -> None:
    """However a document ends, its definitions stand in one block behind it and every citation is a link."""
    root = executed(tmp_path)

    text = written(root, HUB, BARE_HUB + "\n" + last)

    html = cmarkgfm.github_flavored_markdown_to_html(text.split("---\n")[2], Options.CMARK_OPT_UNSAFE)
    assert text.startswith(BARE_HUB.split("[?]")[0])
    assert "\n\n<!-- logg: sources -->\n" in text
    assert text.endswith(" -->\n")
    assert html.count('<a href="results/TOY-1.json"') == 3


@pytest.mark.parametrize("last", ["```\nopen", "~~~~\n~~~", "<pre>\nopen", "<script>\n", "<!-- open"])
def test_definitions_are_not_written_where_they_would_be_swallowed(tmp_path: Path, last: str) -> None:
    """An open fence or html at the end is a finding; nothing is appended, and numbers are filled all the same."""
    root = executed(tmp_path)

    text = written(root, HUB, BARE_HUB + "\n" + last)

    assert text.endswith(last)
    assert "[0.92][toy.strong.r2]" in text
    assert "LG211" in codes(workflow.check(root).findings)


def test_definitions_stand_where_the_author_put_the_block(tmp_path: Path) -> None:
    """A sources block in the middle of a document is filled there."""
    root = executed(tmp_path)

    text = written(root, HUB, BARE_HUB + "\n<!-- logg: sources -->\n\n## Last words\n")

    assert text.count("<!-- logg: sources -->") == 1
    assert text.endswith("## Last words\n")
    assert "[K1]: results/TOY-1.json" in text
    assert workflow.check(root).findings == []


def test_a_second_block_of_definitions_is_a_finding(tmp_path: Path) -> None:
    """Definitions stand once: the first block is filled, the second is named and left as it is."""
    root = executed(tmp_path)
    second = "<!-- logg: sources -->\n\n[K1]: https://example.org\n\n<!-- /logg 12345678 -->\n"

    text = written(root, HUB, f"{BARE_HUB}\n<!-- logg: sources -->\n\n{second}")

    assert text.endswith(second)
    assert codes(workflow.check(root).findings) == ["LG206"]
    assert workflow.check(root).findings[0].place.line == text[: -len(second)].count("\n") + 1


def test_definitions_that_are_not_there_yet_are_a_finding(tmp_path: Path) -> None:
    """Numbers that agree do not make a page right: without definitions its citations are brackets, not links."""
    root = executed(tmp_path)
    put(root, HUB, BARE_HUB.split("[?]")[0] + "[0.92][toy.strong.r2]\n")

    (finding,) = workflow.check(root).findings

    assert (finding.code, finding.message) == ("LG103", "the definitions behind the citations are not written yet")
    assert str(finding.place) == f"{HUB}:{BARE_HUB.split('[?]')[0].count(chr(10)) + 2}:1"


def test_a_document_without_citations_needs_no_definitions(tmp_path: Path) -> None:
    """No block is added where there is nothing to define."""
    root = executed(tmp_path)
    plain = BARE_HUB.split("[?]")[0]

    assert written(root, HUB, plain) == plain


@pytest.mark.parametrize(
    "conflict",
    [
        "<<<<<<< HEAD\n[?][K1]\n=======\n[?.?][toy.gain]\n>>>>>>> theirs",
        "Words.\n<<<<<<< HEAD\n=======\n>>>>>>> theirs\n",
        "<<<<<<< HEAD\n<!-- /logg 12345678 -->\n=======\n<!-- /logg 87654321 -->\n>>>>>>> theirs",
    ],
)
def test_a_git_conflict_stops_everything_for_its_file_and_only_there(tmp_path: Path, conflict: str) -> None:
    """A file with a conflict in the author's text is not touched; its neighbours are rendered."""
    root = executed(tmp_path)
    put(root, EXP, EXPERIMENT)
    text = BARE_HUB + "\n<!-- logg: header -->\n\n" + conflict + "\n"

    assert written(root, HUB, text) == text
    assert "LG212" in codes(workflow.check(root).findings)
    assert "[0.923][strong.r2]" in read(root, EXP)


def test_a_document_that_cannot_be_read_is_not_touched(tmp_path: Path) -> None:
    """With a broken front matter nothing is known about a document, so nothing in it is written."""
    root = executed(tmp_path)
    text = BARE_HUB.replace("claims:", "claims: [").replace("[?][K1]", "[?][K1] <!-- logg: header -->")

    assert written(root, HUB, text) == text


def test_a_page_without_front_matter_cites_documents_and_keys(tmp_path: Path) -> None:
    """Any markdown file below the base may cite a document or the key of a topic."""
    root = executed(tmp_path)

    text = written(root, "logg/index.md", "# Home\n\nSee [the toy][TOY-1]: [?][toy:K1].\n")

    assert "[holds >99 %][toy:K1]" in text
    assert '[TOY-1]: toy/exp/toy.md "A toy · reported · 2026-01-02"' in text
    assert workflow.check(root).findings == []


def test_a_file_that_is_no_text_is_reported_and_not_touched(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 stay what they are."""
    root = executed(tmp_path)
    (root / HUB).write_bytes(b"\xff\xfe# Hub\n[?][K1]\n")

    workflow.render(root, [])

    assert (root / HUB).read_bytes() == b"\xff\xfe# Hub\n[?][K1]\n"
    assert "LG213" in codes(workflow.check(root).findings)


def test_a_sign_that_no_screen_shows_is_told(tmp_path: Path) -> None:
    """Pasted text brings them along; the page is rendered all the same, the sign left where it is."""
    root = executed(tmp_path)
    put(root, "logg/a.md", "One\0two.\n\nThree \x1b[31m[?][TOY-1].\n")

    lines = [str(finding) for finding in workflow.render(root, []).findings]

    fix = "LG211 an invisible character U+{} -> delete it"
    assert lines == [f"logg/a.md:1:4: {fix.format('0000')}", f"logg/a.md:3:7: {fix.format('001B')}"]
    assert "One\0two." in read(root, "logg/a.md")


def test_a_citation_in_code_is_told(press: Press) -> None:
    """What would be a citation and stands in code is no link anywhere; examples with unknown names are left."""
    text = (
        FRONT + "# T\n\nSee `[0.1][weak.r2]`.\n\n```\n[?.??][strong.r2]\n[?][gone.r2]\n```\n\n<!-- [0.1][weak.r2] -->\n"
    )
    found = [(f.place.line - FRONT.count("\n"), f.message) for f in press.page(text).findings if f.code == "LG209"]

    assert found == [
        (3, "the citation `weak.r2` stands in code or html, where it is no link"),
        (6, "the citation `strong.r2` stands in code or html, where it is no link"),
    ]
