"""Everything known at one moment: documents, results, values, statuses and judgements."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from runner.documents.library import Library, load_library
from runner.results.evaluation import Evaluator
from runner.results.store import Store
from runner.verdicts.judge import Judge
from runner.verdicts.statuses import Statuses


@dataclass(frozen=True)
class Knowledge:
    """One consistent reading of a knowledge base; made anew after anything is written."""

    library: Library
    store: Store
    evaluator: Evaluator
    statuses: Statuses
    judge: Judge


def gather(root: Path) -> Knowledge:
    """Read the documents below a root; results are read when first asked for."""
    return over(load_library(root))


def over(library: Library) -> Knowledge:
    """Return what is known about documents already read, their results read anew."""
    store = Store(library)
    evaluator = Evaluator(library, store)
    statuses = Statuses(library, store, evaluator)
    return Knowledge(library, store, evaluator, statuses, Judge(evaluator, statuses))
