"""Citations: numbers take their value, keys their verdict, words are checked to hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from runner import workflow
from runner.findings import Finding
from tests.executed import EXP, HUB, RESULT, add, codes, executed, put, read, swap
from tests.knowledge import EXPERIMENT, toy

ROADMAP = """---
kind: roadmap
id: TOY-roadmap
title: What is next
cites: {toy: TOY-1}
phases:
  1: [MVP-1, MVP-1.1]
gates:
  Gate-1:
    toy.gain > 2: {do: stop, opens: [MVP-1]}
    toy.gain > 0: go on
    else: human
---

# What is next
"""
FILED, ROWS = "results/TOY-1.json", "tiny@1 test · noise 1"
FAR = """---
kind: hub
id: FAR-hub
title: Far away
---

# Far away

"""


def rendered(root: Path, text: str) -> tuple[str, list[Finding]]:
    """Add a line to the hub, render, and return the line with what render could not mend."""
    add(root, HUB, f"LINE {text}")
    findings = workflow.render(root, []).findings
    match = re.search("^LINE (.*)$", read(root, HUB), re.MULTILINE)
    assert match
    return match[1], findings


def title(root: Path, label: str, name: str = HUB) -> str:
    """Return what a label's definition links to and says."""
    match = re.search(rf"^\[{re.escape(label)}\]: (.*)$", read(root, name), re.MULTILINE)
    assert match, f"no definition of {label}"
    return match[1]


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("[?.??][toy.gain]", "[0.89][toy.gain]"),
        ("[+?.????][toy.gain]", "[+0.8935][toy.gain]"),
        ("[+? %][toy.strong.r2 / toy.weak.r2 - 1]", "[+3063 %][toy.strong.r2 / toy.weak.r2 - 1]"),
        ("[about 0.5 kg][toy.strong.mae]", "[about 0.9 kg][toy.strong.mae]"),
        ("[0.8934][toy.gain]", "[0.8935][toy.gain]"),
        ("[from ?.?? to ?.??][ci(toy.gain)]", "[from 0.86 to 0.97][ci(toy.gain)]"),
        ("[95 % CI [?.??, ?.??]][ci(toy.gain)]", "[95 % CI [0.86, 0.97]][ci(toy.gain)]"),
        ("[?][ci(toy.gain)]", "[[0.865, 0.968]][ci(toy.gain)]"),
        ("[only ?.??][toy.strong.old.r2 < 2]", "[only 0.92][toy.strong.old.r2 < 2]"),
        ("[better by 900 %][toy.gain > 0]", "[better by 89 %][toy.gain > 0]"),
        ("[less than 200 %][toy.strong.old.r2 < 2]", "[less than 200 %][toy.strong.old.r2 < 2]"),
        ("[wins by 0.11][K1]", "[wins by 0.89][K1]"),
        ("[wins by +?.??][toy:K1]", "[wins by +0.89][toy:K1]"),
        ("[better in 3 ways of 10][K1]", "[better in 3 ways of 10][K1]"),
        ("[它更好吗?][K1]", "[它更好吗?][K1]"),
        ("[go on, see section 4.1][Gate-1]", "[go on, see section 4.1][Gate-1]"),
        ("[MVP 1.1][MVP-1.1]", "[MVP 1.1][MVP-1.1]"),
        ("[?.??][0 < toy.strong.r2]", "[0.92][0 < toy.strong.r2]"),
        ("[?][toy.strong.alpha]", "[0.001][toy.strong.alpha]"),
        ("[误差 ?.? 千克][toy.strong.mae]", "[误差 0.9 千克][toy.strong.mae]"),
        ("[?][K1]", "[holds >99 %][K1]"),
        ("[pending][K1]", "[holds >99 %][K1]"),
        ("[?][TOY-1]", "[reported][TOY-1]"),
        ("[?][Gate-1]", "[go on · >99 %][Gate-1]"),
        ("[?][MVP-1]", "[planned][MVP-1]"),
        ("[?][toy:K1]", "[holds >99 %][toy:K1]"),
    ],
)
def test_a_placeholder_takes_what_its_label_means(tmp_path: Path, text: str, filled: str) -> None:
    """A number, an interval, the left side of a comparison, a verdict, a rung, a state."""
    root = executed(tmp_path)
    put(root, "logg/toy/toy-roadmap.md", ROADMAP)

    line, findings = rendered(root, text)

    assert (line, findings) == (filled, [])
    assert workflow.check(root).findings == []


