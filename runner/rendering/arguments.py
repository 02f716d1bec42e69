"""What the author asks of a block: the map of arguments in its marker."""

from __future__ import annotations

from typing import Any

from runner.documents.scanner import Block
from runner.expressions.names import suggestion
from runner.findings import RunnerError
from runner.rendering import templates
from runner.rendering.desk import Desk
from runner.safety import bounded_yaml as yaml


def arguments_of(block: Block, desk: Desk) -> dict[str, Any]:
    """Read a block's arguments and refuse what its template does not take."""
    place = desk.document.source.place(block.start)
    kinds = templates.kinds()
    if block.name not in kinds:
        fix = suggestion(block.name, kinds)
        raise RunnerError(f"there is no block `{block.name}`", place=place, code="LG204", fix=fix)
    node = yaml.load(block.arguments) if block.arguments else yaml.Mapping((), 1, 1, flow=True)
    if not isinstance(node, yaml.Mapping):
        fix = f"write {block.name} {{name: value}}"
        raise RunnerError(f"arguments of `{block.name}` are no map", place=place, code="LG208", fix=fix)
    takes = templates.arguments_of(block.name)
    for key in node.keys():  # noqa: SIM118 - a bounded_yaml.Mapping is no dict
        if takes is not None and key not in takes:
            message = f"`{block.name}` takes no `{key}`"
            raise RunnerError(message, place=place, code="LG208", fix=suggestion(key, takes) or "drop it")
    return dict(yaml.to_python(node))
