"""Three readers of markdown, and the links that our citations should be in each of them."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import cmarkgfm
from cmarkgfm.cmark import Options
from markdown import Markdown
from markdown_it import MarkdownIt
from mkdocs.config import load_config

from runner.documents.scanner import fold_label, scan

FRAGILE = {"LG209", "LG211", "LG212", "LG213"}  # findings that are themselves about what readers make of a text
DEFINITION = re.compile(r'^\[(?P<label>[^\]\n]+)\]: (?P<target>\S+) "(?P<title>[^"\n]*)"', re.MULTILINE)
CONFIGURATION = Path(__file__).parent.parent / "mkdocs.yml"

Link = tuple[str, str, str]  # text, target, title
Reader = Callable[[str], str]


def github(body: str) -> str:
    """Render as GitHub does."""
    options = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES
    return str(cmarkgfm.github_flavored_markdown_to_html(body, options))


def site(body: str) -> str:
    """Render as the site does."""
    return str(_site().reset().convert(body))


def commonmark(body: str) -> str:
    """Render with a reader that knows tables and nothing else beyond CommonMark."""
    return str(MarkdownIt("commonmark").enable("table").render(body))


@cache
def _site() -> Markdown:
    config = load_config(str(CONFIGURATION))
    return Markdown(extensions=config["markdown_extensions"], extension_configs=config["mdx_configs"])


def links(reader: Reader, text: str) -> Counter[Link]:
    """Return the links of a document's body as a reader shows them."""
    front = scan(text).front
    return _Anchors(reader(text[front[1] :].removeprefix("---") if front else text)).found


def expected(text: str) -> Counter[Link]:
    """Return the links that the citations of a text stand for, as its own definitions have them."""
    defined = {fold_label(found["label"]): found for found in DEFINITION.finditer(text)}
    cited = ((citation.text, defined.get(fold_label(citation.label))) for citation in scan(text).citations)
    return Counter(
        (_plain(html.unescape(shown)), unquote(found["target"]), found["title"]) for shown, found in cited if found
    )


def _plain(text: str) -> str:
    """Return the letters and digits of a text, whatever markup is between them."""
    return "".join(filter(str.isalnum, text))


class _Anchors(HTMLParser):
    """The links of a page, counted."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: Counter[Link] = Counter()
        self._open: list[tuple[str, str, list[str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            given = dict(attrs)
            self._open.append((unquote(given.get("href") or ""), given.get("title") or "", []))

    def handle_data(self, data: str) -> None:
        for _, _, texts in self._open:
            texts.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._open:
            target, title, texts = self._open.pop()
            self.found[_plain("".join(texts)), target, title] += 1
