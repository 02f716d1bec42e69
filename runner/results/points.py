"""Which run of a sweep and which slice of the rows a part of an address picks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping

from runner.documents.kinds import Partition, Protocol, Value
from runner.documents.sweeps import spelled, spoken
from runner.expressions.names import suggestion
from runner.expressions.syntax import Argument, Reference, Segment
from runner.expressions.tokens import ExpressionRefused, quantity
from runner.results.populations import WHOLE

At = Mapping[str, Value]  # where an expression is asked: values of axes, parts of partitions
Axes = Mapping[str, tuple[Value, ...]]
SEED = "seed"


class AxisLeftOut(ExpressionRefused):
    """An address that several runs answer to; `axis` has to be named."""

    def __init__(self, name: str, axis: str, values: tuple[Value, ...], start: int, end: int) -> None:
        """Say which axis, and offer its first value."""
        fix = f"name one, {name}({spoken(values[0])}), or all, {name}(*)"
        super().__init__(f"`{name}` has several values of {axis}", start, end, fix=fix, code="LG306")
        self.axis = axis
        self.values = values

    def seen_from(self, reference: Reference) -> AxisLeftOut:
        """Return the same refusal pointing at the definition that leaves the axis out."""
        return AxisLeftOut(reference.segments[-1].name, self.axis, self.values, reference.start, reference.end)


class NoSuchRun(ExpressionRefused):
    """A run that was not asked for: the axis has no such value here."""


def implied(segment: Segment, axis: str, values: tuple[Value, ...], at: At) -> tuple[Value, ...]:
    """Return the values of an axis that a point leaves out: where it is asked, the only one, or all seeds."""
    if axis in at:
        if at[axis] not in values:
            message = f"`{segment.name}` has no run at {axis} {spoken(at[axis])}"
            raise NoSuchRun(message, segment.start, segment.end, fix=_offer(values), code="LG302")
        return (at[axis],)
    if len(values) == 1 or axis == SEED:
        return values
    raise AxisLeftOut(segment.name, axis, values, segment.start, segment.end)


def picked(segment: Segment, axes: Axes, fixed: Mapping[str, Value] | None = None) -> dict[str, tuple[Value, ...]]:
    """Return the values a point picks, by axis; `*` picks all."""
    chosen: dict[str, tuple[Value, ...]] = {}
    for argument in segment.point:
        axis = argument.key or only_axis(segment, axes)
        if axis in chosen:
            raise ExpressionRefused(f"`{axis}` is given twice", segment.start, segment.end, code="LG302")
        if axis not in axes and fixed is not None and axis in fixed:
            _value(segment, argument, axis, (fixed[axis],))
            continue
        if axis not in axes:
            message = f"`{segment.name}` does not vary over `{axis}`"
            raise ExpressionRefused(message, segment.start, segment.end, fix=suggestion(axis, axes), code="LG302")
        chosen[axis] = axes[axis] if argument.every else (_value(segment, argument, axis, axes[axis]),)
    return chosen


def only_axis(segment: Segment, axes: Axes) -> str:
    """Return the one axis a value without a name can belong to."""
    several = [axis for axis, values in axes.items() if len(values) > 1]
    named = {argument.key for argument in segment.point if argument.key}
    open_ = [axis for axis in several if axis not in named]
    candidates = [axis for axis in open_ if axis != SEED] or open_ or [axis for axis in axes if axis not in named]
    if len(candidates) == 1:
        return candidates[0]
    message = f"`{segment.name}` does not vary" if not candidates else f"`{segment.name}` varies over several axes"
    fix = f"write {segment.name}({candidates[0]}=…)" if candidates else "leave out the parentheses"
    raise ExpressionRefused(message, segment.start, segment.end, fix=fix, code="LG302")


def _value(segment: Segment, argument: Argument, axis: str, values: tuple[Value, ...]) -> Value:
    number = quantity(argument.value)
    wanted = argument.value if number is None else number
    found = next((value for value in values if value in (wanted, argument.value)), None)
    if found is None:
        message = f"`{segment.name}` has no run at {axis} {argument.value}"
        raise ExpressionRefused(message, segment.start, segment.end, fix=_offer(values), code="LG302")
    return found


def is_named(segment: Segment, axis: str, axes: Axes) -> bool:
    """Tell whether a point says something about an axis."""
    return any((argument.key or only_axis(segment, axes)) == axis for argument in segment.point)


def is_every(segment: Segment, axis: str, axes: Axes) -> bool:
    """Tell whether a point asks for all values of an axis."""
    starred = [argument for argument in segment.point if argument.every]
    return any((argument.key or only_axis(segment, axes)) == axis for argument in starred)


def label_of(point: At, varied: Iterable[str]) -> str:
    """Return what people call a point among those that differ in some axes."""
    return " ".join(spoken(point[axis]) for axis in varied if axis in point)


def _offer(values: tuple[Value, ...]) -> str:
    return f"there is {', '.join(map(spoken, values[:8]))}"


def slice_asked(protocol: Protocol, at: At) -> list[tuple[str, str]]:
    """Return the part of a partition that is asked for where the expression stands, or all rows."""
    asked = [str(value) for name, value in at.items() if name in protocol.partitions]
    return [("", asked[0] if asked else WHOLE)]


def slices_named(segment: Segment, protocol: Protocol) -> list[tuple[str, str]]:
    """Return the slices a segment names: what `*` calls each of them, and how the result file spells it."""
    partition = protocol.partitions.get(segment.name)
    if partition is None:
        if segment.name not in protocol.slices:
            raise unknown_name(segment, [*protocol.slices, *protocol.partitions])
        if segment.point:
            message = f"`{segment.name}` is one slice, it has no parts"
            raise ExpressionRefused(message, segment.start, segment.end, fix="leave out the parentheses", code="LG302")
        return [("", segment.name)]
    if len(segment.point) != 1 or segment.point[0].key:
        message = f"`{segment.name}` divides the rows, one part is due"
        raise ExpressionRefused(message, segment.start, segment.end, fix=f"write {segment.name}(*)", code="LG302")
    if segment.point[0].every:
        return list(zip(partition.shown, partition.parts, strict=True))
    return [("", _part(segment, segment.point[0].value, partition))]


def _part(segment: Segment, written: str, partition: Partition) -> str:
    """Return the part of a partition that is called so, or holds the value."""
    if written in partition.parts:
        return written
    value, edges = quantity(written), partition.edges
    if value is not None and edges and edges[0] <= value <= edges[-1]:
        return partition.parts[min(bisect_right(edges, value), len(edges) - 1) - 1]
    message = f"`{written}` is in no part of `{partition.name}`"
    fix = f"from {spelled(edges[0])} to {spelled(edges[-1])}" if edges else suggestion(written, partition.parts)
    raise ExpressionRefused(message, segment.start, segment.end, fix=fix, code="LG302")


def unknown_name(segment: Segment, known: Iterable[str]) -> ExpressionRefused:
    """Return the refusal of a name, with the nearest one there is."""
    message = f"unknown name `{segment.name}`"
    return ExpressionRefused(message, segment.start, segment.end, fix=suggestion(segment.name, known), code="LG302")
