"""Read what others published: values by address, with their source and the rows they stand on.

    vit.r2: {50k: 0.4339, 1M: 0.7111}        # of a metric: a value per point
    mlp.covered: {r2: 0.9310, mae: 0.2144}   # of anything else: a value per metric
    gain: "0.0097 [0.0000, 0.0168]"          # with the interval the source gives

Jobs and metrics may be ones that nothing here has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from runner.documents.form import Form
from runner.documents.kinds import Published, Retired, Stated
from runner.documents.sweeps import spelled
from runner.expressions.names import is_name
from runner.expressions.syntax import Argument, Reference, Segment
from runner.expressions.tokens import quantity
from runner.safety import bounded_yaml as yaml

PUBLISHED, WITHDRAWN = ("source", "population", "facts"), ("source", "population", "facts", "why")
AXIS = re.compile(r"\([a-z]\w*=([^,()]*)\)")
INTERVAL = re.compile(r"(?P<value>[^\[\]]+)\[(?P<low>[^,\[\]]+),(?P<high>[^,\[\]]+)\]")


def read_published(form: Form, key: str) -> tuple[Published, ...]:
    """Read a list of sources; under `withdrawn` each says why, elsewhere each says on which rows."""
    node = form.given(key)
    if node is None:
        return ()
    if not isinstance(node, yaml.Sequence):
        form.report("LG203", node, f"`{key}` takes a list of sources", "write `- source:`, `population:`, `facts:`")
        return ()
    read = [_read_source(form, item, withdrawn=key == "withdrawn") for item in node.items]
    return tuple(entry for entry in read if entry is not None)


def read_retired(form: Form) -> Retired | None:
    """Read why an experiment no longer counts, and which one took its place."""
    if form.given("retired") is None:
        return None
    inner = form.form("retired")
    if not inner.mapping.entries:
        return None
    inner.only(("by", "why"))
    return Retired(inner.text("by"), inner.required_text("why"), inner.place(inner.mapping))


def address_of(reference: Reference, write: Callable[[float], str] = spelled) -> str:
    """Write an address one way only: numbers in full unless said otherwise, axes in the order of their names."""
    return ".".join(_segment(segment, write) for segment in reference.segments)


def bare(address: str) -> str:
    """Leave out the axis of a point that names one only: `full(noise=1).r2` becomes `full(1).r2`."""
    return AXIS.sub(r"(\1)", address)


def stated(text: str) -> Stated | None:
    """Read `0.0097` or `0.0097 [0.0000, 0.0168]`; None is what cannot be read."""
    match = INTERVAL.fullmatch(text.strip())
    if match is None:
        number = quantity(text)
        return None if number is None else Stated(number, written=(text.strip(),))
    value, low, high = (quantity(part) for part in match.groups())
    if value is None or low is None or high is None or low > high:
        return None
    return Stated(value, (low, high), tuple(part.strip() for part in match.groups()))


def _segment(segment: Segment, write: Callable[[float], str]) -> str:
    point = ", ".join(sorted(_argument(argument, write) for argument in segment.point))
    return f"{segment.name}({point})" if point else segment.name


def _argument(argument: Argument, write: Callable[[float], str]) -> str:
    number = quantity(argument.value)
    value = argument.value if number is None else write(number)
    return f"{argument.key}={value}" if argument.key else value


def _read_source(form: Form, node: yaml.Node, *, withdrawn: bool) -> Published | None:
    if not isinstance(node, yaml.Mapping):
        form.report("LG203", node, "a source is a map", "write `- source:`, `population:`, `facts:`")
        return None
    inner = Form(node, form.name, form.findings)
    inner.only(WITHDRAWN if withdrawn else PUBLISHED)
    inner.require("facts")
    return Published(
        source=inner.required_text("source"),
        population=inner.text("population") if withdrawn else inner.required_text("population"),
        values=_read_facts(inner.form("facts")),
        place=inner.place(node),
        why=inner.required_text("why") if withdrawn else "",
    )


def _read_facts(form: Form) -> dict[str, Stated]:
    values: dict[str, Stated] = {}
    for key, node in form.mapping.entries:
        for named, address, scalar in _addresses(form, key, node):
            value = _value(form, scalar)
            if address in values:
                form.report("LG206", named, f"`{address}` is given twice", "give it once per source")
            elif value is not None:
                values[address] = value
    return values


def _addresses(form: Form, key: yaml.Scalar, node: yaml.Node) -> Iterator[tuple[yaml.Scalar, str, yaml.Node]]:
    """Yield where each value is named, its address, and the value."""
    reference = _reference(form, key)
    if reference is None:
        return
    if not isinstance(node, yaml.Mapping):
        yield key, address_of(reference), node
        return
    for inner, value in node.entries:
        whole = _extended(reference, inner.text)
        if whole is None:
            form.report("LG203", inner, f"`{inner.text}` is neither a point nor a metric", "write 1M, noise=0.1 or r2")
        else:
            yield inner, address_of(whole), value


def _reference(form: Form, key: yaml.Scalar) -> Reference | None:
    formula = form.formula(key)
    if formula is None:
        return None
    if isinstance(formula.tree, Reference) and "*" not in key.text:
        return formula.tree
    form.report("LG203", key, f"`{key.text}` is no address", "write job.r2, job(1M).r2 or the name of a definition")
    return None


def _extended(reference: Reference, text: str) -> Reference | None:
    """Add a point to the first name, or a metric behind the last."""
    axis, equals, value = (part.strip() for part in text.rpartition("="))
    if bool(value) and is_name(axis) if equals else quantity(value) is not None:
        first, *rest = reference.segments
        first = replace(first, point=(*first.point, Argument(axis, value)))
        return replace(reference, segments=(first, *rest))
    if not is_name(text):
        return None
    return replace(reference, segments=(*reference.segments, Segment(text, (), reference.end, reference.end)))


def _value(form: Form, node: yaml.Node) -> Stated | None:
    value = stated(node.text) if isinstance(node, yaml.Scalar) else None
    if value is None:
        written = f"`{node.text}`" if isinstance(node, yaml.Scalar) else "a collection"
        form.report("LG203", node, f"{written} is no value", 'write 0.71 or "0.71 [0.69, 0.73]"')
    return value
