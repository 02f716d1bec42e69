"""Sweeps: what an experiment varies, which of it each job depends on, and what its runs are called.

    sweep: {train: [50k, 1M], seed: [1, 2, 3], vit.patch: [8, 16]}

An axis is `train`, `train_noise`, `seed`, an axis of the protocol, or one parameter of one job, known by its last
part, or by all of them (`vit_patch`) where that would mean two things. A job expands over the axes it depends on and
no others: `vit(patch=8, seed=1, train=50000)`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import product
from math import prod

from runner.contract import Contract, involved
from runner.documents.form import Form
from runner.documents.kinds import Axis, Experiment, Job, Protocol, Value
from runner.expressions.names import suggestion
from runner.expressions.tokens import ExpressionRefused, quantity, tokenize
from runner.safety import bounded_yaml as yaml
from runner.shapes import Mismatch, accept, divides, parameter_at

GENERAL = ("train", "train_noise", "seed")
UNSIGNED = {"train", "seed", "noise", "train_noise"}  # axes that start at 0
SIZES = {"train", "seed"}  # axes of whole numbers
MOST = 1000  # runs of one job
Point = Mapping[str, Value]


def read_sweep(
    form: Form, protocol_axes: Iterable[str], jobs: Mapping[str, Job], contracts: Mapping[str, Contract]
) -> dict[str, Axis]:
    """Read the axes of a sweep by name; what is wrong lands in the form's findings."""
    known = (*GENERAL, *protocol_axes)
    read = [_read_axis(form, key, node, known, jobs, contracts) for key, node in form.mapping.entries]
    sound = [axis for axis in read if axis is not None]
    taken = Counter([*known, *(axis.name for axis in sound if axis.path)])
    named = [_renamed(axis) if axis.path and taken[axis.name] > 1 else axis for axis in sound]
    return {axis.name: axis for axis in named}


def _renamed(axis: Axis) -> Axis:
    """Return the axis of a parameter under all parts of its name: the last alone would mean two things."""
    return replace(axis, name="_".join((axis.job, *axis.path)))


def _read_axis(
    form: Form,
    key: yaml.Scalar,
    node: yaml.Node,
    known: tuple[str, ...],
    jobs: Mapping[str, Job],
    contracts: Mapping[str, Contract],
) -> Axis | None:
    job, _, rest = key.text.partition(".")
    path = tuple(rest.split(".")) if rest else ()
    if key.text not in known and (job not in jobs or not path):
        parameters = [f"{name}.{parameter}" for name, job in jobs.items() for parameter in job.params]
        form.report("LG202", key, f"nothing here is called `{key.text}`", suggestion(key.text, [*known, *parameters]))
        return None
    values = _values(form, key, node, jobs[job] if path else None, path, contracts)
    if not values:
        return None
    if len({spelled(value) for value in values}) < len(values):
        form.report("LG206", node, f"a value of `{key.text}` is given twice", "give each once")
        return None
    return Axis(path[-1] if path else key.text, values, form.place(key), job if path else "", path)


def _values(
    form: Form,
    key: yaml.Scalar,
    node: yaml.Node,
    job: Job | None,
    path: tuple[str, ...],
    contracts: Mapping[str, Contract],
) -> tuple[Value, ...]:
    items = node.items if isinstance(node, yaml.Sequence) else (node,)
    read = [_value(form, key.text, item, job, path, contracts) for item in items]
    if not items:
        form.report("LG203", node, f"`{key.text}` takes a list of values", "write [1, 2, 3]")
    return tuple(value for value in read if value is not None) if None not in read else ()


def _value(
    form: Form, axis: str, node: yaml.Node, job: Job | None, path: tuple[str, ...], contracts: Mapping[str, Contract]
) -> Value | None:
    """Read one value: a number, or for a parameter whatever its job takes there that is a number or a word."""
    if not isinstance(node, yaml.Scalar):
        form.report("LG203", node, f"a value of `{axis}` is a number or a word", "write [1, 2, 3]")
        return None
    if job is not None:
        return _parameter(form, axis, node, job, path, contracts)
    value = quantity(node.text)
    if value is None or (value < 0 and axis in UNSIGNED) or (axis in SIZES and value % 1):
        due = f"{'a whole number' if axis in SIZES else 'a number'}{' from 0 up' if axis in UNSIGNED else ''}"
        form.report("LG203", node, f"`{axis}` is `{node.text}`, {due} is due", "write 500, 32k or 0.5")
        return None
    return value


