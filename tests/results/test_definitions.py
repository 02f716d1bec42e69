"""Definitions: quantities named once, used anywhere, and never without an end."""

from __future__ import annotations

from contextlib import suppress
from unittest.mock import Mock

import numpy as np
import pytest

from runner.expressions.parse import parse
from runner.expressions.tokens import ExpressionRefused
from runner.results.addresses import DEEPEST, resolve
from runner.results.quantities import Quantity
from runner.verdicts.knowledge import Knowledge, gather
from tests import knowledge
from tests.knowledge import file, guess, toy

CHAIN = "\n".join(f"  d{i}: {f'd{i - 1} + d{i - 1}' if i else 'toy.gain'}" for i in range(30))
DESK = f"""---
kind: hub
id: TOY-desk
title: Toy desk
date: 2026-01-02
cites:
  toy: TOY-1
define:
  double: 2 * toy.gain
  lost: toy.gian
  deeper: lost + 1
  round: about + 1
  about: double - round
  self: 1 - self
{CHAIN}
---
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """The toy base with a result, and a desk of definitions."""
    root = toy(tmp_path_factory.mktemp("definitions"))
    knowledge.write(root, {"toy/desk.md": DESK})
    return file(root, "TOY-1", {"weak": guess(root, 2), "strong": guess(root, 0.5, seed=2)})


def of(text: str, base: Knowledge) -> Quantity:
    """Evaluate an expression on the desk."""
    return base.evaluator.expression(text, parse(text), base.library.named("TOY-desk"))


def refused(text: str, base: Knowledge) -> ExpressionRefused:
    """Return the refusal of an expression."""
    with pytest.raises(ExpressionRefused) as found:
        of(text, base)
    return found.value


def gain(base: Knowledge) -> np.ndarray:
    """Return what `toy.gain` stands for, straight from the store."""
    scores = base.store.scores(base.library.named("TOY-1")).values
    return np.asarray(scores["strong", "all", "r2"] - scores["weak", "all", "r2"])


def test_definitions_are_evaluated_where_they_stand(base: Knowledge) -> None:
    """A definition behind an alias reads the names of its own document, however many documents lie between."""
    np.testing.assert_array_equal(of("double", base).values, 2 * gain(base))
    np.testing.assert_array_equal(of("toy.gain - double", base).values, -gain(base))


@pytest.mark.parametrize("text", ["round", "about + 1", "self > 0"])
def test_circular_definitions_are_refused(text: str, base: Knowledge) -> None:
    """A definition that leads back to itself is refused where it is used, before any value is asked for."""
    error = refused(text, base)

    assert (error.code, error.start, error.fix) == ("LG302", 0, "break the circle")
    assert error.message.endswith("is defined by itself")


def test_a_mistake_inside_a_definition_says_where(base: Knowledge) -> None:
    """The message names the definitions on the way; the offset is that of the name used here."""
    error = refused("1 + deeper", base)

    assert error.message == "in `deeper`: in `lost`: unknown name `gian`"
    assert (error.start, error.end, error.fix) == (4, 10, "did you mean `gain`?")


def test_definitions_that_double_take_no_time(base: Knowledge, monkeypatch: pytest.MonkeyPatch) -> None:
    """A definition is looked up and evaluated once, not once per use: two to the tenth is one value."""
    fresh, resolved = gather(base.library.root), Mock(side_effect=resolve)
    fact = Mock(side_effect=fresh.evaluator.fact)
    monkeypatch.setattr(fresh.evaluator, "fact", fact)
    monkeypatch.setattr("runner.results.evaluation.resolve", resolved)

    assert of("d10", fresh).point == pytest.approx(2**10 * gain(base)[0])
    assert fact.call_count == 2
    assert resolved.call_count < 100


@pytest.mark.parametrize("first", ["d0", "d14", "d29"])
def test_towers_of_definitions_are_refused(first: str, base: Knowledge) -> None:
    """How many definitions may rest on each other is bounded, whichever of them is asked first."""
    fresh = gather(base.library.root)
    document = fresh.library.named("TOY-desk")
    with suppress(ExpressionRefused):
        fresh.evaluator.check_names(parse(first), document)

    assert fresh.evaluator.check_names(parse("d14"), document) == DEEPEST
    assert refused("d15", fresh).message.endswith(f"more than {DEEPEST} definitions rest on each other")
