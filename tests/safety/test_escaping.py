"""Escaped text shows literally in every renderer; each filter does exactly what its place needs."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from markdown_it import MarkdownIt

from runner.safety.escaping import annotation, annotation_property, code, node, terminal, text, title

# Hostile text, one per line: whatever any of the renderers would take for markup.
HOSTILE = r"""
a|b
a\|b
`code`
``x`` `y
`a|b`
*em* **strong**
_em_ __strong__ a_b_c _x
snr_med and __init__
[link](http://x.y)
[ref][ref]
[ref]
![img](x.png)
[^1]
[x] task
<b>bold</b>
<script>alert(1)</script>
<img src=x onerror=alert(1)>
<!-- comment -->
<!-- /logg 12345678 -->
-->
&amp; &lt; &#42; &copy
a & b
a < b > c
~~struck~~ ~sub~ ~5
^sup^ x^2
==mark== x ==y== =z=
= x
===
---
- item
+ item
* item
1. item
2) item
12345. x
1986\. A great
# heading
#heading
> quote
: definition
::: box
!!! note
??? note
=== "tab"
/// note
$x^2$ and $$y$$
\(x\) \[y\]
{: onerror=alert(1) }
{#id .class}
{++ins++} {--del--} {>>com<<}
{{ jinja }} {% raw %}
"quoted" 'single' don't
a -- b --- c a...b
C++ and ++kbd++
http://evil.example/x foo://bar
www.evil.example
javascript:alert(1)
<http://auto.link>
:smile: :+1: :material-account:
@user #12
\* \_ \\ trailing\
[a]: http://def.inition
``` fence
~~~ fence
|---|---|
\
`
*[HTML]: abbr
--8<-- "file"
[TOC] [[wiki]]
R² = 0.94, p > 0.05 (95 % CI: 0.9–0.95) · −0.0176
中文，标点（括号）：“引号”
0.94 ± 0.01 × 10^-3
""".strip().splitlines()
EXTENSIONS = [
    "tables", "attr_list", "def_list", "footnotes", "admonition", "abbr", "toc", "md_in_html",
    "pymdownx.superfences", "pymdownx.tilde", "pymdownx.caret", "pymdownx.mark", "pymdownx.critic",
    "pymdownx.keys", "pymdownx.betterem", "pymdownx.emoji", "pymdownx.magiclink", "pymdownx.arithmatex",
    "pymdownx.details", "pymdownx.tasklist", "pymdownx.inlinehilite", "pymdownx.quotes",
    "pymdownx.blocks.admonition",
]  # fmt: skip


def on_github(source: str) -> str:
    """Render as GitHub does, raw HTML included."""
    return str(cmarkgfm.github_flavored_markdown_to_html(source, options=Options.CMARK_OPT_UNSAFE))


def on_commonmark(source: str) -> str:
    """Render with markdown-it."""
    return str(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(source))


def on_site(source: str) -> str:
    """Render as MkDocs does with many extensions."""
    markdown = pytest.importorskip("markdown")
    pytest.importorskip("pymdownx")
    return str(markdown.markdown(source, extensions=EXTENSIONS))


def on_plain_site(source: str) -> str:
    """Render with bare Python-Markdown."""
    return str(pytest.importorskip("markdown").markdown(source, extensions=["tables"]))


# Critic markup and inlinehilite's language prefix act inside code spans; the site enables neither.
CODE = [hostile for hostile in HOSTILE if not hostile.startswith((":::", "{++"))]
renderers = pytest.mark.parametrize("render", [on_github, on_commonmark, on_site, on_plain_site])


@renderers
@pytest.mark.parametrize("hostile", HOSTILE)
def test_text_shows_literally_in_a_table_cell(render: Callable[[str], str], hostile: str) -> None:
    """A cell holds one text, no tag, and reads as written."""
    page = render(f"| H | K |\n| :-- | :-- |\n| {text(hostile)} | z |\n")
    cell = re.search(r"<tbody>\s*<tr>\s*<td[^>]*>(.*?)</td>\s*<td[^>]*>z</td>", page, re.DOTALL)

    assert cell
    assert "<" not in cell[1]
    assert html.unescape(cell[1]).strip() == hostile


@renderers
@pytest.mark.parametrize("hostile", HOSTILE)
def test_text_shows_literally_in_a_paragraph(render: Callable[[str], str], hostile: str) -> None:
    """A line of its own stays a paragraph without tags, and reads as written."""
    page = re.fullmatch(r"<p>([^<]*)</p>", render(text(hostile) + "\n").strip())

    assert page
    assert html.unescape(page[1]) == hostile


@pytest.mark.parametrize(
    "prose",
    ["R² 0.94, p 0.05 (95 % CI: 0.9–0.95)", "中文，标点：a/b · −0.0176 × 2", "snr_med: v1.2, 3-D; a-b @ 5"],
)
def test_ordinary_prose_is_readable_in_the_source(prose: str) -> None:
    """Letters, digits, CJK and everyday punctuation are untouched."""
    assert text(prose) == prose


def test_text_is_one_line_and_shows_what_is_invisible() -> None:
    """Line ends of every kind become a blank; controls become the replacement character."""
    assert text(" a\r\nb\u2028c\td\ve ") == "a b c d e"
    assert text("\x00\x1b[31m \u202ertl") == "\ufffd\ufffd&#91;31m \ufffdrtl"
    assert text(5) == "5"


@renderers
@pytest.mark.parametrize("hostile", CODE)
def test_code_shows_literally_between_backticks(render: Callable[[str], str], hostile: str) -> None:
    """In a cell, what stands between backticks is the text with backtick and bar replaced."""
    page = render(f"| H | K |\n| :-- | :-- |\n| `{code(hostile)}` | z |\n")
    cell = re.search(r"<td[^>]*><code[^>]*>([^<]*)</code></td>\s*<td[^>]*>z</td>", page)

    assert cell
    assert html.unescape(cell[1]) == hostile.replace("`", "'").replace("|", "¦")


