"""Tricky documents and what is in them; a new trap is one more line here."""

from __future__ import annotations

from typing import NamedTuple

from runner.documents.scanner import Place

CITE = "[0.71][ridge.r2]"
BLOCK = "<!-- logg: results -->\n| job | R² |\n|--|--|\n| ridge | [8][x.r2] |\n<!-- /logg 0a1b2c3d -->\n"


class Case(NamedTuple):
    """A text, the places of the citations in it, its headings, its blocks and its troubles."""

    name: str
    text: str
    places: str = ""  # one letter each: p(rose), t(able), h(eading), m(ath)
    headings: tuple[str, ...] = ()
    blocks: int = 0
    troubles: tuple[str, ...] = ()


PLACES: dict[Place, str] = {"prose": "p", "table": "t", "heading": "h", "math": "m"}

PROSE = [
    Case("nothing", ""),
    Case("in a sentence", f"Ridge reaches {CITE}.", "p"),
    Case("two side by side", f"{CITE}{CITE}", "pp"),
    Case("among Chinese signs", f"岭回归得到{CITE}，高于[0.70][lgbm.r2]。", "pp"),
    Case("behind an emoji", f"🚀{CITE}🚀", "p"),
    Case("with brackets in its text", "[95 % CI [0.69, 0.73]][ci(ridge.r2)]", "p"),
    Case("with an image in its text", "[![up](up.svg) 0.71][ridge.r2]", "p"),
    Case("with emphasis in its text", "[**0.71**][ridge.r2] **[0.71][ridge.r2]**", "pp"),
    Case("over two lines", "[0.71\nor so][ridge.r2]", "p"),
    Case("inside a task", f"- [x] {CITE}\n- [ ] {CITE}", "pp"),
    Case("inside an alert", f"> [!TIP]\n> {CITE}", "p"),
    Case("inside a footnote", f"see[^1]\n\n[^1]: {CITE}", "p"),
    Case("in an indented line of a footnote", f"see[^1]\n\n[^1]: a\n\n    {CITE}", "p"),
    Case("behind a replaced NUL", f"a\0{CITE}", "p", troubles=("control sign",)),
    Case("behind the bell", f"a\u0007 b\u0007\n{CITE}\x1b[1m", "p", troubles=("control sign", "control sign")),
    Case("a line separator ends no line", f"a\u2028~~~\x0c\n{CITE}", "p"),
    Case("old Mac line ends", f"# Top\r\r{CITE}\r", "p", ("Top",)),
    Case("Windows line ends", f"# Top\r\n\r\n{CITE}\r\n~~~\r\n{CITE}\r\n~~~\r\n", "p", ("Top",)),
    Case("indexing twice looks the same", "take m[1][2]", "p"),
]

NO_LINKS = [
    Case("an escaped bracket", f"\\{CITE}"),
    Case("an image with a label", f"!{CITE}"),
    Case("an image is not the citation after it", f"!{CITE} {CITE}", "p"),
    Case("inside the description of an image", f"![as {CITE}](up.svg)"),
    Case("collapsed and shortcut references", "[ridge.r2][] and [ridge.r2]"),
    Case("footnotes side by side", "a[^1][^2]"),
    Case("inside the text of a link the inner one wins", f"[see {CITE}](ridge.md)", "p"),
    Case("the same with two labels", f"[see {CITE}][lgbm.r2]", "p"),
    Case("the same with a cited label alone in brackets", f"[see [ridge.r2]][lgbm.r2] {CITE}", "p"),
    Case("inside the target of a link", f"[see](ridge.md?{CITE})"),
    Case("inside the title of a link", f'[see](ridge.md "{CITE}")'),
    Case("a title needs a blank before it", f'[see](<ridge.md>"{CITE}")', "p"),
    Case("an autolink", f"<https://a.org/{CITE}> {CITE}", "p"),
    Case("a bare address takes it along", f"https://a.org/{CITE} {CITE}", "p"),
    Case("a bare host takes it along", f"www.a.org/{CITE}"),
    Case("a bare address inside brackets takes nothing", f"[https://a.org/{CITE}", "p"),
    Case("a host with an underscore is none", f"https://a_b{CITE}", "p"),
    Case("a title of a definition", f'{CITE}\n\n[elsewhere]: there.md "{CITE}"', "p"),
]

