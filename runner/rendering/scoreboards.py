"""Scoreboards: the runs of all experiments that were scored on the same rows, the best one first."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from runner.documents.kinds import Experiment, Hub, Protocol, Value
from runner.documents.library import Library
from runner.documents.reading import Document
from runner.documents.sweeps import spelled, spoken, usual
from runner.expressions.names import suggestion
from runner.expressions.parse import parse
from runner.expressions.syntax import Reference
from runner.expressions.tokens import ExpressionRefused
from runner.findings import InputRefused
from runner.rendering import wording
from runner.rendering.cards import Card, card, listed
from runner.rendering.configuration import Together, seeds_together
from runner.rendering.desk import Desk
from runner.results.evaluation import Pending
from runner.results.files import RECORDED, Run
from runner.results.metrics import SYMBOLS, best_first, unit_of
from runner.results.points import SEED, slices_named
from runner.results.populations import WHOLE, Population
from runner.results.quantities import Quantity

TOP = 20
LEADERS = 3  # of each row set on a leaderboard
TRAINING = ("train", "train_noise")

Fits = frozenset[str]
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
    seeded: Together
    axes: Mapping[str, Value]

    @property
    def runs(self) -> tuple[Run, ...]:
        """Return its runs that have a result."""
        return self.seeded.done

    @property
    def name(self) -> str:
        """Return what it is called among models scored on the same rows."""
        told = {axis: value for axis, value in self.seeded.point.items() if axis not in {*TRAINING, *self.axes}}
        inside = ", ".join(f"{axis}={spoken(value)}" for axis, value in told.items())
        return f"{self.seeded.job.name}({inside})" if inside else self.seeded.job.name

    @property
    def train(self) -> str:
        """Return how many rows it learnt from, and at which noise where that is another one."""
        return " · ".join(
            spoken(self.axes[axis]) if axis == "train" else f"{axis} {spoken(self.axes[axis])}"
            for axis in TRAINING
            if axis in self.axes
        )


Scored = tuple[Model, Quantity]


@dataclass(frozen=True)
class Score:
    """One line of a scoreboard."""

    rank: int
    model: str
    train: str
    card: Card
    quantity: Quantity
    also: tuple[tuple[str, Card], ...] = ()  # other names of the same fit, each with its experiment


@dataclass(frozen=True)
class Elsewhere:
    """How many models of one protocol were scored on other rows."""

    protocol: Card
    count: int
    why: str = ""  # where the protocol is that of the scoreboard: what is other than there


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
    partial: int = 0  # models left out because a seed is missing or failed

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
    board, own = _board(ground, here, arguments, desk), desk.labels["other_axes"]
    others = (
        Elsewhere(_protocol_card(protocol, desk), count, own if protocol == ground.protocol else "")
        for protocol, count in sorted(elsewhere.items())
    )
    return replace(board, elsewhere=(*board.elsewhere, *others))


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
    for each in seeds_together(experiment, result.runs):
        if each.done:
            axes = {axis: value for axis, value in each.done[0].axes.items() if axis != SEED}
            yield Model(document, each, axes)


def _board(ground: Ground, models: list[Model], arguments: Mapping[str, Any], desk: Desk) -> Board:
    """Return the models of a ground, and count those whose facts were recorded on rows of their own."""
    protocol, home = _protocol(ground.protocol, desk.knowledge.library), _protocol_card(ground.protocol, desk)
    metric, piece = _metric(arguments, protocol, models), _slice(arguments, protocol)
    whole = [model for model in models if model.seeded.whole]
    valued = [(model, value) for model in whole if (value := _value(model, piece, metric, desk)) is not None]
    scored = [pair for pair in valued if _on_its_ground(*pair, piece, desk)]
    order = best_first(metric)
    scored.sort(key=lambda pair: (order(pair[1].point), pair[0].document.id, pair[0].name))
    top, groups = _top(arguments), _same_fits(scored)
    scores = tuple(_score(rank, group, desk) for rank, group in enumerate(groups[:top], 1))
    unit, apart = unit_of(metric, protocol.unit), len(valued) - len(scored)
    others = (Elsewhere(home, apart, desk.labels["recorded"]),) if apart else ()
    more, partial = max(len(groups) - top, 0), len(models) - len(whole)
    return Board(home, str(ground), SYMBOLS[metric], unit, piece, scores, more, others, partial)


def _on_its_ground(model: Model, value: Quantity, piece: str, desk: Desk) -> bool:
    """Tell whether a value speaks of the rows of its protocol, not of those it was recorded on elsewhere."""
    rows = desk.knowledge.store.rows(model.document)
    return value.populations == (rows.population(piece or WHOLE, model.axes),)


def _same_fits(scored: list[Scored]) -> list[list[Scored]]:
    """Put together what is one fit under several names: of the same keys and value, or the same predictions."""
    groups: list[list[Scored]] = []
    known: dict[Fits, list[Scored]] = {}
    for model, value in scored:
        marks = _marks(model, value)
        group = next((known[mark] for mark in marks if mark in known), None)
        if group is None:
            group = []
            groups.append(group)
        group.append((model, value))
        known |= dict.fromkeys(marks, group)
    return groups


def _marks(model: Model, value: Quantity) -> list[Fits]:
    """Return what tells one fit from another: its keys over all seeds, and the hashes of what they predicted.

    A fit that came out visibly different elsewhere is a line of its own. What was recorded has the key of its file,
    which may hold several fits.
    """
    reached = wording.number(value.point)
    keys = frozenset(f"{run.fit} {run.asked} {reached}" for run in model.runs if run.job != RECORDED)
    hashes = frozenset(run.arrays["test"] for run in model.runs if "test" in run.arrays)
    return [marks for marks in (keys, hashes) if len(marks) == len(model.runs)]


def _score(rank: int, group: list[Scored], desk: Desk) -> Score:
    (model, value), *others = group
    also = tuple((_described(other, desk), card(other.document, desk)) for other, _ in others)
    return Score(rank, _described(model, desk), model.train, card(model.document, desk), value, also)


def _described(model: Model, desk: Desk) -> str:
    """Return what a line calls a model: its name, its kind where that says more, its seeds where there are several."""
    job, count = model.seeded.job, len(model.runs)
    kind = [job.job] if job.job != job.name else []
    seeds = [f"{count} {desk.labels['seeds']}"] if count > 1 else []
    return " · ".join([model.name, *kind, *seeds])


def _metric(arguments: Mapping[str, Any], protocol: Protocol, models: list[Model]) -> str:
    """Return the metric that is asked for, else the first one that some model has."""
    had = (m for m in protocol.metrics if any(run.gives(m) for model in models for run in model.runs))
    metric = str(arguments.get("metric", next(had, protocol.metrics[0])))
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
    try:
        found = desk.knowledge.evaluator.expression(*model.seeded.address(piece, metric), model.document)
    except (Pending, ExpressionRefused):
        return None
    return found if math.isfinite(found.point) else None
