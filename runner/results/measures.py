"""Which metric, with its unit, an expression is a value of: what a figure writes beside its axis."""

from __future__ import annotations

from collections.abc import Iterator

from runner.documents.library import Library
from runner.documents.reading import Document
from runner.expressions.syntax import Call, Expression, Reference
from runner.results.addresses import Definition, FactAddress, ScalarAddress, leaves, left_out, resolve
from runner.results.metrics import SYMBOLS, unit_of


def measures(tree: Expression, document: Document, library: Library) -> Iterator[str]:
    """Yield the metrics, with their units, that an expression is a value of, what a job calls its number, else ""."""
    match tree:
        case Call(function="mean" | "min" | "max" | "across" | "ci", arguments=parts):
            for part in parts:
                yield from measures(part, document, library)
        case Reference():
            at = left_out(tree, document, library)
            for leaf in leaves(resolve(tree, document, library, at)):
                yield from _measure(leaf, library)
        case _:
            yield ""


def _measure(leaf: FactAddress | ScalarAddress | Definition, library: Library) -> Iterator[str]:
    match leaf:
        case FactAddress(document=document, metric=metric) if metric in SYMBOLS:
            yield measure_of(metric, document, library)
        case Definition(document=document, formula=formula):
            yield from measures(formula.tree, document, library)
        case ScalarAddress(name=name):
            yield name.partition("(")[0]
        case _:
            yield ""


def measure_of(metric: str, document: Document, library: Library) -> str:
    """Return how a metric is written beside an axis, with its unit under the protocol of a document."""
    protocol = library.protocol(document)
    unit = unit_of(metric, protocol.unit if protocol else "")
    return f"{SYMBOLS[metric]} ({unit})" if unit else SYMBOLS[metric]