@pytest.mark.parametrize(
    ("code", "text", "message"),
    [
        ("LG101", "[0.10][toy.gain]", "`0.10` is 0.89 now: toy.gain"),
        ("LG101", "[?.??][toy.gain]", "`?.??` is not filled yet, it is 0.89: toy.gain"),
        ("LG105", "[fails <1 %][K1]", "K1: `fails <1 %` is `holds >99 %` now"),
        ("LG102", "[the weak one wins][toy.gain < 0]", "which does not hold (holds in <1 %)"),
        ("LG102", "[stop][Gate-1]", "first rung of Gate-1, the one taken is `keep the strong one`"),
        ("LG209", "\n\n## [?.??][toy.gain]", "stands in a heading, whose anchor would move"),
        ("LG209", "$x = [?.??][toy.gain]$", "stands in math, where links do not render"),
        ("LG210", "[?.?? and ?.??][toy.gain]", "the text holds 2 numbers where 1 is due"),
        ("LG210", "[?.??][ci(toy.gain)]", "the text holds 1 number where 2 are due"),
        ("LG210", "[the gain][toy.gain]", "the text holds no number where 1 is due"),
        ("LG210", "[<0.9][toy.gain]", "a bound such as <0.01 would go stale unseen"),
        ("LG210", "[R² of 0.11 and 0.99][K1]", "K1 says nothing about the numbers in `R² of 0.11 and 0.99`"),
        ("LG210", "[0.11 and 0.99][toy.gain > 0]", "toy.gain > 0 says nothing about the numbers in `0.11 and 0.99`"),
        ("LG210", "[0.9 and more][toy.gain > 0 and toy.strong.r2 > 0]", "says nothing about the numbers"),
        ("LG210", "[better by 1e-3][toy.gain > 0]", "says nothing about the numbers in `better by 1e-3`"),
        ("LG210", "[by 0.89 or 0.9][Gate-1]", "Gate-1 says nothing about the numbers in `by 0.89 or 0.9`"),
        ("LG210", "[R² of 0.99][TOY-1]", "TOY-1 says nothing about the numbers in `R² of 0.99`"),
        ("LG211", "[?.??][toy.\ngain]", "this label is broken over two lines"),
        ("LG207", "[?][K9]", "unknown key `K9`"),
        ("LG207", "[words][far:K1]", "unknown key `far:K1`"),
        ("LG302", "[?.??][toy.strng.r2]", "unknown name `strng`"),
        ("LG303", "[?.??][toy.strong.r2 - toy.weak.old.r2]", "populations differ"),
        ("LG301", "[?.??][toy.strong.r2 +]", "a name or a number is missing"),
        ("LG301", "[?.??][toy.gain | 1]", "`|` does not survive every renderer"),
        ("LG305", "[?.??][toy.gain / 0]", "this has no finite value"),
        ("LG305", "[yes][toy.gain / 0 > 1]", "a side of the comparison is not finite"),
    ],
)
def test_what_does_not_fit_is_found(tmp_path: Path, code: str, text: str, message: str) -> None:
    """Each kind of disagreement has its code, its place, and a message with both values."""
    root = executed(tmp_path)
    swap(root, EXP, "  H-B:", "  Gate-1: {gain > 2: stop, else: keep the strong one}\n  H-B:")
    home = EXP if "Gate-1" in text else HUB
    workflow.render(root, [])
    add(root, home, text)

    found = [finding for finding in workflow.check(root).findings if finding.code == code]

    assert found, workflow.check(root).findings
    assert any(message in finding.message for finding in found)
    assert found[0].place.path == home
    assert "[" in read(root, home).splitlines()[found[0].place.line - 1]


@pytest.mark.parametrize(
    "text",
    [
        "[?][K9]", "[?.??][toy.strng.r2]", "[0.123][toy.strong.r2 - toy.weak.old.r2]", "[1 and 2][toy.gain]",
        "[<0.9][toy.gain]", "[no number][toy.gain]", "[?.??][toy.gain / 0]", "[?.??][toy.weak(1M).r2]",
        "$x = [?.??][toy.gain]$",
    ],
)  # fmt: skip
def test_a_refused_citation_keeps_its_text_and_is_still_a_link(tmp_path: Path, text: str) -> None:
    """Nothing is guessed: the author's text stays, and its definition says why nothing stands there."""
    root = executed(tmp_path)
    label = text[:-1].rpartition("][")[2].rstrip("$]")

    line, findings = rendered(root, text)

    assert line == text
    assert findings
    assert title(root, label).startswith('toy-hub.md "refused: ')


