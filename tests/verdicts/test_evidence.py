"""Evidence: the quantity a predicate is about, as the document spells it."""

from __future__ import annotations

import re

import pytest

from runner.documents.kinds import Formula
from runner.expressions.parse import parse
from runner.findings import Place
from runner.verdicts.judgements import Evidence
from runner.verdicts.knowledge import Knowledge
from tests import knowledge
from tests.knowledge import EXPERIMENT, file, guess, toy

HERE = Place("here.md", 1, 1)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """An experiment with a result and one without."""
    root = toy(tmp_path_factory.mktemp("evidence"))
    named = EXPERIMENT.replace("define:", "define:\n  half: 0.5")
    knowledge.write(root, {"toy/exp/toy.md": named, "toy/exp/new.md": EXPERIMENT.replace("TOY-1", "TOY-2")})
    return file(root, "TOY-1", {"weak": guess(root, 2), "strong": guess(root, 1, seed=2)})


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("gain > 0", "gain"),
        ("0 < gain", "gain"),
        ("0.1 < strong.r2 <= 1", "strong.r2"),
        ("strong.r2 - weak.r2 > 0", "strong.r2 - weak.r2"),
        ("(strong.r2 - weak.r2) / weak.r2 > 0.1", "(strong.r2 - weak.r2) / weak.r2"),
        ("strong.r2 > 1e-3", "strong.r2"),
        ("strong.r2 > half", "strong.r2"),
        ("0 < strong.r2 < weak.r2", "strong.r2"),
    ],
)
def test_evidence_is_the_side_that_is_no_constant(text: str, shown: str, base: Knowledge) -> None:
    """A comparison is about its first side that holds a name, spelt as the document spells it."""
    document = base.library.named("TOY-1")
    evidence = base.judge.evidence(Formula(text, parse(text), HERE), document)
    expected = base.evaluator.expression(shown, parse(shown), document)

    assert isinstance(evidence, Evidence)
    assert (evidence.text, evidence.quantity.point, evidence.made) == (shown, expected.point, False)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("strong.r2 > weak.r2", "strong.r2 - weak.r2"),
        ("weak.r2 <= strong.r2", "weak.r2 - strong.r2"),
        ("strong.r2 - 0.1 > weak.r2 + 0.05", "strong.r2 - 0.1 - (weak.r2 + 0.05)"),
        ("strong.r2 > 2 * weak.r2", "strong.r2 - 2 * weak.r2"),
        ("strong.r2 > -weak.r2", "strong.r2 - (-weak.r2)"),
    ],
)
def test_evidence_of_two_measured_sides_is_their_difference(text: str, shown: str, base: Knowledge) -> None:
    """Its paired interval is what the probability rests on; a sentence still shows the left side."""
    document, formula = base.library.named("TOY-1"), Formula(text, parse(text), HERE)
    evidence, left = base.judge.evidence(formula, document), base.judge.left_side(formula, document)
    expected = base.evaluator.expression(shown, parse(shown), document)

    assert evidence
    assert left
    assert (evidence.text, evidence.difference, evidence.made) == (shown, True, True)
    assert (evidence.quantity.point, evidence.quantity.interval) == (expected.point, expected.interval)
    assert left.text == next(side.strip() for side in re.split("[<>]=?", text))


@pytest.mark.parametrize(
    "text", ["gain > 0 and strong.r2 > 0", "not gain > 0", "weak.rr2 > 0", "strong.r2 - weak.young.r2 > 0"]
)
def test_some_predicates_have_no_single_evidence(text: str, base: Knowledge) -> None:
    """Joined predicates are about several quantities; what has no value is evidence of nothing."""
    assert base.judge.evidence(Formula(text, parse(text), HERE), base.library.named("TOY-1")) is None


def test_evidence_of_what_was_not_run_is_none(base: Knowledge) -> None:
    """A pending predicate shows no number."""
    text = "gain > 0"

    assert base.judge.evidence(Formula(text, parse(text), HERE), base.library.named("TOY-2")) is None
