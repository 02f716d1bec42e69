"""Documents composed of everything markdown has: what surrounds citations and blocks, and what only looks like them.

Every piece stands on its own, so that each citation is a real one, and what must never be touched carries `KEPT`.
"""

from __future__ import annotations

import re

from hypothesis import strategies as st

FRONT = """---
kind: hub
id: TOY-hub
title: Everything at once
date: 2026-01-04
cites: {toy: TOY-1, calm: TOY-0, next: TOY-2, rows: TOY-3}
define:
  rise: toy.gain
claims:
  K1: toy.gain > 0
  K2: calm.strong.r2 > calm.close.r2
  Q1: human
  Q2:
    toy.gain >= 0.5: stop
    else: go on
---

# Everything at once
"""
KEPT = "0.777"  # a number of the author, wherever it stands

NUMBERS = st.builds(
    "[{}][{}]".format,
    st.sampled_from(
        ["?", "?.?", "?.????", "0.1", "0.31", "+0.5", "−?.??", "? %", "about ?.? here", "R² 0.2", "12.5 %"]
    ),
    st.sampled_from(
        ["toy.gain", "rise", "toy.strong.r2", "toy.weak.young.r2", "next.ridge.r2", "1 - toy.gain", "toy.gian"]
    ),
)
OTHERS = st.sampled_from([
    "[?, ?][ci(rise)]", "[95 % CI [0.1, 0.2]][ci(toy.gain)]", "[?][ci(rise)]", "[it helps][toy.gain > 0]",
    "[only ?.?? apart][rise < 0.5]", "[?][K1]", "[fails 3 %][K1]", "[?][K2]", "[so we do][Q2]", "[?][Q2]", "[?][TOY-2]",
    "[the report][TOY-1]", "[?][K9]", "[1 2][rise]", "[none][rise]", "[成立 3 %][K1]",
    "[?.??][rows(200).r2]", "[0.1 on average][mean(rows(*).r2)]", "[?][argmax(rows(*).r2)]", "[?][rows.r2]",
    "[?.?][across(calm.strong.r2 - toy.strong.r2)]", "[?][abs(toy.weak.r2 - 1)]", "[?][calm.strong.r2 - toy.strong.r2]",
])  # fmt: skip
CITATIONS = NUMBERS | OTHERS
WORDS = st.sampled_from([
    "Words", "中文字，没有空格", "🚀 👩‍🔬", f"R² = {KEPT}", "**bold** _it_", f"`[{KEPT}][rise]`", "a &amp; b", "$x_0$",
    f"\\[{KEPT}][rise]", f"[{KEPT}](x.md)", f"![{KEPT}][rise]", f"<b title='[{KEPT}][rise]'>x</b>", "]", "*", "[^1]",
    f"<!-- [{KEPT}][rise] -->", f"~~{KEPT}~~", f"[{KEPT}][mine]", "\u00a0\u2003\u200b", "tab\there", "[text]",
    "line  \nbreak", "%%% {{ x }}", "v1.2, 500k", "<http://example.org/>", "www.example.org", "a\u2028b",
]) | st.text(st.characters(categories=("L", "Nd", "Zs", "Po", "So", "Mn")), max_size=8)  # fmt: skip
SENTENCES = st.lists(WORDS | CITATIONS | CITATIONS, min_size=1, max_size=5).map(" ".join)
CELLS = st.lists(st.sampled_from(["a", KEPT, "`x`", "中文", "**b**"]) | CITATIONS, min_size=2, max_size=2).map(
    " | ".join
)
TABLES = st.lists(CELLS, min_size=1, max_size=3).map(
    lambda rows: "\n".join(["| a | b |\n|--:|:-:|", *(f"| {row} |" for row in rows)])
)
LEAVES = SENTENCES | SENTENCES | TABLES | st.sampled_from([
    f"```\n[{KEPT}][rise]\n<!-- logg: header -->\n```", f"~~~md\n<!-- logg: header -->\n\n[{KEPT}][rise]\n~~~",
    f"paragraph\n\n        [{KEPT}][rise]", f"<div>\n[{KEPT}][rise]\n</div>", f"# A heading of [{KEPT}][rise]",
    f"Setext [{KEPT}][rise]\n---", "***", f"$$\n[{KEPT}][rise]\n$$", f"<!--\n[{KEPT}][rise]\n-->", "- [x] done",
    f"<pre>\n[{KEPT}][rise]\n</pre>", f"[{KEPT}] [rise]", f"[{KEPT}][rise\n+ 1]", f"words <!-- logg: header --> {KEPT}",
    f"<details>\n<summary>{KEPT}</summary>\n\nmore\n\n</details>", "",
])  # fmt: skip