def test_a_citation_in_a_heading_is_refused_and_still_a_link(tmp_path: Path) -> None:
    """The heading keeps its text, and with it the anchor others link to; its label has a definition."""
    root = executed(tmp_path)
    add(root, HUB, "## A gain of [?.??][toy.gain]")

    assert codes(workflow.render(root, []).findings) == ["LG209"]
    assert "## A gain of [?.??][toy.gain]" in read(root, HUB)
    assert "refused: the citation" in title(root, "toy.gain")


@pytest.mark.parametrize("first", [True, False])
def test_a_label_that_works_somewhere_is_defined_by_what_works(tmp_path: Path, *, first: bool) -> None:
    """A label refused in a heading and fine in a sentence has one definition: that of the sentence."""
    root = executed(tmp_path)
    parts = ["## [?.??][toy.gain]", "It is [?.??][toy.gain]."]
    add(root, HUB, "\n\n".join(parts if first else parts[::-1]))

    workflow.render(root, [])

    assert read(root, HUB).count("\n[toy.gain]: ") == 1
    assert title(root, "toy.gain").startswith('results/TOY-1.json "0.8935')


def test_labels_that_differ_in_case_only_are_refused(tmp_path: Path) -> None:
    """Renderers fold case: the second of two such labels would link to the evidence of the first."""
    root = executed(tmp_path)
    swap(root, HUB, "claims:", "define:\n  k1: toy.gain\nclaims:")

    line, findings = rendered(root, "[?.??][k1]")

    assert (line, codes(findings)) == ("[?.??][k1]", ["LG211"])
    assert "`k1` and `K1` are one label to every renderer" in findings[0].message


def test_words_over_a_pending_predicate_are_left_alone(tmp_path: Path) -> None:
    """Before the run nobody knows whether the words hold; they stay, linked to the experiment that will tell."""
    root = toy(tmp_path)

    text = "[the strong one wins][toy.gain > 0] and [9 of 10][toy.gain > 0] and [so it is, over 0][K1]"

    assert rendered(root, text) == (text, [])
    assert title(root, "toy.gain > 0") == 'exp/toy.md "pending: runner execute TOY-1"'


@pytest.mark.parametrize(
    ("text", "blank"),
    [
        ("[0.92][toy.strong.r2]", "[?.??][toy.strong.r2]"),
        ("[+0.8935][toy.gain]", "[+?.????][toy.gain]"),
        ("[holds >99 %][K1]", "[pending][K1]"),
        ("[by 0.89][K1]", "[by ?.??][K1]"),
        ("[by 89 %][toy.gain > 0]", "[by ? %][toy.gain > 0]"),
        ("[95 % CI [0.86, 0.97]][ci(toy.gain)]", "[95 % CI [?.??, ?.??]][ci(toy.gain)]"),
    ],
)
def test_a_number_without_a_result_goes_back_to_its_placeholder(tmp_path: Path, text: str, blank: str) -> None:
    """When a result is taken back, check says that nothing stands behind the number, and render blanks it."""
    root = executed(tmp_path)
    add(root, HUB, f"LINE {text}")
    workflow.render(root, [])
    (root / RESULT).unlink()

    found = [finding for finding in workflow.check(root).findings if finding.place.path == HUB]
    workflow.render(root, [])

    assert f"LINE {blank}" in read(root, HUB)
    assert {"LG101", "LG105"} & set(codes(found))


def test_words_are_checked_again_when_results_move(tmp_path: Path) -> None:
    """Words are the author's: when the predicate no longer holds they are reported, never rewritten."""
    root = executed(tmp_path)
    swap(root, HUB, "K1: toy.gain > 0", "K1: toy.gain > 2")

    findings = workflow.render(root, []).findings

    assert codes(findings) == ["LG102"]
    assert "the words `the strong one wins` state K1" in findings[0].message
    assert "[the strong one wins][K1]" in read(root, HUB)
    assert "[fails <1 %][K1]" in read(root, HUB)


@pytest.mark.parametrize("kind", ["plain", "another case", "used before"])
def test_the_author_s_own_definitions_win(tmp_path: Path, kind: str) -> None:
    """A link the author defined is no citation: its text stays, nothing is generated, and check says what is hidden."""
    root = executed(tmp_path)
    label = {"plain": "toy.gain", "another case": "TOY.Gain", "used before": "toy.gain"}[kind]
    own = f'[{label}]: https://example.org "mine"'
    parts = ["LINE [0.5][toy.gain] and [?][toy.gain]", own]
    add(root, HUB, "\n\n".join(parts if kind == "used before" else parts[::-1]))

    report = workflow.render(root, [])

    assert codes(report.findings) == ["LG211"]
    assert "hides the evidence behind it" in report.findings[0].message
    assert "LINE [0.5][toy.gain] and [?][toy.gain]" in read(root, HUB)
    assert read(root, HUB).lower().count("[toy.gain]: ") == 1


