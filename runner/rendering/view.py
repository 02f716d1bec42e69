"""What a template may ask about the document it stands in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from runner.documents.kinds import Protocol
from runner.documents.reading import Document
from runner.expressions.names import suggestion
from runner.findings import InputRefused, Place
from runner.rendering import (
    configuration,
    connections,
    consensus,
    figures,
    literature,
    numbers,
    overview,
    protocols,
    roadmaps,
    scoreboards,
    tables,
    verdict_rows,
    wording,
)
from runner.rendering.cards import Card
from runner.rendering.desk import Desk
from runner.results import places
from runner.results.addresses import FactAddress
from runner.results.evaluation import Pending
from runner.results.files import Result, Run
from runner.results.metrics import LIMITS, SYMBOLS, best_first, unit_of
from runner.results.populations import WHOLE, shown
from runner.results.quantities import Quantity
from runner.results.runs import last_run
from runner.safety import paths
from runner.verdicts import promises

FEW = 3  # runs whose values fit one table with their intervals
SIDE_BY_SIDE = 6  # runs whose slices fit one table


@dataclass(frozen=True)
class Fact:
    """A fact as a table shows it."""

    value: float | None
    interval: tuple[float, float] | None
    best: bool = False
    n: int = 0


def _not_here(what: str) -> InputRefused:
    return InputRefused(f"this document is {what}", code="LG208", fix="use this block in an experiment")


class View:
    """The document on the desk, seen by a template; everything here is computed when asked for."""

    def __init__(self, desk: Desk) -> None:
        """Look at one document."""
        self._desk = desk
        self._knowledge = desk.knowledge
        self.document = desk.document
        self.experiment = desk.document.experiment
        self._best: dict[tuple[str, ...], float | None] = {}

    @property
    def status(self) -> str:
        """Return where the document stands, in words."""
        return str(self._desk.labels["states"][self._knowledge.statuses.of(self.document)])

    @property
    def protocol(self) -> Protocol:
        """Return the protocol the experiment is evaluated under."""
        found = self._knowledge.library.protocol(self.document)
        if found is None:
            raise _not_here("without a protocol")
        return found

    @property
    def result(self) -> Result | None:
        """Return what was filed, or None."""
        return self._knowledge.store.result(self.document)

    @property
    def runs(self) -> dict[str, Run]:
        """Return what was filed, in the order the document declares it, the seeds of one run taken together."""
        filed = self.result.runs if self.result else {}
        return {name: filed[members[0]] for name, members in self._members.items()}

    @cached_property
    def _members(self) -> dict[str, tuple[str, ...]]:
        """Return the runs behind every line of the results: where a seed is missing or failed, each is a line."""
        filed = self.result.runs if self.result else {}
        lines: dict[str, tuple[str, ...]] = {}
        for each in self._together:
            together = each.whole and len(each.members) > 1
            lines |= {each.name: each.members} if together else {run: (run,) for run in each.members if run in filed}
        declared = {run for each in self._together for run in each.members}
        return lines | {run: (run,) for run in sorted(filed) if run not in declared}

    @cached_property
    def _together(self) -> list[configuration.Together]:
        if self.experiment is None or self.result is None:
            return []
        return configuration.seeds_together(self.experiment, self.result.runs)

    @property
    def run(self) -> dict[str, Any] | None:
        """Return what the last run said about itself, or None."""
        if self.experiment is None:
            raise _not_here("no experiment")
        told = last_run(self.document, self._knowledge.library)
        if told is None and self.result is not None:
            path = places.run_file(self._knowledge.library, self.document)
            place = Place(self._knowledge.library.name_of(path))
            fix = f"restore it from git, or runner execute {self.document.id}"
            message = "the run file is gone, its result is still there"
            raise InputRefused(message, place=place, code="LG401", fix=fix)
        return told

    @property
    def rows(self) -> dict[str, int]:
        """Return the number of rows of each split."""
        train = self.experiment.train if self.experiment else 0
        return {"train": train, "val": self.protocol.val, "test": self.protocol.test}

    @property
    def settings(self) -> list[configuration.Setting]:
        """Return what the experiment sets for its rows, with the values of its sweep."""
        return configuration.settings(self.experiment, self.protocol) if self.experiment else []

    @property
    def configured(self) -> list[configuration.Configured]:
        """Return the jobs with the parameters they ran with."""
        if self.experiment is None:
            raise _not_here("no experiment")
        return configuration.configured(self._desk)

    @property
    def protocol_link(self) -> str:
        """Return the link to the protocol's page."""
        found = self._knowledge.library.protocol_document(self.document)
        return self.link(found) if found else ""

    @property
    def mvp_link(self) -> str:
        """Return the link to the roadmap that holds this experiment's MVP, or nothing."""
        mvp = self.experiment.mvp if self.experiment else ""
        found = self._knowledge.library.mvp(mvp, self.document) if mvp else None
        return self.link(found[0]) if found else ""

    @property
    def successor_link(self) -> str:
        """Return the link to the experiment that took the place of a retired one, or nothing."""
        retired = self.experiment.retired if self.experiment else None
        found = self._knowledge.library.find(retired.by) if retired else None
        return self.link(found) if found else ""

    @property
    def citing(self) -> list[Document]:
        """Return the documents that cite this one."""
        return self._knowledge.library.citing(self.document)

    def link(self, target: Document) -> str:
        """Return the relative link to another document."""
        return paths.relative_link(self.document.path, target.path)

    @property
    def metrics(self) -> list[str]:
        """Return the metrics of the protocol that some run has; all of them while there is no run."""
        found = [metric for metric in self.protocol.metrics if self.having(metric)]
        return found or list(self.protocol.metrics)

    def having(self, metric: str) -> list[str]:
        """Return the runs that did not fail and have a metric."""
        return [run for run in self.runs if metric in self._metrics_of(run)]

    def headline(self, run: str) -> str:
        """Return the first metric of the protocol that a run has."""
        return next(iter(self._metrics_of(run)), self.protocol.metrics[0])

    def _metrics_of(self, run: str) -> tuple[str, ...]:
        members = self._members.get(run, ())
        return self.result.metrics_of(members[0], self.protocol.metrics) if self.result and members else ()

    @property
    def rivals(self) -> bool:
        """Tell whether several runs could be the best: a bound is none the better for being high."""
        bounding = [run for run in self.runs if (has := self._metrics_of(run)) and LIMITS.issuperset(has)]
        return len(self.runs) - len(bounding) > 1

    @property
    def symbols(self) -> dict[str, str]:
        """Return how each metric is written."""
        return SYMBOLS

    def unit(self, metric: str) -> str:
        """Return the unit of a metric here."""
        return unit_of(metric, self.protocol.unit)

    @property
    def interval_note(self) -> str:
        """Say what the intervals here cover: the draw of the rows, and that of seeds where some were cited."""
        library = self._knowledge.library
        cited = (library.find(cite.experiment) for cite in self.document.names.cites.values())
        return self._note([self.document, *(document for document in cited if document)])

    @property
    def board_note(self) -> str:
        """Say what the intervals of a list over all experiments cover."""
        return self._note(self._knowledge.library.experiments)

    def _note(self, shown: list[Document]) -> str:
        labels = self._desk.labels
        seeded = any(map(configuration.several_seeds, shown))
        return str(labels["seeds_note"] if seeded else labels["interval_note"])

    def fact(self, run: str, metric: str, piece: str = WHOLE) -> Fact:
        """Return one fact of this experiment, or an empty one when it was not filed."""
        if metric not in self._metrics_of(run):
            return Fact(None, None)
        try:
            quantity = self._quantity(run, metric, piece)
        except Pending:
            return Fact(None, None)
        best = None if metric in LIMITS else self.best(metric, piece, quantity)
        alike = best is not None and wording.number(quantity.point) == wording.number(best)
        return Fact(quantity.point, quantity.interval, alike, quantity.populations[0].n)

    @property
    def recorded(self) -> dict[str, str]:
        """Return the runs with facts that came without rows, and the rows these speak of."""
        facts = self.result.recorded if self.result else {}
        named = ((name, address) for name in self.runs for address in facts if address.startswith(f"{name}."))
        return {self.called(name): f"{facts[address].population} · n = {facts[address].n}" for name, address in named}

    def best(self, metric: str, piece: str, beside: Quantity) -> float | None:
        """Return the best value of a metric among the runs on the same rows, when there are several."""
        key = (metric, piece, *(population.key for population in beside.bound))
        if key not in self._best:
            apart = {run for each in self._together if not each.whole for run in each.members}  # no seed is a method
            done = [name for name in self.having(metric) if self.runs[name].arrays and name not in apart]
            found = [self._quantity(name, metric, piece) for name in done]
            values = [quantity.point for quantity in found if quantity.bound == beside.bound]
            finite = [value for value in values if math.isfinite(value)]
            self._best[key] = min(finite, key=best_first(metric)) if len(values) > 1 and finite else None
        return self._best[key]

    def _quantity(self, run: str, metric: str, piece: str) -> Quantity:
        """Return a metric of a run, or the mean over the seeds that it stands for."""
        evaluator = self._knowledge.evaluator
        together = next((each for each in self._together if each.name == run and len(each.members) > 1), None)
        if together is None:
            return evaluator.fact(FactAddress(self.document, run, piece, metric))
        return evaluator.expression(*together.address("" if piece == WHOLE else piece, metric), self.document)

    def called(self, run: str) -> str:
        """Return what people call a run: its job, where it stands in the sweep, how many seeds it was run with."""
        name, seeds = configuration.called(run), len(self._members.get(run, ()))
        return f"{name} · {seeds} {self._desk.labels['seeds']}" if seeds > 1 else name

    def pieces(self, asked: object = None) -> list[tuple[str, str, str]]:
        """Return the slices a table of results shows: name, what people call it, definition.

        Asked for by name; else all of them beside one or two runs, and beside a few those that stand for themselves.
        """
        slices, partitions = self.protocol.slices, self.protocol.partitions
        parts = {part for partition in partitions.values() for part in partition.parts}
        if asked is None:
            few, some = (len(self.runs) <= most for most in (FEW, SIDE_BY_SIDE))
            chosen = [piece for piece in slices if few or (some and piece not in parts)]
        else:
            words = [str(word) for word in (asked if isinstance(asked, list) else [asked])]
            chosen = [piece for word in words for piece in (partitions[word].parts if word in partitions else (word,))]
        unknown = next((piece for piece in chosen if piece not in slices), None)
        if unknown is not None:
            raise InputRefused(f"no slice `{unknown}`", code="LG208", fix=suggestion(unknown, [*slices, *partitions]))
        return [(piece, shown(piece, self.protocol), "" if piece in parts else slices[piece].text) for piece in chosen]

    @property
    def side_by_side(self) -> bool:
        """Tell whether the runs are few enough for intervals beside their values."""
        return len(self.runs) <= FEW

    @cached_property
    def _validation(self) -> dict[tuple[str, str], float]:
        return self._knowledge.store.validation(self.document)

    def validated(self, run: str, metric: str) -> float | None:
        """Return a metric of a run on the validation rows, the mean over its seeds."""
        values = [self._validation.get((name, metric)) for name in self._members[run]]
        known = [value for value in values if value is not None]
        return sum(known) / len(known) if known and len(known) == len(values) else None

    def count(self, piece: str = WHOLE) -> int:
        """Return how many test rows a slice holds."""
        return int(self._knowledge.store.rows(self.document).masks[piece].sum())

    @property
    def judged(self) -> list[list[verdict_rows.Row]]:
        """Return every keyed entry of the document, each as the rows it takes in a table."""
        return verdict_rows.rows(self._desk)

    @property
    def definitions(self) -> dict[str, str]:
        """Return the quantities this document names, as written."""
        return {name: formula.text for name, formula in self.document.names.define.items()}

    @property
    def moved(self) -> dict[str, list[str]]:
        """Return the expectations whose text differs from one promised before a run, with the older texts."""
        if self.result is None:
            return {}
        return promises.moved(self.document, self.result.promises, self._knowledge.library)

    def published(self, compare: str) -> list[literature.Line]:
        """Return what was published for this experiment, beside ours."""
        return literature.compared(self._desk, compare)

    @property
    def withdrawn(self) -> list[literature.Line]:
        """Return what was withdrawn."""
        return literature.withdrawn(self._desk)

    def table(self, arguments: dict[str, Any]) -> tables.Table:
        """Return the table that a block declares."""
        return tables.table(arguments, self._desk)

    def figure(self, arguments: dict[str, Any]) -> figures.Figure:
        """Return the figure that a block declares."""
        return figures.declared(arguments, self._desk)

    @property
    def links(self) -> list[connections.Group]:
        """Return the documents connected with this one, by how they are."""
        return connections.connections(self._desk)

    def graph(self, arguments: dict[str, Any]) -> connections.Graph:
        """Return which documents cite which."""
        return connections.graph(self._desk, overview.topic_of(arguments, self._desk))

    @property
    def claims(self) -> list[consensus.Claim]:
        """Return everything this document holds under a key, with what a person signed."""
        return consensus.consensus(self._desk)

    @property
    def cited_numbers(self) -> list[numbers.CitedNumber]:
        """Return every number this document cites."""
        return numbers.cited_numbers(self._desk)

    @property
    def agreement(self) -> protocols.Agreement:
        """Return the protocol this document is, or names."""
        return protocols.agreement(self._desk)

    def scoreboard(self, arguments: dict[str, Any]) -> scoreboards.Board:
        """Return the models scored on the rows this document names."""
        return scoreboards.scoreboard(arguments, self._desk)

    def leaderboard(self, arguments: dict[str, Any]) -> list[scoreboards.Board]:
        """Return the best models of every row set."""
        return scoreboards.leaderboard(arguments, self._desk)

    @property
    def works(self) -> list[roadmaps.Work]:
        """Return the MVPs of this roadmap."""
        return roadmaps.works(self._desk)

    @property
    def progress(self) -> list[roadmaps.Phase]:
        """Return how far each phase of this roadmap has come."""
        return roadmaps.progress(self._desk)

    def board(self, arguments: dict[str, Any]) -> list[roadmaps.Lane]:
        """Return the work of this roadmap by priority and by how far it has come."""
        return roadmaps.board(arguments, self._desk)

    def setups(self, arguments: dict[str, Any]) -> list[roadmaps.Setup]:
        """Return what the experiments of a phase declare."""
        return roadmaps.setups(arguments, self._desk)

    def index(self, arguments: dict[str, Any]) -> list[Card]:
        """Return the documents of a topic, or all of them."""
        return overview.index(arguments, self._desk)

    @property
    def timeline(self) -> list[overview.Event]:
        """Return what experiments and gates came to, the newest first."""
        return overview.timeline(self._desk)

    def changes(self, arguments: dict[str, Any]) -> overview.Changes:
        """Return what changed lately."""
        return overview.changes(arguments, self._desk)
