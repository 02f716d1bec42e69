"""Scoreboards: the runs of all experiments that were scored on the same rows, the best one first."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from runner.documents.kinds import Experiment, Hub, Job, Protocol, Value
from runner.documents.library import Library
from runner.documents.reading import Document
from runner.documents.sweeps import points, run_name, spelled, spoken, usual
from runner.expressions.names import suggestion
from runner.expressions.parse import parse
from runner.expressions.syntax import Argument, Reference, Segment
from runner.expressions.tokens import ExpressionRefused
from runner.findings import InputRefused
from runner.rendering.cards import Card, card, listed
from runner.rendering.desk import Desk
from runner.results.evaluation import Pending
from runner.results.metrics import SYMBOLS, best_first, unit_of
from runner.results.points import SEED, slices_named
from runner.results.populations import Population
from runner.results.quantities import Quantity

TOP = 20
LEADERS = 3  # of each row set on a leaderboard
TRAINING = ("train", "train_noise")

Settings = tuple[tuple[str, Value], ...]  # the axes of a protocol, each with its value


@dataclass(frozen=True)
class Ground:
    """The rows that runs must share to be compared: a protocol and its axes."""

    protocol: str
    axes: Settings

    def __str__(self) -> str:
        """Write the axes with their values, `noise 1`."""
        return " · ".join(f"{axis} {spelled(value)}" for axis, value in self.axes)


@dataclass(frozen=True)
class Model:
    """One point of a job with a result, all its seeds taken together."""

    document: Document
    job: Job
    point: Mapping[str, Value]
    seeds: int
    axes: Mapping[str, Value]

    @property
    def name(self) -> str:
        """Return what it is called among models scored on the same rows."""
        told = {axis: value for axis, value in self.point.items() if axis not in {*TRAINING, *self.axes}}
        inside = ", ".join(f"{axis}={spoken(value)}" for axis, value in told.items())
        return f"{self.job.name}({inside})" if inside else self.job.name

    @property
    def train(self) -> str:
        """Return how many rows it learnt from, and at which noise where that is another one."""
        return " · ".join(
            spoken(self.axes[axis]) if axis == "train" else f"{axis} {spoken(self.axes[axis])}"
            for axis in TRAINING
            if axis in self.axes
        )


@dataclass(frozen=True)
class Score:
    """One line of a scoreboard."""

    rank: int
    model: str
    train: str
    card: Card
    quantity: Quantity


@dataclass(frozen=True)
class Elsewhere:
    """How many models were scored on other rows of one protocol."""

    protocol: Card
    count: int
    same: bool  # the protocol is that of the scoreboard, its axes are not


@dataclass(frozen=True)
class Board:
    """The models scored on one row set."""

    protocol: Card
    axes: str
    symbol: str
    unit: str
    piece: str
    scores: tuple[Score, ...]
    more: int = 0
    elsewhere: tuple[Elsewhere, ...] = ()

    @property
    def population(self) -> Population:
        """Return the rows that every score of the board stands on."""
        return self.scores[0].quantity.populations[0]


def scoreboard(arguments: Mapping[str, Any], desk: Desk) -> Board:
    """Return the models scored on the rows that the page on the desk names, and count the others."""
    ground = _named_ground(desk)
    models = _models(desk)
    here = [model for model in models if _ground(model, desk.knowledge.library) == ground]
    elsewhere = Counter(
        found.protocol
        for model in models
        if (found := _ground(model, desk.knowledge.library)) is not None and found != ground
    )
    named = ((_protocol_card(protocol, desk), count) for protocol, count in sorted(elsewhere.items()))
    others = tuple(Elsewhere(found, count, found.document.id == ground.protocol) for found, count in named)
    return _board(ground, here, arguments, desk, others)


def leaderboard(arguments: Mapping[str, Any], desk: Desk) -> list[Board]:
    """Return the best models of every row set there is, or of those of one protocol."""
    wanted = str(arguments.get("protocol", ""))
    if wanted:
        _protocol_card(wanted, desk)
    grounds: dict[Ground, list[Model]] = {}
    for model in _models(desk):
        ground = _ground(model, desk.knowledge.library)
        if ground is not None and wanted in {"", ground.protocol}:
            grounds.setdefault(ground, []).append(model)
    ordered = sorted(grounds, key=lambda ground: (ground.protocol, str(ground)))
    boards = [_board(ground, grounds[ground], {"top": LEADERS, **arguments}, desk) for ground in ordered]
    return [board for board in boards if board.scores]


def _named_ground(desk: Desk) -> Ground:
    """Return the rows a hub or an experiment names in its front matter."""
    body = desk.document.body
    if not isinstance(body, Hub | Experiment) or not body.protocol:
        place, fix = desk.document.source.place(0), "add `protocol:` to its front matter"
        raise InputRefused("this document names no protocol", code="LG208", place=place, fix=fix)
    protocol = _protocol(body.protocol, desk.knowledge.library)
    axes = ((axis, body.axes.get(axis, usual(values))) for axis, values in protocol.axes.items())
    return Ground(body.protocol, tuple(axes))


def _protocol(identity: str, library: Library) -> Protocol:
    found = library.find(identity)
    if found is None or not isinstance(found.body, Protocol):
        known = [document.id for document in library.documents if document.kind == "protocol"]
        raise InputRefused(f"there is no protocol `{identity}`", code="LG207", fix=suggestion(identity, known))
    return found.body


def _protocol_card(identity: str, desk: Desk) -> Card:
    _protocol(identity, desk.knowledge.library)
    return card(desk.knowledge.library.named(identity), desk)


def _ground(model: Model, library: Library) -> Ground | None:
    experiment, protocol = model.document.experiment, library.protocol(model.document)
    if experiment is None or protocol is None or not all(axis in model.axes for axis in protocol.axes):
        return None
    return Ground(experiment.protocol, tuple((axis, model.axes[axis]) for axis in protocol.axes))


def _models(desk: Desk) -> list[Model]:
    """Return every model of the library that has a result; what was retired no longer competes."""
    documents = [document for document in listed(desk) if document.experiment and not document.experiment.retired]
    return [model for document in documents for model in _models_of(document, desk)]


def _models_of(document: Document, desk: Desk) -> Iterator[Model]:
    result, experiment = desk.knowledge.store.result(document), document.experiment
    if result is None or experiment is None:
        return
    for job in experiment.jobs.values():
        seeds = Counter[tuple[Settings, Settings]]()
        for point in points(job, experiment.sweep):
            run = result.runs.get(run_name(job.name, point))
            if run is not None and not run.failed:
                seeds[_unseeded(point), _unseeded(run.axes)] += 1
        for (point_items, axes), count in seeds.items():
            yield Model(document, job, dict(point_items), count, dict(axes))


def _unseeded(settings: Mapping[str, Value]) -> Settings:
    return tuple((axis, value) for axis, value in settings.items() if axis != SEED)


def _board(
    ground: Ground, models: list[Model], arguments: Mapping[str, Any], desk: Desk, others: tuple[Elsewhere, ...] = ()
) -> Board:
    protocol = _protocol(ground.protocol, desk.knowledge.library)
    metric, piece = _metric(arguments, protocol), _slice(arguments, protocol)
    scored = [(model, value) for model in models if (value := _value(model, piece, metric, desk)) is not None]
    order = best_first(metric)
    scored.sort(key=lambda pair: (order(pair[1].point), pair[0].document.id, pair[0].name))
    top = _top(arguments)
    scores = tuple(
        Score(rank, _described(model, desk), model.train, card(model.document, desk), value)
        for rank, (model, value) in enumerate(scored[:top], 1)
    )
    unit, home = unit_of(metric, protocol.unit), _protocol_card(ground.protocol, desk)
    return Board(home, str(ground), SYMBOLS[metric], unit, piece, scores, max(len(scored) - top, 0), others)


def _described(model: Model, desk: Desk) -> str:
    """Return what a line calls a model: its name, its kind where that says more, its seeds where there are several."""
    kind = [model.job.job] if model.job.job != model.job.name else []
    seeds = [f"{model.seeds} {desk.labels['seeds']}"] if model.seeds > 1 else []
    return " · ".join([model.name, *kind, *seeds])


def _metric(arguments: Mapping[str, Any], protocol: Protocol) -> str:
    metric = str(arguments.get("metric", protocol.metrics[0]))
    if metric not in protocol.metrics:
        raise InputRefused(f"no metric `{metric}` here", code="LG302", fix=suggestion(metric, protocol.metrics))
    return metric


def _slice(arguments: Mapping[str, Any], protocol: Protocol) -> str:
    """Return a slice as result files spell it, nothing for all rows."""
    written = str(arguments.get("slice", ""))
    if not written:
        return ""
    tree = parse(f"rows.{written}")
    if not isinstance(tree, Reference) or len(tree.segments) != 2:  # noqa: PLR2004 - the rows and their slice
        raise InputRefused(f"`{written}` is no slice", code="LG208", fix=suggestion(written, protocol.slices))
    (label, piece), *more = slices_named(tree.segments[1], protocol)
    if label or more:
        raise InputRefused(f"`{written}` is several slices", code="LG208", fix="name one of them")
    return piece


def _top(arguments: Mapping[str, Any]) -> int:
    written = str(arguments.get("top", TOP))
    if not written.isdecimal() or not int(written):
        raise InputRefused(f"`top: {written}` is no whole number from 1 up", code="LG208", fix="write top: 10")
    return int(written)


def _value(model: Model, piece: str, metric: str, desk: Desk) -> Quantity | None:
    """Return what a model reached, the mean over its seeds; None while it has no finite value."""
    arguments = tuple(Argument(axis, spelled(value)) for axis, value in model.point.items())
    names = [*([piece] if piece else []), metric]
    head = Segment(model.job.name, arguments, 0, 0)
    tree = Reference((head, *(Segment(name, (), 0, 0) for name in names)), 0, 0)
    text = ".".join([run_name(model.job.name, model.point), *names])
    try:
        found = desk.knowledge.evaluator.expression(text, tree, model.document)
    except (Pending, ExpressionRefused):
        return None
    return found if math.isfinite(found.point) else None
