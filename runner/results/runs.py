"""What the last run of an experiment said about itself."""

from __future__ import annotations

from typing import Any, Final

from runner.documents.library import Library
from runner.documents.reading import Document
from runner.findings import ArtefactDamaged, Place
from runner.results import places
from runner.results.files import load_json

LARGEST: Final = 1e12
OTHER_LATENTS: Final = "latents_of_another_fit"  # of a run: whose latents it used that are not of the fit that is filed
FIELDS: Final = {
    "commit": str,
    "device": str,
    "host": str,
    "runs": dict,
    "seconds": int | float,
    "started": str,
    "versions": dict,
}


def last_run(document: Document, library: Library) -> dict[str, Any] | None:
    """Return the run file of an experiment, None without one; one that `execute` did not write is refused."""
    path = places.run_file(library, document)
    if not path.is_file():
        return None
    name = library.name_of(path)
    fix = f"restore it from git, or runner execute {document.id}"
    try:
        content = load_json(path, name)
    except ArtefactDamaged as error:
        raise ArtefactDamaged(error.message, place=error.place, code=error.code, fix=fix) from error
    if isinstance(content, dict) and _sound(content):
        return content
    raise ArtefactDamaged("not a run file", place=Place(name), code="LG401", fix=fix)


def _sound(content: dict[str, Any]) -> bool:
    """Tell whether every field is of its kind and every number one that can be written."""
    if not all(isinstance(content.get(name), kind) for name, kind in FIELDS.items()):
        return False
    costs = [cost for cost in content["runs"].values() if isinstance(cost, dict)]
    if not all(isinstance(cost.get(OTHER_LATENTS, []), list) for cost in costs):
        return False
    numbers = [content["seconds"], *(cost.get(name, 0) for cost in costs for name in ("seconds", "megabytes", "train"))]
    plain = all(isinstance(number, int | float) and abs(number) < LARGEST for number in numbers)
    return plain and len(costs) == len(content["runs"])
