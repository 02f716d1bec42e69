"""GitHub's own parser as an oracle for the scanner, and odd documents to ask it about.

Differences that are meant, and so are kept out of the comparison:
- a footnote nobody refers to, or defined twice, is dropped by GitHub: one note, always referred to;
- the body of a generated block is opaque to the scanner: no markers in these documents;
- labels over 400 signs, texts over 200 and more than 32 nested containers are reported, not read;
- `[label]` alone is a link for GitHub where the label is defined: links that show their own label.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options
from hypothesis import strategies as st

from runner.documents.scanner import Citation, fold_label, scan

LABELS = ("ridge.r2", "lgbm.r2", "ci(ridge.r2 - lgbm.r2)", "k2", "a.mid >= 0.9")
_NUMBER = re.compile(r"#\d+")


class _Anchors(HTMLParser):
    """The links of a page: (address, text)."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.open: list[tuple[str, list[str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.open.append((dict(attrs).get("href") or "", []))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            address, texts = self.open.pop()
            self.found.append((address, "".join(texts)))

    def handle_data(self, data: str) -> None:
        for _, texts in self.open:
            texts.append(data)


def differences(text: str) -> Counter[tuple[str, str]]:
    """Return the labels and numbers of the links that only GitHub, or only the scanner, finds.

    Every label has a definition at the top, where no open fence or comment can swallow it. The number is
    compared where the text of our citation holds no html, which GitHub would not show.
    """
    text = f"{_definitions(LABELS)}\n[^1]\n\n{text}"
    citations = scan(text).citations
    others = {_label(citation) for citation in citations} - set(LABELS)
    page = cmarkgfm.github_flavored_markdown_to_html(_definitions(others) + text, Options.CMARK_OPT_FOOTNOTES)
    links = [(bytes.fromhex(href[5:]).decode(), shown) for href, shown in _Anchors(page).found if href[:5] == "cite:"]
    theirs = _full(links)
    ours = _full((_label(citation), citation.text) for citation in citations)
    clear = [(label, shown) for label, shown in ours if "<" not in shown]
    seen, found = Counter((label, "") for label, _ in theirs), Counter((label, "") for label, _ in ours)
    return (seen - found) + (found - seen) + (_numbers(clear) - _numbers(theirs))


def _definitions(labels: Iterable[str]) -> str:
    return "".join(f"[{label}]: cite:{label.encode().hex()}\n" for label in sorted(labels))


def _label(citation: Citation) -> str:
    """Return a label as a parser sees it: without the marks of a quote or the escape in a cell."""
    return fold_label(re.sub(r"[\r\n]+[ \t>]*", " ", citation.label).replace("\\|", "|"))


def _full(links: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(label, shown) for label, shown in links if fold_label(shown) != label]


def _numbers(links: Iterable[tuple[str, str]]) -> Counter[tuple[str, str]]:
    return Counter((label, "".join(_NUMBER.findall(shown)[-1:])) for label, shown in links)


_starts = st.sampled_from(
    [
        "",
        "",
        "  ",
        "    ",
        "\t",
        "> ",
        ">",
        "- ",
        "* ",
        "+ ",
        "1. ",
        "2) ",
        "10. ",
        "  - ",
        "    - ",
        "   > ",
        "-   ",
        "- - ",
        "- > ",
        "- [x] ",
        "# ",
        "## ",
        "#",
        "```",
        "~~~",
        "````",
        "```py",
        "  ```",
        "> ```",
        "- ```",
        "$$",
        "<div>",
        "</div>",
        "<!--",
        "-->",
        "<pre>",
        "</pre>",
        "<b>",
        "<details>",
        "</details>",
        "<?x",
        "<!A",
        "<![CDATA[",
        "---",
        "===",
        "***",
        "=",
        "[z]: x.md",
        '[z]: x.md "t',
        "> [!NOTE]",
        "[^1]: ",
        "| ",
        "|",
        "|--|--|",
        "--|--",
        "| a | b |",
        "a | b",
        "|-|",
    ]
)
_middles = st.sampled_from(
    [
        "",
        " ",
        " ",
        "word ",
        "`",
        "``",
        " ` ",
        "\\",
        "\\`",
        "*",
        "**",
        "_",
        "~~",
        "$",
        "$$",
        "!",
        "[",
        "](x.md)",
        "](",
        "[]",
        "[x]",
        "(",
        ")",
        '"',
        "'",
        ' "t"',
        "--",
        "\t",
        "```",
        "|",
        " | ",
        "\\|",
        "[see ",
        "<br>",
        "<b>",
        "&amp;",
        '<a title="',
        '">',
        "<http://x/",
        ">",
        "<!--",
        "-->",
        "<?",
        "?>",
        "]]>",
        "<!X ",
        "a <b ",
        "c> d",
        "a@b.c",
        "得到",
        "，",
        "😀",
        "\x0b",
        "\x0c",
        "\u2028",
        "\xa0",
        "http://x.y/",
        "www.x.y",
    ]
)
_texts = st.sampled_from(["{}", "{}", "{}", "CI [0.9, {}]", "**{}**", "`x` {}", "a {}\nb", "![x](y.png) {}"])
_citations = st.builds("[{}][{}]".format, _texts, st.sampled_from(LABELS))
_pieces = st.one_of(_citations, _middles, _middles, st.builds("!{}".format, _citations))
_marks = st.lists(_starts, max_size=3).map("".join)
_lines = st.one_of(st.just(""), st.builds("{}{}".format, _marks, st.lists(_pieces, max_size=5).map("".join)))
_newlines = st.sampled_from(["\n", "\n", "\r\n", "\r"])


def _numbered(lines: list[str], newline: str) -> str:
    first, *parts = newline.join(lines).split("{}")
    return first + "".join(f"#{index}{part}" for index, part in enumerate(parts))


# Documents of odd lines, in which every citation shows a number of its own.
documents = st.builds(_numbered, st.lists(_lines, min_size=1, max_size=10), _newlines).filter(
    lambda text: text.count("[^1]:") < 2
)
