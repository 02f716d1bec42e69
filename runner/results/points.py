"""Which run of a sweep and which slice of the rows a part of an address picks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import replace

from runner.documents.kinds import Partition, Protocol, Value
from runner.documents.metrics import METRICS
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

    def __init__(self, segment: Segment, axis: str, values: tuple[Value, ...], *, alone: bool) -> None:
        """Say which axis, and offer its first value beside what the point says already; alone it needs no name."""
        self.axis, self.values, self.alone = axis, values, alone
        one, every = (_offered(segment, axis, value, alone=alone) for value in (spoken(values[0]), "*"))
        message, fix = f"`{segment.name}` has several values of {axis}", f"name one, {one}, or all, {every}"
        super().__init__(message, segment.start, segment.end, fix=fix, code="LG306")

    def seen_from(self, reference: Reference) -> AxisLeftOut:
        """Return the same refusal pointing at the definition that leaves the axis out."""
        last = replace(reference.segments[-1], start=reference.start, end=reference.end)
        return AxisLeftOut(last, self.axis, self.values, alone=self.alone)


def _offered(segment: Segment, axis: str, value: str, *, alone: bool) -> str:
    """Write an address with one more argument in its point."""
    said = [f"{each.key}={each.value}" if each.key else each.value for each in segment.point]
    return f"{segment.name}({', '.join([*said, value if alone and not said else f'{axis}={value}'])})"


class Lacking(ExpressionRefused):
    """A value that its run does not have, or that no source gives: where others have it, its place stays empty."""


class NoSuchRun(ExpressionRefused):
    """A run that was not asked for: the axis has no such value here."""


def implied(segment: Segment, axis: str, axes: Axes, at: At) -> tuple[Value, ...]:
    """Return the values of an axis that a point leaves out: where it is asked, the only one, or all seeds."""
    values = axes[axis]
    if axis in at:
        if at[axis] not in values:
            message = f"`{segment.name}` has no run at {axis} {spoken(at[axis])}"
            raise NoSuchRun(message, segment.start, segment.end, fix=_offer(values), code="LG302")
        return (at[axis],)
    if len(values) == 1 or axis == SEED:
        return values
    several = [name for name, choice in axes.items() if len(choice) > 1 and name != SEED]
    raise AxisLeftOut(segment, axis, values, alone=len(several) == 1)


def picked(segment: Segment, axes: Axes, fixed: Mapping[str, Value] | None = None) -> dict[str, tuple[Value, ...]]:
    """Return the values a point picks, by axis; `*` picks all."""
    chosen: dict[str, tuple[Value, ...]] = {}
    for axis, argument in assigned(segment, axes).items():
        if axis not in axes and fixed is not None and axis in fixed:
            if not argument.every:
                _value(segment, argument, axis, (fixed[axis],))
            continue
        if axis not in axes:
            message = f"`{segment.name}` does not vary over `{axis}`"
            raise ExpressionRefused(message, segment.start, segment.end, fix=suggestion(axis, axes), code="LG302")
        chosen[axis] = axes[axis] if argument.every else (_value(segment, argument, axis, axes[axis]),)
    return chosen


def assigned(segment: Segment, axes: Axes) -> dict[str, Argument]:
    """Return the arguments of a point by the axes they belong to; one without a name takes the axis that is left."""
    found: dict[str, Argument] = {}
    taken = {argument.key for argument in segment.point if argument.key}
    for argument in segment.point:
        axis = argument.key or _axis_left(segment, axes, {*taken, *found})
        if axis in found:
            message = f"`{axis}` is given twice"
            raise ExpressionRefused(message, segment.start, segment.end, fix="give it once", code="LG302")
        found[axis] = argument
    return found


def _axis_left(segment: Segment, axes: Axes, taken: set[str]) -> str:
    """Return the one axis a value without a name can belong to."""
    left = [axis for axis in axes if axis not in taken]
    several = [axis for axis in left if len(axes[axis]) > 1]
    candidates = [axis for axis in several if axis != SEED] or several or left
    if len(candidates) == 1:
        return candidates[0]
    message = f"`{segment.name}` varies over several axes" if candidates else f"`{segment.name}` does not vary so much"
    fix = f"write {segment.name}({candidates[0]}=…)" if candidates else "leave out a value"
    if not axes:
        message, fix = f"`{segment.name}` does not vary", "leave out the parentheses"
    raise ExpressionRefused(message, segment.start, segment.end, fix=fix, code="LG302")


def _value(segment: Segment, argument: Argument, axis: str, values: tuple[Value, ...]) -> Value:
    number = quantity(argument.value)
    wanted = argument.value if number is None else number
    found = next((value for value in values if value in (wanted, argument.value)), None)
    if found is None:
        message = f"`{segment.name}` has no run at {axis} {argument.value}"
        raise ExpressionRefused(message, segment.start, segment.end, fix=_offer(values), code="LG302")
    return found


def every_axis(segment: Segment, axes: Axes) -> list[str]:
    """Return the axes of which a point asks for all values."""
    return [axis for axis, argument in assigned(segment, axes).items() if argument.every and axis in axes]


def label_of(point: At, varied: Iterable[str]) -> str:
    """Return what people call a point among those that differ in some axes."""
    return " ".join(spoken(point[axis]) for axis in varied if axis in point)


def _offer(values: tuple[Value, ...]) -> str:
    return f"there is {', '.join(map(spoken, values[:8]))}"


def slice_asked(segment: Segment, protocol: Protocol, at: At) -> list[tuple[str, str]]:
    """Return the part of a partition that is asked for where the expression stands, or all rows."""
    asked = [(protocol.partitions[name], str(value)) for name, value in at.items() if name in protocol.partitions]
    for partition, part in asked:
        if part not in partition.parts:
            message = f"`{segment.name}` has no `{part}` under its protocol"
            raise NoSuchRun(message, segment.start, segment.end, fix=suggestion(part, partition.parts), code="LG302")
    if len(asked) > 1:
        message = f"`{asked[0][0].name}` and `{asked[1][0].name}` are asked for at once"
        raise ExpressionRefused(message, segment.start, segment.end, fix="ask for one of them", code="LG302")
    return [("", asked[0][1] if asked else WHOLE)]


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


def unmeasured(segment: Segment, known: Iterable[str]) -> ExpressionRefused:
    """Return the refusal of what is no metric of a protocol: one that there is can be listed there."""
    refusal = unknown_name(segment, known)
    if segment.name in METRICS:
        refusal.fix = "list it under `metrics:` of the protocol"
    return refusal


def unknown_name(segment: Segment, known: Iterable[str]) -> ExpressionRefused:
    """Return the refusal of a name, with the nearest one there is."""
    message = f"unknown name `{segment.name}`"
    return ExpressionRefused(message, segment.start, segment.end, fix=suggestion(segment.name, known), code="LG302")