CODE = [
    Case("code span", f"`{CITE}` {CITE}", "p"),
    Case("code span of two backticks", f"`` ` {CITE} `` {CITE}", "p"),
    Case("code span over a line end", f"` a\n{CITE} ` {CITE}", "p"),
    Case("a lone backtick", f"` {CITE}", "p"),
    Case("a code span ends with its paragraph", f"a `\n\n{CITE} `", "p"),
    Case("an escaped backtick", f"\\`{CITE}\\`", "p"),
    Case("GitHub loses a second span after an unmatched run", f"`` `a` `{CITE}`", "p"),
    Case("fence", f"```\n{CITE}\n```\n{CITE}", "p"),
    Case("fence of tildes around backticks", f"~~~\n```\n{CITE}\n~~~\n{CITE}", "p"),
    Case("a fence is closed by a longer one only", f"````\n```\n{CITE}\n`````\n{CITE}", "p"),
    Case("a fence is not closed by a line with words", f"```\n``` a\n{CITE}\n```\n{CITE}", "p"),
    Case("a backtick behind three is no fence", f"``` a`b\n{CITE}", "p"),
    Case("a fence without end", f"{CITE}\n```\n{CITE}\n\n# no\n{CITE}", "p"),
    Case("a fence in a list", f"- a\n  ```\n  {CITE}\n  ```\n- {CITE}", "p"),
    Case("a fence in a list ends with the item", f"- a\n  ```\n  {CITE}\n\n{CITE}", "p"),
    Case("a fence in a quote ends with the quote", f"> ```\n> {CITE}\n\n{CITE}", "p"),
    Case("a fence in a numbered list", f"1. a\n\n   ```\n   {CITE}\n   ```\n\n2. {CITE}", "p"),
    Case("a fence behind the bullet", f"- ```\n  {CITE}\n  ```\n{CITE}", "p"),
    Case("indented code", f"a\n\n    {CITE}\n\n{CITE}", "p"),
    Case("code indented by a tab", f"a\n\n\t{CITE}"),
    Case("an indented line of a paragraph", f"a\n    {CITE}", "p"),
    Case("an indented paragraph of an item", f"- a\n\n    {CITE}", "p"),
    Case("code in an item", f"- a\n\n      {CITE}"),
    Case("bullets in bullets", f"- a\n    - b\n        - {CITE}", "p"),
    Case("an empty item ends at a blank line", f"-\n\n    {CITE}"),
    Case("an item of definitions only is empty", f"- [a]: b.md\n\n\n    {CITE}"),
    Case("behind blank lines an item goes on", f"- a\n\n\n\n\n  {CITE}\n\n{CITE}", "pp"),
    Case("an item with the box of a task only is empty", f"- [x] \n\n    {CITE}"),
]

HTML = [
    Case("a comment in a line", f"a <!-- {CITE} --> {CITE}", "p"),
    Case("a comment over lines", f"a <!-- b\n{CITE} --> {CITE}", "p"),
    Case("a comment on its own", f"<!--\n\n{CITE}\n\n-->\n\n{CITE}", "p"),
    Case("a fence in a comment", f"<!--\n```\n-->\n{CITE}", "p"),
    Case("a comment in a fence", f"```\n<!--\n```\n{CITE}", "p"),
    Case("a comment without end in a line", f"a <!-- {CITE}", "p"),
    Case("a comment without end", f"<!-- a\n\n{CITE}", troubles=("unclosed comment",)),
    Case("a division", f"<div>\n{CITE}\n</div>\n\n{CITE}", "p"),
    Case("details around a paragraph", f"<details>\n\n{CITE}\n\n</details>", "p"),
    Case("preformatted text over a blank line", f"<pre>\n\n{CITE}\n\n</pre>\n{CITE}", "p"),
    Case("a tag of any name on its own", f"<b>\n{CITE}\n\n{CITE}", "p"),
    Case("such a tag breaks off no paragraph", f"a\n<b>\n{CITE}", "p"),
    Case("an attribute", f'<a title="{CITE}">a</a> {CITE}', "p"),
    Case("less than", f"if a <b then {CITE} or c> d", "p"),
    Case("a processing instruction", f"a <? {CITE} ?> {CITE}", "p"),
    Case("character data", f"a <![CDATA[ {CITE} ]]> {CITE}", "p"),
    Case("a declaration", f"a <!A {CITE} > {CITE}", "p"),
    Case("behind a comment without end GitHub knows no declaration", f"a <!-- b <!A {CITE} >", "p"),
    Case("a mail address", f"<a@b.org> {CITE}", "p"),
]

