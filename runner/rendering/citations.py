"""Fill citations: numbers with their value, keys with their verdict, words checked to hold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from runner.documents.kinds import Formula
from runner.documents.reading import Document
from runner.documents.scanner import Citation
from runner.expressions.names import is_key, label_trouble
from runner.expressions.parse import parse
from runner.expressions.syntax import Call, Expression, is_predicate
from runner.expressions.tokens import ExpressionRefused
from runner.findings import Finding
from runner.rendering import digits, templates, titles, wording
from runner.rendering.changes import Change, Edit, LinkDefinition
from runner.rendering.desk import Desk
from runner.rendering.stated import Stated, formulas_of, stated
from runner.results.evaluation import Pending
from runner.results.quantities import Quantity
from runner.safety import escaping
from runner.verdicts import judgements
from runner.verdicts.judgements import Judgement, Outcome, Verdict

BY_ITSELF = "cite each number by itself, such as [0.92][job.r2]"
UNDECIDED = "say how sure it is, or wait for more rows"


def cite(citation: Citation, desk: Desk) -> Change:
    """Return what one citation needs so that it agrees with the evidence."""
    if citation.place in {"heading", "math"}:
        return _misplaced(citation, desk)
    label = citation.label.strip()
    try:
        if is_key(label):
            return _key(citation, label, desk)
        _refuse_fragile(citation.label)
        return _expression(citation, label, parse(label), desk)
    except Pending as error:
        return _pending(citation, error, desk)
    except ExpressionRefused as error:
        finding = _finding(error.code, citation, error.message, desk, fix=error.fix, offset=error.start)
        return _refused(citation, error.message, desk, finding)
    except digits.SlotMismatch as error:
        fix = "write one number or ?.?? per value"
        return _refused(citation, str(error), desk, _finding("LG210", citation, str(error), desk, fix=fix))


def has_meaning(written: str, desk: Desk) -> bool:
    """Tell whether a label is a key or an expression of this document, whoever defines its link."""
    label = written.strip()
    try:
        if is_key(label):
            desk.knowledge.judge.key(label, desk.document)
        else:
            desk.knowledge.evaluator.check_names(parse(label), desk.document)
    except ExpressionRefused:
        return False
    return True


def mistakable(citation: Citation, other: str, desk: Desk) -> Change:
    """Refuse a citation whose label no renderer can tell from another one of the document."""
    message = f"`{citation.label}` and `{other}` are one label to every renderer"
    finding = _finding("LG211", citation, message, desk, fix="give one of them another name")
    return _refused(citation, message, desk, finding)


def _refuse_fragile(label: str) -> None:
    trouble = label_trouble(label)
    if trouble:
        raise ExpressionRefused(trouble, 0, len(label), fix="name the quantity in define:")


def _expression(citation: Citation, label: str, tree: Expression, desk: Desk) -> Change:
    place = desk.document.source.place(citation.label_start)
    formula = Formula(label, tree, place)
    if is_predicate(tree):
        return _predicate(citation, formula, desk)
    quantity = desk.knowledge.evaluator.formula(formula, desk.document)
    if quantity.choices:
        return _name(citation, quantity, desk, titles.of_expression(label, tree, quantity, desk))
    values = _values(tree, quantity)
    return _numbers(citation, values, desk, titles.of_expression(label, tree, quantity, desk))


def _values(tree: Expression, quantity: Quantity) -> Sequence[float]:
    if not math.isfinite(quantity.point):
        raise ExpressionRefused("this has no finite value", tree.start, tree.end, fix="see its parts", code="LG305")
    if not isinstance(tree, Call) or tree.function != "ci":
        return (quantity.point,)
    if quantity.interval is None:
        raise ExpressionRefused("there is no interval here", tree.start, tree.end, fix="cite the value", code="LG305")
    return quantity.interval


def _name(citation: Citation, quantity: Quantity, desk: Desk, definition: LinkDefinition) -> Change:
    """Fill a citation of argmax with the name that was chosen, in the place of `?` or of another of the names."""
    shown = [name for name in sorted(quantity.choices, key=len, reverse=True) if name in citation.text]
    old = shown[0] if shown else "?"
    if old not in citation.text:
        raise digits.SlotMismatch("there is no place for a name")
    filled = citation.text.replace(old, escaping.text(quantity.text), 1)
    if filled == citation.text:
        return Change(definition=definition)
    message = f"`{citation.text}` is `{filled}` now: {citation.label}"
    if not shown:
        message = f"`{citation.text}` is not filled yet, it is `{filled}`: {citation.label}"
    return _changed("LG101", citation, filled, message, desk, definition)


def _numbers(citation: Citation, values: Sequence[float], desk: Desk, definition: LinkDefinition | None) -> Change:
    if digits.agrees(citation.text, values):
        return Change(definition=definition)
    filled = digits.fill(citation.text, values)
    message = f"`{citation.text}` is {filled} now: {citation.label}"
    if any(slot.placeholder for slot in digits.slots(citation.text)):
        message = f"`{citation.text}` is not filled yet, it is {filled}: {citation.label}"
    return _changed("LG101", citation, filled, message, desk, definition)


def _predicate(citation: Citation, formula: Formula, desk: Desk) -> Change:
    truth = desk.knowledge.evaluator.formula(formula, desk.document)
    verdict = judgements.verdict(truth)
    title = titles.of_verdict(verdict, formula, desk.labels)
    definition = titles.define(formula.text, truth, title, desk.document, desk)
    if citation.text == "?" or wording.is_judgement(citation.text, templates.judgements()):
        return _verdict(citation, verdict, desk, definition)
    return _worded(citation, (formula,), desk.document, desk, Change(None, definition, _words(citation, verdict, desk)))


def _worded(citation: Citation, formulas: Sequence[Formula], home: Document, desk: Desk, words: Change) -> Change:
    """Add to what words over a verdict need what the numbers in them do: the left side is compared, others refused."""
    match stated(citation.text, citation.label, formulas):
        case Stated.NOTHING_ELSE:
            return words
        case Stated.LEFT_SIDE:
            left = desk.knowledge.judge.left_side(formulas[0], home)
            if left is None:
                return _unchecked(citation, desk, *words.findings)
            numbers = _numbers(citation, (left.quantity.point,), desk, words.definition)
            return replace(numbers, findings=(*numbers.findings, *words.findings))
        case Stated.UNCHECKED:
            return _unchecked(citation, desk, *words.findings)


def _unchecked(citation: Citation, desk: Desk, *findings: Finding) -> Change:
    message = f"{citation.label.strip()} says nothing about the numbers in `{citation.text}`"
    return _refused(citation, message, desk, _finding("LG210", citation, message, desk, fix=BY_ITSELF), *findings)


def _words(citation: Citation, verdict: Verdict, desk: Desk) -> tuple[Finding, ...]:
    """Return a finding when words state a predicate that does not hold."""
    if verdict.holds_now and verdict.state == "holds":
        return ()
    if verdict.holds_now and verdict.state == "undecided":
        message = f"the words `{citation.text}` state {citation.label}, which is undecided{_likely(verdict)}"
        return (_finding("LG108", citation, message, desk, fix=UNDECIDED),)
    message = f"the words `{citation.text}` state {citation.label}, which does not hold{_likely(verdict)}"
    return (_finding("LG102", citation, message, desk, fix="reword the sentence"),)


def _likely(verdict: Verdict) -> str:
    return f" (holds in {wording.percent(verdict.probability)})" if verdict.probability is not None else ""


def _key(citation: Citation, label: str, desk: Desk) -> Change:
    judgement = desk.knowledge.judge.key(label, desk.document)
    definition = titles.of_key(label, judgement, desk)
    if citation.text != "?" and not wording.is_judgement(citation.text, templates.judgements()):
        found = desk.knowledge.library.key(label, desk.document)
        home, judged = found or (desk.document, None)
        words = Change(definition=definition, findings=_words_of_key(citation, judgement, desk))
        if judgement.state == "pending":
            return _words_pending(citation, formulas_of(judged), desk, definition)
        return _worded(citation, formulas_of(judged), home, desk, words)
    return _verdict(citation, judgement, desk, definition)


def _verdict(citation: Citation, judgement: Judgement, desk: Desk, definition: LinkDefinition) -> Change:
    """Fill a citation whose text is a judgement, or asks for one."""
    filled = escaping.text(wording.judgement(judgement, desk.labels))
    if isinstance(judgement, Verdict) and judgement.state == "invalid":
        filled = "?"
    if filled == citation.text:
        return Change(definition=definition)
    message = f"{citation.label.strip()}: `{citation.text}` is `{filled}` now"
    if citation.text == "?":
        message = f"{citation.label.strip()}: not filled yet, it is `{filled}`"
    return _changed("LG105", citation, filled, message, desk, definition)


def _words_of_key(citation: Citation, judgement: Judgement, desk: Desk) -> tuple[Finding, ...]:
    """Words over a claim must hold; over a ladder its first rung must be taken; else they are a plain link."""
    if isinstance(judgement, Verdict) and judgement.truth is not None:
        return _words(citation, judgement, desk)
    found = desk.knowledge.library.key(citation.label.strip(), desk.document)
    of_gate = found is not None and found[0].kind == "roadmap"
    if of_gate or not isinstance(judgement, Outcome) or judgement.leading < 0:
        return ()
    stated = f"the words `{citation.text}` state the first rung of {citation.label}"
    if judgement.leading > 0:
        message = f"{stated}, the one taken is `{judgement.rungs[judgement.leading].do}`"
        return (_finding("LG102", citation, message, desk, fix="reword the sentence"),)
    if judgement.sure:
        return ()
    return (_finding("LG108", citation, f"{stated}, which is undecided", desk, fix=UNDECIDED),)


def _pending(citation: Citation, error: Pending, desk: Desk) -> Change:
    definition = titles.pending(citation.label, error.document, desk)
    label = citation.label.strip()
    tree = parse(label)
    if is_predicate(tree):
        formula = Formula(label, tree, desk.document.source.place(citation.label_start))
        return _words_pending(citation, (formula,), desk, definition)
    return _blanked(citation, desk, definition)


def _words_pending(citation: Citation, formulas: Sequence[Formula], desk: Desk, definition: LinkDefinition) -> Change:
    """Leave words alone while nobody knows whether they hold; the number of a comparison waits with them."""
    match stated(citation.text, citation.label, formulas):
        case Stated.NOTHING_ELSE:
            return Change(definition=definition)
        case Stated.LEFT_SIDE:
            return _blanked(citation, desk, definition)
        case Stated.UNCHECKED:
            return _unchecked(citation, desk)


def _blanked(citation: Citation, desk: Desk, definition: LinkDefinition) -> Change:
    """Turn numbers without a result back into placeholders."""
    blank = digits.blank(citation.text)
    if blank == citation.text:
        return Change(definition=definition)
    message = f"`{citation.text}` has no result behind it: {citation.label}"
    return _changed("LG101", citation, blank, message, desk, definition)


def _misplaced(citation: Citation, desk: Desk) -> Change:
    where = "a heading, whose anchor would move" if citation.place == "heading" else "math, where links do not render"
    fix = "state it in the sentence below"
    message = f"the citation `{citation.label}` stands in {where}"
    return _refused(citation, message, desk, _finding("LG209", citation, message, desk, fix=fix))


def _refused(citation: Citation, message: str, desk: Desk, *findings: Finding) -> Change:
    """A citation nobody can fill keeps its text; its definition says why, so that it still renders."""
    return Change(definition=titles.refused(citation.label, message, desk), findings=findings)


def _changed(
    code: str, citation: Citation, text: str, message: str, desk: Desk, definition: LinkDefinition | None
) -> Change:
    finding = _finding(code, citation, message, desk, fix=f"runner render {desk.document.called}")
    return Change(Edit(citation.text_start, citation.text_end, text), definition, (finding,))


def _finding(code: str, citation: Citation, message: str, desk: Desk, *, fix: str = "", offset: int = -1) -> Finding:
    at = citation.start if offset < 0 else citation.label_start + offset
    return Finding(code, desk.document.source.place(at), message, fix)