def test_code_is_never_empty() -> None:
    """An empty code span would show its backticks."""
    assert code(" \n") == "\u00a0"


@renderers
@pytest.mark.parametrize("hostile", HOSTILE)
def test_title_reaches_the_page(render: Callable[[str], str], hostile: str) -> None:
    """A definition with any title still defines its link, and the title shows what was meant."""
    page = render(f'[x][a.r2]\n\n[a.r2]: r.json "{title(hostile)}"\n')
    link = re.search(r'<a href="r.json" title="([^"]*)">x</a>', page)

    assert link
    assert html.unescape(link[1]) == title(hostile)


def test_title_replaces_what_renderers_disagree_on() -> None:
    """Quotes, braces, backslashes and entities become typographic characters on one line."""
    assert title('a "b c" ("d") {x}\\\n`y` &amp; R&D "') == "a “b c” (“d”) (x)∖ ’y’ ＆amp; R&D “"
    assert title("0.9310 [0.914, 0.945] · n = 816 <3 50 %") == "0.9310 [0.914, 0.945] · n = 816 <3 50 %"


@pytest.mark.parametrize("hostile", HOSTILE)
def test_node_stays_inside_its_quotes(hostile: str) -> None:
    """Nothing that a picture's syntax knows is left of a label; the references give the same text back."""
    shown = node(hostile)

    assert re.fullmatch(r"(?:[\w .…-]|#\d+;)*", shown)
    assert html.unescape(re.sub(r"#(\d+);", r"&#\1;", shown)) == hostile.strip()


def test_terminal_shows_codes_instead_of_acting_on_them() -> None:
    """Colours, line ends, direction marks and lone surrogates appear as escapes; letters stay."""
    hostile = "a\x1b[31m\n\r\x9b\u202e\u2066\u200f\ud800\x7f 中é"

    assert terminal(hostile) == r"a\x1b[31m\n\r\x9b\u202e\u2066\u200f\ud800\x7f 中é"


def test_annotations_stay_one_command() -> None:
    """Percent signs and line ends are encoded; in properties colons and commas too."""
    assert annotation("50 %\r\n::error::x\x1b") == r"50 %25%0D%0A::error::x\x1b"
    assert annotation_property("a:b,c%\n") == "a%3Ab%2Cc%25%0A"
