"""Scores above what bounds every estimator: where that is more than chance, an estimator was told what it may not know.

    net.r2 <= limits.bound            all(net.half(*).r2 <= limits.half(*).bound)

The right side is the bound of a job whose file says `CEILING = True`, the rows are all of them or a slice that does not
go by the target: of rows chosen by it, an estimator knows more than the bound allows for. Whichever way a predicate
is written, it is reported where the score is above the bound in nearly all resamples; a census has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from runner.checking.formulas import predicates
from runner.documents.kinds import Formula
from runner.documents.library import Library
from runner.documents.reading import Document
from runner.expressions.syntax import Comparison, Expression, Reference, references, walk
from runner.findings import ArtefactDamaged, Finding, InputRefused
from runner.rendering.desk import legible
from runner.rendering.wording import number
from runner.results.addresses import NOWHERE, Definition, FactAddress, leaves, resolve
from runner.results.evaluation import Pending
from runner.results.points import At
from runner.results.populations import WHOLE
from runner.results.quantities import Parts, Quantity, part_of
from runner.verdicts.judgements import verdict
from runner.verdicts.knowledge import Knowledge

SCORE, CEILING = "r2", "bound"
LOOK = "look for test rows among the training rows, sigma among the inputs, the truth in a feature"


@dataclass(frozen=True)
class _Claim:
    """A score that a predicate holds to stay below a ceiling."""

    score: Expression
    ceiling: Expression
    formula: Formula

    @property
    def tree(self) -> Comparison:
        """Return the comparison alone."""
        return Comparison((self.score, self.ceiling), ("<=",), self.score.start, self.ceiling.end)

    def text(self, side: Expression) -> str:
        """Return a side as it is written."""
        return self.formula.text[side.start : side.end]


def ceiling_trouble(document: Document, knowledge: Knowledge) -> Iterator[Finding]:
    """Yield every predicate that a score stays below a ceiling and that fails, at its worst."""
    for formula in predicates(document) if legible(document, knowledge) else ():
        try:
            knowledge.evaluator.check_names(formula.tree, document)
            claims = [claim for claim in _claims(formula) if _is_about_all(claim, document, knowledge.library)]
            broken = [message for claim in claims for message in _broken(claim, document, knowledge)]
        except (ArtefactDamaged, InputRefused, Pending):
            continue  # reported with the artefact or the expression, or nothing to judge yet
        if broken:
            yield Finding("LG116", formula.place, broken[0], LOOK)


def _claims(formula: Formula) -> Iterator[_Claim]:
    """Yield every two sides that are compared anywhere in a predicate, each way round."""
    for tree in walk(formula.tree):
        for left, right in pairwise(tree.operands) if isinstance(tree, Comparison) else ():
            yield from (_Claim(left, right, formula), _Claim(right, left, formula))


def _is_about_all(claim: _Claim, document: Document, library: Library) -> bool:
    """Tell whether a claim sets a score beside what bounds every estimator, and no run beside itself."""
    scores, ceilings = (list(_facts(side, document, library)) for side in (claim.score, claim.ceiling))
    return (
        bool(scores and ceilings)
        and all(fact.metric == SCORE for fact in scores)
        and all(fact.metric == CEILING and _bounds_all(fact, library) for fact in ceilings)
        and {_run(fact) for fact in scores}.isdisjoint(_run(fact) for fact in ceilings)
    )


def _facts(tree: Expression, document: Document, library: Library, at: At = NOWHERE) -> Iterator[FactAddress]:
    """Yield the facts that a side of a comparison is, under names of its own or not; none where it is no fact."""
    for leaf in leaves(resolve(tree, document, library, at)) if isinstance(tree, Reference) else ():
        match leaf:
            case Definition(document=home, formula=formula):
                yield from _facts(formula.tree, home, library, dict(leaf.at))
            case FactAddress():
                yield leaf


def _bounds_all(fact: FactAddress, library: Library) -> bool:
    """Tell whether a bound holds for every estimator on these rows, and is relative to their variance, as R² is."""
    experiment, protocol = fact.document.experiment, library.protocol(fact.document)
    job = experiment.jobs[fact.run.partition("(")[0]].job if experiment else ""
    contract = library.plugins.jobs.get(job)
    if contract is None or not contract.ceiling or protocol is None or protocol.variance is not None:
        return False
    chosen = () if fact.slice == WHOLE else references(protocol.slices[fact.slice].tree)
    return all(reference.names[0] != protocol.target for reference in chosen)


def _run(fact: FactAddress) -> str:
    return f"{fact.document.id}/{fact.run}"


def _broken(claim: _Claim, document: Document, knowledge: Knowledge) -> Iterator[str]:
    """Yield where a claim fails, the worst first."""
    score, ceiling = claim.text(claim.score), claim.text(claim.ceiling)
    found = [
        knowledge.evaluator.worth(text, tree, document)
        for text, tree in ((f"{score} <= {ceiling}", claim.tree), (score, claim.score), (ceiling, claim.ceiling))
    ]
    truths = found[0].by_name if isinstance(found[0], Parts) else {"": found[0]}
    chances = {part: truth.probability for part, truth in truths.items() if verdict(truth).state == "fails"}
    for part, _ in sorted(((p, chance) for p, chance in chances.items() if chance is not None), key=lambda p: p[1]):
        above, bound = (part_of(worth, part) for worth in found[1:])
        where = f" ({part})" if part else ""
        told = f"`{score}` is {number(above.point)}, above the ceiling `{ceiling}` {_written(bound)}"
        yield f"leak? {told} on the same rows{where}"


def _written(bound: Quantity) -> str:
    """Write a bound with its interval."""
    ends = f" [{', '.join(map(number, bound.interval))}]" if bound.interval else ""
    return number(bound.point) + ends