def test_a_link_of_the_author_s_that_means_nothing_here_is_no_finding(tmp_path: Path) -> None:
    """A reference link whose label is neither a key nor an expression of the document is plain markdown."""
    root = executed(tmp_path)
    add(root, HUB, "See [chapter 3][the-book].\n\n[the-book]: https://example.org")

    assert workflow.render(root, []).findings == []
    assert "See [chapter 3][the-book]." in read(root, HUB)
    assert workflow.check(root).findings == []


def test_a_key_of_another_topic_needs_its_prefix(tmp_path: Path) -> None:
    """`K1` means nothing elsewhere, `toy:K1` means the claim; its definition leads to the evidence from there."""
    root = executed(tmp_path)
    put(root, "logg/far/far-hub.md", FAR + "[?][K1] and [?][toy:K1] and [so][toy:K1].\n")

    findings = workflow.render(root, []).findings

    assert [finding.message for finding in findings] == ["unknown key `K1`"]
    assert "[?][K1] and [holds >99 %][toy:K1] and [so][toy:K1]." in read(root, "logg/far/far-hub.md")
    assert title(root, "toy:K1", "logg/far/far-hub.md").startswith("../toy/results/TOY-1.json")


def test_expectations_stay_inside_their_experiment(tmp_path: Path) -> None:
    """An expectation is cited by its key in its own report only."""
    root = executed(tmp_path)
    add(root, EXP, "[?][H-A] and [?][H-B]")
    add(root, HUB, "[?][H-B]")

    findings = workflow.render(root, []).findings

    assert [(f.place.path, f.code) for f in findings] == [(HUB, "LG207")]
    assert "[keep the strong one · >99 %][H-A] and [holds >99 %][H-B]" in read(root, EXP)


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("toy.strong.mae", f'{FILED} "0.8807 kg [0.7262, 1.0463] test rows · {ROWS} · n = 80 · 2026-01-02"'),
        ("toy.strong.old.r2", f'{FILED} "0.9183 [0.8429, 0.9536] test rows · {ROWS} · old · n = 43 · 2026-01-02"'),
        ("toy.gain > 0", f'{FILED} "holds >99 % · toy.gain > 0 · {ROWS} · n = 80 · 2026-01-02"'),
        ("toy.strong.train_rows", f'{FILED} "200 · 2026-01-02"'),
        ("TOY-1", 'exp/toy.md "A toy · reported · 2026-01-02"'),
        ("1 + 1", 'toy-hub.md "2"'),
    ],
)  # fmt: skip
def test_a_definition_carries_the_provenance(tmp_path: Path, label: str, expected: str) -> None:
    """Hover over a number: its value, interval, rows and date, behind a link to the file it comes from."""
    root = executed(tmp_path)
    text = "so" if label in {"toy.gain > 0", "TOY-1"} else "?"

    rendered(root, f"[{text}][{label}]")

    assert title(root, label).replace("\u00a0", " ") == expected
    assert (root / HUB).parent.joinpath(expected.split(maxsplit=1)[0]).is_file()


LATER = """  Gate-2:
    after: Gate-1.1
    toy.gain > 0: {do: rest}
    else: stop
  Gate-3:
    after: Gate-4.1
    toy.gain > 0: {do: rest}
    else: stop
  Gate-4:
    new.gain > 0: go
    else: stop
"""


