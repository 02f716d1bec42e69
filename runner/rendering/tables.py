"""Tables that an author declares: rows over an axis, a partition or jobs, one expression per column.

rows: train                                       rows: [small, large]
cols: [vit.r2, vit.r2 - prev(vit.r2)]             cols: [r2, r2 - prev(r2)]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from runner.documents.kinds import Value
from runner.expressions.names import suggestion
from runner.expressions.parse import parse
from runner.expressions.syntax import Arithmetic, Call, Expression, Reference, children, walk, with_children
from runner.expressions.tokens import ExpressionRefused, quantity
from runner.findings import InputRefused
from runner.rendering.desk import Desk
from runner.results.addresses import along
from runner.results.evaluation import Pending
from runner.results.metrics import COUNT, SYMBOLS
from runner.results.points import At, Lacking, NoSuchRun
from runner.results.quantities import Quantity

UNKNOWN_FIX = "name an axis of the sweep, a partition of the protocol, or a list of jobs"


@dataclass(frozen=True)
class Cell:
    """What stands where a row meets a column: a value, a name, or nothing yet."""

    quantity: Quantity | None
    signed: bool = False
    count: int | None = None


@dataclass(frozen=True)
class Head:
    """What a column is called: in words, or as the expression that it is."""

    text: str
    code: bool = False


@dataclass(frozen=True)
class Table:
    """A declared table, ready to be written."""

    title: str
    over: str
    heads: tuple[Head, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    intervals: bool
    pending: str = ""


@dataclass(frozen=True)
class _Row:
    """One row: what it is called, where its expressions are asked, which job bare metrics belong to."""

    label: str
    at: At
    job: str = ""


@dataclass(frozen=True)
class _Gaps:
    """Why cells are empty: values that no run has produced yet, what a run does not have or no source gives."""

    pending: list[str] = field(default_factory=list)
    lacking: dict[str, list[Lacking]] = field(default_factory=dict)

    def refuse_empty(self, rows: int) -> None:
        """Refuse a column that no row has."""
        for column, (first, *others) in self.lacking.items():
            if 1 + len(others) == rows:
                raise InputRefused(f"column `{column}`: {first.message}", code=first.code, fix=first.fix)


def table(arguments: Mapping[str, Any], desk: Desk) -> Table:
    """Return the table that a block declares."""
    columns = [str(column) for column in _listed(arguments, "cols")]
    at = {str(axis): _value(value) for axis, value in dict(arguments.get("at") or {}).items()}
    asked = arguments.get("rows", "")
    rows = list(_job_rows(asked, at) if isinstance(asked, list) else _axis_rows(str(asked), columns, at, desk))
    gaps = _Gaps()
    body = tuple(
        (row.label, tuple(_cell(column, row, above, desk, gaps) for column in columns))
        for row, above in zip(rows, [None, *rows], strict=False)
    )
    gaps.refuse_empty(len(rows))
    heads = tuple(_head(column) for column in columns)
    title = str(arguments.get("title", ""))
    over = "" if isinstance(asked, list) else str(asked)
    return Table(title, over, heads, body, arguments.get("ci") in {True, "true"}, next(iter(gaps.pending), ""))


def _listed(arguments: Mapping[str, Any], name: str) -> list[Any]:
    value = arguments.get(name)
    if not isinstance(value, list) or not value:
        raise InputRefused(f"a table needs a list `{name}`", code="LG208", fix=f"write {name}: [a.r2, b.r2]")
    return value


def _value(written: object) -> Value:
    number = quantity(str(written))
    return str(written) if number is None else number


def _job_rows(jobs: list[Any], at: At) -> Iterator[_Row]:
    return (_Row(str(job), at, str(job)) for job in jobs)


def _axis_rows(name: str, columns: list[str], at: At, desk: Desk) -> Iterator[_Row]:
    """Yield a row for every value of an axis, or part of a partition, that a column varies over."""
    for column in columns:
        if column == COUNT:
            continue
        found = along(name, parse(column), desk.document, desk.knowledge.library, at)
        if found:
            yield from (_Row(label, {**at, name: value}) for label, value in found)
            return
    known = [*(desk.document.experiment.sweep if desk.document.experiment else ()), *_partitions(desk)]
    fix = f"leave {name} open in a column" if name in known else suggestion(name, known) or UNKNOWN_FIX
    raise InputRefused(f"nothing in this table varies over `{name}`", code="LG208", fix=fix)


def _partitions(desk: Desk) -> list[str]:
    protocol = desk.knowledge.library.protocol(desk.document)
    return list(protocol.partitions) if protocol else []


def _cell(column: str, row: _Row, above: _Row | None, desk: Desk, gaps: _Gaps) -> Cell:
    if column == COUNT:
        return Cell(None, count=_count(row, desk))
    tree = parse(column)
    if above is None and any(isinstance(node, Call) and node.function == "prev" for node in walk(tree)):
        return Cell(None)
    if row.job:
        tree = _of_job(tree, row.job, above.job if above else "", desk)
    name = f"{column} [{row.job}]" if row.job else column
    before = above.at if above is not None else None
    try:
        found = desk.knowledge.evaluator.expression(name, tree, desk.document, row.at, before)
    except Pending as error:
        gaps.pending.append(error.message)
        return Cell(None)
    except Lacking as error:
        gaps.lacking.setdefault(column, []).append(error)
        return Cell(None)
    except NoSuchRun:
        return Cell(None)
    except ExpressionRefused as error:
        raise InputRefused(f"column `{column}`: {error.message}", code=error.code, fix=error.fix) from error
    return Cell(found, isinstance(tree, Arithmetic) and tree.operator == "-")


def _count(row: _Row, desk: Desk) -> int | None:
    """Return how many test rows a row of the table speaks about."""
    store, protocol = desk.knowledge.store, desk.knowledge.library.protocol(desk.document)
    if protocol is None or store.result(desk.document) is None:
        return None
    masks = store.rows(desk.document).masks
    asked = [str(value) for name, value in row.at.items() if name in protocol.partitions]
    return int(masks[asked[0]].sum()) if asked else protocol.test


def _of_job(tree: Expression, job: str, previous: str, desk: Desk) -> Expression:
    """Put a job in front of every name that is none of the document's: `r2` becomes `small.r2`."""
    if isinstance(tree, Call) and tree.function == "prev":
        return _of_job(tree.arguments[0], previous, previous, desk)
    if isinstance(tree, Reference):
        document = desk.document
        jobs = document.experiment.jobs if document.experiment else {}
        own = {*jobs, *document.names.define, *document.names.cites}
        head = parse(job)
        if tree.segments[0].name in own or not isinstance(head, Reference):
            return tree
        first = replace(head.segments[0], start=tree.start, end=tree.start)
        return replace(tree, segments=(first, *tree.segments))
    parts = [_of_job(part, job, previous, desk) for part in children(tree)]
    return with_children(tree, parts)


def _head(column: str) -> Head:
    """Call a plain metric `vit R²`, anything else as it is written."""
    tree = parse(column)
    if isinstance(tree, Reference) and not any(segment.point for segment in tree.segments):
        *names, last = tree.names
        return Head(" ".join([*names, SYMBOLS.get(last, last)]))
    return Head(column, code=True)
