"""Read what is judged: predicates, ladders and questions for a person, each under its key."""

from __future__ import annotations

from runner.documents.form import Form
from runner.documents.kinds import Alias, Formula, Human, Judged, Ladder, Predicate, Rung
from runner.expressions.names import is_key
from runner.expressions.syntax import is_predicate
from runner.findings import Place
from runner.safety import bounded_yaml as yaml

ELSE, HUMAN = "else", "human"
BESIDE = ("after", "sure")  # what stands beside the rungs of a ladder


def read_judged(form: Form) -> dict[str, Judged]:
    """Read a map of key -> predicate, ladder, other key or `human`."""
    found: dict[str, Judged] = {}
    for key, node in form.mapping.entries:
        if not is_key(key.text) or ":" in key.text:
            form.report("LG203", key, f"key `{key.text}` does not start with a capital", "write K1, H-A or Gate-1")
            continue
        judged = _read_one(form, key.text, form.place(key), node)
        if judged is not None:
            found[key.text] = judged
    return found


def _read_one(form: Form, key: str, place: Place, node: yaml.Node) -> Judged | None:
    if isinstance(node, yaml.Mapping):
        return _read_ladder(form, key, place, node)
    if isinstance(node, yaml.Scalar) and node.text == HUMAN:
        return Human(key, place)
    if isinstance(node, yaml.Scalar) and is_key(node.text):
        return Alias(key, node.text, place)
    return _read_predicate(form, key, place, node)


def _read_predicate(form: Form, key: str, place: Place, node: yaml.Node) -> Predicate | None:
    formula = form.formula(node)
    if formula is None:
        return None
    if not is_predicate(formula.tree):
        form.report("LG304", node, f"`{key}` is a quantity, a predicate is due", f"compare it: {formula.text} > 0")
        return None
    return Predicate(key, formula, place)


def _read_ladder(form: Form, key: str, place: Place, node: yaml.Mapping) -> Ladder | None:
    entries = [(head, tail) for head, tail in node.entries if head.text not in BESIDE]
    rungs = [_read_rung(form, head, tail) for head, tail in entries]
    complete = [rung for rung in rungs if rung is not None]
    if not entries or entries[-1][0].text != ELSE:
        form.report("LG202", node, f"the ladder `{key}` does not end with `else`", "end it with `else: what to do`")
        return None
    if len(complete) < len(rungs):
        return None
    beside = Form(node, form.name, form.findings)
    return Ladder(key, tuple(complete), place, _after(beside), _sure(beside))


def _after(form: Form) -> str:
    """Return the rung of another gate that must be taken first."""
    after = form.text("after")
    if after and not (is_key(after) and "." in after):
        form.report("LG203", form.node("after"), f"`{after}` names no rung", "write Gate-1.1 or Gate-1.else")
        return ""
    return after


def _sure(form: Form) -> float:
    """Return the probability from which a rung counts as taken, 0 where the ladder leaves it open."""
    sure = form.number("sure")
    if sure and not 0.5 < sure < 1:  # noqa: PLR2004 - more than half, less than certain
        form.report("LG203", form.node("sure"), f"`sure` is {sure:g}, it lies between 0.5 and 1", "write sure: 0.9")
        return 0.0
    return sure


def _read_rung(form: Form, head: yaml.Scalar, tail: yaml.Node) -> Rung | None:
    formula = None if head.text == ELSE else form.formula(head)
    if formula is not None and not is_predicate(formula.tree):
        form.report("LG304", head, "a rung starts with a predicate", f"compare it: {head.text} > 0")
        return None
    if formula is None and head.text != ELSE:
        return None
    return _consequence(form, formula, head, tail)


def _consequence(form: Form, formula: Formula | None, head: yaml.Scalar, tail: yaml.Node) -> Rung | None:
    """Read what a rung leads to: words, a person's decision, or words with what they open and close."""
    if isinstance(tail, yaml.Mapping):
        inner = Form(tail, form.name, form.findings)
        inner.only(("do", "opens", "closes"))
        do = inner.required_text("do")
        effects = inner.texts("opens"), inner.texts("closes")
        return Rung(formula, do, *effects, human=do == HUMAN, place=form.place(head))
    if isinstance(tail, yaml.Sequence) or not tail.text:
        form.report("LG203", tail, "a rung says what to do", f"write `{head.text}: what to do`")
        return None
    return Rung(formula, tail.text, human=tail.text == HUMAN, place=form.place(head))
