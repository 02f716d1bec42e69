"""Templates: every value passes the filter of its place, and titles with markup come out inert."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import cmarkgfm
import markdown
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import nodes
from markdown_it import MarkdownIt

from runner import workflow
from runner.findings import InputRefused
from runner.rendering import shelf, templates
from runner.safety import bounded_yaml
from tests.executed import EXP, HUB, add, executed, put, read, swap

FILTERS = {
    "text",
    "code",
    "title",
    "node",
    "link",
    "scalar",
    "number",
    "found",
    "signed",
    "interval",
    "percent",
    "count",
    "plain",
}
FILES = sorted(path.relative_to(shelf.folder()).as_posix() for path in shelf.folder().rglob("*.j2"))
HOSTILE = "a <script>alert(1)</script> **b** [c](javascript:x) `d` | e <!-- f --> &amp; {{ g }} $h$ ![i](j) _k_ #l"


def outputs(tree: nodes.Node) -> Iterator[nodes.Node]:
    """Yield what a template prints, apart from its own text."""
    for output in tree.find_all(nodes.Output):
        yield from (node for node in output.nodes if not isinstance(node, nodes.TemplateData))


def is_safe(node: nodes.Node | None) -> bool:
    """Tell whether a printed expression ends in a filter of its place, or is a literal of the template."""
    if isinstance(node, nodes.CondExpr):
        return is_safe(node.expr1) and (node.expr2 is None or is_safe(node.expr2))
    return isinstance(node, nodes.Const) or (isinstance(node, nodes.Filter) and node.name in FILTERS)


@pytest.mark.parametrize("name", FILES)
def test_every_value_passes_the_filter_of_its_place(name: str) -> None:
    """No `{{ ... }}` reaches a page unescaped, in any template."""
    tree = templates.environment().parse((shelf.folder() / name).read_text(encoding="utf-8"))

    assert [node for node in outputs(tree) if not is_safe(node)] == []


@pytest.mark.parametrize(
    "source", ["{{ x }}", "{{ x|upper }}", "{{ x|text|upper }}", "{{ x if y else z|text }}", "{{ x ~ y }}"]
)
def test_an_unfiltered_value_would_be_noticed(source: str) -> None:
    """The scan above is not blind."""
    assert not all(map(is_safe, outputs(templates.environment().parse(source))))


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("blocks/")])
def test_every_block_says_what_it_takes(name: str) -> None:
    """The first line of a block's template declares its arguments."""
    assert templates.TAKES.match((shelf.folder() / name).read_text(encoding="utf-8"))


def labels(lang: str) -> dict[str, str]:
    """Return the labels of a language, nested ones by dotted name."""
    flat: dict[str, str] = {}
    for key, value in templates.labels(lang).items():
        flat |= {f"{key}.{inner}": word for inner, word in value.items()} if isinstance(value, dict) else {key: value}
    return flat


def test_all_languages_have_the_same_labels() -> None:
    """No label is missing in a language, empty, or still the one of another."""
    english, chinese = labels("en"), labels("zh")

    assert english.keys() == chinese.keys()
    assert all(english.values())
    assert all(re.search("[\u4e00-\u9fff]", word) for word in chinese.values())


def test_every_label_is_used_and_every_used_label_exists() -> None:
    """The label files hold what templates and wording ask for, nothing else."""
    code = "".join(path.read_text(encoding="utf-8") for path in (shelf.PACKAGE / "rendering").glob("*.py"))
    pages = "".join((shelf.folder() / name).read_text(encoding="utf-8") for name in FILES)
    asked = set(re.findall(r"\bt\.([a-z_]+)", pages)) | set(re.findall(r"labels\[[\"']([a-z_]+)[\"']\]", code))

    assert asked == set(templates.labels("en"))


def test_verdicts_and_states_are_words_apart() -> None:
    """No two verdicts or states share a word, or a reader could not tell them apart."""
    for lang in ("en", "zh"):
        words = [word for name, word in labels(lang).items() if name.startswith(("verdicts.", "states."))]
        assert len(words) == len(set(words))


def test_a_chinese_report_has_chinese_labels(tmp_path: Path) -> None:
    """`lang: zh` sets the words of blocks and verdicts; findings stay English, the author's text is the author's."""
    root = executed(tmp_path)
    put(root, EXP, read(root, EXP).replace("title: A toy", "title: 玩具\nlang: zh"))
    add(root, EXP, "[?][H-B]")

    workflow.render(root, [])

    text = read(root, EXP)
    assert "| 编号 | 预期 | 实际 | 95 % 区间 | 判定 |" in text
    assert "[成立 >99 %][H-B]" in text
    assert "状态 **已报告**" in text
    assert "区间只反映测试行的抽样。" in text
    assert workflow.check(root).findings == []