def _quoted(pieces: list[str]) -> str:
    return "\n".join(f"> {line}".rstrip(" ") for line in "\n\n".join(pieces).split("\n"))


def _item(mark: str, pieces: list[str]) -> str:
    lines = "\n\n".join(pieces).split("\n")
    return "\n".join([f"{mark} {lines[0]}", *(f"    {line}" if line else "" for line in lines[1:])])


PIECES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(_quoted),
        st.builds(_item, st.sampled_from(["-  ", "1. ", "*  "]), st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=5,
)
BLOCKS = st.sampled_from([
    "<!-- logg: header -->", "<!-- logg: gates -->", "<!-- logg: nothing -->", "<!-- logg: header {a: b} -->",
    "<!-- logg: header -->\n<!-- /logg -->", "<!-- logg: header -->\n\nold\n\n<!-- /logg 00000000 -->",
    "<!-- logg: table\nrows: train\ncols: [rows.r2, rows.r2 - prev(rows.r2)]\n-->", "<!-- logg: consensus -->",
    "<!-- logg: numbers -->", "<!-- logg: links -->", "<!-- logg: scoreboard {top: 2} -->", "<!-- logg: protocol -->",
    "<!-- logg: results -->", "<!-- logg: sources -->\n\n<!-- /logg 00000000 -->", "<!-- logg: sources -->",
])  # fmt: skip
ENDS = st.sampled_from(
    ["", "\n", "\n\n", "no line end", "- item", "> quote", "```\nopen", "<pre>\nopen", "<!-- open", "\\"]
)
DEFINITIONS = "[mine]: https://example.org\n[^1]: a note\n\n"


def _typed(pieces: list[str], end: str, newlines: list[str], mark: str) -> str:
    """Put pieces together the way an editor would save them: line ends one after the other from a list."""
    text = FRONT + "\n" + DEFINITIONS + "".join(f"{piece}\n\n" for piece in pieces) + end
    lines = text.split("\n")
    ends = [newlines[index % len(newlines)] for index in range(len(lines) - 1)]
    return mark + "".join(line + end for line, end in zip(lines, [*ends, ""], strict=True))


DOCUMENTS = st.builds(
    _typed,
    st.lists(PIECES | PIECES | BLOCKS, min_size=1, max_size=6),
    ENDS,
    st.sampled_from([["\n"], ["\n"], ["\r\n"], ["\n", "\r\n"], ["\r\n", "\r\n", "\n"]]),
    st.sampled_from(["", "", "\ufeff"]),
)

OURS = re.compile(
    r"(?m)^<!-- logg: (?P<kind>\w+)(?P<more>[^>]*)-->(?:(?!<!-- logg:)[\s\S])*?<!-- /logg(?: [0-9a-f]{8})? -->"
)
CITED = re.compile(r"\[(?:[^\[\]\n]|\[[^\[\]\n]*\])*\](?=\[(?!mine\])[^\[\]\n]+\])")


def skeleton(text: str) -> str:
    """Return what a document is without the parts that belong to `render`, found by patterns alone."""
    return CITED.sub("[]", OURS.sub(r"<!-- logg: \g<kind>\g<more>-->", text))


def skeletons(text: str) -> set[str]:
    """Return the skeletons a rendered document may have: its own, or with a block of definitions at its end."""
    own, marker = skeleton(text), "<!-- logg: sources -->"
    return {own, *(own + newline * gap + marker + newline for newline in ("\n", "\r\n") for gap in (1, 2))}