@pytest.mark.parametrize(
    ("lang", "words", "said"),
    [
        ("en", ["passed over", "waiting for Gate-4.1"], ["passed over · after Gate-1.1", "waiting for Gate-4.1"]),
        ("zh", ["已略过", "等待 Gate-4.1"], ["已略过 · 前提 Gate-1.1", "等待 Gate-4.1"]),
    ],
)
def test_a_gate_out_of_turn_says_so_once(tmp_path: Path, lang: str, words: list[str], said: list[str]) -> None:
    """In the language of the page, in its words and in the title; its rungs say the same."""
    root = executed(tmp_path)
    plan = ROADMAP.replace("---\n", "---\n" if lang == "en" else "---\nlang: zh\n", 1)
    plan = plan.replace("cites: {toy: TOY-1}", "cites: {toy: TOY-1, new: TOY-2}")
    text = plan[: plan.rindex("---")] + LATER + "---\n\n[?][Gate-2] [?][Gate-3] [?][Gate-2.1] [?][Gate-3.else]\n"
    put(root, "logg/toy/plan.md", text)
    put(root, "logg/toy/exp/new.md", EXPERIMENT.replace("TOY-1", "TOY-2"))

    workflow.render(root, [])

    page = read(root, "logg/toy/plan.md")
    assert re.findall(r"\[([^\]]*)\]\[Gate-[23]\S*\]", page) == words * 2
    assert [title(root, label, "logg/toy/plan.md") for label in ("Gate-2", "Gate-3")] == [
        f'plan.md "{each}"' for each in said
    ]


def test_a_rung_links_to_the_evidence_of_its_gate(tmp_path: Path) -> None:
    """The title says how sure it is, the link leads to the result."""
    root = executed(tmp_path)
    put(root, "logg/toy/plan.md", ROADMAP + "\n[?][Gate-1] [?][Gate-1.2] [?][Gate-1.1]\n")

    workflow.render(root, [])

    for label in ("Gate-1", "Gate-1.2", "Gate-1.1"):
        assert title(root, label, "logg/toy/plan.md").startswith(FILED)
        assert ROWS in title(root, label, "logg/toy/plan.md")


def test_words_of_a_comparison_still_show_its_left_side(tmp_path: Path) -> None:
    """Tables show the difference; a sentence names the left side, and its number is that."""
    root = executed(tmp_path)
    line, _ = rendered(root, "[better at ?.??][toy.strong.r2 > toy.weak.r2] is [?.??][toy.strong.r2]")
    numbers = re.findall(r"0\.\d\d", line)

    assert len(numbers) == 2
    assert len(set(numbers)) == 1


def test_an_unfilled_choice_is_not_filled_yet(tmp_path: Path) -> None:
    """A name that changed is another one now."""
    root = executed(tmp_path)
    protocol = "logg/protocols/tiny.md"
    swap(root, protocol, "slices:", "slices:\n  half: {by: age, edges: [20, 40, 60]}")
    best = "argmax(toy.strong.half(*).r2)"
    add(root, HUB, f"[?][{best}] and [20–40 or 40–60][{best}]")

    messages = [finding.message for finding in workflow.check(root).findings if best in finding.message]

    assert f": {best}" in messages[0]
    assert messages[0].startswith("`?` is not filled yet, it is `")
    assert all("not filled" not in message for message in messages[1:])


def test_titles_of_a_chinese_page_are_chinese(tmp_path: Path) -> None:
    """What was drawn again and how many populations were combined are words of the page's language."""
    root = executed(tmp_path)
    swap(root, HUB, "title: Toy hub", "title: Toy hub\nlang: zh")
    rendered(root, "[?.??][across(toy.strong.young.r2 - toy.strong.old.r2)]")

    assert " 测试行 · " in title(root, "toy.strong.r2")
    assert " · 跨 2 个总体 · " in title(root, "across(toy.strong.young.r2 - toy.strong.old.r2)")


@pytest.mark.parametrize(
    ("lang", "owing", "refused"),
    [("en", "pending · TOY-2 has no result yet", "refused: "), ("zh", "待跑 · TOY-2 尚无结果", "无法取值：")],
)
def test_why_there_is_no_value_is_told_in_the_language_of_the_page(
    tmp_path: Path, lang: str, owing: str, refused: str
) -> None:
    """A key that waits names the experiment, alone, as a gate and as a rung; what is wrong is quoted as it is found."""
    root = executed(tmp_path)
    swap(root, HUB, "title: Toy hub", f"title: Toy hub\nlang: {lang}")
    swap(
        root,
        HUB,
        "  K1: toy.gain > 0",
        "  K1: toy.gain > 0\n  K2: new.gain > 0" + "\n  Gate-4: {new.gain > 0: a, else: b}",
    )
    swap(root, HUB, "toy: TOY-1", "toy: TOY-1\n  new: TOY-2")
    put(root, "logg/toy/exp/new.md", EXPERIMENT.replace("TOY-1", "TOY-2"))
    rendered(root, "[?][K2] [?][Gate-4] [?][Gate-4.1] [?.??][toy.gian]")

    assert all(f'"{owing}"' in title(root, key) for key in ("K2", "Gate-4", "Gate-4.1"))
    assert f'"{refused}unknown name' in title(root, "toy.gian")