TABLES = [
    Case("cell", f"| a | b |\n|--|--|\n| `x` | {CITE} |", "t"),
    Case("header", f"| a | {CITE} |\n|--|--|", "t"),
    Case("without pipes around", f"a | b\n--|--\n1 | {CITE}", "t"),
    Case("a paragraph above the header", f"{CITE}\n| a |\n|--|\n| {CITE} |", "pt"),
    Case("a pipe in a label", "| a | b |\n|--|--|\n| 1 | [0.7][ridge.r2 | x] |"),
    Case("an escaped pipe before a citation", f"| a |\n|--|\n| \\| {CITE} \\| {CITE} |", "tt"),
    Case("code spans end with their cell", f"| a | b |\n|--|--|\n| ` | 1 |\n| {CITE} | ` |", "t"),
    Case("cells beyond the header are dropped", f"| a |\n|--|\n| 1 | {CITE} |"),
    Case("a table ends at a blank line", f"| a |\n|--|\n| 1 |\n\n| {CITE} |", "p"),
    Case("a rule after a table is no underline", f"| a |\n|--|\n| {CITE} |\n---\n", "t"),
    Case("a table in a quote", f"> | a |\n> |--|\n> | {CITE} |", "t"),
    Case("too few dashes for the header", f"| a | b |\n|--|\n| {CITE} |", "p"),
    Case("after that no line of the paragraph is a header", f"| a | b |\n|--|\n| c |\n|--|\n| {CITE} |", "p"),
]

HEADINGS = [
    Case("with hashes", f"# Top {CITE} #", "h", (f"Top {CITE}",)),
    Case("a hash needs a blank", "#no\n\n## yes ##\n\n### also#", headings=("yes", "also#")),
    Case("an empty heading", "#\n\n## ##", headings=("", "")),
    Case("underlined", f"Top {CITE}\n===\n\na", "h", (f"Top {CITE}",)),
    Case("underlined over two lines", f"Top\n  {CITE}\n---\na", "h", (f"Top {CITE}",)),
    Case("in a fence", "```\n# no\n```\n# yes", headings=("yes",)),
    Case("in a quote", "> # yes", headings=("yes",)),
    Case("in an item", "- # yes\n- a\n  ===", headings=("yes", "a")),
    Case("a rule is no underline", "a\n\n---\n\nb"),
    Case("definitions cannot be underlined", "[a]: b.md\n===\n"),
]

MATH = [
    Case("formula", f"$a {CITE} b$ {CITE}", "mp"),
    Case("formula over lines", f"$$\n{CITE}\n$$\n{CITE}", "mp"),
    Case("formula in a cell", f"| a |\n|--|\n| $x {CITE}$ |", "m"),
    Case("prices", f"costs $5 and {CITE} for $6", "p"),
    Case("escaped dollars", f"\\$5 {CITE} \\$6", "p"),
    Case("a dollar in code", f"`$` {CITE} $", "p"),
]

LISTS = [
    Case("a number breaks off no paragraph unless it is 1", f"a\n2.      {CITE}", "p"),
    Case("text without indent goes on with an item", f"- a\n{CITE}", "p"),
    Case("text without a mark goes on with a quote", f"> a\n{CITE}", "p"),
    Case("a bullet in a quote in a bullet", f"- > - {CITE}", "p"),
    Case("containers that are nested too deep", "> " * 33 + CITE, "p", troubles=("too deep",)),
]