def test_a_project_may_speak_chinese_by_default(tmp_path: Path) -> None:
    """`lang` in pyproject.toml holds for every document that does not say otherwise."""
    root = executed(tmp_path)
    put(root, "pyproject.toml", '[tool.runner]\nlang = "zh"\n')
    add(root, HUB, "<!-- logg: expectations -->")

    workflow.render(root, [])

    assert "| 编号 | 预期 |" in read(root, HUB)


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """Return a base whose titles, keys of rungs and messages try to be markup."""
    root = executed(tmp_path)
    quoted = HOSTILE.replace("'", "''")
    swap(root, EXP, "title: A toy", f"title: '{quoted}'")
    swap(root, HUB, "title: Toy hub", f"title: '{quoted}'")
    swap(root, EXP, "gain >= 0.2: keep the strong one", f"gain >= 0.2: '{quoted}'")
    swap(root, EXP, "gain > 0:    keep either", "gain > 0: |-\n      a\n\n      # b\n      - c")
    add(root, HUB, "[?][TOY-1] and [words][TOY-1]\n\n<!-- logg: header -->")
    workflow.render(root, [])
    return root


def pages(text: str) -> list[str]:
    """Return a document as GitHub, the site and a third parser show it."""
    body = text.split("---\n", 2)[2]
    github = cmarkgfm.github_flavored_markdown_to_html(body, cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE)
    site = markdown.markdown(body, extensions=["tables", "fenced_code", "attr_list", "footnotes", "md_in_html"])
    return [github, site, MarkdownIt("gfm-like", {"linkify": False}).render(body)]


@pytest.mark.parametrize("name", [EXP, HUB])
def test_markup_in_titles_and_texts_comes_out_inert(hostile: Path, name: str) -> None:
    """Every renderer shows the literal text: no script, no link, no image, no emphasis comes in with a value."""
    text = read(hostile, name)

    assert {finding.code for finding in workflow.check(hostile).findings} == {"LG112"}  # the texts came after the run
    for html in pages(text):
        assert not re.search(r'<script|href="javascript|<strong>b<|<em>k<|<img[^>]*\bj\b|<code>d<|<h1>b|<li>c', html)
        assert "alert(1)" in html


def test_markup_leaves_tables_their_columns(hostile: Path) -> None:
    """A bar in a text does not open a column."""
    rows = [line for line in read(hostile, EXP).splitlines() if line.startswith(("| **H-A**", "|  | `gain"))]

    assert len(rows) == 2
    assert {len(re.split(r"(?<!\\)\|", row)) for row in rows} == {7}


def test_a_template_s_own_mistake_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name a template misspells, a filter that does not fit, or broken syntax name the template."""
    (tmp_path / "blocks").mkdir()
    monkeypatch.setattr(templates, "folder", lambda: tmp_path)
    templates.environment.cache_clear()
    for source, message in (
        ("{{ nothing|text }}", "'nothing' is undefined"),
        ("{{ none|count }}", "NoneType"),
        ("{{ 'a'|number }}", "bad operand"),
        ("\n{% if %}", "mine.md.j2:2"),
    ):
        (tmp_path / "blocks/mine.md.j2").write_text(source)
        with pytest.raises(InputRefused, match=message) as refused:
            templates.fill("blocks/mine.md.j2", {})
        assert "mine.md.j2" in refused.value.message
        templates.environment.cache_clear()


@pytest.mark.parametrize(
    "source",
    [
        "{{ ().__class__.__mro__ }}",
        "{{ x.append(1) }}",
        "{% for i in range(10**9) %}{% endfor %}",
        "{{ ''|attr('__class__') }}",
    ],
)
def test_a_template_cannot_leave_its_sandbox(source: str) -> None:
    """Templates compute no attributes of Python and change nothing they are given."""
    with pytest.raises(Exception, match=r"unsafe|not safely|too big|undefined|Range"):
        templates.environment().from_string(source).render(x=[])


@given(title=st.text(st.characters(exclude_categories=("Cs", "Cc", "Co", "Cn", "Zl", "Zp")), min_size=1, max_size=40))
def test_a_scalar_is_read_back_as_it_was_written(title: str) -> None:
    """Whatever a title holds, YAML reads the text that went in."""
    plain = " ".join(title.replace("\ufeff", "").split()) or "x"
    node = bounded_yaml.load(f"title: {templates.scalar(plain)}\n")

    assert isinstance(node, bounded_yaml.Mapping)
    assert [(key.text, getattr(value, "text", None)) for key, value in node.entries] == [("title", plain)]


@pytest.mark.parametrize(
    ("target", "written"),
    [
        ("../a b/c(1).md", "../a%20b/c%281%29.md"),
        ("tiny%401.md", "tiny%401.md"),
        ("图/x.svg", "%E5%9B%BE/x.svg"),
        ('a">', "a%22%3E"),
    ],
)
def test_a_link_stays_inside_its_parentheses(target: str, written: str) -> None:
    """Blanks, brackets and quotes are encoded; what was encoded before stays."""
    assert templates.link(target) == written