def _parameter(
    form: Form, axis: str, node: yaml.Scalar, job: Job, path: tuple[str, ...], contracts: Mapping[str, Contract]
) -> Value | None:
    contract = contracts[job.job]
    shape = parameter_at(contract, path, contracts, job.params)
    if shape is None:
        fix = suggestion(path[0], contract.parameters)
        form.report("LG205", node, f"`{contract.name}` has no parameter `{'.'.join(path)}`", fix)
        return None
    if divides(shape):
        form.report("LG203", node, f"`{axis}` takes bins, no sweep varies them", "declare two jobs instead")
        return None
    try:
        value = accept(shape, node)
    except Mismatch as error:
        form.report("LG203", node, f"`{axis}`: {error}")
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        form.report("LG203", node, f"a value of `{axis}` is a number or a word", "declare two jobs instead")
        return None
    if isinstance(value, str) and not _citable(value):
        fix = "use letters, digits and _, or declare two jobs"
        form.report("LG203", node, f"`{value}` of `{axis}` cannot stand between parentheses", fix)
        return None
    return value


def _citable(text: str) -> bool:
    """Tell whether a text can name a point in an address: a name or a number."""
    try:
        first, *rest = tokenize(text)
    except ExpressionRefused:
        return False
    return first.kind in {"name", "number"} and first.text == text and len(rest) == 1


def expanded(jobs: Mapping[str, Job], sweep: Mapping[str, Axis], contracts: Mapping[str, Contract]) -> dict[str, Job]:
    """Return the jobs with the axes each depends on: its own, and those of the jobs it is given."""
    own = {name: set(_own(job, sweep, contracts)) for name, job in jobs.items()}
    axes = {name: own[name].union(*(own[other] for other in _behind(name, jobs))) for name in jobs}
    return {name: replace(job, axes=tuple(sorted(axes[name]))) for name, job in jobs.items()}


def _own(job: Job, sweep: Mapping[str, Axis], contracts: Mapping[str, Contract]) -> Iterator[str]:
    """Yield the axes a job itself depends on, but for those that were copied with its spec."""
    for axis in sweep.values():
        if _matters(axis, job, contracts) and axis.name not in job.fixed:
            yield axis.name


def _matters(axis: Axis, job: Job, contracts: Mapping[str, Contract]) -> bool:
    if axis.path:
        return axis.job == job.name
    if axis.name == "seed":
        return draws(job, contracts)
    return learns(job, contracts) if axis.name in {"train", "train_noise"} else True


def draws(job: Job, contracts: Mapping[str, Contract]) -> bool:
    """Tell whether a job, or one inside it, draws random numbers."""
    return any(contract.uses_seed for contract, _ in involved(job.job, job.params, contracts))


def learns(job: Job, contracts: Mapping[str, Contract]) -> bool:
    """Tell whether a job, or one inside it, looks at the training rows."""
    return any(contract.uses_train for contract, _ in involved(job.job, job.params, contracts))


def _behind(name: str, jobs: Mapping[str, Job]) -> set[str]:
    """Return every job that a job is given, directly or through another."""
    found: set[str] = set()
    waiting = list(jobs[name].needs)
    while waiting:
        other = waiting.pop()
        if other in jobs and other not in found:
            found.add(other)
            waiting += jobs[other].needs
    return found


def points(job: Job, sweep: Mapping[str, Axis]) -> Iterator[Point]:
    """Yield every combination of the axes a job expands over, the first axis slowest."""
    for values in product(*(sweep[axis].values for axis in job.axes)):
        yield dict(zip(job.axes, values, strict=True))


def count(job: Job, sweep: Mapping[str, Axis]) -> int:
    """Return how many runs a job has."""
    return prod(len(sweep[axis].values) for axis in job.axes)


def run_name(job: str, point: Point) -> str:
    """Return what a run is called: `vit(seed=1, train=50000)`, or just `vit`."""
    inside = ", ".join(f"{axis}={spelled(point[axis])}" for axis in sorted(point))
    return f"{job}({inside})" if inside else job


def spelled(value: Value) -> str:
    """Write a value of an axis in full, one way only."""
    return value if isinstance(value, str) else f"{value:.12g}"


def spoken(value: Value) -> str:
    """Write a value of an axis the way people say it: 50k, 1M, 0.2."""
    if isinstance(value, str):
        return value
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size and round(value / size, 3) * size == value:
            return f"{spelled(value / size)}{letter}"
    return spelled(value)


def settings(
    experiment: Experiment, protocol: Protocol, job: Job, point: Point, contracts: Mapping[str, Contract]
) -> dict[str, Value]:
    """Return everything that is set for one run: axes of the protocol, training rows, seed."""
    given: dict[str, Value] = {**experiment.axes, **job.fixed, **point}
    found: dict[str, Value] = {axis: given.get(axis, usual(values)) for axis, values in protocol.axes.items()}
    if learns(job, contracts):
        found["train"] = given.get("train", float(experiment.train))
        noise = given.get("train_noise", experiment.train_noise)
        if noise is not None and noise != found.get("noise"):
            found["train_noise"] = noise
    if draws(job, contracts):
        found["seed"] = given.get("seed", 0.0)
    return found


def usual(values: tuple[float, ...]) -> float:
    """Return the value of an axis that an experiment need not name: zero where there is one, else the first."""
    return 0.0 if 0.0 in values else values[0]