BLOCKS = [
    Case("between paragraphs", f"{CITE}\n\n{BLOCK}\n{CITE}", "pp", blocks=1),
    Case("touching paragraphs", f"{CITE}\n{BLOCK}{CITE}", "pp", blocks=1),
    Case("two", f"{BLOCK}\n{BLOCK}{CITE}", "p", blocks=2),
    Case("after a list", f"- a\n- b\n{BLOCK}{CITE}", "p", blocks=1),
    Case("after a loose list", f"- a\n\n- b\n\n{BLOCK}\n{CITE}", "p", blocks=1),
    Case("after a quote", f"> a\n{BLOCK}{CITE}", "p", blocks=1),
    Case("after a fence in a list", f"- ```\n{BLOCK}{CITE}", "p", blocks=1),
    Case("the body is opaque", "<!-- logg: a -->\n# no\n```\n[a]: b\n<!-- /logg -->\n" + CITE, "p", blocks=1),
    Case("a lone marker owns nothing", f"<!-- logg: a -->\n# yes\n{CITE}", "p", ("yes",), blocks=1),
    Case("a lone marker before a block", f"<!-- logg: a -->\n{CITE}\n{BLOCK}", "p", blocks=2),
    Case("a conflict in the body", "<!-- logg: a -->\n<<<<<<< x\n=======\n>>>>>>> y\n<!-- /logg -->", blocks=1),
    Case("in a fence", f"```\n{BLOCK}```\n{CITE}", "p"),
    Case("in a comment", f"<!--\n<!-- logg: results -->\n{CITE}", "p"),
    Case("close without open", f"<!-- /logg 0a1b2c3d -->\n\n{CITE}", "p", troubles=("close without open",)),
    Case("in a list", "- a\n\n  <!-- logg: a -->\n", troubles=("marker in container",)),
    Case("in a quote", "> <!-- logg: a -->\n", troubles=("marker in container",)),
    Case("indented", " <!-- logg: a -->\n", troubles=("marker in text",)),
    Case("in a line", "a <!-- logg: a -->\n", troubles=("marker in text",)),
    Case("in html", "<div>\n<!-- logg: a -->\n</div>\n", troubles=("marker in html",)),
    Case("without a name", "<!-- logg: -->\n", troubles=("malformed marker",)),
    Case("with a strange hash", "<!-- logg: a -->\n<!-- /logg xyz -->\n", blocks=1, troubles=("malformed marker",)),
    Case("words behind the opening marker", "<!-- logg: a --> b\n", troubles=("text after marker",)),
    Case("an arrow in the arguments", "<!-- logg: a {b: c --> d} -->\n", troubles=("text after marker",)),
    Case("words behind the closing one", BLOCK.rstrip() + " a\n", blocks=1, troubles=("text after marker",)),
    Case("without an end", f"{CITE}\n<!-- logg: a\n\n{CITE}", "p", troubles=("unclosed comment",)),
    Case(
        "without an end it swallows the next marker",
        f"<!-- logg: a\n{BLOCK}{CITE}",
        "tp",
        troubles=("unclosed comment", "close without open"),
    ),
]

TROUBLES = [
    Case("a label over two lines", "[0.71][ridge.r2 -\nlgbm.r2]", "p", troubles=("wrapped label",)),
    Case("the same in a quote", "> [0.71][ridge.r2 -\n> lgbm.r2]", "p", troubles=("wrapped label",)),
    Case("the author's own label may wrap", "[a][b\nc]\n\n[b c]: d.md", "p"),
    Case("a blank between", "[0.71] [ridge.r2]", troubles=("space between",)),
    Case("a line end between", "[?.??]\n[ridge.r2]", troubles=("space between",)),
    Case("a blank between other brackets", "[x] [y] and [Smith 2020] [doi] and [0.71] [0.72]"),
    Case("a long label", f"[0.71][{'a + ' * 101}a]", troubles=("label too long",)),
    Case("a label no renderer reads", f"[0.71][{'a + ' * 300}a]", troubles=("label too long",)),
    Case("a long text", f"[{'a ' * 101}0.71][ridge.r2]", troubles=("text too long",)),
    Case("the author's own link may be long", f"[{'a ' * 101}][b]\n\n[b]: c.md", "p"),
    Case("a conflict", f"<<<<<<< HEAD\n{CITE}\n>>>>>>> side\n", "p", troubles=("conflict",)),
    Case("an upper half of a conflict", f"a\n\n<<<<<<< HEAD\n\n{CITE}", "p", troubles=("conflict",)),
    Case("seven quotes are no conflict", f">>>>>>> {CITE}", "p"),
    Case("a conflict in a fence", "```\n<<<<<<< HEAD\n=======\n>>>>>>> side\n```\n"),
    Case(
        "a conflict that starts in a block",
        "<!-- logg: a -->\n<<<<<<< HEAD\n<!-- /logg -->\n=======\n<!-- /logg -->\n>>>>>>> side\n",
        blocks=1,
        troubles=("conflict", "close without open"),
    ),
    Case(
        "front matter without end", "---\nkind: exp\n\n# Top\n", headings=("Top",), troubles=("unclosed front matter",)
    ),
]

FRONT = [
    Case("front matter and a rule", f"---\nkind: exp\n---\n{CITE}\n\n---\n", "p"),
    Case("byte order mark", f"\ufeff---\r\nkind: exp\r\n---\r\n# Top\r\n\r\n{CITE}\r\n", "p", ("Top",)),
    Case("byte order mark alone", f"\ufeff# Top\n{CITE}", "p", ("Top",)),
    Case("front matter only", "---\nkind: exp\n---"),
    Case("a rule at the top", f"---\n\n{CITE}", "p"),
]

CASES = [
    *(PROSE + NO_LINKS + CODE + HTML + TABLES + HEADINGS),
    *(MATH + LISTS + BLOCKS + TROUBLES + FRONT),
]
